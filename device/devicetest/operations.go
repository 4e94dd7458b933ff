package devicetest

import (
	"context"
	"math"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/shaders"
)

var (
	unaryOps = []shaders.Op{shaders.OpNeg, shaders.OpAbs, shaders.OpSqrt, shaders.OpExp, shaders.OpLog, shaders.OpLog1p,
		shaders.OpExpm1, shaders.OpTanh, shaders.OpSin, shaders.OpCos}
	binaryOps  = []shaders.Op{shaders.OpAdd, shaders.OpSub, shaders.OpMul, shaders.OpDiv, shaders.OpMin, shaders.OpMax}
	compareOps = []shaders.Op{shaders.OpLess, shaders.OpLessEqual, shaders.OpEqual}
)

// testIndices stores constants, items and chains.
func testIndices(h *harness) {
	h.grids(func(h *harness, items, chains int) {
		a := assemble("indices", chains)
		out := a.out("out")
		for n, x := range []shaders.Value{a.constant(0.1), a.float(shaders.OpIntToFloat, a.item()), a.float(shaders.OpIntToFloat, a.chain()),
			a.float(shaders.OpIntToFloat, a.lane()), a.float(shaders.OpIntToFloat, a.constInt(-3))} {
			a.store(out, a.plus(a.lane(), n*items*chains), x)
		}
		h.check(1, []work{{a.k, 0, items, []*memory{h.floats(marked(5*items*chains + 1))}}})
	})
}

// testElementwise runs every operation on vectors, whole grids of lanes long.
func testElementwise(h *harness) {
	h.grids(func(h *harness, items, chains int) {
		n := items * chains
		ops := append(append([]shaders.Op(nil), unaryOps...), binaryOps...)
		if n > 1<<17 {
			ops = []shaders.Op{shaders.OpNeg, shaders.OpExp, shaders.OpAdd, shaders.OpMul}
		}
		a := assemble("elementwise", chains)
		x, y, out := a.in("x"), a.in("y"), a.out("out")
		lane := a.lane()
		p, q := a.load(x, lane), a.load(y, lane)
		positive := a.float(shaders.OpAbs, p)
		for i, op := range ops {
			var v shaders.Value
			switch {
			case op >= shaders.OpAdd && op <= shaders.OpMax:
				v = a.float(op, p, q)
			case op == shaders.OpSqrt || op == shaders.OpLog || op == shaders.OpLog1p:
				v = a.float(op, positive)
			default:
				v = a.float(op, p)
			}
			a.store(out, a.plus(lane, i*n), v)
		}
		h.check(1, []work{{a.k, 0, items, []*memory{h.floats(h.numbers(n)), h.floats(h.numbers(n)), h.floats(marked(len(ops) * n))}}})
	})
}

// testScalarOperands runs every operation with operands that are the same for
// all lanes, for all items or for all chains.
func testScalarOperands(h *harness) {
	for _, chains := range chainCounts {
		const items = 37
		n := items * chains
		a := assemble("scalars", chains)
		x, out := a.in("x"), a.out("out")
		lane := a.lane()
		operands := []shaders.Value{a.load(x, lane), a.constant(0.75), a.load(x, a.constInt(2)), a.load(x, a.chain()), a.load(x, a.item())}
		stored := 0
		keep := func(v shaders.Value) {
			a.store(out, a.plus(lane, stored*n), v)
			stored++
		}
		for _, p := range operands {
			for _, op := range unaryOps {
				if op == shaders.OpSqrt || op == shaders.OpLog || op == shaders.OpLog1p {
					keep(a.float(op, a.float(shaders.OpAbs, p)))
				} else {
					keep(a.float(op, p))
				}
			}
			for _, q := range operands {
				for _, op := range binaryOps {
					keep(a.float(op, p, q))
				}
				for _, op := range compareOps {
					keep(a.float(shaders.OpSelect, a.truth(op, p, q), p, q))
					keep(a.float(shaders.OpSelect, a.truth(op, operands[0], p), q, operands[1]))
				}
			}
		}
		h.check(2, []work{{a.k, 0, items, []*memory{h.floats(h.numbers(n)), h.floats(marked(stored * n))}}})
	}
}

