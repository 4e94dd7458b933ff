package nutstest

import (
	"context"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/nuts"
)

// target is a density computed in Go, chain by chain. The function gives the log
// density up to a constant, writes the gradient, and is safe for use by several
// goroutines.
type target struct {
	dim     int
	density func(q, gradient []float64) float64
}

func (t target) Dim() int { return t.dim }

// Open ignores the device, which may be nil.
func (t target) Open(_ device.Device, chains int) (nuts.Evaluator, error) {
	return &evaluator{t, chains, make([]float64, t.dim), make([]float64, t.dim)}, nil
}

type evaluator struct {
	target
	chains      int
	q, gradient []float64 // of one chain
}

func (e *evaluator) Gradient(ctx context.Context, q, logp, grad []float64) error {
	for c := range e.chains {
		for i := range e.q {
			e.q[i] = q[i*e.chains+c]
		}
		logp[c] = e.density(e.q, e.gradient)
		for i, g := range e.gradient {
			grad[i*e.chains+c] = g
		}
	}
	return ctx.Err()
}

func (e *evaluator) Close() error { return nil }
