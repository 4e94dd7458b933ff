package tree_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/tree"
)

// TestTaxonColumn: the taxa stand in the column that is asked for, else in the one that
// is named so, unless only another one has tips, else in the one with most of them.
func TestTaxonColumn(t *testing.T) {
	for _, c := range []struct{ text, column, tips, want string }{
		{"id,sp,x\n1,a,5\n2,b,6\n", "", "a b", "sp: a b"},
		{"id,sp,x\n1,a,5\n2,b,6\n", "", "", "id: 1 2"},
		{"id,sp,x\n1,a,5\n2,b,6\n", "", "q", "id: 1 2"},
		{"id,sp,x\n1,a,5\n2,b,6\n", "SP", "", "sp: a b"},
		{"name,sp,x\nc,a,5\nq,b,6\n", "", "a b c", "name: c q"},
		{"name,sp,x\nCat,a,5\nDog,b,6\n", "", "a b", "sp: a b"},
		{"old,new,x\na,a,5\nq,b_c,6\n", "", "a|b c", "new: a b_c"},
		{"one,two,x\na,a,5\nb,b,6\n", "", "a b", "one: a b"},
	} {
		tips := strings.Fields(c.tips)
		if strings.Contains(c.tips, "|") {
			tips = strings.Split(c.tips, "|")
		}
		table, err := tree.ParseTableWith("t.csv", []byte(c.text), tree.TableOptions{TaxonColumn: c.column, Tips: tips})
		require.NoError(t, err)
		require.Equal(t, c.want, table.TaxonColumn+": "+strings.Join(table.Taxa, " "), c.text)
	}
	_, err := tree.ParseTableWith("t.csv", []byte("id,sp,x\n1,a,5\n"), tree.TableOptions{TaxonColumn: "spec"})
	require.EqualError(t, err, `t.csv:1:1: there is no column "spec" for the taxa: the columns are "sp", "id", "x"`)
	_, err = tree.ParseTableWith("t.csv", []byte("id,sp,x\n1,a,5\n"), tree.TableOptions{Matrix: 2})
	require.EqualError(t, err, "t.csv:1:1: there is no matrix 2: the file is no NEXUS file, and holds one table")
}
