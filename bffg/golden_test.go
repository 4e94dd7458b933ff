package bffg_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/autodiff"
	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

type goldenTopology struct {
	Parents []int `json:"parents"`
}

type discreteCase struct {
	Kind       string         `json:"kind"`
	D          int            `json:"d"`
	Topology   goldenTopology `json:"topology"`
	A, Q0      [][]float64
	B          []float64   `json:"b"`
	LeafObs    [][]float64 `json:"leaf_obs"`
	Z          [][]float64 `json:"z"`
	RootVal    []float64   `json:"root_val"`
	Theta      []float64   `json:"theta"`
	Iterations int         `json:"bf_iterations"`
	ForwardVal [][]float64 `json:"forward_val"`
	Prec       [][][]float64
	Ptnl       [][]float64
	LogNorm    []float64 `json:"log_norm"`
	Anchor     [][]float64
	Val        [][]float64
	LogCorr    []float64 `json:"log_corr"`
	Target     float64
	GradTheta  []float64   `json:"grad_theta"`
	GradZ      [][]float64 `json:"grad_z"`
}

func readGolden(t testing.TB, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, into))
}

// byComponent turns [node][component] into [component][node].
func byComponent(rows [][]float64) []float64 {
	var out []float64
	for c := range rows[0] {
		for _, row := range rows {
			out = append(out, row[c])
		}
	}
	return out
}

func flatten(matrices [][][]float64) [][]float64 {
	out := make([][]float64, len(matrices))
	for i, m := range matrices {
		for _, row := range m {
			out[i] = append(out[i], row...)
		}
	}
	return out
}

// model is the model that discrete.json describes in its "about".
func (c discreteCase) model() bffg.Discrete {
	a, b, q0 := tensor.ConstantMatrix(c.A), tensor.ConstantVector(c.B...), tensor.ConstantMatrix(c.Q0)
	scale := func(e bffg.Edge) tensor.Value { return e.Parameter("theta").At(0).Exp() }
	m := bffg.Discrete{Dim: c.D, Rounds: c.Iterations,
		Mean: func(x tensor.Value, e bffg.Edge) tensor.Value {
			if c.Kind == "nonlinear" {
				x = x.Tanh()
			}
			return a.MatMul(x).Mul(e.Parameter("theta").At(2)).Add(b)
		},
		Covariance: func(x tensor.Value, e bffg.Edge) tensor.Value {
			q := q0.Mul(scale(e))
			if c.Kind == "nonlinear" {
				r := x.Dot(x)
				q = q.Mul(r.Scale(0.2).Div(r.Shift(1)).Shift(1))
			}
			return q
		},
	}
	return m
}

// start is the model and an empty program over its fields.
func (c discreteCase) start(t testing.TB) (bffg.Discrete, *tree.Program) {
	m := c.model()
	schema, err := tree.NewSchema(append(m.Fields(),
		tree.Field{Name: "theta", Kind: tree.Chain, Shape: tensor.Shape{3}},
		tree.Field{Name: bffg.RootValue, Kind: tree.Chain, Shape: tensor.Shape{c.D}})...)
	require.NoError(t, err)
	p := tree.NewProgram(schema)
	return m, p
}

func (c discreteCase) program(t testing.TB) *tree.Program {
	m, p := c.start(t)
	p.Scalars("tip noise", func(v *tree.ScalarView) {
		v.Write(bffg.TipNoise, v.Parameter("theta").At(1).Exp().Spread(c.D))
	})
	m.AddLikelihood(p, bffg.RootPinned, bffg.Tips{Noise: true}, true)
	p.Total("test function", func(v *tree.MapView) tensor.Value { return v.Field(bffg.FieldState).Sin().Sum() })
	p.Scalars("target", func(v *tree.ScalarView) {
		v.Write("target", v.Parameter(bffg.LogLikelihood).Add(v.Parameter("test function")))
	})
	require.NoError(t, p.Err())
	return p
}

func (c discreteCase) inputs(topology *tree.Topology) map[string][]float64 {
	n := topology.Size()
	y, mask, anchor := make([]float64, c.D*n), make([]float64, c.D*n), make([]float64, c.D*n)
	for k := range c.D {
		for v := range n {
			anchor[k*n+v] = c.RootVal[k]
		}
		for i, v := range topology.Leaves() {
			y[k*n+v], mask[k*n+v], anchor[k*n+v] = c.LeafObs[i][k], 1, c.LeafObs[i][k]
		}
	}
	return map[string][]float64{bffg.FieldObservation: y, bffg.FieldObserved: mask, bffg.FieldStartAnchor: anchor,
		bffg.FieldNoise: byComponent(c.Z), "theta": c.Theta, bffg.RootValue: c.RootVal, bffg.FieldLength: make([]float64, n)}
}

// forward is the unconditional sweep of the same model.
func (c discreteCase) forward(t testing.TB) *tree.Program {
	m, p := c.start(t)
	p.Map("root", func(v *tree.MapView) {
		v.Write(bffg.FieldState, tensor.Select(v.IsRoot(), v.Parameter(bffg.RootValue), tensor.Zeros(c.D)))
	})
	m.AddForward(p)
	require.NoError(t, p.Err())
	return p
}

func (c discreteCase) check(t *testing.T, got map[string][]float64, tolerance float64) {
	compare := func(name string, want, have []float64) {
		require.Len(t, have, len(want), name)
		scale := 0.0
		for _, w := range want {
			scale = max(scale, w, -w)
		}
		for i := range want {
			require.InDelta(t, want[i], have[i], tolerance*max(scale*1e-3, 1, want[i], -want[i]), "%s[%d]", name, i)
		}
	}
	compare("H", byComponent(flatten(c.Prec)), got[bffg.FieldPrecision])
	compare("F", byComponent(c.Ptnl), got[bffg.FieldPotential])
	compare("c", c.LogNorm, got[bffg.FieldLogNorm])
	compare("anchor", byComponent(c.Anchor), got[bffg.FieldAnchor])
	compare("x", byComponent(c.Val), got[bffg.FieldState])
	compare("log weight", c.LogCorr, got[bffg.FieldLogWeight])
	compare("target", []float64{c.Target}, got["target"])
	compare("gradient of theta", c.GradTheta, got[autodiff.GradientName("theta")])
	compare("gradient of z", byComponent(c.GradZ), got[autodiff.GradientName("z")])
}

// TestDiscreteGoldenReference checks the definition itself: the program and its
// gradient, run by the plain evaluator.
func TestDiscreteGoldenReference(t *testing.T) { checkDiscrete(t, reference, 1e-9) }
