package native

import (
	"github.com/hxgpu/hxgpu/device/cpu/amd64"
	"github.com/hxgpu/hxgpu/shaders"
)

// check is what one test of an index against its buffer covers: all indices of a
// straight piece of code that count from the same root.
type check struct {
	buffer                  int
	root                    int
	counts, byItem, byChain bool
}

func checkOf(target int, x integer) check {
	return check{target, x.root, x.counts, x.byItem, x.byChain}
}

// extent is the least and the greatest offset that is used.
type extent struct{ low, high int }

// findExtents looks ahead over the straight piece of code that begins here.
func (c *compiler) findExtents() {
	c.extents = map[check]extent{}
	for v := c.position; v < len(c.instructions); v++ {
		i := c.instructions[v]
		if divides(i.Op) {
			return
		}
		switch i.Op {
		case shaders.OpLoad, shaders.OpLoadInt, shaders.OpStore, shaders.OpStoreInt, shaders.OpLoadShared, shaders.OpStoreShared:
		default:
			continue
		}
		if i.Type != shaders.None && c.last[v] < 0 {
			continue
		}
		x := c.integers[i.A]
		if x.varying {
			continue
		}
		k := checkOf(c.target(i), x)
		e, known := c.extents[k]
		if !known {
			e = extent{x.offset, x.offset}
		}
		c.extents[k] = extent{min(e.low, x.offset), max(e.high, x.offset)}
	}
}

// target numbers buffers and, below zero, shared arrays.
func (c *compiler) target(i shaders.Instruction) int {
	if i.Op == shaders.OpLoadShared || i.Op == shaders.OpStoreShared {
		return -1 - i.Buffer
	}
	return i.Buffer
}

// compareLength compares a register with the length of a target.
func (c *compiler) compareLength(r amd64.Reg, target int) {
	if target < 0 {
		c.DoConstant(amd64.Cmp, r, int32(c.kernel.Shared[-1-target].Size))
		return
	}
	c.DoMemory(amd64.Cmp, r, amd64.At(arguments, argumentBuffers+16*target+8))
}

func (c *compiler) outside(target int) amd64.Label {
	if target < 0 {
		return c.trap(len(c.kernel.Buffers) + 1)
	}
	return c.trap(target + 1)
}

// checkIndex makes sure that an index that lanes share, or that counts, is in its
// buffer, and so are all that the straight piece of code will use.
func (c *compiler) checkIndex(target int, x integer) {
	if c.extents == nil {
		c.findExtents()
	}
	k := checkOf(target, x)
	if c.checked[k] {
		return
	}
	e := c.extents[k]
	mask := c.regions[len(c.regions)-1].mask
	known := c.tail && c.rest > 0 && mask == c.tailPlace()
	if x.counts && mask >= 0 && !known {
		c.checked[k] = true
		for _, offset := range []int{e.low, e.high} {
			c.spreadInteger(0, integer{counts: true, root: x.root, offset: offset})
			c.checkVector(target, 0)
			if e.low == e.high {
				break
			}
		}
		return
	}
	width := 1
	switch {
	case x.counts && known:
		width = c.rest
	case x.counts:
		width = c.lanes
	case x.byChain:
		width = c.chains
	}
	c.checked[k] = true
	if x.root == noRoot {
		c.MoveConstant(amd64.RAX, int64(e.high+width-1))
		c.compareLength(amd64.RAX, target)
		c.JumpIf(amd64.AboveEqual, c.outside(target))
		if e.low < 0 {
			c.Jump(c.outside(target))
		}
		return
	}
	least, greatest := c.bounds(x)
	high := e.high + greatest.offset - x.offset + width - 1
	c.plus(amd64.RAX, c.locate(greatest.root), high)
	c.compareLength(amd64.RAX, target)
	c.JumpIf(amd64.AboveEqual, c.outside(target))
	if e.low == high && least == greatest {
		return
	}
	c.plus(amd64.RAX, c.locate(least.root), e.low)
	c.Test(amd64.RAX, amd64.RAX)
	c.JumpIf(amd64.Condition(8), c.outside(target)) // the sign is set
}

