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
	evaluator  ValueEvaluator
	first      int
	walks      []*walk
	q, density []float64
	values     int64
}

func (s *sampling) newWalkGroup(dev device.Device, target Target, first, end int) (group, error) {
	n := end - first
	e, err := openValue(dev, target, n)
	if err != nil {
		return nil, err
	}
	g := &walkGroup{sampling: s, evaluator: e, first: first, q: make([]float64, target.Dim()*n), density: make([]float64, n)}
	for number := first; number < end; number++ {
		g.walks = append(g.walks, newWalk(number, target.Dim(), s.options, s.noise))
	}
	return g, nil
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
	for k, w := range g.walks {
		scatter(g.q, w.proposal, k, len(g.walks))
	}
	g.values += int64(len(g.walks))
	if err := g.evaluator.Value(ctx, g.q, g.density); err != nil {
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
	for waiting := true; waiting; {
		if err := g.evaluate(ctx); err != nil {
			return err
		}
		waiting = false
		for k, w := range g.walks {
			if w.started {
				continue
			}
			ok, err := w.begin(g.density[k])
			if err != nil {
				return err
			}
			waiting = waiting || !ok
		}
	}
	o := g.sampling.options
	for transition := range o.Warmup + o.Draws {
		for block := range g.walks[0].blocks() {
			for _, w := range g.walks {
				w.propose(block)
			}
			if err := g.evaluate(ctx); err != nil {
				return err
			}
			for k, w := range g.walks {
				w.decide(block, g.density[k])
			}
		}
		for _, w := range g.walks {
			if err := g.sampling.keep(w.number, transition, w.q, w.finish()); err != nil {
				return err
			}
			if transition == o.Warmup-1 {
				g.sampling.finishedWarmup()
			}
		}
		g.sampling.update(g)
	}
	return nil
}

func (g *walkGroup) firstChain() int { return g.first }

func (g *walkGroup) progress() []ChainProgress {
	o := g.sampling.options
	result := make([]ChainProgress, len(g.walks))
	for k, w := range g.walks {
		result[k] = ChainProgress{Transitions: w.transition, Warmup: o.Warmup, Total: o.Warmup + o.Draws, StepSize: w.scale, Leapfrogs: g.values / int64(len(g.walks))}
	}
	return result
}

func (g *walkGroup) collect(run *Run) {
	for _, w := range g.walks {
		run.StepSizes = append(run.StepSizes, w.scale)
		run.WalkScales = append(run.WalkScales, w.scale)
		run.CrankNicolson = append(run.CrankNicolson, w.beta)
		variances := make([]float64, len(w.sd))
		for i, sd := range w.sd {
			variances[i] = sd * sd
		}
		run.InverseMass = append(run.InverseMass, variances)
		rates := make([]float64, len(w.updates))
		for b, n := range w.updates {
			rates[b] = float64(n) / float64(max(w.transition-run.Options.Warmup, 1))
		}
		run.Acceptance = append(run.Acceptance, rates)
	}
	run.Values += g.values
}

func (g *walkGroup) close() error { return g.evaluator.Close() }
