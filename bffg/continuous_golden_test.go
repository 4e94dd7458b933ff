package bffg_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/autodiff"
	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/cpu"
	"github.com/hxgpu/hxgpu/device/plan"
	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

type continuousCase struct {
	Kind       string         `json:"kind"`
	D          int            `json:"d"`
	Steps      int            `json:"n_steps"`
	Rounds     int            `json:"refine_iterations"`
	Topology   goldenTopology `json:"topology"`
	M, S0      [][]float64
	Mu         []float64
	EdgeLen    []float64     `json:"edge_len"`
	LeafObs    [][]float64   `json:"leaf_obs"`
	Z          [][][]float64 `json:"z"`
	RootVal    []float64     `json:"root_val"`
	Theta      []float64     `json:"theta"`
	ForwardEnd [][]float64   `json:"forward_end"`
	PrecV      [][][]float64 `json:"prec_v"`
	PtnlV      [][]float64   `json:"ptnl_v"`
	LogNorm    []float64     `json:"log_norm"`
	Anchor     [][]float64
	AnchorPa   [][]float64 `json:"anchor_pa"`
	ValsEnd    [][]float64 `json:"vals_end"`
	ValsMid    [][]float64 `json:"vals_mid"`
	LogCorr    []float64   `json:"log_corr"`
	Target     float64
	GradTheta  []float64     `json:"grad_theta"`
	GradZ      [][][]float64 `json:"grad_z"`
}

// model is the model that continuous.json describes in its "about".
func (c continuousCase) model() bffg.Continuous {
	d := c.D
	matrix, s0, mu := tensor.ConstantMatrix(c.M), tensor.ConstantMatrix(c.S0), tensor.ConstantVector(c.Mu...)
	theta := func(e bffg.Edge, i int) tensor.Value { return e.Parameter("theta").At(i) }
	m := bffg.Continuous{Points: d, Steps: c.Steps, Rounds: c.Rounds, Bridge: bffg.EulerBridge, EndpointCovariance: true,
		Diffusion: func(_, x tensor.Value, e bffg.Edge) tensor.Value {
			return s0.Mul(theta(e, 0).Exp()).Mul(x.Sum().Tanh().Scale(0.2).Shift(1))
		},
	}
	if c.Kind == "closed_form" {
		m.Drift = func(_, x tensor.Value, e bffg.Edge) tensor.Value { return x.Tanh().Mul(theta(e, 2)).Scale(0.3) }
		m.Auxiliary = &bffg.Linear{}
		return m
	}
	m.Drift = func(_, x tensor.Value, e bffg.Edge) tensor.Value {
		return matrix.MatMul(x.Sub(mu)).Mul(theta(e, 2)).Add(x.Sin().Scale(0.1))
	}
	return m // linearised at the anchors by autodiff
}

// program has the sweeps in the order of the golden file, and the target.
func (c continuousCase) program(t testing.TB) *tree.Program {
	m := c.model()
	schema, err := tree.NewSchema(append(m.Fields(), tree.Field{Name: "theta", Kind: tree.Chain, Shape: tensor.Shape{3}},
		tree.Field{Name: bffg.RootValue, Kind: tree.Chain, Shape: tensor.Shape{c.D}}, tree.Field{Name: "children", Kind: tree.Data})...)
	require.NoError(t, err)
	p := tree.NewProgram(schema)
	p.Scalars("noise", func(v *tree.ScalarView) {
		v.Write(bffg.TipNoise, v.Parameter("theta").At(1).Exp().Spread(c.D))
	})
	m.AddFilter(p, bffg.Tips{Noise: true})
	m.AddRoot(p, bffg.RootPinned, false)
	m.AddGuidedForward(p)
	p.Total("sum", func(v *tree.MapView) tensor.Value {
		atRoot := v.Field(bffg.FieldState).Sin().Sum().Scale(float64(c.Steps + 1))
		below := v.Field(bffg.FieldPath).Sin().Sum()
		return v.Field(bffg.FieldLogWeight).Add(tensor.Select(v.IsRoot(), atRoot, below).Scale(0.01))
	})
	p.Total("sum of beginnings", func(v *tree.MapView) tensor.Value {
		// The trajectory of an edge begins with the parent's state.
		return v.Field(bffg.FieldState).Sin().Sum().Scale(0.01).Mul(v.Field("children"))
	})
	p.Scalars("target", func(v *tree.ScalarView) {
		v.Write("target", v.Parameter("sum").Add(v.Parameter("sum of beginnings")).Add(v.Parameter("log h(root)")))
	})
	require.NoError(t, p.Err())
	return p
}

// byStep turns [node][step][component] into [step and component][node].
func byStep(rows [][][]float64) []float64 { return byComponent(flatten(rows)) }

