package shaders

import "slices"

// spreading writes one group kernel. Element e of an array is the business of lane
// e mod Lanes, so that what works element by element needs no barriers.
type spreading struct {
	b       *Builder
	source  *Kernel
	lanes   int
	tables  *spreadTables
	inParts bool // the first loop is run in parts

	scratch, constants, table, settings int   // buffers
	own                                 []int // buffers of the source that are used
	item, chain, base, local            Value
	steps                               []Value // by loop
	counts                              []int   // steps of every loop

	run     []ArrayInstruction // elementwise, not written yet
	recent  []spreadAccess     // since the last barrier
	shared  int                // array, -1 if there is none yet
	reading bool               // the shared array, since the last barrier

	times, rounds int // rounds of loops
}

// spreadAccess is what an instruction does with a span of the scratch, or with a
// buffer.
type spreadAccess struct {
	span    Span
	size    int
	buffer  int // -1 for the scratch
	written bool
	byLane  bool // element e by lane e mod Lanes
}

func newSpreading(source *Kernel, lanes int, tables *spreadTables, outer []outerStep) *spreading {
	s := &spreading{b: NewBuilder(source.Name, source.Chains), source: source, lanes: lanes, tables: tables, shared: -1, times: 1,
		steps: make([]Value, source.Arrays.Loops), counts: make([]int, source.Arrays.Loops)}
	for n := range source.Arrays.Instructions {
		if i := &source.Arrays.Instructions[n]; i.Op == ArrayLoop {
			s.counts[i.Loop] = i.N
		}
	}
	b := s.b
	b.Groups(lanes)
	s.scratch = b.Buffer("arrays", Float, ReadWrite)
	s.constants = b.Buffer("constants", Float, Read)
	s.table = b.Buffer("tables", Int, Read)
	s.settings = b.Buffer("settings", Int, Read)
	group := b.Item()
	s.item = s.quotient(group, source.Chains)
	s.chain = b.Integer(OpSubInt, group, b.MulInt(s.item, b.ConstInt(source.Chains)))
	s.base = b.MulInt(b.Integer(OpSubInt, group, b.LoadInt(s.settings, b.ConstInt(SettingBase))), b.LoadInt(s.settings, b.ConstInt(settingSize)))
	s.local = b.Local()
	for n, o := range outer {
		s.steps[o.loop.Loop] = b.LoadInt(s.settings, b.ConstInt(settingOuter+n))
	}
	return s
}

// quotient is x / d for 0 <= x < 2^31: the upper half of a product with
// 2^(32+n) / d, rounded up (Granlund and Montgomery 1994, theorem 4.2).
func (s *spreading) quotient(x Value, d int) Value {
	b := s.b
	shift := 0
	for 1<<shift < d {
		shift++
	}
	if 1<<shift == d {
		return b.Integer(OpShiftRightInt, x, b.ConstInt(shift))
	}
	factor := uint32((uint64(1)<<(31+shift))/uint64(d) + 1)
	return b.Integer(OpShiftRightInt, b.Integer(OpMulHighInt, x, b.ConstInt(int(int32(factor)))), b.ConstInt(shift-1))
}

// buffer is the number that a buffer of the source has here.
func (s *spreading) buffer(source int) int {
	at := slices.Index(s.own, source)
	if at < 0 {
		at = len(s.own)
		s.own = append(s.own, source)
		formal := s.source.Buffers[source]
		s.b.Buffer(formal.Name, formal.Type, formal.Access)
	}
	return s.settings + 1 + at
}

// divide splits an element's number into row and column of a matrix.
func (s *spreading) divide(e Value, columns int) (row, column Value) {
	row = s.quotient(e, columns)
	return row, s.b.Integer(OpSubInt, e, s.b.MulInt(row, s.b.ConstInt(columns)))
}

// constant reports whether a span is among the constants.
func (s *spreading) constant(span *Span) bool { return span.Offset < len(s.source.Arrays.Constants) }

// at is where element e of a span stands in its buffer.
func (s *spreading) at(span *Span, e Value) Value {
	b := s.b
	at := b.ConstInt(span.Offset)
	for _, m := range span.Steps {
		at = b.AddInt(b.MulInt(s.steps[m.Loop], b.ConstInt(m.Stride)), at)
	}
	if !s.constant(span) {
		at = b.AddInt(s.base, at)
	}
	if span.Scalar {
		return at
	}
	return b.AddInt(at, e)
}

// load is element e of a span.
func (s *spreading) load(span *Span, e Value) Value {
	if !s.constant(span) {
		return s.b.Load(s.scratch, s.at(span, e))
	}
	if number := s.b.at(e); len(span.Steps) == 0 && (span.Scalar || number.Op == OpConstInt) {
		at := span.Offset
		if !span.Scalar {
			at += number.Int
		}
		return s.b.Const(s.source.Arrays.Constants[at])
	}
	return s.b.Load(s.constants, s.at(span, e))
}

// store sets element e of a span.
func (s *spreading) store(span *Span, e, x Value) { s.b.Store(s.scratch, s.at(span, e), x) }

// lookup is element e of a list of integers.
func (s *spreading) lookup(list []int32, e Value) Value {
	if number := s.b.at(e); number.Op == OpConstInt {
		return s.b.ConstInt(int(list[number.Int]))
	}
	return s.b.LoadInt(s.table, s.b.AddInt(s.b.ConstInt(s.tables.place(list)), e))
}

