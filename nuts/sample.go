package nuts

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hxgpu/hxgpu/device"
)

// Sample draws from a target by the algorithm of the options. If the context ends, it returns
// what is there, marked as interrupted, together with the context's error.
// Divergent transitions are counted, not errors; a failing device is an error.
func Sample(ctx context.Context, dev device.Device, target Target, o Options) (*Run, error) {
	if err := o.check(target.Dim()); err != nil {
		return nil, err
	}
	groups := o.Groups
	if groups <= 0 {
		groups = groupsFor(dev.Info(), &o, target.Dim())
	}
	groups = min(groups, o.Chains)
	run := &Run{Options: o, Positions: make([][][]float64, o.Chains), Stats: make([][]Stats, o.Chains)}
	if o.KeepWarmup {
		run.WarmupPositions, run.WarmupStats = make([][][]float64, o.Chains), make([][]Stats, o.Chains)
	}
	s := &sampling{run: run, options: &run.Options, dim: target.Dim(), turns: newTurns(dev, groups)}
	s.saving.every = run.Options.CheckpointEvery
	s.saving.left = make([]bool, groups)
	run.Options.given = o.Init
	if c, ok := target.(Centred); ok {
		run.Options.centre, run.Options.spread = c.Centre()
	}
	if _, can := target.(PriorTarget); o.Start == StartPrior && !can {
		return nil, errors.New("nuts: the target cannot draw from its prior; start in another way")
	}
	s.whitened = noiseOf(target)
	if o.rotates() {
		s.noise = s.whitened
	}
	if o.Resume != nil {
		if err := o.Resume.check(&run.Options, target.Dim()); err != nil {
			return nil, err
		}
	}
	began := time.Now()
	if err := s.starts(ctx, dev, target); err != nil {
		return nil, err
	}
	if o.Metric == MetricDense {
		for i := range target.Dim() {
			if !s.whitened.holds(i) {
				s.block = append(s.block, i)
			}
		}
		if n := len(s.block); n > largestDense {
			return nil, fmt.Errorf("nuts: a dense metric of %d coordinates; it can have %d at most, use another metric", n, largestDense)
		}
	}
	if o.Algorithm == HMC || o.Algorithm == NUTS && o.Pooled && o.Warmup > 0 {
		s.ensemble = newEnsemble(&run.Options, target.Dim(), s.whitened, groups)
		if o.Resume != nil {
			if err := s.ensemble.restore(o.Resume.Shared); err != nil {
				return nil, err
			}
		}
	}
	if err := s.open(ctx, dev, target, groups); err != nil {
		return nil, err
	}
	run.CompileTime = time.Since(began)
	err := s.all(ctx)
	var callback *callbackError
	if o.OnCheckpoint != nil && !errors.As(err, &callback) {
		// After a fault of the device there may be nothing to save.
		if saved := s.last(); err == nil || errors.As(saved, &callback) {
			err = errors.Join(err, saved)
		}
	}
	if closing := s.close(); err == nil {
		err = closing
	}
	for _, g := range s.groups {
		g.collect(run)
	}
	if s.ensemble.sharesStep() {
		run.PathLength = s.ensemble.Length.Best
	}
	return run, err
}

// sampling is a run under way.
type sampling struct {
	run      *Run
	options  *Options
	dim      int
	whitened span      // coordinates with a standard-normal prior
	noise    span      // the same, if the algorithm uses that
	block    []int     // coordinates with a dense metric
	ensemble *ensemble // what chains adapt together
	groups   []group
	turns    *turns // of groups to work
	evaluators
	began time.Time

	drawing  sync.Mutex // for OnDraw
	saving   saving
	mutex    sync.Mutex // for what follows
	reported time.Time
	progress []ChainProgress
	warm     int // chains that have finished their warm-up
}

// group is a number of chains that share an evaluator and a goroutine.
type group interface {
	// run samples until all chains have finished.
	run(ctx context.Context) error
	firstChain() int
	progress() []ChainProgress
	// collect adds what the chains know at the end to the run.
	collect(run *Run)
	// save adds the state of the chains between transitions to a checkpoint, and
	// how many they have finished.
	save(r *record, transitions []int) error
	close() error
}

// open makes the groups.
func (s *sampling) open(ctx context.Context, dev device.Device, target Target, groups int) error {
	bound := func(g int) int { return s.options.Chains * g / groups }
	sizes := make([]int, groups)
	for g := range sizes {
		sizes[g] = bound(g+1) - bound(g)
	}
	err := s.openEvaluators(dev, target, sizes)
	for g := 0; g < groups && err == nil; g++ {
		var made group
		if made, err = s.newGroup(ctx, dev, s.evaluators.of(g), bound(g), bound(g+1)); err == nil {
			s.groups = append(s.groups, made)
		}
	}
	if err != nil {
		return errors.Join(err, s.close())
	}
	return nil
}

