package sde_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/sde"
	"github.com/hxgpu/hxgpu/tensor"
)

func normals(seed uint64, n int) []float64 {
	r := rand.New(rand.NewPCG(seed, 11))
	z := make([]float64, n)
	for i := range z {
		z[i] = r.NormFloat64()
	}
	return z
}

// coarser sums the noise of runs of steps, so that fewer steps follow the same
// Brownian paths.
func coarser(z []float64, paths, run int) []float64 {
	out := make([]float64, len(z)/run)
	for i, x := range z {
		out[i/paths/run*paths+i%paths] += x / math.Sqrt(float64(run))
	}
	return out
}

// geometric is geometric Brownian motion, dX = mu X dt + sigma X dW with X(0) = 1, on
// [0,1], of many paths at once: their states are one vector.
type geometric struct {
	mu, sigma float64
	paths     int
}

func (g geometric) solve(t testing.TB, method sde.SDE, z []float64) []float64 {
	steps := len(z) / g.paths
	noise := tensor.Input("z", steps, g.paths)
	final, _ := sde.SolveSDE(method,
		func(_, x tensor.Value) tensor.Value { return x.Scale(g.mu) },
		sde.Diagonal(func(_, x tensor.Value) tensor.Value { return x.Scale(g.sigma) }),
		tensor.Fill(1, g.paths), tensor.Constant(0), tensor.Constant(1), noise)
	return evaluate(t, map[*tensor.Node][]float64{noise.Node(): z}, final)[0]
}

// exact is the solution on the same paths.
func (g geometric) exact(z []float64) []float64 {
	steps := len(z) / g.paths
	out := coarser(z, g.paths, steps) // W(1)
	for i, w := range out {
		out[i] = math.Exp(g.mu - g.sigma*g.sigma/2 + g.sigma*w)
	}
	return out
}

// TestStrongOrder measures how the mean distance from the exact solution on the same
// Brownian paths falls with the number of steps.
func TestStrongOrder(t *testing.T) {
	g := geometric{mu: 0.5, sigma: 0.8, paths: 1000}
	const finest = 1024
	z := normals(1, finest*g.paths)
	exact := g.exact(z)
	for method, order := range map[sde.SDE]float64{sde.EulerMaruyama: 0.5, sde.Milstein: 1} {
		t.Run(method.String(), func(t *testing.T) {
			var steps []int
			var errors []float64
			for n := finest; n >= 32; n /= 2 {
				distance := 0.0
				for i, x := range g.solve(t, method, coarser(z, g.paths, finest/n)) {
					distance += math.Abs(x - exact[i])
				}
				steps, errors = append(steps, n), append(errors, distance/float64(g.paths))
			}
			require.InDelta(t, order, slope(steps, errors), 0.1, "errors %v", errors)
		})
	}
}

// TestWeakOrder measures how the biases of the mean and of the second moment fall
// with the number of steps. The exact solution on the same paths is the control
// variate: the noise of a bias is that of the distance from it. The biases
// themselves are known, E X = (1 + mu h)^n and E X^2 = ((1 + mu h)^2 + sigma^2 h)^n,
// and each estimate must be within 4.5 of its standard errors of them: with ten
// comparisons a correct method fails for one seed in 15,000. The slopes have a
// standard error of about 0.01.
func TestWeakOrder(t *testing.T) {
	g := geometric{mu: 1.2, sigma: 0.2, paths: 4000}
	const finest = 64
	z := normals(2, finest*g.paths)
	exact := g.exact(z)
	for power := 1; power <= 2; power++ {
		t.Run(fmt.Sprintf("moment %d", power), func(t *testing.T) {
			var steps []int
			var biases []float64
			for n := finest; n >= 4; n /= 2 {
				var sum, squares float64
				for i, x := range g.solve(t, sde.EulerMaruyama, coarser(z, g.paths, finest/n)) {
					d := math.Pow(exact[i], float64(power)) - math.Pow(x, float64(power))
					sum, squares = sum+d, squares+d*d
				}
				count, h := float64(g.paths), 1/float64(n)
				bias := sum / count
				standard := math.Sqrt((squares/count - bias*bias) / count)
				known := math.Exp(g.mu) - math.Pow(1+g.mu*h, float64(n))
				if power == 2 {
					known = math.Exp(2*g.mu+g.sigma*g.sigma) - math.Pow(math.Pow(1+g.mu*h, 2)+g.sigma*g.sigma*h, float64(n))
				}
				require.InDelta(t, known, bias, 4.5*standard, "%d steps", n)
				steps, biases = append(steps, n), append(biases, bias)
			}
			require.InDelta(t, 1, slope(steps[:3], biases[:3]), 0.1, "biases %v", biases)
		})
	}
}

