package nuts

import (
	"context"
	"fmt"

	"github.com/hxgpu/hxgpu/device"
)

// walkGroup is a number of chains of RandomWalk; they propose together, so that
// one evaluation serves all of them.
type walkGroup struct {
	sampling   *sampling
	evaluators []opened // by worker
	first      int
	walks      []*walk
	number     int // of the group
	q, density []float64
}

func (s *sampling) newWalkGroup(evaluators []opened, first, end int) group {
	n := end - first
	g := &walkGroup{sampling: s, number: len(s.groups), evaluators: evaluators, first: first, q: make([]float64, s.dim*n), density: make([]float64, n)}
	for number := first; number < end; number++ {
		w := newWalk(number, s.dim, s.options, s.noise)
		if s.options.Resume != nil {
			w.restore(&s.options.Resume.Walks[number])
		}
		g.walks = append(g.walks, w)
	}
	return g
}

// openValue opens a target for values alone, or its gradient where it has no such
// thing.
func openValue(dev device.Device, target Target, chains int) (ValueEvaluator, error) {
	if t, ok := target.(ValueTarget); ok {
		return t.OpenValue(dev, chains)
	}
	e, err := target.Open(dev, chains)
	if err != nil {
		return nil, err
	}
	return &gradientValue{e, make([]float64, target.Dim()*chains)}, nil
}

// gradientValue computes a gradient and forgets it.
type gradientValue struct {
	Evaluator
	slope []float64
}

func (v *gradientValue) Value(ctx context.Context, q, logp []float64) error {
	return v.Gradient(ctx, q, logp, v.slope)
}

// evaluate computes the density of all proposals.
func (g *walkGroup) evaluate(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var vectors [together][]float64
	n := len(g.walks)
	for k := 0; k < n; k += together {
		some := vectors[:min(together, n-k)]
		for i, w := range g.walks[k : k+len(some)] {
			some[i] = w.proposal
		}
		scatter(g.q, k, n, some...)
	}
	if err := g.sampling.evaluator(g.number, g.evaluators).value.Value(ctx, g.q, g.density); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("nuts: evaluating the target: %w", err)
	}
	return nil
}

// run finds starting points, and then takes all chains through their transitions,
// block by block.
func (g *walkGroup) run(ctx context.Context) error {
	if err := g.start(ctx); err != nil {
		return err
	}
	for {
		if err := g.sampling.turns.pass(ctx, g.number); err != nil {
			return err
		}
		if err := g.sampling.offer(g.number); err != nil {
			return err
		}
		walking := g.unfinished()
		if len(walking) == 0 {
			return nil
		}
		for block := range walking[0].blocks() {
			for _, w := range walking {
				w.propose(block)
			}
			if err := g.evaluate(ctx); err != nil {
				return err
			}
			for _, w := range walking {
				w.Values++
				w.decide(block, g.density[w.number-g.first])
			}
		}
		for _, w := range walking {
			transition := w.Transition
			if err := g.sampling.keep(w.number, transition, w.q, w.finish()); err != nil {
				return err
			}
			w.mark()
			if transition == g.sampling.options.Warmup-1 {
				g.sampling.finishedWarmup()
			}
		}
		g.sampling.update(g)
	}
}

// unfinished are the walks that have transitions to make; one that went on from a
// checkpoint may be ahead of others.
func (g *walkGroup) unfinished() []*walk {
	var walking []*walk
	for _, w := range g.walks {
		if w.Transition < g.sampling.options.Warmup+g.sampling.options.Draws {
			walking = append(walking, w)
		}
	}
	return walking
}

// start finds starting points for the walks that have none.
func (g *walkGroup) start(ctx context.Context) error {
	for {
		waiting := false
		for _, w := range g.walks {
			waiting = waiting || !w.Started
		}
		if !waiting {
			return nil
		}
		if err := g.evaluate(ctx); err != nil {
			return err
		}
		for k, w := range g.walks {
			if w.Started {
				continue
			}
			w.Values++
			ok, err := w.startAt(g.density[k])
			if err != nil {
				return err
			}
			if ok {
				w.mark()
			}
		}
	}
}

func (g *walkGroup) save(r *record, transitions []int) error {
	if r.Walks == nil {
		r.Walks = make([]walkRecord, g.sampling.options.Chains)
	}
	for _, w := range g.walks {
		r.Walks[w.number] = w.record()
		transitions[w.number] = w.begin.Transition
	}
	return nil
}

func (g *walkGroup) firstChain() int { return g.first }

func (g *walkGroup) progress() []ChainProgress {
	o := g.sampling.options
	result := make([]ChainProgress, len(g.walks))
	for k, w := range g.walks {
		result[k] = ChainProgress{Transitions: w.Transition, Warmup: o.Warmup, Total: o.Warmup + o.Draws, StepSize: w.Scale, Leapfrogs: w.Values}
	}
	return result
}

func (g *walkGroup) collect(run *Run) {
	for _, w := range g.walks {
		run.Values += w.Values
		run.StepSizes = append(run.StepSizes, w.Scale)
		run.WalkScales = append(run.WalkScales, w.Scale)
		run.CrankNicolson = append(run.CrankNicolson, w.Beta)
		variances := make([]float64, len(w.sd))
		for i, sd := range w.sd {
			variances[i] = sd * sd
		}
		run.InverseMass = append(run.InverseMass, variances)
		rates := make([]float64, len(w.Updates))
		for b, n := range w.Updates {
			rates[b] = float64(n) / float64(max(w.Transition-run.Options.Warmup, 1))
		}
		run.Acceptance = append(run.Acceptance, rates)
	}
}

func (g *walkGroup) close() error { return nil }
