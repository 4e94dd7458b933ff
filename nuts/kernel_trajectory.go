package nuts

import (
	"math"

	"github.com/hxgpu/hxgpu/shaders"
)

// beginTransition is trajectory.start.
func (t *tick) beginTransition() {
	t.stop(stageTransit)
	squares := t.sums(1, func(i shaders.Value) []shaders.Value {
		m := t.vector(slotInverseMass, i)
		p := t.div(t.normal(i, t.ConstInt(0), t.count(transitionsDone), purposeTransition), t.Unary(shaders.OpSqrt, m))
		q, slope := t.vector(slotProposal, i), t.vector(slotProposalSlope, i)
		for end := range 2 {
			t.setVector(slotEnds+3*end, i, q)
			t.setVector(slotEnds+3*end+1, i, p)
			t.setVector(slotEnds+3*end+2, i, slope)
		}
		t.setVector(slotSum, i, p)
		return []shaders.Value{t.square(p, m)}
	})[0]
	t.launched(squares)
	t.setNum(logWeight, t.Const(0))
	t.beginSubtree()
}

// launched begins the tally of a transition whose momentum has a sum of squares over
// masses.
func (t *tick) launched(squares shaders.Value) {
	energy := t.sub(t.kinetic(squares), t.num(proposalDensity))
	t.setNum(initialEnergy, energy)
	t.setNum(proposalEnergy, energy)
	t.setNum(acceptSum, t.Const(0))
	t.setCount(treeDepth, t.ConstInt(0))
	t.setCount(leapfrogs, t.ConstInt(0))
	t.setCount(uniforms, t.ConstInt(0))
}

// arrived counts a step and gives the log density and energy there, what the energy is
// below the initial one, and whether the trajectory has not diverged.
func (t *tick) arrived(squares shaders.Value) (logDensity, energy, delta, fine shaders.Value) {
	t.increase(leapfrogs)
	logDensity = t.Load(t.density, t.chain)
	energy = t.sub(t.kinetic(squares), logDensity)
	delta = t.sub(t.num(initialEnergy), energy)
	return logDensity, energy, delta, t.And(t.Compare(shaders.OpLessEqual, t.Const(-divergenceThreshold), delta), t.finite(delta))
}

// probability is min(1, exp(delta)).
func (t *tick) probability(delta shaders.Value) shaders.Value {
	accept := t.exp(delta)
	return t.Select(t.Compare(shaders.OpLess, t.Const(1), accept), t.Const(1), accept)
}

func (t *tick) beginSubtree() {
	forward := t.SelectInt(t.Compare(shaders.OpLess, t.nextUniform(), t.Const(0.5)), t.ConstInt(1), t.ConstInt(0))
	t.setCount(growsForward, forward)
	t.each(func(i shaders.Value) {
		t.setVector(slotNear, i, t.vectorAt(t.endSlot(forward, 1), i))
		t.setVector(slotSubtreeSum, i, t.Const(0))
	})
	t.setNum(subtreeWeight, t.Const(math.Inf(-1)))
	t.setCount(subtreeLeaf, t.ConstInt(0))
}

// signedStep is the step size in the direction of growth.
func (t *tick) signedStep() shaders.Value {
	eps := t.num(stepSize)
	return t.Select(t.EqualInt(t.count(growsForward), t.ConstInt(1)), eps, t.Unary(shaders.OpNeg, eps))
}

// kick is trajectory.kick.
func (t *tick) kick() {
	eps, end := t.signedStep(), t.count(growsForward)
	t.each(func(i shaders.Value) {
		p := t.vectorAt(t.endSlot(end, 1), i)
		q := t.vectorAt(t.endSlot(end, 0), i)
		slope, m := t.vectorAt(t.endSlot(end, 2), i), t.vector(slotInverseMass, i)
		t.setVector(slotLast, i, p)
		p = t.halfKick(i, q, p, slope, eps)
		q, p = t.drift(i, q, p, m, eps)
		t.setVectorAt(t.endSlot(end, 1), i, p)
		t.setVectorAt(t.endSlot(end, 0), i, q)
		t.Store(t.position, t.at(i), q)
	})
}

