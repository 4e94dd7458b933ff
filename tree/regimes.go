package tree

import (
	"fmt"
	"maps"
	"slices"
)

// Regimes say in which regime the edge above each node is.
type Regimes struct {
	Names []string // sorted
	// Codes holds the place in Names of the regime of the edge above each node; the
	// root's is the regime in which the tree begins.
	Codes []int
	// Changes counts the edges whose regime is not that of the edge before them.
	Changes int
}

// ParsimonyRegimes gives every edge the state of its lower node, as [Topology.Parsimony]
// finds it from states of the tips: codes into levels, in the order of Leaves, -1 where
// missing. Levels that no tip has are left out.
func (p *Phylogeny) ParsimonyRegimes(tips []int, levels []string) (*Regimes, error) {
	nodes, _, err := p.Topology.Parsimony(tips, len(levels))
	if err != nil {
		return nil, err
	}
	states := make([]string, len(nodes))
	for v, s := range nodes {
		states[v] = levels[s]
	}
	if !slices.ContainsFunc(tips, func(s int) bool { return s >= 0 }) {
		return nil, fmt.Errorf("tree: every tip's state is missing: parsimony has nothing to go by")
	}
	return p.regimes(states)
}

// AnnotatedRegimes gives the edge above each node the value of a key of the annotations
// of the node, or of the edge. Where the root has none the tree begins in the regime of
// most of its children's edges, the first by name if there are several such.
func (p *Phylogeny) AnnotatedRegimes(key string) (*Regimes, error) {
	values, err := p.NodeValues(key)
	if err != nil {
		return nil, err
	}
	return p.regimes(values)
}

// MappedRegimes takes the regimes from the stochastic map of the tree. An edge that has
// several is cut, by nodes with one child and no name, so that each edge of the new
// phylogeny has one; it has no map, and Topology.Leaves may be in another order than
// before. Pieces of length 0 are left out beside others. The tree begins in the regime
// of the root's own edge, or else as [Phylogeny.AnnotatedRegimes] says.
func (p *Phylogeny) MappedRegimes() (*Phylogeny, *Regimes, error) {
	if p.Maps == nil {
		return nil, nil, fmt.Errorf("tree: the tree has no stochastic map: write {state,length:state,length} for the length of every edge")
	}
	n := p.Topology.Size()
	parents, states, lengths := make([]int, n), make([]string, n), slices.Clone(p.Lengths)
	for v := range n {
		parents[v] = p.Topology.Parent(v)
		segments := joinSegments(p.Maps[v])
		switch {
		case v == 0 && segments == nil:
			continue
		case segments == nil:
			return nil, nil, fmt.Errorf("tree: the edge above %s has no stochastic map: write {state,length} for its length", p.Describe(v))
		case v == 0:
			states[0] = segments[0].State
			continue
		}
		// The first segment is the one that ends in the node.
		above := parents[v]
		states[v], lengths[v] = segments[0].State, segments[0].Length
		last := v
		for _, s := range segments[1:] {
			parents[last], last = len(parents), len(parents)
			parents, states, lengths = append(parents, above), append(states, s.State), append(lengths, s.Length)
		}
	}
	topology, order, err := FromParents(parents)
	if err != nil {
		return nil, nil, err
	}
	split := &Phylogeny{Topology: topology, Name: p.Name, Default: p.Default, Marks: p.Marks,
		Names: make([]string, len(order)), Lengths: make([]float64, len(order)), HasLength: make([]bool, len(order))}
	if p.Annotations != nil {
		split.Annotations = make([]string, len(order))
	}
	if p.EdgeAnnotations != nil {
		split.EdgeAnnotations = make([]string, len(order))
	}
	ordered := make([]string, len(order))
	for v, old := range order {
		ordered[v], split.Lengths[v], split.HasLength[v] = states[old], lengths[old], true
		if old >= n {
			continue
		}
		split.Names[v], split.HasLength[v] = p.Names[old], p.HasLength[old]
		if p.Annotations != nil {
			split.Annotations[v] = p.Annotations[old]
		}
		if p.EdgeAnnotations != nil {
			split.EdgeAnnotations[v] = p.EdgeAnnotations[old]
		}
	}
	regimes, err := split.regimes(ordered)
	return split, regimes, err
}

// joinSegments leaves out pieces of length 0 beside others, and joins neighbours of one
// state.
func joinSegments(segments []Segment) []Segment {
	var joined []Segment
	for _, s := range segments {
		switch last := len(joined) - 1; {
		case last >= 0 && joined[last].State == s.State:
			joined[last].Length += s.Length
		case last >= 0 && s.Length == 0:
		case last == 0 && joined[0].Length == 0:
			joined[0] = s
		default:
			joined = append(joined, s)
		}
	}
	return joined
}

// regimes numbers the states of the edges above all nodes.
func (p *Phylogeny) regimes(states []string) (*Regimes, error) {
	if states[0] == "" {
		states[0] = p.beginning(states)
	}
	names := map[string]bool{}
	for v := 1; v < len(states); v++ {
		if states[v] == "" {
			return nil, fmt.Errorf("tree: the edge above %s has no regime: every edge needs one", p.Describe(v))
		}
		names[states[v]] = true
	}
	if len(states) > 1 && !names[states[0]] {
		return nil, fmt.Errorf("tree: the root has the regime %s, which no edge has: give it that of an edge, or none", quote(states[0]))
	}
	r := &Regimes{Names: slices.Sorted(maps.Keys(names)), Codes: make([]int, len(states))}
	for v, state := range states {
		r.Codes[v], _ = slices.BinarySearch(r.Names, state)
		if v > 0 && r.Codes[v] != r.Codes[p.Topology.Parent(v)] {
			r.Changes++
		}
	}
	return r, nil
}

// beginning is the state of most edges below the root, the first by name.
func (p *Phylogeny) beginning(states []string) (best string) {
	first, end := p.Topology.firstChild[0], p.Topology.firstChild[0]+p.Topology.childCount[0]
	count := map[string]int{}
	for v := first; v < end; v++ {
		count[states[v]]++
	}
	for state, n := range count {
		if n > count[best] || n == count[best] && state < best {
			best = state
		}
	}
	return best
}

// Extent is how much of a tree a regime takes up.
type Extent struct {
	Edges  int
	Length float64 // of all its edges together
}

// Extents are those of the regimes, in the order of Names.
func (r *Regimes) Extents(p *Phylogeny) []Extent {
	extents := make([]Extent, len(r.Names))
	for v := 1; v < len(r.Codes); v++ {
		e := &extents[r.Codes[v]]
		e.Edges++
		e.Length += p.Lengths[v]
	}
	return extents
}
