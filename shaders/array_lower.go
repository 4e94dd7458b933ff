package shaders

import (
	"fmt"
	"math"

	"github.com/hxgpu/hxgpu/tensor"
)

// ArrayBuilder writes an array kernel.
type ArrayBuilder struct {
	kernel    *Kernel
	program   *ArrayProgram
	arrays    []arrayMemory
	constants map[uint64]arrayView
	loops     []openLoop // innermost last
	// references are, for every instruction, the arrays that its spans stand in.
	references []arrayReferences
}

// NewArrayBuilder starts an array kernel.
func NewArrayBuilder(name string, chains int) *ArrayBuilder {
	program := &ArrayProgram{}
	return &ArrayBuilder{kernel: &Kernel{Name: name, Chains: chains, Arrays: program}, program: program, constants: map[uint64]arrayView{}}
}

// Buffer adds a formal buffer and returns its number.
func (b *ArrayBuilder) Buffer(name string, t Type, access Access) int {
	b.kernel.Buffers = append(b.kernel.Buffers, Buffer{name, t, access})
	return len(b.kernel.Buffers) - 1
}

// AddAccess widens how a formal buffer is used.
func (b *ArrayBuilder) AddAccess(buffer int, access Access) {
	b.kernel.Buffers[buffer].Access |= access
}

// arrayView is where the elements of a value stand while the kernel is written.
type arrayView struct {
	array  int
	offset int
	steps  []StepStride
	scalar bool
}

func (v arrayView) shift(offset int) arrayView {
	v.offset += offset
	return v
}

func (v arrayView) step(loop, stride int) arrayView {
	v.steps = append(append([]StepStride(nil), v.steps...), StepStride{loop, stride})
	return v
}

// arrayMemory is one array, known by its number until all are given their places.
type arrayMemory struct {
	size     int
	constant []float64
	def, end int // instructions
	depth    int // of loops that it is made in
}

func (b *ArrayBuilder) array(size int) arrayView {
	b.arrays = append(b.arrays, arrayMemory{size: size, def: len(b.program.Instructions), end: -1, depth: len(b.loops)})
	return arrayView{array: len(b.arrays) - 1}
}

// constant is a table of constants; equal elements are kept once.
func (b *ArrayBuilder) constant(elements []float64) arrayView {
	same := true
	for _, c := range elements {
		same = same && math.Float64bits(c) == math.Float64bits(elements[0])
	}
	if !same {
		v := b.array(len(elements))
		b.arrays[v.array].constant = elements
		return v
	}
	bits := math.Float64bits(elements[0])
	v, known := b.constants[bits]
	if !known {
		v = b.array(1)
		b.arrays[v.array].constant = elements[:1]
		v.scalar = true
		b.constants[bits] = v
	}
	return v
}

// emit adds an instruction. Its spans are relative to their arrays until Kernel
// gives these their places.
func (b *ArrayBuilder) emit(i ArrayInstruction, out *arrayView, operands ...arrayView) {
	set := func(span *Span, v arrayView) {
		*span = Span{Offset: v.offset, Steps: v.steps, Scalar: v.scalar}
		b.use(v.array)
	}
	number := len(b.program.Instructions)
	b.program.Instructions = append(b.program.Instructions, i)
	at := &b.program.Instructions[number]
	references := arrayReferences{-1, -1, -1, -1}
	if out != nil {
		set(&at.Out, *out)
		references[0] = out.array
	}
	for k, v := range operands {
		set([]*Span{&at.A, &at.B, &at.C}[k], v)
		references[1+k] = v.array
	}
	b.references = append(b.references, references)
}

// arrayReferences are the arrays of an instruction's Out, A, B and C.
type arrayReferences [4]int

// use keeps an array until the instruction that is written next; within a loop
// that it was made before, until the loop's end.
func (b *ArrayBuilder) use(array int) {
	m := &b.arrays[array]
	m.end = max(m.end, len(b.program.Instructions))
	if len(b.loops) > m.depth {
		loop := &b.loops[m.depth]
		loop.held = append(loop.held, array)
	}
}

// Load reads elements of a place.
func (b *ArrayBuilder) Load(buffer int, p Place, n int) ArrayValue {
	out := b.array(n)
	b.emit(ArrayInstruction{Op: ArrayLoad, Buffer: buffer, Place: p, N: n}, &out)
	return ArrayValue{out}
}

// Reduce reduces each of n elements over a run of places.
func (b *ArrayBuilder) Reduce(r Reduction, buffer int, p Place, n int) ArrayValue {
	out := b.array(n)
	b.emit(ArrayInstruction{Op: ArrayReduce, Reduction: r, Buffer: buffer, Place: p, N: n}, &out)
	return ArrayValue{out}
}

