package native

import (
	"github.com/hxgpu/hxgpu/device/cpu/amd64"
	"github.com/hxgpu/hxgpu/shaders"
)

var all = amd64.Mask{}

// instruction writes one instruction.
func (c *compiler) instruction(v int) {
	i := c.instructions[v]
	if i.Type != shaders.None && c.last[v] < 0 && !divides(i.Op) && i.Op != shaders.OpVariable {
		return // nobody needs it
	}
	switch op := i.Op; {
	case op == shaders.OpConst:
		// It is loaded where it is used.
	case divides(op), op == shaders.OpBarrier:
		c.control(v, i)
	case op == shaders.OpVariable, op == shaders.OpGet, op == shaders.OpSet:
		c.variable(v, i)
	case op == shaders.OpLoad, op == shaders.OpLoadShared, op == shaders.OpLoadInt:
		c.load(v, i)
	case op == shaders.OpStore, op == shaders.OpStoreShared, op == shaders.OpStoreInt:
		c.storeTo(i)
	case i.Type == shaders.Int:
		if c.integers[v].varying {
			c.varyingInteger(v, i)
		} else if c.integers[v].root == v && c.integers[v].byItem {
			c.itemInteger(v, i)
		} else if c.integers[v].root == v {
			c.sharedInteger(v, i)
		}
	case i.Type == shaders.Bool:
		c.logic(v, i)
	default:
		c.arithmetic(v, i)
	}
}

// arithmetic writes an operation on floats.
func (c *compiler) arithmetic(v int, i shaders.Instruction) {
	f := c.floats()
	switch i.Op {
	case shaders.OpAdd:
		c.binary(f.Add, v, i, true)
	case shaders.OpMul:
		c.binary(f.Mul, v, i, true)
	case shaders.OpSub:
		c.binary(f.Sub, v, i, false)
	case shaders.OpDiv:
		c.binary(f.Div, v, i, false)
	case shaders.OpNeg:
		x := c.locate(int(i.A))
		c.Vector(f.Xor, c.length, all, c.define(v), x, c.bitsConstant(1<<(c.bits-1)))
	case shaders.OpAbs:
		x := c.locate(int(i.A))
		c.Vector(f.And, c.length, all, c.define(v), x, c.bitsConstant(1<<(c.bits-1)-1))
	case shaders.OpSqrt:
		x := c.float(i.A)
		c.Vector(f.Sqrt, c.length, all, c.define(v), amd64.NoReg, x)
	case shaders.OpSelect:
		k, no := c.truth(i.A), c.locate(int(i.C))
		yes := c.float(i.B)
		if c.wide {
			c.Vector(f.Blend, c.length, amd64.Mask{K: k}, c.define(v), no, yes)
		} else {
			c.Vector(f.BlendVector, c.length, all, c.define(v), no, yes, byte(k)<<4)
		}
	case shaders.OpIntToFloat:
		x := c.vector(i.A)
		c.Vector(f.FromInt, c.length, all, c.define(v), amd64.NoReg, x)
	case shaders.OpPowerOfTwo:
		c.powerOfTwo(v, i)
	default:
		c.Fail("no code for operation %d on floats", i.Op)
	}
}

// binary writes x op y, one of which may come from memory.
func (c *compiler) binary(op amd64.Operation, v int, i shaders.Instruction, commutes bool) {
	a, b := i.A, i.B
	if commutes && c.values[b].reg >= 0 && c.values[a].reg < 0 {
		a, b = b, a
	}
	if commutes && c.instructions[a].Op == shaders.OpConst && c.instructions[b].Op != shaders.OpConst {
		a, b = b, a
	}
	x := c.locate(int(a))
	var y any = x
	if a != b {
		y = c.float(b)
	}
	c.Vector(op, c.length, all, c.define(v), x, y)
}

// powerOfTwo writes 2^A as the exponent field of a float.
func (c *compiler) powerOfTwo(v int, i shaders.Instruction) {
	x := c.vector(i.A)
	dst := c.define(v)
	if c.bits == 64 {
		c.Vector(amd64.Widen, c.length, all, dst, amd64.NoReg, x)
		c.Vector(amd64.Add64, c.length, all, dst, dst, c.bitsConstant(1023))
		c.Vector(amd64.Shift64, c.length, all, 6, dst, dst, 52)
		return
	}
	c.Vector(amd64.AddInt, c.length, all, dst, x, c.intConstant(127))
	c.Vector(amd64.ShiftInt, c.length, all, 6, dst, dst, 23)
}

