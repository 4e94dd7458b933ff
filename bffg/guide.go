package bffg

import "github.com/hxgpu/hxgpu/tensor"

// pointMessage is a Gaussian potential of n points in m dimensions with precision
// H kron I_m: log h(x) = C + <F, x> - <x, H x>/2, with H (n,n), and F and x (n,m).
type pointMessage struct{ H, F, C tensor.Value }

// guide is a Gaussian potential written as a square,
// log g(x) = Constant - |U - W x|^2/2, with W (n,n), U and x (n,m), so that a small
// potential is not the difference of large numbers.
type guide struct{ W, U, Constant tensor.Value }

// guide factors the precision, H = L L'. A coordinate without data has a zero row
// in H, and keeps it in W.
func (p pointMessage) guide() guide {
	l := p.H.Cholesky()
	u := l.SolveLower(p.F)
	return guide{l.Transpose(), u, p.C.Add(u.Square().Sum().Scale(0.5))}
}

// message multiplies the square out.
func (g guide) message() pointMessage {
	wt := g.W.Transpose()
	return pointMessage{wt.MatMul(g.W), wt.MatMul(g.U), g.Constant.Sub(g.U.Square().Sum().Scale(0.5))}
}

// at is log g(x).
func (g guide) at(x tensor.Value) tensor.Value {
	return g.Constant.Sub(g.U.Sub(g.W.MatMul(x)).Square().Sum().Scale(0.5))
}

// before is the potential before a Gaussian step x' ~ N(phi x + shift, q). With
// I + W q W' = C C': C^-1 W phi, C^-1 (U - W shift), and a constant that loses m log det C.
func (g guide) before(phi, shift, q tensor.Value) guide {
	n, m := g.U.Shape()[0], g.U.Shape()[1]
	c := tensor.Identity(n).Add(g.W.MatMul(q).MatMul(g.W.Transpose())).Cholesky()
	w, u := splitColumns(c.SolveLower(joinColumns(g.W.MatMul(phi), g.U.Sub(g.W.MatMul(shift)))), n)
	return guide{w, u, g.Constant.Sub(halfLogDet(c).Scale(float64(m)))}
}

// halfLogDet is log det of a lower factor, that is half of the matrix's.
func halfLogDet(factor tensor.Value) tensor.Value { return factor.Diagonal().Log().Sum() }

// source is a potential at the end of an edge with a driftless process before it,
// prepared for the covariances that it is pulled through.
type source struct {
	lower tensor.Value   // L' : (n,n), H = L L'
	right tensor.Value   // [L' | L^-1 F]
	grams []tensor.Value // L' a L of some covariances
	top   tensor.Value   // C + |L^-1 F|^2/2
	n, m  int
}

func (p pointMessage) source(covariances ...tensor.Value) source {
	n, m := p.F.Shape()[0], p.F.Shape()[1]
	l := p.H.Cholesky()
	f := l.SolveLower(p.F)
	s := source{lower: l.Transpose(), right: joinColumns(l.Transpose(), f), top: p.C.Add(f.Square().Sum().Scale(0.5)), n: n, m: m}
	for _, a := range covariances {
		s.grams = append(s.grams, l.Transpose().MatMul(a).MatMul(l))
	}
	return s
}

// before is the potential before a driftless process whose covariance, the
// integral of a over the time between, is a combination of the prepared ones. With
// I + L' A L = C C': W = C^-1 L', U = C^-1 L^-1 F, and the constant loses m log det C.
func (s source) before(weights ...tensor.Value) guide {
	gram := tensor.Identity(s.n)
	for i, w := range weights {
		gram = gram.Add(s.grams[i].Mul(w))
	}
	c := gram.Cholesky()
	w, u := splitColumns(c.SolveLower(s.right), s.n)
	return guide{w, u, s.top.Sub(halfLogDet(c).Scale(float64(s.m)))}
}

// joinColumns sets two matrices side by side.
func joinColumns(a, b tensor.Value) tensor.Value {
	n, p, q := a.Shape()[0], a.Shape()[1], b.Shape()[1]
	indices := make([]int, 0, n*(p+q))
	for i := range n {
		for j := range p {
			indices = append(indices, i*p+j)
		}
		for j := range q {
			indices = append(indices, n*p+i*q+j)
		}
	}
	return tensor.Concat(a, b).Gather(indices, n, p+q)
}

// splitColumns is the inverse of joinColumns.
func splitColumns(joined tensor.Value, first int) (a, b tensor.Value) {
	n, all := joined.Shape()[0], joined.Shape()[1]
	var left, right []int
	for k := range n * all {
		if k%all < first {
			left = append(left, k)
		} else {
			right = append(right, k)
		}
	}
	return joined.Gather(left, n, first), joined.Gather(right, n, all-first)
}

// draw is one Gaussian step x' ~ N(mean, sigma sigma') guided by g: the state drawn
// by the standard-normal z (n,m), and log of the integral of g over N(mean, sigma
// sigma') (Theorem 14). With V = W sigma and I + V'V = D D' the guided covariance is
// sigma D^-T D^-1 sigma', so that sigma may be any factor, also a singular one.
func (g guide) draw(mean, sigma, z tensor.Value) (x, integral tensor.Value) {
	n, m := mean.Shape()[0], mean.Shape()[1]
	v := g.W.MatMul(sigma)
	d := tensor.Identity(n).Add(v.Transpose().MatMul(v)).Cholesky()
	residual := g.U.Sub(g.W.MatMul(mean))
	pull := d.SolveLower(v.Transpose().MatMul(residual))
	x = mean.Add(sigma.MatMul(d.SolveLowerTransposed(pull.Add(z))))
	integral = g.Constant.Sub(halfLogDet(d).Scale(float64(m))).
		Add(pull.Square().Sum().Sub(residual.Square().Sum()).Scale(0.5))
	return x, integral
}
