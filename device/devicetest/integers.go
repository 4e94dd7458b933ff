package devicetest

import (
	"math"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/shaders"
)

// oddIntegers are those at which wrapping, signs and shifts go wrong.
var oddIntegers = []int32{0, 1, -1, 2, -2, 3, 7, 31, 32, 255, -256, 65535, 65536, 65537, math.MaxInt32, math.MaxInt32 - 1, math.MinInt32,
	math.MinInt32 + 1, 0x55555555, -0x55555556, -0x2DAEE0AD, -0x61C88647, 123456789}

// testIntegerOperations runs every integer operation on pairs of numbers, with
// constants on either side, and with numbers that are the same for all lanes,
// items or chains.
func testIntegerOperations(h *harness) {
	binary := []shaders.Op{shaders.OpAddInt, shaders.OpSubInt, shaders.OpMulInt, shaders.OpMulHighInt, shaders.OpAndInt, shaders.OpOrInt,
		shaders.OpXorInt, shaders.OpShiftLeftInt, shaders.OpShiftRightInt}
	pairs := len(oddIntegers) * len(oddIntegers)
	var xs, ys []int32
	for _, x := range oddIntegers {
		for _, y := range oddIntegers {
			xs, ys = append(xs, x), append(ys, y)
		}
	}
	for _, chains := range []int{1, 3} {
		n := pairs * chains
		a := assemble("integer operations", chains)
		x, y, out := a.ints("x"), a.ints("y"), a.buffer("out", shaders.Int, shaders.Write)
		lane, stored := a.lane(), 0
		keep := func(v shaders.Value) {
			a.storeInt(out, a.plus(lane, stored*n), v)
			stored++
		}
		p, q := a.loadInt(x, a.item()), a.loadInt(y, a.item())
		operands := [][2]shaders.Value{{p, q}, {p, p}, {p, a.constInt(-7)}, {a.constInt(0x12345678), q}, {a.constInt(-5), a.constInt(3)},
			{p, a.loadInt(y, a.constInt(20))}, {a.loadInt(x, a.chain()), q}, {a.plus(a.chain(), 1<<31-2), a.item()}}
		for _, o := range operands {
			for _, op := range binary {
				second := o[1]
				if op == shaders.OpShiftLeftInt || op == shaders.OpShiftRightInt {
					second = a.bits(second, 31)
				}
				keep(a.int(op, o[0], second))
			}
			keep(a.int(shaders.OpBitCountInt, a.int(shaders.OpXorInt, o[0], o[1])))
			keep(a.int(shaders.OpSelectInt, a.less(o[0], o[1]), o[0], a.constInt(11)))
			keep(a.int(shaders.OpSelectInt, a.equal(o[0], o[1]), a.chain(), o[1]))
		}
		for places := range 32 {
			keep(a.int(shaders.OpShiftLeftInt, p, a.constInt(places)))
			keep(a.int(shaders.OpShiftRightInt, p, a.constInt(places)))
		}
		h.check(1, []work{{a.k, 0, pairs, []*memory{h.ints(xs), h.ints(ys), h.ints(make([]int32, stored*n))}}})
		h.close()
	}
}

// testIntegerStores stores integers in all shapes of grids, in place and through a
// permutation.
func testIntegerStores(h *harness) {
	kernel := perChains(func(a assembler) {
		x, table, out := a.bothInts("x"), a.ints("table"), a.buffer("out", shaders.Int, shaders.Write)
		lane := a.lane()
		v := a.loadInt(x, lane)
		a.storeInt(x, lane, a.int(shaders.OpSubInt, a.times(v, 3), a.chain()))
		again := a.loadInt(x, lane)
		a.storeInt(x, lane, a.int(shaders.OpXorInt, again, v))
		place := a.times(a.row(a.loadInt(table, a.item())), 2)
		a.storeInt(out, place, again)
		a.storeInt(out, a.plus(place, 1), a.item())
	}, "integer stores")
	h.grids(func(h *harness, items, chains int) {
		n, first := items*chains, 3
		permutation := make([]int32, first+items)
		for i, to := range h.random.Perm(items) {
			permutation[first+i] = int32(to)
		}
		x := h.ints(h.whole((first+items)*chains+1, -1<<31, 1<<31))
		h.check(2, []work{{kernel(chains), first, items, []*memory{x.from(1), h.ints(permutation), h.ints(make([]int32, 2*n+2)).from(1)}}})
	})
}

