package shaders

import "math"

// Philox emits Philox4x32 with ten rounds, a counter-based random number
// generator: Salmon, Moraes, Dror & Shaw (2011), "Parallel random numbers: as
// easy as 1, 2, 3", SC'11. Counter, key and the four random words are Int.
func (b *Builder) Philox(counter [4]Value, key [2]Value) [4]Value {
	const (
		weyl0 = 0x9E3779B9
		weyl1 = 0xBB67AE85
	)
	multiplier0, multiplier1 := b.ConstInt(signed(0xD2511F53)), b.ConstInt(signed(0xCD9E8D57))
	c, k := counter, key
	for round := range uint32(10) {
		if round > 0 {
			k[0] = b.Integer(OpAddInt, key[0], b.ConstInt(signed(round*uint32(weyl0))))
			k[1] = b.Integer(OpAddInt, key[1], b.ConstInt(signed(round*uint32(weyl1))))
		}
		xor := func(x, y, z Value) Value { return b.Integer(OpXorInt, b.Integer(OpXorInt, x, y), z) }
		c = [4]Value{
			xor(b.Integer(OpMulHighInt, c[2], multiplier1), c[1], k[0]),
			b.Integer(OpMulInt, c[2], multiplier1),
			xor(b.Integer(OpMulHighInt, c[0], multiplier0), c[3], k[1]),
			b.Integer(OpMulInt, c[0], multiplier0),
		}
	}
	return c
}

// signed is the 32-bit integer with the bits of x.
func signed(x uint32) int { return int(int32(x)) }

// Uniform turns two random words into a number of the open interval (0, 1). For
// float64 (bits 64) it is an odd multiple of 2^-53, for float32 an odd multiple
// of 2^-24 that is the former cut short.
func (b *Builder) Uniform(low, high Value, bits int) Value {
	shift := func(op Op, x Value, places int) Value { return b.Integer(op, x, b.ConstInt(places)) }
	one := b.ConstInt(1)
	if bits == 32 {
		odd := b.Integer(OpOrInt, shift(OpShiftLeftInt, shift(OpShiftRightInt, high, 9), 1), one)
		return b.Binary(OpMul, b.IntToFloat(odd), b.Const(0x1p-24))
	}
	upper := b.IntToFloat(shift(OpShiftRightInt, high, 1)) // 31 bits
	lower := b.Integer(OpOrInt, shift(OpShiftLeftInt, b.Integer(OpAndInt, high, one), 21), shift(OpShiftLeftInt, shift(OpShiftRightInt, low, 12), 1))
	odd := b.IntToFloat(b.Integer(OpOrInt, lower, one)) // 22 bits
	return b.Binary(OpMul, b.Binary(OpAdd, b.Binary(OpMul, upper, b.Const(1<<22)), odd), b.Const(0x1p-53))
}

// Normals turns four random words into two independent standard normal numbers
// by Box & Muller (1958). It is written out in sums, products, a quotient and a
// square root, so that it gives the same bits wherever these are rounded
// correctly.
func (b *Builder) Normals(words [4]Value, bits int) (Value, Value) {
	radius := b.Unary(OpSqrt, b.Binary(OpMul, b.Const(-2), b.uniformLog(b.Uniform(words[0], words[1], bits))))
	cos, sin := b.turn(b.Uniform(words[2], words[3], bits))
	return b.Binary(OpMul, radius, cos), b.Binary(OpMul, radius, sin)
}

// polynomial is c[0] + x (c[1] + x (c[2] + ...)).
func (b *Builder) polynomial(x Value, c ...float64) Value {
	sum := b.Const(c[len(c)-1])
	for i := len(c) - 2; i >= 0; i-- {
		sum = b.Binary(OpAdd, b.Const(c[i]), b.Binary(OpMul, x, sum))
	}
	return sum
}

