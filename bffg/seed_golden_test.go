package bffg_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/autodiff"
	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

type seedPoint struct {
	Case          string
	LogTheta      []float64 `json:"log_theta"`
	Z, Val        []float64
	LogCorr       []float64 `json:"log_corr"`
	Prec, Ptnl    []float64
	LogNorm       []float64 `json:"log_norm"`
	Marginal      float64   `json:"marginal_loglik"`
	Potential     float64
	GradLogTheta  []float64 `json:"grad_log_theta"`
	GradZ         []float64 `json:"grad_z"`
	TotalPath     float64   `json:"total_path"`
	GradTotalPath []float64 `json:"grad_total_path_log_theta"`
}

type seedGolden struct {
	LeafObs []float64 `json:"leaf_obs"`
	Points  []seedPoint
}

// seedProgram is the seed model's log density, with the state-dependent
// covariance sigma_sq (1 + 0.3 x^2) in the non-linear case; the auxiliary stays
// Brownian (hyperiax's notebook 05, section 9).
func seedProgram(t testing.TB, kind string) *tree.Program {
	model := bffg.Seed()
	brownian := model.Discrete.Covariance
	if kind == "nonlinear" {
		model.Discrete.Covariance = func(x tensor.Value, e bffg.Edge) tensor.Value {
			return brownian(x, e).Mul(x.Square().Scale(0.3).Shift(1).Scalar())
		}
		model.Discrete.Auxiliary = func(anchor tensor.Value, e bffg.Edge) bffg.Transition {
			return bffg.Transition{Phi: tensor.Identity(1), Beta: tensor.Zeros(1), Q: brownian(anchor, e)}
		}
	}
	p, err := model.Posterior(false, true)
	require.NoError(t, err)
	p.Total("total path", func(v *tree.MapView) tensor.Value { return v.Field(bffg.FieldState).Sum() })
	require.NoError(t, p.Err())
	return p
}

func seedInputs(topology *tree.Topology, golden seedGolden, point seedPoint) map[string][]float64 {
	n := topology.Size()
	y, mask, lengths := make([]float64, n), make([]float64, n), make([]float64, n)
	for i, v := range topology.Leaves() {
		y[v], mask[v] = golden.LeafObs[i], 1
	}
	for v := 1; v < n; v++ {
		lengths[v] = 1
	}
	return map[string][]float64{bffg.FieldObservation: y, bffg.FieldObserved: mask, bffg.FieldStartAnchor: make([]float64, n),
		bffg.FieldLength: lengths, bffg.FieldNoise: point.Z, bffg.FieldPosition: point.LogTheta}
}

// runner runs a program for one chain and returns its fields.
type runner func(p *tree.Program, topology *tree.Topology, inputs map[string][]float64, outputs []string) (map[string][]float64, error)

func reference(p *tree.Program, topology *tree.Topology, inputs map[string][]float64, _ []string) (map[string][]float64, error) {
	return tree.Evaluate(p, topology, inputs)
}

func checkSeed(t *testing.T, run runner, tolerance float64) {
	var golden seedGolden
	readGolden(t, "seed.json", &golden)
	topology, err := tree.Symmetric(4, 2)
	require.NoError(t, err)
	// The smallest magnitude that errors are measured against: sums over the tree
	// cancel, so that an element can be far smaller than its terms.
	near := func(name string, want, have []float64) {
		require.Len(t, have, len(want), name)
		for i := range want {
			require.InDelta(t, want[i], have[i], tolerance*max(1, want[i], -want[i]), "%s[%d]", name, i)
		}
	}
	negate := func(x []float64) []float64 {
		out := make([]float64, len(x))
		for i := range x {
			out[i] = -x[i]
		}
		return out
	}
	for _, point := range golden.Points {
		p := seedProgram(t, point.Case)
		inputs := seedInputs(topology, golden, point)
		position := autodiff.GradientName(bffg.FieldPosition)
		g, err := autodiff.Gradient(p, bffg.LogDensity, bffg.FieldPosition, bffg.FieldNoise)
		require.NoError(t, err)
		noise := autodiff.GradientName(bffg.FieldNoise)
		outputs := []string{bffg.FieldState, bffg.FieldLogWeight, bffg.FieldPrecision, bffg.FieldPotential, bffg.FieldLogNorm,
			bffg.LogDensity, "log h(root)", "total path", position, noise}
		got, err := run(g, topology, inputs, outputs)
		require.NoError(t, err)
		near("x", point.Val, got[bffg.FieldState])
		near("log weight", point.LogCorr, got[bffg.FieldLogWeight])
		near("H", point.Prec, got[bffg.FieldPrecision])
		near("F", point.Ptnl, got[bffg.FieldPotential])
		near("c", point.LogNorm, got[bffg.FieldLogNorm])
		near("marginal likelihood", []float64{point.Marginal}, got["log h(root)"])
		near("potential", []float64{point.Potential}, negate(got[bffg.LogDensity]))
		near("gradient of log theta", point.GradLogTheta, negate(got[position]))
		near("gradient of z", point.GradZ, negate(got[noise]))
		near("total path", []float64{point.TotalPath}, got["total path"])
		path, err := autodiff.Gradient(p, "total path", bffg.FieldPosition)
		require.NoError(t, err)
		got, err = run(path, topology, inputs, []string{position})
		require.NoError(t, err)
		near("gradient of the total path", point.GradTotalPath, got[position])
	}
}

func TestSeedGoldenReference(t *testing.T) { checkSeed(t, reference, 1e-9) }
