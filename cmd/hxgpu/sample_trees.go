package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/hxgpu/hxgpu/bffg/prior"
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/internal/runstore"
)

// treesHelp explains runs over a set of trees to the readers of help.
const treesHelp = `A file with a sample of trees (of BEAST, MrBayes, RevBayes) gives intervals that hold the
uncertainty of the tree too: --tree-index all, or 1,5,10-100, or 10-100:10 and all:10
(every tenth), with --burnin-trees 25% to leave out the first. Every tree has chains, a
warm-up and a seed of its own; the draws are pooled, and every tree counts the same,
however well the traits go with it. All trees have the same tips, in any order, and the
same priors: those that take their scale from the data take it from the first tree that
is chosen. The summary has, of each parameter, the share of its variance that lies
between trees; R-hat and the effective sample sizes are those of the worst tree, as
chains on different trees are not to agree; mcse is the error of the mean over all trees
of which these are a sample, correlated as their order shows (where there are 20 or
more); trees is how many independent ones they are worth. --out DIR has a folder for each
tree, such as DIR/tree_0007, with the files of a run, and at the top summary.json,
summary.csv, draws.csv (the pooled draws, by tree) and the ancestors' states, pooled over
the trees that have the clade, on the tree of maximum clade credibility, with the clades'
posterior frequency. --resume DIR goes on with the set.`

// treeSet is a run over a set of trees.
type treeSet struct {
	*sampleCommand
	started time.Time
	folder  *runstore.Folder // nil without --out
	record  runstore.TreeSet
	trees   []*setTree
	total   int // trees in the file
	given   map[string]inputFile
	shared  []string    // settings of every tree's run, as flag and value in turn
	priors  []string    // as --prior takes them, likewise
	first   *sampled    // the first tree's data and model
	info    device.Info // of every tree's run
}

// ofTrees reports whether the command is for a set of trees: a new one, or one to go
// on with.
func (c *sampleCommand) ofTrees() (bool, error) {
	if c.resume != "" {
		folder, err := runstore.ExistingFolder(c.resume)
		return err == nil && !folder.Holds(runstore.RunFile) && folder.Holds(runstore.TreesFile), nil
	}
	index, err := parseTreeIndex(c.files.treeIndex)
	if err != nil {
		return false, err
	}
	if c.burninTrees != "0" && !index.takesAll() {
		return false, usagef("--burnin-trees goes with --tree-index all")
	}
	return len(index.some) > 0, nil
}

// runTrees runs the chains of every tree of a set, and pools their draws.
func (c *sampleCommand) runTrees(ctx context.Context) error {
	t := &treeSet{sampleCommand: c, started: time.Now()}
	var lock *runstore.Lock
	defer func() {
		if lock != nil {
			lock.Unlock() //nolint:errcheck // it goes with the process
		}
	}()
	if c.resume != "" {
		var err error
		if lock, err = t.restoreTrees(); err != nil {
			return fmt.Errorf("--resume: %w", err)
		}
	}
	c.files.several = true
	if err := c.check(); err != nil {
		return err
	}
	if c.model.model == shapeModel {
		return usagef("--tree-index %s: shapes are sampled on one tree at a time", c.files.treeIndex)
	}
	if !c.changed("draws") { // the set has many
		c.draws = defaultTreeDraws
	}
	if err := t.readTrees(); err != nil {
		return err
	}
	if n := len(t.trees); c.chains*c.draws > mostTreeDraws/n {
		return usagef("--chains %d, --draws %d on each of %d trees: more than %d draws in all; ask for fewer, or for every tenth tree by all:10", c.chains, c.draws, n, mostTreeDraws)
	}
	if err := t.prepareTrees(ctx); err != nil {
		return err
	}
	if c.out != "" && c.resume == "" {
		var err error
		if lock, err = t.createFolder(); err != nil {
			return fmt.Errorf("--out: %w", err)
		}
	}
	if t.folder != nil && c.resume != "" {
		t.record.Phase, t.record.Flags["draws"] = runstore.Running, []string{fmt.Sprint(c.draws)}
		if err := t.writeRecord(); err != nil {
			return fmt.Errorf("--resume: %w", err)
		}
	}
	if err := t.runAll(ctx); err != nil && !errors.Is(err, errInterrupted) {
		return err
	}
	return t.finish(context.WithoutCancel(ctx))
}

