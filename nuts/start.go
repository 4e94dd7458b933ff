package nuts

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math"

	"github.com/hxgpu/hxgpu/device"
)

// Start says where chains begin.
type Start uint8

// The starts.
const (
	// StartUniform is uniform on (-2,2) in every coordinate, or around the centre of a
	// [Centred] target; noise of a [Whitened] target is drawn from its prior where the
	// algorithm uses that.
	StartUniform Start = iota
	// StartPrior is drawn from the prior of a [PriorTarget].
	StartPrior
	// StartAscent climbs the log density from StartUniform for a while. It is for
	// posteriors that are far from there; what it reaches is no draw.
	StartAscent
)

var startNames = [...]string{"uniform", "prior", "ascent"}

// String is the start's name on a command line.
func (s Start) String() string {
	if int(s) < len(startNames) {
		return startNames[s]
	}
	return fmt.Sprintf("start %d", uint8(s))
}

// ParseStart reads a start's name.
func ParseStart(name string) (Start, error) {
	for s, known := range startNames {
		if name == known {
			return Start(s), nil
		}
	}
	return StartUniform, fmt.Errorf("nuts: there is no start %q; use uniform, prior or ascent", name)
}

// PriorTarget is a target that can draw positions from its prior.
type PriorTarget interface {
	Target
	// DrawPrior fills q[dimension] with an unconstrained position.
	DrawPrior(random *Stream, q []float64)
}

// initialTries is how many starting positions are tried.
const initialTries = 100

// startSpreads is how many standard deviations from the centre of a [Centred] target
// chains start at most.
const startSpreads = 5

// startPosition is the position at which a chain starts, after some tries: noise
// drawn from its prior, everything else uniform.
func startPosition(o *Options, number, tries int, q []float64, noise span) {
	if o.Init != nil {
		copy(q, o.Init[number])
		return
	}
	random := NewStream(o.Seed, uint32(number), uint32(tries), purposeStart)
	normal := NewStream(o.Seed, uint32(number), uint32(tries), purposeStartNoise)
	for i := range q {
		u, z := random.Uniform(), 0.0
		if noise.size() > 0 {
			z = normal.Normal()
		}
		switch q[i] = 4*u - 2; {
		case noise.holds(i):
			q[i] = z
		case i < len(o.centre):
			q[i] = o.centre[i] + startSpreads*o.spread[i]*(2*u-1)
		}
	}
}

// finite reports whether the density and its gradient are numbers.
func (x *phase) finite() bool {
	fine := !math.IsNaN(x.logDensity) && !math.IsInf(x.logDensity, 0)
	for _, g := range x.gradient {
		fine = fine && !math.IsNaN(g) && !math.IsInf(g, 0)
	}
	return fine
}

// starts fills in Init where chains do not start by themselves: from the prior, after
// an ascent, or several at one point.
func (s *sampling) starts(ctx context.Context, dev device.Device, target Target) (err error) {
	o := s.options
	if o.Init != nil || o.Start == StartUniform && o.Superchains == 0 || o.Resume != nil && !o.Resume.initial() {
		return nil
	}
	n := o.Chains
	if o.Superchains > 0 {
		n = o.Superchains
	}
	e, err := target.Open(dev, n)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	f := &field{evaluator: e, n: n, q: make([]float64, s.dim*n), slope: make([]float64, s.dim*n), density: make([]float64, n)}
	if err := f.place(ctx, s, target); err != nil {
		return err
	}
	if o.Start == StartAscent {
		if err := f.climb(ctx); err != nil {
			return err
		}
	}
	o.Init = make([][]float64, o.Chains)
	for c := range o.Init {
		o.Init[c] = make([]float64, s.dim)
		gather(f.q, c*n/o.Chains, n, o.Init[c])
	}
	return nil
}

// field is a number of points that are evaluated together.
type field struct {
	evaluator         Evaluator
	n                 int
	q, slope, density []float64
}

