package tree_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/tree"
)

// TestClades: clades are those of the names, whatever the order of tips and children.
func TestClades(t *testing.T) {
	trees, err := tree.ParseTrees("t.nwk", []byte("((a:1,b:1):1,(c:1,d:1):1,e:1);(e:1,(d:1,c:1):1,(b:1,a:1):1);((a:1,c:1):1,(b:1,d:1):1,e:1);((((a:1,b:1):1):1,c:1):1,d:1,e:1);"))
	require.NoError(t, err)
	counts := tree.CladeCounts(trees)
	named := map[string]tree.Clade{}
	for i, p := range trees {
		for v, clade := range p.Clades() {
			name := p.Names[v]
			if name == "" {
				name = p.Describe(v)
			}
			if i == 0 {
				named[name] = clade
			}
		}
	}
	require.Equal(t, 4, counts[named["the root"]])
	require.Equal(t, 3, counts[named[`an ancestor of "a" and "b"`]])
	require.Equal(t, 2, counts[named[`an ancestor of "c" and "d"`]])
	require.Equal(t, 4, counts[named["e"]])
	require.Len(t, counts, 5+1+4+2) // tips, the root, ab cd ac bd, abc and the second ab
	require.Equal(t, 0, tree.MaximumCladeCredibility(trees))
	require.Equal(t, 1, tree.MaximumCladeCredibility(append(trees[2:3:3], trees[:2]...)))
}
