package main

import (
	"context"

	"github.com/hxgpu/hxgpu/device/cpu"
	"github.com/hxgpu/hxgpu/internal/runstore"
	"github.com/hxgpu/hxgpu/tree"
)

// writeClades writes the states of the nodes of the tree of maximum clade
// credibility, each pooled over the trees that have its clade.
func (t *treeSet) writeClades(ctx context.Context, trees []*setTree) error {
	phylogenies := make([]*tree.Phylogeny, len(trees))
	for i := range trees {
		phylogenies[i] = trees[i].phylogeny
	}
	summary := phylogenies[tree.MaximumCladeCredibility(phylogenies)]
	counts, clades := tree.CladeCounts(phylogenies), summary.Clades()
	place := map[tree.Clade]int{}
	for v, clade := range clades {
		place[clade] = v
	}
	// The states of all trees' draws are held at once; ten times as many as of one tree
	// have the uncertainty of the trees too.
	n := min(t.stateDraws, max(10*t.stateDraws/len(trees), 10), mostStates/(len(clades)*len(t.first.in.traits)*len(trees)))
	n = max(n, t.chains)
	of := make([][][]float64, len(trees)) // [tree][trait and node of the summary][draw]
	at := map[*setTree]int{}
	for i, one := range trees {
		at[one] = i
	}
	err := eachTree(trees, func(one *setTree) (err error) {
		of[at[one]], err = t.cladeStates(ctx, one, place, n)
		return err
	})
	if err != nil {
		return err
	}
	values := make([][]runstore.State, len(t.first.in.traits))
	for k := range values {
		values[k] = make([]runstore.State, len(clades))
		for v := range clades {
			var draws []float64
			for i := range trees {
				draws = append(draws, of[i][k*len(clades)+v]...)
			}
			values[k][v] = runstore.DescribeState(draws)
		}
	}
	posterior := make([]float64, len(clades))
	for v, clade := range clades {
		posterior[v] = float64(counts[clade]) / float64(len(trees))
	}
	return t.folder.WriteStates(runstore.States{Tree: summary, Traits: t.first.in.traits, Values: values, Posterior: posterior})
}

// cladeStates draws the states of a tree's nodes anew, as its run did, for the nodes of
// the summary that have the same clades: [trait and node of the summary][draw].
func (t *treeSet) cladeStates(ctx context.Context, one *setTree, place map[tree.Clade]int, n int) (states [][]float64, err error) {
	folder, err := runstore.ExistingFolder(t.folder.Path(one.Folder))
	if err != nil {
		return nil, err
	}
	s := &sampled{}
	if s.record, err = folder.ReadRun(); err != nil {
		return nil, err
	}
	c, err := restoredCommand(folder, s.record)
	if err != nil {
		return nil, err
	}
	if err := c.prepare(s); err != nil {
		return nil, err
	}
	if s.drawn, err = openDrawn(folder, s.record); err != nil {
		return nil, err
	}
	defer s.drawn.close()
	picks, err := c.picks(s, n)
	states = make([][]float64, len(t.first.in.traits)*len(place))
	if err != nil || len(picks) == 0 {
		return states, err
	}
	dev, err := cpu.Open(cpu.Options{Workers: 1})
	if err != nil {
		return nil, err
	}
	defer dev.Close()
	clades := s.in.phylogeny.Clades()
	err = s.sweep(ctx, dev, picks, func(_ int, state func(k, v int) float64) {
		for v, clade := range clades {
			to, ok := place[clade]
			for k := 0; ok && k < len(t.first.in.traits); k++ {
				at := k*len(place) + to
				states[at] = append(states[at], state(k, v))
			}
		}
	})
	return states, err
}