const (
	// defaultTreeDraws is the number of draws of a chain where many trees have some.
	defaultTreeDraws = 1000
	mostTreeDraws    = 100_000_000
)

// restoreTrees takes the settings from the folder of --resume.
func (t *treeSet) restoreTrees() (lock *runstore.Lock, err error) {
	c := t.sampleCommand
	draws, more := c.draws, c.changed("draws")
	if err := c.onlyWithResume(); err != nil {
		return nil, err
	}
	if t.folder, err = runstore.ExistingFolder(c.resume); err != nil {
		return nil, err
	}
	if lock, err = t.folder.Lock(); err != nil {
		return nil, err
	}
	if err := t.folder.Sweep(); err != nil {
		return lock, err
	}
	if t.record, err = t.folder.ReadTreeSet(); err != nil {
		return lock, err
	}
	if err := c.restore(t.folder, runstore.Run{Flags: t.record.Flags, Data: runstore.DataFiles{Files: t.record.Files}}); err != nil {
		return lock, err
	}
	if more && draws < c.draws {
		return lock, usagef("--draws %d: the runs in %s have or were to have %d already; ask for as many at least", draws, c.resume, c.draws)
	} else if more {
		c.draws = draws
	}
	c.out = filepath.Clean(c.resume)
	return lock, nil
}

// command makes the sample command of a tree's run: with the flags that were given,
// and others on top.
func (t *treeSet) command(settings ...string) (*sampleCommand, error) {
	c := &sampleCommand{stdout: io.Discard, stderr: io.Discard}
	cmd := &cobra.Command{Use: "sample"}
	c.addFlags(cmd)
	c.flags, c.changed = cmd.Flags(), cmd.Flags().Changed
	var failed error
	t.flags.Visit(func(f *pflag.Flag) {
		if slices.Contains(notRecorded, f.Name) || f.Name == "burnin-trees" {
			return
		}
		to := c.flags.Lookup(f.Name)
		if list, ok := f.Value.(pflag.SliceValue); ok {
			failed = errors.Join(failed, to.Value.(pflag.SliceValue).Replace(list.GetSlice()))
			to.Changed = true
		} else {
			failed = errors.Join(failed, c.flags.Set(f.Name, f.Value.String()))
		}
	})
	if priors := c.flags.Lookup("prior"); t.priors != nil {
		failed = errors.Join(failed, priors.Value.(pflag.SliceValue).Replace(t.priors))
		priors.Changed = true
	}
	settings = append([]string{"quiet", "true", "checkpoint-every", t.checkpointEvery.String()}, settings...)
	for i := 0; i < len(settings); i += 2 {
		failed = errors.Join(failed, c.flags.Set(settings[i], settings[i+1]))
	}
	return c, failed
}

// newRun makes the command of a tree's run from its beginning.
func (t *treeSet) newRun(tree *setTree) (*sampleCommand, error) {
	settings := append([]string{"tree-index", fmt.Sprint(tree.Number), "seed", fmt.Sprint(tree.Seed), "draws", fmt.Sprint(t.draws)}, t.shared...)
	if t.folder != nil {
		settings = append(settings, "out", t.folder.Path(tree.Folder))
	}
	c, err := t.command(settings...)
	if err != nil {
		return nil, err
	}
	own, err := tree.file(t.files.tree)
	if err != nil {
		return nil, err
	}
	c.files.files.given = map[string]inputFile{"tree": own}
	for flag, file := range t.given {
		c.files.files.given[flag] = file
	}
	c.files.files.copies, c.files.files.alone = t.files.files.copies, true
	return c, nil
}

