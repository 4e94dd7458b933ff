package tree_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/tree"
)

func parseTable(t testing.TB, text string) *tree.Table {
	t.Helper()
	table, err := tree.ParseTable("t.csv", []byte(text))
	require.NoError(t, err)
	return table
}

func TestParseTableGood(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"plain", "taxon,x,y\na,1,2\nb,3,4\n", "[a b] [x y] [[1 2] [3 4]] [2 3]"},
		{"no last line end", "taxon,x\na,1", "[a] [x] [[1]] [2]"},
		{"CRLF", "taxon,x\r\na,1\r\nb,2\r\n", "[a b] [x] [[1] [2]] [2 3]"},
		{"CR", "taxon,x\ra,1\rb,2\r", "[a b] [x] [[1] [2]] [2 3]"},
		{"byte-order mark", "\ufefftaxon,x\na,1\n", "[a] [x] [[1]] [2]"},
		{"byte-order mark before a quote", "\ufeff\"taxon\",x\na,1\n", "[a] [x] [[1]] [2]"},
		{"tabs", "taxon\tx\ty, z\na\t1\t2,5\n", "[a] [x y, z] [[1 2,5]] [2]"},
		{"quotes", "taxon,\"x,1\"\n\"a \"\"b\"\"\",\"1\"\n", `[a "b"] [x,1] [[1]] [2]`},
		{"blank lines", "\ntaxon,x\n\na,1\n\n\nb,2\n\n", "[a b] [x] [[1] [2]] [4 7]"},
		{"line break in a cell", "taxon,x\na,\"1\n2\"\nb,2\n", "[a b] [x] [[1\n2] [2]] [2 4]"},
		{"spaces around cells", " taxon , x \n a , 1 \n", "[a] [x] [[1]] [2]"},
		{"taxon column by any case", "x,Species,y\n1,a,2\n", "[a] [x y] [[1 2]] [2]"},
		{"taxon before species", "species,taxon\nb,a\n", "[a] [species] [[b]] [2]"},
		{"tip", "x,TIP\n1,a\n", "[a] [x] [[1]] [2]"},
		{"name", "x,name\n1,a\n", "[a] [x] [[1]] [2]"},
		{"first column by default", "id,x\na,1\n", "[a] [x] [[1]] [2]"},
		{"first column without a name, as R writes it", "\"\",\"x\"\n\"a\",1\n", "[a] [x] [[1]] [2]"},
		{"R's row names beside the taxa", ",taxon,x\n1,a,2\n", "[a] [x] [[2]] [2]"},
		{"BEAST", "traits\tx\tplace\na\t1.5\tNorth\n", "[a] [x place] [[1.5 North]] [2]"},
		{"empty cells", "taxon,x,y\na,,\n", "[a] [x y] [[ ]] [2]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			table := parseTable(t, c.text)
			assert.Equal(t, c.want, fmt.Sprint(table.Taxa, table.Columns, table.Cells, table.Lines))
			assert.Equal(t, "t.csv", table.File)
			requireTable(t, table)
		})
	}
}