func TestGoldenContinuous(t *testing.T) {
	checkGoldenContinuous(t, func(p device.Precision) device.Device {
		dev, err := cpu.Open(cpu.Options{Precision: p})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, dev.Close()) })
		return dev
	}, 0, 1, 2, 3)
}

func checkGoldenContinuous(t *testing.T, open func(device.Precision) device.Device, cases ...int) {
	var file struct{ Cases []continuousCase }
	readGolden(t, "continuous.json", &file)
	require.Len(t, file.Cases, 4)
	for _, precision := range []device.Precision{device.Float64, device.Float32} {
		dev := open(precision)
		for _, n := range cases {
			c := file.Cases[n]
			t.Run(fmt.Sprintf("%s %d %d", c.Kind, n, precision), func(t *testing.T) { c.check(t, dev) })
		}
	}
}

func (c continuousCase) check(t *testing.T, dev device.Device) {
	topology, _, err := tree.FromParents(c.Topology.Parents)
	require.NoError(t, err)
	gradient, err := autodiff.Gradient(c.program(t), "target", "theta", bffg.FieldNoise)
	require.NoError(t, err)
	outputs := []string{"target", bffg.FieldLogWeight, bffg.FieldState, bffg.FieldPath, bffg.FieldPrecision, bffg.FieldPotential, bffg.FieldLogNorm,
		bffg.FieldAnchor, bffg.FieldParentAnchor, autodiff.GradientName("theta"), autodiff.GradientName(bffg.FieldNoise)}
	run, err := plan.Compile(dev, gradient, topology, plan.Options{Chains: 1, Outputs: outputs})
	require.NoError(t, err)
	defer run.Close()
	nodes := topology.Size()
	y, observed, anchor, parentAnchor, children := make([][]float64, nodes), make([][]float64, nodes), make([][]float64, nodes), make([][]float64, nodes), make([]float64, nodes)
	steps := make([]float64, nodes)
	for v := range nodes {
		y[v], observed[v], anchor[v], parentAnchor[v] = make([]float64, c.D), make([]float64, c.D), c.RootVal, c.RootVal
		children[v], steps[v] = float64(topology.ChildCount()[v]), float64(c.Steps)
	}
	for i, v := range topology.Leaves() {
		y[v], anchor[v] = c.LeafObs[i], c.LeafObs[i]
		for k := range observed[v] {
			observed[v][k] = 1
		}
	}
	for field, values := range map[string][]float64{bffg.FieldLength: c.EdgeLen, bffg.FieldSteps: steps, bffg.FieldObservation: byComponent(y), bffg.FieldObserved: byComponent(observed),
		bffg.FieldStartAnchor: byComponent(anchor), bffg.FieldStartParent: byComponent(parentAnchor), bffg.FieldNoise: byStep(c.Z), "theta": c.Theta, bffg.RootValue: c.RootVal, "children": children} {
		require.NoError(t, run.Set(field, values), field)
	}
	require.NoError(t, run.Run(context.Background()))
	tolerance := map[bool]float64{true: 1e-8, false: 1e-6}[c.Kind == "closed_form"]
	if dev.Info().Precision == device.Float32 {
		tolerance = 5e-3
	}
	get := func(field string) []float64 {
		x := make([]float64, run.Size(field))
		require.NoError(t, run.Get(field, x))
		return x
	}
	compare := func(name string, want, got []float64, first int) {
		t.Helper()
		require.Len(t, got, len(want), name)
		norm := 0.0
		for _, x := range want {
			norm = math.Hypot(norm, x)
		}
		for i, x := range want {
			if i%nodes >= first { // what is defined at the root
				require.InDelta(t, x, got[i], tolerance*max(1, norm), "%s %d", name, i)
			}
		}
	}
	compare("precision", byComponent(flatten(c.PrecV)), get(bffg.FieldPrecision), 0)
	compare("potential", byComponent(c.PtnlV), get(bffg.FieldPotential), 0)
	compare("log norm", c.LogNorm, get(bffg.FieldLogNorm), 0)
	compare("anchor", byComponent(c.Anchor), get(bffg.FieldAnchor), 0)
	compare("parent anchor", byComponent(c.AnchorPa), get(bffg.FieldParentAnchor), 1)
	compare("state", byComponent(c.ValsEnd), get(bffg.FieldState), 0)
	path := get(bffg.FieldPath)
	at := (c.Steps/2 - 1) * c.D * nodes
	compare("middle", byComponent(c.ValsMid), path[at:at+c.D*nodes], 1)
	compare("log weight", c.LogCorr, get(bffg.FieldLogWeight), 1)
	require.InDelta(t, c.Target, get("target")[0], tolerance*math.Abs(c.Target))
	compare("gradient of theta", c.GradTheta, get(autodiff.GradientName("theta")), 0)
	compare("gradient of z", byStep(c.GradZ), get(autodiff.GradientName(bffg.FieldNoise)), 0)
}
