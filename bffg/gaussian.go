package bffg

import (
	"math"

	"github.com/hxgpu/hxgpu/tensor"
)

// Message is a Gaussian potential log h(x) = C + F.x - x'Hx/2 in canonical form:
// H (d,d) the precision, F (d) the potential vector, C the log norm, a scalar.
type Message struct{ H, F, C tensor.Value }

// At is log h(x).
func (m Message) At(x tensor.Value) tensor.Value {
	return m.C.Add(m.F.Dot(x)).Sub(x.Dot(m.H.MatMul(x)).Scale(0.5))
}

// Transition is a linear-Gaussian transition x_v | x ~ N(Phi x + Beta, Q), with
// Phi (d,d), Beta (d), Q (d,d) symmetric positive semi-definite.
type Transition struct{ Phi, Beta, Q tensor.Value }

// inflated is I + H Q and what follows from it.
type inflated struct {
	precision tensor.Value // (I+HQ)^-1 H, symmetric
	potential tensor.Value // (I+HQ)^-1 F
	logDet    tensor.Value // log det(I+HQ)
}

func (m Message) inflate(q tensor.Value) inflated {
	d := m.F.Shape()[0]
	a := tensor.Identity(d).Add(m.H.MatMul(q))
	// One elimination for both right-hand sides.
	right := tensor.Concat(m.H.Transpose(), m.F).Reshape(d+1, d).Transpose()
	x := a.Solve(right).Transpose()
	rows := make([]int, d*d)
	for k := range rows {
		rows[k] = k
	}
	last := make([]int, d)
	for k := range last {
		last[k] = d*d + k
	}
	return inflated{
		precision: x.Gather(rows, d, d).Transpose().Symmetrize(),
		potential: x.Gather(last, d),
		logDet:    a.LogDet(),
	}
}

// Integral is log of the integral of h(x) N(x; mean, q) over x (van der Meulen &
// Sommer 2025, Theorem 14), written without the inverses of H and q, so that a
// message without data gives 0 and a zero covariance gives log h(mean):
// C - 1/2 log det(I+Hq) + 1/2 F'q(I+Hq)^-1 F + F'(I+qH)^-1 mean - 1/2 mean'(I+Hq)^-1 H mean.
func (m Message) Integral(mean, q tensor.Value) tensor.Value {
	return m.C.Add(m.excess(mean, q))
}

func (m Message) excess(mean, q tensor.Value) tensor.Value {
	i := m.inflate(q)
	quadratic := m.F.Dot(q.MatMul(i.potential)).Sub(mean.Dot(i.precision.MatMul(mean))).Sub(i.logDet)
	return quadratic.Scale(0.5).Add(i.potential.Dot(mean))
}

// Pull is the message at the parent that a message at the node sends through a
// transition (Theorem 14; DESIGN notation: H_msg, F_msg, c_msg).
func (m Message) Pull(t Transition) Message {
	i := m.inflate(t.Q)
	precision := t.Phi.Transpose().MatMul(i.precision).MatMul(t.Phi)
	shifted := i.potential.Sub(i.precision.MatMul(t.Beta))
	constant := m.F.Dot(t.Q.MatMul(i.potential)).Sub(t.Beta.Dot(i.precision.MatMul(t.Beta))).Sub(i.logDet)
	return Message{
		H: precision.Symmetrize(),
		F: t.Phi.Transpose().MatMul(shifted),
		C: m.C.Add(constant.Scale(0.5)).Add(i.potential.Dot(t.Beta)),
	}
}

// Guided is the mean and the Cholesky factor of the guided transition, the
// normalised product of h and N(mean, q): S = (I+qH)^-1 q, m = S F + (I+qH)^-1 mean.
func (m Message) Guided(mean, q tensor.Value) (center, factor tensor.Value) {
	center, s := m.conditional(mean, q)
	return center, s.Cholesky()
}

