package shaders

import "math/bits"

// whole writes an instruction whose elements depend on several elements.
func (s *spreading) whole(i *ArrayInstruction) {
	accesses := s.accesses(i)
	for _, a := range accesses {
		if s.meets(a) {
			s.barrier()
			break
		}
	}
	switch i.Op {
	case ArrayScatter:
		s.scatter(i)
	case ArrayMatMul:
		s.product(i)
	case ArrayCholesky:
		s.cholesky(i)
	case ArrayCholeskyAdjoint:
		s.choleskyAdjoint(i)
	case ArraySolveLow:
		s.triangular(i, false, true, func(row, column Value) Value { return s.matrix(&i.A, row, column, i.N) })
	case ArraySolveLowT:
		s.triangular(i, true, true, func(row, column Value) Value { return s.matrix(&i.A, column, row, i.N) })
	case ArraySolve:
		s.eliminate(i, i.M)
		s.triangular(i, true, false, func(row, column Value) Value { return s.matrix(&i.C, row, column, i.N) })
	case ArrayLogDet:
		s.eliminate(i, 0)
		s.logDet(i)
	}
	s.recent = append(s.recent, accesses...)
}

// matrix is an element of a matrix.
func (s *spreading) matrix(span *Span, row, column Value, columns int) Value {
	return s.load(span, s.b.AddInt(s.b.MulInt(row, s.b.ConstInt(columns)), column))
}

// sums writes n sums to a span: the terms of sum e are numbered from 0, at most a
// number of them. Where there are fewer sums than lanes, several lanes share one.
func (s *spreading) sums(out *Span, n, most int, count func(e Value) Value, term func(e, k Value) Value) {
	b := s.b
	zero := func() Value { return b.Const(0) }
	// With p lanes a sum takes most/p rounds, and p more to gather.
	p := 1
	for 2*p*n <= s.lanes && 4*p*p <= most {
		p *= 2
	}
	if p == 1 {
		s.each(n, func(e Value) {
			s.store(out, e, s.sum(zero(), count(e), most, func(k Value) Value { return term(e, k) }))
		})
		return
	}
	exchange := s.sharedArray()
	shift := b.ConstInt(bits.Len(uint(p)) - 1)
	b.If(b.LessInt(s.local, b.ConstInt(n*p)), func() {
		e, part := b.Integer(OpShiftRightInt, s.local, shift), b.Integer(OpAndInt, s.local, b.ConstInt(p-1))
		// The terms part, part+p, ... of those there are.
		terms := b.Integer(OpShiftRightInt, b.AddInt(b.Integer(OpSubInt, count(e), part), b.ConstInt(p-1)), shift)
		b.StoreShared(exchange, s.local, s.sum(zero(), terms, (most+p-1)/p, func(k Value) Value {
			return term(e, b.AddInt(b.MulInt(k, b.ConstInt(p)), part))
		}))
	}, nil)
	s.barrier()
	s.each(n, func(e Value) {
		first := b.MulInt(e, b.ConstInt(p))
		s.store(out, e, s.sum(zero(), b.ConstInt(p), p, func(k Value) Value { return b.LoadShared(exchange, b.AddInt(first, k)) }))
	})
	s.reading = true
}

// scatter turns sums into places into sums from places: each element of the
// result adds the elements that go there.
func (s *spreading) scatter(i *ArrayInstruction) {
	b := s.b
	to := make([][]int32, i.M)
	most := 0
	for k, m := range i.Indices {
		to[m] = append(to[m], int32(k))
		most = max(most, len(to[m]))
	}
	if most <= 1 {
		from := make([]int32, i.M)
		for m, list := range to {
			from[m] = -1
			if len(list) > 0 {
				from[m] = list[0]
			}
		}
		s.each(i.M, func(e Value) {
			x := b.Variable(b.Const(0))
			at := s.lookup(from, e)
			b.If(b.LessInt(b.ConstInt(-1), at), func() { b.Set(x, s.load(&i.A, at)) }, nil)
			s.store(&i.Out, e, b.Get(x))
		})
		return
	}
	starts := []int32{0}
	var list []int32
	for _, more := range to {
		list = append(list, more...)
		starts = append(starts, int32(len(list)))
	}
	first := func(e Value) Value { return s.lookup(starts, e) }
	count := func(e Value) Value {
		return b.Integer(OpSubInt, s.lookup(starts, b.AddInt(e, b.ConstInt(1))), first(e))
	}
	plain := true // the list is 0, 1, 2, ...
	for k, x := range list {
		plain = plain && int(x) == k
	}
	s.sums(&i.Out, i.M, most, count, func(e, k Value) Value {
		at := b.AddInt(first(e), k)
		if !plain {
			at = s.lookup(list, at)
		}
		return s.load(&i.A, at)
	})
}

// product is a product of matrices.
func (s *spreading) product(i *ArrayInstruction) {
	b := s.b
	inner := b.ConstInt(i.K)
	s.sums(&i.Out, i.N*i.M, i.K, func(Value) Value { return inner }, func(e, k Value) Value {
		row, column := s.divide(e, i.M)
		var x, y Value
		if i.TransposeA {
			x = s.matrix(&i.A, k, row, i.N)
		} else {
			x = s.matrix(&i.A, row, k, i.K)
		}
		if i.TransposeB {
			y = s.matrix(&i.B, column, k, i.K)
		} else {
			y = s.matrix(&i.B, k, column, i.M)
		}
		return b.Binary(OpMul, x, y)
	})
}
