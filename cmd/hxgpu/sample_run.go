package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/plan"
	"github.com/hxgpu/hxgpu/internal/progress"
	"github.com/hxgpu/hxgpu/internal/runstore"
	"github.com/hxgpu/hxgpu/nuts"
)

// sampled is all that a run gives.
type sampled struct {
	store
	started time.Time
	in      *inputs
	model   *bffg.Model
	target  *bffg.Target
	starts  [][]float64 // given starting positions
	info    device.Info
	run     *nuts.Run
	drawn   *drawn
	states  *nodeStates
	// rootShapes are draws of the root's shape.
	rootShapes [][]float64
	summary    runstore.Summary
	compile    time.Duration
	// analytic waits for the exact posterior of the built-in example; nil of other data.
	analytic func() map[string]exact
}

func (s *sampled) exact() map[string]exact {
	if !s.in.builtIn || s.in.shapes != nil {
		return nil
	}
	return analyticSeed(s.model, s.in.data, 321)
}

func (c *sampleCommand) run(ctx context.Context) error {
	if several, err := c.ofTrees(); err != nil {
		return err
	} else if several {
		return c.runTrees(ctx)
	}
	s := &sampled{started: time.Now()}
	defer s.close()
	return c.runOne(ctx, s)
}

// runOne runs the chains of one tree.
func (c *sampleCommand) runOne(ctx context.Context, s *sampled) error {
	if c.resume != "" {
		if err := c.resumeRun(s); err != nil {
			return err
		}
	}
	if err := c.check(); err != nil {
		return err
	}
	c.device.look()
	if err := c.prepare(s); err != nil {
		return err
	}
	if err := c.openFolder(s); err != nil {
		return err
	}
	if err := c.guide(ctx, s); err != nil {
		return err
	}
	dev, err := c.device.open(ctx, c.log(), gradientTime(s.target, c.chains))
	if err != nil {
		return err
	}
	defer dev.Close()
	s.info = dev.Info()
	c.header(s)
	s.analytic = sync.OnceValue(s.exact)
	go s.analytic()
	if c.resume != "" {
		c.notice(s)
	}
	if err := c.openStore(ctx, s); err != nil {
		return c.outError(s, err)
	}
	if err := c.sample(ctx, dev, s); err != nil {
		if s.folder != nil { // as far as that can be written
			s.record.Phase, s.record.Interrupted = runstore.Interrupted, true
			s.folder.WriteRun(s.record) //nolint:errcheck // the first error is told
		}
		return c.outError(s, err)
	}
	if s.drawn.Count == 0 {
		return c.nothing(s)
	}
	// What has been drawn is summarised and written even after Ctrl-C.
	if err := c.finish(context.WithoutCancel(ctx), dev, s); err != nil {
		return c.outError(s, err)
	}
	// A full disk does not take the summary away.
	var unwritten error
	if s.folder != nil {
		if err := c.write(s); err != nil {
			unwritten = c.outError(s, err)
		}
	}
	if err := errors.Join(c.print(s), unwritten); err != nil {
		return err
	}
	if s.folder != nil {
		fmt.Fprintf(c.log(), "written to %s\n", c.out)
	}
	if s.summary.Interrupted {
		return errInterrupted
	}
	return nil
}

// openFolder opens the folder of --out, before anything takes time.
func (c *sampleCommand) openFolder(s *sampled) (err error) {
	if c.out == "" || c.resume != "" {
		return nil
	}
	s.folder, err = runstore.OpenFolder(c.out, c.overwrite, runstore.RunFile, runstore.TreesFile, runstore.DrawsFile, runstore.PositionsFile, runstore.CheckpointFile)
	if errors.Is(err, runstore.ErrHasRun) {
		return fmt.Errorf("--out: %w: name another folder, add --overwrite, or go on with that run by hxgpu sample --resume %s", err, c.out)
	} else if err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	return nil
}

// outError says, of an error that ended a run with a folder, what is kept and how to
// go on.
func (c *sampleCommand) outError(s *sampled, err error) error {
	if s.folder == nil || errors.Is(err, errInterrupted) {
		return err
	}
	flag := "--out"
	if c.resume != "" {
		flag = "--resume"
	}
	var write *runstore.WriteError
	if !errors.As(err, &write) {
		if s.table == nil {
			return fmt.Errorf("%s: %w", flag, err)
		}
		return fmt.Errorf("%w; what was drawn until the last checkpoint is kept: hxgpu sample --resume %s goes on from there", err, c.out)
	}
	if !s.folder.Holds(runstore.RunFile) {
		return fmt.Errorf("%s: %w; nothing has been drawn yet", flag, write)
	}
	return fmt.Errorf("%s: %w; nothing that was stored is lost: free space, or see to what is wrong, then hxgpu sample --resume %s goes on from the last checkpoint", flag, write, c.out)
}

// nothing ends a run that was interrupted before every chain had a draw.
func (c *sampleCommand) nothing(s *sampled) error {
	if s.folder == nil {
		fmt.Fprintln(c.stderr, "hxgpu: interrupted before every chain had a draw; nothing is kept")
		return errInterrupted
	}
	fmt.Fprintf(c.stderr, "hxgpu: interrupted before every chain had a draw; hxgpu sample --resume %s goes on\n", c.out)
	c.end(s)
	if err := s.folder.WriteRun(s.record); err != nil {
		return c.outError(s, err)
	}
	return errInterrupted
}

