package native

import (
	"encoding/binary"

	"github.com/hxgpu/hxgpu/device/cpu/amd64"
	"github.com/hxgpu/hxgpu/shaders"
)

// A vector may hold the chains of several items: of 512 bits, with 2 chains of float64,
// those of 4. An index into a field, that of a node's parent say, is then the same for
// the chains of an item but for the number of the chain, so such a vector consists of
// rows of 128 or 256 bits, each of which lies in memory as it is. Integers by item stand in
// general registers, one for each item, and rows are loaded one after the other; to gather
// their lanes takes longer, and waits for what has just been stored to reach the cache.

// rowLength is the length of a row, the chains of an item, if they fill a vector.
func (c *compiler) rowLength() (amd64.Length, bool) {
	l := amd64.Bits128
	for l < amd64.Bits512 && vectorLanes(c.bits, l) < c.chains {
		l++
	}
	return l, vectorLanes(c.bits, l) == c.chains
}

// rows reports whether vectors consist of rows. Where some lanes may not be active the
// indices of their items may be wrong, so such kernels gather.
func (c *compiler) rows() bool {
	l, fills := c.rowLength()
	return c.packed && c.straight && !c.tail && fills && l < c.length
}

// items is how many rows a vector has.
func (c *compiler) items() int { return c.lanes / c.chains }

// rowOnly reports whether an integer is by item, and the same for the chains of one.
func (x integer) rowOnly() bool { return x.byItem && !x.byChain && !x.varying }

// multiple is the root of an integer by item times a constant.
type multiple struct{ root, factor int }

// multiple is the shape of v = x * y, x by item and y the same for all lanes. Equal
// multiples share their values, so that the children of a node differ in the offset alone.
func (c *compiler) multiple(v int, x, y integer) integer {
	if !foldsOffset(x, y) {
		return integer{byItem: true, root: v}
	}
	k := multiple{x.root, y.offset}
	if _, known := c.multiples[k]; !known {
		c.multiples[k] = v
	}
	return integer{byItem: true, root: c.multiples[k], offset: x.offset * y.offset}
}

// foldsOffset reports whether x * y is the multiple of x's root, and an offset.
func foldsOffset(x, y integer) bool { return y.isConstant() && short(x.offset*y.offset) }

// numberPieces gives the integers by item their pieces, which are values behind those of
// the kernel and the counters: one for each item, the least of them and the greatest.
func (c *compiler) numberPieces() {
	c.firstPiece, c.owners = map[int]int{}, nil
	n := len(c.instructions)
	for v, x := range c.integers {
		if x.byItem && x.root == v {
			c.firstPiece[v] = n + 5 + len(c.owners)
			for range c.items() + 2 {
				c.owners = append(c.owners, v)
			}
		}
	}
}

// piece is an integer for one item, without the number of the chain.
func (c *compiler) piece(x integer, item int) integer {
	p := integer{root: x.root, offset: x.offset}
	switch {
	case !x.byItem:
	case x.root == c.roots.item:
		p.offset += item
	default:
		p.root = c.firstPiece[x.root] + item
	}
	return p
}

// bounds are the least and the greatest piece of an integer that has a root.
func (c *compiler) bounds(x integer) (least, greatest integer) {
	least, greatest = c.piece(x, 0), c.piece(x, 0)
	switch {
	case !x.byItem:
	case x.root == c.roots.item:
		greatest.offset += c.items() - 1
	default:
		first := c.firstPiece[x.root]
		least.root, greatest.root = first+c.items(), first+c.items()+1
		c.extreme(least.root, first, amd64.Greater)
		c.extreme(greatest.root, first, amd64.Less)
	}
	return least, greatest
}

// extreme computes a bound of pieces, if that is not done: one gives way to another that
// it compares to as stated.
func (c *compiler) extreme(bound, first int, givesWay amd64.Condition) {
	if b := c.values[bound]; b.reg >= 0 || b.place >= 0 {
		return
	}
	dst := c.define(bound)
	for item := range c.items() {
		g := c.locate(first + item)
		if item == 0 {
			c.Move(dst, g)
			continue
		}
		c.Do(amd64.Cmp, dst, g)
		c.MoveIf(givesWay, dst, g)
		c.unlock(general)
		c.locate(bound)
	}
	c.unlock(general)
}

