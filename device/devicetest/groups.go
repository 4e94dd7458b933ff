package devicetest

import (
	"fmt"
	"math/bits"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/shaders"
)

// groups runs a test for groups of all sizes that the device can run.
func (h *harness) groups(run func(h *harness, lanes int)) {
	for _, lanes := range []int{1, 2, 3, 31, 64, 256} {
		h.sub(fmt.Sprint(lanes), func(h *harness) {
			if limit := h.device.Info().Limits.GroupLanes; lanes > limit {
				h.t.Skipf("%s has groups of at most %d lanes", h.device.Info().Name, limit)
			}
			run(h, lanes)
		})
	}
}

// groupRanges are dispatches: the first group and how many there are.
var groupRanges = []struct{ first, count int }{{0, 1}, {2, 5}, {1, 33}}

// testReductions sums over a group in a shared array; every lane then uses the sum.
func testReductions(h *harness) {
	h.groups(func(h *harness, lanes int) {
		a := assembleGroups("reduction", lanes)
		x, sums, shares := a.in("x"), a.out("sums"), a.out("shares")
		array := a.shared("sums", lanes)
		local, zero := a.local(), a.constInt(0)
		v := a.load(x, a.thread())
		a.storeShared(array, local, v)
		a.barrier()
		stride := a.variable(a.constInt(1))
		a.loop(a.constInt(bits.Len(uint(lanes-1))), func(shaders.Value) {
			near := a.get(stride)
			twice := a.times(near, 2)
			mate := a.int(shaders.OpAddInt, local, near)
			first := a.equal(a.int(shaders.OpAndInt, local, a.plus(twice, -1)), zero)
			a.branch(a.truth(shaders.OpAnd, first, a.less(mate, a.constInt(lanes))), func() {
				a.storeShared(array, local, a.float(shaders.OpAdd, a.loadShared(array, local), a.loadShared(array, mate)))
			})
			a.barrier()
			a.set(stride, twice)
		})
		sum := a.loadShared(array, zero)
		a.branch(a.equal(local, zero), func() { a.store(sums, a.item(), sum) })
		a.store(shares, a.thread(), a.float(shaders.OpSub, v, sum))
		for _, r := range append(groupRanges, struct{ first, count int }{0, 2000 / lanes}) {
			groups := r.first + r.count
			h.check(1, []work{{a.k, r.first, r.count, []*memory{h.floats(h.numbers(groups*lanes + 2)).from(2), h.floats(marked(groups + 1)).from(1),
				h.floats(marked(groups * lanes))}}})
			h.close()
		}
	})
}

// testExchange passes numbers from lane to lane through buffers, around the group.
func testExchange(h *harness) {
	h.groups(func(h *harness, lanes int) {
		a := assembleGroups("exchange", lanes)
		x, y, whole := a.in("x"), a.both("y"), a.bothInts("whole")
		local, thread := a.local(), a.thread()
		last := a.equal(local, a.constInt(lanes-1))
		next := a.int(shaders.OpAddInt, a.times(a.item(), lanes), a.int(shaders.OpSelectInt, last, a.constInt(0), a.plus(local, 1)))
		own := a.load(x, thread)
		a.store(y, thread, a.float(shaders.OpMul, own, a.constant(0.5)))
		a.storeInt(whole, thread, a.int(shaders.OpAddInt, a.times(local, 3), a.item()))
		a.barrier()
		v, n := a.load(y, next), a.loadInt(whole, next)
		a.barrier()
		a.store(y, thread, a.float(shaders.OpSub, v, own))
		a.storeInt(whole, thread, a.int(shaders.OpXorInt, n, local))
		a.loop(a.bits(a.item(), 3), func(i shaders.Value) { // as often in all lanes of a group
			a.barrier()
			v, n := a.load(y, next), a.loadInt(whole, next)
			a.barrier()
			a.store(y, thread, a.float(shaders.OpAdd, v, a.toFloat(i)))
			a.storeInt(whole, thread, a.int(shaders.OpSubInt, n, i))
		})
		a.loop(a.constInt(9), func(i shaders.Value) { // all lanes of a group leave at once, before a barrier
			a.leaveIf(a.less(a.bits(a.item(), 1), i))
			a.barrier()
			n := a.loadInt(whole, next)
			a.barrier()
			a.storeInt(whole, thread, a.times(n, 3))
		})
		for _, r := range groupRanges {
			n := (r.first + r.count) * lanes
			h.check(2, []work{{a.k, r.first, r.count, []*memory{h.floats(h.numbers(n)), h.floats(h.numbers(n + 3)).from(3), h.ints(h.whole(n+1, 0, 9)).from(1)}}})
			h.close()
		}
	})
}