// prepare reads the data, and makes the model and its target.
func (c *sampleCommand) prepare(s *sampled) (err error) {
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
	s.starts, err = c.readStarts(s.target)
	return err
}

// guide finds the path that shapes are guided along, and says so where it takes long.
func (c *sampleCommand) guide(ctx context.Context, s *sampled) error {
	began := time.Now()
	last := began
	err := s.target.Prepare(ctx, func(done, most int) {
		if now := time.Now(); now.Sub(last) >= guideInterval {
			last = now
			if !c.quiet && c.progressMode != string(progress.None) {
				fmt.Fprintf(c.stderr, "looking for a path that fits the data: %d of at most %d tried\n", done, most)
			}
		}
	})
	s.compile += time.Since(began)
	if err != nil && ctx.Err() != nil {
		fmt.Fprintln(c.stderr, "hxgpu: interrupted while looking for a path that fits the data; nothing has been drawn")
		return errInterrupted
	}
	return err
}

// guideInterval is how often the search for a path tells how far it is.
const guideInterval = 3 * time.Second

// load reads the data and makes the model.
func (c *sampleCommand) load(s *sampled) (err error) {
	if c.model.model == shapeModel {
		if s.in, err = c.files.loadShapes(c.shapes.align); err != nil {
			return err
		}
		s.model, err = c.model.buildShapes(s.in, &c.files.files, c.shapes.options())
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
	printWarnings(c.stderr, append(s.in.warnings(), modelWarnings(s.model, s.in.data)...))
}

// sample runs the sampler. The draws go to the tables.
func (c *sampleCommand) sample(ctx context.Context, dev device.Device, s *sampled) error {
	options := c.options()
	options.Chains, options.Warmup, options.Draws, options.Seed = c.chains, c.warmup, c.draws, c.seed
	options.KeepWarmup, options.Discard = c.saveWarmup, true
	options.OnDraw, options.Resume = s.recorder.draw, s.checkpoint
	if s.folder != nil {
		options.OnCheckpoint, options.CheckpointEvery = s.keep, c.checkpointEvery
	}
	if options.Progress = c.progress; c.progress == nil && !c.quiet && c.progressMode != string(progress.None) {
		options.Progress = progress.New(c.stderr, progress.Mode(c.progressMode)).Show
	}
	options.Init = s.starts
	run, err := nuts.Sample(ctx, dev, s.target, options)
	if err != nil && (run == nil || !run.Interrupted) {
		if ctx.Err() != nil {
			return errInterrupted
		}
		return err
	}
	s.run = run
	if err := s.recorder.flush(); err != nil {
		return err
	}
	if !run.Interrupted { // nothing stands behind the last draw
		for _, w := range s.recorder.writers() {
			if err := w.Trim(w.Warmup + (c.draws+w.Stride-1)/w.Stride); err != nil {
				return err
			}
		}
	}
	s.compile += run.CompileTime
	s.drawn, err = s.store.drawn(s.origins(c))
	return err
}

// finish draws the states and summarises.
func (c *sampleCommand) finish(ctx context.Context, dev device.Device, s *sampled) error {
	if s.run.Interrupted {
		goOn := ""
		if s.folder != nil {
			goOn = fmt.Sprintf("; hxgpu sample --resume %s goes on", c.out)
		}
		fmt.Fprintf(c.stderr, "interrupted: keeping the %d draws of each chain that were made of %d%s; a second Ctrl-C ends at once\n", s.drawn.Count, c.draws, goOn)
	}
	if err := c.summarise(ctx, dev, s); err != nil {
		return err
	}
	s.summary.Gradients, s.summary.Values, s.summary.Device, s.summary.Interrupted = s.run.Gradients, s.run.Values, s.info.Name, s.run.Interrupted
	s.summary.Timings = &runstore.Timings{Compile: inSeconds(s.compile), Warmup: inSeconds(s.run.WarmupTime),
		Draws: inSeconds(s.run.DrawsTime), Total: inSeconds(time.Since(s.started))}
	return nil
}

// print writes the summary.
func (c *sampleCommand) print(s *sampled) error {
	var warnings []string
	for _, f := range s.drawn.found.Findings() {
		warnings = append(warnings, f.Text)
	}
	if c.json {
		printWarnings(c.stderr, warnings)
		return runstore.EncodeJSON(c.stdout, s.summary)
	}
	fmt.Fprintln(c.log())
	if err := printSummary(c.stdout, s.summary.Parameters, s.analytic()); err != nil {
		return err
	}
	if n := s.summary.RootDraws; n > 0 {
		fmt.Fprintf(c.stdout, "(root: from %d of the draws)\n", n)
	}
	printTimings(c.log(), s.summary)
	printAcceptance(c.log(), s.run)
	printPaths(c.log(), s.run)
	printWarnings(c.stderr, warnings)
	return nil
}
