package nuts

import (
	"context"

	"github.com/hxgpu/hxgpu/device"
)

// Target is a posterior density to sample: a dimension and a program that
// gives the log density and its gradient for all chains at once.
type Target interface {
	// Dim is the number of unconstrained coordinates.
	Dim() int
	// Open binds the target to a device for a number of chains. Several goroutines may
	// call it at once.
	Open(dev device.Device, chains int) (Evaluator, error)
}

// Evaluator evaluates a target. Vectors are [dimension][chain], chain fastest:
// coordinate i of chain c stands at i*chains+c.
type Evaluator interface {
	// Gradient evaluates the log density logp[chain] and its gradient
	// grad[dimension][chain] at q[dimension][chain]. A point outside the
	// support gives a non-finite logp for that chain, not an error.
	Gradient(ctx context.Context, q, logp, grad []float64) error
	Close() error
}

// Recordable is an evaluator whose work can be recorded together with a sampler
// on the device, so that the host is not needed between gradients.
type Recordable interface {
	Evaluator
	// Stages are the dispatches of one evaluation.
	Stages() [][]device.Dispatch
	// Position is where they read q[dimension][chain]; LogDensity and Slope are
	// where they leave logp[chain] and grad[dimension][chain].
	Position() device.Binding
	LogDensity() device.Binding
	Slope() device.Binding
}

// Centred is a target that knows about where its mass is: a centre and a rough standard
// deviation of each of the first coordinates, or nothing. [StartUniform] then starts
// chains uniformly within five standard deviations of the centre, and the first masses
// are those of the standard deviations.
type Centred interface {
	Target
	Centre() (centre, spread []float64)
}
