package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hxgpu/hxgpu/internal/diagnosis"
	"github.com/hxgpu/hxgpu/internal/runstore"
	"github.com/hxgpu/hxgpu/nuts"
)

// eachTree does something for every tree, several at once, until one fails.
func eachTree(trees []*setTree, do func(tree *setTree) error) error {
	var wait sync.WaitGroup
	next := atomic.Int64{}
	failed := make([]error, len(trees))
	for range min(len(trees), runtime.GOMAXPROCS(0)) {
		wait.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(trees); i = int(next.Add(1)) - 1 {
				if err := do(trees[i]); err != nil {
					failed[i] = trees[i].failed(err)
				}
			}
		})
	}
	wait.Wait()
	return errors.Join(failed...)
}

// finish pools the draws of the trees that are finished.
func (t *treeSet) finish(ctx context.Context) error {
	c := t.sampleCommand
	var trees []*setTree
	for _, tree := range t.trees {
		if tree.finished {
			trees = append(trees, tree)
		}
	}
	interrupted := len(trees) < len(t.trees)
	if t.folder != nil {
		if t.record.Phase = runstore.Finished; interrupted {
			t.record.Phase = runstore.Interrupted
		}
	}
	if interrupted {
		goOn := "nothing is kept of the others"
		if t.folder != nil {
			goOn = fmt.Sprintf("hxgpu sample --resume %s goes on with the others", c.out)
		}
		fmt.Fprintf(c.stderr, "interrupted: %d of %d trees are finished; %s\n", len(trees), len(t.trees), goOn)
	}
	if len(trees) >= 2 {
		if err := t.pool(ctx, trees, interrupted); err != nil {
			return err
		}
	}
	if t.folder != nil {
		if err := t.folder.WriteTreeSet(t.record); err != nil {
			return err
		}
		fmt.Fprintf(t.log(), "written to %s\n", c.out)
	}
	if interrupted {
		return errInterrupted
	}
	return nil
}

// pool writes and prints what the draws of some trees say together.
func (t *treeSet) pool(ctx context.Context, trees []*setTree, interrupted bool) error {
	if t.folder != nil {
		err := eachTree(trees, func(tree *setTree) error {
			folder, err := runstore.ExistingFolder(t.folder.Path(tree.Folder))
			if err != nil {
				return err
			}
			return tree.open(folder)
		})
		if err != nil {
			return err
		}
	}
	if err := t.sameDraws(trees); err != nil {
		return err
	}
	summary := t.summary(trees)
	summary.Interrupted = interrupted
	if t.folder != nil {
		if err := t.writePooled(ctx, trees, summary); err != nil {
			return fmt.Errorf("%w; the trees' runs are kept: hxgpu sample --resume %s writes what is missing", err, t.out)
		}
	}
	summary.Total = inSeconds(time.Since(t.started))
	return t.printPooled(trees, summary)
}

// sameDraws keeps of the trees' parameters those that all have, and checks that all
// have as many draws.
func (t *treeSet) sameDraws(trees []*setTree) error {
	var common []string
	for _, name := range trees[0].parameters {
		if !slices.ContainsFunc(trees, func(tree *setTree) bool { return !slices.Contains(tree.parameters, name) }) {
			common = append(common, name)
		}
	}
	for _, tree := range trees {
		var draws [][][]float64
		for _, name := range common {
			draws = append(draws, tree.draws[slices.Index(tree.parameters, name)])
		}
		tree.parameters, tree.draws = common, draws
		for _, chains := range draws {
			if len(chains) != t.chains || len(chains[0]) < t.draws {
				return tree.failed(fmt.Errorf("its run has %s of %d draws where %s of %d are to be pooled", plural(len(chains), "chain"), len(chains[0]), plural(t.chains, "chain"), t.draws))
			}
			for c := range chains {
				chains[c] = chains[c][:t.draws]
			}
		}
	}
	return nil
}

