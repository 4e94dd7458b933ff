package landmarks_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/landmarks"
	"github.com/hxgpu/hxgpu/tree"
)

func parse(t *testing.T, text string) (*landmarks.Set, []string, error) {
	table, err := tree.ParseTable("t.csv", []byte(text))
	require.NoError(t, err)
	return landmarks.FromTable(table)
}

func TestFromTable(t *testing.T) {
	for _, text := range []string{
		"taxon,x1,y1,x2,y2,x3,y3,log(BSL)\na,1,2,3,4,5,6,9\nb,NA,NA,7,8,9,10,9\n",
		"name,1.X,1.Y,2.X,2.Y,3.X,3.Y,log(BSL)\na,1,2,3,4,5,6,9\nb,,,7,8,9,10,9\n",
		"taxon,Y3,X3,log(BSL),Y2,X2,x1,y1\na,6,5,9,4,3,1,2\nb,10,9,9,8,7,NA,NA\n",
		"taxon,x01,y01,x02,y02,x03,y03,log(BSL)\na,1,2,3,4,5,6,9\nb,?,?,7,8,9,10,9\n",
	} {
		set, others, err := parse(t, text)
		require.NoError(t, err)
		require.Equal(t, []string{"log(BSL)"}, others)
		require.Equal(t, []string{"a", "b"}, set.Taxa)
		require.Equal(t, []int{2, 3}, set.Lines)
		require.Equal(t, 3, set.Points)
		require.Equal(t, 2, set.Dimensions)
		require.Equal(t, []float64{1, 2, 3, 4, 5, 6}, set.Shapes[0])
		require.True(t, math.IsNaN(set.Shapes[1][0]) && math.IsNaN(set.Shapes[1][1]))
		require.Equal(t, []float64{7, 8, 9, 10}, set.Shapes[1][2:])
		require.Equal(t, []string{"x1", "y1", "x2", "y2", "x3", "y3"}, set.Coordinates())
		require.Equal(t, []float64{1, 2, 5, 6, 7, 8}, set.Mean())
	}
	set, others, err := parse(t, "taxon,x1,y1,z1,x2,y2,z2,x3,y3,z3\na,1,2,3,4,5,6,7,8,9\n")
	require.NoError(t, err)
	require.Empty(t, others)
	require.Equal(t, 3, set.Dimensions)
	require.Equal(t, []float64{1, 2, 3, 4, 5, 6, 7, 8, 9}, set.Shapes[0])
}

