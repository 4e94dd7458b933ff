package bffg

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/hxgpu/hxgpu/tensor"
)

// evaluateAttracted gives exp(-A t) and the covariance in numbers.
func evaluateAttracted(t *testing.T, a, r []float64, time float64) (phi, q []float64) {
	d := int(math.Sqrt(float64(len(a))))
	matrix, rate, length := tensor.Input("A", d, d), tensor.Input("R", d, d), tensor.Input("t")
	p, c := attracted(matrix, rate, length)
	out, err := tensor.Evaluate([]tensor.Value{p, c}, map[*tensor.Node][]float64{matrix.Node(): a, rate.Node(): r, length.Node(): {time}})
	require.NoError(t, err)
	return out[0], out[1]
}

// TestAttractedInClosedForm: rotations that decay, and a matrix with one eigenvector,
// for times from 0 to where |A t| is 12,000; relative to the largest element, 2e-13
// (and |A t| times the rounding error of a number, as an exponential has it).
func TestAttractedInClosedForm(t *testing.T) {
	near := func(want, got []float64, size float64, what string) {
		largest := 0.0
		for _, x := range want {
			largest = math.Max(largest, math.Abs(x))
		}
		for i := range want {
			require.InDelta(t, want[i], got[i], (2e-13+4e-16*size)*largest, "%s, element %d, |At| %g", what, i, size)
		}
	}
	identity := []float64{1, 0, 0, 1}
	for _, time := range []float64{0, 1e-9, 1e-3, 0.4, 1, 7, 50, 4000} {
		const p, w = 0.7, 0.9
		phi, q := evaluateAttracted(t, []float64{p, w, -w, p}, identity, time)
		shrink, c, s := math.Exp(-p*time), math.Cos(w*time), math.Sin(w*time)
		near([]float64{shrink * c, -shrink * s, shrink * s, shrink * c}, phi, 3*time, "rotation")
		v := -math.Expm1(-2*p*time) / (2 * p)
		near([]float64{v, 0, 0, v}, q, 3*time, "covariance of a rotation")

		const a, k = 0.5, 2.0
		phi, q = evaluateAttracted(t, []float64{a, k, 0, a}, identity, time)
		shrink = math.Exp(-a * time)
		near([]float64{shrink, -k * time * shrink, 0, shrink}, phi, 3*time, "one eigenvector")
		if x := 2 * a * time; x >= 1 { // the closed form cancels below
			one, two, three := -math.Expm1(-x)/(2*a), (1-math.Exp(-x)*(1+x))/(4*a*a), 2*(1-math.Exp(-x)*(1+x+x*x/2))/(8*a*a*a)
			near([]float64{one + k*k*three, -k * two, -k * two, one}, q, 3*time, "covariance with one eigenvector")
		}
	}
}

// TestAttractedComposes: an edge cut in two is the same as the whole, in one to four
// dimensions, and as gonum's exponential says; beyond the range of the series the
// covariance is no number.
func TestAttractedComposes(t *testing.T) {
	for d := 1; d <= 4; d++ {
		a, r := make([]float64, d*d), make([]float64, d*d)
		for i := range d {
			for j := range d {
				a[i*d+j] = 0.3 * math.Sin(float64(1+5*i+3*j))
				r[i*d+j] = 0.2
			}
			a[i*d+i] += 1
			r[i*d+i] += 1
		}
		for _, time := range []float64{0.01, 1, 20} {
			phi, q := evaluateAttracted(t, a, r, time)
			phi1, q1 := evaluateAttracted(t, a, r, 0.3*time)
			phi2, q2 := evaluateAttracted(t, a, r, 0.7*time)
			var product, sum, exponential mat.Dense
			second := mat.NewDense(d, d, phi2)
			product.Mul(second, mat.NewDense(d, d, phi1))
			sum.Product(second, mat.NewDense(d, d, q1), second.T())
			sum.Add(&sum, mat.NewDense(d, d, q2))
			exponential.Scale(-time, mat.NewDense(d, d, a))
			exponential.Exp(&exponential)
			require.InDeltaSlice(t, product.RawMatrix().Data, phi, 5e-14)
			require.InDeltaSlice(t, exponential.RawMatrix().Data, phi, 1e-13)
			require.InDeltaSlice(t, sum.RawMatrix().Data, q, 1e-13)
		}
	}
	_, q := evaluateAttracted(t, []float64{1, 0, 0, 1}, []float64{1, 0, 0, 1}, 1e4)
	require.True(t, math.IsNaN(q[0]))
}

// TestLyapunov: the stationary covariance is the one that a transition leaves as it is.
func TestLyapunov(t *testing.T) {
	a, r := []float64{0.9, 0.4, -0.3, -0.1, 0.7, 0.5, 0.2, -0.6, 1.1}, []float64{0.7, 0.2, -0.1, 0.2, 0.5, 0.3, -0.1, 0.3, 0.9}
	matrix, rate := tensor.Input("A", 3, 3), tensor.Input("R", 3, 3)
	out, err := tensor.Evaluate([]tensor.Value{lyapunov(matrix, rate)}, map[*tensor.Node][]float64{matrix.Node(): a, rate.Node(): r})
	require.NoError(t, err)
	_, q := evaluateAttracted(t, a, r, 200)
	require.InDeltaSlice(t, q, out[0], 1e-13)
}

// TestExpm1Ratio: (exp(x)-1)/x and its derivative, by the series and by the quotient,
// at 0 and on both sides of the switch.
func TestExpm1Ratio(t *testing.T) {
	x := tensor.Input("x")
	for _, at := range []float64{-40, -3, -0.11, -0.0999, -0.05, -1e-9, 0, 1e-300, 1e-5, 0.0999, 0.1, 0.5, 20} {
		out, err := tensor.Evaluate([]tensor.Value{expm1Ratio(x)}, map[*tensor.Node][]float64{x.Node(): {at}})
		require.NoError(t, err)
		want := 1.0
		if at != 0 {
			want = math.Expm1(at) / at
		}
		require.InEpsilon(t, want, out[0][0], 4e-16, "%v", at)
	}
}
