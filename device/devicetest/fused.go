package devicetest

import (
	"fmt"

	"github.com/hxgpu/hxgpu/shaders"
)

// fusedChains are the chains that one group carries through the whole tree.
const fusedChains = 3

// fused is a gradient-like program in one group kernel, whose lanes go over nodes
// and chains, from slab to slab across barriers: noise scaled by each chain's
// parameter, states from the root down, sums over children up, a sum over nodes
// in a shared array, and a step of the parameter.
//
// Buffers: parameters [chain], noise and state and message [node][chain], slabs
// (where each begins, and the number of nodes), parents, first children, counts
// of children, and result [chain].
func fused(lanes, nodes, depth, chains int) *shaders.Kernel {
	a := assembleGroups("fused", lanes)
	theta, noise, state, message := a.both("theta"), a.in("noise"), a.both("state"), a.both("message")
	slabs, parents, firsts, counts, result := a.ints("slabs"), a.ints("parents"), a.ints("firsts"), a.ints("counts"), a.out("result")
	slots := lanes / fusedChains
	partial := a.shared("partial", slots*fusedChains)
	local, zero := a.local(), a.constInt(0)
	firstChain := a.times(a.item(), fusedChains)
	at := func(node, chain shaders.Value) shaders.Value {
		return a.int(shaders.OpAddInt, a.times(node, chains), chain)
	}
	third := func(x shaders.Value) shaders.Value { // x / 3 of a small x
		return a.int(shaders.OpShiftRightInt, a.int(shaders.OpMulHighInt, x, a.constInt(-0x55555555)), a.constInt(1))
	}
	// over runs the body for all chains of the group and nodes from <= node < to.
	over := func(from, to shaders.Value, body func(node, chain shaders.Value)) {
		count := a.times(a.int(shaders.OpSubInt, to, from), fusedChains)
		a.loop(a.constInt((nodes*fusedChains+lanes-1)/lanes), func(i shaders.Value) {
			n := a.int(shaders.OpAddInt, local, a.times(i, lanes))
			a.leaveIf(a.truth(shaders.OpNot, a.less(n, count)))
			node := third(n)
			chain := a.int(shaders.OpSubInt, n, a.times(node, fusedChains))
			body(a.int(shaders.OpAddInt, from, node), a.int(shaders.OpAddInt, firstChain, chain))
		})
		a.barrier()
	}
	over(zero, a.constInt(nodes), func(node, chain shaders.Value) {
		scale := a.float(shaders.OpExp, a.load(theta, chain))
		a.store(state, at(node, chain), a.float(shaders.OpMul, scale, a.load(noise, at(node, chain))))
	})
	a.loop(a.constInt(depth), func(level shaders.Value) { // the root's slab is done
		below := a.plus(level, 1)
		over(a.loadInt(slabs, below), a.loadInt(slabs, a.plus(below, 1)), func(node, chain shaders.Value) {
			parent := a.load(state, at(a.loadInt(parents, node), chain))
			own := a.load(state, at(node, chain))
			a.store(state, at(node, chain), a.float(shaders.OpAdd, a.float(shaders.OpMul, a.constant(0.5), parent), own))
		})
	})
	a.loop(a.constInt(depth+1), func(i shaders.Value) { // leaves first
		level := a.int(shaders.OpSubInt, a.constInt(depth), i)
		over(a.loadInt(slabs, level), a.loadInt(slabs, a.plus(level, 1)), func(node, chain shaders.Value) {
			sum := a.segment(shaders.Sum, message, at(a.loadInt(firsts, node), chain), a.loadInt(counts, node), chains)
			a.store(message, at(node, chain), a.float(shaders.OpAdd, a.float(shaders.OpMul, a.constant(0.25), sum),
				a.float(shaders.OpTanh, a.load(state, at(node, chain)))))
		})
	})
	slot := third(local)
	chain := a.int(shaders.OpSubInt, local, a.times(slot, fusedChains))
	a.branch(a.less(slot, a.constInt(slots)), func() {
		sum := a.variable(a.constant(0))
		a.loop(a.constInt((nodes+slots-1)/slots), func(i shaders.Value) {
			node := a.int(shaders.OpAddInt, slot, a.times(i, slots))
			a.leaveIf(a.less(a.constInt(nodes-1), node))
			a.set(sum, a.float(shaders.OpAdd, a.get(sum), a.load(message, at(node, a.int(shaders.OpAddInt, firstChain, chain)))))
		})
		a.storeShared(partial, local, a.get(sum))
	})
	a.barrier()
	a.branch(a.less(local, a.constInt(fusedChains)), func() {
		sum := a.variable(a.constant(0))
		a.loop(a.constInt(slots), func(i shaders.Value) {
			a.set(sum, a.float(shaders.OpAdd, a.get(sum), a.loadShared(partial, a.int(shaders.OpAddInt, local, a.times(i, fusedChains)))))
		})
		own := a.int(shaders.OpAddInt, firstChain, local)
		a.store(result, own, a.get(sum))
		step := a.float(shaders.OpMul, a.constant(0.01), a.float(shaders.OpTanh, a.get(sum)))
		a.store(theta, own, a.float(shaders.OpAdd, a.load(theta, own), step))
	})
	return a.k
}

// testFused runs a whole program on a tree in one dispatch, one group for every
// few chains.
func testFused(h *harness) {
	for _, lanes := range []int{3, 31, 64, 256} {
		h.sub(fmt.Sprint(lanes), func(h *harness) {
			if limit := h.device.Info().Limits.GroupLanes; lanes > limit {
				h.t.Skipf("%s has groups of at most %d lanes", h.device.Info().Name, limit)
			}
			const depth, groups = 5, 4
			const nodes, chains = 1<<(depth+1) - 1, groups * fusedChains
			parents, firsts, counts, slabs := make([]int32, nodes), make([]int32, nodes), make([]int32, nodes), make([]int32, depth+2)
			for i := range nodes {
				parents[i] = int32(max(i-1, 0) / 2)
				if 2*i+2 < nodes {
					firsts[i], counts[i] = int32(2*i+1), 2
				}
			}
			for level := range slabs {
				slabs[level] = 1<<level - 1
			}
			k := fused(lanes, nodes, depth, chains)
			bindings := []*memory{h.floats(h.numbers(chains)), h.floats(h.numbers(nodes * chains)), h.floats(marked(nodes * chains)), h.floats(marked(nodes * chains)),
				h.ints(slabs), h.ints(parents), h.ints(firsts), h.ints(counts), h.floats(marked(chains))}
			stages := [][]work{{{k, 0, groups, bindings}}, {{k, 1, 2, bindings}}} // the second for some chains only
			r := h.recording("fused", stages)
			r.Repeat = 2
			h.checkRecording(r, 2, stages)
		})
	}
}
