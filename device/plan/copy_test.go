package plan_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/autodiff"
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/cpu"
	"github.com/hxgpu/hxgpu/device/plan"
	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

// TestCopy: a copy gives what the original does, has inputs of its own, runs beside it,
// and outlives it.
func TestCopy(t *testing.T) {
	checkCopy(t, openCPU(t, cpu.Options{Workers: 2}))
	checkCopy(t, openCPU(t, cpu.Options{Portable: true}))
}

func checkCopy(t *testing.T, dev device.Device) {
	topology := shapes(t)["ragged"]
	schema, err := tree.NewSchema(tree.Field{Name: "x"}, tree.Field{Name: "many", Kind: tree.Data, Shape: tensor.Shape{40}}, tree.Field{Name: "theta", Kind: tree.Chain})
	require.NoError(t, err)
	p := tree.NewProgram(schema)
	p.Up("sum", func(v *tree.UpView) {
		below := v.Children(func(c *tree.ChildView) tensor.Value { return c.Field("x").Mul(c.Field("many").At(3)) }).Sum()
		v.Write("x", v.Field("x").Add(below.Mul(v.Parameter("theta")).Tanh()))
	})
	p.Total("target", func(v *tree.MapView) tensor.Value { return v.Field("x").Square() })
	g, err := autodiff.Gradient(p, "target", "x")
	require.NoError(t, err)
	one, err := plan.Compile(dev, g, topology, plan.Options{Chains: 3, Outputs: []string{"target"}, PackInputs: []string{"x"}, PackOutputs: []string{autodiff.GradientName("x")}})
	require.NoError(t, err)
	r := rand.New(rand.NewPCG(7, 8))
	draw := func(n int) []float64 {
		values := make([]float64, n)
		for i := range values {
			values[i] = r.Float64()
		}
		return values
	}
	for _, field := range []string{"many", "theta"} {
		require.NoError(t, one.Set(field, draw(one.Size(field))))
	}
	other, err := one.Copy()
	require.NoError(t, err)
	require.Equal(t, one.Cost, other.Cost)
	n := one.Size("x")
	places := [][]float64{draw(n), draw(n)}
	at := func(e *plan.Executable, place []float64) []float64 {
		target, slope := make([]float64, 3), make([]float64, n)
		require.NoError(t, e.SetPacked(place))
		require.NoError(t, e.Run(context.Background()))
		require.NoError(t, e.Get("target", target))
		require.NoError(t, e.GetPacked(slope))
		return append(target, slope...)
	}
	want := [][]float64{at(one, places[0]), at(one, places[1])}
	require.False(t, slices.Equal(want[0], want[1]), "the program should depend on its inputs")
	require.Equal(t, want[1], at(other, places[1]))
	var both sync.WaitGroup
	var got [2][]float64
	for i, e := range []*plan.Executable{one, other} {
		both.Go(func() {
			for range 20 {
				got[i] = at(e, places[i])
			}
		})
	}
	both.Wait()
	require.Equal(t, want, got[:])
	require.NoError(t, one.Close())
	require.Equal(t, want[0], at(other, places[0]))
	require.NoError(t, other.Close())
}
