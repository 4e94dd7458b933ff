package pictures

import (
	"math"
	"slices"

	"github.com/hxgpu/hxgpu/tree"
)

// State is what is known of a trait at a node: its posterior mean and central 95 %.
type State struct{ Mean, Low, High float64 }

// Trait is a trait on a tree.
type Trait struct {
	Name   string
	States []State // of each node
	// Observed says which tips have a value, by their place among Topology.Leaves;
	// nil where that is not known.
	Observed []bool
}

// Tree is a tree to draw traits on.
type Tree struct {
	Topology *tree.Topology
	Lengths  []float64 // of the edge above each node; the root's is not drawn
	Names    []string  // of the nodes; those of tips are written where they fit
}

// depths are the nodes' distances from the root, and the largest.
func (t *Tree) depths() (depth []float64, height float64) {
	depth = make([]float64, t.Topology.Size())
	for v := 1; v < len(depth); v++ {
		depth[v] = depth[t.Topology.Parent(v)] + t.Lengths[v]
		height = max(height, depth[v])
	}
	return depth, height
}

// rows gives every tip a row, in the order of the tree as it is written, and every
// other node the mean of its first and its last child's.
func (t *Tree) rows() []float64 {
	n := t.Topology.Size()
	row := make([]float64, n)
	first := make([]int, n) // the row of the first tip below a node
	tips := t.below()
	for v := range n { // parents stand before their children
		at := first[v]
		from, count := int(t.Topology.FirstChild()[v]), int(t.Topology.ChildCount()[v])
		for k := from; k < from+count; k++ {
			first[k] = at
			at += tips[k]
		}
		if count == 0 {
			row[v] = float64(first[v])
		}
	}
	for v := n - 1; v >= 0; v-- {
		if count := int(t.Topology.ChildCount()[v]); count > 0 {
			from := int(t.Topology.FirstChild()[v])
			row[v] = (row[from] + row[from+count-1]) / 2
		}
	}
	return row
}

// below counts the tips below each node.
func (t *Tree) below() []int {
	n := make([]int, t.Topology.Size())
	for v := len(n) - 1; v >= 0; v-- {
		n[v] = max(n[v], 1)
		if v > 0 {
			n[t.Topology.Parent(v)] += n[v]
		}
	}
	return n
}

// tips is the number of tips.
func (t *Tree) tips() int { return t.Topology.LeafCount() }

// name of a tip, cut where it is very long.
func (t *Tree) name(v int) string {
	if v >= len(t.Names) {
		return ""
	}
	return shorten(t.Names[v], 36)
}

// scale maps states to colours.
type scale struct{ low, high float64 }

// mostUnclipped is the most nodes whose means are all within the scale of colours; of
// more the outermost are left out, so that a few do not take all the colours.
const mostUnclipped = 600

// stateScale spans the means of the nodes.
func stateScale(states []State) scale {
	if len(states) > mostUnclipped {
		means := make([]float64, 0, len(states))
		for _, x := range states {
			if finite(x.Mean) {
				means = append(means, x.Mean)
			}
		}
		if slices.Sort(means); !constant(means) {
			if low, high := quantile(means, 0.005), quantile(means, 0.995); low < high {
				return scale{low, high}
			}
		}
	}
	s := scale{math.Inf(1), math.Inf(-1)}
	for _, x := range states {
		if finite(x.Mean) {
			s.low, s.high = min(s.low, x.Mean), max(s.high, x.Mean)
		}
	}
	if !(s.low <= s.high) {
		return scale{0, 1}
	}
	if s.low == s.high {
		s.low, s.high = s.low-0.5, s.high+0.5
	}
	return s
}

// at is the place of a state on the scale, 0 to 1 within it.
func (s scale) at(x float64) float64 { return (x - s.low) / (s.high - s.low) }
