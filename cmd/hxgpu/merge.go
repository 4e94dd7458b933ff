package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/hxgpu/hxgpu/device/cpu"
	"github.com/hxgpu/hxgpu/internal/runstore"
)

// mergeCommand puts the chains of several runs together.
type mergeCommand struct {
	out              string
	overwrite, quiet bool
	stdout, stderr   io.Writer
}

func newMergeCommand() *cobra.Command {
	var c mergeCommand
	cmd := &cobra.Command{
		Use: "merge DIR DIR ... --out DIR", Short: "Put the chains of several runs together",
		Long: `merge puts the chains of several runs, made on several machines say, into one folder
that diagnose and export read. The runs must have the same model, parameters, priors
and data (files are compared by their SHA-256), and different seeds: chains of equal
seeds and numbers are the same chains. They may be of different length and made by
different algorithms. Chains are numbered on in the order of the folders.`,
		Example: "  hxgpu merge run1 run2 --out both",
		RunE: func(cmd *cobra.Command, args []string) error {
			c.stdout, c.stderr = cmd.OutOrStdout(), cmd.ErrOrStderr()
			switch {
			case len(args) < 2:
				return usagef("name the folders of two runs at least, as in hxgpu merge run1 run2 --out both")
			case c.out == "":
				return usagef("--out is missing: name a folder for the merged run")
			}
			return c.run(cmd.Context(), args)
		},
	}
	f := cmd.Flags()
	f.StringVar(&c.out, "out", "", "`folder` for the merged run")
	f.BoolVar(&c.overwrite, "overwrite", false, "replace the run that --out holds")
	f.BoolVar(&c.quiet, "quiet", false, "print the summary and warnings only")
	return cmd
}

// source is a run to be merged.
type source struct {
	folder *runstore.Folder
	record runstore.Run
	*drawn
}

func (c *mergeCommand) run(ctx context.Context, paths []string) error {
	var sources []source
	defer func() {
		for _, from := range sources {
			from.close()
		}
	}()
	for _, path := range paths {
		from, err := openSource(path)
		if err != nil {
			return err
		}
		sources = append(sources, from)
	}
	record, err := c.merged(sources)
	if err != nil {
		return err
	}
	folder, err := runstore.OpenFolder(c.out, c.overwrite, runstore.RunFile, runstore.DrawsFile, runstore.PositionsFile)
	if errors.Is(err, runstore.ErrHasRun) {
		return fmt.Errorf("--out: %w: name another folder, or add --overwrite", err)
	} else if err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	lock, err := folder.Lock()
	if err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	defer lock.Unlock()
	if err := c.fill(folder, record, sources); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	return c.finish(ctx, folder, record)
}

func openSource(path string) (source, error) {
	folder, err := runstore.ExistingFolder(path)
	if err != nil {
		return source{}, err
	}
	record, err := folder.ReadRun()
	if err != nil {
		return source{}, err
	}
	d, err := openDrawn(folder, record)
	if err != nil {
		return source{}, err
	}
	if d.Count == 0 {
		d.close()
		return source{}, fmt.Errorf("%s: not every chain has a draw yet; there is nothing to merge", path)
	}
	if len(d.origins) != d.Chains {
		d.close()
		return source{}, &runstore.DamagedError{Path: folder.Path(runstore.RunFile), Reason: fmt.Sprintf("it has %d chains, %s %d", len(d.origins), runstore.DrawsFile, d.Chains)}
	}
	return source{folder, record, d}, nil
}

// merged is the record of the merged run, or an error if the runs do not go
// together.
func (c *mergeCommand) merged(sources []source) (runstore.Run, error) {
	r := sources[0].record
	r.Phase, r.Interrupted, r.Origins, r.Sessions, r.Timings, r.StateDraws = runstore.Merged, false, nil, nil, runstore.Timings{}, 0
	of := map[runstore.Origin]string{} // the folder of each chain
	for _, from := range sources {
		name := from.folder.Name()
		if err := runstore.SamePosterior(sources[0].record, from.record); err != nil {
			return r, fmt.Errorf("%s and %s cannot be merged: %w", sources[0].folder.Name(), name, err)
		}
		for _, origin := range from.origins {
			if other, ok := of[origin]; ok {
				return r, fmt.Errorf("%s and %s both have chain %d of seed %d, which is the same chain twice: sample one of them again with another --seed", other, name, origin.Number, origin.Seed)
			}
			of[origin] = name
		}
		if a, b := sources[0].record.Settings, from.record.Settings; a.Algorithm != b.Algorithm || a.Warmup != b.Warmup {
			fmt.Fprintf(c.stderr, "note: %s was sampled by %s with %d transitions of warm-up, %s by %s with %d\n", sources[0].folder.Name(), a.Algorithm, a.Warmup, name, b.Algorithm, b.Warmup)
		}
		r.Origins = append(r.Origins, from.origins...)
		r.Sources = append(r.Sources, name)
		r.Settings.Draws = max(r.Settings.Draws, from.record.Settings.Draws)
	}
	r.Sources = r.Sources[len(r.Sources)-len(sources):]
	r.Settings.Chains = len(r.Origins)
	r.Settings.Superchains = superchainsOf(sources)
	flags := map[string][]string{}
	for name, values := range r.Flags {
		flags[name] = values
	}
	flags["chains"], flags["draws"] = []string{strconv.Itoa(r.Settings.Chains)}, []string{strconv.Itoa(r.Settings.Draws)}
	r.Flags = flags
	return r, nil
}