// testSharedArrays has two shared arrays whose sizes are not that of the group,
// and barriers in branches that a group takes as a whole.
func testSharedArrays(h *harness) {
	h.groups(func(h *harness, lanes int) {
		const small = 5
		size := lanes + 3
		a := assembleGroups("shared arrays", lanes)
		x, out := a.in("x"), a.out("out")
		large, few := a.shared("large", size), a.shared("few", small)
		local := a.local()
		strided := func(array, size int, value func(at shaders.Value) shaders.Value) {
			a.loop(a.constInt((size+lanes-1)/lanes), func(i shaders.Value) {
				at := a.int(shaders.OpAddInt, local, a.times(i, lanes))
				a.branch(a.less(at, a.constInt(size)), func() { a.storeShared(array, at, value(at)) })
			})
		}
		strided(large, size, func(at shaders.Value) shaders.Value {
			return a.load(x, a.int(shaders.OpAddInt, a.times(a.item(), size), at))
		})
		strided(few, small, func(at shaders.Value) shaders.Value { return a.toFloat(at) })
		sum := a.variable(a.constant(0))
		a.branch(a.equal(a.bits(a.item(), 1), a.constInt(1)), func() {
			a.barrier()
			a.loop(a.plus(a.bits(local, 7), 1), func(i shaders.Value) { // as often as each lane likes
				a.set(sum, a.float(shaders.OpAdd, a.get(sum), a.loadShared(large, a.int(shaders.OpAddInt, i, a.constInt(min(2, lanes-1))))))
				a.leaveIf(a.equal(i, a.constInt(lanes-1)))
			})
			a.barrier()
			a.branch(a.equal(local, a.constInt(0)), func() { a.storeShared(few, a.constInt(4), a.get(sum)) })
			a.barrier()
		}, func() {
			a.barrier()
			a.set(sum, a.float(shaders.OpSub, a.loadShared(large, a.constInt(size-1)), a.loadShared(large, local)))
		})
		a.store(out, a.thread(), a.float(shaders.OpAdd, a.get(sum), a.float(shaders.OpMul, a.loadShared(few, a.constInt(4)), a.loadShared(few, a.constInt(2)))))
		for _, r := range groupRanges {
			groups := r.first + r.count
			h.check(1, []work{{a.k, r.first, r.count, []*memory{h.floats(h.numbers(groups * size)), h.floats(marked(groups * lanes))}}})
			h.close()
		}
	})
}

// testManyGroups runs more groups than a GPU counts on one axis.
func testManyGroups(h *harness) {
	const lanes, first, groups = 2, 3, 70_001
	a := assembleGroups("many groups", lanes)
	x, y := a.in("x"), a.out("y")
	array := a.shared("pair", lanes)
	a.storeShared(array, a.local(), a.load(x, a.thread()))
	a.barrier()
	a.store(y, a.thread(), a.loadShared(array, a.int(shaders.OpXorInt, a.local(), a.constInt(1))))
	n := (first + groups) * lanes
	h.check(1, []work{{a.k, first, groups, []*memory{h.floats(h.numbers(n)), h.floats(marked(n))}}})
}

// testGroupLimits fills groups to the device's limits and asks for more.
func testGroupLimits(h *harness) {
	info := h.device.Info()
	elementBytes := map[device.Precision]int{device.Float32: 4, device.Float64: 8}[info.Precision]
	require.Positive(h.t, info.Limits.GroupLanes)
	require.Positive(h.t, info.Limits.SubgroupLanes)
	lanes, size := min(info.Limits.GroupLanes, 1024), min(info.Limits.SharedBytes, 1<<16)/elementBytes
	require.GreaterOrEqual(h.t, size*elementBytes, 1<<14, "bytes of shared arrays")
	reverse := func(lanes, size int) *shaders.Kernel {
		a := assembleGroups("limits", lanes)
		x := a.both("x")
		array := a.shared("array", size)
		// Both ends of the array.
		a.storeShared(array, a.local(), a.load(x, a.thread()))
		a.storeShared(array, a.plus(a.int(shaders.OpSubInt, a.constInt(0), a.local()), size-1), a.load(x, a.thread()))
		a.barrier()
		mirror := a.plus(a.int(shaders.OpSubInt, a.constInt(0), a.local()), lanes-1)
		a.store(x, a.thread(), a.float(shaders.OpSub, a.loadShared(array, mirror), a.loadShared(array, a.plus(mirror, size-lanes))))
		return a.k
	}
	// Twice as many elements as lanes, so that the ends do not meet.
	lanes = min(lanes, size/2)
	h.check(2, []work{{reverse(lanes, size), 1, 3, []*memory{h.floats(h.numbers(4 * lanes))}}})
	_, err := h.device.Compile(reverse(info.Limits.GroupLanes+1, 2*info.Limits.GroupLanes+2))
	require.ErrorContains(h.t, err, "lanes")
	_, err = h.device.Compile(reverse(2, info.Limits.SharedBytes/elementBytes+1))
	require.ErrorContains(h.t, err, "shares")
}

// testMixedStages mixes groups of different sizes and a grid in one stage, and
// runs the next stage on what they stored.
func testMixedStages(h *harness) {
	spread := func(lanes int) *shaders.Kernel {
		a := assembleGroups("spread", lanes)
		x, y := a.in("x"), a.out("y")
		array := a.shared("head", 1)
		a.branch(a.equal(a.local(), a.constInt(lanes/2)), func() { a.storeShared(array, a.constInt(0), a.load(x, a.item())) })
		a.barrier()
		a.store(y, a.thread(), a.float(shaders.OpMul, a.loadShared(array, a.constInt(0)), a.toFloat(a.plus(a.local(), 1))))
		return a.k
	}
	b := assemble("double", 2)
	y := b.both("y")
	b.store(y, b.lane(), b.float(shaders.OpAdd, b.load(y, b.lane()), b.load(y, b.lane())))
	x, out := h.floats(h.numbers(20)), h.floats(marked(20*12))
	h.check(3, // the first two store elements 0 to 99 and 100 to 225
		[]work{{spread(5), 0, 20, []*memory{x, out}}, {spread(7), 2, 18, []*memory{x, out.from(100 - 2*7)}}},
		[]work{{b.k, 0, 60, []*memory{out}}, {b.k, 0, 60, []*memory{out.from(120)}}},
		[]work{{spread(1), 3, 17, []*memory{out, x}}})
}