// summary pools the parameters' draws.
func (t *treeSet) summary(trees []*setTree) runstore.PooledSummary {
	s := runstore.PooledSummary{Chains: t.chains, Draws: t.draws, Device: t.info.Name}
	s.Parameters = make(runstore.PooledParameters, len(trees[0].parameters))
	var wait sync.WaitGroup
	for i, name := range trees[0].parameters {
		wait.Go(func() {
			draws := make([][][]float64, len(trees))
			for k, tree := range trees {
				draws[k] = tree.draws[i]
			}
			s.Parameters[i] = runstore.PooledParameter{Name: name, Pooled: nuts.DescribePooled(draws)}
		})
	}
	wait.Wait()
	for _, tree := range trees {
		one := runstore.TreeSummary{Number: tree.Number, Name: tree.Name, Seed: tree.Seed, Findings: []string{}, ESSBulk: runstore.Number(math.Inf(1)), ESSTail: runstore.Number(math.Inf(1))}
		for _, chain := range tree.found.Chains {
			one.Divergences += chain.Divergent
		}
		for _, p := range tree.found.Parameters {
			one.Rhat = max(one.Rhat, runstore.Number(p.Statistics.Rhat))
			one.ESSBulk, one.ESSTail = min(one.ESSBulk, runstore.Number(p.ESSBulk)), min(one.ESSTail, runstore.Number(p.ESSTail))
		}
		for _, f := range tree.found.Findings() {
			one.Findings = append(one.Findings, f.Code)
		}
		s.Divergences += one.Divergences
		s.Trees = append(s.Trees, one)
	}
	return s
}

// writePooled writes the files of the set.
func (t *treeSet) writePooled(ctx context.Context, trees []*setTree, s runstore.PooledSummary) error {
	draws := make([]runstore.TreeDraws, len(trees))
	for i, tree := range trees {
		draws[i] = runstore.TreeDraws{Number: tree.Number, Values: tree.draws}
	}
	if len(trees[0].parameters) > 0 {
		if err := t.folder.WritePooledDraws(trees[0].parameters, draws); err != nil {
			return err
		}
	}
	if t.stateDraws > 0 {
		if err := t.writeClades(ctx, trees); err != nil {
			return err
		}
	}
	return t.folder.WritePooled(s)
}

// printPooled writes the summary and what is wrong.
func (t *treeSet) printPooled(trees []*setTree, s runstore.PooledSummary) error {
	warnings := t.treeFindings(trees)
	if t.json {
		printWarnings(t.stderr, warnings)
		return runstore.EncodeJSON(t.stdout, s)
	}
	fmt.Fprintln(t.log())
	if err := printPooledTable(t.stdout, s.Parameters); err != nil {
		return err
	}
	w := t.log()
	fmt.Fprintln(w, "(between: the share of the variance that lies between trees; trees: independent ones that they are worth; R-hat and ESS: of the worst tree)")
	fmt.Fprintf(w, "%s in %d draws of %d trees\n", plural(s.Divergences, "divergence"), s.Chains*s.Draws*len(trees), len(trees))
	fmt.Fprintf(w, "wall time: %s, %s a tree\n", seconds(s.Total), seconds(s.Total/runstore.Number(len(trees))))
	printWarnings(t.stderr, warnings)
	return nil
}

func printPooledTable(w io.Writer, parameters runstore.PooledParameters) error {
	rows := [][]string{{"parameter", "mean", "sd", "mcse", "2.5 %", "median", "97.5 %", "between", "trees", "R-hat", "ESS bulk", "ESS tail"}}
	for _, p := range parameters {
		rows = append(rows, []string{p.Name, figure(p.Mean), figure(p.SD), fmt.Sprintf("%.2g", p.MCSEMean), figure(p.Q2_5), figure(p.Median), figure(p.Q97_5),
			fmt.Sprintf("%.1f %%", 100*p.Between), fmt.Sprintf("%.0f", p.Trees), fmt.Sprintf("%.4f", p.Rhat), fmt.Sprintf("%.0f", p.ESSBulk), fmt.Sprintf("%.0f", p.ESSTail)})
	}
	return printTable(w, rows)
}

// treeFindings says what is wrong with the chains, and on which trees.
func (t *treeSet) treeFindings(trees []*setTree) []string {
	var codes []string
	of := map[string][]*setTree{}
	first := map[string]diagnosis.Finding{}
	for _, tree := range trees {
		for _, f := range tree.found.Findings() {
			if of[f.Code] == nil {
				codes, first[f.Code] = append(codes, f.Code), f
			}
			of[f.Code] = append(of[f.Code], tree)
		}
	}
	var texts []string
	for _, code := range codes {
		which := fmt.Sprintf("tree %d", of[code][0].Number)
		if n := len(of[code]); n > 1 {
			which = fmt.Sprintf("%d trees (%s), for one tree %d", n, t.numbers(of[code]), of[code][0].Number)
		}
		texts = append(texts, which+": "+first[code].Text)
	}
	return texts
}
