package native

import "github.com/hxgpu/hxgpu/device/cpu/amd64"

// mostSystemVectors bounds how long rows of a system are: their vectors are written
// one by one.
const mostSystemVectors = 64

// system is a system of linear equations in scratch memory: its rows are those of the
// matrix, in whole vectors, and those of the right sides.
type system struct {
	c      *arrayCompiler
	n, m   int
	rows   int // place
	stride int // elements from row to row
	right  int // elements from a row's beginning to its right sides
}

// Registers of an elimination.
const (
	systemPivotRow = amd64.RSI // the row of the pivot
	systemPivot    = amd64.RDX // the pivot
	systemRow      = amd64.RBX // a later row
	systemFactor   = amd64.R12 // what stands below the pivot in it
	systemRows     = amd64.RCX // how many rows are left
	systemLater    = amd64.RAX // how many later rows are left
)

// solve writes out (n,m) = the solution of left out = right.
func (c *arrayCompiler) solve(n, m int) {
	s := c.system(n, m)
	s.fill()
	s.eliminate()
	s.substitute()
}

// diagonal writes out (n) = the pivots of left.
func (c *arrayCompiler) diagonal(n int) {
	s := c.system(n, 0)
	s.fill()
	s.eliminate()
	c.Address(amd64.RSI, amd64.At(arrayFrame, s.rows))
	c.Move(amd64.RDX, arrayOut)
	c.repeat(amd64.RCX, n, func() {
		c.loadOne(0, amd64.At(amd64.RSI, 0))
		c.storeOne(amd64.At(amd64.RDX, 0), 0)
		c.DoConstant(amd64.Add, amd64.RSI, int32((s.stride+1)*c.size))
		c.DoConstant(amd64.Add, amd64.RDX, int32(c.size))
	})
}

func (c *arrayCompiler) system(n, m int) *system {
	s := &system{c: c, n: n, m: m, right: c.padded(n), stride: c.padded(n) + c.padded(m)}
	if s.stride/c.lanes > mostSystemVectors {
		c.Fail("%w: a system of %d equations with %d right sides", ErrNoCode, n, m)
	}
	s.rows = c.reserve(n * s.stride * c.size)
	return s
}

// fill copies the matrix and the right sides.
func (s *system) fill() {
	c := s.c
	copyRows := func(from amd64.Reg, width, to int) {
		if width == 0 {
			return
		}
		parts := c.parts(width)
		c.cut(parts[len(parts)-1])
		c.Move(amd64.RSI, from)
		c.Address(amd64.RDX, amd64.At(arrayFrame, s.rows+to*c.size))
		c.repeat(amd64.RCX, s.n, func() {
			for v, p := range parts {
				r := amd64.Reg(v % 8)
				c.load(p, r, amd64.At(amd64.RSI, v*c.whole.Bytes()))
				c.Vector(c.f.Store, c.whole, all, r, amd64.NoReg, amd64.At(amd64.RDX, v*c.whole.Bytes()))
			}
			c.DoConstant(amd64.Add, amd64.RSI, int32(width*c.size))
			c.DoConstant(amd64.Add, amd64.RDX, int32(s.stride*c.size))
		})
	}
	copyRows(arrayLeft, s.n, 0)
	copyRows(arrayRight, s.m, s.right)
}

// eliminate brings the matrix to upper triangular form. A row is exchanged with the
// pivot's when its element is larger, one after the other, as other devices do.
func (s *system) eliminate() {
	c := s.c
	step, count, bytes := s.stride*c.size, s.stride/c.lanes, c.whole.Bytes()
	const pivot, element, reciprocal, factor = amd64.Reg(0), amd64.Reg(1), amd64.Reg(2), amd64.Reg(3)
	later := func(body func()) { // for each row below the pivot's
		c.Address(systemRow, amd64.At(systemPivotRow, step))
		c.Address(systemFactor, amd64.At(systemPivot, step))
		c.Address(systemLater, amd64.At(systemRows, -1))
		top, none := c.NewLabel(), c.NewLabel()
		c.Test(systemLater, systemLater)
		c.JumpIf(amd64.Equal, none)
		c.Bind(top)
		body()
		c.DoConstant(amd64.Add, systemRow, int32(step))
		c.DoConstant(amd64.Add, systemFactor, int32(step))
		c.DoConstant(amd64.Sub, systemLater, 1)
		c.JumpIf(amd64.NotEqual, top)
		c.Bind(none)
	}
	size := func(dst amd64.Reg, m amd64.Mem) { // the absolute value of an element
		c.loadOne(dst, m)
		c.Vector(c.f.And, amd64.Bits128, all, dst, dst, c.bitsConstant(c.signBit()-1))
	}
	c.Address(systemPivotRow, amd64.At(arrayFrame, s.rows))
	c.Move(systemPivot, systemPivotRow)
	c.MoveConstant(systemRows, int64(s.n))
	top := c.NewLabel()
	c.Bind(top)
	size(pivot, amd64.At(systemPivot, 0))
	later(func() {
		keep := c.NewLabel()
		size(element, amd64.At(systemFactor, 0))
		c.Flags(c.bits, element, pivot)
		c.JumpIf(amd64.BelowEqual, keep)
		c.Vector(c.f.Load, amd64.Bits128, all, pivot, amd64.NoReg, element)
		for v := range count {
			x, y := amd64.At(systemPivotRow, v*bytes), amd64.At(systemRow, v*bytes)
			c.Vector(c.f.Load, c.whole, all, 4, amd64.NoReg, x)
			c.Vector(c.f.Load, c.whole, all, 5, amd64.NoReg, y)
			c.Vector(c.f.Store, c.whole, all, 5, amd64.NoReg, x)
			c.Vector(c.f.Store, c.whole, all, 4, amd64.NoReg, y)
		}
		c.Bind(keep)
	})
	c.loadOne(reciprocal, c.floatConstant(1))
	c.Vector(amd64.Single(c.f.Div), amd64.Bits128, all, reciprocal, reciprocal, amd64.At(systemPivot, 0))
	later(func() {
		c.Vector(amd64.Single(c.f.Mul), amd64.Bits128, all, factor, reciprocal, amd64.At(systemFactor, 0))
		c.Vector(c.f.Broadcast, c.whole, all, factor, amd64.NoReg, factor)
		s.subtract(systemRow, systemPivotRow, 0, count, factor)
	})
	c.DoConstant(amd64.Add, systemPivotRow, int32(step))
	c.DoConstant(amd64.Add, systemPivot, int32(step+c.size))
	c.DoConstant(amd64.Sub, systemRows, 1)
	c.JumpIf(amd64.NotEqual, top)
}

