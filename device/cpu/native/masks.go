package native

import (
	"encoding/binary"

	"github.com/hxgpu/hxgpu/device/cpu/amd64"
)

// Truth values of lanes stand in mask registers with AVX-512. With AVX2 they stand
// in vectors of the width of floats, all bits of a lane set or none.

// maskRegisters are the registers of masks that are not given out.
type maskRegisters struct {
	active        amd64.Reg // the lanes that loads and stores are done for
	first, second amd64.Reg // for the moment
}

func (c *compiler) maskRegisters() maskRegisters {
	if c.wide {
		return maskRegisters{1, 6, 7}
	}
	return maskRegisters{15, 13, 14}
}

// maskClass is the class of the registers that hold masks.
func (c *compiler) maskClass() class {
	if c.wide {
		return masks
	}
	return vectors
}

// tailPlace is where the mask of a vector stands some of whose lanes are missing.
func (c *compiler) tailPlace() int {
	if c.wide {
		return placeTail
	}
	return placeTailVector
}

func (c *compiler) maskLoad(dst amd64.Reg, place int) {
	if c.wide {
		c.MaskLoad(c.lanes, dst, c.place(place))
		return
	}
	c.Vector(c.floats().Load, c.length, all, dst, amd64.NoReg, c.place(place))
}

func (c *compiler) maskStore(place int, src amd64.Reg) {
	if c.wide {
		c.MaskStore(c.lanes, c.place(place), src)
		return
	}
	c.Vector(c.floats().Store, c.length, all, src, amd64.NoReg, c.place(place))
}

func (c *compiler) maskMove(dst, src amd64.Reg) {
	if c.wide {
		c.MaskMove(c.lanes, dst, src)
		return
	}
	c.Vector(c.floats().Load, c.length, all, dst, amd64.NoReg, src)
}

func (c *compiler) maskAnd(dst, x, y amd64.Reg) {
	if c.wide {
		c.Masks(amd64.MaskAnd, c.lanes, dst, x, y)
		return
	}
	c.Vector(c.floats().And, c.length, all, dst, x, y)
}

// maskAndNot is dst = not x, and y.
func (c *compiler) maskAndNot(dst, x, y amd64.Reg) {
	if c.wide {
		c.Masks(amd64.MaskAndNot, c.lanes, dst, x, y)
		return
	}
	c.Vector(c.floats().AndNot, c.length, all, dst, x, y)
}

func (c *compiler) maskOr(dst, x, y amd64.Reg) {
	if c.wide {
		c.Masks(amd64.MaskOr, c.lanes, dst, x, y)
		return
	}
	c.Vector(c.floats().Or, c.length, all, dst, x, y)
}

func (c *compiler) maskNot(dst, x amd64.Reg) {
	if c.wide && c.lanes < 8 { // no bits of lanes that are not
		moment := c.maskRegisters().second
		c.maskFull(moment)
		c.maskAndNot(dst, x, moment)
		return
	}
	if c.wide {
		c.MaskNot(c.lanes, dst, x)
		return
	}
	c.Vector(c.floats().Xor, c.length, all, dst, x, c.bitsConstant(^uint64(0)))
}

// maskFull sets all lanes.
func (c *compiler) maskFull(dst amd64.Reg) {
	if c.wide && c.lanes < 8 {
		c.MoveConstant(amd64.RAX, 1<<c.lanes-1)
		c.MaskFrom(c.lanes, dst, amd64.RAX)
		return
	}
	if c.wide {
		c.Masks(amd64.MaskXnor, c.lanes, dst, dst, dst)
		return
	}
	c.Vector(amd64.EqualInt, c.length, all, dst, dst, dst)
}

// maskTest sets the flags: Equal if no lane is set.
func (c *compiler) maskTest(x amd64.Reg) {
	if c.wide {
		c.MaskTest(c.lanes, x, x)
		return
	}
	c.maskBits(amd64.RAX, x)
	c.Test(amd64.RAX, amd64.RAX)
}

