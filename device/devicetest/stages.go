package devicetest

import (
	"context"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/shaders"
)

// testInPlace loads elements and stores into them again.
func testInPlace(h *harness) {
	h.grids(func(h *harness, items, chains int) {
		n := items * chains
		a := assemble("in place", chains)
		x := a.buffer("x", shaders.Float, shaders.ReadWrite)
		lane := a.lane()
		before, other := a.load(x, lane), a.load(x, a.plus(lane, n))
		half := a.constant(0.5)
		sum := a.float(shaders.OpMul, a.float(shaders.OpAdd, before, other), half)
		// Computed early, stored after loads that the store must not disturb.
		third := a.load(x, a.plus(lane, 2*n))
		a.store(x, lane, sum)
		a.store(x, a.plus(lane, 2*n), a.float(shaders.OpSub, before, third))
		a.store(x, a.plus(lane, n), a.float(shaders.OpMul, third, half))
		// The same through an index that only a table knows.
		b := assemble("in place by table", chains)
		y, table := b.buffer("y", shaders.Float, shaders.ReadWrite), b.ints("table")
		at := b.row(b.loadInt(table, b.item()))
		v := b.float(shaders.OpNeg, b.load(y, b.lane()))
		w := b.load(y, at)
		b.store(y, b.lane(), v)
		b.store(y, b.plus(at, n), b.float(shaders.OpAdd, w, v))
		identity := make([]int32, items)
		for i := range identity {
			identity[i] = int32(i)
		}
		data := h.floats(h.numbers(3 * n))
		h.check(2, []work{{a.k, 0, items, []*memory{data}}}, []work{{b.k, 0, items, []*memory{data, h.ints(identity)}}})
	})
}

// testPartsOfOneBuffer binds parts of one buffer, and the same part twice, to
// different formal buffers.
func testPartsOfOneBuffer(h *harness) {
	h.grids(func(h *harness, items, chains int) {
		n := items * chains
		a := assemble("parts", chains)
		x, y, p, q := a.in("x"), a.in("y"), a.out("p"), a.out("q")
		lane := a.lane()
		u, v := a.load(x, lane), a.load(y, lane)
		s := a.float(shaders.OpAdd, u, v)
		d := a.float(shaders.OpSub, u, v)
		a.store(p, lane, s)
		a.store(q, lane, a.float(shaders.OpMul, d, s))
		data := h.floats(h.numbers(4 * n))
		h.check(2,
			[]work{{a.k, 0, items, []*memory{data, data.from(n), data.from(2 * n), data.from(3 * n)}}},
			[]work{{a.k, 0, items, []*memory{data.from(2 * n), data.from(2 * n), data.from(2 * n), data}}},
			[]work{{a.k, 0, items, []*memory{data, data.from(n), data.from(n), data}}})
	})
}

// testLastStoreWins stores twice to an element.
func testLastStoreWins(h *harness) {
	const items, chains = 300, 3
	a := assemble("last store", chains)
	x, out := a.in("x"), a.out("out")
	v := a.load(x, a.lane())
	first, second := a.float(shaders.OpNeg, v), a.float(shaders.OpAbs, v)
	third := a.float(shaders.OpMul, first, second)
	a.store(out, a.lane(), second)
	a.store(out, a.lane(), third)
	a.store(out, a.plus(a.lane(), items*chains), second)
	a.store(out, a.plus(a.lane(), items*chains), first)
	a.store(out, a.plus(a.lane(), 2*items*chains), third) // one value, three places
	h.check(1, []work{{a.k, 0, items, []*memory{h.floats(h.numbers(items * chains)), h.floats(marked(3 * items * chains))}}})
}

// scan is x[item] = x[parent] + noise[item] and its mirror, the sum over children.
func scan(chains int) (down, up *shaders.Kernel) {
	a := assemble("down", chains)
	x, noise, parents := a.buffer("x", shaders.Float, shaders.ReadWrite), a.in("noise"), a.ints("parents")
	value := a.float(shaders.OpAdd, a.float(shaders.OpMul, a.constant(0.5), a.load(x, a.row(a.loadInt(parents, a.item())))), a.load(noise, a.lane()))
	a.store(x, a.lane(), value)
	b := assemble("up", chains)
	m, firsts, counts, own := b.buffer("m", shaders.Float, shaders.ReadWrite), b.ints("first"), b.ints("count"), b.in("own")
	sum := b.segment(shaders.Sum, m, b.row(b.loadInt(firsts, b.item())), b.loadInt(counts, b.item()), chains)
	b.store(m, b.lane(), b.float(shaders.OpAdd, b.float(shaders.OpMul, b.constant(0.25), sum), b.load(own, b.lane())))
	return a.k, b.k
}

// sweeps is a down and an up sweep over a complete binary tree: every stage needs
// the one before.
func sweeps(h *harness, depth, chains int) [][]work {
	items := 1<<(depth+1) - 1
	parents, first, count := make([]int32, items), make([]int32, items), make([]int32, items)
	for i := range items {
		parents[i] = int32(max(i-1, 0) / 2)
		if 2*i+2 < items {
			first[i], count[i] = int32(2*i+1), 2
		}
	}
	n := items * chains
	x, noise, m := h.floats(h.numbers(n)), h.floats(h.numbers(n)), h.floats(h.numbers(n))
	p, f, c := h.ints(parents), h.ints(first), h.ints(count)
	down, up := scan(chains)
	var stages [][]work
	for level := 1; level <= depth; level++ {
		stages = append(stages, []work{{down, 1<<level - 1, 1 << level, []*memory{x, noise, p}}})
	}
	for level := depth; level >= 0; level-- {
		stages = append(stages, []work{{up, 1<<level - 1, 1 << level, []*memory{m, f, c, x}}})
	}
	return stages
}

