package shaders

import "math"

// mantissa writes a positive normal number u as 2^k (1 + f) with
// sqrt(2)/2 <= 1 + f < sqrt(2), k a float.
func (e elementary) mantissa(u Value) (k, f Value) {
	exponent := e.Exponent(u)
	// Half of it is scaled at a time: the reciprocal of the largest power of two is
	// not a normal number.
	m := e.times(0.5, e.mul(u, e.PowerOfTwo(e.Integer(OpSubInt, e.ConstInt(1), exponent))))
	large := e.Compare(OpLessEqual, e.Const(math.Sqrt2), m)
	k = e.IntToFloat(exponent)
	k = e.Select(large, e.add(k, e.Const(1)), k)
	return k, e.sub(e.Select(large, e.times(0.5, m), m), e.Const(1))
}

// logarithm is k log 2 + log(1 + f) + c, c being small.
func (e elementary) logarithm(k, f, c Value) Value {
	s := e.div(f, e.add(e.Const(2), f))
	z := e.mul(s, s)
	w := e.mul(z, z)
	var odd, even Value
	if e.bits == 32 {
		odd = e.mul(z, e.polynomial(w, 0xaaaaaa.0p-24, 0x91e9ee.0p-25))
		even = e.mul(w, e.polynomial(w, 0xccce13.0p-25, 0xf89e26.0p-26))
	} else {
		odd = e.mul(z, e.polynomial(w, 6.666666666666735130e-01, 2.857142874366239149e-01, 1.818357216161805012e-01, 1.479819860511658591e-01))
		even = e.mul(w, e.polynomial(w, 3.999999999940941908e-01, 2.222219843214978396e-01, 1.531383769920937332e-01))
	}
	half := e.mul(e.times(0.5, f), f)
	log2High, log2Low := e.log2Parts()
	tail := e.add(e.mul(s, e.add(half, e.add(odd, even))), e.add(e.times(log2Low, k), c))
	return e.sub(e.times(log2High, k), e.sub(e.sub(half, tail), f))
}

// outside is a logarithm where its argument is not between zero and the largest
// number: -Inf at zero, NaN below, x itself for Inf and NaN.
func (e elementary) outside(argument, x Value, zero float64) Value {
	beyond := e.Select(e.below(x, zero), e.Const(math.NaN()), x)
	return e.Select(e.Compare(OpEqual, argument, e.Const(zero)), e.Const(math.Inf(-1)), beyond)
}

func (e elementary) log(x Value) Value {
	valid := e.And(e.above(x, 0), e.Compare(OpLessEqual, x, e.Const(e.largest())))
	s := e.Select(valid, x, e.Const(1))
	// Subnormal numbers are made normal.
	digits := e.pick(24, 53)
	tiny := e.below(s, e.pick(0x1p-126, 0x1p-1022))
	k, f := e.mantissa(e.Select(tiny, e.times(math.Ldexp(1, int(digits)), s), s))
	k = e.Select(tiny, e.sub(k, e.Const(digits)), k)
	return e.Select(valid, e.logarithm(k, f, e.Const(0)), e.outside(x, x, 0))
}

func (e elementary) log1p(x Value) Value {
	valid := e.And(e.above(x, -1), e.Compare(OpLessEqual, x, e.Const(e.largest())))
	s := e.Select(valid, x, e.Const(0))
	u := e.add(e.Const(1), s)
	k, f := e.mantissa(u)
	// What rounding took from u, relative to u.
	lost := e.Select(e.above(s, 1), e.sub(e.Const(1), e.sub(u, s)), e.sub(s, e.sub(u, e.Const(1))))
	c := e.div(lost, u)
	near := e.within(-0.2928, s, 0.4142)
	zero := e.Const(0)
	y := e.logarithm(e.Select(near, zero, k), e.Select(near, s, f), e.Select(near, zero, c))
	return e.Select(valid, y, e.outside(x, x, -1))
}