// fill writes the tables and the copies of the inputs.
func (c *mergeCommand) fill(folder *runstore.Folder, record runstore.Run, sources []source) error {
	if err := folder.Sweep(); err != nil {
		return err
	}
	if c.overwrite {
		if err := folder.Clear(); err != nil {
			return err
		}
	}
	for _, in := range record.Data.Files {
		path, err := sources[0].folder.CheckInput(in)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := folder.WriteInput(in, text); err != nil {
			return err
		}
	}
	var draws, positions []*runstore.Table
	var adaptation []runstore.Adaptation
	known := true
	for _, from := range sources {
		draws = append(draws, from.Table)
		if from.positions != nil {
			positions = append(positions, from.positions)
		}
		found, err := from.folder.ReadAdaptation()
		if err != nil {
			return err
		}
		known = known && len(found) == from.Chains
		adaptation = append(adaptation, found...)
	}
	if err := runstore.MergeTables(folder.Path(runstore.DrawsFile), draws); err != nil {
		return err
	}
	if len(positions) == len(sources) {
		if err := runstore.MergeTables(folder.Path(runstore.PositionsFile), positions); err != nil {
			os.Remove(folder.Path(runstore.PositionsFile)) //nolint:errcheck // it is not read
			fmt.Fprintf(c.stderr, "note: the whole positions of draws are not merged, and there will be no ancestral states: %v\n", err)
		}
	}
	if known {
		if err := folder.WriteAdaptation(adaptation); err != nil {
			return err
		}
	}
	return folder.WriteRun(record)
}

// finish writes what sample writes of its draws, and prints the summary.
func (c *mergeCommand) finish(ctx context.Context, folder *runstore.Folder, record runstore.Run) (err error) {
	run, err := rebuildRun(folder, record)
	if err != nil {
		return err
	}
	s, sample := run.sampled, run.command
	sample.out, sample.stderr = c.out, c.stderr
	if s.drawn, err = openDrawn(folder, record); err != nil {
		return err
	}
	defer s.drawn.close()
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		return err
	}
	defer dev.Close()
	if err := sample.summarise(ctx, dev, s); err != nil {
		return err
	}
	s.summary.Device = record.Settings.Device
	s.record.Draws = s.drawn.Count
	if err := exportCmdStan(folder, s.record, s.drawn.Draws); err != nil {
		return err
	}
	if err := sample.writeSummary(s); err != nil {
		return err
	}
	if err := folder.WriteRun(s.record); err != nil {
		return err
	}
	if !c.quiet {
		fmt.Fprintf(c.stdout, "%s, of which the first %s of each are taken\n\n", plural(s.drawn.Chains, "chain"), plural(s.drawn.Count, "draw"))
	}
	if err := printSummary(c.stdout, s.summary.Parameters, nil); err != nil {
		return err
	}
	var warnings []string
	for _, f := range s.drawn.found.Findings() {
		warnings = append(warnings, f.Text)
	}
	printWarnings(c.stderr, warnings)
	if !c.quiet {
		fmt.Fprintf(c.stdout, "written to %s\n", c.out)
	}
	return nil
}

// superchainsOf is the number of superchains of all runs together, if all have chains
// in superchains of one size.
func superchainsOf(sources []source) int {
	sum, each := 0, 0
	for i, from := range sources {
		k := from.record.Settings.Superchains
		if k == 0 || i > 0 && from.Chains/k != each {
			return 0
		}
		sum, each = sum+k, from.Chains/k
	}
	return sum
}