func TestParseTableErrors(t *testing.T) {
	const empty = "the file is empty: it should begin with a line of column names, as in taxon,mass"
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", "1:1: " + empty},
		{"blank lines", "\n\n", "1:1: " + empty},
		{"byte-order mark", "\ufeff", "1:1: " + empty},
		{"utf-16", "\xff\xfet\x00", "1:1: the file is in UTF-16: save it as UTF-8"},
		{"binary", "taxon,x\na,\x001\n", "2:3: the byte 0x00 does not belong in a text file: save the table as CSV"},
		{"a spreadsheet", "PK\x03\x04", "1:3: the byte 0x03 does not belong in a text file: save the table as CSV"},
		{"header only", "taxon,x\n", "1:1: the table has a header and no rows: add one row per taxon"},
		{"header only after a blank line", "\ntaxon,x\n\n", "2:1: the table has a header and no rows: add one row per taxon"},
		{"one column", "taxon\na\n", `1:1: the table has one column, "taxon": it needs one of taxa and one or more of traits, separated by commas or tabs`},
		{"semicolons", "taxon;x\na;1\n", "1:1: the cells are separated by semicolons: save the table with commas or tabs, and numbers with a decimal point"},
		{"unnamed column", "taxon,x,\na,1,2\n", "1:9: column 3 has no name: name it, or remove it from every row"},
		{"unnamed second column", "taxon,,x\n1,a,2\n", "1:7: column 2 has no name: name it, or remove it from every row"},
		{"duplicate columns", "taxon,x,y,x\na,1,2,3\n", `1:11: columns 2 and 4 are both named "x": rename one`},
		{"duplicate columns but for spaces", "taxon,x, x\na,1,2\n", `1:9: columns 2 and 3 are both named "x": rename one`},
		{"duplicate taxon column", "taxon,x,taxon\na,1,2\n", `1:9: columns 1 and 3 are both named "taxon": rename one`},
		{"duplicate taxa", "taxon,x\na,1\nb,2\na,3\n", `4:1: the taxon "a" has a row already, on line 2: keep one row per taxon, such as its means`},
		{"duplicate taxa in a later column", "x,taxon\n1,a\n22,a\n", `3:4: the taxon "a" has a row already, on line 2: keep one row per taxon, such as its means`},
		{"nameless taxon", "taxon,x\na,1\n,2\n", "3:1: the taxon has no name: name it as in the tree, or remove the row"},
		{"short row", "taxon,x,y\na,1,2\nb,1\n", "3:1: the row has 2 cells and the header 3: add the missing cells, or quote a cell with a separator in it"},
		{"long row", "taxon,x\na,1\nb,1,5\n", "3:1: the row has 3 cells and the header 2: add the missing cells, or quote a cell with a separator in it"},
		{"row of one cell", "taxon,x\na\n", "2:1: the row has 1 cells and the header 2: add the missing cells, or quote a cell with a separator in it"},
		{"row names without a header", "x,y\na,1,2\n", "2:1: the row has 3 cells and the header 2: name the column of the taxa in the header too"},
		{"bare quote", "taxon,x\na,1\nb\"c,2\n", "3:2: a quote within a cell that is not quoted: put the cell in quotes and double the quote"},
		{"bare quote in the header", "taxon,x\"\na,1\n", "1:8: a quote within a cell that is not quoted: put the cell in quotes and double the quote"},
		{"text after a quote", "taxon,x\n\"a\"b,1\n", "2:4: text follows the quote that closes the cell: double a quote within a quoted cell"},
		{"open quote", "taxon,x\na,1\n\"b,2\nc,3\n", "3:1: the quoted cell that begins here is not closed: close it, and double a quote within it"},
		{"open quote after others", "taxon,x,y\n\"a\",\"1\"\"\n,\",2\nb,\"3\",\"4\"\"\n", "4:7: the quoted cell that begins here is not closed: close it, and double a quote within it"},
		{"spaces between cells", "taxon x\na 1\n", `1:1: the table has one column, "taxon x": if its cells are separated by spaces, save it with commas or tabs`},
	} {
		t.Run(c.name, func(t *testing.T) {
			table, err := tree.ParseTable("t.csv", []byte(c.text))
			require.EqualError(t, err, "t.csv:"+c.want)
			assert.Nil(t, table)
			var syntax *tree.SyntaxError
			require.True(t, errors.As(err, &syntax))
		})
	}
}

func TestNumbers(t *testing.T) {
	table := parseTable(t, "taxon,x\na,1.5\nb,\nc,NA\nd,na\ne,NaN\nf,nan\ng,?\nh,-\ni,-2e-3\nj,+.5\nk,0\n")
	numbers, err := table.Numbers("x")
	require.NoError(t, err)
	nan := math.NaN()
	assert.Equal(t, fmt.Sprint([]float64{1.5, nan, nan, nan, nan, nan, nan, nan, -2e-3, .5, 0}), fmt.Sprint(numbers))
}

func TestNumbersErrors(t *testing.T) {
	const number = " is not a number: write a decimal number such as 0.5 or 1e-3; a missing value is empty, NA or ?"
	const finite = " is not finite: write a finite decimal number; a missing value is empty, NA or ?"
	for _, c := range []struct{ cell, want string }{
		{"abc", `"abc"` + number},
		{"1.2.3", `"1.2.3"` + number},
		{"1 000", `"1 000"` + number},
		{"\"1,5\"", `"1,5" has a decimal comma: write a decimal point, as in 0.5; a missing value is empty, NA or ?`},
		{"0x10", `"0x10"` + number},
		{"1_000", `"1_000"` + number},
		{"--", `"--"` + number},
		{"N/A", `"N/A"` + number},
		{"Inf", `"Inf"` + finite},
		{"-inf", `"-inf"` + finite},
		{"+Infinity", `"+Infinity"` + finite},
		{"-nan", `"-nan"` + finite},
		{"1e400", `"1e400" is too large for a float64: write a finite decimal number; a missing value is empty, NA or ?`},
	} {
		t.Run(c.cell, func(t *testing.T) {
			_, err := parseTable(t, "taxon,x\nok,1\n\nbad one,"+c.cell+"\n").Numbers("x")
			assert.EqualError(t, err, `t.csv:4:9: taxon "bad one", column "x": `+c.want)
		})
	}
}

