package native

import (
	"github.com/hxgpu/hxgpu/device/cpu/amd64"
	"github.com/hxgpu/hxgpu/shaders"
)

// arrayOperand is an array that elementwise code reads or writes.
type arrayOperand struct {
	span    *shaders.Span
	size    int  // elements that it stands for
	scalar  bool // one element for all
	indices []int32
	base    amd64.Reg // what its offset counts from
	table   amd64.Reg // of its indices
}

// arrayGroup is neighbouring elementwise instructions on arrays of one size, as a
// straight-line kernel whose lanes are the elements. What one instruction computes and
// another reads stays in a register; what nobody reads afterwards is not stored.
type arrayGroup struct {
	c        *arrayCompiler
	n        int
	kernel   shaders.Kernel // its buffers are the operands
	operands []arrayOperand
	known    map[spanKey]shaders.Value       // the latest values of arrays
	truths   map[shaders.Value]shaders.Value // the conditions of values that are 0 or 1
	stored   []arrayStored
}

type arrayStored struct {
	span  *shaders.Span
	value shaders.Value
	from  int // instruction of the program
}

// mostGrouped bounds how many instructions are done together: more would not fit the
// registers.
const mostGrouped = 24

// group writes the elementwise instructions from one on that can be done together, and
// gives the number of the next.
func (c *arrayCompiler) group(first int) int {
	g := &arrayGroup{c: c, n: c.program.Instructions[first].N, known: map[spanKey]shaders.Value{}, truths: map[shaders.Value]shaders.Value{}}
	g.kernel.Chains = 1
	g.emit(shaders.Instruction{Op: shaders.OpItem, Type: shaders.Int})
	n := first
	for n < len(c.program.Instructions) && n-first < mostGrouped && g.add(n) {
		n++
	}
	if n == first {
		c.Fail("instruction %d is not elementwise", first)
		return n + 1
	}
	if g.n == 0 {
		return n
	}
	for k, s := range g.stored {
		if !g.superseded(k) && g.read(s, n) {
			g.emit(shaders.Instruction{Op: shaders.OpStore, A: 0, B: s.value, C: shaders.NoValue, Buffer: g.operand(s.span, false, nil)})
		}
	}
	g.write()
	return n
}

func (g *arrayGroup) emit(i shaders.Instruction) shaders.Value {
	if i.Op == shaders.OpItem {
		i.A, i.B, i.C = shaders.NoValue, shaders.NoValue, shaders.NoValue
	}
	g.kernel.Instructions = append(g.kernel.Instructions, i)
	return shaders.Value(len(g.kernel.Instructions) - 1)
}

func (g *arrayGroup) constant(x float64) shaders.Value {
	return g.emit(shaders.Instruction{Op: shaders.OpConst, Type: shaders.Float, A: shaders.NoValue, B: shaders.NoValue, C: shaders.NoValue, Float: x})
}

// operand is the number of an operand.
func (g *arrayGroup) operand(s *shaders.Span, scalar bool, indices []int32) int {
	g.operands = append(g.operands, arrayOperand{span: s, size: g.n, scalar: scalar, indices: indices})
	return len(g.operands) - 1
}

// add takes an instruction of the program in, if it is one to be done together with
// those before.
func (g *arrayGroup) add(n int) bool {
	i := &g.c.program.Instructions[n]
	var spans []*shaders.Span
	switch i.Op {
	case shaders.ArrayUnary, shaders.ArrayCopy, shaders.ArrayGather:
		spans = []*shaders.Span{&i.A}
	case shaders.ArrayBinary, shaders.ArrayCompare:
		spans = []*shaders.Span{&i.A, &i.B}
	case shaders.ArraySelect:
		spans = []*shaders.Span{&i.A, &i.B, &i.C}
	default:
		return false
	}
	if i.N != g.n || !g.fits(i, spans) {
		return false
	}
	if i.Op == shaders.ArrayGather {
		g.store(&i.Out, g.gather(i), n)
		return true
	}
	var x [3]shaders.Value
	for k, s := range spans {
		x[k] = g.load(s)
	}
	g.store(&i.Out, g.compute(i, x), n)
	return true
}