// barrier makes all lanes see what the others stored.
func (s *spreading) barrier() {
	s.b.Barrier()
	s.b.forgetAll() // indices are cheaper to compute anew than to keep
	s.recent, s.reading = s.recent[:0], false
}

// settle writes what is gathered, and a barrier if there is anything to wait for.
func (s *spreading) settle() {
	s.flush()
	if len(s.recent) > 0 || s.reading {
		s.barrier()
	}
}

// loop runs a body, at most a number of times.
func (s *spreading) loop(count Value, most int, body func(i Value)) {
	s.times *= most
	s.rounds += s.times
	s.b.Loop(count, body)
	s.times /= most
}

// repeat is a loop of a fixed number of rounds.
func (s *spreading) repeat(n int, body func(i Value)) {
	switch n {
	case 0:
	case 1:
		body(s.b.ConstInt(0))
	default:
		s.loop(s.b.ConstInt(n), n, body)
	}
}

// each runs a body for n elements, shared out over the lanes.
func (s *spreading) each(n int, body func(e Value)) {
	b := s.b
	if n == 1 {
		s.first(func() { body(b.ConstInt(0)) })
		return
	}
	rounds := (n + s.lanes - 1) / s.lanes
	s.repeat(rounds, func(i Value) {
		e := b.AddInt(b.MulInt(i, b.ConstInt(s.lanes)), s.local)
		if n%s.lanes == 0 {
			body(e)
			return
		}
		b.If(b.LessInt(e, b.ConstInt(n)), func() { body(e) }, nil)
	})
}

// first runs a body on the first lane.
func (s *spreading) first(body func()) {
	s.b.If(s.b.EqualInt(s.local, s.b.ConstInt(0)), body, nil)
}

// sum adds n terms, at most a number of them, to a start.
func (s *spreading) sum(start, n Value, most int, term func(i Value) Value) Value {
	b := s.b
	if count := b.at(n); count.Op == OpConstInt && count.Int <= 4 {
		for i := range count.Int {
			start = b.Binary(OpAdd, start, term(b.ConstInt(i)))
		}
		return start
	}
	total := b.Variable(start)
	s.loop(n, most, func(i Value) { b.Set(total, b.Binary(OpAdd, b.Get(total), term(i))) })
	return b.Get(total)
}

// sharedArray is the array through which lanes exchange values, one for each lane
// or row of a matrix; it is ready to be written.
func (s *spreading) sharedArray() int {
	if s.shared < 0 {
		size := s.lanes
		for n := range s.source.Arrays.Instructions {
			if i := &s.source.Arrays.Instructions[n]; i.Op == ArrayCholesky {
				size = max(size, i.N)
			}
		}
		s.shared = s.b.SharedArray("exchange", size)
	}
	if s.reading {
		s.barrier()
	}
	return s.shared
}

// meets reports whether an access must wait for a recent one: both may touch an
// element, one of them writes it, and it is not certain that one lane does both.
func (s *spreading) meets(a spreadAccess) bool {
	for _, r := range s.recent {
		switch {
		case !a.written && !r.written || (a.buffer < 0) != (r.buffer < 0):
		case a.buffer >= 0:
			// Two formal buffers may be one, but nobody stores through both.
			if a.buffer == r.buffer || a.written != r.written {
				return true
			}
		case slices.Equal(a.span.Steps, r.span.Steps):
			apart := a.span.Offset+a.size <= r.span.Offset || r.span.Offset+r.size <= a.span.Offset
			if !apart && !(a.byLane && r.byLane && a.span.Offset == r.span.Offset) {
				return true
			}
		default:
			low, high, _ := a.span.bounds(a.size, s.counts)
			from, to, _ := r.span.bounds(r.size, s.counts)
			if low < to && from < high {
				return true
			}
		}
	}
	return false
}

// accesses are what an instruction reads and writes.
func (s *spreading) accesses(i *ArrayInstruction) []spreadAccess {
	byLane := i.Op <= ArrayStore || i.Op == ArrayCopy || i.Op == ArrayUnary || i.Op == ArrayBinary || i.Op == ArrayCompare || i.Op == ArraySelect || i.Op == ArrayIndex
	var all []spreadAccess
	out, operands := i.sizes()
	for o, span := range []*Span{&i.A, &i.B, &i.C} {
		if operands[o] == 0 || s.constant(span) {
			continue
		}
		a := spreadAccess{span: *span, size: operands[o], buffer: -1, byLane: byLane}
		if span.Scalar {
			a.size = 1
			a.byLane = byLane && i.N == 1
		}
		all = append(all, a)
	}
	if i.Op == ArraySolve || i.Op == ArrayLogDet {
		all[len(all)-1].written = true // the scratch
	}
	if out > 0 {
		direct := byLane || i.Op == ArrayGather || i.Op == ArrayScatter || i.Op == ArrayMatMul
		all = append(all, spreadAccess{span: i.Out, size: out, buffer: -1, written: true, byLane: direct})
	}
	switch i.Op {
	case ArrayLoad, ArrayReduce:
		all = append(all, spreadAccess{buffer: i.Buffer})
	case ArrayStore:
		all = append(all, spreadAccess{buffer: i.Buffer, written: true})
	}
	return all
}