// logic writes an operation that yields a truth value.
func (c *compiler) logic(v int, i shaders.Instruction) {
	if c.uniformTruth[v] {
		c.sharedLogic(v, i)
		return
	}
	f := c.floats()
	switch i.Op {
	case shaders.OpLess, shaders.OpLessEqual, shaders.OpEqual:
		how := map[shaders.Op]byte{shaders.OpLess: amd64.CompareLess, shaders.OpLessEqual: amd64.CompareLessEqual, shaders.OpEqual: amd64.CompareEqual}[i.Op]
		x := c.locate(int(i.A))
		var y any = x
		if i.A != i.B {
			y = c.float(i.B)
		}
		c.Vector(f.Compare, c.length, all, c.define(v), x, y, how)
	case shaders.OpLessInt, shaders.OpEqualInt:
		x, y := c.vector(i.A), c.vector(i.B)
		c.compareIntegers(c.define(v), x, y, i.Op == shaders.OpEqualInt)
	case shaders.OpAnd:
		x, y := c.truth(i.A), c.truth(i.B)
		c.maskAnd(c.define(v), x, y)
	case shaders.OpOr:
		x, y := c.truth(i.A), c.truth(i.B)
		c.maskOr(c.define(v), x, y)
	case shaders.OpNot:
		x := c.truth(i.A)
		c.maskNot(c.define(v), x)
	default:
		c.Fail("no code for operation %d on truth values", i.Op)
	}
}

// compareIntegers is dst = x < y, or x == y, as a mask.
func (c *compiler) compareIntegers(dst, x, y amd64.Reg, equal bool) {
	switch {
	case c.wide && equal:
		c.Vector(amd64.CompareInt, c.intLength, all, dst, x, y, amd64.IntEqual)
		return
	case c.wide:
		c.Vector(amd64.CompareInt, c.intLength, all, dst, x, y, amd64.IntLess)
		return
	case equal:
		c.Vector(amd64.EqualInt, c.intLength, all, dst, x, y)
	default:
		c.Vector(amd64.GreaterInt, c.intLength, all, dst, y, x)
	}
	c.maskWiden(dst)
}

// sharedLogic writes a truth value that all lanes share: 0 or 1 in a general register.
func (c *compiler) sharedLogic(v int, i shaders.Instruction) {
	switch i.Op {
	case shaders.OpLessInt, shaders.OpEqualInt:
		x, y := c.number(c.integers[i.A], amd64.RAX), c.number(c.integers[i.B], amd64.RCX)
		dst := c.define(v)
		c.Do(amd64.Cmp, x, y)
		condition := amd64.Less
		if i.Op == shaders.OpEqualInt {
			condition = amd64.Equal
		}
		c.SetIf(condition, dst)
	case shaders.OpAnd, shaders.OpOr:
		x, y := c.locate(int(i.A)), c.locate(int(i.B))
		dst := c.define(v)
		c.Move(dst, x)
		op := amd64.And
		if i.Op == shaders.OpOr {
			op = amd64.Or
		}
		c.Do(op, dst, y)
	case shaders.OpNot:
		x := c.locate(int(i.A))
		dst := c.define(v)
		c.Move(dst, x)
		c.DoConstant(amd64.Xor, dst, 1)
	default:
		c.Fail("no code for operation %d on truth values", i.Op)
	}
}

// variable writes what sets and reads variables, which stand in the frame.
func (c *compiler) variable(v int, i shaders.Instruction) {
	switch i.Op {
	case shaders.OpVariable:
		x := &c.values[v]
		x.place, x.clean = c.newPlace(x.class), true
		c.set(v, i.A, false)
	case shaders.OpSet:
		c.set(int(i.A), i.B, c.regions[len(c.regions)-1].mask >= 0)
	case shaders.OpGet:
		from := &c.values[i.A]
		dst := c.define(v)
		switch from.class {
		case vectors:
			c.Vector(c.floats().Load, c.length, all, dst, amd64.NoReg, c.place(from.place))
		case general:
			c.Load64(dst, c.place(from.place))
		default:
			c.MaskLoad(c.lanes, dst, c.place(from.place))
		}
		if !c.setsWithin(int(i.A), v, c.last[v]) {
			c.values[v].place, c.values[v].clean, c.values[v].lent = from.place, true, true
		}
	}
}

// setsWithin reports whether a variable is set between two instructions.
func (c *compiler) setsWithin(variable, from, to int) bool {
	for v := from + 1; v <= min(to, len(c.instructions)-1); v++ {
		if i := c.instructions[v]; i.Op == shaders.OpSet && int(i.A) == variable {
			return true
		}
	}
	return false
}

// set stores a value in a variable, for the active lanes.
func (c *compiler) set(variable int, v shaders.Value, masked bool) {
	to := &c.values[variable]
	at := c.place(to.place)
	switch to.class {
	case general:
		if c.instructions[v].Type == shaders.Int {
			c.Store64(at, c.number(c.integers[v], amd64.RAX))
		} else {
			c.Store64(at, c.locate(int(v)))
		}
	case masks:
		k := c.truth(v)
		if active, some := c.active(); masked && some {
			r := c.maskRegisters()
			c.maskLoad(r.second, to.place)
			c.maskAndNot(r.second, active, r.second)
			c.maskAnd(r.first, active, k)
			c.maskOr(r.second, r.second, r.first)
			k = r.second
		}
		c.maskStore(to.place, k)
	default:
		switch c.instructions[v].Type {
		case shaders.Int:
			c.storeLanes(c.intTransfer(), c.vector(v), at, masked)
		case shaders.Bool:
			c.storeLanes(c.floatTransfer(), c.truth(v), at, masked)
		default:
			c.storeLanes(c.floatTransfer(), c.locate(int(v)), at, masked)
		}
	}
}
