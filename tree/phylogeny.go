package tree

import (
	"fmt"
	"math"
	"strings"
)

// Phylogeny is a topology with names and edge lengths. Its slices have one
// entry per node of the topology, in its order.
type Phylogeny struct {
	Topology *Topology
	// Name is the tree's name in a NEXUS file, "" elsewhere.
	Name string
	// Default says that a NEXUS file marks the tree with an asterisk.
	Default bool
	// Marks holds the texts within [& ...] before the tree, such as R (rooted), U,
	// W 1/3 or lnP=-12.5.
	Marks []string
	// Names holds the label of each node, "" for an unnamed inner node.
	Names []string
	// Lengths holds the length of the edge above each node, 0 where absent.
	// The root's edge stands at [0].
	Lengths []float64
	// HasLength says which lengths are given.
	HasLength []bool
	// Annotations holds the text within [& ...] of each node, or "". It may be nil.
	// NodeValues takes the values of one key from it.
	Annotations []string
	// EdgeAnnotations holds the same of the edge above each node, which stands
	// behind the colon. It is nil where no edge has any.
	EdgeAnnotations []string
	// Maps holds the stochastic map of the edge above each node, in the order in
	// which it is written: from the node towards the root by the programs that write
	// them. It is nil where no edge has one; the segments add up to the edge's length.
	Maps [][]Segment
}

// Segment is a piece of an edge that is in one state, as a stochastic map says.
type Segment struct {
	State  string
	Length float64
}

// Tips returns the names of the tips in the order of Topology.Leaves.
func (p *Phylogeny) Tips() []string {
	leaves := p.Topology.Leaves()
	tips := make([]string, len(leaves))
	for i, v := range leaves {
		tips[i] = p.Names[v]
	}
	return tips
}

// NodeDepths returns the distance between the root and each node: the sum of
// the lengths of the edges between them. The root's own edge is not counted
// and a missing length counts as 0.
func (p *Phylogeny) NodeDepths() []float64 {
	depths := make([]float64, p.Topology.Size())
	for v, parent := range p.Topology.Parents() {
		if v > 0 {
			depths[v] = depths[parent] + p.Lengths[v]
		}
	}
	return depths
}

// Height is the largest of NodeDepths, the distance between the root and the
// farthest tip.
func (p *Phylogeny) Height() float64 {
	height := 0.0
	for _, depth := range p.NodeDepths() {
		height = max(height, depth)
	}
	return height
}

// Rescale divides all lengths by a positive number.
func (p *Phylogeny) Rescale(divisor float64) {
	for v := range p.Lengths {
		p.Lengths[v] /= divisor
		if p.Maps == nil || p.Maps[v] == nil {
			continue
		}
		p.Lengths[v] = 0 // the sum of the map's segments, as the parser has it
		for i := range p.Maps[v] {
			p.Maps[v][i].Length /= divisor
			p.Lengths[v] += p.Maps[v][i].Length
		}
	}
}

// Describe returns words for a node in a message: the quoted name of a tip or
// a named node, or the ancestor of two tips that it is the last common one of.
func (p *Phylogeny) Describe(v int) string {
	t := p.Topology
	switch {
	case t.IsLeaf(v):
		return "tip " + quote(p.Names[v])
	case v == 0:
		return "the root"
	case p.Names[v] != "":
		return "node " + quote(p.Names[v])
	}
	first, last := v, v
	for !t.IsLeaf(first) {
		first = int(t.firstChild[first])
	}
	for !t.IsLeaf(last) {
		last = int(t.firstChild[last] + t.childCount[last] - 1)
	}
	if first == last {
		return "an ancestor of " + quote(p.Names[first])
	}
	return "an ancestor of " + quote(p.Names[first]) + " and " + quote(p.Names[last])
}