// compute is the value of an instruction.
func (g *arrayGroup) compute(i *shaders.ArrayInstruction, x [3]shaders.Value) shaders.Value {
	none := shaders.NoValue
	switch i.Op {
	case shaders.ArrayUnary:
		return g.emit(shaders.Instruction{Op: i.Elementwise, Type: shaders.Float, A: x[0], B: none, C: none})
	case shaders.ArrayBinary:
		return g.emit(shaders.Instruction{Op: i.Elementwise, Type: shaders.Float, A: x[0], B: x[1], C: none})
	case shaders.ArrayCompare:
		holds := g.emit(shaders.Instruction{Op: i.Elementwise, Type: shaders.Bool, A: x[0], B: x[1], C: none})
		v := g.emit(shaders.Instruction{Op: shaders.OpSelect, Type: shaders.Float, A: holds, B: g.constant(1), C: g.constant(0)})
		g.truths[v] = holds
		return v
	case shaders.ArraySelect:
		if holds, ok := g.truths[x[0]]; ok {
			return g.emit(shaders.Instruction{Op: shaders.OpSelect, Type: shaders.Float, A: holds, B: x[1], C: x[2]})
		}
		zero := g.emit(shaders.Instruction{Op: shaders.OpEqual, Type: shaders.Bool, A: x[0], B: g.constant(0), C: none})
		return g.emit(shaders.Instruction{Op: shaders.OpSelect, Type: shaders.Float, A: zero, B: x[2], C: x[1]})
	}
	return x[0] // a copy
}

// isScalar reports whether a span is one element that stands for several.
func (g *arrayGroup) isScalar(s *shaders.Span) bool { return s.Scalar && g.n > 1 }

// mostSteps is how many loops may move an operand.
const mostSteps = 4

// stepsKey tells apart what spans' offsets count from.
type stepsKey [mostSteps]shaders.StepStride

// spanKey tells apart where spans stand.
type spanKey struct {
	offset int
	steps  stepsKey
	scalar bool
}

func keyOfSteps(s *shaders.Span) (key stepsKey) {
	copy(key[:], s.Steps)
	return key
}

func keyOf(s *shaders.Span, scalar bool) spanKey {
	return spanKey{s.Offset, keyOfSteps(s), scalar}
}

// load is the value of an array.
func (g *arrayGroup) load(s *shaders.Span) shaders.Value {
	scalar := g.isScalar(s)
	key := keyOf(s, scalar)
	if v, ok := g.known[key]; ok {
		return v
	}
	var v shaders.Value
	if constants := g.c.program.Constants; (scalar || g.n == 1) && s.Offset < len(constants) && len(s.Steps) == 0 {
		v = g.constant(constants[s.Offset])
	} else {
		v = g.emit(shaders.Instruction{Op: shaders.OpLoad, Type: shaders.Float, A: 0, B: shaders.NoValue, C: shaders.NoValue, Buffer: g.operand(s, scalar, nil)})
	}
	g.known[key] = v
	return v
}

// gather is elements of an array, by their indices; one for all is a scalar.
func (g *arrayGroup) gather(i *shaders.ArrayInstruction) shaders.Value {
	same, run := true, true
	for k, x := range i.Indices {
		same = same && x == i.Indices[0]
		run = run && x == i.Indices[0]+int32(k)
	}
	if same || run {
		s := i.A
		s.Offset += int(i.Indices[0])
		s.Scalar = same && len(i.Indices) > 1
		return g.load(&s)
	}
	return g.emit(shaders.Instruction{Op: shaders.OpLoad, Type: shaders.Float, A: 0, B: shaders.NoValue, C: shaders.NoValue, Buffer: g.operand(&i.A, false, i.Indices)})
}

// store makes a value the latest of an array.
func (g *arrayGroup) store(s *shaders.Span, v shaders.Value, from int) {
	g.known[keyOf(s, false)] = v
	g.stored = append(g.stored, arrayStored{s, v, from})
}

// superseded reports whether a later instruction writes the same array.
func (g *arrayGroup) superseded(k int) bool {
	for _, s := range g.stored[k+1:] {
		if keyOf(s.span, false) == keyOf(g.stored[k].span, false) {
			return true
		}
	}
	return false
}

