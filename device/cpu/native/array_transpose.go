package native

import "github.com/hxgpu/hxgpu/device/cpu/amd64"

// transpose writes out (m,n) = left (n,m), whose rows are apart by to and from.
func (c *arrayCompiler) transpose(r arrayRoutine) {
	if c.Wide && c.bits == 64 {
		c.transposeBlocks(r)
		return
	}
	c.transposeGather(r.n, r.m, r.from, r.to)
}

// transposeGather gathers columns.
func (c *arrayCompiler) transposeGather(n, m, strideFrom, strideTo int) {
	const index, dst, moment = 0, 1, 2
	indices := make([]int32, c.lanes)
	for l := range indices {
		indices[l] = int32(l * strideFrom)
	}
	c.Vector(amd64.LoadInt, c.indexLength(c.whole), all, index, amd64.NoReg, c.int32Table(indices))
	parts := c.parts(n)
	if n%c.lanes > 0 {
		c.cut(parts[len(parts)-1])
	}
	column := func(p arrayPart) {
		c.repeat(amd64.RCX, m, func() {
			c.gatherVector(p, dst, amd64.RSI, 0, index, moment)
			c.store(p, amd64.At(amd64.RDX, 0), dst)
			c.DoConstant(amd64.Add, amd64.RSI, int32(c.size))
			c.DoConstant(amd64.Add, amd64.RDX, int32(strideTo*c.size))
		})
	}
	for v, p := range parts {
		c.Address(amd64.RSI, amd64.At(arrayLeft, v*c.lanes*strideFrom*c.size))
		c.Address(amd64.RDX, amd64.At(arrayOut, v*c.lanes*c.size))
		column(p)
	}
}

// transposeBlocks exchanges the elements of blocks of 8 by 8 in registers: whole ones,
// and those at the end of rows and columns. Of a matrix with a triangle only the blocks
// that have some of that are exchanged.
func (c *arrayCompiler) transposeBlocks(r arrayRoutine) {
	t := transposition{c: c, rowFrom: r.from * c.size, rowTo: r.to * c.size}
	c.maskOf(2, 0xf0)
	c.Move(amd64.RBX, arrayLeft)
	c.Move(amd64.RAX, arrayOut)
	next := func() {
		c.DoConstant(amd64.Add, amd64.RBX, int32(block*t.rowFrom))
		c.DoConstant(amd64.Add, amd64.RAX, block*8)
	}
	if r.triangle == wholeMatrix {
		c.repeat(amd64.R12, r.n/block, func() {
			t.strip(block, 0, r.m)
			next()
		})
		if r.n%block > 0 {
			t.strip(r.n%block, 0, r.m)
		}
		return
	}
	for first := 0; first < r.n; first += block {
		rows := min(block, r.n-first)
		if r.triangle == lowerTriangle {
			t.strip(rows, 0, min(first+block, r.m))
		} else {
			t.strip(rows, first, r.m)
			t.clear(rows, first)
		}
		next()
	}
}

// block is the size of blocks.
const block = 8

// transposition exchanges rows that are apart by some bytes.
type transposition struct {
	c              *arrayCompiler
	rowFrom, rowTo int
}

// strip exchanges the columns of some rows of the left, which stand at RBX; their result
// at RAX.
func (t *transposition) strip(rows, firstColumn, columns int) {
	c := t.c
	c.Address(amd64.RSI, amd64.At(amd64.RBX, firstColumn*8))
	c.Address(amd64.RDX, amd64.At(amd64.RAX, firstColumn*t.rowTo))
	c.repeat(amd64.RCX, (columns-firstColumn)/block, func() {
		t.one(rows, block)
		c.DoConstant(amd64.Add, amd64.RSI, block*8)
		c.DoConstant(amd64.Add, amd64.RDX, int32(block*t.rowTo))
	})
	if rest := (columns - firstColumn) % block; rest > 0 {
		t.one(rows, rest)
	}
}

