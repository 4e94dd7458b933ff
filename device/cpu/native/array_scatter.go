package native

import (
	"github.com/hxgpu/hxgpu/device/cpu/amd64"
	"github.com/hxgpu/hxgpu/shaders"
)

// scatter writes Out[Indices[k]] += A[k]. Sums of a few elements each are gathered,
// round by round; long ones are added up in registers, or in memory where there are
// too many.
func (c *arrayCompiler) scatter(i *shaders.ArrayInstruction) {
	from := make([][]int32, i.M) // of each element of Out, what is added up in it
	rounds := 0
	for k, j := range i.Indices {
		from[j] = append(from[j], int32(k))
		rounds = max(rounds, len(from[j]))
	}
	c.address(&i.Out, arrayOut)
	c.address(&i.A, arrayLeft)
	switch {
	case i.M == 1 && i.N > 0:
		c.sum(i.N)
	case rounds <= 4 && i.M <= mostWrittenSums:
		c.scatterRounds(from, rounds)
	case i.N <= mostWrittenSums:
		c.scatterSums(from)
	default:
		c.scatterMemory(i)
	}
}

// mostWrittenSums bounds how many additions are written one by one.
const mostWrittenSums = 1024

// sum adds all elements up, in four sums at a time.
func (c *arrayCompiler) sum(n int) {
	const sums = 4
	bytes := c.whole.Bytes()
	vectors, rest := n/c.lanes, n%c.lanes
	for s := range amd64.Reg(sums) {
		c.Zero(s)
	}
	c.repeat(amd64.RCX, vectors/sums, func() {
		for s := range sums {
			c.Vector(c.f.Add, c.whole, all, amd64.Reg(s), amd64.Reg(s), amd64.At(arrayLeft, s*bytes))
		}
		c.DoConstant(amd64.Add, arrayLeft, int32(sums*bytes))
	})
	last := vectors % sums
	for s := range last {
		c.Vector(c.f.Add, c.whole, all, amd64.Reg(s), amd64.Reg(s), amd64.At(arrayLeft, s*bytes))
	}
	if rest > 0 {
		p := c.part(rest)
		c.cut(p)
		c.load(p, 4, amd64.At(arrayLeft, last*bytes))
		c.Vector(c.f.Add, c.whole, all, 3, 3, amd64.Reg(4))
	}
	c.Vector(c.f.Add, c.whole, all, 0, 0, amd64.Reg(1))
	c.Vector(c.f.Add, c.whole, all, 2, 2, amd64.Reg(3))
	c.Vector(c.f.Add, c.whole, all, 0, 0, amd64.Reg(2))
	c.across(0, 1)
	c.storeOne(amd64.At(arrayOut, 0), 0)
}

// across adds the lanes of a vector up into its first.
func (c *arrayCompiler) across(x, moment amd64.Reg) {
	if c.Wide {
		c.Vector(amd64.ShuffleLanes, c.whole, all, moment, x, x, 0x4e) // halves
		c.Vector(c.f.Add, c.whole, all, x, x, moment)
		c.Vector(amd64.ShuffleLanes, c.whole, all, moment, x, x, 0xb1) // quarters
		c.Vector(c.f.Add, c.whole, all, x, x, moment)
	} else {
		c.Vector(amd64.ExtractUpper, c.whole, all, x, amd64.NoReg, moment, 1)
		c.Vector(c.f.Add, amd64.Bits128, all, x, x, moment)
	}
	c.Vector(amd64.ShuffleInt, amd64.Bits128, all, moment, amd64.NoReg, x, 0x4e)
	c.Vector(c.f.Add, amd64.Bits128, all, x, x, moment)
	if c.bits == 32 {
		c.Vector(amd64.ShuffleInt, amd64.Bits128, all, moment, amd64.NoReg, x, 0xb1)
		c.Vector(c.f.Add, amd64.Bits128, all, x, x, moment)
	}
}