// fits reports whether an instruction may be done element by element after those of
// the group: whatever it reads is exactly what one of them writes, or nothing of it,
// and it writes nothing that they read at other places.
func (g *arrayGroup) fits(i *shaders.ArrayInstruction, spans []*shaders.Span) bool {
	if len(g.stored) == 0 {
		return true
	}
	if !g.hasBases() {
		return false
	}
	for _, s := range spans {
		scalar := g.isScalar(s)
		size := g.n
		if scalar {
			size = 1
		}
		if i.Op == shaders.ArrayGather {
			size = 0
			for _, x := range i.Indices {
				size = max(size, int(x)+1)
			}
		}
		for _, w := range g.stored {
			exact := i.Op != shaders.ArrayGather && !scalar && keyOf(s, false) == keyOf(w.span, false)
			if !exact && g.overlap(s, size, w.span, g.n) {
				return false
			}
		}
	}
	for _, w := range g.stored {
		if keyOf(&i.Out, false) != keyOf(w.span, false) && g.overlap(&i.Out, g.n, w.span, g.n) {
			return false
		}
	}
	for _, r := range g.operands {
		size := g.n
		exact := r.indices == nil && !r.scalar && keyOf(r.span, false) == keyOf(&i.Out, false)
		if r.scalar {
			size = 1
		}
		for _, x := range r.indices {
			size = max(size, int(x)+1)
		}
		if !exact && g.overlap(r.span, size, &i.Out, g.n) {
			return false
		}
	}
	return true
}

// hasBases reports whether there are general registers for the operands of one more
// instruction.
func (g *arrayGroup) hasBases() bool {
	bases, tables := map[stepsKey]bool{}, 0
	for _, o := range g.operands {
		bases[keyOfSteps(o.span)] = true
		if o.indices != nil {
			tables++
		}
	}
	for _, w := range g.stored {
		bases[keyOfSteps(w.span)] = true
	}
	return len(bases)+tables+4 <= len(groupBases)
}

func (g *arrayGroup) overlap(s *shaders.Span, sizeS int, t *shaders.Span, sizeT int) bool {
	if keyOfSteps(s) == keyOfSteps(t) {
		return s.Offset < t.Offset+sizeT && t.Offset < s.Offset+sizeS
	}
	a, b := g.c.interval(s, sizeS)
	p, q := g.c.interval(t, sizeT)
	return a < q && p < b
}

// read reports whether what an instruction writes may be read by one after the group,
// which ends before instruction next.
func (g *arrayGroup) read(s arrayStored, next int) bool {
	instructions := g.c.program.Instructions
	last := s.from + instructions[s.from].Life
	for n := next; n <= last && n < len(instructions); n++ {
		i := &instructions[n]
		if i.Op == shaders.ArrayEnd || i.Op == shaders.ArrayLoop {
			return true
		}
		low, high := g.c.interval(s.span, g.n)
		for _, r := range readSpans(i) {
			if a, b := g.c.interval(r.span, r.size); a < high && low < b {
				return true
			}
		}
	}
	return false
}

// spanOf is a span with its number of elements.
type spanOf struct {
	span *shaders.Span
	size int
}

// readSpans are what an instruction reads, or may read.
func readSpans(i *shaders.ArrayInstruction) []spanOf {
	square := i.N * i.N
	switch i.Op {
	case shaders.ArrayLoad, shaders.ArrayReduce, shaders.ArrayInt, shaders.ArrayIndex:
		return nil
	case shaders.ArrayGather:
		most := 0
		for _, x := range i.Indices {
			most = max(most, int(x)+1)
		}
		return []spanOf{{&i.A, most}}
	case shaders.ArrayStore, shaders.ArrayCopy, shaders.ArrayUnary, shaders.ArrayScatter:
		return []spanOf{{&i.A, i.N}}
	case shaders.ArrayBinary, shaders.ArrayCompare:
		return []spanOf{{&i.A, i.N}, {&i.B, i.N}}
	case shaders.ArraySelect:
		return []spanOf{{&i.A, i.N}, {&i.B, i.N}, {&i.C, i.N}}
	case shaders.ArrayMatMul:
		return []spanOf{{&i.A, i.N * i.K}, {&i.B, i.K * i.M}}
	case shaders.ArrayCholesky, shaders.ArrayLogDet:
		return []spanOf{{&i.A, square}}
	case shaders.ArrayCholeskyAdjoint:
		return []spanOf{{&i.A, square}, {&i.B, square}}
	}
	return []spanOf{{&i.A, square}, {&i.B, i.N * i.M}}
}
