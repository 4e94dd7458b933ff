package devicetest

import (
	"fmt"

	"github.com/hxgpu/hxgpu/shaders"
)

// testAccesses loads and stores in all the ways that programs on trees do:
// contiguous, of the parent, per item, per chain, uniform and strided, for part
// of the items and with bound offsets.
func testAccesses(h *harness) {
	h.grids(func(h *harness, items, chains int) {
		for _, first := range []int{0, 5} {
			total := first + items
			n := total * chains
			a := assemble("accesses", chains)
			state, data, params, parents, out := a.in("state"), a.in("data"), a.in("params"), a.ints("parents"), a.out("out")
			lane := a.lane()
			parent := a.loadInt(parents, a.item())
			loads := []shaders.Value{
				a.load(state, lane),
				a.load(state, a.plus(lane, 2)),
				a.load(state, a.row(parent)),
				a.load(state, a.plus(a.row(parent), n)),
				a.load(data, a.item()),
				a.load(data, a.plus(a.item(), 3)),
				a.load(data, parent),
				a.load(params, a.chain()),
				a.load(params, a.plus(a.chain(), chains)),
				a.load(params, a.constInt(1)),
				a.load(state, a.int(shaders.OpAddInt, a.times(lane, 2), a.constInt(1))),
			}
			for i, v := range loads {
				a.store(out, a.plus(lane, i*n), a.float(shaders.OpAdd, v, a.constant(0.5)))
			}
			// A strided store: one row for each lane.
			a.store(out, a.plus(a.times(lane, 2), len(loads)*n), loads[2])
			up := make([]int32, total+2)
			for i := range up {
				up[i] = int32(h.random.IntN(max(i*2/3, 1)))
			}
			h.check(1, []work{{a.k, first, items, []*memory{h.floats(h.numbers(2*n + 4)).from(1), h.floats(h.numbers(total + 3)),
				h.floats(h.numbers(2*chains + 8)).from(3), h.ints(up).from(2), h.floats(marked((len(loads) + 3) * n)).from(1)}}})
		}
	})
}

// testOddIntegers computes indices that are not linear in item and chain.
func testOddIntegers(h *harness) {
	for _, chains := range append(chainCounts, 200) {
		h.sub(fmt.Sprint(chains), func(h *harness) {
			const items = 300
			n := items * chains
			a := assemble("odd integers", chains)
			x, table, out := a.in("x"), a.ints("table"), a.out("out")
			lane := a.lane()
			hop := a.loadInt(table, a.item())
			twice := a.loadInt(table, hop)
			perChain := a.loadInt(table, a.chain())
			fixed := a.loadInt(table, a.constInt(7))
			sum := a.int(shaders.OpAddInt, hop, perChain)
			product := a.int(shaders.OpMulInt, a.chain(), a.chain())
			both := a.int(shaders.OpMulInt, perChain, a.item())
			for i, v := range []shaders.Value{
				a.load(x, twice), a.load(x, a.row(twice)), a.load(x, perChain), a.load(x, fixed),
				a.load(x, a.plus(a.row(fixed), 1)), a.load(x, sum), a.load(x, a.loadInt(table, a.loadInt(table, twice))),
				a.float(shaders.OpIntToFloat, product), a.float(shaders.OpIntToFloat, both),
				a.float(shaders.OpIntToFloat, a.int(shaders.OpMulInt, both, a.constInt(1<<20))), // wraps
				a.float(shaders.OpIntToFloat, a.times(hop, 5)), a.float(shaders.OpIntToFloat, a.int(shaders.OpAddInt, hop, hop)),
				a.float(shaders.OpIntToFloat, fixed),
				a.float(shaders.OpSelect, a.truth(shaders.OpLessInt, sum, both), a.constant(1), a.constant(2)),
				a.float(shaders.OpSelect, a.truth(shaders.OpLessInt, a.int(shaders.OpAddInt, a.constInt(1<<31-1), a.item()), a.constInt(0)), a.constant(1), a.constant(2)),
			} {
				a.store(out, a.plus(lane, i*n), v)
			}
			// A store through a permutation.
			a.store(out, a.plus(a.row(a.loadInt(table, a.plus(a.item(), 300))), 15*n), a.load(x, lane))
			values := make([]int32, 600)
			for i := range items {
				values[i] = int32(h.random.IntN(items / 2))
				values[300+i] = int32(i)
			}
			h.random.Shuffle(items, func(i, j int) { values[300+i], values[300+j] = values[300+j], values[300+i] })
			h.check(2, []work{{a.k, 0, items, []*memory{h.floats(h.numbers(n + items)), h.ints(values), h.floats(marked(16 * n))}}})
		})
	}
}

