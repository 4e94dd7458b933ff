package shaders

import "math"

// Builder makes a kernel instruction by instruction. Equal instructions are
// emitted once, constants are folded, and identities such as x+0 and x*1 are
// applied; a product with the constant zero is zero. A load is emitted anew
// after a store to its buffer, a barrier, or the start of a loop.
type Builder struct {
	kernel *Kernel
	known  map[instructionKey]Value
	loads  map[memory][]instructionKey // of what is known, and of what may be no more
	// added lists, for every open region, the instructions that are known there only.
	added [][]instructionKey
}

type instructionKey struct {
	Instruction
	bits uint64
}

// False and True are truth values known while a kernel is built. The Builder
// takes them wherever a Bool is an operand; they never reach an instruction.
const (
	False Value = -2
	True  Value = -3
)

// NewBuilder starts a kernel for a number of chains.
func NewBuilder(name string, chains int) *Builder {
	return &Builder{kernel: &Kernel{Name: name, Chains: chains}, known: map[instructionKey]Value{}, loads: map[memory][]instructionKey{}}
}

// Kernel is the kernel built so far.
func (b *Builder) Kernel() *Kernel { return b.kernel }

// Buffer declares a formal buffer and returns its index.
func (b *Builder) Buffer(name string, t Type, access Access) int {
	b.kernel.Buffers = append(b.kernel.Buffers, Buffer{name, t, access})
	return len(b.kernel.Buffers) - 1
}

func (b *Builder) emit(i Instruction) Value {
	key := instructionKey{i, math.Float64bits(i.Float)}
	key.Float = 0
	pure := i.Op < OpStore
	if v, ok := b.known[key]; ok && pure {
		return v
	}
	b.kernel.Instructions = append(b.kernel.Instructions, i)
	v := Value(len(b.kernel.Instructions) - 1)
	if pure {
		b.known[key] = v
		if i.readsMemory() {
			m := memory{i.Op == OpLoadShared, i.Buffer}
			b.loads[m] = append(b.loads[m], key)
		}
		if n := len(b.added); n > 0 {
			b.added[n-1] = append(b.added[n-1], key)
		}
	}
	return v
}

func (b *Builder) at(v Value) Instruction { return b.kernel.Instructions[v] }

// ConstInt is an integer constant.
func (b *Builder) ConstInt(x int) Value {
	return b.emit(Instruction{Op: OpConstInt, Type: Int, A: NoValue, B: NoValue, C: NoValue, Int: x})
}

// Item is the lane's index on the first axis of the grid.
func (b *Builder) Item() Value {
	return b.emit(Instruction{Op: OpItem, Type: Int, A: NoValue, B: NoValue, C: NoValue})
}

// Chain is the lane's chain.
func (b *Builder) Chain() Value {
	return b.emit(Instruction{Op: OpChain, Type: Int, A: NoValue, B: NoValue, C: NoValue})
}

// AddInt is x + y.
func (b *Builder) AddInt(x, y Value) Value {
	switch p, q := b.at(x), b.at(y); {
	case p.Op == OpConstInt && q.Op == OpConstInt:
		return b.ConstInt(p.Int + q.Int)
	case p.Op == OpConstInt && p.Int == 0:
		return y
	case q.Op == OpConstInt && q.Int == 0:
		return x
	}
	return b.emit(Instruction{Op: OpAddInt, Type: Int, A: x, B: y, C: NoValue})
}

// MulInt is x * y.
func (b *Builder) MulInt(x, y Value) Value {
	p, q := b.at(x), b.at(y)
	if p.Op == OpConstInt {
		x, y, p, q = y, x, q, p
	}
	if q.Op == OpConstInt {
		switch {
		case p.Op == OpConstInt:
			return b.ConstInt(p.Int * q.Int)
		case q.Int == 1:
			return x
		case q.Int == 0:
			return y
		}
	}
	return b.emit(Instruction{Op: OpMulInt, Type: Int, A: x, B: y, C: NoValue})
}

// LoadInt is buffer[index].
func (b *Builder) LoadInt(buffer int, index Value) Value {
	return b.emit(Instruction{Op: OpLoadInt, Type: Int, A: index, B: NoValue, C: NoValue, Buffer: buffer})
}

// Load is buffer[index].
func (b *Builder) Load(buffer int, index Value) Value {
	return b.emit(Instruction{Op: OpLoad, Type: Float, A: index, B: NoValue, C: NoValue, Buffer: buffer})
}

// SegmentReduce folds count elements of buffer from first on, stride apart.
func (b *Builder) SegmentReduce(r Reduction, buffer int, first, count Value, stride int) Value {
	return b.emit(Instruction{Op: OpSegmentReduce, Type: Float, A: first, B: count, C: NoValue, Buffer: buffer, Int: stride, Reduction: r})
}

// Store sets buffer[index] to x.
func (b *Builder) Store(buffer int, index, x Value) {
	b.emit(Instruction{Op: OpStore, Type: None, A: index, B: x, C: NoValue, Buffer: buffer})
	b.forget(memory{false, buffer})
}

// Const is a floating-point constant.
func (b *Builder) Const(x float64) Value {
	return b.emit(Instruction{Op: OpConst, Type: Float, A: NoValue, B: NoValue, C: NoValue, Float: x})
}

// IntToFloat converts an integer.
func (b *Builder) IntToFloat(x Value) Value {
	if p := b.at(x); p.Op == OpConstInt {
		return b.Const(float64(p.Int))
	}
	return b.emit(Instruction{Op: OpIntToFloat, Type: Float, A: x, B: NoValue, C: NoValue})
}

