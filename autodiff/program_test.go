package autodiff_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/autodiff"
	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

// checkProgram compares the gradient of the program's "target" with central
// differences, on one topology.
func checkProgram(t *testing.T, p *tree.Program, topology *tree.Topology, inputs map[string][]float64, fields ...string) {
	t.Helper()
	require.NoError(t, p.Err())
	g, err := autodiff.Gradient(p, "target", fields...)
	require.NoError(t, err)
	results, err := tree.Evaluate(g, topology, inputs)
	require.NoError(t, err)
	value := func() float64 {
		r, err := tree.Evaluate(p, topology, inputs)
		require.NoError(t, err)
		return r["target"][0]
	}
	for _, field := range fields {
		for i := range inputs[field] {
			x, h := inputs[field][i], 1e-6
			inputs[field][i] = x + h
			up := value()
			inputs[field][i] = x - h
			down := value()
			inputs[field][i] = x
			got := results[autodiff.GradientName(field)][i]
			require.InDelta(t, (up-down)/(2*h), got, 1e-6*(1+math.Abs(got)), "%s[%d]", field, i)
		}
	}
}

func topologies(t *testing.T) map[string]*tree.Topology {
	binary, err := tree.Symmetric(3, 2)
	require.NoError(t, err)
	ragged, _, err := tree.FromParents([]int{0, 0, 0, 0, 1, 1, 1, 2, 3, 3, 7, 10, 10})
	require.NoError(t, err)
	single, err := tree.Symmetric(0, 2)
	require.NoError(t, err)
	return map[string]*tree.Topology{"binary": binary, "ragged": ragged, "single": single}
}

func random(seed uint64, n int) []float64 {
	r := rand.New(rand.NewPCG(seed, 1))
	x := make([]float64, n)
	for i := range x {
		x[i] = r.NormFloat64()
	}
	return x
}

// TestUpAndDown reverses an up sweep with every reduction followed by a down
// sweep that reads what it wrote.
func TestUpAndDown(t *testing.T) {
	schema, err := tree.NewSchema(
		tree.Field{Name: "x", Shape: tensor.Shape{2}}, tree.Field{Name: "y"}, tree.Field{Name: "s", Shape: tensor.Shape{2}},
		tree.Field{Name: "extra"}, tree.Field{Name: "length", Kind: tree.Data}, tree.Field{Name: "theta", Kind: tree.Chain, Shape: tensor.Shape{2}})
	require.NoError(t, err)
	reductions := map[string]func(tree.ChildAxis) tensor.Value{
		"sum": tree.ChildAxis.Sum, "mean": tree.ChildAxis.Mean, "prod": tree.ChildAxis.Prod, "max": tree.ChildAxis.Max, "min": tree.ChildAxis.Min}
	for name, reduce := range reductions {
		p := tree.NewProgram(schema)
		p.Up("up", func(v *tree.UpView) {
			m := reduce(v.Children(func(c *tree.ChildView) tensor.Value {
				return c.Field("x").Mul(c.Parameter("theta")).Add(c.Field("length")).Tanh()
			}))
			v.Write("x", m.Add(v.Field("x").Scale(0.3)).Mul(v.Parameter("theta").At(0)))
		})
		p.Down("down", func(v *tree.DownView) {
			v.Write("s", v.Parent("s").Scale(0.5).Add(v.Field("x").Mul(v.Parent("x"))).Add(v.Parameter("theta").Sin()))
			v.Write("y", v.Field("x").Dot(v.Parent("s")))
		})
		p.Total("total", func(v *tree.MapView) tensor.Value { return v.Field("s").Square().Sum().Add(v.Field("y").Sin()) })
		p.Scalars("target", func(v *tree.ScalarView) {
			v.Write("target", v.Parameter("total").Add(v.AtRoot("x").Sum().Square()).Add(v.Parameter("theta").Exp().Sum()))
		})
		for shape, topology := range topologies(t) {
			t.Run(name+"/"+shape, func(t *testing.T) {
				n := topology.Size()
				checkProgram(t, p, topology, map[string][]float64{"x": random(1, 2*n), "y": random(2, n), "s": random(3, 2*n),
					"length": random(4, n), "theta": random(5, 2)}, "x", "s", "theta", "y")
			})
		}
	}
}

// TestProductWithZeros: the derivative of a product with one zero factor is the
// product of the others, with two it is zero.
func TestProductWithZeros(t *testing.T) {
	schema, err := tree.NewSchema(tree.Field{Name: "x"})
	require.NoError(t, err)
	p := tree.NewProgram(schema)
	p.Up("product", func(v *tree.UpView) {
		v.Write("x", v.Children(func(c *tree.ChildView) tensor.Value { return c.Field("x") }).Prod())
	})
	p.Scalars("target", func(v *tree.ScalarView) { v.Write("target", v.AtRoot("x")) })
	topology, err := tree.Symmetric(1, 3)
	require.NoError(t, err)
	checkProgram(t, p, topology, map[string][]float64{"x": {0, 2, 0, 3}}, "x")
	checkProgram(t, p, topology, map[string][]float64{"x": {0, 0, 0, 3}}, "x")
}

// TestChildWrites reverses a sweep that writes back to the children.
func TestChildWrites(t *testing.T) {
	schema, err := tree.NewSchema(tree.Field{Name: "x"}, tree.Field{Name: "message"}, tree.Field{Name: "theta", Kind: tree.Chain})
	require.NoError(t, err)
	p := tree.NewProgram(schema)
	p.Up("up", func(v *tree.UpView) {
		sum := v.Children(func(c *tree.ChildView) tensor.Value {
			m := c.Field("x").Sin().Mul(c.Parameter("theta"))
			c.Write("message", m)
			return m
		}).Sum()
		v.Write("x", v.Field("x").Add(sum))
	})
	p.Total("target", func(v *tree.MapView) tensor.Value { return v.Field("message").Square().Add(v.Field("x")) })
	for shape, topology := range topologies(t) {
		t.Run(shape, func(t *testing.T) {
			checkProgram(t, p, topology, map[string][]float64{"x": random(1, topology.Size()), "message": random(2, topology.Size()), "theta": {0.7}}, "x", "theta", "message")
		})
	}
}
