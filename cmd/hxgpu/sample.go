package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/plan"
	"github.com/hxgpu/hxgpu/internal/runstore"
	"github.com/hxgpu/hxgpu/nuts"
)

type sampleCommand struct {
	files  dataFlags
	model  modelFlags
	shapes shapeFlags
	priors priorFlags
	device deviceFlags

	algorithmFlags

	chains, warmup, draws, stateDraws int
	seed                              uint64
	out, schedule                     string
	overwrite, json, quiet            bool

	stdout, stderr io.Writer
	changed        func(flag string) bool // whether a flag was given
}

func newSampleCommand() *cobra.Command {
	var c sampleCommand
	cmd := &cobra.Command{
		Use: "sample", Short: "Draw from the posterior by the No-U-Turn sampler", Args: noArguments,
		Long: `sample fits a model to the traits of a tree's tips and prints the posterior of its
parameters; without arguments it fits a built-in example and prints the exact
posterior beside the result.

` + modelHelp + `

Shapes are read from all columns x1,y1,x2,y2,... (or 1.X,1.Y,...) of --traits, or
from a TPS file. Their root is pinned at the tips' mean unless --root says file=F
(the shape in F), normal=sd (around the mean) or flat.

Rates and variances are sampled on the log scale. The default priors take their
scale from the data and are printed. Distributions: normal(mean,sd),
lognormal(mu,sd), half_normal(sd), exponential(rate), gamma(shape,rate),
inverse_gamma(shape,scale), uniform(lower,upper), log_uniform(lower,upper), and
lkj(shape) for correlations.

--out DIR gets chain_1.csv ... (the draws, in CmdStan's format), summary.json,
run.json (all settings), and the ancestors' states as ancestral.csv and as an
annotated tree, ancestral.nex; of shapes also pictures, shapes.svg (the tree with
the mean shape of every node) and root.svg (the draws of the root's shape). Ctrl-C stops and keeps what has been drawn; a
second one ends at once.

The method: van der Meulen & Sommer 2025, JMLR 26(281), arXiv:2505.18239, for the
likelihood and the states; Hoffman & Gelman 2014, JMLR 15(47), and Betancourt
2017, arXiv:1701.02434, for the sampler; Vehtari et al. 2021, Bayesian Analysis
16(2), for R-hat and the effective sample sizes.`,
		Example: `  hxgpu sample
  hxgpu sample --tree T.nwk --traits C.csv --trait mass --out run
  hxgpu sample --tree T.nwk --traits C.csv --trait mass --model ou --root normal=3,2 \
      --prior 'sigma_sq=lognormal(-2,1)' --fix tau_sq=0.01
  hxgpu sample --tree T.nwk --traits C.csv --trait mass,length --json > summary.json
  hxgpu sample --model kunita --tree T.nwk --traits shapes.tps --align \
      --edge-lengths unit --root normal=0.1 --out shapes`,
		RunE: func(cmd *cobra.Command, args []string) error {
			c.stdout, c.stderr = cmd.OutOrStdout(), cmd.ErrOrStderr()
			c.changed = cmd.Flags().Changed
			return c.run(cmd.Context())
		},
	}
	c.files.add(cmd)
	c.model.add(cmd)
	c.shapes.add(cmd)
	c.priors.add(cmd)
	c.device.add(cmd)
	c.algorithmFlags.add(cmd)
	f := cmd.Flags()
	f.IntVar(&c.chains, "chains", 4, "number of chains")
	f.IntVar(&c.warmup, "warmup", 1000, "transitions of adaptation per chain, not kept (kunita by nuts: 200)")
	f.IntVar(&c.draws, "draws", 4000, "draws per chain (kunita by nuts: 200)")
	f.Uint64Var(&c.seed, "seed", 1, "seed of the random numbers; equal seeds give equal draws")
	f.IntVar(&c.stateDraws, "state-draws", 1000, "draws behind the ancestors' states, over all chains; 0 for none")
	f.StringVar(&c.out, "out", "", "`folder` for draws, summary and states")
	f.StringVar(&c.schedule, "schedule", "auto", "how a gradient is cut into dispatches: slab (one per statement and depth of\nthe tree), tree (one in all) or auto; the numbers are the same")
	f.BoolVar(&c.overwrite, "overwrite", false, "replace the run that --out holds")
	f.BoolVar(&c.json, "json", false, "print the summary as JSON, the rest to standard error")
	f.BoolVar(&c.quiet, "quiet", false, "print the summary and warnings only")
	return cmd
}

