package bffg_test

import (
	"context"
	"fmt"
	"log"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/bffg/prior"
	"github.com/hxgpu/hxgpu/device/cpu"
	"github.com/hxgpu/hxgpu/nuts"
	"github.com/hxgpu/hxgpu/tensor"
)

// A model of one's own: Brownian motion whose rate grows with the state. The
// linear-Gaussian process that guides the states is found by linearisation.
func ExampleNewTarget() {
	model := &bffg.Model{
		Name: "saturating", Traits: []string{"x"},
		Discrete: bffg.Discrete{ // x_v | x_parent ~ N(Mean, Covariance)
			Dim:  1,
			Mean: func(x tensor.Value, e bffg.Edge) tensor.Value { return x },
			Covariance: func(x tensor.Value, e bffg.Edge) tensor.Value {
				rate := x.Square().Shift(1).Mul(e.Parameter("sigma_sq"))
				return rate.Mul(e.Length).Reshape(1, 1)
			},
			Rounds: 3, // of linearisation around the filtered states
		},
		Parameters: []bffg.Parameter{
			{Name: "sigma_sq", Labels: []string{""}, Prior: prior.LogNormal(0, 2)},
			{Name: "tau_sq", Labels: []string{""}, Prior: prior.LogNormal(0, 2)},
		},
		TipNoise: true, Root: bffg.RootPinned, RootValue: []float64{0}, SampleNoise: true,
	}
	target, err := bffg.NewTarget(model, bffg.SeedData())
	if err != nil {
		log.Fatal(err)
	}
	device, err := cpu.Open(cpu.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer device.Close()
	run, err := nuts.Sample(context.Background(), device, target, nuts.Options{Chains: 4, Warmup: 500, Draws: 500, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(target.Names(), "R-hat below 1.05:", nuts.Rhat(run.Coordinate(0)) < 1.05 && nuts.Rhat(run.Coordinate(1)) < 1.05)
	// Output: [sigma_sq tau_sq] R-hat below 1.05: true
}
