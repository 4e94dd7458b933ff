package bffg_test

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/plan"
	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

// TestWeightIsUnbiased: the guided likelihood of a non-linear model, averaged
// over noise, is the likelihood, whatever the anchors: 1 to 4 rounds of
// linearisation agree with quadrature over the one inner state, within 4.5
// standard errors (a right estimator misses once in 150,000 comparisons).
func TestWeightIsUnbiased(t *testing.T) {
	topology, _, err := tree.FromParents([]int{0, 0, 1, 1, 1})
	require.NoError(t, err)
	n := topology.Size()
	lengths, y := []float64{0, 0.7, 0.4, 0.9, 0.3}, []float64{0, 0, 1.1, -0.4, 0.8}
	const tau, root, draws = 0.1, 0.3, 100_000
	mean := func(x float64) float64 { return x + 0.3*math.Sin(x) }
	variance := func(x, length float64) float64 { return 0.6 * math.Exp(math.Tanh(x)) * length }
	normal := func(x, v float64) float64 { return math.Exp(-x*x/(2*v)) / math.Sqrt(2*math.Pi*v) }
	exact := 0.0
	for i := range 40000 {
		x := -10 + 20*(float64(i)+0.5)/40000
		p := normal(x-mean(root), variance(root, lengths[1]))
		for v := 2; v < n; v++ {
			p *= normal(y[v]-mean(x), variance(x, lengths[v])+tau)
		}
		exact += p * 20 / 40000
	}
	for rounds := 1; rounds <= 4; rounds++ {
		m := bffg.Discrete{Dim: 1, Rounds: rounds,
			Mean: func(x tensor.Value, e bffg.Edge) tensor.Value { return x.Add(x.Sin().Scale(0.3)) },
			Covariance: func(x tensor.Value, e bffg.Edge) tensor.Value {
				return x.Tanh().Exp().Scale(0.6).Mul(e.Length).Reshape(1, 1)
			}}
		schema, err := tree.NewSchema(append(m.Fields(), tree.Field{Name: bffg.RootValue, Kind: tree.Chain, Shape: tensor.Shape{1}},
			tree.Field{Name: bffg.TipNoise, Kind: tree.Chain, Shape: tensor.Shape{1}})...)
		require.NoError(t, err)
		p := tree.NewProgram(schema)
		m.AddLikelihood(p, bffg.RootPinned, bffg.Tips{Noise: true}, true)
		run, err := plan.Compile(openCPU(t, device.Float64), p, topology, plan.Options{Chains: draws, Outputs: []string{bffg.LogLikelihood}})
		require.NoError(t, err)
		filled := func(x float64, n int) []float64 {
			all := make([]float64, n)
			for i := range all {
				all[i] = x
			}
			return all
		}
		for name, values := range map[string][]float64{bffg.FieldLength: lengths, bffg.FieldObservation: y, bffg.FieldObserved: {0, 0, 1, 1, 1},
			bffg.FieldStartAnchor: {root, root, y[2], y[3], y[4]}, bffg.FieldNoise: random(uint64(rounds), n*draws),
			bffg.RootValue: filled(root, draws), bffg.TipNoise: filled(tau, draws)} {
			require.NoError(t, run.Set(name, values))
		}
		require.NoError(t, run.Run(context.Background()))
		logs := make([]float64, draws)
		require.NoError(t, run.Get(bffg.LogLikelihood, logs))
		sum, squares := 0.0, 0.0
		for _, l := range logs {
			w := math.Exp(l)
			sum += w / draws
			squares += w * w / draws
		}
		se := math.Sqrt((squares - sum*sum) / draws)
		require.Positive(t, se)
		require.InDelta(t, exact, sum, 4.5*se, "%d rounds", rounds)
		require.Less(t, se/sum, 0.02)
		require.NoError(t, run.Close())
	}
}