// conditional is the mean and the covariance of the normalised product of h and N(mean, q).
func (m Message) conditional(mean, q tensor.Value) (center, covariance tensor.Value) {
	d := mean.Shape()[0]
	a := tensor.Identity(d).Add(q.MatMul(m.H))
	right := tensor.Concat(q.Transpose(), mean).Reshape(d+1, d).Transpose()
	x := a.Solve(right).Transpose()
	rows, last := make([]int, d*d), make([]int, d)
	for k := range rows {
		rows[k] = k
	}
	for k := range last {
		last[k] = d*d + k
	}
	s := x.Gather(rows, d, d).Transpose().Symmetrize()
	return s.MatMul(m.F).Add(x.Gather(last, d)), s
}

// FlatIntegral is log of the integral of h(x) over all x, the likelihood under a
// flat prior; H must be positive definite.
func (m Message) FlatIntegral() tensor.Value {
	d := m.F.Shape()[0]
	return m.C.Add(m.F.Dot(m.H.SolvePositive(m.F)).Sub(m.H.LogDetPositive()).Scale(0.5)).
		Shift(0.5 * float64(d) * math.Log(2*math.Pi))
}

// ObservationMessage is the message of observing y with independent noise of the
// given variances (d); a coordinate whose mask is 0 is missing and has precision 0.
func ObservationMessage(y, mask, variance tensor.Value) Message {
	precision := mask.Div(variance)
	weighted := precision.Mul(y)
	constant := mask.Mul(variance.Scale(2 * math.Pi).Log()).Sum().Add(weighted.Dot(y)).Scale(-0.5)
	return Message{H: precision.Diag(), F: weighted, C: constant}
}

// edgeObservation is a tip seen through its edge: y ~ N(mean, q) in the coordinates
// whose mask is 1, q being the edge's covariance and that of the observation together;
// where the mask is 0 the coordinate is free.
type edgeObservation struct {
	y, mask  tensor.Value
	weight   tensor.Value // inverse covariance of the observed coordinates, zero elsewhere
	residual func(mean tensor.Value) tensor.Value
	logDet   tensor.Value
}

func observeThrough(y, mask, q tensor.Value) edgeObservation {
	d := y.Shape()[0]
	both := mask.Outer(mask)
	free := tensor.Constant(1).Sub(mask)
	covariance := q.Mul(both).Add(free.Diag())
	return edgeObservation{
		y: y, mask: mask,
		weight:   covariance.SolvePositive(tensor.Identity(d)).Mul(both),
		residual: func(mean tensor.Value) tensor.Value { return y.Sub(mean).Mul(mask) },
		logDet:   covariance.LogDetPositive().Add(mask.Sum().Scale(math.Log(2 * math.Pi))),
	}
}

// pull is the message at the parent: y ~ N(Phi x + Beta, Q) on the observed
// coordinates.
func (o edgeObservation) pull(t Transition) Message {
	r := o.residual(t.Beta)
	w := o.weight.MatMul(r)
	return Message{
		H: t.Phi.Transpose().MatMul(o.weight).MatMul(t.Phi).Symmetrize(),
		F: t.Phi.Transpose().MatMul(w),
		C: r.Dot(w).Add(o.logDet).Scale(-0.5),
	}
}

// integral is the log density of the observation under x ~ N(mean, q).
func (o edgeObservation) integral(mean tensor.Value) tensor.Value {
	r := o.residual(mean)
	return r.Dot(o.weight.MatMul(r)).Add(o.logDet).Scale(-0.5)
}

// guided is the conditional distribution of the node given what is observed.
func (o edgeObservation) guided(mean, q tensor.Value) (center, factor tensor.Value) {
	free := tensor.Constant(1).Sub(o.mask)
	center = mean.Add(q.MatMul(o.weight.MatMul(o.residual(mean))))
	center = center.Mul(free).Add(o.y.Mul(o.mask))
	conditional := q.Sub(q.MatMul(o.weight).MatMul(q)).Mul(free.Outer(free))
	return center, conditional.Symmetrize().Cholesky()
}
