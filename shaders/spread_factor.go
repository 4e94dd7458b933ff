package shaders

// reciprocalOrZero is 1/x, and 0 for 0: a matrix that is not positive definite
// gives zeros, not infinities.
func (s *spreading) reciprocalOrZero(x Value) Value {
	b := s.b
	zero := b.Compare(OpEqual, x, b.Const(0))
	return b.Select(zero, b.Const(0), b.Binary(OpDiv, b.Const(1), b.Select(zero, b.Const(1), x)))
}

// rows runs a body for the rows from a number on; a lane has every row of its own.
func (s *spreading) rows(n int, from Value, body func(row Value)) {
	s.each(n, func(row Value) {
		s.b.If(s.b.LessInt(row, from), nil, func() { body(row) })
	})
}

// cholesky computes the factor column by column; each lane has rows.
func (s *spreading) cholesky(i *ArrayInstruction) {
	b, n := s.b, i.N
	exchange := s.sharedArray()
	columns := b.ConstInt(n)
	s.repeat(n, func(k Value) {
		s.rows(n, k, func(row Value) {
			start := s.matrix(&i.A, row, k, n)
			b.StoreShared(exchange, row, s.sum(start, k, n, func(j Value) Value {
				return b.Unary(OpNeg, b.Binary(OpMul, s.matrix(&i.Out, row, j, n), s.matrix(&i.Out, k, j, n)))
			}))
		})
		s.barrier()
		pivot := b.Unary(OpSqrt, b.LoadShared(exchange, k))
		reciprocal := s.reciprocalOrZero(pivot)
		s.each(n, func(row Value) {
			x := b.Variable(b.Const(0))
			b.If(b.LessInt(row, k), nil, func() {
				b.Set(x, b.Binary(OpMul, b.LoadShared(exchange, row), reciprocal))
				b.If(b.EqualInt(row, k), func() { b.Set(x, pivot) }, nil)
			})
			s.store(&i.Out, b.AddInt(b.MulInt(row, columns), k), b.Get(x))
		})
		s.barrier()
	})
}

// choleskyAdjoint goes from the last column to the first (Smith 1995): what the
// columns after it say of a column is a product with the symmetric matrix that
// they make, with its diagonal twice.
func (s *spreading) choleskyAdjoint(i *ArrayInstruction) {
	b, n := s.b, i.N
	columns, one := b.ConstInt(n), b.ConstInt(1)
	s.each(n*n, func(e Value) {
		row, column := s.divide(e, n)
		s.store(&i.Out, e, b.Select(b.LessInt(row, column), b.Const(0), s.load(&i.B, e)))
	})
	s.barrier()
	s.repeat(n, func(step Value) {
		k := b.Integer(OpSubInt, b.ConstInt(n-1), step)
		reciprocal := s.reciprocalOrZero(s.matrix(&i.A, k, k, n))
		s.rows(n, b.AddInt(k, one), func(row Value) {
			at := b.AddInt(b.MulInt(row, columns), k)
			start := b.Binary(OpSub, s.load(&i.Out, at), b.Binary(OpMul, s.matrix(&i.Out, row, row, n), s.matrix(&i.A, row, k, n)))
			sum := s.sum(start, step, n, func(j Value) Value {
				j = b.AddInt(b.AddInt(k, one), j)
				below := b.LessInt(row, j)
				x := s.matrix(&i.Out, b.SelectInt(below, j, row), b.SelectInt(below, row, j), n)
				return b.Unary(OpNeg, b.Binary(OpMul, x, s.matrix(&i.A, j, k, n)))
			})
			s.store(&i.Out, at, b.Binary(OpMul, sum, reciprocal))
		})
		s.barrier()
		s.first(func() {
			at := b.AddInt(b.MulInt(k, columns), k)
			sum := s.sum(s.load(&i.Out, at), step, n, func(j Value) Value {
				j = b.AddInt(b.AddInt(k, one), j)
				return b.Unary(OpNeg, b.Binary(OpMul, s.matrix(&i.A, j, k, n), s.matrix(&i.Out, j, k, n)))
			})
			s.store(&i.Out, at, b.Binary(OpMul, b.Binary(OpMul, sum, b.Const(0.5)), reciprocal))
		})
		s.barrier()
	})
}

