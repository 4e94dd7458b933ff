package nuts

import (
	"math"

	"github.com/hxgpu/hxgpu/shaders"
)

// advancePath is chain.advance of HMC after its warm-up, which the host makes: the
// numbers of steps of the transitions are known then, and stand where NUTS has the
// flags of the warm-up.
func (t *tick) advancePath() {
	next := t.Variable(t.ConstInt(nextNothing))
	stage := t.count(chainStage)
	when := func(n int, body func()) { t.If(t.EqualInt(t.Get(next), t.ConstInt(n)), body, nil) }
	t.If(t.EqualInt(stage, t.ConstInt(int(stageGoOn))), func() { t.Set(next, t.ConstInt(nextTransition)) }, nil)
	t.If(t.EqualInt(stage, t.ConstInt(int(stageTransit))), func() { t.absorbPath(next) }, nil)
	when(nextFinish, func() { t.finishTransition(next) })
	when(nextTransition, func() {
		t.beginPath()
		t.Set(next, t.ConstInt(nextKick))
	})
	when(nextKick, t.kickPath)
}

// beginPath is path.start.
func (t *tick) beginPath() {
	t.stop(stageTransit)
	squares := t.sums(1, func(i shaders.Value) []shaders.Value {
		m := t.vector(slotInverseMass, i)
		p := t.div(t.normal(i, t.ConstInt(0), t.count(transitionsDone), purposeTransition), t.Unary(shaders.OpSqrt, m))
		t.setVector(slotEnds, i, t.vector(slotProposal, i))
		t.setVector(slotEnds+1, i, p)
		t.setVector(slotEnds+2, i, t.vector(slotProposalSlope, i))
		return []shaders.Value{t.square(p, m)}
	})[0]
	t.launched(squares)
	t.setCount(subtreeLeaf, t.ConstInt(0))
}

// kickPath is path.kick.
func (t *tick) kickPath() {
	eps := t.num(stepSize)
	t.each(func(i shaders.Value) {
		q, p := t.vector(slotEnds, i), t.vector(slotEnds+1, i)
		p = t.halfKick(i, q, p, t.vector(slotEnds+2, i), eps)
		q, p = t.drift(i, q, p, t.vector(slotInverseMass, i), eps)
		t.setVector(slotEnds, i, q)
		t.setVector(slotEnds+1, i, p)
		t.Store(t.position, t.at(i), q)
	})
}

// absorbPath is path.absorb.
func (t *tick) absorbPath(next shaders.Value) {
	t.Set(next, t.ConstInt(nextFinish))
	eps := t.num(stepSize)
	squares := t.sums(1, func(i shaders.Value) []shaders.Value {
		slope := t.Load(t.slope, t.at(i))
		p := t.halfKick(i, t.vector(slotEnds, i), t.vector(slotEnds+1, i), slope, eps)
		t.setVector(slotEnds+1, i, p)
		t.setVector(slotEnds+2, i, slope)
		return []shaders.Value{t.square(p, t.vector(slotInverseMass, i))}
	})[0]
	logDensity, energy, delta, fine := t.arrived(squares)
	steps := t.LoadInt(t.windows, t.Integer(shaders.OpSubInt, t.count(transitionsDone), t.setting(configWarmup)))
	t.If(fine, func() {
		t.If(t.LessInt(t.count(leapfrogs), steps), func() { t.Set(next, t.ConstInt(nextKick)) }, func() {
			probability := t.probability(delta)
			t.setNum(acceptSum, t.mul(probability, t.IntToFloat(t.count(leapfrogs))))
			t.If(t.Compare(shaders.OpLess, t.nextUniform(), probability), func() {
				t.each(func(i shaders.Value) {
					t.setVector(slotProposal, i, t.vector(slotEnds, i))
					t.setVector(slotProposalSlope, i, t.vector(slotEnds+2, i))
				})
				t.setNum(proposalDensity, logDensity)
				t.setNum(proposalEnergy, energy)
			}, nil)
		})
	}, func() { t.setCount(subtreeLeaf, t.ConstInt(divergent)) })
}

// pathSteps are the numbers of steps of the transitions after the warm-up.
func (e *ensemble) pathSteps(o *Options) []int32 {
	steps := make([]int32, max(o.Draws, 1))
	for i := range steps {
		steps[i] = int32(min(e.Length.steps(o.Warmup+i, e.StepSize, o), math.MaxInt32))
	}
	return steps
}
