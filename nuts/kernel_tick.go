package nuts

import (
	"math"

	"github.com/hxgpu/hxgpu/shaders"
)

// What a chain does next within a tick.
const (
	nextNothing    = iota
	nextFinish     // the trajectory has ended
	nextSearch     // search for a step size from scratch
	nextLeap       // another step of the search
	nextTransition // begin a transition
	nextKick       // go on with the trajectory
)

// advance is chain.advance: first what the gradient was for, then what follows
// from it, in the order in which one can lead to the other.
func (t *tick) advance() {
	next := t.Variable(t.ConstInt(nextNothing))
	stage := t.count(chainStage)
	is := func(x shaders.Value, n int) shaders.Value { return t.EqualInt(x, t.ConstInt(n)) }
	when := func(n int, body func()) { t.If(is(t.Get(next), n), body, nil) }
	t.If(is(stage, int(stageInitial)), func() { t.settle(next) }, nil)
	t.If(is(stage, int(stageSearch)), func() { t.searchStep(next) }, nil)
	t.If(is(stage, int(stageTransit)), func() { t.absorb(next) }, nil)
	t.If(is(stage, int(stageGoOn)), func() { t.Set(next, t.ConstInt(nextTransition)) }, nil)
	when(nextFinish, func() { t.finishTransition(next) })
	when(nextSearch, func() {
		t.setCount(searchDirection, t.ConstInt(0))
		t.setCount(searchLeaps, t.ConstInt(0))
		t.setCount(chainStage, t.ConstInt(int(stageSearch)))
		t.Set(next, t.ConstInt(nextLeap))
	})
	when(nextLeap, t.searchLeap)
	when(nextTransition, func() {
		t.beginTransition()
		t.Set(next, t.ConstInt(nextKick))
	})
	when(nextKick, t.kick)
}

func (t *tick) stop(at stage) { t.setCount(chainStage, t.ConstInt(int(at))) }

// settle takes the starting position if the density there is finite.
func (t *tick) settle(next shaders.Value) {
	logDensity := t.Load(t.density, t.chain)
	bad := t.sums(1, func(i shaders.Value) []shaders.Value {
		return []shaders.Value{t.Select(t.finite(t.Load(t.slope, t.at(i))), t.Const(0), t.Const(1))}
	})[0]
	fine := t.And(t.finite(logDensity), t.Compare(shaders.OpEqual, bad, t.Const(0)))
	t.If(fine, func() {
		t.each(func(i shaders.Value) {
			t.setVector(slotProposal, i, t.Load(t.position, t.at(i)))
			t.setVector(slotProposalSlope, i, t.Load(t.slope, t.at(i)))
		})
		t.setNum(proposalDensity, logDensity)
		t.If(t.EqualInt(t.setting(configTotal), t.ConstInt(0)), func() { t.stop(stageFinished) }, func() {
			t.Set(next, t.ConstInt(nextSearch))
		})
	}, func() {
		if t.givenStart {
			t.stop(stageNoStart)
			return
		}
		t.increase(tries)
		t.If(t.EqualInt(t.count(tries), t.ConstInt(initialTries)), func() { t.stop(stageNoStart) }, func() {
			t.each(func(i shaders.Value) {
				u := t.uniform(t.block(i, t.count(tries), purposeStart), i)
				t.Store(t.position, t.at(i), t.sub(t.mul(t.Const(4), u), t.Const(2)))
				t.whereNoise(i, func() {
					t.Store(t.position, t.at(i), t.normal(i, t.ConstInt(0), t.count(tries), purposeStartNoise))
				})
			})
		})
	})
}

// block is the random words of the pair that number i belongs to.
func (t *tick) block(i, draw shaders.Value, purpose uint32) [4]shaders.Value {
	pair := t.Integer(shaders.OpShiftRightInt, i, t.ConstInt(1))
	return t.words(pair, draw, purpose)
}

func (t *tick) words(block, draw shaders.Value, purpose uint32) [4]shaders.Value {
	return t.Philox([4]shaders.Value{block, draw, t.AddInt(t.setting(configFirstChain), t.chain), t.ConstInt(int(purpose))},
		[2]shaders.Value{t.setting(configSeedLow), t.setting(configSeedHigh)})
}

// uniform is number i of a block's two.
func (t *tick) uniform(words [4]shaders.Value, i shaders.Value) shaders.Value {
	second := t.EqualInt(t.Integer(shaders.OpAndInt, i, t.ConstInt(1)), t.ConstInt(1))
	return t.Builder.Uniform(t.SelectInt(second, words[2], words[0]), t.SelectInt(second, words[3], words[1]), t.bits)
}

