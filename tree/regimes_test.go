package tree_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/tree"
)

// TestParsimonyByHand: states of nodes on trees that are small enough to see.
func TestParsimonyByHand(t *testing.T) {
	for _, c := range []struct {
		newick, tips string // a letter for each tip, in the order of the text; ? is missing
		want         string // of the inner nodes, in the order of the text
		changes      int
	}{
		{"((a,b)x,(c,d)y)r;", "AABB", "ABA", 1},               // the root may be either: the first
		{"((a,b)x,(c,d)y)r;", "BBAA", "BAA", 1},               // whichever side it is on
		{"((a,b)x,c)r;", "ABA", "AA", 1},                      // x may be either: its parent's
		{"((a,b)x,c)r;", "BAB", "BB", 1},                      // likewise
		{"(a,b,c,d)r;", "ABBC", "B", 2},                       // a polytomy
		{"((a,b,c)x,d)r;", "ABCC", "CC", 2},                   // a polytomy whose states tie
		{"((((a)w,b)x,c)y,d)r;", "AABB", "AABB", 1},           // a node with one child
		{"((a,b)x,(c,d)y)r;", "?BB?", "BBB", 0},               // missing tips cost nothing
		{"((a,b)x,(c,d)y)r;", "??AB", "AAA", 1},               // a side without data goes along
		{"(((a,b)x,c)y,((d,e)z,f)w)r;", "ABABAB", "AAAAA", 3}, // w is nearer to B, but no worse off with its parent
	} {
		p, err := tree.ParseNewick("t", []byte(c.newick))
		require.NoError(t, err)
		states := map[string]int{}
		next := 0
		for _, name := range strings.FieldsFunc(c.newick, func(r rune) bool { return strings.ContainsRune("(),;", r) }) {
			if name >= "a" && name <= "f" {
				states[name] = strings.IndexByte("ABC", c.tips[next])
				next++
			}
		}
		var tips []int
		for _, name := range p.Tips() {
			tips = append(tips, states[name])
		}
		nodes, changes, err := p.Topology.Parsimony(tips, 3)
		require.NoError(t, err)
		got := map[string]byte{}
		for v, name := range p.Names {
			got[name] = "ABC"[nodes[v]]
		}
		var text []byte
		for _, name := range strings.FieldsFunc(c.newick, func(r rune) bool { return strings.ContainsRune("(),;", r) }) {
			if name > "f" {
				text = append(text, got[name])
			}
		}
		require.Equal(t, c.want, string(text), "%s %s", c.newick, c.tips)
		require.Equal(t, c.changes, changes, "%s %s", c.newick, c.tips)
	}
}

// TestParsimonyAgainstSearch: on random trees the changes are the fewest of all
// assignments, as counted on the nodes that are returned; a node that differs from its
// parent must.
func TestParsimonyAgainstSearch(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		n, states := 2+r.IntN(8), 2+r.IntN(2)
		parents := make([]int, n)
		for v := 1; v < n; v++ {
			parents[v] = r.IntN(v)
		}
		topology, _, err := tree.FromParents(parents)
		require.NoError(t, err)
		var tips []int
		for range topology.LeafCount() {
			tips = append(tips, r.IntN(states+1)-1)
		}
		nodes, changes, err := topology.Parsimony(tips, states)
		require.NoError(t, err)
		count := func(x []int) (changes int) {
			for v := 1; v < n; v++ {
				if x[v] != x[topology.Parent(v)] {
					changes++
				}
			}
			for i, v := range topology.Leaves() {
				if tips[i] >= 0 && x[v] != tips[i] {
					return math.MaxInt
				}
			}
			return changes
		}
		least, x := math.MaxInt, make([]int, n)
		for code := range int(math.Pow(float64(states), float64(n))) {
			for v := range x {
				x[v] = code % states
				code /= states
			}
			least = min(least, count(x))
		}
		require.Equal(t, least, changes)
		require.Equal(t, least, count(nodes))
		for v := 1; v < n; v++ { // ties go to the parent
			if from := nodes[topology.Parent(v)]; nodes[v] != from {
				turned := slices.Clone(nodes)
				turned[v] = from
				require.Greater(t, count(turned), least)
			}
		}
	}
	topology, err := tree.Symmetric(1, 2)
	require.NoError(t, err)
	_, _, err = topology.Parsimony([]int{0}, 1)
	require.ErrorContains(t, err, "1 states of tips for 2 tips")
	_, _, err = topology.Parsimony([]int{0, 2}, 2)
	require.ErrorContains(t, err, "tip 1 has the state 2: states run from 0 to 1")
	_, _, err = topology.Parsimony([]int{0, 0}, 0)
	require.ErrorContains(t, err, "0 states")
}

