package tree

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
)

// Clade identifies the set of tips below a node by their names, whatever the order in
// which a tree has them. Of nodes with the same tips, which nodes with one child make,
// each has its own: the one nearest to the tips is that of the same set in trees
// without such nodes. Two sets have the same Clade with a probability of 2^-128.
type Clade struct {
	high, low uint64
	above     int // nodes with the same tips that lie below
}

// Clades returns the clade of every node.
func (p *Phylogeny) Clades() []Clade {
	t := p.Topology
	clades := make([]Clade, t.Size())
	for v := t.Size() - 1; v >= 0; v-- {
		if t.IsLeaf(v) {
			sum := sha256.Sum256([]byte(p.Names[v]))
			clades[v] = Clade{high: binary.LittleEndian.Uint64(sum[:]), low: binary.LittleEndian.Uint64(sum[8:])}
			continue
		}
		first, children := int(t.FirstChild()[v]), int(t.ChildCount()[v])
		if children == 1 {
			clades[v] = clades[first]
			clades[v].above++
			continue
		}
		for _, below := range clades[first : first+children] {
			clades[v].high += below.high
			clades[v].low += below.low
		}
	}
	return clades
}

// CladeCounts counts the trees that have each clade.
func CladeCounts(trees []*Phylogeny) map[Clade]int {
	counts := map[Clade]int{}
	for _, p := range trees {
		for _, clade := range p.Clades() {
			counts[clade]++
		}
	}
	return counts
}

// MaximumCladeCredibility returns the place of the tree whose clades are, multiplied
// together, the most frequent among the trees; of equal ones the first. It is the
// tree on which BEAST's TreeAnnotator summarises a sample of trees.
func MaximumCladeCredibility(trees []*Phylogeny) int {
	counts := CladeCounts(trees)
	best, highest := 0, math.Inf(-1)
	for i, p := range trees {
		credibility := 0.0
		for _, clade := range p.Clades() {
			credibility += math.Log(float64(counts[clade]) / float64(len(trees)))
		}
		if credibility > highest+1e-9 { // the order of a sum is not that of the clades
			best, highest = i, credibility
		}
	}
	return best
}