// Int is element item+shift of a buffer of integers, as a float.
func (b *ArrayBuilder) Int(buffer, shift int) ArrayValue {
	out := b.array(1)
	b.emit(ArrayInstruction{Op: ArrayInt, Buffer: buffer, Place: Place{Shift: shift}, N: 1}, &out)
	return ArrayValue{out}
}

// IsZero is 1 where a scalar is 0, and 0 elsewhere.
func (b *ArrayBuilder) IsZero(x ArrayValue) ArrayValue {
	out := b.array(1)
	b.emit(ArrayInstruction{Op: ArrayCompare, Elementwise: OpEqual, N: 1}, &out, x.view, b.constant([]float64{0}))
	return ArrayValue{out}
}

// Store writes n elements of a place.
func (b *ArrayBuilder) Store(buffer int, p Place, x ArrayValue, n int) {
	b.emit(ArrayInstruction{Op: ArrayStore, Buffer: buffer, Place: p, N: n}, nil, x.view)
}

// ArrayValue is the elements of a value, in a lane's memory.
type ArrayValue struct{ view arrayView }

// Lower emits the instructions that compute tensor values. inputs gives the
// elements of every graph input that is used.
func (b *ArrayBuilder) Lower(outputs []tensor.Value, inputs func(*tensor.Node) (ArrayValue, error)) ([]ArrayValue, error) {
	l := newArrayLowering(b)
	l.inputs = inputs
	if err := l.graph(outputs); err != nil {
		return nil, err
	}
	results := make([]ArrayValue, len(outputs))
	for i, v := range outputs {
		results[i] = ArrayValue{l.spread(v.Node())}
	}
	return results, nil
}

// arrayLowering lowers one graph: a statement's, or a loop's body.
type arrayLowering struct {
	b      *ArrayBuilder
	inputs func(*tensor.Node) (ArrayValue, error)
	views  map[*tensor.Node]arrayView
	// placed are nodes that must be computed in a given place.
	placed map[*tensor.Node]arrayView
	// lazy are gathers that are not made yet: a user that can read through them
	// does.
	lazy map[*tensor.Node]bool
}

func newArrayLowering(b *ArrayBuilder) *arrayLowering {
	return &arrayLowering{b: b, views: map[*tensor.Node]arrayView{}, placed: map[*tensor.Node]arrayView{}, lazy: map[*tensor.Node]bool{}}
}

func (l *arrayLowering) graph(outputs []tensor.Value) error {
	for _, n := range tensor.Order(outputs) {
		if err := l.lower(n); err != nil {
			return err
		}
	}
	return nil
}

// result is where a node is to be computed.
func (l *arrayLowering) result(n *tensor.Node) arrayView {
	if v, ok := l.placed[n]; ok {
		return v
	}
	return l.b.array(n.Shape.Size())
}

// view is where the elements of a node stand; a scalar may stand for all.
func (l *arrayLowering) view(n *tensor.Node) arrayView {
	if l.lazy[n] {
		delete(l.lazy, n)
		out := l.result(n)
		indices := make([]int32, len(n.Indices))
		for k, i := range n.Indices {
			indices[k] = int32(i)
		}
		l.b.emit(ArrayInstruction{Op: ArrayGather, Indices: indices, N: len(indices)}, &out, l.spread(n.Operands[0]))
		l.views[n] = out
	}
	return l.views[n]
}

// spread is where all elements of a node stand, one by one.
func (l *arrayLowering) spread(n *tensor.Node) arrayView {
	v := l.view(n)
	if !v.scalar || n.Shape.Size() == 1 {
		v.scalar = false
		return v
	}
	out := l.b.array(n.Shape.Size())
	l.b.emit(ArrayInstruction{Op: ArrayGather, Indices: make([]int32, n.Shape.Size()), N: n.Shape.Size()}, &out, v)
	l.views[n] = out
	return out
}