// clear clears the columns of the result at RAX in its first rows.
func (t *transposition) clear(columns, rows int) {
	c := t.c
	p := c.part(columns)
	c.cut(p)
	c.Zero(0)
	c.Move(amd64.RDX, amd64.RAX)
	c.repeat(amd64.RCX, rows/block, func() {
		for r := range block {
			c.store(p, amd64.At(amd64.RDX, r*t.rowTo), 0)
		}
		c.DoConstant(amd64.Add, amd64.RDX, int32(block*t.rowTo))
	})
}

// one exchanges a block from RSI to RDX.
func (t *transposition) one(rows, columns int) {
	c := t.c
	from, to := c.part(columns), c.part(rows)
	row := func(r, column int) amd64.Mem { return amd64.At(amd64.RSI, r*t.rowFrom+column*8) }
	if rows == block && columns == block {
		c.exchangeHalves(row)
	} else {
		c.cut(from)
		for r := range block {
			if r < rows {
				c.load(from, amd64.Reg(r), row(r, 0))
			} else {
				c.Zero(amd64.Reg(r))
			}
		}
		c.exchange()
	}
	c.cut(to)
	for r := range columns {
		c.store(to, amd64.At(amd64.RDX, r*t.rowTo), amd64.Reg(24+r))
	}
}

// exchangeHalves transposes 8 rows of 8 elements in memory into registers 24 to 31.
// Halves of rows are put together as they are loaded, which saves a third of the
// shuffles, of which a processor does one at a time.
func (c *arrayCompiler) exchangeHalves(row func(r, column int) amd64.Mem) {
	const upper = 2 // the mask of upper halves
	for half := range 2 {
		for pair, r := range [...]int{0, 1, 4, 5} { // with rows 2, 3, 6, 7
			x := amd64.Reg(4*half + pair)
			c.Vector(c.f.Load, amd64.Bits256, all, x, amd64.NoReg, row(r, 4*half))
			c.Vector(amd64.BroadcastHalf, c.whole, amd64.Mask{K: upper}, x, amd64.NoReg, row(r+2, 4*half))
		}
	}
	for half := range amd64.Reg(2) {
		x, y := 4*half, 8+4*half
		for pair := range amd64.Reg(2) { // rows 0 to 3, and 4 to 7
			c.Vector(c.f.Unpack, c.whole, all, y+2*pair, x+2*pair, x+2*pair+1)
			c.Vector(amd64.UnpackUpper64, c.whole, all, y+2*pair+1, x+2*pair, x+2*pair+1)
		}
		for odd := range amd64.Reg(2) {
			c.Vector(amd64.ShuffleLanes, c.whole, all, 24+x+odd, y+odd, y+2+odd, 0x88)
			c.Vector(amd64.ShuffleLanes, c.whole, all, 24+x+odd+2, y+odd, y+2+odd, 0xdd)
		}
	}
}

// exchange transposes registers 0 to 7 into 24 to 31.
func (c *arrayCompiler) exchange() {
	for r := amd64.Reg(0); r < 8; r += 2 { // pairs of rows: 8 to 15
		c.Vector(c.f.Unpack, c.whole, all, 8+r, r, r+1)
		c.Vector(amd64.UnpackUpper64, c.whole, all, 9+r, r, r+1)
	}
	for odd := range amd64.Reg(2) {
		a, b, d, e := 8+odd, 10+odd, 12+odd, 14+odd // pairs 0 1, 2 3, 4 5, 6 7 of columns odd, odd+2, ...
		for half, how := range [...]byte{0x88, 0xdd} {
			half := amd64.Reg(half)
			// Columns odd+2*half and odd+2*half+4.
			c.Vector(amd64.ShuffleLanes, c.whole, all, 16+2*half, a, b, how)
			c.Vector(amd64.ShuffleLanes, c.whole, all, 17+2*half, d, e, how)
			c.Vector(amd64.ShuffleLanes, c.whole, all, 24+odd+2*half, 16+2*half, 17+2*half, 0x88)
			c.Vector(amd64.ShuffleLanes, c.whole, all, 24+odd+2*half+4, 16+2*half, 17+2*half, 0xdd)
		}
	}
}