// TestMappedRegimes: edges are cut where the state changes, the state next to the node
// first; lengths add up, names and annotations stay with their nodes.
func TestMappedRegimes(t *testing.T) {
	p, err := tree.ParseNewick("t", []byte("((a[&k=1]:{A,1},b:{B,0.25:A,0.5:A,0.25})x:{A,2:B,0:C,1},c:{C,0:A,4})r;"))
	require.NoError(t, err)
	before := p.NodeDepths()
	split, regimes, err := p.MappedRegimes()
	require.NoError(t, err)
	require.NoError(t, split.Check())
	require.NoError(t, split.RequireLengths())
	require.Equal(t, 7, split.Topology.Size())
	require.Equal(t, []string{"A", "B", "C"}, regimes.Names)
	require.Equal(t, 3, regimes.Changes, "at the root's first child, on its edge, and on b's")
	require.Equal(t, "A", regimes.Names[regimes.Codes[0]], "C and A at the root: the first by name")
	at := func(name string) int { return slices.Index(split.Names, name) }
	depth := split.NodeDepths()
	for v, name := range p.Names {
		require.InDelta(t, before[v], depth[at(name)], 1e-15, name)
	}
	for name, want := range map[string]string{"a": "A", "b": "B", "x": "A", "c": "A"} {
		require.Equal(t, want, regimes.Names[regimes.Codes[at(name)]], name)
	}
	above := split.Topology.Parent(at("x"))
	require.Equal(t, "C", regimes.Names[regimes.Codes[above]])
	require.Empty(t, split.Names[above])
	require.Equal(t, "k=1", split.Annotations[at("a")])
	require.Equal(t, []tree.Extent{{5, 8.75}, {1, 0.25}, {1, 1}}[1:], regimes.Extents(split)[1:])
	var text bytes.Buffer
	require.NoError(t, split.WriteNewick(&text))
	again, err := tree.ParseNewick("t", text.Bytes())
	require.NoError(t, err)
	require.Equal(t, split.Lengths, again.Lengths)

	for text, want := range map[string]string{
		"(a:1,b:1);":               "the tree has no stochastic map",
		"(a:{A,1},b:1);":           `the edge above tip "b" has no stochastic map`,
		"(a:{A,1},b:{A,1}):{Q,1};": `the root has the regime "Q", which no edge has`,
	} {
		p, err := tree.ParseNewick("t", []byte(text))
		require.NoError(t, err)
		_, _, err = p.MappedRegimes()
		require.ErrorContains(t, err, want)
	}
}

// TestAnnotatedRegimes: of nodes or of edges; the root may have none.
func TestAnnotatedRegimes(t *testing.T) {
	p, err := tree.ParseNewick("t", []byte(`((a[&r="dry"]:1,b:1[&r=wet])[&r=dry]:1,c[&r=wet]:1,d[&r=wet]:2)r;`))
	require.NoError(t, err)
	regimes, err := p.AnnotatedRegimes("r")
	require.NoError(t, err)
	require.Equal(t, []string{"dry", "wet"}, regimes.Names)
	require.Equal(t, 1, regimes.Codes[0], "most of the root's children are wet")
	require.Equal(t, 2, regimes.Changes)
	require.Equal(t, []tree.Extent{{2, 2}, {3, 4}}, regimes.Extents(p))
	_, err = p.AnnotatedRegimes("s")
	require.ErrorContains(t, err, `no node has the annotation "s": they have "r"`)
}

// TestCharacterHistory: in a real stochastic map the state at the start of every edge is
// that at the end of the one before, which tells which end is written first, and cutting
// it leaves lengths and tips as they were.
func TestCharacterHistory(t *testing.T) {
	path := filepath.Join("..", "..", "shared", "data", "revbayes_cont_traits", "artiodactyla_character_history.tree")
	if _, err := os.Stat(path); err != nil {
		t.Skip("the folder of real data, ../shared/data/revbayes_cont_traits beside the checkout, is missing")
	}
	p, err := tree.ReadTreeFile(path, 0)
	require.NoError(t, err)
	segments, total := 0, map[string]float64{}
	for v := 1; v < p.Topology.Size(); v++ {
		segments += len(p.Maps[v])
		for _, s := range p.Maps[v] {
			total[s.State] += s.Length
		}
		if parent := p.Topology.Parent(v); parent > 0 {
			require.Equal(t, p.Maps[parent][0].State, p.Maps[v][len(p.Maps[v])-1].State)
		}
	}
	split, regimes, err := p.MappedRegimes()
	require.NoError(t, err)
	require.NoError(t, split.Check())
	require.Equal(t, segments+1, split.Topology.Size())
	require.Equal(t, split.Topology.Size()-p.Topology.Size(), regimes.Changes, "no change at a node of the tree itself")
	require.ElementsMatch(t, p.Tips(), split.Tips())
	for i, e := range regimes.Extents(split) {
		require.InDelta(t, total[regimes.Names[i]], e.Length, 1e-12)
	}
	depth := map[string]float64{}
	for v, x := range p.NodeDepths() {
		depth[p.Names[v]] = x
	}
	for v, x := range split.NodeDepths() {
		if split.Topology.IsLeaf(v) {
			require.InDelta(t, depth[split.Names[v]], x, 1e-12)
		}
	}
}
