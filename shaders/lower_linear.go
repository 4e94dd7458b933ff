package shaders

import "github.com/hxgpu/hxgpu/tensor"

// matrix is a row-major matrix of kernel values.
type matrix struct {
	rows, columns int
	element       []Value
}

func (m matrix) at(i, j int) Value     { return m.element[i*m.columns+j] }
func (m matrix) set(i, j int, v Value) { m.element[i*m.columns+j] = v }

func (l *lowering) matrix(n *tensor.Node) matrix {
	return matrix{n.Shape[0], n.Shape[1], append([]Value(nil), l.done[n]...)}
}

func (l *lowering) linear(n *tensor.Node) []Value {
	a := l.matrix(n.Operands[0])
	switch n.Op {
	case tensor.OpMatMul:
		return l.product(a, l.matrix(n.Operands[1]))
	case tensor.OpCholesky:
		return l.cholesky(a)
	case tensor.OpCholeskyAdjoint:
		return l.choleskyAdjoint(a, l.matrix(n.Operands[1]))
	case tensor.OpSolveLow:
		x := l.matrix(n.Operands[1])
		for j := range x.columns {
			for i := range x.rows {
				for k := range i {
					x.set(i, j, l.subtractProduct(x.at(i, j), a.at(i, k), x.at(k, j)))
				}
				x.set(i, j, l.b.Binary(OpMul, x.at(i, j), l.reciprocalOrZero(a.at(i, i))))
			}
		}
		return x.element
	case tensor.OpSolveLowT:
		x := l.matrix(n.Operands[1])
		for j := range x.columns {
			for i := x.rows - 1; i >= 0; i-- {
				for k := i + 1; k < x.rows; k++ {
					x.set(i, j, l.subtractProduct(x.at(i, j), a.at(k, i), x.at(k, j)))
				}
				x.set(i, j, l.b.Binary(OpMul, x.at(i, j), l.reciprocalOrZero(a.at(i, i))))
			}
		}
		return x.element
	case tensor.OpSolve:
		x := l.matrix(n.Operands[1])
		l.eliminate(a, x)
		for j := range x.columns {
			for i := x.rows - 1; i >= 0; i-- {
				for k := i + 1; k < x.rows; k++ {
					x.set(i, j, l.subtractProduct(x.at(i, j), a.at(i, k), x.at(k, j)))
				}
				x.set(i, j, l.b.Binary(OpMul, x.at(i, j), l.reciprocal(a.at(i, i))))
			}
		}
		return x.element
	case tensor.OpLogDet:
		l.eliminate(a, matrix{rows: a.rows})
		determinant := l.b.Const(0)
		for i := range a.rows {
			determinant = l.b.Binary(OpAdd, determinant, l.b.Unary(OpLog, l.b.Unary(OpAbs, a.at(i, i))))
		}
		return []Value{determinant}
	}
	return nil
}

func (l *lowering) product(a, b matrix) []Value {
	out := matrix{a.rows, b.columns, make([]Value, a.rows*b.columns)}
	for i := range a.rows {
		for j := range b.columns {
			sum := l.b.Const(0)
			for k := range a.columns {
				sum = l.b.Binary(OpAdd, sum, l.b.Binary(OpMul, a.at(i, k), b.at(k, j)))
			}
			out.set(i, j, sum)
		}
	}
	return out.element
}

func (l *lowering) cholesky(a matrix) []Value {
	n := a.rows
	zero := l.b.Const(0)
	out := matrix{n, n, make([]Value, n*n)}
	for i := range out.element {
		out.element[i] = zero
	}
	for j := range n {
		for i := j; i < n; i++ {
			sum := a.at(i, j)
			for k := range j {
				sum = l.subtractProduct(sum, out.at(i, k), out.at(j, k))
			}
			if i == j {
				out.set(i, j, l.b.Unary(OpSqrt, sum))
			} else {
				out.set(i, j, l.b.Binary(OpMul, sum, l.reciprocalOrZero(out.at(j, j))))
			}
		}
	}
	return out.element
}

// choleskyAdjoint is tensor's reverse of the factorisation, column by column.
func (l *lowering) choleskyAdjoint(factor, cotangent matrix) []Value {
	n, out := factor.rows, cotangent
	for i := range n {
		for j := i + 1; j < n; j++ {
			out.set(i, j, l.b.Const(0))
		}
	}
	for k := n - 1; k >= 0; k-- {
		for i := k + 1; i < n; i++ {
			for j := k + 1; j <= i; j++ {
				out.set(i, k, l.subtractProduct(out.at(i, k), out.at(i, j), factor.at(j, k)))
				out.set(j, k, l.subtractProduct(out.at(j, k), out.at(i, j), factor.at(i, k)))
			}
		}
		reciprocal := l.reciprocalOrZero(factor.at(k, k))
		for i := k + 1; i < n; i++ {
			out.set(i, k, l.b.Binary(OpMul, out.at(i, k), reciprocal))
			out.set(k, k, l.subtractProduct(out.at(k, k), factor.at(i, k), out.at(i, k)))
		}
		half := l.b.Binary(OpMul, out.at(k, k), l.b.Const(0.5))
		out.set(k, k, l.b.Binary(OpMul, half, reciprocal))
	}
	return out.element
}

// eliminate is tensor's elimination with row exchanges made by selects.
func (l *lowering) eliminate(a, b matrix) {
	n := a.rows
	for k := range n {
		for i := k + 1; i < n; i++ {
			exchange := l.b.Compare(OpLess, l.b.Unary(OpAbs, a.at(k, k)), l.b.Unary(OpAbs, a.at(i, k)))
			for j := k; j < n; j++ {
				l.exchange(exchange, a, k, i, j)
			}
			for j := range b.columns {
				l.exchange(exchange, b, k, i, j)
			}
		}
		for i := k + 1; i < n; i++ {
			factor := l.b.Binary(OpMul, a.at(i, k), l.reciprocal(a.at(k, k)))
			for j := k + 1; j < n; j++ {
				a.set(i, j, l.subtractProduct(a.at(i, j), factor, a.at(k, j)))
			}
			for j := range b.columns {
				b.set(i, j, l.subtractProduct(b.at(i, j), factor, b.at(k, j)))
			}
		}
	}
}

func (l *lowering) exchange(condition Value, m matrix, k, i, j int) {
	upper, lower := m.at(k, j), m.at(i, j)
	m.set(k, j, l.b.Select(condition, lower, upper))
	m.set(i, j, l.b.Select(condition, upper, lower))
}

func (l *lowering) subtractProduct(x, y, z Value) Value {
	return l.b.Binary(OpSub, x, l.b.Binary(OpMul, y, z))
}

func (l *lowering) reciprocal(x Value) Value { return l.b.Binary(OpDiv, l.b.Const(1), x) }

// reciprocalOrZero is 1/x, or 0 where x is 0.
func (l *lowering) reciprocalOrZero(x Value) Value {
	zero := l.b.Const(0)
	return l.b.Select(l.b.Compare(OpEqual, x, zero), zero, l.reciprocal(x))
}