// TestAdditiveNoise: where the diffusion does not depend on the state, both schemes
// and both kinds of diffusion are one.
func TestAdditiveNoise(t *testing.T) {
	z := tensor.ConstantMatrix([][]float64{{0.3, -1}, {1.2, 0.4}, {-0.7, 2}})
	start, zero, one := tensor.ConstantVector(1, 2), tensor.Constant(0), tensor.Constant(1)
	drift := func(t, x tensor.Value) tensor.Value { return x.Sin().Mul(t) }
	sigma := func(t, _ tensor.Value) tensor.Value { return tensor.ConstantVector(0.5, 2).Mul(t.Exp()) }
	matrix := func(t, x tensor.Value) tensor.Value { return sigma(t, x).Diag() }
	_, euler := sde.SolveSDE(sde.EulerMaruyama, drift, sde.Diagonal(sigma), start, zero, one, z)
	_, milstein := sde.SolveSDE(sde.Milstein, drift, sde.Diagonal(sigma), start, zero, one, z)
	_, general := sde.SolveSDE(sde.EulerMaruyama, drift, sde.General(matrix), start, zero, one, z)
	out := evaluate(t, nil, euler, milstein, general)
	require.InDeltaSlice(t, out[0], out[1], 1e-14)
	require.InDeltaSlice(t, out[0], out[2], 1e-14)
}

// TestStepsByHand compares one step of each kind with its formula.
func TestStepsByHand(t *testing.T) {
	const h, x, z, time = 0.1, 1.5, -0.7, 0.4
	drift := func(t, x tensor.Value) tensor.Value { return x.Neg().Mul(t) }
	sigma := func(t, x tensor.Value) tensor.Value { return x.Square().Mul(t) }
	step := func(m sde.SDE) tensor.Value {
		return m.Step(drift, sde.Diagonal(sigma), tensor.Constant(time), tensor.Constant(x), tensor.Constant(h), tensor.Constant(z))
	}
	euler := x - x*time*h + x*x*time*math.Sqrt(h)*z
	out := evaluate(t, nil, step(sde.EulerMaruyama), step(sde.Milstein))
	require.InDelta(t, euler, out[0][0], 1e-15)
	require.InDelta(t, euler+x*x*time*2*x*time*h*(z*z-1)/2, out[1][0], 1e-15)

	// Two points in the plane, moved by three noises with two components each.
	points := tensor.ConstantMatrix([][]float64{{1, 2}, {3, 4}})
	noise := tensor.ConstantMatrix([][]float64{{1, 0}, {0, 1}, {2, -1}})
	moved := sde.EulerMaruyama.Step(
		func(_, x tensor.Value) tensor.Value { return x.Neg() },
		sde.General(func(_, _ tensor.Value) tensor.Value {
			return tensor.ConstantMatrix([][]float64{{1, 0, 1}, {0, 1, 0}})
		}), tensor.Constant(0), points, tensor.Constant(0.25), noise)
	require.InDeltaSlice(t, []float64{0.75 + 0.5*3, 1.5 - 0.5, 2.25, 3 + 0.5}, evaluate(t, nil, moved)[0], 1e-15)
}
