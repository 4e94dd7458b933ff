package plan_test

import (
	"context"
	"fmt"
	"maps"
	"math"
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

func openCPU(t testing.TB, o cpu.Options) device.Device {
	dev, err := cpu.Open(o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, dev.Close()) })
	return dev
}

func fromParents(t testing.TB, parents []int) *tree.Topology {
	topology, _, err := tree.FromParents(parents)
	require.NoError(t, err)
	return topology
}

// shapes are trees of every kind: one node, a path, a star, ragged, balanced.
func shapes(t testing.TB) map[string]*tree.Topology {
	path, star, ragged := make([]int, 30), make([]int, 300), make([]int, 200)
	r := rand.New(rand.NewPCG(1, 2))
	for v := 1; v < 30; v++ {
		path[v] = v - 1
	}
	for v := 1; v < len(ragged); v++ {
		ragged[v] = r.IntN(v)
	}
	balanced, err := tree.Symmetric(6, 2)
	require.NoError(t, err)
	return map[string]*tree.Topology{"one node": fromParents(t, []int{0}), "path": fromParents(t, path), "star": fromParents(t, star),
		"ragged": fromParents(t, ragged), "balanced": balanced}
}

// randomProgram builds sweeps of random expressions over fields x (2), y, data and a
// parameter, with a scalar target.
func randomProgram(t testing.TB, r *rand.Rand) *tree.Program {
	schema, err := tree.NewSchema(tree.Field{Name: "x", Shape: tensor.Shape{2}}, tree.Field{Name: "y"},
		tree.Field{Name: "d", Kind: tree.Data}, tree.Field{Name: "many", Kind: tree.Data, Shape: tensor.Shape{40}}, // these stand node by node
		tree.Field{Name: "theta", Kind: tree.Chain, Shape: tensor.Shape{2}})
	require.NoError(t, err)
	p := tree.NewProgram(schema)
	data := func(field func(string) tensor.Value) tensor.Value {
		return field("d").Add(field("many").At(r.IntN(40)).Mul(field("many").At(39)))
	}
	// mix combines scalars by a few random operations that stay bounded.
	mix := func(values ...tensor.Value) tensor.Value {
		for range 4 {
			a, b := values[r.IntN(len(values))], values[r.IntN(len(values))]
			var v tensor.Value
			switch r.IntN(8) {
			case 0:
				v = a.Add(b)
			case 1:
				v = a.Mul(b).Tanh()
			case 2:
				v = a.Sub(b).Sin()
			case 3:
				v = a.Div(b.Square().Shift(1))
			case 4:
				v = tensor.Select(a.Less(b), a, b.Scale(0.5))
			case 5:
				v = a.Square().Log1p()
			case 6:
				v = a.Square().Shift(0.1).Sqrt()
			default:
				m := tensor.Matrix(2, 2, a.Square().Shift(1), b, b, b.Square().Shift(2))
				v = m.Solve(tensor.Concat(a, b)).At(r.IntN(2)).Tanh()
			}
			values = append(values, v)
		}
		return values[len(values)-1]
	}
	for range 2 {
		switch r.IntN(3) {
		case 0:
			p.Map("map", func(v *tree.MapView) {
				v.Write("y", mix(v.Field("x").At(0), v.Field("y"), data(v.Field), v.Parameter("theta").At(1)))
			})
		case 1:
			p.Down("down", func(v *tree.DownView) {
				v.Write("x", tensor.Concat(mix(v.Parent("x").At(0), v.Field("y"), data(v.Field)), mix(v.Parent("x").At(1), v.Parent("y"), v.Parameter("theta").At(0))))
			})
		default:
			visit := r.IntN(2) == 0
			reduce := r.IntN(3)
			p.Up("up", func(v *tree.UpView) {
				if visit {
					v.VisitLeaves()
					reduce = 0
				}
				axis := v.Children(func(c *tree.ChildView) tensor.Value {
					return mix(c.Field("x").At(0), c.Field("y"), data(c.Field), c.Parameter("theta").At(0))
				})
				m := []func() tensor.Value{axis.Sum, axis.Max, axis.Mean}[reduce]().Tanh()
				v.Write("y", mix(m, v.Field("y"), data(v.Field)))
			})
		}
	}
	p.Total("total", func(v *tree.MapView) tensor.Value {
		return mix(v.Field("x").At(0), v.Field("x").At(1), v.Field("y"), data(v.Field))
	})
	p.Scalars("target", func(v *tree.ScalarView) {
		v.Write("target", mix(v.Parameter("total"), v.AtRoot("y"), v.Parameter("theta").At(0), v.Parameter("theta").At(1)))
	})
	require.NoError(t, p.Err())
	return p
}

