package native

import (
	"github.com/hxgpu/hxgpu/device/cpu/amd64"
	"github.com/hxgpu/hxgpu/shaders"
)

// instruction writes one instruction for the elements of the part.
func (l *arrayLine) instruction(v int, i shaders.Instruction) {
	c, n := l.c, l.p.length
	f := c.f
	none := amd64.NoReg
	switch i.Op {
	case shaders.OpConst, shaders.OpConstInt:
		// They are loaded where they are used.
	case shaders.OpLoad:
		switch o := &l.operands[i.Buffer]; {
		case o.scalar:
		case o.indices != nil:
			l.gathered(i.Buffer, l.define(v))
		default:
			c.load(l.p, l.define(v), l.element(i.Buffer, l.first, l.loop))
		}
	case shaders.OpStore:
		c.store(l.p, l.element(i.Buffer, l.first, l.loop), l.register(i.B))
	case shaders.OpAdd:
		l.symmetric(v, i, f.Add)
	case shaders.OpMul:
		l.symmetric(v, i, f.Mul)
	case shaders.OpSub:
		l.binary(v, i, f.Sub)
	case shaders.OpDiv:
		l.binary(v, i, f.Div)
	case shaders.OpNeg:
		x := l.register(i.A)
		c.Vector(f.Xor, n, all, l.define(v), x, c.bitsConstant(c.signBit()))
	case shaders.OpAbs:
		x := l.register(i.A)
		c.Vector(f.And, n, all, l.define(v), x, c.bitsConstant(c.signBit()-1))
	case shaders.OpSqrt:
		x := l.source(i.A)
		c.Vector(f.Sqrt, n, all, l.define(v), none, x)
	case shaders.OpLess, shaders.OpLessEqual, shaders.OpEqual:
		how := map[shaders.Op]byte{shaders.OpLess: amd64.CompareLess, shaders.OpLessEqual: amd64.CompareLessEqual, shaders.OpEqual: amd64.CompareEqual}[i.Op]
		x := l.register(i.A)
		y := l.source(i.B)
		c.Vector(f.Compare, n, all, l.define(v), x, y, how)
	case shaders.OpSelect:
		l.choose(v, i, f.Blend)
	case shaders.OpAnd, shaders.OpOr, shaders.OpNot:
		l.truth(v, i)
	case shaders.OpIntToFloat:
		x := l.register(i.A)
		c.Vector(f.FromInt, n, all, l.define(v), none, x)
	default:
		l.integer(v, i)
	}
}

func (l *arrayLine) binary(v int, i shaders.Instruction, op amd64.Operation) {
	x := l.register(i.A)
	y := l.source(i.B)
	l.c.Vector(op, l.p.length, all, l.define(v), x, y)
}

// symmetric is binary for an operation whose operands can change places: a constant
// goes second.
func (l *arrayLine) symmetric(v int, i shaders.Instruction, op amd64.Operation) {
	if l.values[i.A].reg < 0 && l.inMemory(int(i.A)) {
		i.A, i.B = i.B, i.A
	}
	l.binary(v, i, op)
}

// choose is a selection of floats or, by the operation for these, of integers.
func (l *arrayLine) choose(v int, i shaders.Instruction, blend amd64.Operation) {
	k := l.register(i.A)
	no := l.register(i.C)
	yes := l.source(i.B)
	if l.c.Wide {
		l.c.Vector(blend, l.p.length, amd64.Mask{K: k}, l.define(v), no, yes)
		return
	}
	l.c.Vector(l.c.f.BlendVector, l.p.length, all, l.define(v), no, yes, byte(k)<<4)
}

// truth is an operation on truth values.
func (l *arrayLine) truth(v int, i shaders.Instruction) {
	c := l.c
	x := l.register(i.A)
	if i.Op == shaders.OpNot {
		dst := l.define(v)
		if c.Wide {
			c.MaskNot(c.lanes, dst, x)
		} else {
			c.Vector(c.f.Xor, l.p.length, all, dst, x, c.laneMask(c.lanes))
		}
		return
	}
	y := l.register(i.B)
	dst := l.define(v)
	switch {
	case c.Wide && i.Op == shaders.OpAnd:
		c.Masks(amd64.MaskAnd, c.lanes, dst, x, y)
	case c.Wide:
		c.Masks(amd64.MaskOr, c.lanes, dst, x, y)
	case i.Op == shaders.OpAnd:
		c.Vector(c.f.And, l.p.length, all, dst, x, y)
	default:
		c.Vector(c.f.Or, l.p.length, all, dst, x, y)
	}
}