// newGroup makes a group whose sampler runs where the options say.
func (s *sampling) newGroup(ctx context.Context, dev device.Device, evaluators []opened, first, end int) (group, error) {
	if s.options.Algorithm == RandomWalk {
		return s.newWalkGroup(evaluators, first, end), nil
	}
	e, can := evaluators[0].gradient.(Recordable)
	switch {
	case s.options.Sampler == OnDevice && !can:
		return nil, errors.New("nuts: the target cannot be recorded with a sampler on the device; sample on the host")
	case can && s.options.HostOnly() == "" && (s.options.Sampler == OnDevice || s.options.Sampler == Auto && dev.Info().Fuses):
		return s.onDevice(ctx, dev, e, first, end)
	}
	if r := s.options.Resume; r != nil && !r.onHost(first, end) {
		return nil, errors.New("nuts: the checkpoint was made by a sampler on the device; resume on that device")
	}
	return s.newHostGroup(evaluators, s.dim, first, end, s.options.Warmup+s.options.Draws), nil
}

func (s *sampling) onDevice(ctx context.Context, dev device.Device, e Recordable, first, end int) (group, error) {
	if s.options.relays() {
		return s.newRelayGroup(ctx, dev, e, s.dim, first, end)
	}
	return s.newDeviceGroup(ctx, dev, e, s.dim, first, end)
}

// keep stores a transition; each chain is kept by one goroutine.
func (s *sampling) keep(number, transition int, q []float64, stats Stats) error {
	draw := transition - s.options.Warmup
	if draw < 0 && !s.options.KeepWarmup {
		return nil
	}
	var kept []float64
	if s.options.Discard {
		kept = nil
	} else if s.options.Select == nil {
		kept = append([]float64(nil), q...)
	} else {
		kept = make([]float64, len(s.options.Select))
		for k, i := range s.options.Select {
			kept[k] = q[i]
		}
	}
	s.store(number, transition, kept, stats)
	if s.options.OnDraw == nil {
		return nil
	}
	s.drawing.Lock()
	defer s.drawing.Unlock()
	if err := s.options.OnDraw(number, draw, q, stats); err != nil {
		return &callbackError{fmt.Errorf("nuts: OnDraw of chain %d, draw %d: %w", number+1, draw, err)}
	}
	return nil
}

// store puts the kept coordinates of a transition into the run.
func (s *sampling) store(number, transition int, kept []float64, stats Stats) {
	if s.options.Discard {
		return
	}
	if transition < s.options.Warmup {
		s.run.WarmupPositions[number] = append(s.run.WarmupPositions[number], kept)
		s.run.WarmupStats[number] = append(s.run.WarmupStats[number], stats)
		return
	}
	s.run.Positions[number] = append(s.run.Positions[number], kept)
	s.run.Stats[number] = append(s.run.Stats[number], stats)
}

func (s *sampling) all(ctx context.Context) error {
	s.began = time.Now()
	s.saving.next.Store(int64(s.saving.every))
	s.progress = make([]ChainProgress, s.options.Chains)
	errs := make([]error, len(s.groups))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wait sync.WaitGroup
	for i, g := range s.groups {
		wait.Add(1)
		go func() {
			defer wait.Done()
			errs[i] = s.turns.take(ctx, i)
			defer s.turns.give(i)
			if errs[i] == nil {
				errs[i] = g.run(ctx)
			}
			if errs[i] == nil {
				errs[i] = s.leave(i)
			}
			if errs[i] != nil {
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

func (s *sampling) finishedWarmup() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.warm++; s.warm == s.options.Chains {
		s.run.WarmupTime = time.Since(s.began)
	}
}

// update notes how far the chains of a group are, and reports if it is time.
func (s *sampling) update(g group) {
	if s.options.Progress == nil {
		return
	}
	s.mutex.Lock()
	copy(s.progress[g.firstChain():], g.progress())
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

// evaluator is which of a group's evaluators it works with now.
func (s *sampling) evaluator(group int, of []opened) opened {
	if s.evaluators.own {
		return of[0]
	}
	return of[s.turns.slot(group)]
}

func (s *sampling) close() error {
	var errs []error
	for _, g := range s.groups {
		errs = append(errs, g.close())
	}
	return errors.Join(append(errs, s.evaluators.close())...)
}
