package shaders

import "math"

// memory is a buffer, or a shared array.
type memory struct {
	shared bool
	number int
}

func (i *Instruction) readsMemory() bool {
	return i.Op == OpLoad || i.Op == OpLoadInt || i.Op == OpLoadShared || i.Op == OpSegmentReduce
}

// forget makes the Builder load from some memory anew when it is next asked to.
func (b *Builder) forget(m memory) {
	for _, key := range b.loads[m] {
		delete(b.known, key)
	}
	delete(b.loads, m)
}

// forgetLoads makes the Builder load everything anew.
func (b *Builder) forgetLoads() {
	for m := range b.loads {
		b.forget(m)
	}
}

// forgetAll makes the Builder compute everything anew.
func (b *Builder) forgetAll() {
	clear(b.known)
	clear(b.loads)
}

func (b *Builder) enter() { b.added = append(b.added, nil) }

func (b *Builder) leave() {
	last := len(b.added) - 1
	for _, key := range b.added[last] {
		delete(b.known, key)
	}
	b.added = b.added[:last]
}

func (b *Builder) statement(op Op, x, y Value) {
	b.emit(Instruction{Op: op, A: x, B: y, C: NoValue})
}

// If runs then for lanes where the condition holds, and otherwise for the rest.
// Either may be nil. A condition that is known while the kernel is built leaves
// one of them.
func (b *Builder) If(condition Value, then, otherwise func()) {
	switch {
	case condition == True && then != nil:
		then()
	case condition == False && otherwise != nil:
		otherwise()
	}
	if condition == True || condition == False {
		return
	}
	b.statement(OpIf, condition, NoValue)
	b.enter()
	if then != nil {
		then()
	}
	b.leave()
	if otherwise != nil {
		b.statement(OpElse, NoValue, NoValue)
		b.enter()
		otherwise()
		b.leave()
	}
	b.statement(OpEnd, NoValue, NoValue)
}

// Loop runs the body count times, with its number from 0 on.
func (b *Builder) Loop(count Value, body func(i Value)) {
	b.forgetLoads() // the body may store what was loaded before
	i := b.emit(Instruction{Op: OpLoop, Type: Int, A: count, B: NoValue, C: NoValue})
	b.enter()
	body(i)
	b.leave()
	b.statement(OpEnd, NoValue, NoValue)
	b.forgetLoads()
}

// Break leaves the innermost loop where the condition holds. It is called
// directly in the body of a loop, not within an If.
func (b *Builder) Break(condition Value) {
	switch condition {
	case False:
		return
	case True:
		condition = b.emit(Instruction{Op: OpEqualInt, Type: Bool, A: b.ConstInt(0), B: b.ConstInt(0), C: NoValue})
	}
	b.statement(OpBreak, condition, NoValue)
}

// Barrier waits for all lanes of the group.
func (b *Builder) Barrier() {
	b.statement(OpBarrier, NoValue, NoValue)
	b.forgetLoads()
}

// Variable declares a variable with the type and value of x.
func (b *Builder) Variable(x Value) Value {
	x = b.materialise(x)
	return b.emit(Instruction{Op: OpVariable, Type: b.at(x).Type, A: x, B: NoValue, C: NoValue})
}

// Get is the value that a variable has now.
func (b *Builder) Get(variable Value) Value {
	return b.emit(Instruction{Op: OpGet, Type: b.at(variable).Type, A: variable, B: NoValue, C: NoValue})
}

// Set gives a variable a new value.
func (b *Builder) Set(variable, x Value) { b.statement(OpSet, variable, b.materialise(x)) }

// materialise turns True and False into instructions.
func (b *Builder) materialise(x Value) Value {
	if x != True && x != False {
		return x
	}
	other := 0
	if x == False {
		other = 1
	}
	return b.emit(Instruction{Op: OpEqualInt, Type: Bool, A: b.ConstInt(0), B: b.ConstInt(other), C: NoValue})
}

// Local is the lane's index in its group.
func (b *Builder) Local() Value {
	return b.emit(Instruction{Op: OpLocal, Type: Int, A: NoValue, B: NoValue, C: NoValue})
}

// Groups makes the kernel a group kernel with a number of lanes per group.
func (b *Builder) Groups(lanes int) { b.kernel.Lanes = lanes }

// SharedArray declares an array that the lanes of a group share, and returns its
// index.
func (b *Builder) SharedArray(name string, size int) int {
	b.kernel.Shared = append(b.kernel.Shared, Shared{name, size})
	return len(b.kernel.Shared) - 1
}

// LoadShared is array[index].
func (b *Builder) LoadShared(array int, index Value) Value {
	return b.emit(Instruction{Op: OpLoadShared, Type: Float, A: index, B: NoValue, C: NoValue, Buffer: array})
}

