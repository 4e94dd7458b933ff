package nuts_test

import (
	"context"
	"fmt"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/nuts"
)

// normal is a standard normal in some dimensions, computed on the host.
type normal struct{ dim, chains int }

func (n normal) Dim() int { return n.dim }

func (n normal) Open(_ device.Device, chains int) (nuts.Evaluator, error) {
	return normal{n.dim, chains}, nil
}

func (n normal) Gradient(_ context.Context, q, logp, grad []float64) error {
	clear(logp)
	for i, x := range q {
		grad[i] = -x
		logp[i%n.chains] -= x * x / 2
	}
	return nil
}

func (normal) Close() error { return nil }

func Example() {
	run, err := nuts.Sample(context.Background(), nil, normal{dim: 3},
		nuts.Options{Chains: 4, Warmup: 500, Draws: 1000, Seed: 1, Groups: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	s := nuts.Describe(run.Coordinate(0))
	fmt.Printf("mean %.1f, sd %.1f, divergences %d, R-hat below 1.01: %t\n", s.Mean, s.SD, run.Divergences(), s.Rhat < 1.01)
	// Output: mean 0.0, sd 1.0, divergences 0, R-hat below 1.01: true
}