// absorb is trajectory.absorb.
func (t *tick) absorb(next shaders.Value) {
	t.Set(next, t.ConstInt(nextFinish))
	eps, end := t.signedStep(), t.count(growsForward)
	squares := t.sums(1, func(i shaders.Value) []shaders.Value {
		slope := t.Load(t.slope, t.at(i))
		p := t.halfKick(i, t.vectorAt(t.endSlot(end, 0), i), t.vectorAt(t.endSlot(end, 1), i), slope, eps)
		t.setVectorAt(t.endSlot(end, 1), i, p)
		t.setVectorAt(t.endSlot(end, 2), i, slope)
		return []shaders.Value{t.square(p, t.vector(slotInverseMass, i))}
	})[0]
	logDensity, energy, delta, fine := t.arrived(squares)
	t.If(fine, func() {
		t.setNum(acceptSum, t.add(t.num(acceptSum), t.probability(delta)))
		t.addLeaf(end, delta, energy, logDensity)
		turned := t.Variable(shaders.False)
		t.turning(turned, end)
		t.If(t.Get(turned), nil, func() {
			leaf := t.AddInt(t.count(subtreeLeaf), t.ConstInt(1))
			t.setCount(subtreeLeaf, leaf)
			full := t.Integer(shaders.OpShiftLeftInt, t.ConstInt(1), t.count(treeDepth))
			t.If(t.LessInt(leaf, full), func() { t.Set(next, t.ConstInt(nextKick)) }, func() { t.merge(next, end) })
		})
	}, func() {
		t.setCount(subtreeLeaf, t.ConstInt(divergent))
	})
}

// divergent is the number of a leaf that ends a trajectory by a divergence.
const divergent = -1

// addLeaf is trajectory.addLeaf.
func (t *tick) addLeaf(end, delta, energy, logDensity shaders.Value) {
	first := t.EqualInt(t.count(subtreeLeaf), t.ConstInt(0))
	weight := t.logAdd(t.num(subtreeWeight), delta)
	t.setNum(subtreeWeight, weight)
	take := t.Variable(shaders.True)
	t.If(first, func() {
		t.each(func(i shaders.Value) { t.setVector(slotFirst, i, t.vectorAt(t.endSlot(end, 1), i)) })
	}, func() {
		t.Set(take, t.Compare(shaders.OpLess, t.log(t.nextUniform()), t.sub(delta, weight)))
	})
	t.each(func(i shaders.Value) {
		t.setVector(slotSubtreeSum, i, t.add(t.vector(slotSubtreeSum, i), t.vectorAt(t.endSlot(end, 1), i)))
	})
	t.If(t.Get(take), func() {
		t.each(func(i shaders.Value) {
			t.setVector(slotSubtree, i, t.vectorAt(t.endSlot(end, 0), i))
			t.setVector(slotSubtreeSlope, i, t.Load(t.slope, t.at(i)))
		})
		t.setNum(subtreeDensity, logDensity)
		t.setNum(subtreeEnergy, energy)
	}, nil)
}

// logAdd is log(exp(x) + exp(y)), y finite.
func (t *tick) logAdd(x, y shaders.Value) shaders.Value {
	less := t.Compare(shaders.OpLess, x, y)
	high, low := t.Select(less, y, x), t.Select(less, x, y)
	nothing := t.Compare(shaders.OpEqual, low, t.Const(math.Inf(-1)))
	return t.Select(nothing, high, t.add(high, t.Unary(shaders.OpLog1p, t.exp(t.sub(low, high)))))
}

// markSlot is the slot of a level's momentum (0), sum (1) or previous momentum (2).
func (t *tick) markSlot(level shaders.Value, what int) shaders.Value {
	return t.AddInt(t.MulInt(level, t.ConstInt(3)), t.ConstInt(slotMarks+what))
}

// turning is trajectory.turning.
func (t *tick) turning(turned, end shaders.Value) {
	n := t.count(subtreeLeaf)
	one := t.ConstInt(1)
	top := t.BitCount(t.Integer(shaders.OpShiftRightInt, n, one))
	odd := t.EqualInt(t.Integer(shaders.OpAndInt, n, one), one)
	t.If(odd, func() {
		// The trailing ones of n are as many as subtrees end here.
		ending := t.Integer(shaders.OpSubInt, t.BitCount(t.Integer(shaders.OpXorInt, n, t.AddInt(n, one))), one)
		t.Loop(ending, func(k shaders.Value) {
			level := t.Integer(shaders.OpSubInt, top, k)
			t.If(t.LessInt(t.ConstInt(0), k), func() { t.seam(turned, end, level) }, nil)
			dots := t.sums(2, func(i shaders.Value) []shaders.Value {
				p, last := t.vectorAt(t.markSlot(level, 0), i), t.vectorAt(t.endSlot(end, 1), i)
				rho := t.add(t.sub(t.vector(slotSubtreeSum, i), t.vectorAt(t.markSlot(level, 1), i)), p)
				v := t.mul(rho, t.vector(slotInverseMass, i))
				return []shaders.Value{t.mul(v, p), t.mul(v, last)}
			})
			t.noteTurn(turned, dots)
			t.Break(t.Get(turned))
		})
	}, func() {
		t.each(func(i shaders.Value) {
			t.setVectorAt(t.markSlot(top, 0), i, t.vectorAt(t.endSlot(end, 1), i))
			t.setVectorAt(t.markSlot(top, 1), i, t.vector(slotSubtreeSum, i))
			t.setVectorAt(t.markSlot(top, 2), i, t.vector(slotLast, i))
		})
	})
}

