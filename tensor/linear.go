package tensor

// MatMul is the matrix product (n,k)(k,m) -> (n,m). A vector operand on the
// right counts as a column, (n,k)(k) -> (n); on the left as a row,
// (k)(k,m) -> (m).
func (v Value) MatMul(w Value) Value {
	if v.node == nil || w.node == nil {
		Fail("MatMul", "an operand is the zero Value")
	}
	a, b := v, w
	if len(a.Shape()) == 1 {
		a = a.Reshape(1, a.Shape()[0])
	}
	if len(b.Shape()) == 1 {
		b = b.Reshape(b.Shape()[0], 1)
	}
	if len(a.Shape()) != 2 || len(b.Shape()) != 2 || a.Shape()[1] != b.Shape()[0] || (len(v.Shape()) == 1 && len(w.Shape()) == 1) {
		Fail("MatMul", "shapes %v and %v do not fit", v.Shape(), w.Shape())
	}
	n, m := a.Shape()[0], b.Shape()[1]
	product := Value{&Node{Op: OpMatMul, Shape: Shape{n, m}, Operands: []*Node{a.node, b.node}}}
	switch {
	case len(v.Shape()) == 1:
		return product.Reshape(m)
	case len(w.Shape()) == 1:
		return product.Reshape(n)
	}
	return product
}

// Dot is the inner product of two values of one shape, a scalar.
func (v Value) Dot(w Value) Value {
	if !v.Shape().Equal(w.Shape()) {
		Fail("Dot", "shapes %v and %v do not fit", v.Shape(), w.Shape())
	}
	return v.Mul(w).Sum()
}

// Outer is the matrix with element (i,j) = v(i) w(j).
func (v Value) Outer(w Value) Value {
	n, m := v.vector("Outer"), w.vector("Outer")
	return v.Reshape(n, 1).MatMul(w.Reshape(1, m))
}

// Cholesky is the lower triangular L with L L' = v, for a symmetric positive
// semi-definite matrix; only its lower triangle is read. A pivot that is
// exactly zero gives a zero column, so that the factor of a zero covariance is
// zero; a negative pivot gives NaN.
func (v Value) Cholesky() Value {
	n := v.square("Cholesky")
	return Value{&Node{Op: OpCholesky, Shape: Shape{n, n}, Operands: []*Node{v.node}}}
}

// CholeskyAdjoint is, for a lower factor v of a matrix A and the cotangent of v,
// the cotangent of the lower triangle of A (Murray 2016, arXiv:1602.07527). A zero
// pivot takes no cotangent.
func (v Value) CholeskyAdjoint(cotangent Value) Value {
	n := v.square("CholeskyAdjoint")
	if !v.Shape().Equal(cotangent.Shape()) {
		Fail("CholeskyAdjoint", "a cotangent of shape %v does not fit a factor of shape %v", cotangent.Shape(), v.Shape())
	}
	return Value{&Node{Op: OpCholeskyAdjoint, Shape: Shape{n, n}, Operands: []*Node{v.node, cotangent.node}}}
}

func solve(op Op, a, b Value) Value {
	n := a.square(op.String())
	if b.node == nil || len(b.Shape()) == 0 || len(b.Shape()) > 2 || b.Shape()[0] != n {
		Fail(op.String(), "a matrix of shape %v does not fit a right-hand side of shape %v", a.Shape(), b.Shape())
	}
	right := b
	if len(b.Shape()) == 1 {
		right = b.Reshape(n, 1)
	}
	x := Value{&Node{Op: op, Shape: right.Shape(), Operands: []*Node{a.node, right.node}}}
	return x.Reshape(b.Shape()...)
}

// SolveLower is X of v X = b for a lower triangular v; the upper triangle is
// not read. A zero pivot gives a zero row (the pseudo-inverse of a zero factor).
func (v Value) SolveLower(b Value) Value { return solve(OpSolveLow, v, b) }

// SolveLowerTransposed is X of v' X = b for a lower triangular v.
func (v Value) SolveLowerTransposed(b Value) Value { return solve(OpSolveLowT, v, b) }

// Solve is X of v X = b for a general square matrix, by Gaussian elimination
// with row exchanges. A singular matrix gives infinities or NaN.
func (v Value) Solve(b Value) Value { return solve(OpSolve, v, b) }

// SolvePositive is X of v X = b for a symmetric positive definite v, by its
// Cholesky factor.
func (v Value) SolvePositive(b Value) Value {
	if v.square("SolvePositive") == 1 {
		return v.Solve(b)
	}
	l := v.Cholesky()
	return l.SolveLowerTransposed(l.SolveLower(b))
}

// Inverse is the inverse of a general square matrix.
func (v Value) Inverse() Value { return v.Solve(Identity(v.square("Inverse"))) }

// LogDet is log |det v| of a general square matrix, a scalar.
func (v Value) LogDet() Value {
	v.square("LogDet")
	return Value{&Node{Op: OpLogDet, Shape: Shape{}, Operands: []*Node{v.node}}}
}

// LogDetPositive is log det v of a symmetric positive definite matrix.
func (v Value) LogDetPositive() Value {
	if v.square("LogDetPositive") == 1 {
		return v.Scalar().Log()
	}
	return v.Cholesky().Diagonal().Log().Sum().Scale(2)
}

// Symmetrize is (v + v')/2.
func (v Value) Symmetrize() Value {
	if v.square("Symmetrize") == 1 {
		return v
	}
	return v.Add(v.Transpose()).Scale(0.5)
}