// check finds mistakes before any file is read.
func (c *sampleCommand) check() error {
	if err := c.files.check(); err != nil {
		return err
	}
	if err := c.model.check(c.files.tree != ""); err != nil {
		return err
	}
	if err := c.shapes.check(c.model.model); err != nil {
		return err
	}
	if err := c.algorithmFlags.check(); err != nil {
		return err
	}
	c.shapeDefaults()
	if err := c.device.check(); err != nil {
		return err
	}
	if _, err := plan.ParseSchedule(c.schedule); err != nil {
		return usagef("--schedule %s: use auto, slab or tree", c.schedule)
	}
	const most = 100_000_000
	switch {
	case c.chains < 1 || c.chains > 100_000:
		return usagef("--chains %d: it must be 1 to 100000", c.chains)
	case c.warmup < 0 || c.warmup > most:
		return usagef("--warmup %d: it must be 0 to %d", c.warmup, most)
	case c.draws < 4 || c.draws > most:
		return usagef("--draws %d: it must be 4 (the fewest that R-hat can judge) to %d", c.draws, most)
	case c.chains*c.draws > most:
		return usagef("--chains %d, --draws %d: more than %d draws in all; ask for fewer", c.chains, c.draws, most)
	case c.stateDraws < 0:
		return usagef("--state-draws %d: it must be 0 or more", c.stateDraws)
	case c.overwrite && c.out == "":
		return usagef("--overwrite goes with --out DIR")
	}
	return nil
}

// shapeDefaults are the defaults of a model whose gradient takes a good part of a
// second: shorter chains, and trajectories of 63 steps at most.
func (c *sampleCommand) shapeDefaults() {
	if c.model.model != shapeModel || c.algorithm == nuts.RandomWalk.String() {
		return
	}
	for flag, set := range map[string]func(){"warmup": func() { c.warmup = 200 }, "draws": func() { c.draws = 200 }, "max-treedepth": func() { c.maxTreeDepth = 6 }, "max-steps": func() { c.maxSteps = 63 }} {
		if !c.changed(flag) {
			set()
		}
	}
}

// sampled is all that a run gives.
type sampled struct {
	started time.Time
	in      *inputs
	model   *bffg.Model
	target  *bffg.Target
	info    device.Info
	run     *nuts.Run
	values  [][][]float64 // [chain][draw][parameter], natural scale
	names   []string
	states  *nodeStates
	// kept are the whole positions of some draws, where not all are.
	kept       map[pick][]float64
	rootShapes [][]float64 // draws of the root's shape
	summary    runstore.Summary
	compile    time.Duration
}

func (c *sampleCommand) run(ctx context.Context) error {
	s := &sampled{started: time.Now()}
	if err := c.check(); err != nil {
		return err
	}
	var err error
	if err := c.load(s); err != nil {
		return err
	}
	if err := c.priors.apply(s.model); err != nil {
		return err
	}
	began := time.Now()
	if s.target, err = bffg.NewTarget(s.model, s.in.data); err != nil {
		return err
	}
	s.compile = time.Since(began)
	if s.target.Schedule, err = plan.ParseSchedule(c.schedule); err != nil {
		return err
	}
	var folder *runstore.Folder
	if c.out != "" {
		folder, err = runstore.OpenFolder(c.out, c.overwrite, runstore.RunFile)
		if errors.Is(err, runstore.ErrHasRun) {
			return fmt.Errorf("--out: %w: name another folder, or add --overwrite", err)
		} else if err != nil {
			return fmt.Errorf("--out: %w", err)
		}
	}
	dev, err := c.device.open(ctx, c.log(), gradientTime(s.target, c.chains))
	if err != nil {
		return err
	}
	defer dev.Close()
	s.info = dev.Info()
	c.header(s)

	if err := c.sample(ctx, dev, s); err != nil {
		return err
	}
	if s.summary.Draws == 0 {
		fmt.Fprintln(c.stderr, "hxgpu: interrupted before every chain had a draw; nothing is kept")
		return errInterrupted
	}
	// What has been drawn is summarised and written even after Ctrl-C.
	if err := c.finish(context.WithoutCancel(ctx), dev, s); err != nil {
		return err
	}
	// A full disk does not take the summary away.
	var unwritten error
	if folder != nil {
		if err := c.write(folder, s); err != nil {
			unwritten = fmt.Errorf("--out: %w", err)
		}
	}
	if err := errors.Join(c.print(s), unwritten); err != nil {
		return err
	}
	if folder != nil {
		fmt.Fprintf(c.log(), "written to %s\n", c.out)
	}
	if s.summary.Interrupted {
		return errInterrupted
	}
	return nil
}

// load reads the data and makes the model.
func (c *sampleCommand) load(s *sampled) (err error) {
	if c.model.model == shapeModel {
		if s.in, err = c.files.loadShapes(c.shapes.align); err != nil {
			return err
		}
		s.model, err = c.model.buildShapes(s.in, c.shapes.options())
		return err
	}
	if s.in, err = c.files.load(); err != nil {
		return err
	}
	s.model, err = c.model.build(s.in.traits, s.in.data)
	return err
}

