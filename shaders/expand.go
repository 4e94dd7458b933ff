package shaders

import (
	"fmt"
	"math"
)

// Expand returns a kernel that computes the same as k, for floats of 32 or 64
// bits, in basic operations only, so that every device that rounds these
// correctly computes the same bits with known errors.
//
//   - OpExp, OpLog, OpLog1p, OpExpm1, OpTanh, OpSin and OpCos become sums,
//     products, quotients, comparisons, selections and integer operations. They
//     are off by 2 units in the last place at most where quotients are rounded
//     correctly; sines and cosines by 2 units of 1 for |x| <= 10,000 (32 bits) or
//     2^30 (64 bits). With 32 bits the sine of a larger number is that of a
//     number within a unit in the last place of x; beyond 2^24 it is NaN, as
//     beyond 2^30 with 64 bits. NaN gives NaN; infinities, overflow, logarithms of
//     zero and of negative numbers follow IEEE 754. A device without subnormal
//     numbers takes them for zero, as argument and as result.
//   - OpMin and OpMax become selections that give NaN when either operand is NaN.
//   - OpSegmentReduce becomes a loop, or a chain of operations where at most four
//     elements are counted while the kernel is built.
//
// Everything else is copied. The kernel must be one that [Verify] accepts.
func Expand(k *Kernel, bits int) (*Kernel, error) {
	if bits != 32 && bits != 64 {
		return nil, fmt.Errorf("shaders: kernel %q: floats of %d bits; there are floats of 32 and of 64", k.Name, bits)
	}
	b := NewBuilder(k.Name, k.Chains)
	b.kernel.Lanes = k.Lanes
	b.kernel.Buffers = append(b.kernel.Buffers, k.Buffers...)
	b.kernel.Shared = append(b.kernel.Shared, k.Shared...)
	x := expansion{Builder: b, elementary: elementary{b, bits}, values: make([]Value, len(k.Instructions))}
	for n, i := range k.Instructions {
		x.values[n] = x.instruction(i)
	}
	return b.kernel, nil
}

// expansion is a walk through a kernel that writes its expansion.
type expansion struct {
	*Builder
	elementary elementary
	values     []Value // of the new kernel, by instruction of the old one
}

func (x *expansion) instruction(i Instruction) Value {
	for _, operand := range []*Value{&i.A, &i.B, &i.C} {
		if *operand != NoValue {
			*operand = x.values[*operand]
		}
	}
	switch i.Op {
	case OpExp, OpLog, OpLog1p, OpExpm1, OpTanh, OpSin, OpCos:
		return x.elementary.function(i.Op, i.A)
	case OpMin, OpMax:
		return x.extreme(i.Op, i.A, i.B)
	case OpSegmentReduce:
		return x.segment(i)
	case OpIntToFloat:
		return x.IntToFloat(i.A)
	case OpElse, OpEnd:
		x.leave()
	}
	v := x.copy(i)
	switch i.Op {
	case OpIf, OpElse, OpLoop:
		x.enter()
	}
	return v
}

// copy emits an instruction as it is. What reads memory is never shared with an
// earlier instruction.
func (x *expansion) copy(i Instruction) Value {
	if !i.readsMemory() {
		return x.emit(i)
	}
	x.kernel.Instructions = append(x.kernel.Instructions, i)
	return Value(len(x.kernel.Instructions) - 1)
}

// extreme is OpMin or OpMax. The sum of numbers one of which is NaN is NaN.
func (x *expansion) extreme(op Op, p, q Value) Value {
	if p == q {
		return p
	}
	lower, upper := p, q
	if op == OpMax {
		lower, upper = q, p
	}
	return x.Select(x.Compare(OpLess, lower, upper), p, x.Select(x.Compare(OpLessEqual, upper, lower), q, x.Binary(OpAdd, p, q)))
}

// segment is OpSegmentReduce.
func (x *expansion) segment(i Instruction) Value {
	load := func(index Value) Value {
		return x.copy(Instruction{Op: OpLoad, Type: Float, A: index, B: NoValue, C: NoValue, Buffer: i.Buffer})
	}
	join := func(p, q Value) Value {
		switch i.Reduction {
		case Sum:
			return x.Binary(OpAdd, p, q)
		case Prod:
			return x.Binary(OpMul, p, q)
		case Max:
			return x.extreme(OpMax, p, q)
		}
		return x.extreme(OpMin, p, q)
	}
	identity := x.Const([...]float64{Sum: 0, Prod: 1, Max: math.Inf(-1), Min: math.Inf(1)}[i.Reduction])
	if count := x.at(i.B); count.Op == OpConstInt {
		return x.constantSegment(i, count.Int, identity, load, join)
	}
	sum := x.Variable(identity)
	x.Loop(i.B, func(n Value) {
		at := x.Integer(OpAddInt, i.A, x.Integer(OpMulInt, n, x.ConstInt(i.Int)))
		x.Set(sum, join(x.Get(sum), load(at)))
	})
	return x.Get(sum)
}

// segmentRun is how many elements of a run a round of its loop takes.
const segmentRun = 8

// constantSegment is a segment whose length is known, in the same order.
func (x *expansion) constantSegment(i Instruction, count int, identity Value, load func(Value) Value, join func(p, q Value) Value) Value {
	run := func(sum, from Value, n int) Value {
		for k := range n {
			sum = join(sum, load(x.Integer(OpAddInt, from, x.ConstInt(foldInteger(OpMulInt, k, i.Int)))))
		}
		return sum
	}
	if count < 2*segmentRun {
		if count <= 0 {
			return identity
		}
		rest := x.Integer(OpAddInt, i.A, x.ConstInt(i.Int))
		return run(load(i.A), rest, count-1)
	}
	rounds := count / segmentRun
	sum := x.Variable(identity)
	x.Loop(x.ConstInt(rounds), func(n Value) {
		from := x.Integer(OpAddInt, i.A, x.Integer(OpMulInt, n, x.ConstInt(foldInteger(OpMulInt, segmentRun, i.Int))))
		x.Set(sum, run(x.Get(sum), from, segmentRun))
	})
	from := x.Integer(OpAddInt, i.A, x.ConstInt(foldInteger(OpMulInt, rounds*segmentRun, i.Int)))
	return run(x.Get(sum), from, count%segmentRun)
}