func TestTableErrors(t *testing.T) {
	for text, want := range map[string]string{
		"taxon,size\na,1\n":                                      "t.csv:1:7: there are no columns of landmarks",
		"taxon,x1,y1,x2,y2\na,1,2,3,4\n":                         "there are 2 landmarks; a shape needs at least 3",
		"taxon,x1,y1,x2,y2,x3\na,1,2,3,4,5\n":                    "there is no column y3: every landmark from 1 to 3 needs its 2 coordinates",
		"taxon,x1,y1,x2,y2,x4,y4\na,1,2,3,4,5,6\n":               "there is no column x3",
		"taxon,x1,y1,X1,y2,x3,y3\na,1,2,3,4,5,6\n":               `"x1" and "X1" hold the same coordinate`,
		"taxon,x1,y1,x01,y2,x3,y3\na,1,2,3,4,5,6\n":              `"x1" and "x01" hold the same coordinate`,
		"taxon,x1,y1,2.X,2.Y,x3,y3\na,1,2,3,4,5,6\n":             `the columns "y3" and "2.Y" are of two forms`,
		"taxon,x1,y1,x2,y2,x3,y3\na,1,NA,3,4,5,6\n":              `t.csv:2:1: landmark 1 of taxon "a" has some of its coordinates`,
		"taxon,x1,y1,x2,y2,x3,y3\na,1,2,3,abc,5,6\n":             "t.csv:2:9: ",
		"taxon,x1,y1,x2,y2,x3,y3,z3\na,1,2,3,4,5,6,7\n":          "there is no column z1",
		"taxon,x0,y0,x1,y1,x2,y2\na,1,2,3,4,5,6\n":               `the column "x0" is of landmark 0`,
		"taxon,x0,y0,x1,y1,x2,y2,x3,y3\na,1,2,3,4,5,6,7,8\n":     `the column "x0" is of landmark 0`,
		"taxon,x999999,y1,x2,y2,x3,y3\na,1,2,3,4,5,6\n":          "there is no column x1",
		"taxon,x1,y1,x2,y2,x3,y3\na,1,2,3,4,5,inf\n":             "inf",
		"taxon,1.X,1.Y,1.x,2.Y,3.X,3.Y\na,1,2,3,4,5,6\n":         `"1.X" and "1.x" hold the same coordinate`,
		"taxon,1.X,1.Y,2.X,2.Y,3.X,3.Z\na,1,2,3,4,5,6\n":         "there is no column 1.Z",
		"taxon,x1,y1,x2,y2,x3,y3\na,1,2,3,4,5,6\nb,1,2,,4,5,6\n": `t.csv:3:1: landmark 2 of taxon "b"`,
	} {
		_, _, err := parse(t, text)
		require.ErrorContains(t, err, want, text)
	}
	_, _, err := parse(t, "taxon,x1,y1,x2,y2,x3,y3\na,1,NA,3,4,5,6\n")
	var syntax *tree.SyntaxError
	require.True(t, errors.As(err, &syntax))
}

// FuzzColumns: whatever the heads of the columns, every column is either a
// coordinate or listed as ignored, its values are where its name says, and the
// shapes are the same when written and read back.
func FuzzColumns(f *testing.F) {
	for _, seed := range []string{
		"x1,y1,x2,y2,x3,y3", "log(BSL),1.X,1.Y,2.x,2.y,3.X,3.Y,grp1", "z1,y1,x1,x2,y2,z2,x3,y3,z3",
		"x0,y0,x1,y1", "x1,y1,x2,y2,x01", "x999999,y1", "x1,1.Y", "x1 ,y1", "",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		table := &tree.Table{File: "f.csv", Taxa: []string{"a"}, Columns: strings.Split(header, ","), Lines: []int{2}}
		table.Cells = make([][]string, 1)
		values := map[string]float64{} // of the column, by its name in lower case
		for k, name := range table.Columns {
			table.Cells[0] = append(table.Cells[0], fmt.Sprint(k))
			values[strings.ToLower(name)] = float64(k)
		}
		set, others, err := landmarks.FromTable(table)
		if err != nil {
			return
		}
		require.Equal(t, len(table.Columns), set.Points*set.Dimensions+len(others))
		for k, name := range set.Coordinates() {
			value, plain := values[name]
			if dotted, ok := values[name[1:]+"."+name[:1]]; !plain && ok {
				value, plain = dotted, true
			}
			if plain { // or else the number has leading zeros
				require.Equal(t, value, set.Shapes[0][k])
			}
		}
		var text bytes.Buffer
		require.NoError(t, landmarks.WriteCSV(&text, set))
		again, none, err := parse(t, text.String())
		require.NoError(t, err)
		require.Empty(t, none)
		require.Equal(t, set.Shapes, again.Shapes)
	})
}

// TestParseWith: the column of the taxa is the one that has the tips, or that is named.
func TestParseWith(t *testing.T) {
	text := []byte("number,who,x1,y1,x2,y2,x3,y3\n1,a,1,2,3,4,5,6\n2,b,1,2,3,4,5,7\n")
	for _, options := range []tree.TableOptions{{Tips: []string{"a", "b"}}, {TaxonColumn: "who"}} {
		set, others, err := landmarks.ParseWith("t.csv", text, options)
		require.NoError(t, err)
		require.Equal(t, []string{"a", "b"}, set.Taxa)
		require.Equal(t, []string{"number"}, others)
	}
}
