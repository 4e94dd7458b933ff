// Command statevariance fits a model whose rate of evolution depends on the state:
// on an edge of length t, x_v | x ~ N(x, sigma_sq exp(b x) t), so that large
// species, say, evolve faster. The model is three lines; its linear guide, the
// importance weight and all gradients follow from them.
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

func model() *bffg.Model {
	scalar := tensor.Shape{1}
	return &bffg.Model{
		Name: "state-dependent variance", Traits: []string{"size"}, TipNoise: true, Root: bffg.RootPinned, RootValue: []float64{0}, SampleNoise: true,
		Discrete: bffg.Discrete{
			Dim: 1, Rounds: 3,
			Mean: func(x tensor.Value, e bffg.Edge) tensor.Value { return x },
			Covariance: func(x tensor.Value, e bffg.Edge) tensor.Value {
				rate := e.Parameter("b").Mul(x).Exp().Mul(e.Parameter("sigma_sq"))
				return rate.Mul(e.Length).Reshape(1, 1)
			},
		},
		Natural: []tree.Field{{Name: "sigma_sq", Kind: tree.Chain, Shape: scalar}, {Name: "b", Kind: tree.Chain, Shape: scalar}},
		Parameters: []bffg.Parameter{
			{Name: "sigma_sq", Labels: []string{""}, Prior: prior.LogNormal(0, 1), About: "variance per unit of edge length at size 0"},
			{Name: "b", Labels: []string{""}, Prior: prior.Normal(0, 1), About: "how the logarithm of the rate grows with size"},
			{Name: bffg.TipNoise, Labels: []string{""}, Prior: prior.LogNormal(-4, 1), About: "variance of the observations"},
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
	topology, err := tree.Symmetric(6, 2) // 64 tips
	if err != nil {
		return err
	}
	m, nodes := model(), topology.Size()
	lengths, noise := make([]float64, nodes), make([]float64, nodes)
	stream := nuts.NewStream(3, 0, 0, nuts.PurposeSimulation)
	for v := 1; v < nodes; v++ {
		lengths[v], noise[v] = 0.5, stream.Normal()
	}
	states, err := m.Simulate(ctx, dev, bffg.Data{Topology: topology, Lengths: lengths}, map[string][]float64{"sigma_sq": {0.5}, "b": {0.8}}, []float64{0}, noise)
	if err != nil {
		return err
	}
	data := bffg.Data{Topology: topology, Lengths: lengths, Values: [][]float64{nil}}
	for _, v := range topology.Leaves() {
		data.Values[0] = append(data.Values[0], states[v]+0.1*stream.Normal())
	}
	target, err := bffg.NewTarget(m, data)
	if err != nil {
		return err
	}
	sampled, err := nuts.Sample(ctx, dev, target, nuts.Options{Warmup: draws, Draws: draws, Seed: 1, Select: []int{0, 1, 2}})
	if err != nil {
		return err
	}
	fmt.Println("simulated with sigma_sq = 0.5, b = 0.8, tau_sq = 0.01")
	for p, name := range target.Names() {
		var chains [][]float64
		for _, chain := range sampled.Positions {
			values, err := target.Natural(ctx, dev, chain)
			if err != nil {
				return err
			}
			var one []float64
			for _, v := range values {
				one = append(one, v[p])
			}
			chains = append(chains, one)
		}
		s := nuts.Describe(chains)
		fmt.Printf("%s: %.3f (%.3f to %.3f), R-hat %.3f, ESS %.0f\n", name, s.Mean, s.Q2_5, s.Q97_5, s.Rhat, s.ESSBulk)
	}
	fmt.Printf("%d divergences\n", sampled.Divergences())
	return nil
}