// itemInteger writes an integer by item, piece by piece.
func (c *compiler) itemInteger(v int, i shaders.Instruction) {
	x, y := c.integers[i.A], c.integers[i.B]
	if i.Op == shaders.OpMulInt {
		if !x.byItem {
			x, y = y, x
		}
		if foldsOffset(x, y) {
			x.offset = 0
		}
	}
	for item := range c.items() {
		a := c.number(c.piece(x, item), amd64.RAX)
		dst := c.firstPiece[v] + item
		if f := y.offset; i.Op == shaders.OpMulInt && y.isConstant() && f > 0 && f&(f-1) == 0 {
			c.times(c.define(dst), a, f)
		} else {
			b := c.number(c.piece(y, item), amd64.RCX)
			c.combine(i.Op, c.define(dst), a, b)
		}
		c.unlock(general)
	}
}

// times is dst = g * f, f a power of two.
func (c *compiler) times(dst, g amd64.Reg, f int) {
	shift := 0
	for 1<<shift < f {
		shift++
	}
	c.Move(dst, g)
	c.Shift(amd64.Left, dst, shift)
	c.Extend32(dst, dst)
}

// spreadRows puts an integer by item or by chain into a vector, by way of the frame.
func (c *compiler) spreadRows(r amd64.Reg, x integer) {
	if x.byItem {
		for item := range c.items() {
			g := c.number(c.piece(x, item), amd64.RAX)
			for chain := range c.chains {
				c.Store32(c.place(placeScatter+4*(item*c.chains+chain)), g)
			}
			c.unlock(general)
		}
		c.Vector(amd64.LoadInt, c.intLength, all, r, amd64.NoReg, c.place(placeScatter))
	} else {
		c.spreadInteger(r, integer{root: x.root, offset: x.offset})
	}
	if x.byChain {
		c.Vector(amd64.AddInt, c.intLength, all, r, r, c.lanePattern(func(lane int) int { return lane % c.chains }))
	}
}

// loadRows writes a load at an index by item or by chain: of integers by item, or of
// floats.
func (c *compiler) loadRows(v int, i shaders.Instruction, x integer, t transfer) {
	if t.integer {
		for item := range c.items() {
			m := c.element(i, c.piece(x, item), t.bytes)
			c.LoadSigned32(c.define(c.firstPiece[v]+item), m)
			c.unlock(general)
		}
		return
	}
	dst := c.define(v)
	at := func(item int) amd64.Mem {
		c.unlock(general)
		return c.element(i, c.piece(x, item), t.bytes)
	}
	row, _ := c.rowLength()
	repeat, insert := amd64.BroadcastRow, amd64.InsertRow
	if row == amd64.Bits256 {
		repeat, insert = amd64.BroadcastHalf, amd64.InsertHalf
	}
	switch {
	case !x.byItem:
		c.Vector(repeat, c.length, all, dst, amd64.NoReg, at(0))
	case x.byChain:
		c.Vector(t.load, row, all, dst, amd64.NoReg, at(0))
		for item := 1; item < c.items(); item++ {
			c.Vector(insert, c.length, all, dst, dst, at(item), byte(item))
		}
	case x.root == c.roots.item:
		c.loadRun(dst, at(0))
	default:
		c.broadcast(dst, row, at(0))
		for item := 1; item < c.items(); item++ {
			c.broadcast(0, row, at(item))
			c.Vector(insert, c.length, all, dst, dst, amd64.Reg(0), byte(item))
		}
	}
}

// loadRun loads a float for each item that lie one behind the other.
func (c *compiler) loadRun(dst amd64.Reg, m amd64.Mem) {
	switch c.items() * c.bits {
	case 64:
		c.Vector(amd64.Duplicate, amd64.Bits128, all, dst, amd64.NoReg, m)
	case 128:
		c.Vector(c.floats().Load, amd64.Bits128, all, dst, amd64.NoReg, m)
	default:
		c.Vector(c.floats().Load, amd64.Bits256, all, dst, amd64.NoReg, m)
	}
	if c.bits == 64 && c.length == amd64.Bits256 {
		c.Vector(amd64.PermuteQuarters, c.length, all, dst, amd64.NoReg, dst, 0x50)
		return
	}
	op := amd64.Permute32
	if c.bits == 64 {
		op = amd64.Permute64
	}
	var order []byte
	for lane := range c.lanes {
		order = append(order, binary.LittleEndian.AppendUint64(nil, uint64(lane/c.chains))[:c.bits/8]...)
	}
	c.Vector(c.floats().Load, c.length, all, 0, amd64.NoReg, c.Constant(order))
	c.Vector(op, c.length, all, dst, 0, dst)
}