// testConversions goes from floats to integers and back: whole parts, exponents of
// ordinary and of special values, powers of two.
func testConversions(h *harness) {
	tiny, highest, lowExponent, highExponent := 0x1p-126, 2147483520.0, -126, 127
	if h.precision == device.Float64 {
		tiny, highest, lowExponent, highExponent = 0x1p-1022, 2147483647.75, -1022, 1023
	}
	largest := 4 * h.oracle.numbers.huge
	var cut []float64
	for _, x := range []float64{0, 0.25, 0.5, 0.999, 1, 1.5, 2, 2.5, 3.75, 1e6 + 0.5, 1<<23 + 1, 1 << 24, 1e9, highest} {
		cut = append(cut, x, -x)
	}
	var whole []float64
	for _, x := range []float64{0, 1, 1.5, 1.75, 2, 3, 0.1, 0.75, 1000, 1 << 23, math.Nextafter(2, 1) - 0x1p-24, 4 - 0x1p-21, tiny, 1.5 * tiny, 2 * tiny,
		tiny / 2, tiny * 0x1p-20, largest, largest / 3, math.Inf(1), math.NaN()} {
		whole = append(whole, x, -x)
	}
	var powers []int32
	for e := lowExponent; e <= highExponent; e++ {
		powers = append(powers, int32(e))
	}

	a := assemble("conversions", 1)
	x, numbers, out, floats := a.in("x"), a.ints("numbers"), a.buffer("out", shaders.Int, shaders.Write), a.out("floats")
	a.storeInt(out, a.times(a.item(), 2), a.int(shaders.OpFloatToInt, a.load(x, a.item())))
	a.storeInt(out, a.plus(a.times(a.item(), 2), 1), a.int(shaders.OpFloatToInt, a.constant(-7.75)))
	a.store(floats, a.item(), a.toFloat(a.loadInt(numbers, a.item())))

	b := assemble("exponents", 1)
	y, exponents := b.in("y"), b.buffer("exponents", shaders.Int, shaders.Write)
	b.storeInt(exponents, b.item(), b.int(shaders.OpExponent, b.load(y, b.item())))

	c := assemble("powers", 1)
	table, result, back := c.ints("table"), c.out("result"), c.buffer("back", shaders.Int, shaders.Write)
	power := c.float(shaders.OpPowerOfTwo, c.loadInt(table, c.item()))
	c.store(result, c.times(c.item(), 2), power)
	c.store(result, c.plus(c.times(c.item(), 2), 1), c.float(shaders.OpPowerOfTwo, c.constInt(-10)))
	c.storeInt(back, c.item(), c.int(shaders.OpExponent, c.float(shaders.OpNeg, power)))

	// The fraction of a number, 1 <= fraction < 2.
	d := assemble("fractions", 4)
	z, fractions := d.in("z"), d.out("fractions")
	v := d.load(z, d.lane())
	d.store(fractions, d.lane(), d.float(shaders.OpMul, v, d.float(shaders.OpPowerOfTwo, d.int(shaders.OpSubInt, d.constInt(0), d.int(shaders.OpExponent, v)))))

	h.check(1, []work{
		{a.k, 0, len(oddIntegers), []*memory{h.floats(cut), h.ints(oddIntegers), h.ints(make([]int32, 2*len(cut))), h.floats(marked(len(oddIntegers)))}},
		{b.k, 0, len(whole), []*memory{h.floats(whole), h.ints(make([]int32, len(whole)))}},
		{c.k, 0, len(powers), []*memory{h.ints(powers), h.floats(marked(2 * len(powers))), h.ints(make([]int32, len(powers)))}},
		{d.k, 0, 50, []*memory{h.floats(h.numbers(200)), h.floats(marked(200))}},
	})
}