func testStages(h *harness) {
	for _, chains := range append(chainCounts, 64) {
		for _, depth := range []int{1, 4, 11} {
			stages := sweeps(h, depth, chains)
			h.check(2, stages...)
			h.close()
		}
	}
	stages := sweeps(h, 15, 1)
	h.check(1, stages...)
}

// testOneStage runs dispatches of one stage that have nothing to do with each other.
func testOneStage(h *harness) {
	for _, chains := range chainCounts {
		a, b := sweeps(h, 3, chains), sweeps(h, 3, chains)
		var both [][]work
		for i := range a {
			both = append(both, append(a[i], b[i]...))
		}
		big, other := sweeps(h, 12, chains), sweeps(h, 12, chains)
		last := len(big) - 13
		both = append(both, append(big[last], other[last]...))
		h.check(2, both...)
		h.close()
	}
}

func testChainsIndependent(h *harness) {
	for _, chains := range append(chainCounts, 64, 1000) {
		stages := sweeps(h, 6, chains)
		r := h.recording("independent", stages)
		r.ChainsIndependent = true
		h.checkRecording(r, 2, stages)
		h.close()
	}
}

// testManyChains runs kernels for more chains than a block or workgroup has lanes.
func testManyChains(h *harness) {
	for _, chains := range []int{64, 127, 128, 513, 2049} {
		const items = 9
		n := items * chains
		a := assemble("many chains", chains)
		x, params, parents, data, out := a.in("x"), a.in("params"), a.ints("parents"), a.in("data"), a.out("out")
		lane := a.lane()
		parent := a.loadInt(parents, a.item())
		perItem := a.float(shaders.OpExp, a.load(data, a.item()))
		perChain := a.float(shaders.OpTanh, a.load(params, a.chain()))
		for i, v := range []shaders.Value{
			a.load(x, a.row(parent)),
			a.float(shaders.OpMul, perItem, a.load(x, lane)),
			a.float(shaders.OpSub, perChain, perItem),
			perItem, perChain,
			a.float(shaders.OpDiv, a.load(data, parent), perChain),
			a.segment(shaders.Sum, x, a.row(parent), a.plus(parent, 0), chains),
			a.segment(shaders.Max, x, a.chain(), a.constInt(items), chains),
			a.float(shaders.OpSelect, a.truth(shaders.OpEqualInt, parent, a.constInt(0)), perItem, perChain),
			a.float(shaders.OpSelect, a.truth(shaders.OpLess, perItem, a.constant(2)), a.load(x, lane), a.constant(3)),
			a.load(x, a.int(shaders.OpAddInt, a.times(a.chain(), items), a.item())),
		} {
			a.store(out, a.plus(lane, i*n), v)
		}
		// One item only, each row of the result a value per chain.
		b := assemble("scalar statement", chains)
		theta, logp := b.in("theta"), b.buffer("logp", shaders.Float, shaders.ReadWrite)
		t := b.load(theta, b.chain())
		b.store(logp, b.chain(), b.float(shaders.OpAdd, b.float(shaders.OpMul, t, t), b.load(logp, b.chain())))
		b.store(logp, b.plus(b.chain(), chains), b.segment(shaders.Sum, theta, b.chain(), b.constInt(items), chains))
		state := h.floats(h.numbers(2 * n))
		up := make([]int32, items)
		for i := range up {
			up[i] = int32(i / 2)
		}
		h.check(2, []work{{a.k, 0, items, []*memory{state, h.floats(h.numbers(chains)), h.ints(up), h.floats(h.numbers(items)), h.floats(marked(11 * n))}}},
			[]work{{b.k, 0, 1, []*memory{state, h.floats(h.numbers(2 * chains))}}})
		h.close()
	}
}

// testNewData changes floats and integers between runs of one program.
func testNewData(h *harness) {
	for _, size := range []struct{ depth, chains int }{{3, 1}, {3, 4}, {13, 4}} {
		stages := sweeps(h, size.depth, size.chains)
		p := h.record(h.recording("new data", stages))
		for round := range 3 {
			require.NoError(h.t, p.Run(context.Background()))
			h.oracleRun(stages)
			h.compare(stages)
			for _, m := range h.memory {
				if m.array.floats != nil {
					values := h.numbers(m.buffer.Len() - 1)
					require.NoError(h.t, m.buffer.WriteFloats(1, values))
					copy(m.array.floats[1:], h.oracle.Floats(values).floats)
					continue
				}
				// Other parents, the same for every node.
				parents := make([]int32, m.buffer.Len())
				if m == stages[0][0].bindings[2] {
					for i := range parents {
						parents[i] = int32(max(i-1, 0)/2*(1-round%2)) / 2 * 2
					}
					parents[1], parents[2] = 0, 0
					copy(m.array.ints, parents)
					require.NoError(h.t, m.buffer.WriteInts(0, parents))
				}
			}
		}
		require.NoError(h.t, p.Close())
		h.close()
	}
}

// testEmpty runs stages and dispatches with nothing in them.
func testEmpty(h *harness) {
	down, _ := scan(3)
	data := h.floats(h.numbers(9))
	nothing := assemble("nothing", 2)
	nothing.lane()
	h.check(1, []work{}, []work{{down, 1, 0, []*memory{data, data, h.ints([]int32{0, 0, 0})}}}, []work{{nothing.k, 0, 5, nil}})
	h.check(1)
	h.floats(nil)
}
