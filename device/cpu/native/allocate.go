package native

import (
	"math"

	"github.com/hxgpu/hxgpu/device/cpu/amd64"
	"github.com/hxgpu/hxgpu/shaders"
)

// class is a kind of register.
type class uint8

const (
	vectors class = iota
	general
	masks
	classes
)

// value is where a value is.
type value struct {
	class class
	reg   int  // its register's number among those given out, or -1
	place int  // in the frame, or -1
	clean bool // the frame has it too
	lent  bool // the place is a variable's
	next  int  // index into uses
	uses  []int32
}

// register is one that is given out.
type register struct {
	name   amd64.Reg
	holds  int // a value, -1 if it is free, or -2-b for the address of buffer b
	needed int // for an address: a guess of when it is needed next
	locked bool
}

const free = -1

// begin sets all values back: nothing is in a register.
func (c *compiler) begin() {
	n := len(c.instructions)
	c.numberPieces()
	c.values = make([]value, n+5+len(c.owners))
	counts := make([]int32, len(c.values))
	touch := func(f func(v, at int)) {
		for at, i := range c.instructions {
			for _, x := range [...]shaders.Value{i.A, i.B, i.C} {
				if x < 0 {
					continue
				}
				f(int(x), at)
				if c.instructions[x].Type != shaders.Int {
					continue
				}
				shape := c.integers[x]
				if first, some := c.firstPiece[shape.root]; some && shape.byItem {
					for item := range c.items() {
						f(first+item, at)
					}
				} else if r := shape.root; !shape.varying && r >= 0 && r != int(x) {
					f(r, at)
				}
			}
		}
	}
	total := 0
	touch(func(v, _ int) { counts[v]++; total++ })
	all := make([]int32, total)
	for v := range c.values {
		c.values[v] = value{reg: -1, place: -1, class: c.classOf(v)}
		c.values[v].uses, all = all[:0:counts[v]], all[counts[v]:]
		c.values[v].clean = v < n && c.instructions[v].Op == shaders.OpConst
	}
	touch(func(v, at int) { c.values[v].uses = append(c.values[v].uses, int32(at)) })
	c.expires = map[int][]int{}
	for v := range c.instructions {
		if c.last[v] >= 0 && c.last[v] < n {
			c.expires[c.last[v]] = append(c.expires[c.last[v]], v)
		}
	}
	for k, v := range c.owners {
		if c.last[v] >= 0 {
			c.expires[c.last[v]] = append(c.expires[c.last[v]], n+5+k)
		}
	}
	for root, place := range map[int]int{c.roots.lane: placeLane, c.roots.item: placeItem, c.roots.chain: placeChain, c.roots.local: placeLocal} {
		c.values[root].place, c.values[root].clean = place, true
	}
	c.spare = [2][]int{}
	c.registers = [classes][]register{}
	last := amd64.Reg(32)
	if !c.wide {
		last = c.maskRegisters().first
	}
	for r := amd64.Reg(2); r < last; r++ { // 0 and 1 are for the moment
		c.registers[vectors] = append(c.registers[vectors], register{name: r, holds: free})
	}
	for _, r := range generals {
		c.registers[general] = append(c.registers[general], register{name: r, holds: free})
	}
	for r := amd64.Reg(2); r < 6; r++ { // 1 has the active lanes, 6 and 7 are for the moment
		c.registers[masks] = append(c.registers[masks], register{name: r, holds: free})
	}
	c.regions = []openRegion{{first: -1, mask: -1}}
	if c.tail {
		c.regions[0].mask = c.tailPlace()
	}
	c.enterBlock()
}

func (c *compiler) classOf(v int) class {
	if v >= len(c.instructions) {
		return general
	}
	switch c.instructions[v].Type {
	case shaders.Int:
		if !c.integers[v].varying {
			return general
		}
	case shaders.Bool:
		if c.uniformTruth[v] {
			return general
		}
		return c.maskClass()
	}
	return vectors
}

// enterBlock begins a straight piece of code: nothing is known of the registers.
func (c *compiler) enterBlock() {
	c.loaded = false
	c.checked, c.pointers = map[check]bool{}, map[int]amd64.Reg{}
	c.extents = nil
}

// flush stores what is needed behind the end of a straight piece of code, and
// forgets the registers.
func (c *compiler) flush() {
	for k := range c.registers {
		for r := range c.registers[k] {
			reg := &c.registers[k][r]
			if reg.holds >= 0 {
				if c.lastOf(reg.holds) > c.position {
					c.save(reg.holds)
				}
				c.values[reg.holds].reg = -1
			}
			reg.holds, reg.locked = free, false
		}
	}
}

func (c *compiler) lastOf(v int) int {
	n := len(c.instructions)
	switch {
	case v >= n+5:
		return c.last[c.owners[v-n-5]]
	case v >= n:
		return math.MaxInt
	}
	return c.last[v]
}