func (b *Builder) constant(v Value) (float64, bool) {
	i := b.at(v)
	return i.Float, i.Op == OpConst
}

// Unary is an elementwise operation on one operand, OpNeg to OpCos.
func (b *Builder) Unary(op Op, x Value) Value {
	if c, ok := b.constant(x); ok {
		return b.Const(foldUnary(op, c))
	}
	if p := b.at(x); op == OpNeg {
		switch p.Op {
		case OpNeg:
			return p.A
		case OpSub:
			return b.Binary(OpSub, p.B, p.A)
		}
	}
	return b.emit(Instruction{Op: op, Type: Float, A: x, B: NoValue, C: NoValue})
}

// Binary is an elementwise operation on two operands, OpAdd to OpMax.
func (b *Builder) Binary(op Op, x, y Value) Value {
	cx, isX := b.constant(x)
	cy, isY := b.constant(y)
	if isX && isY {
		return b.Const(foldBinary(op, cx, cy))
	}
	p, q := b.at(x), b.at(y)
	switch op {
	case OpAdd:
		switch {
		case isX && cx == 0:
			return y
		case isY && cy == 0:
			return x
		case q.Op == OpNeg:
			return b.Binary(OpSub, x, q.A)
		case p.Op == OpNeg:
			return b.Binary(OpSub, y, p.A)
		}
	case OpSub:
		switch {
		case x == y:
			return b.Const(0)
		case isY && cy == 0:
			return x
		case isX && cx == 0:
			return b.Unary(OpNeg, y)
		case q.Op == OpNeg:
			return b.Binary(OpAdd, x, q.A)
		}
	case OpMul:
		switch {
		case isX && cx == 0, isY && cy == 1:
			return x
		case isY && cy == 0, isX && cx == 1:
			return y
		case isX && cx == -1:
			return b.Unary(OpNeg, y)
		case isY && cy == -1:
			return b.Unary(OpNeg, x)
		case p.Op == OpNeg && q.Op == OpNeg:
			return b.Binary(OpMul, p.A, q.A)
		case p.Op == OpNeg:
			return b.Unary(OpNeg, b.Binary(OpMul, p.A, y))
		case q.Op == OpNeg:
			return b.Unary(OpNeg, b.Binary(OpMul, x, q.A))
		case isX && p.Op == OpConst && q.Op == OpMul:
			if c, ok := b.constant(q.A); ok && isPowerOfTwo(cx) {
				return b.Binary(OpMul, b.Const(cx*c), q.B)
			}
		}
	case OpDiv:
		switch {
		case isY && cy == 1, isX && cx == 0:
			return x
		case isY && cy == -1:
			return b.Unary(OpNeg, x)
		case isY && isPowerOfTwo(cy):
			return b.Binary(OpMul, x, b.Const(1/cy))
		}
	case OpMin, OpMax:
		if x == y {
			return x
		}
	}
	if (op == OpAdd || op == OpMul || op == OpMin || op == OpMax) && (x > y || (isY && !isX)) && !isX {
		x, y = y, x
	}
	return b.emit(Instruction{Op: op, Type: Float, A: x, B: y, C: NoValue})
}

// isPowerOfTwo reports whether multiplying by x is exact, short of overflow.
func isPowerOfTwo(x float64) bool {
	fraction, exponent := math.Frexp(math.Abs(x))
	return fraction == 0.5 && exponent > -100 && exponent < 100
}

// Compare is OpLess, OpLessEqual or OpEqual on floats.
func (b *Builder) Compare(op Op, x, y Value) Value {
	cx, isX := b.constant(x)
	cy, isY := b.constant(y)
	if isX && isY {
		holds := op == OpLess && cx < cy || op == OpLessEqual && cx <= cy || op == OpEqual && cx == cy
		if holds {
			return True
		}
		return False
	}
	return b.emit(Instruction{Op: op, Type: Bool, A: x, B: y, C: NoValue})
}

// EqualInt compares integers.
func (b *Builder) EqualInt(x, y Value) Value {
	if x == y {
		return True
	}
	return b.emit(Instruction{Op: OpEqualInt, Type: Bool, A: x, B: y, C: NoValue})
}

// Select is condition ? x : y on floats.
func (b *Builder) Select(condition, x, y Value) Value {
	switch {
	case condition == True, x == y:
		return x
	case condition == False:
		return y
	}
	return b.emit(Instruction{Op: OpSelect, Type: Float, A: condition, B: x, C: y})
}

func foldUnary(op Op, x float64) float64 {
	switch op {
	case OpNeg:
		return -x
	case OpAbs:
		return math.Abs(x)
	case OpSqrt:
		return math.Sqrt(x)
	case OpExp:
		return math.Exp(x)
	case OpLog:
		return math.Log(x)
	case OpLog1p:
		return math.Log1p(x)
	case OpExpm1:
		return math.Expm1(x)
	case OpTanh:
		return math.Tanh(x)
	case OpSin:
		return math.Sin(x)
	}
	return math.Cos(x)
}

func foldBinary(op Op, x, y float64) float64 {
	switch op {
	case OpAdd:
		return x + y
	case OpSub:
		return x - y
	case OpMul:
		return x * y
	case OpDiv:
		return x / y
	case OpMin:
		return min(x, y)
	}
	return max(x, y)
}
