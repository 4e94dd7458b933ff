package bffg

import "github.com/hxgpu/hxgpu/tensor"

// The transition of dX = -A X dt + dW, dW of covariance R dt, over a time t is computed
// for t / 2^doublings by Taylor series and then doubled. Accuracy is that of the
// arithmetic as long as the elements of A t add up to no more than mostAttraction in
// absolute value, some 16,000; beyond it the covariance is NaN.
const (
	doublings      = 16
	lastDoublings  = 7
	taylorTerms    = 10
	mostAttraction = 0.25 * (1 << doublings)
)

// attracted is exp(-A t) and the covariance Q = int_0^t exp(-A s) R exp(-A' s) ds, for
// any square A (d,d), symmetric R (d,d) and t a scalar, 0 too. From the times t to 2t,
// Q becomes Q + Phi Q Phi' and Phi becomes Phi Phi (Van Loan 1978, IEEE Trans. Autom.
// Control 23:395, section V). At first E = Phi - I is kept, so that the rounding errors
// of short times do not grow; at last Phi, so that it is accurate where it is small.
func attracted(a, r, t tensor.Value) (phi, q tensor.Value) {
	d := a.Shape()[0]
	t = t.Scalar()
	h := t.Scale(1.0 / (1 << doublings))
	step := a.Mul(h).Neg()
	// dQ/dt = R - A Q - Q A', whose k-th derivative at 0 is -A Q_(k-1) - Q_(k-1) A'.
	power, term := step, r.Mul(h)
	e, sum := power, term
	for k := 2; k <= taylorTerms; k++ {
		half := step.MatMul(term)
		power = power.MatMul(step).Scale(1 / float64(k))
		term = half.Add(half.Transpose()).Scale(1 / float64(k))
		e, sum = e.Add(power), sum.Add(term)
	}
	// Written out: on matrices of a few rows a loop takes twenty times as long.
	for range doublings - lastDoublings {
		m := sum.Add(e.MatMul(sum)) // Phi Q
		e, sum = e.Add(e).Add(e.MatMul(e)), sum.Add(m).Add(m.MatMul(e.Transpose()))
	}
	phi = tensor.Identity(d).Add(e)
	for range lastDoublings {
		phi, sum = phi.MatMul(phi), sum.Add(phi.MatMul(sum).MatMul(phi.Transpose()))
	}
	// 0, or NaN where the series does not hold.
	within := tensor.Select(a.Mul(t).Abs().Sum().LessEqual(tensor.Constant(mostAttraction)), tensor.Constant(1), tensor.Constant(-1)).Log()
	return phi, sum.Symmetrize().Add(within)
}

// lyapunov solves A V + V A' = R for the stationary covariance V (d,d), as one system
// of d^2 equations.
func lyapunov(a, r tensor.Value) tensor.Value {
	d := a.Shape()[0]
	left := a.KroneckerIdentity(d) // A kron I; I kron A has both pairs of indices exchanged
	exchanged := make([]int, 0, d*d*d*d)
	for i := range d {
		for j := range d {
			for k := range d {
				for l := range d {
					exchanged = append(exchanged, (j*d+i)*d*d+l*d+k)
				}
			}
		}
	}
	sum := left.Add(left.Gather(exchanged, d*d, d*d))
	return sum.Solve(r.Reshape(d*d)).Reshape(d, d).Symmetrize()
}