func (l *arrayLowering) lower(n *tensor.Node) error {
	size := n.Shape.Size()
	elementwise := func(i ArrayInstruction) {
		i.N = size
		var operands []arrayView
		for _, o := range n.Operands {
			operands = append(operands, l.view(o))
		}
		out := l.result(n)
		l.b.emit(i, &out, operands...)
		l.views[n] = out
	}
	switch {
	case n.Op == tensor.OpInput:
		if _, known := l.views[n]; known {
			return nil
		}
		x, err := l.inputs(n)
		if err != nil {
			return err
		}
		l.views[n] = x.view
	case n.Op == tensor.OpConst:
		l.views[n] = l.b.constant(n.Constant)
	case n.Op.IsUnary():
		elementwise(ArrayInstruction{Op: ArrayUnary, Elementwise: unaryOps[n.Op]})
	case n.Op.IsBinary():
		elementwise(ArrayInstruction{Op: ArrayBinary, Elementwise: binaryOps[n.Op]})
	case n.Op.IsComparison():
		elementwise(ArrayInstruction{Op: ArrayCompare, Elementwise: compareOps[n.Op]})
	case n.Op == tensor.OpSelect:
		elementwise(ArrayInstruction{Op: ArraySelect})
	case n.Op == tensor.OpGather:
		l.gather(n)
	case n.Op == tensor.OpScatter:
		indices := make([]int32, len(n.Indices))
		for k, i := range n.Indices {
			indices[k] = int32(i)
		}
		from, out := l.spread(n.Operands[0]), l.result(n)
		l.b.emit(ArrayInstruction{Op: ArrayScatter, Indices: indices, N: len(indices), M: size}, &out, from)
		l.views[n] = out
	case n.Op == tensor.OpConcat:
		out, offset := l.result(n), 0
		for _, o := range n.Operands {
			part := out.shift(offset)
			l.b.emit(ArrayInstruction{Op: ArrayCopy, N: o.Shape.Size()}, &part, l.spread(o))
			offset += o.Shape.Size()
		}
		l.views[n] = out
	case n.Op == tensor.OpLoop:
		return l.loop(n)
	default:
		l.linear(n)
	}
	return nil
}

// gather makes a view of the operand where it can.
func (l *arrayLowering) gather(n *tensor.Node) {
	from := n.Operands[0]
	if _, placed := l.placed[n]; placed {
		l.lazy[n] = true
		l.view(n)
		return
	}
	same, run := true, true
	for k, i := range n.Indices {
		same = same && i == n.Indices[0]
		run = run && i == n.Indices[0]+k
	}
	switch {
	case l.lazy[from] && (same || run):
		l.view(from)
		fallthrough
	case same || run:
		v := l.views[from]
		if !v.scalar { // else one element stands for all already
			v = v.shift(n.Indices[0])
			v.scalar = same && len(n.Indices) > 1
		}
		l.views[n] = v
	default:
		l.lazy[n] = true
	}
}

// transposed reports whether a lazy gather is the transpose of a matrix.
func (l *arrayLowering) transposed(n *tensor.Node) bool {
	if !l.lazy[n] || len(n.Shape) != 2 {
		return false
	}
	rows, columns := n.Shape[0], n.Shape[1]
	if n.Operands[0].Shape.Size() != rows*columns {
		return false
	}
	for k, i := range n.Indices {
		if i != (k%columns)*rows+k/columns {
			return false
		}
	}
	return true
}

func (l *arrayLowering) linear(n *tensor.Node) {
	a := n.Operands[0]
	i := ArrayInstruction{N: n.Operands[0].Shape[0]}
	var operands []arrayView
	switch n.Op {
	case tensor.OpMatMul:
		c := n.Operands[1]
		i.Op, i.K, i.M = ArrayMatMul, a.Shape[1], n.Shape[1]
		if i.TransposeA = l.transposed(a); i.TransposeA {
			a = a.Operands[0]
		}
		if i.TransposeB = l.transposed(c); i.TransposeB {
			c = c.Operands[0]
		}
		operands = []arrayView{l.spread(a), l.spread(c)}
	case tensor.OpCholesky:
		i.Op, operands = ArrayCholesky, []arrayView{l.spread(a)}
	case tensor.OpLogDet:
		i.Op, operands = ArrayLogDet, []arrayView{l.spread(a), {}, l.b.array(i.N * i.N)}
		operands[1] = operands[0]
	default:
		i.Op = map[tensor.Op]ArrayOp{tensor.OpCholeskyAdjoint: ArrayCholeskyAdjoint, tensor.OpSolveLow: ArraySolveLow,
			tensor.OpSolveLowT: ArraySolveLowT, tensor.OpSolve: ArraySolve}[n.Op]
		i.M = n.Operands[1].Shape[1]
		operands = []arrayView{l.spread(a), l.spread(n.Operands[1])}
		if n.Op == tensor.OpSolve {
			operands = append(operands, l.b.array(i.N*i.N))
		}
	}
	if i.Op == 0 {
		panic(fmt.Sprintf("shaders: no array instruction for %v", n.Op))
	}
	out := l.result(n)
	l.b.emit(i, &out, operands...)
	l.views[n] = out
}
