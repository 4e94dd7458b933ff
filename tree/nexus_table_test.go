package tree_test

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/tree"
)

// TestParseNexusTable: the taxa, columns and cells of matrices.
func TestParseNexusTable(t *testing.T) {
	for _, c := range []struct {
		name, text string
		matrix     int
		want       string
	}{
		{"plain", "#NEXUS\nBEGIN DATA;\nDIMENSIONS NTAX=2 NCHAR=2;\nFORMAT DATATYPE=CONTINUOUS MISSING=? GAP=-;\nMATRIX\na_b 1.5 ?\n'c d' -2e-3 -\n;\nEND;\n", 0, "[a_b c d] [1 2] [[1.5 ?] [-2e-3 -]] [6 7]"},
		{"any case, spaces around =, comments", "[x]\n#nexus [y] begin characters [z];dimensions nchar = 2;format datatype = continuous;matrix [1 2]\na [t] 1 [one]\n2\nb 3 4[x]\n\t[;];end;", 0, "[a b] [1 2] [[1 2] [3 4]] [3 5]"},
		{"another missing symbol", "#NEXUS begin data; dimensions nchar=2; format datatype=continuous missing=999 gap='x';matrix a 999 x\nb NA 9;\nend;", 0, "[a b] [1 2] [[? -] [NA 9]] [1 2]"},
		{"interleaved", "#NEXUS\nbegin data; dimensions ntax=2 nchar=3;format datatype=continuous interleave;matrix\na 1 2\nb 3 4\n\n[next]\na 5\nb 6\n;end;", 0, "[a b] [1 2 3] [[1 2 5] [3 4 6]] [3 4]"},
		{"interleaved, last line ended", "#NEXUS\nbegin data; dimensions ntax=2 nchar=2;format interleave=yes datatype=continuous;matrix\na 1\nb 3\na 5\nb 6;end;", 0, "[a b] [1 2] [[1 5] [3 6]] [3 4]"},
		{"interleave=no", "#NEXUS\nbegin data; dimensions ntax=2 nchar=2;format interleave=no datatype=continuous;matrix\na 1\n 3\nb\n5 6\n;end;", 0, "[a b] [1 2] [[1 3] [5 6]] [3 5]"},
		{"taxa elsewhere", "#NEXUS\nbegin taxa; dimensions ntax=2; taxlabels a b;end; begin characters; title 'My traits'; link taxa=t; dimensions nchar=1;format datatype=continuous;charstatelabels 1 mass / a b, ;matrix\na 1\nb 2\n;end;", 0, "[a b] [mass] [[1] [2]] [3 4]"},
		{"names of characters", "#NEXUS\nbegin data; dimensions nchar=5;format datatype=continuous;charstatelabels 1 mass, 3 'wing length' / 'a,b' c , 4 x/y, 5;matrix\na 1 2 3 4 5\n;end;", 0, "[a] [mass 2 wing length x 5] [[1 2 3 4 5]] [3]"},
		{"CHARLABELS", "#NEXUS\nbegin data; dimensions nchar=3;format datatype=continuous;charlabels mass _ 'a b';matrix\na 1 2 3\n;end;", 0, "[a] [mass 2 a b] [[1 2 3]] [3]"},
		{"symbols", "#NEXUS\nbegin data; dimensions nchar=4;format datatype=standard symbols=\"012\" missing=? gap=-;matrix\na 01?-\nb 0 {0 1} (1,2) 2\n;end;", 0, "[a b] [1 2 3 4] [[0 1 ? -] [0 {01} (12) 2]] [3 4]"},
		{"tokens", "#NEXUS\nbegin data; dimensions nchar=2;format tokens datatype=standard;matrix\na north ?\nb south x\n;end;", 0, "[a b] [1 2] [[north ?] [south x]] [3 4]"},
		{"the second of two", "#NEXUS\nbegin data; dimensions nchar=1;format datatype=dna;matrix\na 'x' A; end;\nbegin characters;dimensions nchar=1;format datatype=continuous;matrix\na 2\n;end;", 2, "[a] [1] [[2]] [5]"},
		{"old Macintosh", "#NEXUS\rbegin data;\rdimensions nchar=1;format datatype=continuous;\rmatrix\ra 2\r;end;\r", 0, "[a] [1] [[2]] [5]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			table, err := tree.ParseTableWith("t.nex", []byte(c.text), tree.TableOptions{Matrix: c.matrix})
			require.NoError(t, err)
			require.Equal(t, c.want, fmt.Sprint(table.Taxa, table.Columns, table.Cells, table.Lines))
			requireNexusTable(t, table)
		})
	}
}