// maskBits is dst = a bit for each lane.
func (c *compiler) maskBits(dst, x amd64.Reg) {
	if c.wide {
		c.MaskTo(c.lanes, dst, x)
		return
	}
	c.Vector(c.floats().Signs, c.length, all, dst, amd64.NoReg, x)
}

// maskSpread sets all lanes or none, as a general register is 1 or 0.
func (c *compiler) maskSpread(dst, g amd64.Reg) {
	c.MoveConstant(amd64.RAX, 0)
	c.Do(amd64.Sub, amd64.RAX, g)
	if c.wide {
		if c.lanes < 8 {
			c.DoConstant(amd64.And, amd64.RAX, 1<<c.lanes-1)
		}
		c.MaskFrom(c.lanes, dst, amd64.RAX)
		return
	}
	c.FromGeneral32(dst, amd64.RAX)
	c.Vector(amd64.BroadcastInt, c.length, all, dst, amd64.NoReg, dst)
}

// maskWiden makes a mask of an AVX2 comparison of integers.
func (c *compiler) maskWiden(dst amd64.Reg) {
	if c.bits == 64 {
		c.Vector(amd64.Widen, c.length, all, dst, amd64.NoReg, dst)
	}
}

// maskNarrow makes an AVX2 mask fit vectors of integers.
func (c *compiler) maskNarrow(dst, x amd64.Reg) {
	if c.bits == 32 {
		c.maskMove(dst, x)
		return
	}
	if c.length == amd64.Bits128 {
		c.Vector(amd64.ShuffleFloat, c.length, all, dst, x, x, 0x88)
		return
	}
	c.Vector(amd64.ExtractUpper, c.length, all, x, amd64.NoReg, dst, 1)
	c.Vector(amd64.ShuffleFloat, c.intLength, all, dst, x, dst, 0x88)
}

// setTail puts the mask of the first n lanes in its place, n in a register.
func (c *compiler) setTail(n amd64.Reg) {
	if c.wide {
		c.Move(amd64.RCX, n)
		c.MoveConstant(amd64.RDX, 1)
		c.ShiftBy32(amd64.Left, amd64.RDX)
		c.DoConstant(amd64.Sub, amd64.RDX, 1)
		c.Store64(c.place(placeTail), amd64.RDX)
		return
	}
	var table []byte // ones, then zeros: a mask begins n lanes before the zeros
	for lane := range 2 * c.lanes {
		word := ^uint64(0)
		if lane >= c.lanes {
			word = 0
		}
		table = append(table, binary.LittleEndian.AppendUint64(nil, word)[:c.bits/8]...)
	}
	c.MoveConstant(amd64.RCX, int64(c.lanes))
	c.Do(amd64.Sub, amd64.RCX, n)
	c.Address(amd64.RDX, c.Constant(table))
	c.Vector(c.floats().Load, c.length, all, 0, amd64.NoReg, amd64.Indexed(amd64.RDX, amd64.RCX, uint8(c.bits/8), 0))
	c.maskStore(placeTailVector, 0)
}

// active brings the mask of the active lanes into its register, and says whether
// there is one: else all are active.
func (c *compiler) active() (amd64.Reg, bool) {
	region := &c.regions[len(c.regions)-1]
	k := c.maskRegisters().active
	if region.mask < 0 {
		return k, false
	}
	if !c.loaded {
		c.maskLoad(k, region.mask)
		c.loaded = true
	}
	return k, true
}

// transfer is a kind of element in memory.
type transfer struct {
	length              amd64.Length
	load, store         amd64.Operation
	maskLoad, maskStore amd64.Operation
	gather, scatter     amd64.Operation
	integer             bool
	bytes               int
}

func (c *compiler) floatTransfer() transfer {
	f := c.floats()
	return transfer{c.length, f.Load, f.Store, f.MaskLoad, f.MaskStore, f.Gather, f.Scatter, false, c.bits / 8}
}

