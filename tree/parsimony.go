package tree

import "fmt"

// Parsimony gives every node one of so many states, as few changes along the edges as
// there can be (Sankoff 1975, SIAM J. Appl. Math. 28:35, with all changes of equal
// cost; for two-way splits the algorithm of Fitch 1971, Syst. Zool. 20:406). The tips
// have the given states, in the order of Leaves; a tip with -1 is missing and takes
// what costs least. Nodes may have any number of children.
//
// Where several states are as good, a node takes its parent's if that is among them,
// and else the first; so changes stand as near to the tips as they can. At the root
// the first of the best states is taken.
func (t *Topology) Parsimony(tips []int, states int) (nodes []int, changes int, err error) {
	leaves := t.Leaves()
	if len(tips) != len(leaves) {
		return nil, 0, fmt.Errorf("tree: %d states of tips for %d tips: give one per tip", len(tips), len(leaves))
	}
	if states < 1 {
		return nil, 0, fmt.Errorf("tree: %d states: there must be at least 1", states)
	}
	n := t.Size()
	// cost[v*states+s] is the fewest changes below v if it is in state s.
	cost := make([]int32, n*states)
	const impossible = int32(1) << 28
	for i, v := range leaves {
		if tips[i] < -1 || tips[i] >= states {
			return nil, 0, fmt.Errorf("tree: tip %d has the state %d: states run from 0 to %d, and -1 is missing", i, tips[i], states-1)
		}
		for s := range states {
			if tips[i] >= 0 && s != tips[i] {
				cost[v*states+s] = impossible
			}
		}
	}
	least := func(v int) (best int) {
		for s := range states {
			if cost[v*states+s] < cost[v*states+best] {
				best = s
			}
		}
		return best
	}
	for v := n - 1; v > 0; v-- {
		parent := t.Parent(v)
		other := cost[v*states+least(v)] + 1
		for s := range states {
			cost[parent*states+s] += min(cost[v*states+s], other)
		}
	}
	nodes = make([]int, n)
	nodes[0] = least(0)
	changes = int(cost[nodes[0]])
	for v := 1; v < n; v++ {
		best, from := least(v), nodes[t.Parent(v)]
		if nodes[v] = best; cost[v*states+from] <= cost[v*states+best]+1 {
			nodes[v] = from
		}
	}
	return nodes, changes, nil
}
