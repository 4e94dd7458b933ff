package native

import (
	"math"

	"github.com/hxgpu/hxgpu/device/cpu/amd64"
)

// padded is a number of elements, rounded up to whole vectors.
func (c *arrayCompiler) padded(n int) int { return (n + c.lanes - 1) / c.lanes * c.lanes }

// mostRowVectors bounds the sizes of matrices whose rows are worked on vector by vector
// without a loop.
const mostRowVectors = 24

// cholesky writes out (n,n) = the factor of left, of which the lower triangle is read.
//
// The columns of the matrix become rows of a scratch matrix, in whole vectors. Column k
// is subtracted from the later ones, column k by column k's element j over the pivot;
// roots of pivots are drawn when all are known, so that only quotients are waited for.
// A pivot that is zero makes its column zero; one below zero makes it, and what
// follows, NaN.
func (c *arrayCompiler) cholesky(n int) {
	stride := c.padded(n)
	if stride/c.lanes > mostRowVectors {
		c.Fail("%w: a factor of %d rows", ErrNoCode, n)
		return
	}
	f := &factorization{c: c, n: n, stride: stride, columns: c.reserve(n * stride * c.size), scaled: c.reserve(n * stride * c.size),
		pivots: c.reserve(stride * c.size), roots: c.reserve(stride * c.size), out: c.reserve(8)}
	c.Store64(amd64.At(arrayFrame, f.out), arrayOut)
	c.Address(arrayOut, amd64.At(arrayFrame, f.columns))
	c.call(arrayRoutine{what: routineTranspose, n: n, m: n, from: n, to: stride, triangle: lowerTriangle})
	if f.registers() <= 24 && c.Wide {
		f.inRegisters()
	} else {
		f.inMemory()
	}
	c.Address(arrayLeft, amd64.At(arrayFrame, f.columns))
	c.Load64(arrayOut, amd64.At(arrayFrame, f.out))
	c.call(arrayRoutine{what: routineTranspose, n: n, m: n, from: stride, to: n, triangle: upperTriangle})
}

// factorization has places in the frame.
type factorization struct {
	c       *arrayCompiler
	n       int
	stride  int
	columns int // n by stride
	scaled  int // columns over their pivots; one place for the latest if they stand in registers
	pivots  int
	roots   int // reciprocals of the pivots' roots
	out     int
}

// registers is how many vectors the columns have, from their diagonal on.
func (f *factorization) registers() int {
	total := 0
	for j := range f.n {
		total += f.stride/f.c.lanes - j/f.c.lanes
	}
	return total
}

func (f *factorization) place(at int) amd64.Mem { return amd64.At(arrayFrame, at) }

// inRegisters keeps all columns in registers.
func (f *factorization) inRegisters() {
	c := f.c
	bytes := c.whole.Bytes()
	const moment, quotient = amd64.Reg(31), amd64.Reg(30)
	first := make([]amd64.Reg, f.n) // of each column
	next := amd64.Reg(0)
	count := f.stride / c.lanes
	for j := range f.n {
		first[j] = next
		next += amd64.Reg(count - j/c.lanes)
	}
	vector := func(j, v int) amd64.Reg { return first[j] + amd64.Reg(v-j/c.lanes) }
	permute := amd64.Permute64
	if c.bits == 32 {
		permute = amd64.Permute32
	}
	spreadLane := func(dst, src amd64.Reg, lane int) {
		var b []byte
		for range c.lanes {
			b = c.appendElement(b, uint64(lane))
		}
		c.Vector(c.f.Load, c.whole, all, dst, amd64.NoReg, c.Table(b))
		c.Vector(permute, c.whole, all, dst, dst, src)
	}
	for j := range f.n {
		for v := j / c.lanes; v < count; v++ {
			c.Vector(c.f.Load, c.whole, all, vector(j, v), amd64.NoReg, f.place(f.columns+j*f.stride*c.size+v*bytes))
		}
	}
	for k := range f.n {
		own := k / c.lanes
		spreadLane(moment, vector(k, own), k%c.lanes)
		f.pivot(k, quotient, moment)
		for v := own; v < count; v++ {
			c.Vector(c.f.Mul, c.whole, all, 24+amd64.Reg(v%2), vector(k, v), quotient)
			if k+1 < f.n {
				c.Vector(c.f.Store, c.whole, all, 24+amd64.Reg(v%2), amd64.NoReg, f.place(f.scaled+v*bytes))
			}
			if j := k + 1; j < f.n && j/c.lanes == v { // the next column is waited for
				spreadLane(moment, 24+amd64.Reg(v%2), j%c.lanes)
			}
		}
		for j := k + 1; j < f.n; j++ {
			for v := j / c.lanes; v < count; v++ {
				if j == k+1 {
					c.Vector(c.f.FusedSub231, c.whole, all, vector(j, v), vector(k, v), moment)
				} else {
					c.Vector(c.f.FusedSub231, c.whole, all, vector(j, v), vector(k, v), toAll(f.place(f.scaled+j*c.size)))
				}
			}
		}
	}
	f.findRoots()
	for j := range f.n {
		own := j / c.lanes
		for v := range count {
			to := f.place(f.columns + j*f.stride*c.size + v*bytes)
			switch {
			case v < own:
				c.Zero(moment)
				c.Vector(c.f.Store, c.whole, all, moment, amd64.NoReg, to)
				continue
			case v == own:
				c.maskOf(2, uint16(math.MaxUint16<<(j%c.lanes)))
				c.Vector(c.f.Mul, c.whole, amd64.Mask{K: 2, Zero: true}, moment, vector(j, v), toAll(f.place(f.roots+j*c.size)))
			default:
				c.Vector(c.f.Mul, c.whole, all, moment, vector(j, v), toAll(f.place(f.roots+j*c.size)))
			}
			c.Vector(c.f.Store, c.whole, all, moment, amd64.NoReg, to)
		}
	}
}

