// Command doublewell fits a process with two stable states to the tips of a tree:
// dX = a (X - X^3) dt + s dW, which stays near -1 or 1 and now and then crosses
// over. It simulates data, and samples a, s and the paths along all edges.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/bffg/prior"
	"github.com/hxgpu/hxgpu/device/cpu"
	"github.com/hxgpu/hxgpu/nuts"
	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

// model is the whole model: the equation, its parameters and their priors.
func model() *bffg.Model {
	return &bffg.Model{
		Name: "double well", Traits: []string{"x"}, TipNoise: true, Root: bffg.RootPinned, RootValue: []float64{0}, SampleNoise: true,
		Continuous: &bffg.Continuous{
			Points: 1, Steps: 20, Rounds: 2,
			Drift: func(_, x tensor.Value, e bffg.Edge) tensor.Value {
				return x.Sub(x.Mul(x).Mul(x)).Mul(e.Parameter("a"))
			},
			Diffusion: func(_, _ tensor.Value, e bffg.Edge) tensor.Value { return e.Parameter("s").Reshape(1, 1) },
			// Linearised at an anchor in a well or between the wells, the process would
			// guide too firmly: a driftless one leaves the choice to the weights.
			Auxiliary: &bffg.Linear{},
		},
		Natural: []tree.Field{{Name: "a", Kind: tree.Chain, Shape: tensor.Shape{1}}, {Name: "s", Kind: tree.Chain, Shape: tensor.Shape{1}}},
		Parameters: []bffg.Parameter{
			{Name: "a", Labels: []string{""}, Prior: prior.LogNormal(0, 0.7), About: "how fast a well draws in"},
			{Name: "s", Labels: []string{""}, Prior: prior.LogNormal(-0.5, 0.7), About: "noise per square root of time"},
			{Name: bffg.TipNoise, Labels: []string{""}, Prior: prior.LogNormal(0, 1), Fixed: []float64{0.01}},
		},
	}
}

func main() {
	draws := flag.Int("draws", 1000, "draws per chain, after as many of warm-up")
	flag.Parse()
	if err := run(context.Background(), *draws); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, draws int) error {
	dev, err := cpu.Open(cpu.Options{})
	if err != nil {
		return err
	}
	defer dev.Close()
	topology, err := tree.Symmetric(4, 2) // 16 tips
	if err != nil {
		return err
	}
	m, nodes := model(), topology.Size()
	lengths := make([]float64, nodes)
	for v := 1; v < nodes; v++ {
		lengths[v] = 0.5
	}
	// Data simulated with a = 2, s = 0.8.
	noise := make([]float64, m.Continuous.Steps*nodes)
	stream := nuts.NewStream(7, 0, 0, nuts.PurposeSimulation)
	for i := range noise {
		noise[i] = stream.Normal()
	}
	states, err := m.Simulate(ctx, dev, bffg.Data{Topology: topology, Lengths: lengths}, map[string][]float64{"a": {2}, "s": {0.8}}, []float64{0}, noise)
	if err != nil {
		return err
	}
	data := bffg.Data{Topology: topology, Lengths: lengths, Values: [][]float64{nil}}
	for _, v := range topology.Leaves() {
		data.Values[0] = append(data.Values[0], states[v]+0.1*stream.Normal())
	}
	fmt.Printf("tips: %.2f\n", data.Values[0])
	target, err := bffg.NewTarget(m, data)
	if err != nil {
		return err
	}
	parameters := []int{0, 1}
	sampled, err := nuts.Sample(ctx, dev, target, nuts.Options{Warmup: draws, Draws: draws, Seed: 1, Select: parameters, MaxTreeDepth: 8})
	if err != nil {
		return err
	}
	natural := make([][][]float64, len(parameters)) // [parameter][chain][draw]
	for _, chain := range sampled.Positions {
		values, err := target.Natural(ctx, dev, chain)
		if err != nil {
			return err
		}
		for p := range natural {
			one := make([]float64, len(values))
			for d := range values {
				one[d] = values[d][p]
			}
			natural[p] = append(natural[p], one)
		}
	}
	for p, name := range target.Names() {
		s := nuts.Describe(natural[p])
		fmt.Printf("%s: %.3f (%.3f to %.3f), R-hat %.3f, ESS %.0f\n", name, s.Mean, s.Q2_5, s.Q97_5, s.Rhat, s.ESSBulk)
	}
	return nil
}