// requireNexusTable checks that a table is sound and comes back from NEXUS.
func requireNexusTable(t *testing.T, table *tree.Table) {
	t.Helper()
	var text strings.Builder
	quoted := func(name string) string { return "'" + strings.ReplaceAll(name, "'", "''") + "'" }
	fmt.Fprintf(&text, "#NEXUS\nbegin data;dimensions ntax=%d nchar=%d;format datatype=standard tokens gap=-;charlabels", len(table.Taxa), len(table.Columns))
	seen := map[string]bool{}
	for _, name := range table.Columns {
		require.False(t, seen[name])
		seen[name] = true
		text.WriteString(" " + quoted(name))
	}
	text.WriteString(";matrix\n")
	for row, cells := range table.Cells {
		require.Len(t, cells, len(table.Columns))
		require.Positive(t, table.Lines[row])
		text.WriteString(quoted(table.Taxa[row]))
		for i := range cells {
			text.WriteString(" " + quoted(cells[i]))
			var syntax *tree.SyntaxError
			require.True(t, errors.As(table.ErrorAt(row, i, "x"), &syntax))
			require.Positive(t, syntax.Column)
			require.GreaterOrEqual(t, syntax.Line, table.Lines[row])
		}
		text.WriteString("\n")
	}
	text.WriteString(";end;")
	again, err := tree.ParseTable("again", []byte(text.String()))
	require.NoError(t, err, "%q", text.String())
	require.Equal(t, table.Taxa, again.Taxa)
	require.Equal(t, table.Columns, again.Columns)
	require.Equal(t, table.Cells, again.Cells)
	for _, column := range table.Columns {
		if numbers, err := table.Numbers(column); err == nil {
			for _, number := range numbers {
				require.False(t, math.IsInf(number, 0))
			}
		}
		if f, err := table.Factor(column); err == nil {
			require.Len(t, f.Codes, len(table.Taxa))
		}
	}
}

func TestNexusFactor(t *testing.T) {
	table, err := tree.ParseTable("t.nex", []byte("#NEXUS\nbegin data; dimensions nchar=2;format symbols=\"01\";matrix\na 0{01}\nb 1?\n;end;"))
	require.NoError(t, err)
	f, err := table.Factor("1")
	require.NoError(t, err)
	require.Equal(t, []int{0, 1}, f.Codes)
	_, err = table.Factor("2")
	require.EqualError(t, err, `t.nex:3:4: taxon "a", column "2": "{01}" is several states: keep one, or ? for an unknown one`)
}

