package main

import (
	"fmt"
	"math"

	"github.com/hxgpu/hxgpu/nuts"
	"github.com/hxgpu/hxgpu/tree"
)

// growing is a tree in the making; each node's length is that of the edge above.
type growing struct {
	parents []int
	lengths []float64
}

func (g *growing) add(parent int, length float64) int {
	g.parents, g.lengths = append(g.parents, parent), append(g.lengths, length)
	return len(g.parents) - 1
}

// phylogeny names the tips t1, t2, ... in the order of the leaves.
func (g *growing) phylogeny() (*tree.Phylogeny, error) {
	topology, order, err := tree.FromParents(g.parents)
	if err != nil {
		return nil, err
	}
	n := topology.Size()
	p := &tree.Phylogeny{Topology: topology, Names: make([]string, n), Lengths: make([]float64, n), HasLength: make([]bool, n)}
	for v, old := range order {
		p.Lengths[v], p.HasLength[v] = g.lengths[old], v > 0
	}
	for i, v := range topology.Leaves() {
		p.Names[v] = fmt.Sprintf("t%d", i+1)
	}
	return p, nil
}

// balancedTree halves the tips at every node, inner nodes of one level at one
// depth and all tips at the full height.
func balancedTree(tips int, height float64) (*tree.Phylogeny, error) {
	levels := math.Ceil(math.Log2(float64(tips)))
	var g growing
	type clade struct {
		node, tips int
		level      float64
	}
	queue := []clade{{g.add(-1, 0), tips, 0}}
	for next := 0; next < len(queue); next++ {
		c := queue[next]
		for _, n := range []int{c.tips - c.tips/2, c.tips / 2} {
			if n == 1 {
				g.add(c.node, height*(1-c.level/levels))
				continue
			}
			queue = append(queue, clade{g.add(c.node, height/levels), n, c.level + 1})
		}
	}
	return g.phylogeny()
}

// yuleTree grows a tree by pure birth: with k lineages the next one splits, any
// of them as likely as the others, after an exponential time of rate k; when
// there are as many as asked for, all live on for one more such time. The tree is
// then scaled to its height.
func yuleTree(tips int, height float64, random *nuts.Stream) (*tree.Phylogeny, error) {
	var g growing
	root := g.add(-1, 0)
	living := []int{g.add(root, 0), g.add(root, 0)}
	born := []float64{0, 0, 0} // when each node's edge begins
	now := 0.0
	wait := func() { now -= math.Log(random.Uniform()) / float64(len(living)) }
	for wait(); len(living) < tips; wait() {
		i := min(int(random.Uniform()*float64(len(living))), len(living)-1)
		parent := living[i]
		g.lengths[parent] = now - born[parent]
		living[i] = g.add(parent, 0)
		living = append(living, g.add(parent, 0))
		born = append(born, now, now)
	}
	for _, v := range living {
		g.lengths[v] = now - born[v]
	}
	for v := range g.lengths {
		g.lengths[v] *= height / now
	}
	return g.phylogeny()
}