// TestRandomPrograms compares random programs and their gradients on the device
// with the plain evaluator, chain by chain, on trees of every kind.
func TestRandomPrograms(t *testing.T) {
	devices := map[string]device.Device{"1 worker": openCPU(t, cpu.Options{Workers: 1}), "2 workers": openCPU(t, cpu.Options{Workers: 2})}
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 3))
		g, err := autodiff.Gradient(randomProgram(t, r), "target", "x", "y", "theta")
		require.NoError(t, err)
		for shape, topology := range shapes(t) {
			for name, dev := range devices {
				compare(t, fmt.Sprintf("seed %d, %s, %s", seed, shape, name), dev, g, topology, 1+int(seed%4), seed)
			}
		}
	}
}

func compare(t *testing.T, name string, dev device.Device, p *tree.Program, topology *tree.Topology, chains int, seed uint64) {
	outputs := []string{"target", autodiff.GradientName("x"), autodiff.GradientName("y"), autodiff.GradientName("theta"), "x", "y"}
	run, err := plan.Compile(dev, p, topology, plan.Options{Chains: chains, Outputs: outputs})
	require.NoError(t, err, name)
	defer run.Close()
	r := rand.New(rand.NewPCG(seed, 4))
	perChain := make([]map[string][]float64, chains)
	for c := range perChain {
		perChain[c] = map[string][]float64{}
	}
	for _, field := range []string{"x", "y", "theta"} {
		all := make([]float64, run.Size(field))
		for i := range all {
			all[i] = r.NormFloat64()
		}
		require.NoError(t, run.Set(field, all), name)
		for c := range chains {
			for i := c; i < len(all); i += chains {
				perChain[c][field] = append(perChain[c][field], all[i])
			}
		}
	}
	data := map[string][]float64{}
	for _, field := range []string{"d", "many"} {
		values := make([]float64, run.Size(field))
		for i := range values {
			values[i] = r.Float64()
		}
		require.NoError(t, run.Set(field, values), name)
		data[field] = values
	}
	require.NoError(t, run.Run(context.Background()), name)
	for c := range chains {
		maps.Copy(perChain[c], data)
		want, err := tree.Evaluate(p, topology, perChain[c])
		require.NoError(t, err, name)
		for _, field := range outputs {
			got := make([]float64, run.Size(field))
			require.NoError(t, run.Get(field, got), name)
			for i, w := range want[field] {
				x := got[i*chains+c]
				require.InDelta(t, w, x, 1e-9*(1+math.Abs(w)), "%s: %s[%d] of chain %d", name, field, i, c)
			}
		}
	}
}

func sumProgram(t testing.TB) *tree.Program {
	schema, err := tree.NewSchema(tree.Field{Name: "x"}, tree.Field{Name: "depth"})
	require.NoError(t, err)
	p := tree.NewProgram(schema)
	p.Up("sum", func(v *tree.UpView) {
		v.Write("x", v.Field("x").Add(v.Children(func(c *tree.ChildView) tensor.Value { return c.Field("x") }).Sum()))
	})
	p.Down("depth", func(v *tree.DownView) { v.Write("depth", v.Parent("depth").Shift(1)) })
	p.Total("total", func(v *tree.MapView) tensor.Value { return v.Field("depth") })
	require.NoError(t, p.Err())
	return p
}

