package native

import (
	"slices"

	"github.com/hxgpu/hxgpu/device/cpu/amd64"
	"github.com/hxgpu/hxgpu/shaders"
)

// grid writes the loops over the lanes of a grid.
func (c *compiler) grid() {
	low, high := amd64.At(arguments, argumentLow), amd64.At(arguments, argumentHigh)
	c.Load64(amd64.RAX, high)
	c.Store64(c.place(placeHigh), amd64.RAX)
	if c.byLane {
		c.span(low)
		return
	}
	// Row by row: the chains of an item, vector by vector. The bounds are items.
	c.Load64(amd64.RAX, low)
	c.Store64(c.place(placeItem), amd64.RAX)
	items, end := c.NewLabel(), c.NewLabel()
	c.Bind(items)
	c.Load64(amd64.RAX, c.place(placeItem))
	c.DoMemory(amd64.Cmp, amd64.RAX, c.place(placeHigh))
	c.JumpIf(amd64.GreaterEqual, end)
	c.row(placeChain, c.chains)
	c.advance(placeItem, 1)
	c.Jump(items)
	c.Bind(end)
}

// span writes the loop over vectors that span items. The lanes behind the last whole
// vector are computed by shorter vectors where they can be, else by one with a mask.
func (c *compiler) span(low amd64.Mem) {
	c.Load64(amd64.RCX, low)
	c.Store64(c.place(placeLane), amd64.RCX)
	c.MoveConstant(amd64.RCX, 0)
	c.Store64(c.place(placeChain), amd64.RCX)
	top, rest, end := c.NewLabel(), c.NewLabel(), c.NewLabel()
	c.Bind(top)
	c.compareRest(rest)
	c.setItem()
	c.body(false)
	c.advance(placeLane, c.lanes)
	c.Jump(top)
	c.Bind(rest)
	for c.shortens() {
		c.setLength(c.length - 1)
		next := c.NewLabel()
		c.compareRest(next)
		c.setItem()
		c.body(false)
		c.advance(placeLane, c.lanes)
		c.Bind(next)
	}
	if c.packed {
		c.Load64(amd64.RAX, c.place(placeHigh))
		c.DoMemory(amd64.Sub, amd64.RAX, c.place(placeLane))
		c.JumpIf(amd64.LessEqual, end)
		c.single(end)
		c.setTail(amd64.RAX)
		c.setItem()
		c.body(true)
		c.Bind(end)
	}
}

// single writes code for one item that is left, in RAX lanes, if it fills a vector of some
// length: sums over all nodes have no other.
func (c *compiler) single(end amd64.Label) {
	l := c.length
	for l > amd64.Bits128 && vectorLanes(c.bits, l) > c.chains {
		l--
	}
	if vectorLanes(c.bits, l) != c.chains || !c.fits(l) {
		return
	}
	several, long := c.NewLabel(), c.length
	c.DoConstant(amd64.Cmp, amd64.RAX, int32(c.chains))
	c.JumpIf(amd64.NotEqual, several)
	c.setLength(l)
	c.setItem()
	c.body(false)
	c.Jump(end)
	c.setLength(long)
	c.Bind(several)
}

// compareRest jumps where fewer lanes are left than a vector has.
func (c *compiler) compareRest(to amd64.Label) {
	c.Load64(amd64.RAX, c.place(placeHigh))
	c.DoMemory(amd64.Sub, amd64.RAX, c.place(placeLane))
	c.DoConstant(amd64.Cmp, amd64.RAX, int32(c.lanes))
	c.JumpIf(amd64.Less, to)
}

// shortens reports whether the kernel can be written for vectors of half the length.
func (c *compiler) shortens() bool {
	return c.packed && c.chains > 1 && c.length > amd64.Bits128 && c.fits(c.length-1)
}

// fits reports whether the kernel can be written for whole vectors of a shorter length,
// without masks: all lanes go the same way, and neither are integers loaded or stored by
// vectors nor floats at indices in vectors.
func (c *compiler) fits(l amd64.Length) bool {
	short := *c
	short.setLength(l)
	short.tail, short.integers = false, nil
	short.findStructure()
	short.findShapes()
	return !slices.Contains(short.narrowed, true) && !slices.ContainsFunc(c.instructions, short.movesVectors)
}

// movesVectors reports whether an instruction moves integers between memory and a
// vector, or floats at indices in a vector.
func (c *compiler) movesVectors(i shaders.Instruction) bool {
	switch i.Op {
	case shaders.OpLoadInt, shaders.OpStoreInt:
		return !c.integers[i.A].uniform()
	case shaders.OpLoad, shaders.OpStore:
		return c.integers[i.A].varying
	}
	return false
}

// groups writes the loop over groups, and over the vectors of a group.
func (c *compiler) groups() {
	c.Load64(amd64.RAX, amd64.At(arguments, argumentLow))
	c.Store64(c.place(placeItem), amd64.RAX)
	top, end := c.NewLabel(), c.NewLabel()
	c.Bind(top)
	c.Load64(amd64.RAX, c.place(placeItem))
	c.DoMemory(amd64.Cmp, amd64.RAX, amd64.At(arguments, argumentHigh))
	c.JumpIf(amd64.GreaterEqual, end)
	c.row(placeLocal, c.kernel.Lanes)
	c.advance(placeItem, 1)
	c.Jump(top)
	c.Bind(end)
}

// row writes a loop over n lanes, vector by vector, with a counter in the frame.
func (c *compiler) row(counter, n int) {
	c.MoveConstant(amd64.RAX, 0)
	c.Store64(c.place(counter), amd64.RAX)
	if whole := n / c.lanes; whole > 0 {
		top := c.NewLabel()
		c.Bind(top)
		c.body(false)
		c.advance(counter, c.lanes)
		c.Load64(amd64.RAX, c.place(counter))
		c.DoConstant(amd64.Cmp, amd64.RAX, int32(whole*c.lanes))
		c.JumpIf(amd64.Less, top)
	}
	if rest := n % c.lanes; rest > 0 {
		c.MoveConstant(amd64.RAX, int64(rest))
		c.setTail(amd64.RAX)
		c.rest = rest
		c.body(true)
		c.rest = 0
	}
}

// advance adds to a counter.
func (c *compiler) advance(place, by int) {
	c.Load64(amd64.RAX, c.place(place))
	c.DoConstant(amd64.Add, amd64.RAX, int32(by))
	c.Store64(c.place(place), amd64.RAX)
}

// setItem sets the item of a packed vector's first lane.
func (c *compiler) setItem() {
	if c.chains == 1 {
		return
	}
	c.Load64(amd64.RCX, c.place(placeLane))
	shift := 0
	for 1<<shift < c.chains {
		shift++
	}
	c.Shift(amd64.Right, amd64.RCX, shift)
	c.Store64(c.place(placeItem), amd64.RCX)
}