// prepareTrees makes the first tree's model, whose priors all trees take, and chooses
// the device.
func (t *treeSet) prepareTrees(ctx context.Context) error {
	first, err := t.newRun(t.trees[0])
	if err != nil {
		return err
	}
	if err := first.check(); err != nil {
		return err
	}
	first.device.look()
	s := &sampled{started: t.started}
	if err := first.prepare(s); err != nil {
		return t.trees[0].failed(err)
	}
	t.first = s
	t.given = map[string]inputFile{}
	for _, file := range first.files.files.read {
		if file.Flag != "tree" {
			t.given[file.Flag] = file
		}
	}
	for _, p := range s.model.Parameters {
		text := p.Prior.String()
		if _, err := prior.Parse(text); p.Fixed == nil && err == nil && (p.Prior.Support() != prior.Correlation || len(p.Labels) > 1) {
			t.priors = append(t.priors, p.Name+"="+text)
		}
	}
	if !strings.HasPrefix(t.model.root, "file=") {
		t.shared = append(t.shared, "root", rootText(s.model))
	}
	dev, err := first.device.open(ctx, t.log(), gradientTime(s.target, t.chains))
	if err != nil {
		return err
	}
	defer dev.Close()
	t.info = dev.Info()
	t.device.chosen = first.device.chosen
	t.shared = append(t.shared, "device", first.device.chosen, "precision", precisionName(t.info.Precision))
	t.header(first, s)
	return nil
}

// header says what is to be done.
func (t *treeSet) header(first *sampleCommand, s *sampled) {
	w := t.log()
	fmt.Fprintf(w, "model %s of %s: %s\n", s.model.Name, strings.Join(s.in.traits, ", "), s.model.About)
	fmt.Fprintf(w, "  trees       %d of the %d in %s, numbers %s; pooled with equal weight\n", len(t.trees), t.total, t.files.tree, t.numbers(t.trees))
	fmt.Fprintf(w, "  the first of them, from which priors take their scale:\n")
	s.in.report(w)
	reportModel(w, s.model)
	fmt.Fprintf(w, "  sampling    %s of each tree, algorithm %s, each with %d transitions of warm-up and %d draws; seed %d\n", plural(t.chains, "chain"), first.algorithm, first.warmup, t.draws, t.seed)
	fmt.Fprintf(w, "  device      %s\n", t.device.describe(t.info))
	printWarnings(t.stderr, append(s.in.warnings(), t.setWarnings()...))
}

// createFolder makes the folder of the set.
func (t *treeSet) createFolder() (lock *runstore.Lock, err error) {
	c := t.sampleCommand
	held := []string{runstore.TreesFile, runstore.RunFile, runstore.DrawsFile, runstore.CheckpointFile}
	t.folder, err = runstore.OpenFolder(c.out, c.overwrite, held...)
	if errors.Is(err, runstore.ErrHasRun) {
		return nil, fmt.Errorf("%w: name another folder, add --overwrite, or go on with that run by hxgpu sample --resume %s", err, c.out)
	} else if err != nil {
		return nil, err
	}
	if lock, err = t.folder.Lock(); err != nil {
		return nil, err
	}
	if err := t.folder.Sweep(); err != nil {
		return lock, err
	}
	if c.overwrite {
		if err := t.folder.Clear(); err != nil {
			return lock, err
		}
	}
	files := &c.files.files
	for _, flag := range []string{"traits", "root", "start"} {
		if file, ok := t.given[flag]; ok {
			files.read = append(files.read, file)
		}
	}
	if err := files.copyTo(t.folder); err != nil {
		return lock, err
	}
	t.record = runstore.TreeSet{Phase: runstore.Running, Versions: runstore.ReadVersions(version), Started: t.started.UTC().Format(time.RFC3339),
		Flags: c.flagValues(&sampled{info: t.info}), Files: files.records()}
	for _, tree := range t.trees {
		t.record.Trees = append(t.record.Trees, tree.TreeRun)
	}
	return lock, t.writeRecord()
}

// writeRecord writes trees.json, and the settings that repeat the run.
func (t *treeSet) writeRecord() error {
	s := *t.first
	s.folder, s.info, s.record = t.folder, t.info, runstore.Run{Data: runstore.DataFiles{Files: t.record.Files}}
	if err := t.writeSettings(&s); err != nil {
		return err
	}
	return t.folder.WriteTreeSet(t.record)
}
