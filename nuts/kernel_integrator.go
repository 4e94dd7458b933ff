package nuts

import "github.com/hxgpu/hxgpu/shaders"

// whereNoise runs the body if coordinate i belongs to the noise.
func (t *tick) whereNoise(i shaders.Value, body func()) {
	if t.noise.size() == 0 {
		return
	}
	inside := t.And(t.Not(t.LessInt(i, t.ConstInt(t.noise.first))), t.LessInt(i, t.ConstInt(t.noise.end)))
	t.If(inside, body, nil)
}

// halfKick is the kick of half a step of the integrator, of one coordinate.
func (t *tick) halfKick(i, q, p, slope, eps shaders.Value) shaders.Value {
	half := t.mul(t.Const(0.5), eps)
	p = t.add(p, t.mul(half, slope))
	if t.noise.size() == 0 {
		return p
	}
	kicked := t.Variable(p)
	t.whereNoise(i, func() { t.Set(kicked, t.add(p, t.mul(half, q))) })
	return t.Get(kicked)
}

// drift is the integrator's move of the position, of one coordinate of inverse mass m.
func (t *tick) drift(i, q, p, m, eps shaders.Value) (movedQ, movedP shaders.Value) {
	straight := t.add(q, t.mul(t.mul(eps, m), p))
	if t.noise.size() == 0 {
		return straight, p
	}
	newQ, newP := t.Variable(straight), t.Variable(p)
	t.whereNoise(i, func() {
		root := t.Unary(shaders.OpSqrt, m)
		angle := t.mul(eps, root)
		sin, cos := t.Unary(shaders.OpSin, angle), t.Unary(shaders.OpCos, angle)
		w := t.mul(p, root)
		t.Set(newQ, t.add(t.mul(cos, q), t.mul(sin, w)))
		t.Set(newP, t.div(t.sub(t.mul(cos, w), t.mul(sin, q)), root))
	})
	return t.Get(newQ), t.Get(newP)
}

// limitStep is integrator.largest, for a step size.
func (t *tick) limitStep() {
	if t.noise.size() == 0 {
		return
	}
	eps, most := t.num(stepSize), t.num(largestAllowed)
	t.setNum(stepSize, t.Select(t.Compare(shaders.OpLess, most, eps), most, eps))
}

// setLargest notes the largest step that the inverse masses of the noise allow.
func (t *tick) setLargest() {
	if t.noise.size() == 0 {
		return
	}
	most := t.most(func(i shaders.Value) shaders.Value {
		m := t.Variable(t.Const(0))
		t.whereNoise(i, func() { t.Set(m, t.vector(slotInverseMass, i)) })
		return t.Get(m)
	})
	t.setNum(largestAllowed, t.div(t.Const(largestAngle), t.Unary(shaders.OpSqrt, most)))
}