// seam checks the two stretches across the seam of a subtree's halves.
func (t *tick) seam(turned, end, level shaders.Value) {
	above := t.AddInt(level, t.ConstInt(1))
	dots := t.sums(4, func(i shaders.Value) []shaders.Value {
		p, sum := t.vectorAt(t.markSlot(level, 0), i), t.vectorAt(t.markSlot(level, 1), i)
		first, seamSum, last := t.vectorAt(t.markSlot(above, 0), i), t.vectorAt(t.markSlot(above, 1), i), t.vectorAt(t.markSlot(above, 2), i)
		m, x := t.vector(slotInverseMass, i), t.vectorAt(t.endSlot(end, 1), i)
		before := t.sub(sum, p)
		v := t.mul(t.sub(seamSum, before), m)
		w := t.mul(t.add(t.add(t.sub(t.vector(slotSubtreeSum, i), seamSum), first), last), m)
		return []shaders.Value{t.mul(v, p), t.mul(v, first), t.mul(w, last), t.mul(w, x)}
	})
	t.noteTurn(turned, dots)
}

// noteTurn sets turned if one of the products is not positive.
func (t *tick) noteTurn(turned shaders.Value, dots []shaders.Value) {
	any := t.Get(turned)
	for _, d := range dots {
		any = t.Or(any, t.Compare(shaders.OpLessEqual, d, t.Const(0)))
	}
	t.Set(turned, any)
}

// merge is trajectory.merge.
func (t *tick) merge(next, end shaders.Value) {
	weight := t.num(subtreeWeight)
	take := t.Compare(shaders.OpLess, t.log(t.nextUniform()), t.sub(weight, t.num(logWeight)))
	t.If(take, func() {
		t.each(func(i shaders.Value) {
			t.setVector(slotProposal, i, t.vector(slotSubtree, i))
			t.setVector(slotProposalSlope, i, t.vector(slotSubtreeSlope, i))
		})
		t.setNum(proposalDensity, t.num(subtreeDensity))
		t.setNum(proposalEnergy, t.num(subtreeEnergy))
	}, nil)
	t.setNum(logWeight, t.logAdd(t.num(logWeight), weight))
	t.increase(treeDepth)
	far := t.Integer(shaders.OpSubInt, t.ConstInt(1), end)
	turned := t.Variable(shaders.False)
	dots := t.sums(4, func(i shaders.Value) []shaders.Value {
		m, sum, subSum := t.vector(slotInverseMass, i), t.vector(slotSum, i), t.vector(slotSubtreeSum, i)
		farP, first := t.vectorAt(t.endSlot(far, 1), i), t.vector(slotFirst, i)
		v := t.mul(t.add(sum, first), m)
		whole := t.add(sum, subSum)
		w := t.mul(whole, m)
		x := t.vectorAt(t.endSlot(end, 1), i)
		t.setVector(slotSum, i, whole)
		return []shaders.Value{t.mul(w, farP), t.mul(w, x), t.mul(v, farP), t.mul(v, first)}
	})
	t.noteTurn(turned, dots)
	dots = t.sums(2, func(i shaders.Value) []shaders.Value {
		near := t.vector(slotNear, i)
		v := t.mul(t.add(t.vector(slotSubtreeSum, i), near), t.vector(slotInverseMass, i))
		return []shaders.Value{t.mul(v, near), t.mul(v, t.vectorAt(t.endSlot(end, 1), i))}
	})
	t.noteTurn(turned, dots)
	ended := t.Or(t.Get(turned), t.EqualInt(t.count(treeDepth), t.ConstInt(t.maxDepth)))
	t.If(ended, nil, func() {
		t.beginSubtree()
		t.Set(next, t.ConstInt(nextKick))
	})
}
