package devicetest

import (
	"github.com/hxgpu/hxgpu/shaders"
)

// perChains remembers the kernel for every number of chains, so that grids of all
// sizes share it.
func perChains(build func(a assembler), name string) func(chains int) *shaders.Kernel {
	kernels := map[int]*shaders.Kernel{}
	return func(chains int) *shaders.Kernel {
		if kernels[chains] == nil {
			a := assemble(name, chains)
			build(a)
			kernels[chains] = a.k
		}
		return kernels[chains]
	}
}

// testBranches takes branches in and after each other, some without an else, some
// empty, some that no lane or all lanes take.
func testBranches(h *harness) {
	kernel := perChains(func(a assembler) {
		x, numbers, out, places := a.in("x"), a.ints("numbers"), a.both("out"), a.bothInts("places")
		lane := a.lane()
		v, n := a.load(x, lane), a.loadInt(numbers, lane)
		zero := a.constInt(0)
		sum, way := a.variable(v), a.variable(zero)
		mark := func(k int) { a.set(way, a.int(shaders.OpAddInt, a.times(a.get(way), 10), a.constInt(k))) }
		grow := func(op shaders.Op, y shaders.Value) { a.set(sum, a.float(op, a.get(sum), y)) }
		a.branch(a.truth(shaders.OpLess, v, a.constant(0)), func() {
			mark(1)
			a.branch(a.equal(a.bits(n, 1), zero), func() {
				grow(shaders.OpMul, a.constant(3))
				mark(2)
				a.branch(a.less(n, a.constInt(4)), func() { mark(3) })
			}, func() {
				a.branch(a.less(n, a.chain()), func() { mark(4); grow(shaders.OpSub, v) }, func() {})
				grow(shaders.OpAdd, a.constant(7))
			})
		}, func() {
			a.branch(a.truth(shaders.OpLessEqual, v, a.constant(1)), func() {}, func() {
				grow(shaders.OpDiv, a.float(shaders.OpSqrt, v))
				mark(5)
			})
			mark(6)
		})
		a.branch(a.less(a.item(), zero), func() { mark(9) }) // no lane
		a.branch(a.less(a.item(), a.constInt(1<<30)), func() { mark(7) }, func() { mark(8) })
		a.branch(a.less(a.constInt(3), n), func() { // stores of some lanes only
			a.store(out, a.times(lane, 2), a.get(sum))
			a.storeInt(places, lane, a.int(shaders.OpSubInt, zero, n))
		})
		a.branch(a.truth(shaders.OpNot, a.less(a.constInt(3), n)), func() {
			a.store(out, a.plus(a.times(lane, 2), 1), a.get(sum))
			a.storeInt(places, lane, a.get(way))
		})
	}, "branches")
	h.grids(func(h *harness, items, chains int) {
		n := items * chains
		h.check(1, []work{{kernel(chains), 0, items, []*memory{h.floats(h.numbers(n)), h.ints(h.whole(n, 0, 8)), h.floats(marked(2 * n)), h.ints(h.whole(n, 0, 9))}}})
	})
}

