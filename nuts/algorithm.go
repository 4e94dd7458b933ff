package nuts

import (
	"context"
	"fmt"

	"github.com/hxgpu/hxgpu/device"
)

// Algorithm is a way to move through the posterior.
type Algorithm uint8

// The algorithms.
const (
	// NUTS is the No-U-Turn sampler.
	NUTS Algorithm = iota
	// HMC is Hamiltonian Monte Carlo with paths whose mean length all chains learn
	// together, varied from one transition to the next.
	HMC
	// RandomWalk updates the parameters by random-walk Metropolis steps and the
	// noise of a [Whitened] target by preconditioned Crank-Nicolson steps (Cotter,
	// Roberts, Stuart & White 2013, arXiv:1202.0709). It needs no gradient.
	RandomWalk
)

var algorithmNames = [...]string{"nuts", "hmc", "rw"}

// String is the algorithm's name on a command line.
func (a Algorithm) String() string {
	if int(a) < len(algorithmNames) {
		return algorithmNames[a]
	}
	return fmt.Sprintf("algorithm %d", uint8(a))
}

// ParseAlgorithm reads an algorithm's name.
func ParseAlgorithm(name string) (Algorithm, error) {
	for a, known := range algorithmNames {
		if name == known {
			return Algorithm(a), nil
		}
	}
	return NUTS, fmt.Errorf("nuts: there is no algorithm %q; use nuts, hmc or rw", name)
}

// Whitened is a target some of whose coordinates are independent standard normal
// before the data are seen. Its log density includes their -z^2/2.
type Whitened interface {
	Target
	// Noise says which: those from first on, count of them.
	Noise() (first, count int)
}

// ValueTarget is a target that can be evaluated without its gradient.
type ValueTarget interface {
	Target
	OpenValue(dev device.Device, chains int) (ValueEvaluator, error)
}

// ValueEvaluator evaluates the log density logp[chain] at q[dimension][chain].
type ValueEvaluator interface {
	Value(ctx context.Context, q, logp []float64) error
	Close() error
}

// span is a run of coordinates.
type span struct{ first, end int }

// noiseOf is the noise of a target.
func noiseOf(target Target) span {
	if w, ok := target.(Whitened); ok {
		first, count := w.Noise()
		return span{first, first + count}
	}
	return span{}
}

func (s span) holds(i int) bool { return i >= s.first && i < s.end }
func (s span) size() int        { return s.end - s.first }

func (s span) list() []int {
	var all []int
	for i := s.first; i < s.end; i++ {
		all = append(all, i)
	}
	return all
}
