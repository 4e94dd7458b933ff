package bffg

import "github.com/hxgpu/hxgpu/tensor"

// The transition of dX = -A X dt + dW, dW of covariance R dt, over a time t is computed
// for t / 2^doublings by Taylor series and then doubled. Accuracy is that of the
// arithmetic as long as the elements of A t add up to no more than mostAttraction in
// absolute value, some 16,000; beyond it the covariance is NaN.
const (
	doublings      = 16
	taylorTerms    = 10
	mostAttraction = 0.25 * (1 << doublings)
)

// attracted is exp(-A t) and the covariance Q = int_0^t exp(-A s) R exp(-A' s) ds, for
// any square A (d,d), symmetric R (d,d) and t a scalar, 0 too. From the times t to 2t,
// Q becomes Q + Phi Q Phi' and Phi becomes Phi Phi (Van Loan 1978, IEEE Trans. Autom.
// Control 23:395, section V). What is kept is E = Phi - I, so that rounding errors of
// short times do not grow.
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
	double := func(e, q tensor.Value) (tensor.Value, tensor.Value) {
		m := q.Add(e.MatMul(q)) // Phi Q
		return e.Add(e).Add(e.MatMul(e)), q.Add(m).Add(m.MatMul(e.Transpose()))
	}
	if d <= unrolledTo {
		for range doublings {
			e, sum = double(e, sum)
		}
	} else {
		final, _ := tensor.Loop(doublings, []tensor.Value{e, sum}, nil, func(s tensor.Step) (next, stacked []tensor.Value) {
			e, q := double(s.Carried[0], s.Carried[1])
			return []tensor.Value{e, q}, nil
		})
		e, sum = final[0], final[1]
	}
	// 0, or NaN where the series does not hold.
	within := tensor.Select(a.Mul(t).Abs().Sum().LessEqual(tensor.Constant(mostAttraction)), tensor.Constant(1), tensor.Constant(-1)).Log()
	return tensor.Identity(d).Add(e), sum.Symmetrize().Add(within)
}

// unrolledTo is the dimension up to which the doublings are written out.
const unrolledTo = 2

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