// testLoops loops as often as each lane's number says, none and negative ones
// among them; in loops; with a way out; with a count that changes on the way.
func testLoops(h *harness) {
	kernel := perChains(func(a assembler) {
		x, numbers, out, counts := a.in("x"), a.ints("numbers"), a.out("out"), a.buffer("counts", shaders.Int, shaders.Write)
		lane := a.lane()
		v, n := a.load(x, lane), a.loadInt(numbers, lane)
		zero, one := a.constInt(0), a.constInt(1)
		sum, turns, left := a.variable(v), a.variable(zero), a.variable(a.constInt(-1))
		a.loop(n, func(i shaders.Value) {
			a.set(sum, a.float(shaders.OpAdd, a.float(shaders.OpMul, a.get(sum), a.constant(0.75)), a.toFloat(i)))
			a.loop(i, func(j shaders.Value) { // a triangle
				a.set(turns, a.int(shaders.OpAddInt, a.get(turns), a.int(shaders.OpAddInt, j, one)))
				a.loop(a.int(shaders.OpSubInt, one, j), func(shaders.Value) {
					a.set(turns, a.int(shaders.OpXorInt, a.get(turns), a.constInt(1<<20)))
				})
			})
		})
		a.store(out, a.times(lane, 2), a.get(sum))
		a.storeInt(counts, a.times(lane, 4), a.get(turns))
		a.loop(a.constInt(20), func(i shaders.Value) { // ways out before, between and after
			a.leaveIf(a.less(n, zero))
			a.set(left, i)
			a.loop(a.constInt(3), func(j shaders.Value) {
				a.leaveIf(a.equal(j, a.bits(n, 1))) // leaves this loop alone
				a.set(sum, a.float(shaders.OpSub, a.get(sum), v))
			})
			a.leaveIf(a.equal(i, n))
			a.branch(a.equal(a.bits(i, 3), a.constInt(2)), func() {
				a.set(sum, a.float(shaders.OpMul, a.get(sum), a.constant(0.5)))
			})
			a.leaveIf(a.less(a.constInt(12), i))
		})
		a.store(out, a.plus(a.times(lane, 2), 1), a.get(sum))
		a.storeInt(counts, a.plus(a.times(lane, 4), 1), a.get(left))
		length, rounds := a.variable(n), a.variable(zero)
		a.loop(a.get(length), func(shaders.Value) { // the count is that of the start
			a.set(length, a.int(shaders.OpAddInt, a.get(length), one))
			a.set(rounds, a.int(shaders.OpAddInt, a.get(rounds), one))
		})
		a.storeInt(counts, a.plus(a.times(lane, 4), 2), a.times(a.get(rounds), 1000))
		// Steps of Collatz's sequence to 1.
		number, steps := a.variable(a.plus(a.int(shaders.OpMulInt, n, n), 1)), a.variable(zero)
		a.loop(a.constInt(1000), func(shaders.Value) {
			now := a.get(number)
			a.leaveIf(a.equal(now, one))
			odd := a.equal(a.bits(now, 1), one)
			a.set(number, a.int(shaders.OpSelectInt, odd, a.plus(a.times(now, 3), 1), a.int(shaders.OpShiftRightInt, now, one)))
			a.set(steps, a.plus(a.get(steps), 1))
		})
		a.storeInt(counts, a.plus(a.times(lane, 4), 3), a.get(steps))
	}, "loops")
	h.grids(func(h *harness, items, chains int) {
		n, high := items*chains, 9
		if n > 10_000 {
			high = 4 // the oracle is slow
		}
		h.check(1, []work{{kernel(chains), 0, items, []*memory{h.floats(h.numbers(n)), h.ints(h.whole(n, -2, high)), h.floats(marked(2 * n)), h.ints(make([]int32, 4*n))}}})
	})
}

// testVariables sets variables of every type, swaps them, and declares them anew
// in every round of a loop.
func testVariables(h *harness) {
	for _, chains := range []int{1, 3} {
		const items = 50
		n := items * chains
		a := assemble("variables", chains)
		x, out, ints := a.in("x"), a.out("out"), a.buffer("ints", shaders.Int, shaders.Write)
		lane := a.lane()
		v := a.load(x, lane)
		negative := a.truth(shaders.OpLess, v, a.constant(0))
		p, q := a.variable(v), a.variable(a.constant(2))
		i, j := a.variable(a.item()), a.variable(a.chain())
		s, t := a.variable(negative), a.variable(a.truth(shaders.OpEqualInt, lane, lane))
		before := []shaders.Value{a.get(p), a.get(q), a.get(i), a.get(j), a.get(s), a.get(t)}
		for n, variable := range []shaders.Value{p, q, i, j, s, t} {
			a.set(variable, before[n^1])
		}
		a.set(p, a.get(p)) // itself
		a.loop(a.constInt(5), func(k shaders.Value) {
			fresh, freshInt, freshTruth := a.variable(a.constant(1)), a.variable(a.constInt(3)), a.variable(a.get(t))
			a.branch(a.get(freshTruth), func() {
				a.set(fresh, a.float(shaders.OpAdd, a.get(fresh), a.get(q)))
				a.set(freshInt, a.int(shaders.OpAddInt, a.get(freshInt), k))
				a.set(freshTruth, a.get(s))
			})
			a.set(q, a.float(shaders.OpMul, a.get(fresh), a.constant(0.5)))
			a.set(i, a.int(shaders.OpAddInt, a.get(i), a.get(freshInt)))
			a.set(t, a.truth(shaders.OpNot, a.get(freshTruth)))
		})
		for k, float := range []shaders.Value{a.get(p), a.get(q), before[0], before[1], a.float(shaders.OpSelect, a.get(t), a.constant(1), a.constant(0))} {
			a.store(out, a.plus(lane, k*n), float)
		}
		for k, whole := range []shaders.Value{a.get(i), a.get(j), before[2], a.int(shaders.OpSelectInt, a.get(s), a.constInt(7), a.constInt(8)),
			a.int(shaders.OpSelectInt, before[4], a.constInt(7), a.constInt(8))} {
			a.storeInt(ints, a.plus(lane, k*n), whole)
		}
		h.check(1, []work{{a.k, 0, items, []*memory{h.floats(h.numbers(n)), h.floats(marked(5 * n)), h.ints(make([]int32, 5*n))}}})
	}
}

