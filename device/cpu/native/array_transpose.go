package native

import "github.com/hxgpu/hxgpu/device/cpu/amd64"

// transpose writes out (m,n) = left (n,m), whose rows are apart by to and from.
func (c *arrayCompiler) transpose(r arrayRoutine) {
	if c.Wide && c.bits == 64 {
		c.transposeBlocks(r.n, r.m, r.from, r.to)
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

// transposeBlocks exchanges the elements of blocks of 8 by 8 in registers.
func (c *arrayCompiler) transposeBlocks(n, m, strideFrom, strideTo int) {
	const block = 8
	one := func(rows, columns int) {
		from, to := c.part(columns), c.part(rows)
		c.cut(from)
		for r := range block {
			if r < rows {
				c.load(from, amd64.Reg(r), amd64.At(amd64.RSI, r*strideFrom*c.size))
			} else {
				c.Zero(amd64.Reg(r))
			}
		}
		c.exchange()
		c.cut(to)
		for r := range columns {
			c.store(to, amd64.At(amd64.RDX, r*strideTo*c.size), amd64.Reg(24+r))
		}
	}
	strip := func(rows int) { // of rows of the left, from RBX on; to RAX
		c.Move(amd64.RSI, amd64.RBX)
		c.Move(amd64.RDX, amd64.RAX)
		c.repeat(amd64.RCX, m/block, func() {
			one(rows, block)
			c.DoConstant(amd64.Add, amd64.RSI, block*8)
			c.DoConstant(amd64.Add, amd64.RDX, int32(block*strideTo*c.size))
		})
		if m%block > 0 {
			one(rows, m%block)
		}
	}
	c.Move(amd64.RBX, arrayLeft)
	c.Move(amd64.RAX, arrayOut)
	c.repeat(amd64.R12, n/block, func() {
		strip(block)
		c.DoConstant(amd64.Add, amd64.RBX, int32(block*strideFrom*c.size))
		c.DoConstant(amd64.Add, amd64.RAX, block*8)
	})
	if n%block > 0 {
		strip(n % block)
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
