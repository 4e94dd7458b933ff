package devicetest

import (
	"math"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/shaders"
)

// Tolerance is how far one operation of a device may be off, in units in the
// last place of the result.
type Tolerance struct {
	Arithmetic     float64
	DivideAndSqrt  float64
	Transcendental float64
}

// Tolerances by precision.
//
// Float64: sums and products are correctly rounded; the oracle rounds too, which
// makes one unit, and two leave room for both. Quotients and roots may be off by
// 2.5 units on a GPU. Elementary functions are good to 2 units where quotients
// are, else to some more, and differ between platforms by as much.
//
// Float32: sums and products are correctly rounded everywhere; a shader may
// divide and take roots to 2.5 units, for divisors up to 2^126; its elementary
// functions, whether written out by us (2 units and what quotients add) or the
// graphics interface's own (exp: 3 + 2|x|), are good to some units in the
// interior of their range, hence 16, and |x| besides.
//
// In both, a device may take subnormal numbers for zero, as operands and as
// results: a number below the smallest normal one is uncertain by itself, a result
// near it by the smallest normal number.
var Tolerances = map[device.Precision]Tolerance{
	device.Float64: {Arithmetic: 2, DivideAndSqrt: 4, Transcendental: 8},
	device.Float32: {Arithmetic: 1, DivideAndSqrt: 3, Transcendental: 16},
}

// arithmetic describes the floats of a device.
type arithmetic struct {
	Tolerance
	unit float64 // spacing of floats just above 1
	tiny float64 // below it a device may flush to zero
	huge float64 // above it a value may overflow
	cut  func(float64) float64
}

func arithmeticOf(p device.Precision) arithmetic {
	if p == device.Float32 {
		return arithmetic{Tolerances[p], 0x1p-23, 0x1p-126, math.MaxFloat32 / 4, func(x float64) float64 { return float64(float32(x)) }}
	}
	return arithmetic{Tolerances[p], 0x1p-52, 0x1p-1022, math.MaxFloat64 / 4, func(x float64) float64 { return x }}
}

// number is a float with a bound on how far the device may be from it; an
// infinite bound means that nothing is known.
type number struct{ x, bound float64 }

var unknown = math.Inf(1)

// given is a number that a device gets from outside.
func (a arithmetic) given(x float64) number {
	x = a.cut(x)
	if size := math.Abs(x); size < a.tiny {
		return number{x, size}
	}
	return number{x: x}
}

// exponent is that of [shaders.OpExponent].
func (a arithmetic) exponent(p number) (int32, error) {
	of := func(size float64) int32 {
		switch {
		case math.IsNaN(size) || math.IsInf(size, 0):
			return int32(math.Ilogb(4*a.huge)) + 1
		case size < a.tiny:
			return int32(math.Ilogb(a.tiny)) - 1
		}
		return int32(math.Ilogb(size))
	}
	size := math.Abs(p.x)
	if size < a.tiny && p.bound <= size { // subnormal and given, it or zero
		return of(0), nil
	}
	if math.IsInf(p.bound, 1) || of(max(size-p.bound, 0)) != of(size+p.bound) {
		return 0, ErrRounding
	}
	return of(size), nil
}

// rounded is a result whose operands' errors make it uncertain by spread, after
// an operation that is good to units in the last place.
func (a arithmetic) rounded(x, spread, units float64) number {
	switch {
	case math.IsNaN(spread) || math.IsInf(spread, 1):
		return number{x, unknown}
	case math.IsNaN(x) || math.IsInf(x, 0):
		if spread > 0 {
			return number{x, unknown}
		}
		return number{x, 0}
	case math.Abs(x)+spread > a.huge:
		return number{x, unknown}
	case x == 0 && spread == 0:
		return number{x, 0}
	case math.Abs(x) < a.tiny*0x1p24:
		return number{x, spread + a.tiny + a.unit*units*math.Abs(x)}
	}
	return number{x, spread + a.unit*units*math.Abs(x)}
}

func (a arithmetic) binary(op shaders.Op, p, q number) number {
	x, y := p.x, q.x
	switch op {
	case shaders.OpAdd:
		return a.rounded(x+y, p.bound+q.bound, a.Arithmetic)
	case shaders.OpSub:
		return a.rounded(x-y, p.bound+q.bound, a.Arithmetic)
	case shaders.OpMul:
		return a.rounded(x*y, scaled(p.bound, y)+scaled(q.bound, x)+scaled(p.bound, q.bound), a.Arithmetic)
	case shaders.OpDiv:
		if size := math.Abs(y); size > a.huge && !math.IsInf(y, 0) {
			return number{x / y, unknown}
		}
		spread := 0.0
		if p.bound > 0 || q.bound > 0 {
			low := math.Abs(y) - q.bound
			if !(low > 0) {
				return number{x / y, unknown}
			}
			spread = p.bound/low + scaled(q.bound, x/y/low)
		}
		return a.rounded(x/y, spread, a.DivideAndSqrt)
	case shaders.OpMin:
		return number{min(x, y), max(p.bound, q.bound)}
	}
	return number{max(x, y), max(p.bound, q.bound)}
}

// scaled is bound times |x|, zero if there is no error to scale.
func scaled(bound, x float64) float64 {
	if bound == 0 {
		return 0
	}
	return bound * math.Abs(x)
}

var unaryFunctions = map[shaders.Op]func(float64) float64{
	shaders.OpSqrt: math.Sqrt, shaders.OpExp: math.Exp, shaders.OpLog: math.Log, shaders.OpLog1p: math.Log1p,
	shaders.OpExpm1: math.Expm1, shaders.OpTanh: math.Tanh, shaders.OpSin: math.Sin, shaders.OpCos: math.Cos,
}

func (a arithmetic) unary(op shaders.Op, p number) number {
	switch op {
	case shaders.OpNeg:
		return number{-p.x, p.bound}
	case shaders.OpAbs:
		return number{math.Abs(p.x), p.bound}
	}
	f, units := unaryFunctions[op], a.Transcendental
	x := f(p.x)
	spread := 0.0
	switch op {
	case shaders.OpSqrt:
		units = a.DivideAndSqrt
	case shaders.OpSin, shaders.OpCos:
		// The argument is reduced by pi: its own last place is what counts.
		if !math.IsNaN(x) && math.Abs(p.x) > 0 {
			spread = a.unit * units * math.Max(math.Abs(p.x), math.Min(1, a.tiny*0x1p24))
		}
		if math.Abs(p.x) > 1e4 && !math.IsNaN(x) {
			return number{x, unknown}
		}
	case shaders.OpExp:
		units += 2 * math.Min(math.Abs(p.x), 1e3)
	case shaders.OpLog:
		if p.x != 1 && !math.IsNaN(x) && !math.IsInf(x, 0) {
			spread = a.unit * 2 // near 1 the logarithm has no relative accuracy on a GPU
		}
	}
	if p.bound > 0 {
		// All of these are monotone or Lipschitz with constant 1.
		low, high := f(p.x-p.bound), f(p.x+p.bound)
		if op == shaders.OpSin || op == shaders.OpCos {
			spread += p.bound
		} else {
			spread += math.Max(math.Abs(high-x), math.Abs(low-x))
		}
	}
	return a.rounded(x, spread, units)
}