// triangular solves a triangular system for the M columns of B, or, if the rows
// have been eliminated already, of Out. Rows go upwards or downwards.
func (s *spreading) triangular(i *ArrayInstruction, upwards, copies bool, matrix func(row, column Value) Value) {
	b, n, m := s.b, i.N, i.M
	columns := b.ConstInt(m)
	right := &i.B
	if !copies {
		right = &i.Out
	}
	reciprocal := s.reciprocalOrZero
	if !copies {
		reciprocal = func(x Value) Value { return b.Binary(OpDiv, b.Const(1), x) }
	}
	number := func(step Value) Value {
		if upwards {
			return b.Integer(OpSubInt, b.ConstInt(n-1), step)
		}
		return step
	}
	byColumn := (m + s.lanes - 1) / s.lanes * n * n / 2
	byElement := n * ((n*m+s.lanes-1)/s.lanes + 2)
	if byColumn <= 4*byElement {
		// A lane has columns, and needs nobody else.
		s.each(m, func(column Value) {
			s.repeat(n, func(step Value) {
				row := number(step)
				at := b.AddInt(b.MulInt(row, columns), column)
				x := s.sum(s.load(right, at), step, n, func(j Value) Value {
					j = number(j)
					return b.Unary(OpNeg, b.Binary(OpMul, matrix(row, j), s.matrix(&i.Out, j, column, m)))
				})
				s.store(&i.Out, at, b.Binary(OpMul, x, reciprocal(matrix(row, row))))
			})
		})
		return
	}
	// All lanes subtract each row that is known from the rest.
	if copies {
		s.each(n*m, func(e Value) { s.store(&i.Out, e, s.load(right, e)) })
		s.barrier()
	}
	s.repeat(n, func(step Value) {
		k := number(step)
		factor := reciprocal(matrix(k, k))
		s.each(n*m, func(e Value) {
			row, column := s.divide(e, m)
			left := b.LessInt(k, row)
			if upwards {
				left = b.LessInt(row, k)
			}
			b.If(left, func() {
				x := b.Binary(OpMul, b.Binary(OpMul, matrix(row, k), factor), s.matrix(&i.Out, k, column, m))
				s.store(&i.Out, e, b.Binary(OpSub, s.load(&i.Out, e), x))
			}, nil)
		})
		s.barrier()
	})
	s.each(n*m, func(e Value) {
		row, _ := s.divide(e, m)
		s.store(&i.Out, e, b.Binary(OpMul, s.load(&i.Out, e), reciprocal(matrix(row, row))))
	})
}

// eliminate copies A to C and B, of m columns, to Out and brings C to upper
// triangular form, with the largest element of each column as its pivot.
func (s *spreading) eliminate(i *ArrayInstruction, m int) {
	b, n := s.b, i.N
	one := b.ConstInt(1)
	s.each(n*n, func(e Value) { s.store(&i.C, e, s.load(&i.A, e)) })
	if m > 0 {
		s.each(n*m, func(e Value) { s.store(&i.Out, e, s.load(&i.B, e)) })
	}
	s.barrier()
	s.repeat(n, func(k Value) {
		// Every lane looks for the pivot, so that all know it.
		size := b.Variable(b.Unary(OpAbs, s.matrix(&i.C, k, k, n)))
		pivot := b.Variable(k)
		s.loop(b.Integer(OpSubInt, b.ConstInt(n-1), k), n, func(j Value) {
			row := b.AddInt(b.AddInt(k, one), j)
			x := b.Unary(OpAbs, s.matrix(&i.C, row, k, n))
			b.If(b.Compare(OpLess, b.Get(size), x), func() {
				b.Set(size, x)
				b.Set(pivot, row)
			}, nil)
		})
		other := b.Get(pivot)
		s.barrier()
		// A row has n elements in C and m in Out.
		exchange := func(span *Span, width int) {
			s.each(width, func(column Value) {
				up, down := b.AddInt(b.MulInt(k, b.ConstInt(width)), column), b.AddInt(b.MulInt(other, b.ConstInt(width)), column)
				x, y := s.load(span, up), s.load(span, down)
				s.store(span, up, y)
				s.store(span, down, x)
			})
		}
		exchange(&i.C, n)
		if m > 0 {
			exchange(&i.Out, m)
		}
		s.barrier()
		reciprocal := b.Binary(OpDiv, b.Const(1), s.matrix(&i.C, k, k, n))
		subtract := func(span *Span, width int, skip bool) {
			s.each(n*width, func(e Value) {
				row, column := s.divide(e, width)
				here := b.LessInt(k, row)
				if skip {
					here = b.And(here, b.LessInt(k, column))
				}
				b.If(here, func() {
					factor := b.Binary(OpMul, s.matrix(&i.C, row, k, n), reciprocal)
					x := b.Binary(OpMul, factor, s.matrix(span, k, column, width))
					s.store(span, e, b.Binary(OpSub, s.load(span, e), x))
				}, nil)
			})
		}
		subtract(&i.C, n, true)
		if m > 0 {
			subtract(&i.Out, m, false)
		}
		s.barrier()
	})
}

// logDet adds the logarithms of the pivots.
func (s *spreading) logDet(i *ArrayInstruction) {
	b := s.b
	s.first(func() {
		s.store(&i.Out, b.ConstInt(0), s.sum(b.Const(0), b.ConstInt(i.N), i.N, func(k Value) Value {
			return b.Unary(OpLog, b.Unary(OpAbs, s.matrix(&i.C, k, k, i.N)))
		}))
	})
}
