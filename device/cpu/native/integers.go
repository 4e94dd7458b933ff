package native

import (
	"github.com/hxgpu/hxgpu/device/cpu/amd64"
	"github.com/hxgpu/hxgpu/shaders"
)

// sharedInteger writes an integer that all lanes share, or that counts: 32 bits with
// their sign, in a general register.
func (c *compiler) sharedInteger(v int, i shaders.Instruction) {
	x := c.integers[i.A]
	var y integer
	if i.B >= 0 && c.instructions[i.B].Type == shaders.Int {
		y = c.integers[i.B]
	}
	switch i.Op {
	case shaders.OpSelectInt:
		g := c.locate(int(i.A))
		yes, no := c.number(c.integers[i.B], amd64.RAX), c.number(c.integers[i.C], amd64.RCX)
		dst := c.define(v)
		c.Move(amd64.RDX, no)
		c.Test(g, g)
		c.MoveIf(amd64.NotEqual, amd64.RDX, yes)
		c.Move(dst, amd64.RDX)
		return
	case shaders.OpBitCountInt:
		g := c.number(x, amd64.RAX)
		c.CountBits32(c.define(v), g)
		return
	}
	a, b := c.number(x, amd64.RAX), c.number(y, amd64.RCX)
	c.combine(i.Op, c.define(v), a, b)
}

// combine is dst = a op b, of 32 bits with their sign.
func (c *compiler) combine(op shaders.Op, dst, a, b amd64.Reg) {
	switch op {
	case shaders.OpAddInt:
		c.Move(dst, a)
		c.Do32(amd64.Add, dst, b)
	case shaders.OpSubInt:
		c.Move(dst, a)
		c.Do32(amd64.Sub, dst, b)
	case shaders.OpMulInt:
		c.Move(dst, a)
		c.Multiply32(dst, b)
	case shaders.OpMulHighInt:
		c.Move(amd64.RDX, b)
		c.Do32(amd64.Or, amd64.RDX, amd64.RDX) // without sign
		c.Move(dst, a)
		c.Do32(amd64.Or, dst, dst)
		c.Multiply(dst, amd64.RDX)
		c.Shift(amd64.Right, dst, 32)
	case shaders.OpAndInt:
		c.Move(dst, a)
		c.Do32(amd64.And, dst, b)
	case shaders.OpOrInt:
		c.Move(dst, a)
		c.Do32(amd64.Or, dst, b)
	case shaders.OpXorInt:
		c.Move(dst, a)
		c.Do32(amd64.Xor, dst, b)
	case shaders.OpShiftLeftInt, shaders.OpShiftRightInt:
		c.Move(dst, a)
		c.Move(amd64.RCX, b)
		s := amd64.Left
		if op == shaders.OpShiftRightInt {
			s = amd64.Right
		}
		c.ShiftBy32(s, dst)
	default:
		c.Fail("no code for operation %d on integers", op)
	}
	c.Extend32(dst, dst)
}

// varyingInteger writes an integer that differs between lanes.
func (c *compiler) varyingInteger(v int, i shaders.Instruction) {
	l := c.intLength
	switch i.Op {
	case shaders.OpItem: // of a packed vector: the first lane's, and lane / chains
		dst := c.define(v)
		c.Vector(amd64.BroadcastInt, l, all, dst, amd64.NoReg, c.place(placeItem))
		c.Vector(amd64.AddInt, l, all, dst, dst, c.lanePattern(func(lane int) int { return lane / c.chains }))
		return
	case shaders.OpChain:
		c.Vector(amd64.LoadInt, l, all, c.define(v), amd64.NoReg, c.lanePattern(func(lane int) int { return lane % c.chains }))
		return
	case shaders.OpSelectInt:
		k, yes, no := c.truth(i.A), c.vector(i.B), c.vector(i.C)
		if c.wide {
			c.Vector(amd64.BlendInt, l, amd64.Mask{K: k}, c.define(v), no, yes)
		} else {
			c.maskNarrow(0, k)
			c.Vector(amd64.Floats(32).BlendVector, l, all, c.define(v), no, yes, 0<<4)
		}
		return
	case shaders.OpFloatToInt:
		x := c.locate(int(i.A))
		c.Vector(c.floats().ToInt, c.length, all, c.define(v), amd64.NoReg, x)
		return
	case shaders.OpExponent:
		c.exponent(v, i)
		return
	}
	x := c.vector(i.A)
	if i.Op == shaders.OpBitCountInt {
		c.countBits(c.define(v), x)
		return
	}
	y := c.vector(i.B)
	dst := c.define(v)
	switch i.Op {
	case shaders.OpAddInt:
		c.Vector(amd64.AddInt, l, all, dst, x, y)
	case shaders.OpSubInt:
		c.Vector(amd64.SubInt, l, all, dst, x, y)
	case shaders.OpMulInt:
		c.Vector(amd64.MulInt, l, all, dst, x, y)
	case shaders.OpMulHighInt:
		c.multiplyHigh(dst, x, y)
	case shaders.OpAndInt:
		c.Vector(amd64.AndInt, l, all, dst, x, y)
	case shaders.OpOrInt:
		c.Vector(amd64.OrInt, l, all, dst, x, y)
	case shaders.OpXorInt:
		c.Vector(amd64.XorInt, l, all, dst, x, y)
	case shaders.OpShiftLeftInt, shaders.OpShiftRightInt:
		c.Vector(amd64.AndInt, l, all, 0, y, c.intConstant(31))
		op := amd64.LeftInt
		if i.Op == shaders.OpShiftRightInt {
			op = amd64.RightInt
		}
		c.Vector(op, l, all, dst, x, amd64.Reg(0))
	default:
		c.Fail("no code for operation %d on integers", i.Op)
	}
}

