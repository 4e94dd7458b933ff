package devicetest

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/shaders"
)

// RunRandom runs random kernels, half of them straight and half of them with branches
// and loops, in both precisions, and compares them with the oracle, as RunAll does
// with fewer.
func RunRandom(t *testing.T, kernels int, open func(t *testing.T, p device.Precision) device.Device) {
	for name, precision := range map[string]device.Precision{"float64": device.Float64, "float32": device.Float32} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t, open(t, precision), nil, precision)
			randomKernels(h, kernels/4)
			randomNests(h, kernels/4)
			h.close()
		})
	}
}

// testRandom runs random kernels, the same ones every time. A kernel that ever
// fails becomes a test of its own.
func testRandom(h *harness) {
	kernels := 300
	if testing.Short() {
		kernels = 60
	}
	randomKernels(h, kernels)
}

func randomKernels(h *harness, kernels int) {
	checked, total := 0, 0
	for seed := range kernels {
		h.random = rand.New(rand.NewPCG(uint64(seed), 7))
		w := randomWork(h)
		stages := [][]work{{w}}
		p := h.record(h.recording(w.kernel.Name, stages))
		for range 2 {
			require.NoError(h.t, h.runOnce(w), "seed %d", seed)
			h.oracleRun(stages)
		}
		require.NoError(h.t, p.Close())
		checked += h.compare(stages)
		for _, m := range h.memory {
			total += len(m.array.floats)
		}
		h.close()
	}
	require.Greater(h.t, checked, total*3/4, "the error bounds say something about most numbers")
}

// randomWork is a kernel of random operations on random accesses, for a random
// range of items.
func randomWork(h *harness) work {
	pick := h.random.IntN
	chains := []int{1, 1, 2, 3, 4, 5, 16, 64, 100}[pick(9)]
	first, count := pick(4), 1+pick(40)
	switch pick(20) {
	case 0:
		count = 1
	case 1:
		count = 1000/chains + pick(1000)
	}
	total := first + count
	n := total * chains
	a := assemble("random", chains)
	state, data, params := a.in("state"), a.in("data"), a.in("params")
	table, counts := a.ints("table"), a.ints("counts")
	both, out := a.buffer("both", shaders.Float, shaders.ReadWrite), a.out("out")
	lane := a.lane()
	hop, length := a.loadInt(table, a.item()), a.loadInt(counts, a.item())
	floats := []shaders.Value{a.constant(h.random.NormFloat64()), a.load(state, lane)}
	var truths []shaders.Value
	float := func() shaders.Value { return floats[max(pick(len(floats)), pick(len(floats)))] }
	truth := func() shaders.Value { return truths[pick(len(truths))] }
	ints := []shaders.Value{a.item(), a.chain(), hop, length, a.constInt(pick(3)), lane}
	stored := 0
	keep := func(v shaders.Value) {
		if pick(4) == 0 { // by table: every item once
			a.store(out, a.plus(a.row(a.loadInt(table, a.plus(a.item(), total))), stored*n), v)
		} else {
			a.store(out, a.plus(lane, stored*n), v)
		}
		stored++
	}
	inPlace := pick(2) == 0
	var kept shaders.Value = shaders.NoValue
	for range 5 + pick(50) {
		switch pick(12) {
		case 0:
			floats = append(floats, a.constant(h.random.NormFloat64()))
		case 1:
			at := []shaders.Value{lane, a.row(hop), a.item(), hop, a.chain(), a.plus(lane, n), a.plus(a.row(hop), n), a.constInt(pick(n)),
				a.row(a.loadInt(table, hop))}[pick(9)]
			floats = append(floats, a.load(state, at))
		case 2:
			floats = append(floats, a.load(data, []shaders.Value{a.item(), hop, a.constInt(pick(total))}[pick(3)]))
		case 3:
			floats = append(floats, a.load(params, []shaders.Value{a.chain(), a.plus(a.chain(), chains), a.constInt(pick(2 * chains))}[pick(3)]))
		case 4:
			reduction := shaders.Reduction(pick(4))
			if pick(2) == 0 {
				floats = append(floats, a.segment(reduction, state, a.row(hop), length, chains))
			} else {
				floats = append(floats, a.segment(reduction, state, a.row(hop), a.constInt(pick(4)), chains))
			}
		case 5:
			if kept == shaders.NoValue && inPlace {
				floats = append(floats, a.load(both, []shaders.Value{lane, a.plus(lane, n)}[pick(2)]))
			} else {
				floats = append(floats, a.float(shaders.OpIntToFloat, ints[pick(len(ints))]))
			}
		case 6:
			truths = append(truths, a.truth(compareOps[pick(3)], float(), float()))
		case 7:
			truths = append(truths, a.truth([]shaders.Op{shaders.OpLessInt, shaders.OpEqualInt}[pick(2)], ints[pick(len(ints))], ints[pick(len(ints))]))
		case 8:
			if len(truths) > 0 {
				if pick(2) == 0 {
					truths = append(truths, a.truth([]shaders.Op{shaders.OpAnd, shaders.OpOr}[pick(2)], truth(), truth()), a.truth(shaders.OpNot, truth()))
				}
				floats = append(floats, a.float(shaders.OpSelect, truth(), float(), float()))
			}
		case 9:
			op, x := unaryOps[pick(len(unaryOps))], float()
			if op == shaders.OpExp || op == shaders.OpExpm1 {
				x = a.float(shaders.OpTanh, x) // keep numbers moderate
			}
			if op == shaders.OpSqrt || op == shaders.OpLog || op == shaders.OpLog1p {
				x = a.float(shaders.OpAbs, x)
			}
			floats = append(floats, a.float(op, x))
		default:
			floats = append(floats, a.float(binaryOps[pick(len(binaryOps))], float(), float()))
		}
		if pick(6) == 0 && stored < 6 {
			keep(float())
		}
		if inPlace && pick(12) == 0 && kept == shaders.NoValue {
			kept = float()
			a.store(both, lane, kept)
		}
	}
	for stored < 6 {
		keep(float())
	}
	numbers, lengths := make([]int32, 2*total), make([]int32, total)
	for i := range total {
		numbers[i] = int32(pick(total))
		numbers[total+i] = int32(i)
		lengths[i] = int32(pick(5))
	}
	// Only the items of the range are permuted: others are not stored.
	h.random.Shuffle(count, func(i, j int) {
		i, j = total+first+i, total+first+j
		numbers[i], numbers[j] = numbers[j], numbers[i]
	})
	offset := pick(3)
	return work{a.k, first, count, []*memory{h.floats(h.numbers(n + max(n, 5*chains) + offset)).from(offset), h.floats(h.numbers(total + offset)).from(offset),
		h.floats(h.numbers(2*chains + offset)).from(offset), h.ints(numbers), h.ints(lengths), h.floats(h.numbers(2 * n)), h.floats(marked(6*n + offset)).from(offset)}}
}