// pivot keeps a pivot that stands in all lanes of x, and leaves its reciprocal in all
// lanes of y: zero for zero, NaN below zero. It changes x.
func (f *factorization) pivot(k int, y, x amd64.Reg) {
	c := f.c
	const one = amd64.Bits128 // the shortest quotients are fastest
	if k >= 0 {
		c.storeOne(f.place(f.pivots+k*c.size), x)
	}
	c.broadcast(y, c.floatConstant(1))
	if c.Wide {
		c.Vector(c.f.Compare, one, all, 3, x, c.bitsConstant(0), amd64.CompareLess)
		c.reciprocal(one, y, x)
		c.Vector(c.f.Broadcast, c.whole, amd64.Mask{K: 3}, y, amd64.NoReg, c.floatConstant(math.NaN()))
		c.Vector(c.f.Broadcast, c.whole, all, y, amd64.NoReg, y)
		return
	}
	moment := amd64.Reg(14)
	c.Vector(c.f.Compare, one, all, moment, x, c.bitsConstant(0), amd64.CompareLess) // all bits of a lane are a NaN
	c.reciprocal(one, y, x)
	c.Vector(c.f.Or, one, all, y, y, moment)
	c.Vector(c.f.Broadcast, c.whole, all, y, amd64.NoReg, y)
}

// findRoots finds the reciprocals of the roots of all pivots. It changes registers 29
// to 31, or 11 to 13 with AVX2.
func (f *factorization) findRoots() {
	c := f.c
	x, y := amd64.Reg(30), amd64.Reg(31)
	if !c.Wide {
		x, y = 12, 13
	}
	for v := range f.stride / c.lanes {
		c.Vector(c.f.Sqrt, c.whole, all, x, amd64.NoReg, f.place(f.pivots+v*c.whole.Bytes()))
		c.broadcast(y, c.floatConstant(1))
		c.reciprocal(c.whole, y, x)
		c.Vector(c.f.Store, c.whole, all, y, amd64.NoReg, f.place(f.roots+v*c.whole.Bytes()))
	}
}

// Registers of a factorization in memory.
const (
	factorColumn = amd64.RSI // of the columns
	factorPivot  = amd64.RBX // in it
	factorOther  = amd64.RDX // a later column
	factorScaled = amd64.R10 // the column over its pivot
	factorLater  = amd64.R15 // in that, the element of the next column
	factorEach   = amd64.RAX // the elements of later ones
	factorKept   = amd64.R11 // where the pivot is kept
	factorInner  = amd64.RCX
	factorOuter  = amd64.R12
)

