package bench

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/nuts"
	"github.com/hxgpu/hxgpu/tree"
)

// The trees of cases.
const (
	Balanced    = "balanced"    // binary, all leaves at one depth
	Random      = "random"      // every leaf as likely as the others to split next (Yule)
	Caterpillar = "caterpillar" // one leaf leaves the stem at every node
)

// Case is one thing to measure: a model on a binary tree whose edges have length 1.
type Case struct {
	Tree   string // Balanced if empty
	Leaves int    // 2 to 2^24; a power of two if the tree is balanced
	Traits int    // 1: the built-in example's model; more: Brownian motion with a full rate matrix
	Chains int
}

// check finds cases that cannot be measured.
func (c Case) check() error {
	switch {
	case c.Leaves < 2 || c.Leaves > 1<<24:
		return fmt.Errorf("bench: a tree of %d leaves; it must have 2 to %d", c.Leaves, 1<<24)
	case (c.Tree == "" || c.Tree == Balanced) && bits.OnesCount(uint(c.Leaves)) != 1:
		return fmt.Errorf("bench: a balanced tree of %d leaves; their number must be a power of two", c.Leaves)
	case c.Traits < 1 || c.Chains < 1:
		return fmt.Errorf("bench: %d traits and %d chains; there must be at least one of each", c.Traits, c.Chains)
	}
	return nil
}

// target is the model of a case with made-up data.
func (c Case) target() (*bffg.Target, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	topology, err := grow(c.Tree, c.Leaves)
	if err != nil {
		return nil, err
	}
	data := bffg.Data{Topology: topology, Lengths: make([]float64, topology.Size())}
	for v := 1; v < len(data.Lengths); v++ {
		data.Lengths[v] = 1
	}
	traits := make([]string, c.Traits)
	for k := range traits {
		traits[k] = fmt.Sprintf("x%d", k+1)
		values := make([]float64, topology.LeafCount())
		for i := range values {
			values[i] = math.Sin(float64(i + 7*k*i))
		}
		data.Values = append(data.Values, values)
	}
	if c.Traits == 1 {
		return bffg.NewTarget(bffg.Seed(), data)
	}
	return bffg.NewTarget(bffg.BrownianMotion(traits, data), data)
}

// grow makes a tree of some leaves; the random one is the same every time.
func grow(kind string, leaves int) (*tree.Topology, error) {
	parents := make([]int, 1, 2*leaves-1)
	parents[0] = -1
	split := func(v int) { parents = append(parents, v, v) }
	switch kind {
	case "", Balanced:
		return tree.Symmetric(bits.Len(uint(leaves))-1, 2)
	case Caterpillar:
		for stem := 0; len(parents) < 2*leaves-1; stem = len(parents) - 1 {
			split(stem)
		}
	case Random:
		stream, tips := nuts.NewStream(uint64(leaves), 0, 0, nuts.PurposeSimulation), []int{0}
		for len(tips) < leaves {
			i := min(int(stream.Uniform()*float64(len(tips))), len(tips)-1)
			split(tips[i])
			tips[i] = len(parents) - 2
			tips = append(tips, len(parents)-1)
		}
	default:
		return nil, fmt.Errorf("bench: there is no tree %q; use %s, %s or %s", kind, Balanced, Random, Caterpillar)
	}
	topology, _, err := tree.FromParents(parents)
	return topology, err
}
