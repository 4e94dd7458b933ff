package native

import (
	"github.com/hxgpu/hxgpu/device/cpu/amd64"
)

// flat writes a loop over elements that follow each other: the body is for a part at
// the address of a register, RCX, plus what is given.
func (c *arrayCompiler) flat(n int, body func(p arrayPart, at func(base amd64.Reg) amd64.Mem)) {
	const unrolled = 4
	vectors, bytes := n/c.lanes, c.whole.Bytes()
	from := func(offset int) func(amd64.Reg) amd64.Mem {
		return func(base amd64.Reg) amd64.Mem { return amd64.Indexed(base, counted, 1, offset) }
	}
	c.MoveConstant(counted, 0)
	if rounds := vectors / unrolled; rounds > 0 {
		top := c.NewLabel()
		c.Bind(top)
		for v := range unrolled {
			body(c.part(c.lanes), from(v*bytes))
		}
		c.DoConstant(amd64.Add, counted, int32(unrolled*bytes))
		c.DoConstant(amd64.Cmp, counted, int32(rounds*unrolled*bytes))
		c.JumpIf(amd64.Less, top)
	}
	for v := range vectors % unrolled {
		body(c.part(c.lanes), from(v*bytes))
	}
	if rest := n % c.lanes; rest > 0 {
		p := c.part(rest)
		c.cut(p)
		body(p, from(vectors%unrolled*bytes))
	}
}

// reciprocals stores the reciprocals of the diagonal of left (n,n) in the frame; that
// of zero is zero.
func (c *arrayCompiler) reciprocals(n int) (place int) {
	const index, x, y, moment = 0, 1, 2, 3
	place = c.reserve(n*c.size + lineBytes)
	indices := make([]int32, c.lanes)
	for l := range indices {
		indices[l] = int32(l * (n + 1))
	}
	c.Vector(amd64.LoadInt, c.indexLength(c.whole), all, index, amd64.NoReg, c.int32Table(indices))
	for v, p := range c.parts(n) {
		c.cut(p)
		c.Address(amd64.RAX, amd64.At(arrayLeft, v*c.lanes*(n+1)*c.size))
		c.gatherVector(p, x, amd64.RAX, 0, index, moment)
		c.broadcast(y, c.floatConstant(1))
		c.reciprocal(p.length, y, x)
		c.Vector(c.f.Store, c.whole, all, y, amd64.NoReg, amd64.At(arrayFrame, place+v*c.whole.Bytes()))
	}
	return place
}

// reciprocal is y = y/x, zero where x is zero. It changes mask 2 or, with AVX2, x.
func (c *arrayCompiler) reciprocal(l amd64.Length, y, x amd64.Reg) {
	const notEqual = 4 // or NaN
	zero := c.bitsConstant(0)
	if c.Wide {
		c.Vector(c.f.Div, l, all, y, y, x) // not under the mask, for which it would wait
		c.Vector(c.f.Compare, l, all, 2, x, zero, notEqual)
		c.Vector(c.f.Load, l, amd64.Mask{K: 2, Zero: true}, y, amd64.NoReg, y)
		return
	}
	c.Vector(c.f.Div, l, all, y, y, x)
	c.Vector(c.f.Compare, l, all, x, x, zero, notEqual)
	c.Vector(c.f.And, l, all, y, y, x)
}

// triangular writes out (n,m) = the solution of left out = right, or of left' out =
// right, for a lower triangular left. Blocks of rows stand in registers, a vector of
// columns at a time; rows of earlier blocks are taken off in a loop.
func (c *arrayCompiler) triangular(n, m int, transposed bool) {
	if n == 0 || m == 0 {
		return
	}
	t := triangle{c: c, n: n, m: m, transposed: transposed, reciprocals: c.reciprocals(n)}
	panel := func(p arrayPart) {
		block := 16
		if !c.Wide {
			block = 10
		}
		if c.Wide && n <= 26 {
			block = n
		}
		for first := 0; first < n; first += block {
			t.block(p, first, min(block, n-first))
		}
	}
	c.Move(amd64.RSI, arrayRight)
	c.Move(amd64.RDX, arrayOut)
	c.repeat(amd64.RCX, m/c.lanes, func() {
		panel(c.part(c.lanes))
		c.DoConstant(amd64.Add, amd64.RSI, int32(c.whole.Bytes()))
		c.DoConstant(amd64.Add, amd64.RDX, int32(c.whole.Bytes()))
	})
	if rest := m % c.lanes; rest > 0 {
		p := c.part(rest)
		c.cut(p)
		panel(p)
	}
}

// triangle is a triangular system. Its unknowns are numbered in the order in which
// they are found: row by row, or from the last row on if it is transposed.
type triangle struct {
	c           *arrayCompiler
	n, m        int
	transposed  bool
	reciprocals int // place
}

func (t *triangle) row(q int) int {
	if t.transposed {
		return t.n - 1 - q
	}
	return q
}

// factor is where the matrix has the factor of unknown k in the equation of unknown q.
func (t *triangle) factor(q, k int) int {
	if t.transposed {
		return t.row(k)*t.n + t.row(q)
	}
	return t.row(q)*t.n + t.row(k)
}

// block finds some unknowns for the columns of a part: from right at RSI, to out at
// RDX.
func (t *triangle) block(p arrayPart, first, count int) {
	c := t.c
	known, moment := amd64.Reg(count), amd64.Reg(count+1)
	for q := range count {
		c.load(p, amd64.Reg(q), amd64.At(amd64.RSI, t.row(first+q)*t.m*c.size))
	}
	if first > 0 {
		stepOut, stepFactor := t.m*c.size, c.size
		if t.transposed {
			stepOut, stepFactor = -stepOut, -t.n*c.size
		}
		c.Address(amd64.RBX, amd64.At(amd64.RDX, t.row(0)*t.m*c.size))
		c.Move(amd64.R12, arrayLeft)
		c.repeat(amd64.RAX, first, func() {
			c.load(p, known, amd64.At(amd64.RBX, 0))
			for q := range count {
				c.withElement(c.f.FusedSub231, c.wide(p), amd64.Reg(q), known, amd64.At(amd64.R12, t.factor(first+q, 0)*c.size), moment)
			}
			c.DoConstant(amd64.Add, amd64.RBX, int32(stepOut))
			c.DoConstant(amd64.Add, amd64.R12, int32(stepFactor))
		})
	}
	for q := range count {
		x := amd64.Reg(q)
		c.withElement(c.f.Mul, c.wide(p), x, x, amd64.At(arrayFrame, t.reciprocals+t.row(first+q)*c.size), moment)
		for later := q + 1; later < count; later++ {
			c.withElement(c.f.FusedSub231, c.wide(p), amd64.Reg(later), x, amd64.At(arrayLeft, t.factor(first+later, first+q)*c.size), moment)
		}
		c.store(p, amd64.At(amd64.RDX, t.row(first+q)*t.m*c.size), x)
	}
}