// scatterRounds gathers, for a vector of results, what is added first, what is added
// second and so on. Results that have no more are left alone; a vector of which no
// result has any is zero.
func (c *arrayCompiler) scatterRounds(from [][]int32, rounds int) {
	for first := 0; first < len(from); first += c.lanes {
		p := c.part(min(c.lanes, len(from)-first))
		c.cut(p)
		c.Zero(0)
		for r := range rounds {
			indices, mask := make([]int32, c.lanes), uint16(0)
			run, start := true, int32(0)
			for l := range p.lanes {
				if f := from[first+l]; r < len(f) {
					indices[l] = f[r]
					mask |= 1 << l
					start = f[r] - int32(l)
				}
			}
			for l := range p.lanes {
				run = run && (mask>>l&1 == 0 || indices[l] == start+int32(l))
			}
			if mask == 0 {
				break
			}
			to := amd64.Reg(min(r, 1))
			switch {
			case run && mask == 1<<p.lanes-1:
				c.load(p, to, amd64.At(arrayLeft, int(start)*c.size))
			default:
				c.gatherConstant(p, to, indices, mask)
			}
			if r > 0 {
				c.Vector(c.f.Add, p.length, all, 0, 0, amd64.Reg(1))
			}
		}
		c.store(p, amd64.At(arrayOut, first*c.size), 0)
	}
}

// gatherConstant gathers the lanes of a mask, zero for the others, into register dst.
// It changes registers 2 and 3.
func (c *arrayCompiler) gatherConstant(p arrayPart, dst amd64.Reg, indices []int32, mask uint16) {
	c.Vector(amd64.LoadInt, c.indexLength(p.length), all, 2, amd64.NoReg, c.int32Table(indices))
	c.Zero(dst)
	m := amd64.Indexed(arrayLeft, 2, uint8(c.size), 0)
	if c.Wide {
		c.maskOf(7, mask)
		c.Vector(c.f.Gather, p.length, amd64.Mask{K: 7}, dst, amd64.NoReg, m)
		return
	}
	var b []byte
	for l := range c.lanes {
		b = c.appendElement(b, -uint64(mask>>l&1))
	}
	c.Vector(c.f.Load, p.length, all, 3, amd64.NoReg, c.Table(b))
	c.Vector(c.f.Gather, p.length, all, dst, 3, m)
}

// scatterSums adds up in registers, for some results at a time.
func (c *arrayCompiler) scatterSums(from [][]int32) {
	const group = 14
	for first := 0; first < len(from); first += group {
		some := from[first:min(first+group, len(from))]
		for r, again := 0, true; again; r++ {
			again = false
			for s, f := range some {
				x := amd64.Reg(s)
				switch {
				case len(f) == 0 && r == 0:
					c.Zero(x)
				case r >= len(f):
					continue
				case r == 0:
					c.loadOne(x, amd64.At(arrayLeft, int(f[0])*c.size))
				default:
					c.Vector(amd64.Single(c.f.Add), amd64.Bits128, all, x, x, amd64.At(arrayLeft, int(f[r])*c.size))
				}
				again = again || r+1 < len(f)
			}
		}
		for s := range some {
			c.storeOne(amd64.At(arrayOut, (first+s)*c.size), amd64.Reg(s))
		}
	}
}

// scatterMemory adds one after the other to the results in memory.
func (c *arrayCompiler) scatterMemory(i *shaders.ArrayInstruction) {
	c.Zero(0)
	bytes := c.whole.Bytes()
	c.Move(amd64.RDX, arrayOut)
	c.repeat(amd64.RCX, i.M/c.lanes, func() {
		c.Vector(c.f.Store, c.whole, all, 0, amd64.NoReg, amd64.At(amd64.RDX, 0))
		c.DoConstant(amd64.Add, amd64.RDX, int32(bytes))
	})
	if rest := i.M % c.lanes; rest > 0 {
		p := c.part(rest)
		c.cut(p)
		c.store(p, amd64.At(amd64.RDX, 0), 0)
	}
	c.Address(amd64.RDX, c.int32Table(i.Indices))
	c.repeat(amd64.RCX, i.N, func() {
		c.LoadSigned32(amd64.RAX, amd64.At(amd64.RDX, 0))
		c.loadOne(0, amd64.At(arrayLeft, 0))
		to := amd64.Indexed(arrayOut, amd64.RAX, uint8(c.size), 0)
		c.Vector(amd64.Single(c.f.Add), amd64.Bits128, all, 0, 0, to)
		c.storeOne(to, 0)
		c.DoConstant(amd64.Add, amd64.RDX, 4)
		c.DoConstant(amd64.Add, arrayLeft, int32(c.size))
	})
}