// save stores a value in its place in the frame, if it is not there.
func (c *compiler) save(v int) {
	x := &c.values[v]
	if x.clean {
		return
	}
	if x.place < 0 {
		x.place = c.newPlace(x.class)
	}
	c.keep(x.class, x.place, c.registers[x.class][x.reg].name)
	x.clean = true
}

func (c *compiler) newPlace(k class) int {
	kind, size := 1, 8
	if k == vectors {
		kind, size = 0, c.length.Bytes()
	}
	if n := len(c.spare[kind]); n > 0 {
		p := c.spare[kind][n-1]
		c.spare[kind] = c.spare[kind][:n-1]
		return p
	}
	if kind == 1 { // a line of them at once, so that vectors stay aligned
		for k := 56; k > 0; k -= 8 {
			c.spare[1] = append(c.spare[1], c.frameSize+k)
		}
		size = 64
	}
	c.frameSize += size
	return c.frameSize - size
}

// keep stores a register in the frame.
func (c *compiler) keep(k class, place int, r amd64.Reg) {
	switch k {
	case vectors:
		c.Vector(c.floats().Store, c.length, amd64.Mask{}, r, amd64.NoReg, c.place(place))
	case general:
		c.Store64(c.place(place), r)
	case masks:
		c.MaskStore(c.lanes, c.place(place), r)
	}
}

// release frees what is not needed after instruction v.
func (c *compiler) release(v int) {
	for _, x := range c.expires[v] {
		c.drop(x)
	}
	for k := range c.registers {
		c.unlock(class(k))
	}
}

// unlock lets the registers of a class be taken for something else.
func (c *compiler) unlock(k class) {
	for r := range c.registers[k] {
		c.registers[k][r].locked = false
	}
}

func (c *compiler) drop(x int) {
	s := &c.values[x]
	if s.reg >= 0 {
		c.registers[s.class][s.reg].holds = free
		s.reg = -1
	}
	if s.place >= 0 && !s.lent {
		c.freePlace(s.class, s.place)
	}
	s.place = -1
}

func (c *compiler) freePlace(k class, place int) {
	kind := 1
	if k == vectors {
		kind = 0
	}
	c.spare[kind] = append(c.spare[kind], place)
}

// nextUse is when a value is needed next.
func (c *compiler) nextUse(v int) int {
	x := &c.values[v]
	for x.next < len(x.uses) && int(x.uses[x.next]) <= c.position {
		x.next++
	}
	if x.next < len(x.uses) {
		return int(x.uses[x.next])
	}
	if c.lastOf(v) > c.position {
		return math.MaxInt - 1 // in another piece of code
	}
	return math.MaxInt
}

// take gives out a register of a class, taking it from the value that is needed
// last if there is none.
func (c *compiler) take(k class) int {
	best, far := -1, -1
	for r := range c.registers[k] {
		reg := &c.registers[k][r]
		if reg.locked {
			continue
		}
		if reg.holds == free {
			best = r
			break
		}
		next := reg.needed
		if reg.holds >= 0 {
			next = c.nextUse(reg.holds)
		}
		if next > far {
			best, far = r, next
		}
	}
	reg := &c.registers[k][best]
	switch {
	case reg.holds >= 0:
		if c.lastOf(reg.holds) >= c.position {
			c.save(reg.holds)
		}
		c.values[reg.holds].reg = -1
	case reg.holds <= -2:
		delete(c.pointers, -2-reg.holds)
	}
	reg.holds, reg.locked = free, true
	return best
}

// define gives a value a register to be computed in.
func (c *compiler) define(v int) amd64.Reg {
	x := &c.values[v]
	x.reg = c.take(x.class)
	x.clean = false
	c.registers[x.class][x.reg].holds = v
	return c.registers[x.class][x.reg].name
}

// locate brings a value into a register, and keeps it there for this instruction.
func (c *compiler) locate(v int) amd64.Reg {
	x := &c.values[v]
	if x.reg < 0 {
		r := c.take(x.class)
		x.reg = r
		name := c.registers[x.class][r].name
		c.registers[x.class][r].holds = v
		switch {
		case x.class == vectors && v < len(c.instructions) && c.instructions[v].Op == shaders.OpConst:
			c.constantVector(name, c.instructions[v].Float)
		case x.class == vectors:
			c.Vector(c.floats().Load, c.length, amd64.Mask{}, name, amd64.NoReg, c.place(x.place))
		case x.class == general:
			c.Load64(name, c.place(x.place))
		default:
			c.MaskLoad(c.lanes, name, c.place(x.place))
		}
	}
	reg := &c.registers[x.class][x.reg]
	reg.locked = true
	return reg.name
}

// scratch is a register for the time of this instruction.
func (c *compiler) scratch(k class) amd64.Reg {
	return c.registers[k][c.take(k)].name
}

// constantVector loads a constant.
func (c *compiler) constantVector(dst amd64.Reg, x float64) {
	m := c.floatConstant(x)
	if m.Broadcast {
		m.Broadcast = false
		c.broadcast(dst, c.length, m)
		return
	}
	c.Vector(c.floats().Load, c.length, all, dst, amd64.NoReg, m)
}
