package tree_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/tree"
)

// randomParents returns n nodes below random ones, of degree about 1 to many:
// reach limits how far back a parent is, so that small values give deep trees.
func randomParents(r *rand.Rand, n, reach int) []int {
	parents := make([]int, n)
	parents[0] = -1
	for v := 1; v < n; v++ {
		parents[v] = max(0, v-1-r.IntN(reach))
	}
	return parents
}

// requireLevelOrder checks all that a Topology promises.
func requireLevelOrder(t *testing.T, top *tree.Topology) {
	t.Helper()
	n := top.Size()
	parents, first, count := top.Parents(), top.FirstChild(), top.ChildCount()
	require.Len(t, parents, n)
	require.Len(t, first, n)
	require.Len(t, count, n)
	require.Equal(t, int32(0), parents[0])
	require.Equal(t, -1, top.Parent(0))
	require.Equal(t, top.Depth()+1, top.Levels())
	end, leaves, degree := 0, 0, 0
	for level := range top.Levels() {
		from, to := top.Slab(level)
		require.Equal(t, end, from, "slabs follow each other")
		require.Greater(t, to, from)
		end = to
		for v := from; v < to; v++ {
			if v == from || v == to-1 {
				require.Equal(t, level, top.Level(v))
			}
			if v > 0 {
				p := top.Parent(v)
				require.Equal(t, p, int(parents[v]))
				above, below := top.Slab(level - 1)
				require.True(t, above <= p && p < below, "a parent is one level up")
				require.True(t, int(first[p]) <= v && v < int(first[p]+count[p]), "children are contiguous")
				require.GreaterOrEqual(t, parents[v], parents[v-1])
			}
			require.Equal(t, count[v] == 0, top.IsLeaf(v))
			if count[v] == 0 {
				require.Equal(t, v, top.Leaves()[leaves])
				require.Zero(t, first[v])
				leaves++
			}
			degree = max(degree, int(count[v]))
		}
	}
	require.Equal(t, n, end)
	require.Equal(t, leaves, top.LeafCount())
	require.Len(t, top.Leaves(), leaves)
	require.Equal(t, degree, top.MaxDegree())
}

func TestFromParentsShuffled(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for trial := range 300 {
		n := 1 + r.IntN(200)
		parents := randomParents(r, n, 1+r.IntN(n))
		place := r.Perm(n) // place[v] is where node v goes
		shuffled := make([]int, n)
		for v, p := range parents {
			switch {
			case p >= 0:
				shuffled[place[v]] = place[p]
			case trial%2 == 0:
				shuffled[place[v]] = -1
			default:
				shuffled[place[v]] = place[v]
			}
		}
		top, order, err := tree.FromParents(shuffled)
		require.NoError(t, err)
		requireLevelOrder(t, top)
		at := make([]int, n)
		for v, old := range order {
			at[old] = v
		}
		for v := range n {
			require.Equal(t, v, at[order[v]], "the order is a permutation")
			if v > 0 {
				require.Equal(t, top.Parent(v), at[shuffled[order[v]]], "parents are kept")
			}
			if v > 1 && top.Parent(v) == top.Parent(v-1) {
				require.Greater(t, order[v], order[v-1], "siblings keep their order")
			}
		}

		again, identity, err := tree.FromParents(asInts(top.Parents()))
		require.NoError(t, err)
		require.True(t, slices.IsSorted(identity), "a tree in level order keeps its indices")
		require.Equal(t, top, again)
	}
}

func asInts(values []int32) []int {
	ints := make([]int, len(values))
	for i, v := range values {
		ints[i] = int(v)
	}
	return ints
}

func TestFromParentsKeepsLevelOrder(t *testing.T) {
	for _, parents := range [][]int{
		{0, 0, 0, 1, 1, 2, 2},
		{-1, 0, 0, 1, 2, 2, 3},
		{-1},
		{0},
		{-1, 0, 0, 0, 0},
		{-1, 0, 1, 2, 3},
	} {
		top, order, err := tree.FromParents(parents)
		require.NoError(t, err)
		requireLevelOrder(t, top)
		for v, old := range order {
			require.Equal(t, v, old)
		}
	}
}