// checkVector makes sure that the active lanes' indices are in their buffer.
func (c *compiler) checkVector(target int, index amd64.Reg) {
	limit := amd64.At(arguments, argumentBuffers+16*target+8)
	if target < 0 {
		limit = c.Int32(int32(c.kernel.Shared[-1-target].Size))
	}
	k, some := c.active()
	moment := c.maskRegisters().second
	if c.wide {
		mask := all
		if some {
			mask.K = k
		}
		limit.Broadcast = true
		c.Vector(amd64.CompareUnsigned, c.intLength, mask, moment, index, limit, amd64.IntGreaterEqual)
		c.maskTest(moment)
	} else {
		c.Vector(amd64.BroadcastInt, c.intLength, all, 1, amd64.NoReg, limit)
		c.Vector(amd64.MaxUnsigned, c.intLength, all, 1, 1, index)
		c.Vector(amd64.EqualInt, c.intLength, all, 1, 1, index) // not below the limit
		if some {
			c.maskNarrow(moment, k)
			c.Vector(amd64.AndInt, c.intLength, all, 1, 1, moment)
		}
		c.Vector(amd64.Floats(32).Signs, c.intLength, all, amd64.RAX, amd64.NoReg, amd64.Reg(1))
		c.Test(amd64.RAX, amd64.RAX)
	}
	c.JumpIf(amd64.NotEqual, c.outside(target))
}

// element is the address of an element at an index that lanes share or that counts.
func (c *compiler) element(i shaders.Instruction, x integer, size int) amd64.Mem {
	if t := c.target(i); t < 0 {
		offset := c.shared[-1-t] + x.offset*size
		if x.root == noRoot {
			return amd64.At(frame, offset)
		}
		return amd64.Indexed(frame, c.locate(x.root), uint8(size), offset)
	}
	base := c.buffer(i.Buffer)
	if !short(x.offset * size) {
		return amd64.Indexed(base, c.number(x, amd64.RDX), uint8(size), 0)
	}
	if x.root == noRoot {
		return amd64.At(base, x.offset*size)
	}
	return amd64.Indexed(base, c.locate(x.root), uint8(size), x.offset*size)
}

// gathered is the address of elements at indices in a vector.
func (c *compiler) gathered(i shaders.Instruction, index amd64.Reg, size int) amd64.Mem {
	if t := c.target(i); t < 0 {
		return amd64.Indexed(frame, index, uint8(size), c.shared[-1-t])
	}
	return amd64.Indexed(c.buffer(i.Buffer), index, uint8(size), 0)
}

// load writes a load of floats or integers.
func (c *compiler) load(v int, i shaders.Instruction) {
	x, t := c.integers[i.A], c.floatTransfer()
	if i.Op == shaders.OpLoadInt {
		t = c.intTransfer()
	}
	if x.varying || t.integer && x.byChain {
		index := c.vector(i.A)
		c.checkVector(c.target(i), index)
		m := c.gathered(i, index, t.bytes)
		c.gatherLanes(t, c.define(v), m)
		return
	}
	c.checkIndex(c.target(i), x)
	if x.byItem || x.byChain {
		c.loadRows(v, i, x, t)
		return
	}
	m := c.element(i, x, t.bytes)
	switch {
	case x.counts:
		c.loadLanes(t, c.define(v), m)
	case t.integer:
		c.LoadSigned32(c.define(v), m)
	default:
		c.broadcast(c.define(v), c.length, m)
	}
}

// storeTo writes a store of floats or integers. Lanes that share an index are at most
// one that is active.
func (c *compiler) storeTo(i shaders.Instruction) {
	x := c.integers[i.A]
	var src amd64.Reg
	t := c.floatTransfer()
	if i.Op == shaders.OpStoreInt {
		t = c.intTransfer()
		src = c.vector(i.B)
	} else {
		src = c.locate(int(i.B))
	}
	if x.counts {
		c.checkIndex(c.target(i), x)
		c.storeLanes(t, src, c.element(i, x, t.bytes), true)
		return
	}
	index := c.vector(i.A)
	c.checkVector(c.target(i), index)
	c.scatterLanes(t, src, index, c.gathered(i, index, t.bytes))
}
