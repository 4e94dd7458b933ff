package bffg

import (
	"math"

	"github.com/hxgpu/hxgpu/tree"
)

// CommonAncestor is the last common ancestor of the tips that have a value; the root
// where none has.
func (d Data) CommonAncestor() int {
	observed := make([]bool, d.Topology.Size()) // at or below the node
	for i, v := range d.Topology.Leaves() {
		for k := range d.Values {
			observed[v] = observed[v] || !math.IsNaN(d.Values[k][i])
		}
	}
	for v := len(observed) - 1; v > 0; v-- { // children stand behind their parents
		p := d.Topology.Parent(v)
		observed[p] = observed[p] || observed[v]
	}
	at := 0
	for {
		next, count := 0, 0
		first := int(d.Topology.FirstChild()[at])
		for v := first; v < first+int(d.Topology.ChildCount()[at]); v++ {
			if observed[v] {
				next = v
				count++
			}
		}
		if count != 1 {
			return at
		}
		at = next
	}
}

// Below is the data of a node and what descends from it; the node becomes the root.
// Comparative methods in R, which drop tips without values, estimate the state of their
// last common ancestor so.
func (d Data) Below(node int) (Data, error) {
	n := d.Topology.Size()
	number := make([]int, n) // in the part, from 1
	var old, parents []int
	for v := node; v < n; v++ {
		switch {
		case v == node:
			parents = append(parents, 0)
		case number[d.Topology.Parent(v)] > 0:
			parents = append(parents, number[d.Topology.Parent(v)]-1)
		default:
			continue
		}
		old = append(old, v)
		number[v] = len(old)
	}
	topology, order, err := tree.FromParents(parents)
	if err != nil {
		return Data{}, err
	}
	part := Data{Topology: topology, Lengths: make([]float64, len(order)), RegimeNames: d.RegimeNames}
	for v, was := range order {
		from := old[was]
		part.Lengths[v] = d.Lengths[from]
		if d.Names != nil {
			part.Names = append(part.Names, d.Names[from])
		}
		if d.Regimes != nil {
			part.Regimes = append(part.Regimes, d.Regimes[from])
		}
	}
	part.Lengths[0] = 0
	tips := map[int]int{} // the places of the tips
	for i, v := range d.Topology.Leaves() {
		tips[v] = i
	}
	take := func(all [][]float64) [][]float64 {
		if all == nil {
			return nil
		}
		taken := make([][]float64, len(all))
		for k := range all {
			for _, v := range topology.Leaves() {
				taken[k] = append(taken[k], all[k][tips[old[order[v]]]])
			}
		}
		return taken
	}
	part.Values, part.Variances = take(d.Values), take(d.Variances)
	return part, nil
}