func TestFromParentsErrors(t *testing.T) {
	for _, c := range []struct {
		name    string
		parents []int
		want    string
	}{
		{"nil", nil, "tree: no nodes: a tree has at least a root"},
		{"no root", []int{1, 0}, "tree: no root: one node needs the parent -1 or itself; the parents form a cycle 0 -> 1 -> 0"},
		{"no root, long way round", []int{1, 2, 3, 1}, "tree: no root: one node needs the parent -1 or itself; the parents form a cycle 1 -> 2 -> 3 -> 1"},
		{"two roots", []int{-1, 0, -1}, "tree: nodes 0 and 2 are both roots: a tree has one node whose parent is -1 or itself"},
		{"two roots, one its own parent", []int{0, 0, -1}, "tree: nodes 0 and 2 are both roots: a tree has one node whose parent is -1 or itself"},
		{"too large", []int{-1, 0, 3}, "tree: node 2 has the parent 3, but nodes run from 0 to 2 (the root has -1 or itself)"},
		{"too small", []int{-1, -2}, "tree: node 1 has the parent -2, but nodes run from 0 to 1 (the root has -1 or itself)"},
		{"cycle beside the tree", []int{-1, 0, 4, 2, 3, 3}, "tree: 4 of 6 nodes are not below the root 0: the parents form a cycle 2 -> 4 -> 3 -> 2"},
		{"long cycle", []int{-1, 10, 1, 2, 3, 4, 5, 6, 7, 8, 9}, "tree: 10 of 11 nodes are not below the root 0: the parents form a cycle 1 -> 10 -> 9 -> 8 -> 7 -> 6 -> 5 -> 4 -> ..."},
	} {
		t.Run(c.name, func(t *testing.T) {
			top, order, err := tree.FromParents(c.parents)
			require.EqualError(t, err, c.want)
			assert.Nil(t, top)
			assert.Nil(t, order)
		})
	}
}

func TestSymmetric(t *testing.T) {
	for _, c := range []struct{ depth, degree, size, leaves, maxDegree int }{
		{0, 1, 1, 1, 0},
		{0, 7, 1, 1, 0},
		{1, 1, 2, 1, 1},
		{5, 1, 6, 1, 1},
		{1, 2, 3, 2, 2},
		{4, 2, 31, 16, 2},
		{3, 3, 40, 27, 3},
		{2, 100, 10101, 10000, 100},
	} {
		top, err := tree.Symmetric(c.depth, c.degree)
		require.NoError(t, err)
		requireLevelOrder(t, top)
		assert.Equal(t, c.size, top.Size())
		assert.Equal(t, c.leaves, top.LeafCount())
		assert.Equal(t, c.depth, top.Depth())
		assert.Equal(t, c.maxDegree, top.MaxDegree())
	}
}

func TestSymmetricErrors(t *testing.T) {
	for _, c := range []struct {
		depth, degree int
		want          string
	}{
		{-1, 2, "tree: symmetric tree of depth -1 and degree 2: the depth must be at least 0 and the degree at least 1"},
		{2, 0, "tree: symmetric tree of depth 2 and degree 0: the depth must be at least 0 and the degree at least 1"},
		{31, 2, "tree: symmetric tree of depth 31 and degree 2: it would have more than 2147483647 nodes"},
		{100, 1 << 40, "tree: symmetric tree of depth 100 and degree 1099511627776: it would have more than 2147483647 nodes"},
	} {
		_, err := tree.Symmetric(c.depth, c.degree)
		assert.EqualError(t, err, c.want)
	}
}

func TestTopologyNodeOutOfRange(t *testing.T) {
	top, err := tree.Symmetric(1, 2)
	require.NoError(t, err)
	assert.PanicsWithValue(t, "tree: node out of range", func() { top.Parent(-1) })
	assert.PanicsWithValue(t, "tree: node out of range", func() { top.Parent(3) })
	assert.PanicsWithValue(t, "tree: node out of range", func() { top.Level(3) })
}

func TestDeepTopology(t *testing.T) {
	top, err := tree.Symmetric(1_000_000, 1)
	require.NoError(t, err)
	assert.Equal(t, 1_000_000, top.Depth())
	assert.Equal(t, 777_777, top.Level(777_777))
}
