package shaders

import "math"

// halving is an integer k as a float, and as the sum of two integers whose powers
// of two are normal numbers even where that of k is not.
type halving struct {
	float        Value
	whole        Value
	first, other Value
}

// nearestPower is the integer k nearest x / log 2, for |k| < 2048 (64 bits) or 256
// (32 bits), give or take a rounding error.
func (e elementary) nearestPower(x Value) halving {
	bias := e.pick(256, 2048)
	// What is cut towards zero is positive.
	biased := e.FloatToInt(e.add(e.times(math.Log2E, x), e.Const(bias+0.5)))
	k := e.Integer(OpSubInt, biased, e.ConstInt(int(bias)))
	half := e.Integer(OpSubInt, e.Integer(OpShiftRightInt, biased, e.ConstInt(1)), e.ConstInt(int(bias/2)))
	return halving{e.IntToFloat(k), k, half, e.Integer(OpSubInt, k, half)}
}

// scale is y 2^k, rounded once.
func (e elementary) scale(y Value, k halving) Value {
	return e.mul(e.mul(y, e.PowerOfTwo(k.first)), e.PowerOfTwo(k.other))
}

// log2Parts are log 2 in two parts, the first short enough for its products with
// the exponents of floats to be exact.
func (e elementary) log2Parts() (high, low float64) {
	return e.pick(0x1.62e3p-1, 6.93147180369123816490e-01), e.pick(9.0580006145e-06, 1.90821492927058770002e-10)
}

func (e elementary) exp(x Value) Value {
	low, high := e.pick(-103.97, -745.13), e.pick(88.72283172607422, 709.782712893384)
	valid := e.within(low, x, high)
	s := e.Select(valid, x, e.Const(0))
	k := e.nearestPower(s)
	log2High, log2Low := e.log2Parts()
	upper, lower := e.sub(s, e.times(log2High, k.float)), e.times(log2Low, k.float)
	r := e.sub(upper, lower)
	square := e.mul(r, r)
	var y Value
	if e.bits == 32 {
		p := e.polynomial(r, 5.0000001201e-1, 1.6666665459e-1, 4.1665795894e-2, 8.3334519073e-3, 1.3981999507e-3, 1.9875691500e-4)
		y = e.add(e.add(e.mul(p, square), r), e.Const(1))
	} else {
		p := e.polynomial(square, 1.66666666666666019037e-01, -2.77777777770155933842e-03, 6.61375632143793436117e-05,
			-1.65339022054652515390e-06, 4.13813679705723846039e-08)
		c := e.sub(r, e.mul(square, p))
		tail := e.sub(e.div(e.mul(r, c), e.sub(e.Const(2), c)), lower)
		y = e.add(e.Const(1), e.add(tail, upper))
	}
	beyond := e.Select(e.above(x, high), e.Const(math.Inf(1)), e.Select(e.below(x, low), e.Const(0), x))
	return e.Select(valid, e.scale(y, k), beyond)
}

func (e elementary) expm1(x Value) Value {
	low, high := e.pick(-18, -40), e.pick(88.72283172607422, 709.782712893384)
	valid := e.within(low, x, high)
	s := e.Select(valid, x, e.Const(0))
	k := e.nearestPower(s)
	// s = k log 2 + r + c
	log2High, log2Low := e.log2Parts()
	upper, lower := e.sub(s, e.times(log2High, k.float)), e.times(log2Low, k.float)
	r := e.sub(upper, lower)
	c := e.sub(e.sub(upper, r), lower)
	// exp(r+c) - 1 = r - error
	half := e.times(0.5, r)
	halfSquare := e.mul(r, half)
	var p Value
	if e.bits == 32 {
		p = e.polynomial(halfSquare, 1, -3.3333212137e-2, 1.5807170421e-3)
	} else {
		p = e.polynomial(halfSquare, 1, -3.33333333333331316428e-02, 1.58730158725481460165e-03, -7.93650757867487942473e-05,
			4.00821782732936239552e-06, -2.01099218183624371326e-07)
	}
	t := e.sub(e.Const(3), e.mul(p, half))
	q := e.mul(halfSquare, e.div(e.sub(p, t), e.sub(e.Const(6), e.mul(r, t))))
	miss := e.sub(e.sub(e.mul(r, e.sub(q, c)), c), halfSquare)
	// exp(s) - 1 = 2^k (r - error + (1 - 2^-k)); 2^-k is lost in 1 beyond 2^64.
	bounded := e.SelectInt(e.LessInt(k.whole, e.ConstInt(64)), k.whole, e.ConstInt(64))
	rest := e.sub(e.Const(1), e.PowerOfTwo(e.Integer(OpSubInt, e.ConstInt(0), bounded)))
	y := e.add(e.sub(r, miss), rest)
	beyond := e.Select(e.above(x, high), e.Const(math.Inf(1)), e.Select(e.below(x, low), e.Const(-1), x))
	return e.Select(valid, e.scale(y, k), beyond)
}

// tanh is 1 - 2/(exp(2|x|)+1) with the sign of x for large |x|, x + x z P(z)/Q(z)
// with z = x^2 for small ones (Cephes).
func (e elementary) tanh(x Value) Value {
	size := e.Unary(OpAbs, x)
	large := e.above(size, 0.625)
	z := e.mul(x, x)
	grown := e.add(e.exp(e.times(2, size)), e.Const(1))
	var ratio, near Value
	if e.bits == 32 {
		ratio = e.div(e.Const(2), grown)
		near = e.mul(z, e.polynomial(z, -3.33332819422e-1, 1.33314422036e-1, -5.37397155531e-2, 2.06390887954e-2, -5.70498872745e-3))
	} else {
		p := e.polynomial(z, -1.61468768441708447952e3, -9.92877231001918586564e1, -9.64399179425052238628e-1)
		q := e.polynomial(z, 4.84406305325125486048e3, 2.23548839060100448583e3, 1.12811678491632931402e2, 1)
		// One division serves both.
		ratio = e.div(e.Select(large, e.Const(2), e.mul(z, p)), e.Select(large, grown, q))
		near = ratio
	}
	far := e.sub(e.Const(1), ratio)
	far = e.Select(e.below(x, 0), e.Unary(OpNeg, far), far)
	return e.Select(large, far, e.add(x, e.mul(x, near)))
}
