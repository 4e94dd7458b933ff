package native

import (
	"bytes"
	"encoding/binary"
	"math"

	"github.com/hxgpu/hxgpu/device/cpu/amd64"
	"github.com/hxgpu/hxgpu/shaders"
)

// floatOperations are those of the kernel's precision.
type floatOperations = *amd64.FloatOperations

func (c *compiler) floats() floatOperations { return amd64.Floats(c.bits) }

// floatConstant is the address of a constant, for all lanes.
func (c *compiler) floatConstant(x float64) amd64.Mem {
	if c.bits == 32 {
		return c.bitsConstant(uint64(math.Float32bits(float32(x))))
	}
	return c.bitsConstant(math.Float64bits(x))
}

// bitsConstant is a memory operand, a bit pattern of the width of a float for all
// lanes: one that the processor spreads, or a whole vector.
func (c *compiler) bitsConstant(x uint64) amd64.Mem {
	return c.spread(binary.LittleEndian.AppendUint64(nil, x)[:c.bits/8], c.length)
}

// intConstant is a memory operand, a number for all lanes.
func (c *compiler) intConstant(x int) amd64.Mem {
	return c.spread(binary.LittleEndian.AppendUint32(nil, uint32(int32(x))), c.intLength)
}

func (c *compiler) spread(element []byte, l amd64.Length) amd64.Mem {
	if c.wide {
		m := c.Constant(element)
		m.Broadcast = true
		return m
	}
	return c.Constant(bytes.Repeat(element, l.Bytes()/len(element)))
}

// broadcast loads a float for all lanes of a length.
func (c *compiler) broadcast(dst amd64.Reg, l amd64.Length, m amd64.Mem) {
	op := c.floats().Broadcast
	if c.bits == 64 && l == amd64.Bits128 {
		op = amd64.Duplicate
	}
	c.Vector(op, l, all, dst, amd64.NoReg, m)
}

// countingLanes is the address of the numbers of the lanes, int32.
func (c *compiler) countingLanes() amd64.Mem {
	return c.lanePattern(func(lane int) int { return lane })
}

// lanePattern is the address of f(lane), int32.
func (c *compiler) lanePattern(f func(lane int) int) amd64.Mem {
	var b []byte
	for l := range max(c.lanes, 4) { // two int32 have no shorter vector
		b = binary.LittleEndian.AppendUint32(b, uint32(int32(f(l))))
	}
	return c.Constant(b)
}

// float is an operand that may come from memory: a register, a constant or a place in
// the frame.
func (c *compiler) float(v shaders.Value) any {
	x := &c.values[v]
	if x.reg < 0 {
		if i := c.instructions[v]; i.Op == shaders.OpConst {
			return c.floatConstant(i.Float)
		}
		if x.place >= 0 && c.nextUse(int(v)) >= math.MaxInt-1 {
			return c.place(x.place)
		}
	}
	return c.locate(int(v))
}

// vector is an integer as a vector: it is spread if the lanes share it.
func (c *compiler) vector(v shaders.Value) amd64.Reg {
	x := c.integers[v]
	if x.varying {
		return c.locate(int(v))
	}
	r := c.scratch(vectors)
	c.spreadInteger(r, x)
	return r
}

// spreadInteger puts an integer that lanes share, or that counts, into a vector.
func (c *compiler) spreadInteger(r amd64.Reg, x integer) {
	if x.byItem || x.byChain {
		c.spreadRows(r, x)
		return
	}
	none := amd64.Mask{}
	if x.root == noRoot {
		c.Vector(amd64.BroadcastInt, c.intLength, none, r, amd64.NoReg, c.Int32(int32(x.offset)))
	} else {
		g := c.locate(x.root)
		if x.offset != 0 {
			c.plus(amd64.RAX, g, x.offset)
			g = amd64.RAX
		}
		if c.wide {
			c.Vector(amd64.SpreadInt, c.intLength, none, r, amd64.NoReg, g)
		} else {
			c.FromGeneral32(r, g)
			c.Vector(amd64.BroadcastInt, c.intLength, none, r, amd64.NoReg, r)
		}
	}
	if x.counts {
		c.Vector(amd64.AddInt, c.intLength, none, r, r, c.countingLanes())
	}
}

// number brings an integer that all lanes share into a general register: one of its
// own, or the one named.
func (c *compiler) number(x integer, moment amd64.Reg) amd64.Reg {
	if x.root == noRoot {
		c.MoveConstant(moment, int64(x.offset))
		return moment
	}
	g := c.locate(x.root)
	if x.offset == 0 {
		return g
	}
	c.plus(moment, g, x.offset)
	if !short(x.offset) {
		c.Extend32(moment, moment) // integers wrap around
	}
	return moment
}

// short reports whether a number is a displacement with room to spare.
func short(x int) bool { return x > -1<<30 && x < 1<<30 }

// plus is dst = g + x, 64 bits.
func (c *compiler) plus(dst, g amd64.Reg, x int) {
	if short(x) {
		c.Address(dst, amd64.At(g, x))
		return
	}
	c.MoveConstant(dst, int64(x))
	c.Do(amd64.Add, dst, g)
}

// truth is a truth value in a mask register.
func (c *compiler) truth(v shaders.Value) amd64.Reg {
	if !c.uniformTruth[v] {
		return c.locate(int(v))
	}
	g := c.locate(int(v))
	k := c.scratch(c.maskClass())
	c.maskSpread(k, g)
	return k
}

// buffer is the address of a buffer.
func (c *compiler) buffer(b int) amd64.Reg {
	if r, ok := c.pointers[b]; ok {
		for k := range c.registers[general] {
			if reg := &c.registers[general][k]; reg.name == r {
				reg.locked, reg.needed = true, c.position+64
			}
		}
		return r
	}
	k := c.take(general)
	reg := &c.registers[general][k]
	reg.holds, reg.needed = -2-b, c.position+64
	c.pointers[b] = reg.name
	c.Load64(reg.name, amd64.At(arguments, argumentBuffers+16*b))
	return reg.name
}

// trap is where code goes on that has found a mistake.
func (c *compiler) trap(status int) amd64.Label {
	if l, ok := c.traps[status]; ok {
		return l
	}
	c.traps[status] = c.NewLabel()
	return c.traps[status]
}