// subtract takes a factor times vectors of one row off those of another.
func (s *system) subtract(row, of amd64.Reg, from, to int, factor amd64.Reg) {
	c := s.c
	for v := from; v < to; v++ {
		r, m := 4+amd64.Reg(v%4), amd64.At(row, v*c.whole.Bytes())
		c.Vector(c.f.Load, c.whole, all, r, amd64.NoReg, m)
		c.Vector(c.f.FusedSub231, c.whole, all, r, factor, amd64.At(of, v*c.whole.Bytes()))
		c.Vector(c.f.Store, c.whole, all, r, amd64.NoReg, m)
	}
}

// substitute finds the unknowns, from the last on.
func (s *system) substitute() {
	c := s.c
	step, bytes := s.stride*c.size, c.whole.Bytes()
	from, to := s.right/c.lanes, s.stride/c.lanes
	const reciprocal, factor, x = amd64.Reg(2), amd64.Reg(3), amd64.Reg(4)
	parts := c.parts(s.m)
	c.cut(parts[len(parts)-1])
	c.Address(systemPivotRow, amd64.At(arrayFrame, s.rows+(s.n-1)*step))
	c.Address(systemPivot, amd64.At(systemPivotRow, (s.n-1)*c.size))
	c.Address(amd64.R15, amd64.At(arrayOut, (s.n-1)*s.m*c.size))
	c.MoveConstant(systemRows, int64(s.n))
	top := c.NewLabel()
	c.Bind(top)
	c.loadOne(reciprocal, c.floatConstant(1))
	c.Vector(amd64.Single(c.f.Div), amd64.Bits128, all, reciprocal, reciprocal, amd64.At(systemPivot, 0))
	c.Vector(c.f.Broadcast, c.whole, all, reciprocal, amd64.NoReg, reciprocal)
	for v := from; v < to; v++ {
		m := amd64.At(systemPivotRow, v*bytes)
		c.Vector(c.f.Mul, c.whole, all, x, reciprocal, m)
		c.Vector(c.f.Store, c.whole, all, x, amd64.NoReg, m)
		c.store(parts[v-from], amd64.At(amd64.R15, (v-from)*bytes), x)
	}
	c.Move(systemRow, systemPivotRow)
	c.Move(systemFactor, systemPivot)
	c.Address(systemLater, amd64.At(systemRows, -1))
	again, none := c.NewLabel(), c.NewLabel()
	c.Test(systemLater, systemLater)
	c.JumpIf(amd64.Equal, none)
	c.Bind(again)
	c.DoConstant(amd64.Sub, systemRow, int32(step))
	c.DoConstant(amd64.Sub, systemFactor, int32(step))
	c.broadcast(factor, amd64.At(systemFactor, 0))
	s.subtract(systemRow, systemPivotRow, from, to, factor)
	c.DoConstant(amd64.Sub, systemLater, 1)
	c.JumpIf(amd64.NotEqual, again)
	c.Bind(none)
	c.DoConstant(amd64.Sub, systemPivotRow, int32(step))
	c.DoConstant(amd64.Sub, systemPivot, int32(step+c.size))
	c.DoConstant(amd64.Sub, amd64.R15, int32(s.m*c.size))
	c.DoConstant(amd64.Sub, systemRows, 1)
	c.JumpIf(amd64.NotEqual, top)
}