// log is where everything but the summary goes; with --quiet nowhere.
func (c *sampleCommand) log() io.Writer {
	switch {
	case c.quiet:
		return io.Discard
	case c.json:
		return c.stderr
	}
	return c.stdout
}

func (c *sampleCommand) header(s *sampled) {
	w := c.log()
	of := strings.Join(s.in.traits, ", ")
	if s.in.shapes != nil {
		of = plural(s.in.shapes.set.Points, "landmark")
	}
	fmt.Fprintf(w, "model %s of %s: %s\n", s.model.Name, of, s.model.About)
	s.in.report(w)
	reportModel(w, s.model)
	fmt.Fprintf(w, "  sampling    %s, algorithm %s, each with %d transitions of warm-up and %d draws; seed %d\n", plural(c.chains, "chain"), c.algorithm, c.warmup, c.draws, c.seed)
	fmt.Fprintf(w, "  device      %s\n", c.device.describe(s.info))
	printWarnings(c.stderr, s.in.warnings())
}

// mostStates is the largest number of states that are drawn for the root alone.
const mostStates = 50_000_000

// sample runs the sampler.
func (c *sampleCommand) sample(ctx context.Context, dev device.Device, s *sampled) error {
	options := c.options()
	options.Chains, options.Warmup, options.Draws, options.Seed = c.chains, c.warmup, c.draws, c.seed
	// The noise is kept where states can be made of it.
	c.keeping(s, &options)
	if s.kept != nil || !s.model.SampleNoise || c.out == "" || c.chains*c.draws > mostStates/s.target.Dim() {
		options.Select = make([]int, s.target.ParameterDim())
		for i := range options.Select {
			options.Select[i] = i
		}
	}
	if !c.quiet {
		options.Progress = newProgress(c.stderr).show
	}
	run, err := nuts.Sample(ctx, dev, s.target, options)
	if err != nil && (run == nil || !run.Interrupted) {
		if ctx.Err() != nil {
			return errInterrupted
		}
		return err
	}
	s.run = run
	draws := c.draws
	for chain := range run.Positions {
		draws = min(draws, len(run.Positions[chain]))
	}
	for chain := range run.Positions { // chains of one length, whatever happened
		run.Positions[chain], run.Stats[chain] = run.Positions[chain][:draws], run.Stats[chain][:draws]
	}
	s.summary = runstore.Summary{Chains: c.chains, Draws: draws, Gradients: run.Gradients, Values: run.Values, Device: s.info.Name, Interrupted: run.Interrupted}
	for _, chain := range run.Stats {
		for _, stats := range chain {
			if stats.Divergent {
				s.summary.Divergences++
			}
		}
	}
	s.compile += run.CompileTime
	return nil
}

// finish maps the draws to their natural scale, draws the states and summarises.
func (c *sampleCommand) finish(ctx context.Context, dev device.Device, s *sampled) error {
	if s.summary.Interrupted {
		fmt.Fprintf(c.stderr, "interrupted: keeping the %d draws of each chain that were made of %d; a second Ctrl-C ends at once\n", s.summary.Draws, c.draws)
	}
	s.names = s.target.Names()
	for _, chain := range s.run.Positions {
		values, err := s.target.Natural(ctx, dev, chain)
		if err != nil {
			return err
		}
		s.values = append(s.values, values)
	}
	for i, name := range s.names {
		draws := make([][]float64, len(s.values))
		for chain := range s.values {
			for _, values := range s.values[chain] {
				draws[chain] = append(draws[chain], values[i])
			}
		}
		s.summary.Parameters = append(s.summary.Parameters, runstore.Parameter{Name: name, Statistics: nuts.Describe(draws)})
	}
	if err := c.drawStates(ctx, dev, s); err != nil {
		return err
	}
	s.summary.Timings = runstore.Timings{Compile: inSeconds(s.compile), Warmup: inSeconds(s.run.WarmupTime),
		Draws: inSeconds(s.run.DrawsTime), Total: inSeconds(time.Since(s.started))}
	return nil
}

// print writes the summary.
func (c *sampleCommand) print(s *sampled) error {
	warnings := samplerWarnings(s.summary.Parameters, s.run.Stats, c.maxTreeDepth)
	if c.json {
		printWarnings(c.stderr, warnings)
		return runstore.EncodeJSON(c.stdout, s.summary)
	}
	var analytic map[string]exact
	if s.in.builtIn && s.in.shapes == nil {
		analytic = analyticSeed(s.model, s.in.data, 321)
	}
	fmt.Fprintln(c.log())
	if err := printSummary(c.stdout, s.summary.Parameters, analytic); err != nil {
		return err
	}
	if n := s.summary.RootDraws; n > 0 {
		fmt.Fprintf(c.stdout, "(root: from %d of the draws)\n", n)
	}
	printTimings(c.log(), s.summary)
	printAcceptance(c.log(), s.run)
	printWarnings(c.stderr, warnings)
	return nil
}
