package native

import (
	"math"

	"github.com/hxgpu/hxgpu/device/cpu/amd64"
	"github.com/hxgpu/hxgpu/shaders"
)

// control writes jumps.
func (c *compiler) control(v int, i shaders.Instruction) {
	region := &c.regions[len(c.regions)-1]
	switch i.Op {
	case shaders.OpBarrier:
		if region.mask >= 0 && region.mask != c.tailPlace() {
			moment := c.maskRegisters().second
			c.maskLoad(moment, region.mask)
			c.maskBits(amd64.RAX, moment)
			if c.tail {
				c.maskLoad(moment, c.tailPlace())
				c.maskBits(amd64.RCX, moment)
			} else {
				c.MoveConstant(amd64.RCX, 1<<c.lanes-1)
			}
			c.Do(amd64.Cmp, amd64.RAX, amd64.RCX)
			c.JumpIf(amd64.NotEqual, c.trap(statusPartialBarrier))
		}
	case shaders.OpIf:
		c.branch(v, i)
	case shaders.OpElse:
		c.flush()
		if c.uniformTruth[c.instructions[region.first].A] {
			c.Jump(region.end) // else some lanes may go the other way
		}
		c.Bind(region.alternate)
		c.enterBlock()
		c.otherwise(region)
	case shaders.OpLoop:
		c.loop(v, i)
	case shaders.OpBreak:
		c.leave(i)
	case shaders.OpEnd:
		c.flush()
		if c.instructions[region.first].Op == shaders.OpLoop {
			c.again(region)
		}
		c.Bind(region.end)
		c.enterBlock()
		if region.mask >= 0 && region.mask != c.tailPlace() && c.ownsMask(region) {
			c.freePlace(c.maskClass(), region.mask)
		}
		c.regions = c.regions[:len(c.regions)-1]
	}
}

// statusPartialBarrier is the status of code that found a barrier reached by some
// lanes only.
const statusPartialBarrier = math.MaxInt32

// ownsMask reports whether a region's mask is not that of the region around it.
func (c *compiler) ownsMask(region *openRegion) bool {
	return len(c.regions) < 2 || c.regions[len(c.regions)-2].mask != region.mask
}

// branch begins a branch.
func (c *compiler) branch(v int, i shaders.Instruction) {
	outer := c.regions[len(c.regions)-1]
	r := openRegion{first: v, mask: outer.mask, end: c.NewLabel(), hasElse: c.elses[v] >= 0}
	r.alternate = r.end
	if r.hasElse {
		r.alternate = c.NewLabel()
	}
	if c.uniformTruth[i.A] {
		g := c.locate(int(i.A))
		c.Move(amd64.RAX, g)
		c.flush()
		c.Test(amd64.RAX, amd64.RAX)
	} else {
		r.mask = c.newPlace(c.maskClass())
		c.narrow(r.mask, outer, c.truth(i.A), true)
		c.flush()
		c.maskTest(c.maskRegisters().second)
	}
	c.JumpIf(amd64.Equal, r.alternate)
	c.regions = append(c.regions, r)
	c.enterBlock()
}

// narrow stores the mask of a region: the outer one and those for which a condition
// holds, or does not. It is left in the second register of masks.
func (c *compiler) narrow(place int, outer openRegion, condition amd64.Reg, holds bool) {
	r := c.maskRegisters()
	if outer.mask >= 0 {
		c.maskLoad(r.first, outer.mask)
	}
	switch {
	case outer.mask >= 0 && holds:
		c.maskAnd(r.second, condition, r.first)
	case outer.mask >= 0:
		c.maskAndNot(r.second, condition, r.first)
	case holds:
		c.maskMove(r.second, condition)
	default:
		c.maskNot(r.second, condition)
	}
	c.maskStore(place, r.second)
}

// otherwise begins the else of a branch.
func (c *compiler) otherwise(region *openRegion) {
	condition := c.instructions[region.first].A
	outer := c.regions[len(c.regions)-2]
	if c.uniformTruth[condition] {
		return
	}
	c.narrow(region.mask, outer, c.locate(int(condition)), false)
	c.flush()
	c.maskTest(c.maskRegisters().second)
	c.JumpIf(amd64.Equal, region.end)
	c.enterBlock()
}

// loop begins a loop. Its counter stands in the frame.
func (c *compiler) loop(v int, i shaders.Instruction) {
	outer := c.regions[len(c.regions)-1]
	counter := &c.values[v]
	counter.place, counter.clean = c.newPlace(general), true
	r := openRegion{first: v, mask: outer.mask, top: c.NewLabel(), end: c.NewLabel(), counter: counter.place}
	varying := !c.integers[i.A].uniform()
	if varying || c.breaksVary(v) {
		r.mask = c.newPlace(c.maskClass())
		moment := c.maskRegisters().second
		if outer.mask >= 0 {
			c.maskLoad(moment, outer.mask)
		} else {
			c.maskFull(moment)
		}
		c.maskStore(r.mask, moment)
	}
	c.flush()
	c.MoveConstant(amd64.RAX, 0)
	c.Store64(c.place(r.counter), amd64.RAX)
	c.regions = append(c.regions, r)
	c.enterBlock()
	c.Bind(r.top)
	c.enough(&c.regions[len(c.regions)-1])
}

// enough ends a loop whose rounds are done, for all lanes or for some.
func (c *compiler) enough(r *openRegion) {
	count := c.instructions[r.first].A
	if c.integers[count].uniform() {
		n := c.number(c.integers[count], amd64.RAX)
		c.Load64(amd64.RCX, c.place(r.counter))
		c.Do(amd64.Cmp, amd64.RCX, n)
		c.forget()
		c.JumpIf(amd64.GreaterEqual, r.end)
		return
	}
	n := c.vector(count)
	c.Vector(amd64.BroadcastInt, c.intLength, all, 0, amd64.NoReg, c.place(r.counter))
	k := c.maskRegisters()
	c.maskLoad(k.first, r.mask)
	c.compareIntegers(k.second, 0, n, false)
	c.maskAnd(k.second, k.second, k.first)
	c.maskStore(r.mask, k.second)
	c.forget()
	c.maskTest(k.second)
	c.JumpIf(amd64.Equal, r.end)
}

// forget gives back the registers of values that all stand in the frame.
func (c *compiler) forget() {
	c.flush()
	c.enterBlock()
}

// again ends a round of a loop.
func (c *compiler) again(r *openRegion) {
	c.Load64(amd64.RAX, c.place(r.counter))
	c.DoConstant(amd64.Add, amd64.RAX, 1)
	c.Store64(c.place(r.counter), amd64.RAX)
	c.Jump(r.top)
}

// leave is a break.
func (c *compiler) leave(i shaders.Instruction) {
	r := &c.regions[len(c.regions)-1]
	if c.uniformTruth[i.A] {
		g := c.locate(int(i.A))
		c.Move(amd64.RAX, g)
		c.flush()
		c.Test(amd64.RAX, amd64.RAX)
		c.JumpIf(amd64.NotEqual, r.end)
		c.enterBlock()
		return
	}
	k := c.locate(int(i.A))
	m := c.maskRegisters()
	c.maskLoad(m.first, r.mask)
	c.maskAndNot(m.second, k, m.first)
	c.maskStore(r.mask, m.second)
	c.flush()
	c.maskTest(m.second)
	c.JumpIf(amd64.Equal, r.end)
	c.enterBlock()
}