// TestDeepAndWideTrees: a path of 40,000 nodes, a star of 100,000 leaves and a
// caterpillar of 20,000 tips.
func TestDeepAndWideTrees(t *testing.T) {
	path, star, caterpillar := make([]int, 40000), make([]int, 100001), make([]int, 39999)
	for v := 1; v < len(path); v++ {
		path[v] = v - 1
	}
	for v := 1; v < len(caterpillar); v++ {
		caterpillar[v] = (v - 1) / 2 * 2 // the children of even nodes are the next two
	}
	for name, parents := range map[string][]int{"path": path, "star": star, "caterpillar": caterpillar} {
		topology := fromParents(t, parents)
		run, err := plan.Compile(openCPU(t, cpu.Options{}), sumProgram(t), topology, plan.Options{Chains: 1, Outputs: []string{"x", "total"}})
		require.NoError(t, err)
		ones := make([]float64, topology.Size())
		for i := range ones {
			ones[i] = 1
		}
		require.NoError(t, run.Set("x", ones))
		require.NoError(t, run.Run(context.Background()))
		x, total := make([]float64, topology.Size()), make([]float64, 1)
		require.NoError(t, run.Get("x", x))
		require.NoError(t, run.Get("total", total))
		require.Equal(t, float64(topology.Size()), x[0], name)
		want := 0.0
		for v := range topology.Size() {
			want += float64(topology.Level(v))
		}
		require.Equal(t, want, total[0], name)
		require.NoError(t, run.Close())
	}
}

// TestWorkersDoNotMatter: large dispatches give equal bits however many workers
// share them.
func TestWorkersDoNotMatter(t *testing.T) {
	topology, err := tree.Symmetric(13, 2)
	require.NoError(t, err)
	g, err := autodiff.Gradient(randomProgram(t, rand.New(rand.NewPCG(5, 3))), "target", "x", "theta")
	require.NoError(t, err)
	var first []float64
	for _, workers := range []int{1, 2, 3} {
		run, err := plan.Compile(openCPU(t, cpu.Options{Workers: workers}), g, topology, plan.Options{Chains: 2, Outputs: []string{autodiff.GradientName("x"), autodiff.GradientName("theta")}})
		require.NoError(t, err)
		for _, field := range []string{"x", "y", "d", "many", "theta"} {
			values := make([]float64, run.Size(field))
			for i := range values {
				values[i] = math.Sin(float64(i))
			}
			require.NoError(t, run.Set(field, values))
		}
		require.NoError(t, run.Run(context.Background()))
		got := make([]float64, run.Size(autodiff.GradientName("x")))
		require.NoError(t, run.Get(autodiff.GradientName("x"), got))
		theta := make([]float64, 4)
		require.NoError(t, run.Get(autodiff.GradientName("theta"), theta))
		got = append(got, theta...)
		if first == nil {
			first = got
		}
		require.Equal(t, first, got)
	}
}

func TestRunAllocatesNothing(t *testing.T) {
	topology, err := tree.Symmetric(4, 2)
	require.NoError(t, err)
	run, err := plan.Compile(openCPU(t, cpu.Options{}), sumProgram(t), topology, plan.Options{Chains: 4, Outputs: []string{"total"}})
	require.NoError(t, err)
	require.Zero(t, testing.AllocsPerRun(20, func() { _ = run.Run(context.Background()) }))
}

func TestErrors(t *testing.T) {
	dev := openCPU(t, cpu.Options{})
	topology := fromParents(t, []int{0, 0, 0})
	_, err := plan.Compile(dev, sumProgram(t), topology, plan.Options{Chains: 0})
	require.ErrorContains(t, err, "0 chains")
	_, err = plan.Compile(dev, sumProgram(t), topology, plan.Options{Chains: 1, Outputs: []string{"z"}})
	require.ErrorContains(t, err, `no field "z"; fields: x, depth`)
	run, err := plan.Compile(dev, sumProgram(t), topology, plan.Options{Chains: 1, Outputs: []string{"x"}})
	require.NoError(t, err)
	require.ErrorContains(t, run.Set("x", make([]float64, 2)), `field "x" needs 3 numbers, has 2`)
	require.ErrorContains(t, run.Set("w", nil), `no input field "w"`)
	require.ErrorContains(t, run.Get("depth", make([]float64, 3)), "not among the outputs")
	require.NoError(t, run.Close())
	require.ErrorContains(t, run.Run(context.Background()), "closed")
}