// testSpecialValues holds operations exactly to IEEE 754 on values that are not
// ordinary numbers, the sign of zero included where the operation is exact.
func testSpecialValues(h *harness) {
	specials := []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1), 0, 1, -1, 2.5}
	n := len(specials) * len(specials)
	xs, ys := make([]float64, 0, n), make([]float64, 0, n)
	for _, x := range specials {
		for _, y := range specials {
			xs, ys = append(xs, x), append(ys, y)
		}
	}
	a := assemble("special values", 1)
	x, y, out := a.in("x"), a.in("y"), a.out("out")
	p, q := a.load(x, a.item()), a.load(y, a.item())
	ops := append(append([]shaders.Op(nil), unaryOps...), binaryOps...)
	for i, op := range ops {
		v := a.float(op, []shaders.Value{p, q}[:1+oneIf(op <= shaders.OpMax)]...)
		a.store(out, a.plus(a.item(), i*n), v)
	}
	one, zero := a.constant(1), a.constant(0)
	for i, op := range compareOps {
		a.store(out, a.plus(a.item(), (len(ops)+i)*n), a.float(shaders.OpSelect, a.truth(op, p, q), one, zero))
	}
	a.store(out, a.plus(a.item(), (len(ops)+3)*n), a.float(shaders.OpSelect, a.truth(shaders.OpEqual, zero, q), p, q))
	result := h.floats(marked((len(ops) + 4) * n))
	h.check(1, []work{{a.k, 0, n, []*memory{h.floats(xs), h.floats(ys), result}}})

	got := make([]float64, result.buffer.Len())
	require.NoError(h.t, result.buffer.ReadFloats(0, got))
	for i, op := range ops {
		exact := op == shaders.OpNeg || op == shaders.OpAbs || op == shaders.OpSqrt || op <= shaders.OpDiv
		for lane := range n {
			want := result.array.floats[i*n+lane]
			if exact && want.x == 0 {
				require.Equal(h.t, math.Signbit(want.x), math.Signbit(got[i*n+lane]), "sign of zero: %v of %v, %v", op, xs[lane], ys[lane])
			}
		}
	}
}

func oneIf(b bool) int {
	if b {
		return 1
	}
	return 0
}

// testTruth runs the operations on truth values and integer comparisons.
func testTruth(h *harness) {
	h.grids(func(h *harness, items, chains int) {
		n := items * chains
		a := assemble("truth", chains)
		x, numbers, out := a.in("x"), a.ints("numbers"), a.out("out")
		lane := a.lane()
		v := a.load(x, lane)
		number := a.loadInt(numbers, a.item())
		one, zero, half := a.constant(1), a.constant(0), a.constant(0.5)
		big, small := a.truth(shaders.OpLess, half, v), a.truth(shaders.OpLessEqual, v, zero)
		equal, less := a.truth(shaders.OpEqualInt, number, a.chain()), a.truth(shaders.OpLessInt, number, a.item())
		constant := a.truth(shaders.OpLess, zero, one)
		for i, truth := range []shaders.Value{big, small, equal, less, constant,
			a.truth(shaders.OpAnd, less, a.truth(shaders.OpNot, big)), a.truth(shaders.OpOr, equal, small),
			a.truth(shaders.OpAnd, constant, big), a.truth(shaders.OpNot, constant),
			a.truth(shaders.OpEqualInt, a.item(), a.constInt(2)), a.truth(shaders.OpLessInt, a.chain(), a.constInt(2)),
			a.truth(shaders.OpLessInt, a.constInt(3), a.constInt(2)), a.truth(shaders.OpLess, a.load(x, a.chain()), zero)} {
			a.store(out, a.plus(lane, i*n), a.float(shaders.OpSelect, truth, []shaders.Value{one, v}[i%2], []shaders.Value{zero, v, half}[i%3]))
		}
		ints := make([]int32, items)
		for i := range ints {
			ints[i] = int32(h.random.IntN(5))
		}
		h.check(1, []work{{a.k, 0, items, []*memory{h.floats(h.numbers(n)), h.ints(ints), h.floats(marked(13 * n))}}})
	})
}

// runOnce records and runs one dispatch and returns its error.
func (h *harness) runOnce(w work) error {
	return h.record(h.recording(w.kernel.Name, [][]work{{w}})).Run(context.Background())
}