// integer writes an instruction on integers. They are int32; with 64-bit floats they
// fill half a vector.
func (l *arrayLine) integer(v int, i shaders.Instruction) {
	c := l.c
	n := c.indexLength(l.p.length)
	none := amd64.NoReg
	simple := map[shaders.Op]amd64.Operation{shaders.OpAddInt: amd64.AddInt, shaders.OpSubInt: amd64.SubInt, shaders.OpMulInt: amd64.MulInt,
		shaders.OpAndInt: amd64.AndInt, shaders.OpOrInt: amd64.OrInt, shaders.OpXorInt: amd64.XorInt, shaders.OpShiftLeftInt: amd64.LeftInt, shaders.OpShiftRightInt: amd64.RightInt}
	if op, ok := simple[i.Op]; ok {
		x := l.register(i.A)
		y := l.source(i.B)
		c.Vector(op, n, all, l.define(v), x, y)
		return
	}
	switch i.Op {
	case shaders.OpFloatToInt:
		x := l.register(i.A)
		c.Vector(c.f.ToInt, l.p.length, all, l.define(v), none, x)
	case shaders.OpPowerOfTwo:
		l.power(v, i)
	case shaders.OpExponent:
		l.exponent(v, i)
	case shaders.OpLessInt, shaders.OpEqualInt:
		l.compareIntegers(v, i, n)
	case shaders.OpSelectInt:
		l.chooseInteger(v, i, n)
	default:
		c.Fail("no elementwise code for operation %d", i.Op)
	}
}

// bias and fraction describe the floats.
func (l *arrayLine) bias() int32 {
	if l.c.bits == 32 {
		return 127
	}
	return 1023
}

// power is 2^A: the exponent is moved to its place.
func (l *arrayLine) power(v int, i shaders.Instruction) {
	c := l.c
	x := l.register(i.A)
	dst := l.define(v)
	n := l.p.length
	c.Vector(amd64.AddInt, c.indexLength(n), all, dst, x, c.intConstant(l.bias()))
	if c.bits == 32 {
		c.Vector(amd64.ShiftInt, n, all, 6, dst, dst, 23)
		return
	}
	c.Vector(amd64.Widen, n, all, dst, amd64.NoReg, dst)
	c.Vector(amd64.Shift64, n, all, 6, dst, dst, 52)
}

// exponent is the exponent field of A, less its bias.
func (l *arrayLine) exponent(v int, i shaders.Instruction) {
	c := l.c
	x := l.register(i.A)
	dst := l.define(v)
	n := l.p.length
	if c.bits == 32 {
		c.Vector(amd64.ShiftInt, n, all, 2, dst, x, 23)
		c.Vector(amd64.AndInt, n, all, dst, dst, c.intConstant(0xff))
	} else {
		c.Vector(amd64.Shift64, n, all, 2, dst, x, 52)
		c.narrow(n, dst, dst)
		c.Vector(amd64.AndInt, c.indexLength(n), all, dst, dst, c.intConstant(0x7ff))
	}
	c.Vector(amd64.SubInt, c.indexLength(n), all, dst, dst, c.intConstant(l.bias()))
}

// narrow takes the lower halves of 64-bit lanes. It changes register moment with AVX2.
func (c *arrayCompiler) narrow(n amd64.Length, dst, src amd64.Reg) {
	if c.Wide {
		c.Vector(amd64.Narrow, n, all, src, amd64.NoReg, dst)
		return
	}
	// Lanes 0, 2, 4, 6 of eight: by a permutation, whose pattern would need a
	// register; in halves instead.
	c.Vector(amd64.ShuffleInt, n, all, dst, amd64.NoReg, src, 0x08)
	if n == amd64.Bits256 {
		c.Vector(amd64.PermuteQuarters, n, all, dst, amd64.NoReg, dst, 0x08)
	}
}

func (l *arrayLine) compareIntegers(v int, i shaders.Instruction, n amd64.Length) {
	c := l.c
	x := l.register(i.A)
	if c.Wide {
		y := l.source(i.B)
		how := byte(amd64.IntEqual)
		if i.Op == shaders.OpLessInt {
			how = amd64.IntLess
		}
		c.Vector(amd64.CompareInt, n, all, l.define(v), x, y, how)
		return
	}
	y := l.register(i.B)
	dst := l.define(v)
	if i.Op == shaders.OpLessInt {
		c.Vector(amd64.GreaterInt, n, all, dst, y, x)
	} else {
		c.Vector(amd64.EqualInt, n, all, dst, x, y)
	}
	if c.bits == 64 {
		c.Vector(amd64.Widen, l.p.length, all, dst, amd64.NoReg, dst)
	}
}

func (l *arrayLine) chooseInteger(v int, i shaders.Instruction, n amd64.Length) {
	c := l.c
	if c.Wide {
		k := l.register(i.A)
		no := l.register(i.C)
		yes := l.source(i.B)
		c.Vector(amd64.BlendInt, n, amd64.Mask{K: k}, l.define(v), no, yes)
		return
	}
	k := l.register(i.A)
	no := l.register(i.C)
	yes := l.register(i.B)
	dst := l.define(v)
	if c.bits == 64 {
		c.narrow(l.p.length, dst, k)
		k = dst
	}
	c.Vector(amd64.Floats(32).BlendVector, n, all, dst, no, yes, byte(k)<<4)
}
