package shaders

import "math"

// largestAngle is the largest argument of a sine or cosine: beyond, a quarter turn's
// number is not exact as a float32, or not an integer of 32 bits.
func (e elementary) largestAngle() float64 { return e.pick(1<<24, 1<<30) }

// sine is OpSin or OpCos of x: x is brought to -pi/4 to pi/4 by subtracting k
// quarter turns in parts (Cody & Waite 1980), most of them so short that their
// products with k are exact.
func (e elementary) sine(op Op, x Value) Value {
	valid := e.Compare(OpLessEqual, e.Unary(OpAbs, x), e.Const(e.largestAngle()))
	s := e.Select(valid, x, e.Const(0))
	quarter := e.FloatToInt(e.add(e.times(2/math.Pi, s), e.Select(e.below(s, 0), e.Const(-0.5), e.Const(0.5))))
	r, tail := e.reduce(s, e.IntToFloat(quarter))
	sin, cos := e.sineNear(r, tail), e.cosineNear(r, tail)
	if op == OpCos {
		quarter = e.Integer(OpAddInt, quarter, e.ConstInt(1))
	}
	bit := func(n int) Value { return e.EqualInt(e.Integer(OpAndInt, quarter, e.ConstInt(n)), e.ConstInt(n)) }
	y := e.Select(bit(1), cos, sin)
	y = e.Select(bit(2), e.Unary(OpNeg, y), y)
	return e.Select(valid, y, e.Const(math.NaN()))
}

// reduce is s - k pi/2 as a sum r + tail.
func (e elementary) reduce(s, k Value) (r, tail Value) {
	parts := [4]float64{0x1.921fb4p+0, 0x1.4442dp-24, 0x1.846988p-48, 0x1.8cc51701b839ap-72}
	if e.bits == 32 {
		parts = [4]float64{0x1.92p+0, 0x1.fb4p-12, 0x1.444p-24, 0x1.68c234p-39}
	}
	r = e.sub(e.sub(s, e.times(parts[0], k)), e.times(parts[1], k)) // exact
	third := e.times(parts[2], k)
	next := e.sub(r, third)
	lost := e.sub(e.sub(r, next), third)
	last := e.sub(e.times(parts[3], k), lost)
	r = e.sub(next, last)
	return r, e.sub(e.sub(next, r), last)
}

// sineNear is sin(x + tail) for |x| <= pi/4.
func (e elementary) sineNear(x, tail Value) Value {
	z := e.mul(x, x)
	var first float64
	var p Value
	if e.bits == 32 {
		first, p = -1.6666654611e-1, e.polynomial(z, 8.3321608736e-3, -1.9515295891e-4)
	} else {
		first, p = -1.66666666666666324348e-01, e.polynomial(z, 8.33333333332248946124e-03, -1.98412698298579493134e-04,
			2.75573137070700676789e-06, -2.50507602534068634195e-08, 1.58969099521155010221e-10)
	}
	cube := e.mul(z, x)
	correction := e.sub(e.mul(z, e.sub(e.times(0.5, tail), e.mul(cube, p))), tail)
	return e.sub(x, e.sub(correction, e.times(first, cube)))
}

// cosineNear is cos(x + tail) for |x| <= pi/4.
func (e elementary) cosineNear(x, tail Value) Value {
	z := e.mul(x, x)
	var p Value
	if e.bits == 32 {
		p = e.polynomial(z, 4.166664568298827e-2, -1.388731625493765e-3, 2.443315711809948e-5)
	} else {
		p = e.polynomial(z, 4.16666666666666019037e-02, -1.38888888888741095749e-03, 2.48015872894767294178e-05,
			-2.75573143513906633035e-07, 2.08757232129817482790e-09, -1.13596475577881948265e-11)
	}
	half := e.times(0.5, z)
	w := e.sub(e.Const(1), half)
	lost := e.sub(e.sub(e.Const(1), w), half)
	return e.add(w, e.add(lost, e.sub(e.mul(z, e.mul(z, p)), e.mul(x, tail))))
}
