package nuts

import "github.com/hxgpu/hxgpu/shaders"

// finishTransition is chain.finishTransition.
func (t *tick) finishTransition(next shaders.Value) {
	t.setCount(allLeapfrogs, t.AddInt(t.count(allLeapfrogs), t.count(leapfrogs)))
	steps := t.IntToFloat(t.count(leapfrogs)) // at least 1
	accept := t.div(t.num(acceptSum), steps)
	transition := t.count(transitionsDone)
	diverged := t.EqualInt(t.count(subtreeLeaf), t.ConstInt(divergent))
	warming := t.LessInt(transition, t.setting(configWarmup))
	t.If(t.And(diverged, t.Not(warming)), func() { t.increase(divergences) }, nil)
	t.If(t.LessInt(transition, t.setting(configFirstKept)), nil, func() { t.keep(accept, steps, diverged) })
	search := t.Variable(shaders.False)
	if !t.path {
		t.If(warming, func() { t.adapt(accept, transition, search) }, nil)
	}
	after := t.AddInt(transition, t.ConstInt(1))
	t.setCount(transitionsDone, after)
	t.If(t.EqualInt(after, t.setting(configTotal)), func() {
		t.stop(stageFinished)
		t.Set(next, t.ConstInt(nextNothing))
	}, func() {
		t.Set(next, t.SelectInt(t.Get(search), t.ConstInt(nextSearch), t.ConstInt(nextTransition)))
	})
}

// keep writes the draw to the chain's place in the ring, [place][row][chain].
func (t *tick) keep(accept, steps, diverged shaders.Value) {
	number := t.count(written)
	capacity := t.setting(configCapacity)
	place := t.Integer(shaders.OpAndInt, number, t.Integer(shaders.OpSubInt, capacity, t.ConstInt(1))) // a power of two
	base := t.AddInt(t.MulInt(place, t.ConstInt((t.kept+ringStats)*t.chains)), t.chain)
	t.eachKept(func(k shaders.Value) {
		i := t.LoadInt(t.selected, k)
		t.Store(t.ring, t.AddInt(base, t.MulInt(k, t.ConstInt(t.chains))), t.vector(slotProposal, i))
	})
	t.If(t.EqualInt(t.local, t.ConstInt(0)), func() {
		for row, x := range [ringStats]shaders.Value{
			ringAccept: accept, ringStepSize: t.num(stepSize), ringDepth: t.IntToFloat(t.count(treeDepth)), ringLeapfrogs: steps,
			ringEnergy: t.num(proposalEnergy), ringDivergent: t.Select(diverged, t.Const(1), t.Const(0)), ringDensity: t.num(proposalDensity),
		} {
			t.Store(t.ring, t.AddInt(base, t.ConstInt((t.kept+row)*t.chains)), x)
		}
	}, nil)
	t.setCount(written, t.AddInt(number, t.ConstInt(1)))
}

// eachKept runs the body for the kept coordinates that the lane has.
func (t *tick) eachKept(body func(k shaders.Value)) {
	if t.lanes > 1 {
		t.Barrier() // a kept coordinate may be another lane's
	}
	t.Loop(t.ConstInt((t.kept+t.lanes-1)/t.lanes), func(n shaders.Value) {
		k := t.AddInt(t.MulInt(n, t.ConstInt(t.lanes)), t.local)
		t.If(t.LessInt(k, t.ConstInt(t.kept)), func() { body(k) }, nil)
	})
	if t.lanes > 1 {
		t.Barrier() // before the sampled point moves on
	}
}

// adapt is chain.adapt; the transition is one of the warm-up.
func (t *tick) adapt(accept, transition, search shaders.Value) {
	const gamma, t0, kappa = 0.05, 10, 0.75
	t.increase(averageCount)
	count := t.IntToFloat(t.count(averageCount))
	weight := t.div(t.Const(1), t.add(count, t.Const(t0)))
	miss := t.add(t.mul(t.sub(t.Const(1), weight), t.num(averageError)), t.mul(weight, t.sub(t.Const(t.target), accept)))
	t.setNum(averageError, miss)
	current := t.sub(t.num(averageMu), t.div(t.mul(miss, t.Unary(shaders.OpSqrt, count)), t.Const(gamma)))
	t.setNum(currentStep, current)
	decay := t.exp(t.mul(t.Const(-kappa), t.log(count)))
	average := t.add(t.mul(decay, current), t.mul(t.sub(t.Const(1), decay), t.num(averageStep)))
	t.setNum(averageStep, average)
	t.setNum(stepSize, t.exp(current))
	t.limitStep()
	flags := t.LoadInt(t.windows, transition)
	has := func(flag int) shaders.Value {
		return t.LessInt(t.ConstInt(0), t.Integer(shaders.OpAndInt, flags, t.ConstInt(flag)))
	}
	t.If(has(flagInWindow), t.addVariances, nil)
	t.If(has(flagCloses), func() {
		t.setInverseMass()
		t.setLargest()
		t.Set(search, shaders.True)
	}, nil)
	last := t.EqualInt(t.AddInt(transition, t.ConstInt(1)), t.setting(configWarmup))
	t.If(last, func() {
		t.setNum(stepSize, t.exp(average))
		t.limitStep()
		t.Set(search, shaders.False)
	}, nil)
}

// addVariances is moments.add.
func (t *tick) addVariances() {
	t.increase(variancesCount)
	count := t.IntToFloat(t.count(variancesCount))
	t.each(func(i shaders.Value) {
		x, mean, sum := t.vector(slotProposal, i), t.vector(slotMean, i), t.vector(slotSums, i)
		delta := t.sub(x, mean)
		mean = t.add(mean, t.div(delta, count))
		t.setVector(slotMean, i, mean)
		t.setVector(slotSums, i, t.add(sum, t.mul(delta, t.sub(x, mean))))
	})
}

// setInverseMass is estimate.into.
func (t *tick) setInverseMass() {
	n := t.IntToFloat(t.count(variancesCount))
	less := t.sub(n, t.Const(1))
	divisor := t.Select(t.Compare(shaders.OpLess, less, t.Const(1)), t.Const(1), less)
	more := t.add(n, t.Const(5))
	t.each(func(i shaders.Value) {
		variance := t.div(t.vector(slotSums, i), divisor)
		t.setVector(slotInverseMass, i, t.add(t.mul(t.div(n, more), variance), t.div(t.Const(1e-3*5), more)))
		t.setVector(slotMean, i, t.Const(0))
		t.setVector(slotSums, i, t.Const(0))
	})
	t.setCount(variancesCount, t.ConstInt(0))
}