// RequireLengths returns an error that names the first few edges without a
// length; the root's edge needs none.
func (p *Phylogeny) RequireLengths() error {
	var words []string
	missing := 0
	for v := 1; v < len(p.HasLength); v++ {
		if !p.HasLength[v] {
			if missing++; missing <= 3 {
				words = append(words, p.Describe(v))
			}
		}
	}
	if missing == 0 {
		return nil
	}
	more := ""
	if missing > len(words) {
		more = fmt.Sprintf(" and %d more", missing-len(words))
	}
	return fmt.Errorf("tree: %d of %d edges have no length, above %s%s: write a length behind every node, as in (a:1,b:1);",
		missing, p.Topology.Size()-1, strings.Join(words, ", "), more)
}

// Check returns an error when the parts of the phylogeny do not fit together:
// slices of another length than the topology, lengths that are not finite or
// negative, tips without a name or with the same one, names with control
// characters and annotations with unbalanced brackets. A phylogeny that
// ParseNewick returned passes.
func (p *Phylogeny) Check() error {
	if p.Topology == nil {
		return fmt.Errorf("tree: the phylogeny has no topology: set Topology")
	}
	n := p.Topology.Size()
	fits := func(length int, isNil bool) bool { return length == n || isNil }
	if len(p.Names) != n || len(p.Lengths) != n || len(p.HasLength) != n || !fits(len(p.Annotations), p.Annotations == nil) {
		return fmt.Errorf("tree: %d names, %d lengths, %d length marks and %d annotations for %d nodes: give one of each per node (annotations may be nil)",
			len(p.Names), len(p.Lengths), len(p.HasLength), len(p.Annotations), n)
	}
	if !fits(len(p.EdgeAnnotations), p.EdgeAnnotations == nil) || !fits(len(p.Maps), p.Maps == nil) {
		return fmt.Errorf("tree: %d annotations of edges and %d stochastic maps for %d nodes: give one per node, or nil", len(p.EdgeAnnotations), len(p.Maps), n)
	}
	for _, mark := range p.Marks {
		if mark == "" || !balanced(mark) {
			return fmt.Errorf("tree: the mark %s of the tree is empty or has unbalanced brackets", quote(mark))
		}
	}
	tips := make(map[string]int, p.Topology.LeafCount())
	for v, name := range p.Names {
		if length := p.Lengths[v]; !(length >= 0) || math.IsInf(length, 1) {
			return fmt.Errorf("tree: the edge above %s has the length %v: lengths must be finite and 0 or more", p.Describe(v), length)
		}
		for i := range len(name) {
			if c := name[i]; c == '\n' || c == '\r' || isControl(c) {
				return fmt.Errorf("tree: the name %s of node %d has a control character: remove it", quote(name), v)
			}
		}
		if p.Annotations != nil && !balanced(p.Annotations[v]) {
			return fmt.Errorf("tree: the annotation %s of %s has unbalanced brackets", quote(p.Annotations[v]), p.Describe(v))
		}
		if p.EdgeAnnotations != nil && p.EdgeAnnotations[v] != "" && (!balanced(p.EdgeAnnotations[v]) || !p.HasLength[v]) {
			return fmt.Errorf("tree: the annotation %s of the edge above %s has unbalanced brackets, or the edge no length", quote(p.EdgeAnnotations[v]), p.Describe(v))
		}
		if p.Maps != nil {
			if err := p.checkMap(v); err != nil {
				return err
			}
		}
		if !p.Topology.IsLeaf(v) {
			continue
		}
		if name == "" {
			return fmt.Errorf("tree: node %d is a tip without a name", v)
		}
		if other, ok := tips[name]; ok {
			return fmt.Errorf("tree: nodes %d and %d are both tips named %s: rename one", other, v, quote(name))
		}
		tips[name] = v
	}
	return nil
}

// balanced reports whether the square brackets of a text match.
func balanced(text string) bool {
	depth := 0
	for i := range len(text) {
		switch text[i] {
		case '[':
			depth++
		case ']':
			if depth--; depth < 0 {
				return false
			}
		}
	}
	return depth == 0
}
