package landmarks_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/landmarks"
	"github.com/hxgpu/hxgpu/tree"
)

const tps = "LM=3\n1.5 2\n3 4\r\n5 6\nID=a\nSCALE=2\n\nlm=3\n7 8\n9 10\n11 12\nIMAGE=C:\\bats\\b c.jpg\nCURVES=2\nPOINTS=2\n1 1\n2 2\nPOINTS=1\n3 3\nCOMMENT=none\n"

func TestTPS(t *testing.T) {
	for _, text := range []string{tps, "\ufeff" + tps, strings.ReplaceAll(strings.ReplaceAll(tps, "\r", ""), "\n", "\r"), strings.ReplaceAll(tps, "ID=a", "ID = a\t")} {
		set, err := landmarks.ParseTPS("f.tps", []byte(text))
		require.NoError(t, err)
		require.Equal(t, []string{"a", "b c"}, set.Taxa)
		require.Equal(t, []int{1, 8}, set.Lines)
		require.Equal(t, [][]float64{{3, 4, 6, 8, 10, 12}, {7, 8, 9, 10, 11, 12}}, set.Shapes)
		require.Equal(t, 2, set.Curves)
	}
	set, err := landmarks.ParseTPS("f.tps", []byte("LM3=3\n1 2 3\n4 5 6\n7 8 9\nIMAGE=b.png\nID=a"))
	require.NoError(t, err)
	require.Equal(t, 3, set.Dimensions)
	require.Equal(t, []string{"a"}, set.Taxa)
}

func TestTPSErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                                                            "f.tps:1:1: the file has no shapes",
		"1 2\n":                                                       "f.tps:1:1: here should be a line such as LM=16",
		"LM=x\n":                                                      `f.tps:1:4: "x" is no number of landmarks`,
		"LM=2\n1 2\n3 4\nID=a\n":                                      "a shape needs at least 3",
		"LM=3\n1 2\n3 4\nID=a\n":                                      "f.tps:4:1: the shape that begins on line 1 has fewer rows of coordinates than its LM says",
		"LM=3\n1 2\n3 4":                                              "f.tps:3:1: the shape that begins on line 1 has fewer rows",
		"LM=3\n1 2\n3 4 5\n5 6\nID=a\n":                               "f.tps:3:1: the row has 3 numbers",
		"LM3=3\n1 2 3\n3 4\n5 6 7\nID=a\n":                            "f.tps:3:1: the row has 2 numbers; a landmark in 3 dimensions has 3",
		"LM=3\n1 2\n3 q\n5 6\nID=a\n":                                 `f.tps:3:3: "q" is not a finite decimal number`,
		"LM=3\n1 2\n3e5  e\n5 6\nID=a\n":                              `f.tps:3:6: "e" is not a finite decimal number`,
		"LM=3\n1 2\n3 inf\n5 6\nID=a\n":                               `f.tps:3:3: "inf" is not a finite decimal number`,
		"LM=3\n1 2\n3 1e999\n5 6\nID=a\n":                             `f.tps:3:3: "1e999" is not a finite decimal number`,
		"LM=3\n1 2\n3 0x10p0\n5 6\nID=a\n":                            `f.tps:3:3: "0x10p0" is not a finite decimal number`,
		"LM=3\n1 2\n3 4\n5 6\n7 8\nID=a\n":                            "f.tps:5:1: the shape that begins on line 1 has all its 3 landmarks",
		"LM=3\n1 2\n3 4\n5 6\n":                                       "f.tps:1:1: the shape has no name",
		"LM=3\n1 2\n3 4\n5 6\nIMAGE= .png\n":                          "f.tps:1:1: the shape has no name",
		"LM=3\n1 2\n3 4\n5 6\nID=a\nSCALE=-1\n":                       "f.tps:6:7: the scale \"-1\" is not a positive number",
		"LM=3\n1 2\n3 4\n5 1e300\nID=a\nSCALE=1e10\n":                 "f.tps:6:1: the scale 1e+10 makes coordinates of the shape infinite",
		"LM=3\n1 2\n3 4\n5 6\nID=a\nCURVES=1\nPOINTS=2\n1 1\n":        "f.tps:9:1: the shape that begins on line 1 has fewer rows of coordinates than its POINTS says",
		"LM=3\n1 2\n3 4\n5 6\nID=a\nPOINTS=two\n":                     `f.tps:6:8: "two" is no number of points of a curve`,
		"LM=3\n1 2\n3 4\n5 6\nID=a\nLM=3\n1 2\n3 4\n5 6\nID=a\n":      "f.tps:10:1: the taxon \"a\" has a shape already, on line 1",
		"LM=3\n1 2\n3 4\n5 6\nID=a\nLM=4\n1 2\n3 4\n5 6\n7 8\nID=b\n": "f.tps:6:4: the shape has 4 landmarks in 2 dimensions, those before it 3 in 2",
	} {
		_, err := landmarks.ParseTPS("f.tps", []byte(text))
		require.ErrorContains(t, err, want, text)
		var syntax *tree.SyntaxError
		require.True(t, errors.As(err, &syntax))
	}
}

// TestLongCurve: the time to pass over a curve does not grow with its square.
func TestLongCurve(t *testing.T) {
	const points = 200_000
	text := "LM=3\n1 2\n3 4\n5 6\nID=a\nCURVES=1\nPOINTS=200000\n" + strings.Repeat("1 2\n", points)
	start := time.Now()
	set, err := landmarks.ParseTPS("f.tps", []byte(text))
	require.NoError(t, err)
	require.Equal(t, 1, set.Curves)
	require.Less(t, time.Since(start), 10*time.Second) // a tenth of a second, and minutes if it did
}

func FuzzParseTPS(f *testing.F) {
	for _, seed := range []string{
		tps, "", "LM=3", "LM=3\n1 2\n3 4\n5 6\nID=a", "LM3=3\n1 2 3\n4 5 6\n7 8 9\nIMAGE=b.png\nSCALE=0.1",
		"LM=3\n1 2\n3 4\n5 6\nID=a\nPOINTS=1\n1 2\n", "LM=3\n1 2\n3 4\n5 6\nIMAGE=a .png",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		set, err := landmarks.ParseTPS("f", text)
		if err != nil {
			var syntax *tree.SyntaxError
			require.True(t, errors.As(err, &syntax))
			require.Positive(t, syntax.Line)
			return
		}
		var written bytes.Buffer
		require.NoError(t, landmarks.WriteTPS(&written, set))
		again, err := landmarks.ParseTPS("f", written.Bytes())
		require.NoError(t, err, "%q", written.String())
		require.Equal(t, set.Taxa, again.Taxa)
		require.Equal(t, set.Shapes, again.Shapes)
	})
}
