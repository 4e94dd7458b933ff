package shaders

// body writes a body: elementwise instructions that need not wait for each other
// share a loop over their elements.
func (s *spreading) body(body []ArrayInstruction) {
	for n := 0; n < len(body); n++ {
		i := &body[n]
		switch i.Op {
		case ArrayLoop:
			end := ArrayLoopEnd(body, n)
			s.arrayLoop(i, body[n+1:end])
			n = end
		case ArrayMatMul, ArrayCholesky, ArrayCholeskyAdjoint, ArraySolveLow, ArraySolveLowT, ArraySolve, ArrayLogDet, ArrayScatter:
			s.flush()
			s.whole(i)
		default:
			s.gather(i)
		}
	}
}

// arrayLoop writes a loop. Its steps are apart from each other, and from what
// stands around it.
func (s *spreading) arrayLoop(i *ArrayInstruction, inner []ArrayInstruction) {
	s.settle()
	b := s.b
	first, count, most := b.ConstInt(0), b.ConstInt(i.N), i.N
	if i.Backwards {
		first = b.ConstInt(i.N - 1)
	}
	if s.inParts {
		s.inParts = false
		first = b.LoadInt(s.settings, b.ConstInt(settingStart))
		count = b.LoadInt(s.settings, b.ConstInt(settingCount))
	}
	s.loop(count, most, func(k Value) {
		op := OpAddInt
		if i.Backwards {
			op = OpSubInt
		}
		s.steps[i.Loop] = b.Integer(op, first, k)
		s.body(inner)
		s.settle()
	})
}

// gather takes an elementwise instruction into the run, which it ends if it must
// wait or has another number of elements.
func (s *spreading) gather(i *ArrayInstruction) {
	accesses := s.accesses(i)
	wait := false
	for _, a := range accesses {
		wait = wait || s.meets(a)
	}
	switch {
	case wait:
		s.flush()
		s.barrier()
	case len(s.run) > 0 && s.run[0].N != i.N:
		s.flush()
	}
	s.run = append(s.run, *i)
	s.recent = append(s.recent, accesses...)
}

// flush writes the run.
func (s *spreading) flush() {
	if len(s.run) == 0 {
		return
	}
	run := s.run
	s.run = nil
	// Where each element's places are does not depend on the element.
	places := make([]Value, len(run))
	lengths := make([]Value, len(run))
	for n := range run {
		if i := &run[n]; i.Op <= ArrayStore && i.Op != ArrayInt {
			places[n] = s.place(&i.Place)
			lengths[n] = s.runLength(&i.Place)
		}
	}
	s.each(run[0].N, func(e Value) {
		known := map[spreadElement]Value{}
		for n := range run {
			s.element(&run[n], e, places[n], lengths[n], n+run[n].Life >= len(run), known)
		}
	})
}

// spreadElement names the element of a span that a run is at.
type spreadElement struct {
	offset int
	steps  [mostKnownSteps]StepStride
	scalar bool
}

// mostKnownSteps is how many loops may move a span whose elements are remembered.
const mostKnownSteps = 4

// elementOf names the element of a span in a run over n elements.
func elementOf(span *Span, n int) (key spreadElement, ok bool) {
	key = spreadElement{offset: span.Offset, scalar: span.Scalar && n > 1}
	return key, copy(key.steps[:], span.Steps) == len(span.Steps)
}

// element writes what an instruction does for one element. Values that the lane
// has at hand are known; those that nothing else reads are kept nowhere else.
func (s *spreading) element(i *ArrayInstruction, e, place, length Value, kept bool, known map[spreadElement]Value) {
	b := s.b
	load := func(span *Span) Value {
		key, named := elementOf(span, i.N)
		x, have := known[key]
		if !have || !named {
			x = s.load(span, e)
			known[key] = x
		}
		return x
	}
	at := func() Value { return b.AddInt(place, b.MulInt(e, b.ConstInt(i.Place.ElementStride))) }
	var x Value
	switch i.Op {
	case ArrayLoad:
		x = b.Load(s.buffer(i.Buffer), at())
	case ArrayReduce:
		if c := b.at(length); c.Op == OpConstInt {
			s.rounds += s.times * c.Int
		} else {
			s.rounds += s.times * mostReduced
		}
		x = b.SegmentReduce(i.Reduction, s.buffer(i.Buffer), at(), length, i.Place.PlaceStride)
	case ArrayInt:
		x = b.IntToFloat(b.LoadInt(s.buffer(i.Buffer), b.AddInt(s.item, b.ConstInt(i.Place.Shift))))
	case ArrayStore:
		b.Store(s.buffer(i.Buffer), at(), load(&i.A))
		return
	case ArrayIndex:
		x = b.IntToFloat(s.steps[i.Loop])
	case ArrayCopy:
		x = load(&i.A)
	case ArrayGather:
		x = s.load(&i.A, s.lookup(i.Indices, e))
	case ArrayUnary:
		x = b.Unary(i.Elementwise, load(&i.A))
	case ArrayBinary:
		x = b.Binary(i.Elementwise, load(&i.A), load(&i.B))
	case ArrayCompare:
		x = b.Select(b.Compare(i.Elementwise, load(&i.A), load(&i.B)), b.Const(1), b.Const(0))
	case ArraySelect:
		x = b.Select(b.Not(b.Compare(OpEqual, load(&i.A), b.Const(0))), load(&i.B), load(&i.C))
	}
	key, named := elementOf(&i.Out, i.N)
	if named {
		known[key] = x
	}
	if kept || !named {
		s.store(&i.Out, e, x)
	}
}

// mostReduced bounds, for counting rounds, a run of places whose length is not
// known here.
const mostReduced = 256

// place is where the first element of a place stands in its buffer.
func (s *spreading) place(p *Place) Value {
	b := s.b
	place := b.AddInt(s.item, b.ConstInt(p.Shift))
	if p.Indirect {
		place = b.LoadInt(s.buffer(p.Index), place)
	}
	return b.AddInt(b.MulInt(place, b.ConstInt(p.PlaceStride)), b.MulInt(s.chain, b.ConstInt(p.ChainStride)))
}

// runLength is how many places are reduced.
func (s *spreading) runLength(p *Place) Value {
	if p.Count < 0 {
		return s.b.ConstInt(p.Length)
	}
	return s.b.LoadInt(s.buffer(p.Count), s.b.AddInt(s.item, s.b.ConstInt(p.CountShift)))
}