// testOwnStores loads what the lane has stored before: every lane sorts a strip of
// floats by insertion, with their places as integers beside them.
func testOwnStores(h *harness) {
	const length = 7
	kernel := perChains(func(a assembler) {
		x, places := a.both("x"), a.bothInts("places")
		base := a.times(a.lane(), length)
		at := func(j shaders.Value) shaders.Value { return a.int(shaders.OpAddInt, base, j) }
		a.loop(a.constInt(length), func(i shaders.Value) { a.storeInt(places, at(i), i) })
		a.loop(a.constInt(length), func(i shaders.Value) {
			value, place := a.load(x, at(i)), a.loadInt(places, at(i))
			hole := a.variable(i)
			a.loop(i, func(shaders.Value) {
				left := at(a.plus(a.get(hole), -1))
				other := a.load(x, left)
				a.leaveIf(a.truth(shaders.OpLessEqual, other, value))
				a.store(x, at(a.get(hole)), other)
				a.storeInt(places, at(a.get(hole)), a.loadInt(places, left))
				a.set(hole, a.plus(a.get(hole), -1))
			})
			a.store(x, at(a.get(hole)), value)
			a.storeInt(places, at(a.get(hole)), place)
		})
		// Stores and loads in turn, at one place.
		first := a.load(x, base)
		a.store(x, base, a.float(shaders.OpNeg, first))
		again := a.load(x, base)
		a.store(x, base, a.float(shaders.OpSub, again, first))
	}, "insertion")
	h.grids(func(h *harness, items, chains int) {
		if items*chains > 10_000 {
			return // the oracle is slow
		}
		n := items * chains * length
		h.check(1, []work{{kernel(chains), 0, items, []*memory{h.floats(h.numbers(n)), h.ints(make([]int32, n))}}})
	})
}

// testGuardedAccesses has indices outside of buffers where no lane follows them.
func testGuardedAccesses(h *harness) {
	const items, chains = 100, 2
	a := assemble("guarded", chains)
	x, table, out := a.in("x"), a.ints("table"), a.both("out")
	lane := a.lane()
	far := a.loadInt(table, a.item())
	a.branch(a.truth(shaders.OpAnd, a.less(a.constInt(-1), far), a.less(far, a.constInt(items))), func() {
		v := a.load(x, far)
		hop := a.loadInt(table, far)
		a.store(out, lane, a.float(shaders.OpAdd, v, a.toFloat(a.bits(hop, 255))))
		a.loop(far, func(i shaders.Value) {
			a.leaveIf(a.less(a.constInt(3), i))
			a.store(out, a.plus(lane, items*chains), a.segment(shaders.Sum, x, a.constInt(0), a.plus(i, 1), 1))
		})
	})
	values := h.whole(items, 0, items)
	for i := range values {
		if i%3 == 0 {
			values[i] = int32([]int{-1, -1 << 31, items, 1<<31 - 1}[i/3%4])
		}
	}
	h.check(1, []work{{a.k, 0, items, []*memory{h.floats(h.numbers(items)), h.ints(values), h.floats(marked(2 * items * chains))}}})
}
