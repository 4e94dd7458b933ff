package sde_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/sde"
	"github.com/hxgpu/hxgpu/tensor"
)

// evaluate computes values, after simplification.
func evaluate(t testing.TB, inputs map[*tensor.Node][]float64, values ...tensor.Value) [][]float64 {
	t.Helper()
	out, err := tensor.Evaluate(tensor.Simplify(values...), inputs)
	require.NoError(t, err)
	return out
}

// slope is the least-squares slope of log error over log steps, with its sign turned:
// the measured order of convergence.
func slope(steps []int, errors []float64) float64 {
	var n, sx, sy, sxx, sxy float64
	for i, e := range errors {
		x, y := math.Log(float64(steps[i])), math.Log(e)
		n, sx, sy, sxx, sxy = n+1, sx+x, sy+y, sxx+x*x, sxy+x*y
	}
	return -(n*sxy - sx*sy) / (n*sxx - sx*sx)
}

// problem is a differential equation whose solution is known.
type problem struct {
	name   string
	rate   sde.Function
	t0, t1 float64
	start  []float64
	end    []float64
}

func problems() []problem {
	return []problem{
		{"logistic", func(_, y tensor.Value) tensor.Value { return y.Mul(tensor.Constant(1).Sub(y)) },
			0, 2, []float64{0.2}, []float64{0.2 * math.Exp(2) / (1 + 0.2*(math.Exp(2)-1))}},
		{"non-autonomous", func(t, y tensor.Value) tensor.Value { return y.Mul(t.Cos()) },
			-0.5, 1.5, []float64{1}, []float64{math.Exp(math.Sin(1.5) + math.Sin(0.5))}},
		{"only the time", func(t, y tensor.Value) tensor.Value { return t.Exp().Spread(y.Shape()...) },
			0, 1, []float64{0}, []float64{math.E - 1}},
		{"oscillator, forced", func(t, y tensor.Value) tensor.Value { // solution (sin t + t, cos t + 1)
			return tensor.Concat(y.At(1), t.Sub(y.At(0)))
		}, 0, 2, []float64{0, 2}, []float64{math.Sin(2) + 2, math.Cos(2) + 1}},
		{"back in time", func(t, y tensor.Value) tensor.Value { return y.Square().Mul(t).Neg() }, // solution 2/(1+t^2)
			2, 0.5, []float64{2. / 5}, []float64{2 / 1.25}},
	}
}

// TestOrderODE measures the order of every method on every problem.
func TestOrderODE(t *testing.T) {
	orders := map[sde.ODE]float64{sde.Euler: 1, sde.Heun: 2, sde.Midpoint: 2, sde.RK4: 4}
	steps := []int{64, 128, 256}
	for method, order := range orders {
		for _, p := range problems() {
			t.Run(method.String()+"/"+p.name, func(t *testing.T) {
				var errors []float64
				for _, n := range steps {
					final, path := sde.SolveODE(method, p.rate, tensor.ConstantVector(p.start...), tensor.Constant(p.t0), tensor.Constant(p.t1), n)
					out := evaluate(t, nil, final, path)
					require.Equal(t, tensor.Shape{n + 1, len(p.start)}, path.Shape())
					require.Equal(t, p.start, out[1][:len(p.start)], "the path begins with the initial state")
					require.Equal(t, out[0], out[1][n*len(p.start):], "and ends with the final one")
					largest := 0.0
					for i, y := range out[0] {
						largest = max(largest, math.Abs(y-p.end[i]))
					}
					errors = append(errors, largest)
				}
				require.InDelta(t, order, slope(steps, errors), 0.1, "errors %v", errors)
			})
		}
	}
}

// TestPathODE: the states on the way are those at the steps' ends.
func TestPathODE(t *testing.T) {
	_, path := sde.SolveODE(sde.RK4, func(_, y tensor.Value) tensor.Value { return y.Neg() }, tensor.Constant(1), tensor.Constant(1), tensor.Constant(3), 20)
	for i, y := range evaluate(t, nil, path)[0] {
		require.InDelta(t, math.Exp(-0.1*float64(i)), y, 1e-6)
	}
}
