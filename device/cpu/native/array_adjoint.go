package native

import (
	"math"

	"github.com/hxgpu/hxgpu/device/cpu/amd64"
)

// choleskyAdjoint writes out (n,n) = the cotangent of the lower triangle of a matrix,
// given its factor L (left) and the cotangent of that (right), of which the lower
// triangles are read. With Q the symmetric matrix whose lower triangle is that of
// L' right, it is the lower triangle of L'^-1 Q L^-1, with half of the diagonal
// (Murray 2016, "Differentiation of the Cholesky decomposition").
func (c *arrayCompiler) choleskyAdjoint(n int) {
	square := n*n*c.size + lineBytes
	first, second, third := c.reserve(square), c.reserve(square), c.reserve(square)
	out, left := c.reserve(8), c.reserve(8)
	at := func(place int) amd64.Mem { return amd64.At(arrayFrame, place) }
	c.Store64(at(out), arrayOut)
	c.Store64(at(left), arrayLeft)
	lower := c.Table(c.triangleMask(n, false))
	strict := c.Table(c.triangleMask(n, true))

	// The lower triangles.
	c.Address(amd64.RSI, lower)
	c.Address(amd64.RDX, at(first))
	c.Address(amd64.RBX, at(second))
	c.flat(n*n, func(p arrayPart, e func(amd64.Reg) amd64.Mem) {
		c.load(p, 0, e(amd64.RSI))
		c.load(p, 1, e(arrayLeft))
		c.load(p, 2, e(arrayRight))
		c.Vector(c.f.And, p.length, all, 1, 1, amd64.Reg(0))
		c.Vector(c.f.And, p.length, all, 2, 2, amd64.Reg(0))
		c.store(p, e(amd64.RDX), 1)
		c.store(p, e(amd64.RBX), 2)
	})
	c.Address(arrayLeft, at(first))
	c.Address(arrayRight, at(second))
	c.Address(arrayOut, at(third))
	c.call(arrayRoutine{what: routineProduct, n: n, k: n, m: n, transposeA: true})

	// The symmetric matrix.
	c.Address(arrayLeft, at(third))
	c.Address(arrayOut, at(first))
	c.call(arrayRoutine{what: routineTranspose, n: n, m: n, from: n, to: n})
	c.Address(amd64.RSI, lower)
	c.flat(n*n, func(p arrayPart, e func(amd64.Reg) amd64.Mem) {
		c.load(p, 0, e(amd64.RSI))
		c.load(p, 1, e(arrayLeft))
		c.load(p, 2, e(arrayOut))
		c.Vector(c.f.And, p.length, all, 1, 1, amd64.Reg(0))
		c.Vector(c.f.AndNot, p.length, all, 0, 0, amd64.Reg(2))
		c.Vector(c.f.Or, p.length, all, 0, 0, amd64.Reg(1))
		c.store(p, e(arrayLeft), 0)
	})
	c.Move(arrayRight, arrayLeft)
	c.Load64(arrayLeft, at(left))
	c.Address(arrayOut, at(first))
	c.call(arrayRoutine{what: routineLowT, n: n, m: n})
	c.Move(arrayLeft, arrayOut)
	c.Address(arrayOut, at(second))
	c.call(arrayRoutine{what: routineTranspose, n: n, m: n, from: n, to: n})
	c.Move(arrayRight, arrayOut)
	c.Load64(arrayLeft, at(left))
	c.Address(arrayOut, at(first))
	c.call(arrayRoutine{what: routineLowT, n: n, m: n})

	// Its lower triangle, with half of the diagonal.
	c.Address(amd64.RSI, lower)
	c.Address(amd64.RBX, strict)
	c.Load64(amd64.RDX, at(out))
	c.broadcast(3, c.floatConstant(0.5))
	c.flat(n*n, func(p arrayPart, e func(amd64.Reg) amd64.Mem) {
		c.load(p, 0, e(arrayOut))
		c.load(p, 1, e(amd64.RSI))
		c.load(p, 2, e(amd64.RBX))
		c.Vector(c.f.And, p.length, all, 1, 0, amd64.Reg(1)) // with the diagonal
		c.Vector(c.f.And, p.length, all, 2, 0, amd64.Reg(2)) // without it
		c.Vector(c.f.Add, p.length, all, 1, 1, amd64.Reg(2))
		c.Vector(c.f.Mul, p.length, all, 1, 1, amd64.Reg(3))
		c.store(p, e(amd64.RDX), 1)
	})
}

// triangleMask has all bits of the elements of an n by n matrix set that are on or
// below its diagonal, or below it only.
func (c *arrayCompiler) triangleMask(n int, strict bool) []byte {
	var b []byte
	for r := range n {
		for k := range n {
			bits := uint64(0)
			if k < r || k == r && !strict {
				bits = math.MaxUint64
			}
			b = c.appendElement(b, bits)
		}
	}
	return b
}
