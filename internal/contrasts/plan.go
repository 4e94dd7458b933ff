package contrasts

import (
	"fmt"
	"math"

	"github.com/hxgpu/hxgpu/tree"
)

// Plan computes the contrasts of one pattern of observed tips on a tree: the weights of
// the pruning do not depend on the values. Tips without a value are pruned, nodes that
// this leaves with one child are passed through, and a node with k children is resolved
// into k-1 contrasts with edges of length 0 between, in the order of the children. Two
// lineages that meet with no length between them have no contrast.
type Plan struct {
	tips   []int // positions of the observed tips, the first items
	steps  []step
	height []float64 // distance from the root of each contrast's node
	sd     []float64 // of each contrast before it is standardised, square root of length
	// root is the item that all others end in, and rootVariance the variance of its
	// state, in units of length.
	root         int
	rootVariance float64
	meanDepth    float64 // of the observed tips, errors included
}

// step joins two items into a new one.
type step struct {
	a, b             int
	weightA, weightB float64 // of the new item's state
	scale            float64 // of the contrast; 0 where there is none
}

// New plans contrasts. Lengths are those of the edge above each node; errors, in units
// of length, are the variance of the tips' observations around their states in the order
// of Topology.Leaves, by which the tips' edges are longer (nil for none); observed says
// which tips have a value, two at least.
func New(topology *tree.Topology, lengths, errors []float64, observed []bool) (*Plan, error) {
	p := &Plan{}
	n := topology.Size()
	depth := make([]float64, n)
	for v := 1; v < n; v++ {
		depth[v] = depth[topology.Parent(v)] + lengths[v]
	}
	item, variance := make([]int, n), make([]float64, n) // of what is observed below each node, at the node
	for v := range item {
		item[v] = -1
	}
	for i, v := range topology.Leaves() {
		if !observed[i] {
			continue
		}
		item[v] = len(p.tips)
		p.tips = append(p.tips, i)
		if errors != nil {
			variance[v] = errors[i]
		}
		p.meanDepth += depth[v] + variance[v]
	}
	if len(p.tips) < 2 {
		return nil, fmt.Errorf("contrasts need values of two tips at least, there are %d", len(p.tips))
	}
	p.meanDepth /= float64(len(p.tips))
	first, count := topology.FirstChild(), topology.ChildCount()
	next := len(p.tips)
	for v := n - 1; v >= 0; v-- { // children stand behind their parents
		for c := first[v]; c < first[v]+count[v]; c++ {
			if item[c] < 0 {
				continue
			}
			below := variance[c] + lengths[c]
			if item[v] < 0 {
				item[v], variance[v] = item[c], below
				continue
			}
			p.join(item[v], item[c], variance[v], below, depth[v])
			total := variance[v] + below
			if total > 0 {
				variance[v] *= below / total
			}
			item[v] = next
			next++
		}
	}
	p.root, p.rootVariance = item[0], variance[0]
	return p, nil
}

// join adds a step.
func (p *Plan) join(a, b int, varianceA, varianceB, height float64) {
	s := step{a: a, b: b, weightA: 0.5, weightB: 0.5}
	if total := varianceA + varianceB; total > 0 {
		s.weightA, s.weightB, s.scale = varianceB/total, varianceA/total, 1/math.Sqrt(total)
		p.height, p.sd = append(p.height, height), append(p.sd, math.Sqrt(total))
	}
	p.steps = append(p.steps, s)
}

// Contrasts are the standardised contrasts of a trait, with what each is seen against.
type Contrasts struct {
	Values []float64 // (difference) / sqrt(length between)
	SD     []float64 // sqrt(length between)
	Height []float64 // distance of the node from the root
	State  []float64 // of the node, reconstructed from the tips below it
	Root   float64   // the root's state: the phylogenetic mean
}

// Of computes the contrasts of values, one for each tip in the order of Topology.Leaves.
func (p *Plan) Of(values []float64) Contrasts {
	c := Contrasts{SD: p.sd, Height: p.height}
	state := make([]float64, 0, len(p.tips)+len(p.steps))
	for _, i := range p.tips {
		state = append(state, values[i])
	}
	for _, s := range p.steps {
		x := s.weightA*state[s.a] + s.weightB*state[s.b]
		if s.scale > 0 {
			c.Values = append(c.Values, (state[s.a]-state[s.b])*s.scale)
			c.State = append(c.State, x)
		}
		state = append(state, x)
	}
	c.Root = state[p.root]
	return c
}