func TestRealNexusTables(t *testing.T) {
	folder := filepath.Join(dataFolder(t), "revbayes_cont_traits")
	for _, c := range []struct {
		file, tree            string
		taxa, columns, absent int
	}{
		{"primates_cont_traits.nex", "primates_tree.nex", 233, 13, 0},
		{"artiodactyla_hypsodonty_index.nex", "artiodactyla.tree", 82, 1, 0},
		{"artiodactyla_hypsodonty_index.nex", "artiodactyla_character_history.tree", 82, 1, 0},
		{"artiodactyla_diet.nex", "artiodactyla.tree", 82, 1, 0},
		{"haemulidae_trophic_traits.nex", "haemulidae.nex", 49, 9, 0},
		{"haemulidae_habitat.nex", "haemulidae.nex", 49, 1, 0},
	} {
		table, err := tree.ReadTableFile(filepath.Join(folder, c.file))
		require.NoError(t, err)
		require.Len(t, table.Taxa, c.taxa)
		require.Len(t, table.Columns, c.columns)
		requireNexusTable(t, table)
		p, err := tree.ReadTreeFile(filepath.Join(folder, c.tree), 0)
		require.NoError(t, err)
		m, err := tree.Match(p, table)
		require.NoError(t, err)
		require.Len(t, m.TreeOnly, c.absent, c.file)
	}
	// The four traits of the reference likelihood lack 154 cells.
	table, err := tree.ReadTableFile(filepath.Join(folder, "primates_cont_traits.nex"))
	require.NoError(t, err)
	missing := 0
	for _, column := range []string{"1", "4", "5", "11"} {
		numbers, err := table.Numbers(column)
		require.NoError(t, err)
		for _, x := range numbers {
			if math.IsNaN(x) {
				missing++
			}
		}
	}
	require.Equal(t, 154, missing)

	// One tree and one matrix for each of 66 clades.
	trees, err := tree.ReadTreesFile(filepath.Join(folder, "trees.nex"))
	require.NoError(t, err)
	for i, p := range trees {
		table, err := tree.ParseTableWith("traits.nex", readFile(t, filepath.Join(folder, "traits.nex")), tree.TableOptions{Matrix: i + 1})
		require.NoError(t, err)
		requireNexusTable(t, table)
		m, err := tree.Match(p, table)
		require.NoError(t, err)
		require.Empty(t, m.TreeOnly, p.Name)
		require.Empty(t, m.TableOnly, p.Name)
	}
	_, err = tree.ReadTableFile(filepath.Join(folder, "traits.nex"))
	require.ErrorContains(t, err, "traits.nex:70:1: the file has 66 matrices, 1: CONTINUOUS of 1 characters; 2: CONTINUOUS of 1 characters; 3: CONTINUOUS of 1 characters; and 63 more: choose one by its number, 1 to 66")
}

func FuzzParseNexusTable(f *testing.F) {
	for _, seed := range []string{
		"#NEXUS\nBEGIN DATA;\nDIMENSIONS NTAX=2 NCHAR=2;\nFORMAT DATATYPE=CONTINUOUS MISSING=? GAP=-;\nMATRIX\na_b 1.5 ?\n'c d' -2e-3 -\n;\nEND;\n",
		"#NEXUS begin data; dimensions ntax=2 nchar=3;format datatype=continuous interleave;matrix\na 1 2\nb 3 4\na 5\nb 6\n;end;",
		"#NEXUS begin data; dimensions nchar=3;format symbols=\"01\";charstatelabels 1 a / x y, 2 'b c';matrix\na 01?\nb {0 1}(1,0)1\n;end;",
		"#NEXUS begin taxa;taxlabels a;end; begin characters; title t;dimensions nchar=1;format tokens;charlabels q;matrix a x\n;end;begin data;dimensions nchar=1;format datatype=dna;matrix a A;end;",
		"#NEXUS begin data;matrix", "#NEXUS begin data;format items=(AVERAGE SE);end;",
		"Begin dAtA;dimensions nChAr=3;mAtriX 0 0(\x10)0;end;",
	} {
		f.Add([]byte(seed), 0)
		f.Add([]byte(seed), 2)
	}
	f.Fuzz(func(t *testing.T, text []byte, matrix int) {
		table, err := tree.ParseTableWith("f", append([]byte("#NEXUS "), text...), tree.TableOptions{Matrix: matrix})
		if err != nil {
			var syntax *tree.SyntaxError
			require.True(t, errors.As(err, &syntax), "every error is a syntax error: %v", err)
			require.Positive(t, syntax.Line)
			require.Positive(t, syntax.Column)
			return
		}
		requireNexusTable(t, table)
	})
}