// testNegativeOffsets loads the item before through indices whose constant part
// is negative.
func testNegativeOffsets(h *harness) {
	for _, chains := range chainCounts {
		const items = 100
		n := (items + 1) * chains
		a := assemble("negative offsets", chains)
		x, table, out := a.in("x"), a.ints("table"), a.out("out")
		before := a.plus(a.item(), -1)
		hop := a.plus(a.loadInt(table, a.item()), -1)
		for i, v := range []shaders.Value{a.load(x, a.row(before)), a.load(x, before), a.load(x, a.row(hop)), a.load(x, hop),
			a.load(x, a.plus(a.times(a.chain(), 2), -0)), a.load(x, a.plus(a.int(shaders.OpMulInt, a.chain(), a.constInt(-1)), chains-1)),
			a.segment(shaders.Sum, x, a.plus(a.row(hop), 0), a.constInt(2), -0), a.segment(shaders.Sum, x, a.row(a.item()), a.constInt(2), -chains)} {
			a.store(out, a.plus(a.row(before), i*n), v)
		}
		up := make([]int32, items+1)
		for i := range up {
			up[i] = int32(1 + h.random.IntN(items))
		}
		h.check(1, []work{{a.k, 1, items, []*memory{h.floats(h.numbers(2 * n)), h.ints(up), h.floats(marked(8 * n))}}})
	}
}

// testSegments folds runs of unequal length, empty ones among them.
func testSegments(h *harness) {
	h.grids(func(h *harness, items, chains int) {
		first, count := make([]int32, items), make([]int32, items)
		next := int32(0)
		for i := range first {
			first[i], count[i] = next, int32(h.random.IntN(5))
			next += count[i]
		}
		children := int(next) + 4
		a := assemble("segments", chains)
		x, firsts, counts, out := a.in("x"), a.ints("first"), a.ints("count"), a.out("out")
		lane := a.lane()
		from, length := a.loadInt(firsts, a.item()), a.loadInt(counts, a.item())
		i := 0
		for reduction := shaders.Sum; reduction <= shaders.Min; reduction++ {
			for _, v := range []shaders.Value{
				a.segment(reduction, x, a.row(from), length, chains),
				a.segment(reduction, x, a.row(from), a.constInt(2), chains),
				a.segment(reduction, x, from, length, 1),
				a.segment(reduction, x, a.row(from), a.constInt(0), chains),
				a.segment(reduction, x, a.chain(), a.constInt(3), chains),
				a.segment(reduction, x, a.constInt(1), a.constInt(2), 1),
				a.segment(reduction, x, a.constInt(0), a.plus(length, 1), 0),
			} {
				a.store(out, a.plus(lane, i*items*chains), v)
				i++
			}
		}
		h.check(1, []work{{a.k, 0, items, []*memory{h.floats(h.numbers(children * chains)), h.ints(first), h.ints(count), h.floats(marked(i * items * chains))}}})
	})
}

// testWideSegments folds 10,000 children of one node beside empty ones, and runs
// of equal length side by side.
func testWideSegments(h *harness) {
	for _, chains := range append(chainCounts, 130) {
		h.sub(fmt.Sprint(chains), func(h *harness) {
			const children = 10_000
			a := assemble("wide segments", chains)
			x, firsts, counts, out := a.in("x"), a.ints("first"), a.ints("count"), a.out("out")
			a.store(out, a.lane(), a.segment(shaders.Sum, x, a.row(a.loadInt(firsts, a.item())), a.loadInt(counts, a.item()), chains))
			b := assemble("blocks", chains)
			bx, bout := b.in("x"), b.out("out")
			b.store(bout, b.lane(), b.segment(shaders.Sum, bx, b.int(shaders.OpAddInt, b.times(b.item(), 100*chains), b.chain()), b.constInt(100), chains))
			data := h.floats(h.numbers(children * chains))
			h.check(1, []work{
				{a.k, 0, 3, []*memory{data, h.ints([]int32{0, 0, 9_999}), h.ints([]int32{0, children, 1}), h.floats(marked(3 * chains))}},
				{b.k, 0, 100, []*memory{data, h.floats(marked(100 * chains))}},
			})
		})
	}
}
