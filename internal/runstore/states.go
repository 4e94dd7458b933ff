package runstore

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"github.com/hxgpu/hxgpu/tree"
)

// State is what is known of one trait at one node.
type State struct{ Mean, SD, Q2_5, Median, Q97_5 float64 }

// DescribeState summarises draws of a state, whose order it changes. The
// quantiles are interpolated linearly between the order statistics.
func DescribeState(draws []float64) State {
	n := float64(len(draws))
	if n == 0 {
		nan := math.NaN()
		return State{nan, nan, nan, nan, nan}
	}
	var s State
	for _, x := range draws {
		s.Mean += x / n
	}
	for _, x := range draws {
		s.SD += (x - s.Mean) * (x - s.Mean)
	}
	s.SD = math.Sqrt(s.SD / max(n-1, 1))
	slices.Sort(draws)
	quantile := func(p float64) float64 {
		at := p * (n - 1)
		low := int(at)
		high := min(low+1, len(draws)-1)
		return draws[low] + (at-float64(low))*(draws[high]-draws[low])
	}
	s.Q2_5, s.Median, s.Q97_5 = quantile(0.025), quantile(0.5), quantile(0.975)
	return s
}

// States are the states of all nodes of a tree.
type States struct {
	Tree   *tree.Phylogeny
	Traits []string
	Values [][]State // [trait][node]
}

// NodeNames names every node: as in the tree, or node_ and its index where the
// tree gives none.
func NodeNames(p *tree.Phylogeny) []string {
	names := slices.Clone(p.Names)
	for v, name := range names {
		if name == "" {
			names[v] = "node_" + strconv.Itoa(v)
		}
	}
	return names
}

// Spans gives for every node the first and the last tip below it, two tips of
// which it is the last common ancestor wherever it has several children.
func Spans(t *tree.Topology) (first, last []int) {
	n := t.Size()
	first, last = make([]int, n), make([]int, n)
	for v := n - 1; v >= 0; v-- {
		first[v], last[v] = v, v
		if children := int(t.ChildCount()[v]); children > 0 {
			child := int(t.FirstChild()[v])
			first[v], last[v] = first[child], last[child+children-1]
		}
	}
	return first, last
}

// WriteStates writes the states as a table and as an annotated tree.
func (f *Folder) WriteStates(s States) error {
	if err := f.Write(StatesFile, s.encodeTable); err != nil {
		return err
	}
	return f.Write(TreeFile, s.encodeTree)
}

// statesHeader names the columns of ancestral.csv.
var statesHeader = []string{"node", "name", "tip_1", "tip_2", "trait", "mean", "sd", "q2.5", "median", "q97.5"}

func (s States) encodeTable(w io.Writer) error {
	out := csv.NewWriter(w)
	names := NodeNames(s.Tree)
	first, last := Spans(s.Tree.Topology)
	record := slices.Clone(statesHeader)
	if err := out.Write(record); err != nil {
		return err
	}
	for v := range s.Tree.Topology.Size() {
		record[0], record[1], record[2], record[3] = strconv.Itoa(v), names[v], "", ""
		if !s.Tree.Topology.IsLeaf(v) {
			record[2], record[3] = names[first[v]], names[last[v]]
		}
		for k, trait := range s.Traits {
			x := s.Values[k][v]
			record[4] = trait
			for i, number := range []float64{x.Mean, x.SD, x.Q2_5, x.Median, x.Q97_5} {
				record[5+i] = strconv.FormatFloat(number, 'g', -1, 64)
			}
			if err := out.Write(record); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}

// encodeTree annotates every node with TRAIT, TRAIT_sd and TRAIT_95%, after what
// the tree was read with.
func (s States) encodeTree(w io.Writer) error {
	keys := ColumnNames(s.Traits)
	for i, key := range keys { // a trait may be called as another one's sd
		if slices.Contains(keys[:i], key) || slices.ContainsFunc(keys, func(other string) bool { return key == other+"_sd" }) {
			keys[i] = fmt.Sprintf("%s_trait_%d", key, i+1)
		}
	}
	return s.Tree.WriteNexus(w, func(v int) []tree.Annotation {
		pairs := s.readAnnotations(v, keys)
		for k, key := range keys {
			x := s.Values[k][v]
			pairs = append(pairs, tree.NumberAnnotation(key, x.Mean), tree.NumberAnnotation(key+"_sd", x.SD),
				tree.IntervalAnnotation(key+"_95%", x.Q2_5, x.Q97_5))
		}
		return pairs
	})
}

// readAnnotations are those that a node was read with, but for those that are called
// as ours or cannot be written with them.
func (s States) readAnnotations(v int, keys []string) []tree.Annotation {
	if s.Tree.Annotations == nil {
		return nil
	}
	read, err := tree.ParseAnnotations(s.Tree.Annotations[v])
	if err != nil {
		return nil
	}
	var kept []tree.Annotation
	for _, pair := range read {
		ours := slices.ContainsFunc(keys, func(key string) bool {
			return pair.Key == key || pair.Key == key+"_sd" || pair.Key == key+"_95%"
		})
		twice := slices.ContainsFunc(kept, func(other tree.Annotation) bool { return other.Key == pair.Key })
		if !ours && !twice && pair.Value != "" && pair.Check() == nil {
			kept = append(kept, pair)
		}
	}
	return kept
}