// StoreShared sets array[index] to x.
func (b *Builder) StoreShared(array int, index, x Value) {
	b.emit(Instruction{Op: OpStoreShared, A: index, B: x, C: NoValue, Buffer: array})
	b.forget(memory{true, array})
}

// StoreInt sets buffer[index] to x.
func (b *Builder) StoreInt(buffer int, index, x Value) {
	b.emit(Instruction{Op: OpStoreInt, A: index, B: x, C: NoValue, Buffer: buffer})
	b.forget(memory{false, buffer})
}

// Integer is an operation on two integers, OpAddInt to OpShiftRightInt.
// Constants wrap around like other integers.
func (b *Builder) Integer(op Op, x, y Value) Value {
	p, q := b.at(x), b.at(y)
	if p.Op == OpConstInt && q.Op == OpConstInt {
		return b.ConstInt(foldInteger(op, p.Int, q.Int))
	}
	switch op {
	case OpAddInt:
		return b.AddInt(x, y)
	case OpMulInt:
		return b.MulInt(x, y)
	}
	if q.Op == OpConstInt && q.Int == 0 && (op == OpSubInt || op == OpOrInt || op == OpXorInt || op == OpShiftLeftInt || op == OpShiftRightInt) {
		return x
	}
	return b.emit(Instruction{Op: op, Type: Int, A: x, B: y, C: NoValue})
}

func foldInteger(op Op, x, y int) int {
	p, q := uint32(x), uint32(y)
	var r uint32
	switch op {
	case OpAddInt:
		r = p + q
	case OpMulInt:
		r = p * q
	case OpSubInt:
		r = p - q
	case OpMulHighInt:
		r = uint32(uint64(p) * uint64(q) >> 32)
	case OpAndInt:
		r = p & q
	case OpOrInt:
		r = p | q
	case OpXorInt:
		r = p ^ q
	case OpShiftLeftInt:
		r = p << (q & 31)
	case OpShiftRightInt:
		r = p >> (q & 31)
	}
	return int(int32(r))
}

// BitCount is the number of bits of x that are set.
func (b *Builder) BitCount(x Value) Value {
	return b.emit(Instruction{Op: OpBitCountInt, Type: Int, A: x, B: NoValue, C: NoValue})
}

// LessInt is x < y.
func (b *Builder) LessInt(x, y Value) Value {
	p, q := b.at(x), b.at(y)
	if p.Op == OpConstInt && q.Op == OpConstInt {
		if p.Int < q.Int {
			return True
		}
		return False
	}
	return b.emit(Instruction{Op: OpLessInt, Type: Bool, A: x, B: y, C: NoValue})
}

// And is x && y.
func (b *Builder) And(x, y Value) Value {
	switch {
	case x == False || y == False:
		return False
	case x == True:
		return y
	case y == True, x == y:
		return x
	}
	return b.emit(Instruction{Op: OpAnd, Type: Bool, A: x, B: y, C: NoValue})
}

// Or is x || y.
func (b *Builder) Or(x, y Value) Value {
	switch {
	case x == True || y == True:
		return True
	case x == False:
		return y
	case y == False, x == y:
		return x
	}
	return b.emit(Instruction{Op: OpOr, Type: Bool, A: x, B: y, C: NoValue})
}

// Not is !x.
func (b *Builder) Not(x Value) Value {
	switch x {
	case True:
		return False
	case False:
		return True
	}
	return b.emit(Instruction{Op: OpNot, Type: Bool, A: x, B: NoValue, C: NoValue})
}

// SelectInt is condition ? x : y on integers.
func (b *Builder) SelectInt(condition, x, y Value) Value {
	switch {
	case condition == True, x == y:
		return x
	case condition == False:
		return y
	}
	return b.emit(Instruction{Op: OpSelectInt, Type: Int, A: condition, B: x, C: y})
}

// FloatToInt cuts x towards zero.
func (b *Builder) FloatToInt(x Value) Value {
	if c, ok := b.constant(x); ok && math.Abs(c) < 1<<31 {
		return b.ConstInt(int(c))
	}
	return b.emit(Instruction{Op: OpFloatToInt, Type: Int, A: x, B: NoValue, C: NoValue})
}

// Exponent is floor(log2 |x|) of a normal x; see [OpExponent].
func (b *Builder) Exponent(x Value) Value {
	return b.emit(Instruction{Op: OpExponent, Type: Int, A: x, B: NoValue, C: NoValue})
}

// PowerOfTwo is 2^x.
func (b *Builder) PowerOfTwo(x Value) Value {
	return b.emit(Instruction{Op: OpPowerOfTwo, Type: Float, A: x, B: NoValue, C: NoValue})
}
