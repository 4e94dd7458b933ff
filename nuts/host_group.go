package nuts

import (
	"context"
	"fmt"
)

// hostGroup is a number of chains whose sampler runs on the host; the device
// computes gradients.
type hostGroup struct {
	sampling     *sampling
	number       int      // of the group
	evaluators   []opened // by worker
	first        int
	chains       []*chain
	q, gradient  []float64
	logDensities []float64
}

// newHostGroup makes chains that the host takes to some number of transitions.
func (s *sampling) newHostGroup(evaluators []opened, dim, first, end, total int) *hostGroup {
	n := end - first
	g := &hostGroup{sampling: s, number: len(s.groups), evaluators: evaluators, first: first, q: make([]float64, dim*n), gradient: make([]float64, dim*n), logDensities: make([]float64, n)}
	var by *integrator
	for number := first; number < end; number++ {
		by = s.integratorLike(by)
		c := newChain(number, by, s)
		c.total = total // before it is restored, which begins what comes next
		c.keep = func(transition int, q []float64, stats Stats) error { return s.keep(number, transition, q, stats) }
		g.chains = append(g.chains, c)
		if s.ensemble != nil {
			s.ensemble.chains[number] = c
		}
		if s.options.Resume != nil {
			c.restore(&s.options.Resume.Chains[number])
		}
	}
	return g
}

// integratorLike is an integrator for a chain of a group whose last chain has the
// other one, nil for the first. Chains share as much as they have in common: what all
// read stays in the processor's cache.
func (s *sampling) integratorLike(other *integrator) *integrator {
	switch {
	case other == nil || s.ensemble == nil:
		return newIntegrator(s.startMetric(), s.noise)
	case s.ensemble.sharesStep() && s.options.StepJitter == 0:
		return other
	}
	return newIntegrator(other.metric, s.noise)
}

// run ticks until all chains of the group have finished: each tick is one
// gradient for every chain, and each chain uses it for whatever it needs.
func (g *hostGroup) run(ctx context.Context) error {
	n := len(g.chains)
	warm := make([]bool, n)
	for tick := 0; ; tick++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := g.sampling.turns.pass(ctx, g.number); err != nil {
			return err
		}
		if err := g.sampling.offer(g.number); err != nil {
			return err
		}
		busy, waiting := false, false
		for k, c := range g.chains {
			waiting = waiting || c.Stage == stageWaiting
			busy = busy || !c.idle()
			if !warm[k] && c.Transition >= g.sampling.options.Warmup {
				warm[k] = true
				g.sampling.finishedWarmup()
			}
		}
		if !busy && waiting {
			g.sampling.turns.give(g.number)
			if err := g.sampling.ensemble.meet(ctx, g.sampling.giveAll); err != nil {
				return err
			}
			for _, c := range g.chains {
				c.follow(g.sampling.ensemble.verdict)
			}
			// Only then: a group that is called away while it waits for its turn has met.
			if err := g.sampling.turns.take(ctx, g.number); err != nil {
				return err
			}
			continue
		}
		if !busy {
			g.sampling.update(g)
			return nil
		}
		if err := g.step(ctx); err != nil {
			return err
		}
		if tick&63 == 0 {
			g.sampling.update(g)
		}
	}
}

// step computes the gradient of every chain that needs one, and lets it go on.
func (g *hostGroup) step(ctx context.Context) error {
	n := len(g.chains)
	var vectors [together][]float64
	for k := 0; k < n; k += together {
		some := vectors[:min(together, n-k)]
		for i, c := range g.chains[k : k+len(some)] {
			if some[i] = nil; !c.idle() {
				some[i] = c.pending().q
			}
		}
		scatter(g.q, k, n, some...)
	}
	if err := g.sampling.evaluator(g.number, g.evaluators).gradient.Gradient(ctx, g.q, g.logDensities, g.gradient); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("nuts: evaluating the target: %w", err)
	}
	for k := 0; k < n; k += together {
		some := vectors[:min(together, n-k)]
		for i, c := range g.chains[k : k+len(some)] {
			some[i] = nil
			if !c.idle() {
				at := c.pending()
				at.logDensity, some[i] = g.logDensities[k+i], at.gradient
			}
		}
		gather(g.gradient, k, n, some...)
		for _, c := range g.chains[k : k+len(some)] {
			if c.idle() {
				continue
			}
			if err := c.advance(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (g *hostGroup) save(r *record, transitions []int) error {
	if r.Chains == nil {
		r.Chains = make([]chainRecord, g.sampling.options.Chains)
	}
	for _, c := range g.chains {
		r.Chains[c.number] = c.record()
		transitions[c.number] = c.begin.Transition
	}
	return nil
}

func (g *hostGroup) firstChain() int { return g.first }

func (g *hostGroup) progress() []ChainProgress {
	result := make([]ChainProgress, len(g.chains))
	for k, c := range g.chains {
		result[k] = ChainProgress{Transitions: c.Transition, Warmup: g.sampling.options.Warmup, Total: c.total,
			StepSize: c.StepSize, Leapfrogs: c.Leapfrogs, Divergences: c.Divergences}
	}
	return result
}

func (g *hostGroup) collect(run *Run) {
	for _, c := range g.chains {
		run.StepSizes = append(run.StepSizes, c.StepSize)
		run.InverseMass = append(run.InverseMass, append([]float64(nil), c.inverseMass...))
		run.Gradients += c.Leapfrogs + int64(c.Tries) + 1
	}
}

func (g *hostGroup) close() error { return nil }