func (f *field) evaluate(ctx context.Context) error {
	if err := f.evaluator.Gradient(ctx, f.q, f.density, f.slope); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("nuts: evaluating the target: %w", err)
	}
	return nil
}

// place finds starting points with a finite density and gradient.
func (f *field) place(ctx context.Context, s *sampling, target Target) error {
	placed := make([]bool, f.n)
	x := newPhase(s.dim)
	for tries := range initialTries {
		for k := range f.n {
			if placed[k] {
				continue
			}
			startPosition(s.options, k, tries, x.q, s.noise)
			if s.options.Start == StartPrior {
				random := NewStream(s.options.Seed, uint32(k), uint32(tries), purposeStart)
				target.(PriorTarget).DrawPrior(&random, x.q)
			}
			scatter(f.q, k, f.n, x.q)
		}
		if err := f.evaluate(ctx); err != nil {
			return err
		}
		all := true
		for k := range f.n {
			gather(f.slope, k, f.n, x.gradient)
			x.logDensity = f.density[k]
			placed[k] = placed[k] || x.finite()
			all = all && placed[k]
		}
		if all {
			return nil
		}
	}
	for k, found := range placed {
		if !found {
			return errNoStart(k)
		}
	}
	return nil
}

// The ascent: so many steps of Adam (Kingma & Ba 2015), whose length falls from the
// first to the last.
const (
	ascentSteps              = 200
	ascentFirst, ascentLast  = 0.2, 0.005
	ascentMemory, ascentNorm = 0.9, 0.99
)

// climb goes up the log density, and ends at the best points seen.
func (f *field) climb(ctx context.Context) error {
	size := len(f.q)
	first, second, best := make([]float64, size), make([]float64, size), append([]float64(nil), f.q...)
	highest := make([]float64, f.n)
	for k := range highest {
		highest[k] = math.Inf(-1)
	}
	for step := range ascentSteps {
		if err := f.evaluate(ctx); err != nil {
			return err
		}
		rate := ascentFirst * math.Pow(ascentLast/ascentFirst, float64(step)/ascentSteps)
		scale1, scale2 := 1-math.Pow(ascentMemory, float64(step+1)), 1-math.Pow(ascentNorm, float64(step+1))
		for k := range f.n {
			higher := f.density[k] > highest[k] && !math.IsInf(f.density[k], 1) // false for NaN
			if higher {
				highest[k] = f.density[k]
			}
			lost := math.IsNaN(f.density[k]) || math.IsInf(f.density[k], 0)
			for i := k; i < size; i += f.n {
				switch g := f.slope[i]; {
				case lost || math.IsNaN(g) || math.IsInf(g, 0):
					f.q[i], first[i] = best[i], 0
					continue
				default:
					if higher {
						best[i] = f.q[i]
					}
					first[i] = ascentMemory*first[i] + (1-ascentMemory)*g
					second[i] = ascentNorm*second[i] + (1-ascentNorm)*g*g
				}
				if second[i] > 0 {
					f.q[i] += rate * first[i] / scale1 / math.Sqrt(second[i]/scale2)
				}
			}
		}
	}
	copy(f.q, best)
	return nil
}

// initial reports whether a chain of the checkpoint has not started yet.
func (c *Checkpoint) initial() bool {
	for _, r := range c.Chains {
		if r.Q != nil && r.Progress.Stage == stageInitial {
			return true
		}
	}
	for _, r := range c.Walks {
		if !r.Progress.Started {
			return true
		}
	}
	return false
}

// digest tells given starting positions apart.
func digest(init [][]float64) uint64 {
	if init == nil {
		return 0
	}
	h := fnv.New64a()
	for _, q := range init {
		for _, x := range q {
			bits := math.Float64bits(x)
			var b [8]byte
			for i := range b {
				b[i] = byte(bits >> (8 * i))
			}
			h.Write(b[:])
		}
	}
	return h.Sum64()
}