// multiplyHigh writes the upper halves of products without sign: of even lanes, then
// of odd ones.
func (c *compiler) multiplyHigh(dst, x, y amd64.Reg) {
	l := c.intLength
	c.Vector(amd64.MulUnsigned64, l, all, 0, x, y)
	c.Vector(amd64.Shift64, l, all, 2, 0, amd64.Reg(0), 32)
	c.Vector(amd64.Shift64, l, all, 2, 1, x, 32)
	upper := c.scratch(vectors)
	c.Vector(amd64.Shift64, l, all, 2, upper, y, 32)
	c.Vector(amd64.MulUnsigned64, l, all, 1, 1, upper)
	if !c.wide {
		c.Vector(amd64.BlendWords, l, all, dst, 0, amd64.Reg(1), 0xaa)
		return
	}
	odd := c.maskRegisters().second
	c.MoveConstant(amd64.RAX, 0xaaaa)
	c.MaskFrom(16, odd, amd64.RAX)
	c.Vector(amd64.BlendInt, l, amd64.Mask{K: odd}, dst, 0, amd64.Reg(1))
}

// countBits writes the numbers of bits that are set, by adding up neighbours
// (Warren, Hacker's Delight, section 5-1).
func (c *compiler) countBits(dst, x amd64.Reg) {
	l := c.intLength
	half := c.intConstant(0x55555555)
	pairs := c.intConstant(0x33333333)
	c.Vector(amd64.ShiftInt, l, all, 2, 0, x, 1)
	c.Vector(amd64.AndInt, l, all, 0, 0, half)
	c.Vector(amd64.SubInt, l, all, dst, x, amd64.Reg(0))
	c.Vector(amd64.ShiftInt, l, all, 2, 0, dst, 2)
	c.Vector(amd64.AndInt, l, all, 0, 0, pairs)
	c.Vector(amd64.AndInt, l, all, dst, dst, pairs)
	c.Vector(amd64.AddInt, l, all, dst, dst, amd64.Reg(0))
	c.Vector(amd64.ShiftInt, l, all, 2, 0, dst, 4)
	c.Vector(amd64.AddInt, l, all, dst, dst, amd64.Reg(0))
	c.Vector(amd64.AndInt, l, all, dst, dst, c.intConstant(0x0f0f0f0f))
	c.Vector(amd64.MulInt, l, all, dst, dst, c.intConstant(0x01010101))
	c.Vector(amd64.ShiftInt, l, all, 2, dst, dst, 24)
}

// exponent writes the exponent fields of floats less their bias.
func (c *compiler) exponent(v int, i shaders.Instruction) {
	x := c.locate(int(i.A))
	dst := c.define(v)
	if c.bits == 32 {
		c.Vector(amd64.ShiftInt, c.length, all, 2, dst, x, 23)
		c.Vector(amd64.AndInt, c.length, all, dst, dst, c.intConstant(0xff))
		c.Vector(amd64.SubInt, c.length, all, dst, dst, c.intConstant(127))
		return
	}
	c.Vector(amd64.Shift64, c.length, all, 2, 0, x, 52)
	c.Vector(amd64.And64, c.length, all, 0, 0, c.bitsConstant(0x7ff))
	if c.wide {
		c.Vector(amd64.Narrow, c.length, all, 0, amd64.NoReg, dst)
	} else {
		c.maskNarrow(dst, 0)
	}
	c.Vector(amd64.SubInt, c.intLength, all, dst, dst, c.intConstant(1023))
}
