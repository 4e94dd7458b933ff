package plan_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/autodiff"
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/cpu"
	"github.com/hxgpu/hxgpu/device/plan"
	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

// loopProgram has loops in sweeps of both directions, matrices of n x n in every
// operation of linear algebra, and the gradient of all that.
func loopProgram(t testing.TB, n int) *tree.Program {
	square := tensor.Shape{n, n}
	schema, err := tree.NewSchema(tree.Field{Name: "x", Shape: tensor.Shape{n}}, tree.Field{Name: "z", Shape: tensor.Shape{4, n}},
		tree.Field{Name: "H", Shape: square}, tree.Field{Name: "d", Kind: tree.Data, Shape: tensor.Shape{3, n}}, tree.Field{Name: "theta", Kind: tree.Chain, Shape: tensor.Shape{2}})
	require.NoError(t, err)
	p := tree.NewProgram(schema)
	covariance := func(x, scale tensor.Value) tensor.Value {
		return x.Sin().Outer(x.Sin()).Mul(scale.Exp()).Add(tensor.Identity(n))
	}
	p.Up("filter", func(v *tree.UpView) {
		v.VisitLeaves()
		message := v.Children(func(c *tree.ChildView) tensor.Value {
			q := covariance(c.Field("x"), c.Parameter("theta").At(0))
			final, _ := tensor.Loop(3, []tensor.Value{c.Field("H")}, nil, func(s tensor.Step) (next, stacked []tensor.Value) {
				h := s.Carried[0]
				return []tensor.Value{h.Sub(h.MatMul(q).MatMul(h).Scale(0.01).Mul(s.Index.Shift(1)))}, nil
			})
			i := tensor.Identity(n).Add(final[0].MatMul(q))
			return i.Solve(final[0]).Add(i.LogDet().Scale(0.01))
		}).Sum()
		v.Write("H", tensor.Select(v.IsLeaf(), tensor.Identity(n).Mul(v.Field("d").Square().Sum().Shift(0.5)), message.Symmetrize()))
	})
	p.Down("guided", func(v *tree.DownView) {
		h := v.Field("H")
		final, stacked := tensor.Loop(4, []tensor.Value{v.Parent("x"), tensor.Constant(0)}, []tensor.Value{v.Field("z")}, func(s tensor.Step) (next, stacked []tensor.Value) {
			x := s.Carried[0]
			l := covariance(x, v.Parameter("theta").At(1)).Cholesky()
			w := l.SolveLower(h.MatMul(x))
			next = []tensor.Value{x.Scale(0.5).Add(l.MatMul(s.Sliced[0]).Scale(0.3)).Sub(l.SolveLowerTransposed(w).Scale(0.1)), s.Carried[1].Add(w.Dot(w))}
			return next, []tensor.Value{x.Sum()}
		})
		v.Write("x", final[0].Add(final[1].Tanh()).Add(stacked[0].Sum().Scale(0.01)))
	})
	p.Total("total", func(v *tree.MapView) tensor.Value { return v.Field("x").Square().Sum() })
	require.NoError(t, p.Err())
	gradient, err := autodiff.Gradient(p, "total", "x", "z", "theta")
	require.NoError(t, err)
	return gradient
}

// loopCase is a program with loops on a device.
type loopCase struct {
	tree      string
	n, chains int
	precision device.Precision
}

// TestArrayKernels: loops and large matrices give what the plain evaluator gives,
// for one chain and several, in both precisions.
func TestArrayKernels(t *testing.T) {
	checkLoopPrograms(t, func(t *testing.T, p device.Precision) device.Device { return openCPU(t, cpu.Options{Precision: p}) },
		loopCase{"balanced", 3, 1, device.Float64}, loopCase{"balanced", 2, 5, device.Float64}, loopCase{"path", 12, 2, device.Float64},
		loopCase{"star", 2, 3, device.Float64}, loopCase{"ragged", 3, 2, device.Float32}, loopCase{"one node", 3, 2, device.Float64})
}

func checkLoopPrograms(t *testing.T, open func(*testing.T, device.Precision) device.Device, cases ...loopCase) {
	topologies := shapes(t)
	for _, c := range cases {
		t.Run(fmt.Sprintf("%s %d %d %v", c.tree, c.n, c.chains, c.precision), func(t *testing.T) {
			checkLoopProgram(t, open(t, c.precision), topologies[c.tree], c.n, c.chains)
		})
	}
}

func checkLoopProgram(t *testing.T, dev device.Device, topology *tree.Topology, n, chains int) {
	p := loopProgram(t, n)
	r := rand.New(rand.NewPCG(uint64(n), uint64(chains)))
	inputs := make([]map[string][]float64, chains)
	nodes := topology.Size()
	d := make([]float64, 3*n*nodes) // of 12 rows it stands node by node
	for i := range d {
		d[i] = r.NormFloat64()
	}
	for c := range inputs {
		inputs[c] = map[string][]float64{"x": make([]float64, n*nodes), "z": make([]float64, 4*n*nodes), "theta": make([]float64, 2), "d": d}
		for name, x := range inputs[c] {
			for i := range x {
				if name != "d" {
					x[i] = 0.5 * r.NormFloat64()
				}
			}
		}
	}
	outputs := []string{"total", autodiff.GradientName("x"), autodiff.GradientName("z"), autodiff.GradientName("theta")}
	run, err := plan.Compile(dev, p, topology, plan.Options{Chains: chains, Outputs: outputs})
	require.NoError(t, err)
	defer run.Close()
	require.Equal(t, plan.Slab, run.Schedule)
	require.NoError(t, run.Set("d", d))
	for _, name := range []string{"x", "z", "theta"} {
		all := make([]float64, len(inputs[0][name])*chains)
		for c := range inputs {
			for i, x := range inputs[c][name] {
				all[i*chains+c] = x
			}
		}
		require.NoError(t, run.Set(name, all))
	}
	require.NoError(t, run.Run(context.Background()))
	tolerance := 1e-10
	if dev.Info().Precision == device.Float32 {
		tolerance = 2e-4
	}
	for c := range inputs {
		want, err := tree.Evaluate(p, topology, inputs[c])
		require.NoError(t, err)
		for _, name := range outputs {
			got := make([]float64, run.Size(name))
			require.NoError(t, run.Get(name, got))
			largest := 1.0
			for _, x := range want[name] {
				largest = max(largest, x, -x)
			}
			for i, x := range want[name] {
				require.InDelta(t, x, got[i*chains+c], tolerance*largest, "%s %d chain %d", name, i, c)
			}
		}
	}
}
