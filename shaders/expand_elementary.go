package shaders

import "math"

// elementary writes elementary functions for floats of 32 or 64 bits.
//
// Sources: fdlibm (Sun Microsystems 1993) with its single-precision form in
// FreeBSD's msun (Ian Lance Taylor, Cygnus Support), and Cephes (Moshier 1984-2000)
// for expf, sinf and cosf. Branches have become selections: what is computed for
// the other branch must be harmless, so arguments beyond a function's range are
// first replaced.
type elementary struct {
	*Builder
	bits int
}

// function is op of x, OpExp to OpCos.
func (e elementary) function(op Op, x Value) Value {
	if c, ok := e.constant(x); ok {
		if e.bits == 32 {
			c = float64(float32(c))
		}
		return e.Const(foldUnary(op, c))
	}
	switch op {
	case OpExp:
		return e.exp(x)
	case OpExpm1:
		return e.expm1(x)
	case OpTanh:
		return e.tanh(x)
	case OpLog:
		return e.log(x)
	case OpLog1p:
		return e.log1p(x)
	}
	return e.sine(op, x)
}

// pick is the number for the precision.
func (e elementary) pick(single, double float64) float64 {
	if e.bits == 32 {
		return single
	}
	return double
}

// largest is the largest finite number.
func (e elementary) largest() float64 { return e.pick(math.MaxFloat32, math.MaxFloat64) }

func (e elementary) add(x, y Value) Value { return e.Binary(OpAdd, x, y) }
func (e elementary) sub(x, y Value) Value { return e.Binary(OpSub, x, y) }
func (e elementary) mul(x, y Value) Value { return e.Binary(OpMul, x, y) }
func (e elementary) div(x, y Value) Value { return e.Binary(OpDiv, x, y) }

// times is c x.
func (e elementary) times(c float64, x Value) Value { return e.mul(e.Const(c), x) }

// within is low <= x <= high, false for NaN.
func (e elementary) within(low float64, x Value, high float64) Value {
	return e.And(e.Compare(OpLessEqual, e.Const(low), x), e.Compare(OpLessEqual, x, e.Const(high)))
}

// below is x < c.
func (e elementary) below(x Value, c float64) Value { return e.Compare(OpLess, x, e.Const(c)) }

// above is c < x.
func (e elementary) above(x Value, c float64) Value { return e.Compare(OpLess, e.Const(c), x) }