func (c *compiler) intTransfer() transfer {
	return transfer{c.intLength, amd64.LoadInt, amd64.StoreInt, amd64.MaskLoadInt, amd64.MaskStoreInt, amd64.GatherInt, amd64.ScatterInt, true, 4}
}

// fitted is an AVX2 mask for a kind of element: the mask, or a narrow copy.
func (c *compiler) fitted(t transfer, k amd64.Reg) amd64.Reg {
	if !t.integer || c.bits == 32 {
		return k
	}
	c.maskNarrow(0, k)
	return 0
}

// loadLanes loads the active lanes of a vector.
func (c *compiler) loadLanes(t transfer, dst amd64.Reg, m amd64.Mem) {
	k, some := c.active()
	switch {
	case !some:
		c.Vector(t.load, t.length, all, dst, amd64.NoReg, m)
	case c.wide:
		c.Vector(t.load, t.length, amd64.Mask{K: k, Zero: true}, dst, amd64.NoReg, m)
	default:
		c.Vector(t.maskLoad, t.length, all, dst, c.fitted(t, k), m)
	}
}

// storeLanes stores the active lanes of a vector, or all.
func (c *compiler) storeLanes(t transfer, src amd64.Reg, m amd64.Mem, masked bool) {
	if !masked {
		c.Vector(t.store, t.length, all, src, amd64.NoReg, m)
		return
	}
	k, some := c.active()
	switch {
	case !some:
		c.Vector(t.store, t.length, all, src, amd64.NoReg, m)
	case c.wide:
		c.Vector(t.store, t.length, amd64.Mask{K: k}, src, amd64.NoReg, m)
	default:
		c.Vector(t.maskStore, t.length, all, src, c.fitted(t, k), m)
	}
}

// gatherLanes loads the active lanes' elements at indices.
func (c *compiler) gatherLanes(t transfer, dst amd64.Reg, m amd64.Mem) {
	k, some := c.active()
	moment := c.maskRegisters().second
	c.Vector(amd64.XorInt, t.length, all, dst, dst, dst)
	if c.wide {
		if some {
			c.maskMove(moment, k)
		} else {
			c.maskFull(moment)
		}
		c.Vector(t.gather, t.length, amd64.Mask{K: moment}, dst, amd64.NoReg, m)
		return
	}
	switch {
	case !some:
		c.maskFull(moment)
	case t.integer:
		c.maskNarrow(moment, k)
	default:
		c.maskMove(moment, k)
	}
	c.Vector(t.gather, t.length, all, dst, moment, m)
}

// scatterLanes stores the active lanes' elements at indices, in the order of the
// lanes.
func (c *compiler) scatterLanes(t transfer, src, index amd64.Reg, m amd64.Mem) {
	k, some := c.active()
	if c.wide {
		moment := c.maskRegisters().second
		if some {
			c.maskMove(moment, k)
		} else {
			c.maskFull(moment)
		}
		c.Vector(t.scatter, t.length, amd64.Mask{K: moment}, src, amd64.NoReg, m)
		return
	}
	c.Vector(amd64.StoreInt, c.intLength, all, index, amd64.NoReg, c.place(placeScatter))
	c.Vector(t.store, t.length, all, src, amd64.NoReg, c.place(placeScatter+32))
	if some {
		c.maskBits(amd64.RAX, k)
	}
	for lane := range c.lanes {
		skip := c.NewLabel()
		if some {
			c.TestConstant32(amd64.RAX, 1<<lane)
			c.JumpIf(amd64.Equal, skip)
		}
		c.LoadSigned32(amd64.RCX, c.place(placeScatter+4*lane))
		to := amd64.Indexed(m.Base, amd64.RCX, m.Scale, int(m.Disp))
		if t.bytes == 8 {
			c.Load64(amd64.RDX, c.place(placeScatter+32+8*lane))
			c.Store64(to, amd64.RDX)
		} else {
			c.Load32(amd64.RDX, c.place(placeScatter+32+4*lane))
			c.Store32(to, amd64.RDX)
		}
		c.Bind(skip)
	}
}
