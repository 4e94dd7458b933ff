package bffg

import (
	"github.com/hxgpu/hxgpu/bffg/prior"
	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

// Seed is the built-in example, the model of hyperiax's notebooks 05 and 06: one
// trait, Brownian steps of variance sigma_sq per edge, tip noise tau_sq, the root
// pinned at 0, log-normal(0,2) priors on both, and the noise of the guided sweep
// sampled along with them.
func Seed() *Model {
	return &Model{
		Name: "seed", About: "Brownian steps on a binary tree, noise sampled with the parameters", Traits: []string{"x"}, TipNoise: true,
		Discrete: Discrete{
			Dim:  1,
			Mean: func(x tensor.Value, e Edge) tensor.Value { return x },
			Covariance: func(x tensor.Value, e Edge) tensor.Value {
				return e.Parameter("sigma_sq").Mul(e.Length).Reshape(1, 1)
			},
		},
		Natural: []tree.Field{{Name: "sigma_sq", Kind: tree.Chain, Shape: tensor.Shape{1}}},
		Parameters: []Parameter{
			{Name: "sigma_sq", Labels: []string{""}, Prior: prior.LogNormal(0, 2), About: "variance of one edge's step"},
			{Name: TipNoise, Labels: []string{""}, Prior: prior.LogNormal(0, 2), About: "variance of the observations"},
		},
		Root: RootPinned, RootValue: []float64{0}, SampleNoise: true,
	}
}

// SeedData is the data of the built-in example: a balanced tree with 16 leaves and
// edges of length 1, simulated with sigma_sq = 0.5 and tau_sq = 0.1.
func SeedData() Data {
	topology, err := tree.Symmetric(4, 2)
	if err != nil {
		panic("bffg: the built-in tree is invalid")
	}
	lengths := make([]float64, topology.Size())
	for v := 1; v < len(lengths); v++ {
		lengths[v] = 1
	}
	return Data{Topology: topology, Lengths: lengths, Values: [][]float64{append([]float64(nil), seedObservations...)}}
}