// inMemory works on the columns in memory: on those that begin in the same vector
// together. All earlier columns are taken off them first, with their sums in registers,
// then each of them off the later ones.
func (f *factorization) inMemory() {
	c := f.c
	const x, moment, factor, quotient = amd64.Reg(0), amd64.Reg(1), amd64.Reg(2), amd64.Reg(3)
	bytes, count := c.whole.Bytes(), f.stride/c.lanes
	step := f.stride * c.size
	c.Address(factorColumn, f.place(f.columns))
	c.Move(factorPivot, factorColumn)
	c.Address(factorScaled, f.place(f.scaled))
	c.Address(factorLater, f.place(f.scaled+c.size))
	c.Address(factorKept, f.place(f.pivots))
	for own := range count {
		columns := min(c.lanes, f.n-own*c.lanes)
		if own > 0 {
			f.takeEarlier(own, columns)
		}
		top, none, loop := c.NewLabel(), c.NewLabel(), c.NewLabel()
		c.MoveConstant(factorOuter, int64(columns))
		c.Bind(top)
		c.broadcast(moment, amd64.At(factorPivot, 0))
		c.storeOne(amd64.At(factorKept, 0), moment)
		f.pivot(-1, quotient, moment)
		for v := own; v < count; v++ {
			c.Vector(c.f.Mul, c.whole, all, x, quotient, amd64.At(factorColumn, v*bytes))
			c.Vector(c.f.Store, c.whole, all, x, amd64.NoReg, amd64.At(factorScaled, v*bytes))
		}
		c.Address(factorOther, amd64.At(factorColumn, step))
		c.Move(factorEach, factorLater)
		c.Address(factorInner, amd64.At(factorOuter, -1))
		c.Test(factorInner, factorInner)
		c.JumpIf(amd64.Equal, none)
		c.Bind(loop)
		c.broadcast(factor, amd64.At(factorEach, 0))
		for v := own; v < count; v++ {
			r := x + 4*amd64.Reg(v%2)
			c.Vector(c.f.Load, c.whole, all, r, amd64.NoReg, amd64.At(factorOther, v*bytes))
			c.Vector(c.f.FusedSub231, c.whole, all, r, factor, amd64.At(factorColumn, v*bytes))
			c.Vector(c.f.Store, c.whole, all, r, amd64.NoReg, amd64.At(factorOther, v*bytes))
		}
		c.DoConstant(amd64.Add, factorEach, int32(c.size))
		c.DoConstant(amd64.Add, factorOther, int32(step))
		c.DoConstant(amd64.Sub, factorInner, 1)
		c.JumpIf(amd64.NotEqual, loop)
		c.Bind(none)
		c.DoConstant(amd64.Add, factorColumn, int32(step))
		c.DoConstant(amd64.Add, factorScaled, int32(step))
		c.DoConstant(amd64.Add, factorPivot, int32(step+c.size))
		c.DoConstant(amd64.Add, factorLater, int32(step+c.size))
		c.DoConstant(amd64.Add, factorKept, int32(c.size))
		c.DoConstant(amd64.Sub, factorOuter, 1)
		c.JumpIf(amd64.NotEqual, top)
	}
	f.findRoots()
	f.scaleColumns()
}

// takeEarlier takes all columns before those that begin in a vector off these, vector
// by vector.
func (f *factorization) takeEarlier(own, columns int) {
	c := f.c
	x, moment := amd64.Reg(columns), amd64.Reg(columns+1)
	bytes, step := c.whole.Bytes(), f.stride*c.size
	c.Address(factorOther, f.place(f.columns+own*bytes)) // of the first column
	earlier := own * c.lanes
	c.repeatIn(f.stride/c.lanes-own, func() {
		at := func(j int) amd64.Mem { return amd64.At(factorOther, (earlier+j)*step) }
		for j := range columns {
			c.Vector(c.f.Load, c.whole, all, amd64.Reg(j), amd64.NoReg, at(j))
		}
		c.Move(factorEach, factorOther)
		c.Address(factorOuter, f.place(f.scaled+earlier*c.size))
		c.repeat(factorInner, earlier, func() {
			c.Vector(c.f.Load, c.whole, all, x, amd64.NoReg, amd64.At(factorEach, 0))
			for j := range columns {
				c.withElement(c.f.FusedSub231, c.whole, amd64.Reg(j), x, amd64.At(factorOuter, j*c.size), moment)
			}
			c.DoConstant(amd64.Add, factorEach, int32(step))
			c.DoConstant(amd64.Add, factorOuter, int32(step))
		})
		for j := range columns {
			c.Vector(c.f.Store, c.whole, all, amd64.Reg(j), amd64.NoReg, at(j))
		}
		c.DoConstant(amd64.Add, factorOther, int32(bytes))
	})
}

// scaleColumns divides the columns by the roots of their pivots and clears what is
// above the diagonal.
func (f *factorization) scaleColumns() {
	c := f.c
	const x, root, zero = amd64.Reg(0), amd64.Reg(1), amd64.Reg(2)
	bytes, count := c.whole.Bytes(), f.stride/c.lanes
	var masks []byte // of the vector that has the diagonal
	for j := range c.lanes {
		for l := range c.lanes {
			bits := uint64(0)
			if l >= j {
				bits = math.MaxUint64
			}
			masks = c.appendElement(masks, bits)
		}
	}
	c.Zero(zero)
	c.Address(amd64.RSI, f.place(f.columns))
	c.Address(amd64.RBX, f.place(f.roots))
	for own := range count {
		c.Address(amd64.RDX, c.Table(masks))
		c.repeat(amd64.RCX, min(c.lanes, f.n-own*c.lanes), func() {
			c.broadcast(root, amd64.At(amd64.RBX, 0))
			for v := range count {
				to := amd64.At(amd64.RSI, v*bytes)
				if v < own {
					c.Vector(c.f.Store, c.whole, all, zero, amd64.NoReg, to)
					continue
				}
				c.Vector(c.f.Mul, c.whole, all, x, root, to)
				if v == own {
					c.Vector(c.f.And, c.whole, all, x, x, amd64.At(amd64.RDX, 0))
				}
				c.Vector(c.f.Store, c.whole, all, x, amd64.NoReg, to)
			}
			c.DoConstant(amd64.Add, amd64.RSI, int32(f.stride*c.size))
			c.DoConstant(amd64.Add, amd64.RBX, int32(c.size))
			c.DoConstant(amd64.Add, amd64.RDX, int32(bytes))
		})
	}
}