// uniformLog is the natural logarithm of a uniform number (fdlibm, Sun
// Microsystems 1993).
func (b *Builder) uniformLog(u Value) Value {
	const (
		ln2Hi = 6.93147180369123816490e-01
		ln2Lo = 1.90821492927058770002e-10
	)
	mul := func(x, y Value) Value { return b.Binary(OpMul, x, y) }
	// u = 2^k (1+f), sqrt(2)/2 <= 1+f < sqrt(2)
	exponent := b.Exponent(u)
	m := mul(u, b.PowerOfTwo(b.Integer(OpSubInt, b.ConstInt(0), exponent)))
	above := b.Compare(OpLessEqual, b.Const(math.Sqrt2), m)
	m = b.Select(above, mul(m, b.Const(0.5)), m)
	k := b.IntToFloat(exponent)
	k = b.Select(above, b.Binary(OpAdd, k, b.Const(1)), k)
	f := b.Binary(OpSub, m, b.Const(1))
	s := b.Binary(OpDiv, f, b.Binary(OpAdd, b.Const(2), f))
	z := mul(s, s)
	w := mul(z, z)
	odd := mul(z, b.polynomial(w, 6.666666666666735130e-01, 2.857142874366239149e-01, 1.818357216161805012e-01, 1.479819860511658591e-01))
	even := mul(w, b.polynomial(w, 3.999999999940941908e-01, 2.222219843214978396e-01, 1.531383769920937332e-01))
	half := mul(mul(b.Const(0.5), f), f)
	tail := b.Binary(OpAdd, mul(s, b.Binary(OpAdd, half, b.Binary(OpAdd, odd, even))), mul(k, b.Const(ln2Lo)))
	return b.Binary(OpSub, mul(k, b.Const(ln2Hi)), b.Binary(OpSub, b.Binary(OpSub, half, tail), f))
}

// turn is cos(2 pi u) and sin(2 pi u) for 0 <= u <= 1 (polynomials of fdlibm).
func (b *Builder) turn(u Value) (cos, sin Value) {
	mul := func(x, y Value) Value { return b.Binary(OpMul, x, y) }
	four := mul(b.Const(4), u)
	quarter := b.FloatToInt(b.Binary(OpAdd, four, b.Const(0.5)))
	x := mul(b.Binary(OpSub, four, b.IntToFloat(quarter)), b.Const(math.Pi/2))
	z := mul(x, x)
	r := b.polynomial(z, 8.33333333332248946124e-03, -1.98412698298579493134e-04, 2.75573137070700676789e-06,
		-2.50507602534068634195e-08, 1.58969099521155010221e-10)
	s := b.Binary(OpAdd, x, mul(mul(z, x), b.Binary(OpAdd, b.Const(-1.66666666666666324348e-01), mul(z, r))))
	r = mul(z, b.polynomial(z, 4.16666666666666019037e-02, -1.38888888888741095749e-03, 2.48015872894767294178e-05,
		-2.75573143513906633035e-07, 2.08757232129817482790e-09, -1.13596475577881948265e-11))
	half := mul(b.Const(0.5), z)
	w := b.Binary(OpSub, b.Const(1), half)
	c := b.Binary(OpAdd, w, b.Binary(OpAdd, b.Binary(OpSub, b.Binary(OpSub, b.Const(1), w), half), mul(z, r)))
	// Quarters 0 to 3 give (c, s), (-s, c), (-c, -s), (s, -c).
	odd := b.EqualInt(b.Integer(OpAndInt, quarter, b.ConstInt(1)), b.ConstInt(1))
	upper := b.EqualInt(b.Integer(OpAndInt, quarter, b.ConstInt(2)), b.ConstInt(2))
	rest := b.EqualInt(b.Integer(OpAndInt, b.AddInt(quarter, b.ConstInt(1)), b.ConstInt(2)), b.ConstInt(2))
	cos, sin = b.Select(odd, s, c), b.Select(odd, c, s)
	return b.Select(rest, b.Unary(OpNeg, cos), cos), b.Select(upper, b.Unary(OpNeg, sin), sin)
}