func TestNumbersUnknownColumn(t *testing.T) {
	table := parseTable(t, "taxon,log_mass,length,mass\na,1,2,3\n")
	_, err := table.Numbers("Lenght")
	assert.EqualError(t, err, `t.csv: no column "Lenght": the columns are "length", "mass", "log_mass"`)
	_, err = table.Numbers("taxon")
	assert.EqualError(t, err, `t.csv: no column "taxon": the columns are "mass", "length", "log_mass"`)

	header, row := "taxon", "a"
	for i := range 30 {
		header += fmt.Sprintf(",x%d", i)
		row += ",1"
	}
	_, err = parseTable(t, header+"\n"+row+"\n").Numbers("X17 ")
	assert.EqualError(t, err, `t.csv: no column "X17 ": the columns are "x17", "x1", "x7", "x10", "x11", "x12", "x13", "x14", "x15", "x16" and 20 more`)
}

func TestNumbersOfATableMadeByHand(t *testing.T) {
	table := &tree.Table{File: "made", Taxa: []string{"a"}, Columns: []string{"x"}, Cells: [][]string{{"z"}}}
	_, err := table.Numbers("x")
	assert.ErrorContains(t, err, `made:2: taxon "a", column "x": "z" is not a number`)
}

func TestReadTableFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "traits.csv")
	require.NoError(t, os.WriteFile(path, []byte("taxon,x\na,1\n"), 0o600))
	table, err := tree.ReadTableFile(path)
	require.NoError(t, err)
	assert.Equal(t, path, table.File)
	_, err = tree.ReadTableFile(path + ".none")
	assert.ErrorIs(t, err, os.ErrNotExist)
}

// requireTable checks that a table is sound and comes back from its text.
func requireTable(t *testing.T, table *tree.Table) {
	t.Helper()
	require.NotEmpty(t, table.Taxa)
	require.NotEmpty(t, table.Columns)
	require.Len(t, table.Cells, len(table.Taxa))
	require.Len(t, table.Lines, len(table.Taxa))
	var text bytes.Buffer
	out := csv.NewWriter(&text)
	require.NoError(t, out.Write(append([]string{"Taxon"}, table.Columns...)))
	seen := map[string]bool{}
	for row, cells := range table.Cells {
		require.Len(t, cells, len(table.Columns))
		require.NotEmpty(t, table.Taxa[row])
		require.False(t, seen[table.Taxa[row]])
		seen[table.Taxa[row]] = true
		require.NoError(t, out.Write(append([]string{table.Taxa[row]}, cells...)))
		if row > 0 {
			require.Greater(t, table.Lines[row], table.Lines[row-1])
		}
	}
	out.Flush()
	for _, column := range table.Columns {
		if strings.EqualFold(column, "taxon") || strings.Contains(column, "\t") {
			return // the text would be read with another taxon column or separator
		}
	}
	again, err := tree.ParseTable(table.File, text.Bytes())
	require.NoError(t, err, "%q", text.String())
	require.Equal(t, table.Taxa, again.Taxa)
	require.Equal(t, table.Columns, again.Columns)
	require.Equal(t, table.Cells, again.Cells)
}

func FuzzParseTable(f *testing.F) {
	for _, seed := range []string{
		"taxon,x\na,1\n", "taxon\tx\na\t1\n", "\ufefftaxon,x\r\na,NA\r\n", "id,\"x,y\"\n\"a\"\"b\",\n", "x,Species\n1,a\n2,b\n", "taxon,x\ra,1\r",
		"", "\n", "taxon", "taxon,x", "taxon,x\na", "taxon,x,x\na,1,2", "taxon,x\na,1\na,2", "taxon,x\n\"a,1", "taxon,x\na\"b,1", "taxon;x\na;1", "taxon,x\na,inf\n",
		"taxon,x\n\"\ufeffa\",1\n", "taxon,x\na,\"1\r\r\n2\"\n", ",x\n\\.,1\n", "taxon,x\na,\"1\n2\"\nb,\" \r\"\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		table, err := tree.ParseTable("f", text)
		if err != nil {
			var syntax *tree.SyntaxError
			require.True(t, errors.As(err, &syntax), "every error is a syntax error: %v", err)
			require.Positive(t, syntax.Line)
			return
		}
		requireTable(t, table)
		for _, column := range table.Columns {
			numbers, err := table.Numbers(column)
			if err != nil {
				continue
			}
			require.Len(t, numbers, len(table.Taxa))
			for _, number := range numbers {
				require.False(t, math.IsInf(number, 0))
			}
		}
	})
}

func TestTableLineBreaksWithinCells(t *testing.T) {
	table, err := tree.ParseTable("t", []byte("taxon,x\na,\"1\r\r\n2\"\nb,\"3\r4\"\nc,\"5\r\n6\"\n"))
	require.NoError(t, err)
	assert.Equal(t, [][]string{{"1\n2"}, {"3\n4"}, {"5\n6"}}, table.Cells)
}
