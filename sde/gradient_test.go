package sde_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/autodiff"
	"github.com/hxgpu/hxgpu/sde"
	"github.com/hxgpu/hxgpu/tensor"
)

// unknowns are what a solution depends on.
type unknowns struct{ start, t0, t1, theta, z tensor.Value }

func newUnknowns() unknowns {
	return unknowns{tensor.Input("start", 2), tensor.Input("t0"), tensor.Input("t1"), tensor.Input("theta", 2), tensor.Input("z", 5, 2)}
}

func (u unknowns) list() []tensor.Value { return []tensor.Value{u.start, u.t0, u.t1, u.theta, u.z} }

func (u unknowns) bind(t1 float64) map[*tensor.Node][]float64 {
	return map[*tensor.Node][]float64{u.start.Node(): {0.4, -0.6}, u.t0.Node(): {0.2}, u.t1.Node(): {t1}, u.theta.Node(): {0.7, 0.3}, u.z.Node(): normals(3, 10)}
}

// solutions are a scalar of the path of every method.
func (u unknowns) solutions() map[string]tensor.Value {
	rate := func(t, y tensor.Value) tensor.Value {
		return y.Gather([]int{1, 0}, 2).Sin().Mul(u.theta).Add(t.Mul(y.Square()))
	}
	sigma := func(t, x tensor.Value) tensor.Value { return x.Tanh().Shift(1.5).Mul(u.theta).Mul(t.Exp()) }
	matrix := func(t, x tensor.Value) tensor.Value { return sigma(t, x).Outer(x) }
	all := map[string]tensor.Value{}
	add := func(name string, final, path tensor.Value) {
		all[name] = final.Square().Sum().Add(path.Sin().Sum())
	}
	for _, m := range []sde.ODE{sde.Euler, sde.Heun, sde.Midpoint, sde.RK4} {
		final, path := sde.SolveODE(m, rate, u.start, u.t0, u.t1, 5)
		add(m.String(), final, path)
	}
	for _, m := range []sde.SDE{sde.EulerMaruyama, sde.Milstein} {
		final, path := sde.SolveSDE(m, rate, sde.Diagonal(sigma), u.start, u.t0, u.t1, u.z)
		add(m.String(), final, path)
	}
	final, path := sde.SolveSDE(sde.EulerMaruyama, rate, sde.General(matrix), u.start, u.t0, u.t1, u.z)
	add("matrix", final, path)
	return all
}

// TestGradients compares the gradient through the steps with central differences.
func TestGradients(t *testing.T) {
	u := newUnknowns()
	for name, y := range u.solutions() {
		t.Run(name, func(t *testing.T) {
			inputs := u.bind(0.9)
			value := tensor.Simplify(y)
			gradients := evaluate(t, inputs, autodiff.VJP([]tensor.Value{y}, []tensor.Value{tensor.Constant(1)}, u.list())...)
			at := func() float64 {
				out, err := tensor.Evaluate(value, inputs)
				require.NoError(t, err)
				return out[0][0]
			}
			for i, input := range u.list() {
				x := inputs[input.Node()]
				for k := range x {
					before, h := x[k], 1e-5
					x[k] = before + h
					up := at()
					x[k] = before - h
					down := at()
					x[k] = before
					require.InDelta(t, (up-down)/(2*h), gradients[i][k], 1e-7*(1+math.Abs(gradients[i][k])), "%s[%d]", input.Node().InputName, k)
				}
			}
		})
	}
}

// TestZeroLength: an interval of length zero leaves the initial value, and the
// gradient is finite.
func TestZeroLength(t *testing.T) {
	u := newUnknowns()
	inputs := u.bind(0.2)
	want := 0.0
	for _, x := range inputs[u.start.Node()] {
		want += x*x + 6*math.Sin(x)
	}
	for name, y := range u.solutions() {
		t.Run(name, func(t *testing.T) {
			out := evaluate(t, inputs, append(autodiff.VJP([]tensor.Value{y}, []tensor.Value{tensor.Constant(1)}, u.list()), y)...)
			require.InDelta(t, want, out[len(out)-1][0], 1e-15)
			for i, gradient := range out {
				for _, g := range gradient {
					require.False(t, math.IsNaN(g) || math.IsInf(g, 0), "result %d: %v", i, gradient)
				}
			}
			for i, x := range inputs[u.start.Node()] {
				require.InDelta(t, 2*x+6*math.Cos(x), out[0][i], 1e-14)
			}
		})
	}
}