// normal is coordinate i of the momenta that a stream starts with, skip blocks in.
func (t *tick) normal(i, skip, draw shaders.Value, purpose uint32) shaders.Value {
	pair := t.AddInt(t.Integer(shaders.OpShiftRightInt, i, t.ConstInt(1)), skip)
	x, y := t.Normals(t.words(pair, draw, purpose), t.bits)
	return t.Select(t.EqualInt(t.Integer(shaders.OpAndInt, i, t.ConstInt(1)), t.ConstInt(1)), y, x)
}

// pairs is the number of blocks that a momentum takes.
func (t *tick) pairs() shaders.Value { return t.ConstInt((t.dim + 1) / 2) }

// nextUniform is the next uniform number of the transition's stream.
func (t *tick) nextUniform() shaders.Value {
	used := t.count(uniforms)
	t.setCount(uniforms, t.AddInt(used, t.ConstInt(1)))
	block := t.AddInt(t.pairs(), t.Integer(shaders.OpShiftRightInt, used, t.ConstInt(1)))
	return t.uniform(t.words(block, t.count(transitionsDone), purposeTransition), used)
}

// kinetic is half of a sum of squared momenta over masses.
func (t *tick) kinetic(sum shaders.Value) shaders.Value { return t.div(sum, t.Const(2)) }

func (t *tick) square(p, inverseMass shaders.Value) shaders.Value {
	return t.mul(t.mul(p, p), inverseMass)
}

// searchLeap makes one leapfrog step, but for the last half kick, from the
// sampled point with a new momentum.
func (t *tick) searchLeap() {
	eps := t.num(stepSize)
	skip := t.MulInt(t.count(searchLeaps), t.pairs())
	squares := t.sums(1, func(i shaders.Value) []shaders.Value {
		m := t.vector(slotInverseMass, i)
		p := t.div(t.normal(i, skip, t.count(transitionsDone), purposeSearch), t.Unary(shaders.OpSqrt, m))
		square := t.square(p, m)
		q := t.vector(slotProposal, i)
		p = t.halfKick(i, q, p, t.vector(slotProposalSlope, i), eps)
		q, p = t.drift(i, q, p, m, eps)
		t.setVector(slotEnds+1, i, p)
		t.Store(t.position, t.at(i), q)
		return []shaders.Value{square}
	})[0]
	t.setNum(searchEnergy, t.sub(t.kinetic(squares), t.num(proposalDensity)))
	t.increase(searchLeaps)
}

func (t *tick) searchStep(next shaders.Value) {
	eps := t.num(stepSize)
	squares := t.sums(1, func(i shaders.Value) []shaders.Value {
		p := t.halfKick(i, t.Load(t.position, t.at(i)), t.vector(slotEnds+1, i), t.Load(t.slope, t.at(i)), eps)
		return []shaders.Value{t.square(p, t.vector(slotInverseMass, i))}
	})[0]
	t.increase(allLeapfrogs)
	delta := t.sub(t.num(searchEnergy), t.sub(t.kinetic(squares), t.Load(t.density, t.chain)))
	direction := t.SelectInt(t.Compare(shaders.OpLess, t.Const(math.Log(0.8)), delta), t.ConstInt(1), t.ConstInt(-1))
	t.If(t.EqualInt(t.count(searchDirection), t.ConstInt(0)), func() { t.setCount(searchDirection, direction) }, nil)
	t.If(t.EqualInt(t.count(searchDirection), direction), func() {
		factor := t.Select(t.EqualInt(direction, t.ConstInt(1)), t.Const(2), t.Const(0.5))
		larger := t.mul(eps, factor)
		limited := t.Variable(shaders.False)
		if t.noise.size() > 0 {
			t.If(t.Compare(shaders.OpLess, t.num(largestAllowed), larger), func() {
				t.setNum(stepSize, t.num(largestAllowed))
				t.Set(limited, shaders.True)
				t.found(next)
			}, nil)
		}
		t.If(t.Get(limited), nil, func() {
			t.setNum(stepSize, larger)
			smallest := smallestStep
			if t.bits == 32 {
				smallest = smallestStep32
			}
			tooLarge, tooSmall := t.Compare(shaders.OpLess, t.Const(largestStep), larger), t.Compare(shaders.OpLess, larger, t.Const(smallest))
			t.If(tooLarge, func() { t.stop(stageTooLarge) }, func() {
				t.If(tooSmall, func() { t.stop(stageTooSmall) }, func() { t.Set(next, t.ConstInt(nextLeap)) })
			})
		})
	}, func() { t.found(next) })
}

// found is chain.found.
func (t *tick) found(next shaders.Value) {
	eps := t.num(stepSize)
	t.setNum(averageMu, t.log(t.mul(t.Const(10), eps)))
	t.setCount(averageCount, t.ConstInt(0))
	t.setNum(averageError, t.Const(0))
	t.setNum(averageStep, t.Const(0))
	t.setNum(currentStep, t.log(eps))
	t.Set(next, t.ConstInt(nextTransition))
}
