package nuts

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hxgpu/hxgpu/device"
)

// Sample runs the No-U-Turn sampler on a target. If the context ends, it returns
// what is there, marked as interrupted, together with the context's error.
// Divergent transitions are counted, not errors; a failing device is an error.
func Sample(ctx context.Context, dev device.Device, target Target, o Options) (*Run, error) {
	if err := o.check(target.Dim()); err != nil {
		return nil, err
	}
	groups := o.Groups
	if groups <= 0 {
		groups = dev.Info().Workers
	}
	groups = min(groups, o.Chains)
	run := &Run{Options: o, Positions: make([][][]float64, o.Chains), Stats: make([][]Stats, o.Chains)}
	if o.KeepWarmup {
		run.WarmupPositions, run.WarmupStats = make([][][]float64, o.Chains), make([][]Stats, o.Chains)
	}
	s := &sampling{run: run, options: &run.Options}
	began := time.Now()
	for g := range groups {
		first, end := o.Chains*g/groups, o.Chains*(g+1)/groups
		evaluator, err := target.Open(dev, end-first)
		if err != nil {
			return nil, errors.Join(err, s.close())
		}
		s.groups = append(s.groups, s.newGroup(evaluator, target.Dim(), first, end))
	}
	run.CompileTime = time.Since(began)
	err := s.all(ctx)
	if closing := s.close(); err == nil {
		err = closing
	}
	s.collect()
	return run, err
}

// sampling is a run under way.
type sampling struct {
	run     *Run
	options *Options
	groups  []*group
	began   time.Time

	drawing  sync.Mutex // for OnDraw
	mutex    sync.Mutex // for what follows
	reported time.Time
	progress []ChainProgress
	warm     int // chains that have finished their warm-up
}

// group is a number of chains that share an evaluator and a goroutine.
type group struct {
	evaluator    Evaluator
	chains       []*chain
	q, gradient  []float64
	logDensities []float64
}

func (s *sampling) newGroup(e Evaluator, dim, first, end int) *group {
	n := end - first
	g := &group{evaluator: e, q: make([]float64, dim*n), gradient: make([]float64, dim*n), logDensities: make([]float64, n)}
	for number := first; number < end; number++ {
		c := newChain(number, dim, s.options)
		c.keep = func(transition int, q []float64, stats Stats) error { return s.keep(number, transition, q, stats) }
		g.chains = append(g.chains, c)
	}
	return g
}

// keep stores a transition; each chain is kept by one goroutine.
func (s *sampling) keep(number, transition int, q []float64, stats Stats) error {
	draw := transition - s.options.Warmup
	if draw < 0 && !s.options.KeepWarmup {
		return nil
	}
	var kept []float64
	if s.options.Select == nil {
		kept = append([]float64(nil), q...)
	} else {
		kept = make([]float64, len(s.options.Select))
		for k, i := range s.options.Select {
			kept[k] = q[i]
		}
	}
	if draw < 0 {
		s.run.WarmupPositions[number] = append(s.run.WarmupPositions[number], kept)
		s.run.WarmupStats[number] = append(s.run.WarmupStats[number], stats)
		return nil
	}
	s.run.Positions[number] = append(s.run.Positions[number], kept)
	s.run.Stats[number] = append(s.run.Stats[number], stats)
	if s.options.OnDraw == nil {
		return nil
	}
	s.drawing.Lock()
	defer s.drawing.Unlock()
	if err := s.options.OnDraw(number, draw, q, stats); err != nil {
		return fmt.Errorf("nuts: OnDraw of chain %d, draw %d: %w", number+1, draw, err)
	}
	return nil
}

func (s *sampling) all(ctx context.Context) error {
	s.began = time.Now()
	s.progress = make([]ChainProgress, s.options.Chains)
	errs := make([]error, len(s.groups))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wait sync.WaitGroup
	for i, g := range s.groups {
		wait.Add(1)
		go func() {
			defer wait.Done()
			if errs[i] = s.sampleGroup(ctx, g); errs[i] != nil {
				cancel() // one group's failure ends the run
			}
		}()
	}
	wait.Wait()
	s.run.DrawsTime = time.Since(s.began) - s.run.WarmupTime
	s.report(true)
	var stopped error
	for _, err := range errs {
		if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		if err != nil {
			stopped = err
		}
	}
	s.run.Interrupted = stopped != nil
	return stopped
}

// sampleGroup ticks until all chains of the group have finished: each tick is
// one gradient for every chain, and each chain uses it for whatever it needs.
func (s *sampling) sampleGroup(ctx context.Context, g *group) error {
	n := len(g.chains)
	warm := make([]bool, n)
	for tick := 0; ; tick++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		unfinished := false
		for k, c := range g.chains {
			if c.stage != stageFinished {
				unfinished = true
				scatter(g.q, c.pending().q, k, n)
			}
		}
		if !unfinished {
			s.update(g)
			return nil
		}
		if err := g.evaluator.Gradient(ctx, g.q, g.logDensities, g.gradient); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return fmt.Errorf("nuts: evaluating the target: %w", err)
		}
		for k, c := range g.chains {
			if c.stage == stageFinished {
				continue
			}
			at := c.pending()
			at.logDensity = g.logDensities[k]
			gather(at.gradient, g.gradient, k, n)
			if err := c.advance(); err != nil {
				return err
			}
			if !warm[k] && c.transition >= s.options.Warmup {
				warm[k] = true
				s.finishedWarmup()
			}
		}
		if tick&63 == 0 {
			s.update(g)
		}
	}
}

// scatter puts one chain's vector into the layout [dimension][chain].
func scatter(all, one []float64, k, n int) {
	if n == 1 {
		copy(all, one)
		return
	}
	for i, x := range one {
		all[i*n+k] = x
	}
}

func gather(one, all []float64, k, n int) {
	if n == 1 {
		copy(one, all)
		return
	}
	for i := range one {
		one[i] = all[i*n+k]
	}
}

func (s *sampling) finishedWarmup() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.warm++; s.warm == s.options.Chains {
		s.run.WarmupTime = time.Since(s.began)
	}
}

// update notes how far the chains of a group are, and reports if it is time.
func (s *sampling) update(g *group) {
	if s.options.Progress == nil {
		return
	}
	s.mutex.Lock()
	for _, c := range g.chains {
		s.progress[c.number] = ChainProgress{Transitions: c.transition, Warmup: s.options.Warmup, Total: c.total,
			StepSize: c.stepSize, Leapfrogs: c.leapfrogs, Divergences: c.divergences}
	}
	s.mutex.Unlock()
	s.report(false)
}

func (s *sampling) report(done bool) {
	if s.options.Progress == nil {
		return
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if !done && time.Since(s.reported) < s.options.ProgressEvery {
		return
	}
	s.reported = time.Now()
	s.options.Progress(Progress{Chains: append([]ChainProgress(nil), s.progress...), Elapsed: time.Since(s.began), Done: done})
}

func (s *sampling) close() error {
	var errs []error
	for _, g := range s.groups {
		errs = append(errs, g.evaluator.Close())
	}
	return errors.Join(errs...)
}

// collect gathers what the chains know at the end.
func (s *sampling) collect() {
	for _, g := range s.groups {
		for _, c := range g.chains {
			s.run.StepSizes = append(s.run.StepSizes, c.stepSize)
			s.run.InverseMass = append(s.run.InverseMass, append([]float64(nil), c.tree.inverseMass...))
			s.run.Gradients += c.leapfrogs + int64(c.tries) + 1
		}
	}
}
