package shaders_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/shaders"
)

// subnormalLog is log x of a subnormal x, with which math.Log is wrong on amd64.
func subnormalLog(x float64) float64 { return math.Log(math.Ldexp(x, 100)) - 100*math.Ln2 }

// TestExpandSpecialValues: the values at which functions are not ordinary.
func TestExpandSpecialValues(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	type point struct{ x, want float64 }
	for _, bits := range precisions {
		tiny, largest, smallest := 0x1p-130, math.MaxFloat32, math.SmallestNonzeroFloat32
		over, under, gradual := 88.73, -104.0, -100.0
		if bits == 64 {
			tiny, largest, smallest = 0x1p-1060, math.MaxFloat64, math.SmallestNonzeroFloat64
			over, under, gradual = 709.79, -746, -740
		}
		for op, points := range map[shaders.Op][]point{
			shaders.OpExp: {{0, 1}, {inf, inf}, {-inf, 0}, {over, inf}, {1e30, inf}, {under, 0}, {-1e30, 0}, {gradual, math.Exp(gradual)},
				{tiny, 1}, {-tiny, 1}, {1, math.E}},
			shaders.OpExpm1: {{0, 0}, {inf, inf}, {-inf, -1}, {over, inf}, {-1e30, -1}, {-60, -1}, {tiny, tiny}, {-tiny, -tiny}, {smallest, smallest}, {1e-20, 1e-20}},
			shaders.OpTanh:  {{0, 0}, {inf, 1}, {-inf, -1}, {30, 1}, {-30, -1}, {1e30, 1}, {largest, 1}, {tiny, tiny}, {-tiny, -tiny}, {1e-20, 1e-20}},
			shaders.OpLog: {{0, -inf}, {math.Copysign(0, -1), -inf}, {-1, nan}, {-smallest, nan}, {-inf, nan}, {inf, inf}, {1, 0}, {tiny, subnormalLog(tiny)},
				{3 * tiny, subnormalLog(3 * tiny)}, {smallest, subnormalLog(smallest)}, {largest, math.Log(largest)}, {0x1p-126, math.Log(0x1p-126)}},
			shaders.OpLog1p: {{0, 0}, {-1, -inf}, {-2, nan}, {-inf, nan}, {inf, inf}, {tiny, tiny}, {-tiny, -tiny}, {1e-20, 1e-20}, {largest, math.Log(largest)}},
			shaders.OpSin:   {{0, 0}, {inf, nan}, {-inf, nan}, {1.5 * (1 << 30), nan}, {tiny, tiny}, {-tiny, -tiny}, {1e-20, 1e-20}},
			shaders.OpCos:   {{0, 1}, {inf, nan}, {-inf, nan}, {1.5 * (1 << 30), nan}, {tiny, 1}, {1e-20, 1}},
		} {
			f := function(t, op, bits)
			for _, p := range append(points, point{nan, nan}) {
				if bits == 32 {
					p = point{float64(float32(p.x)), float64(float32(p.want))}
				}
				got := f(p.x)
				same := got == p.want || math.IsNaN(got) && math.IsNaN(p.want)
				require.True(t, same || math.Abs(got-p.want) <= 2*unit(p.want, bits), "%v of %v in float%d is %v, must be %v", op, p.x, bits, got, p.want)
			}
		}
	}
}

// TestExpandFarAngles: far out, a sine is that of a number next to x.
func TestExpandFarAngles(t *testing.T) {
	for _, bits := range precisions {
		f := function(t, shaders.OpSin, bits)
		last := map[int]float64{32: 1 << 24, 64: 1 << 30}[bits]
		for x := 1e4; x <= last; x *= 1.0037 {
			p, off := x, 3*unit(0.5, bits)
			if bits == 32 {
				p = float64(float32(x))
				off += unit(p, bits)
			}
			require.InDelta(t, math.Sin(p), f(p), off, "%v", p)
		}
		require.False(t, math.IsNaN(f(-last)))
		require.True(t, math.IsNaN(f(last*1.001)))
	}
}

// TestExpandConstants: functions of constants are constants.
func TestExpandConstants(t *testing.T) {
	a := shaders.Kernel{Name: "constants", Chains: 1, Buffers: []shaders.Buffer{{Name: "out", Type: shaders.Float, Access: shaders.Write}}}
	none := shaders.NoValue
	a.Instructions = []shaders.Instruction{
		{Op: shaders.OpItem, Type: shaders.Int, A: none, B: none, C: none},
		{Op: shaders.OpConst, Type: shaders.Float, A: none, B: none, C: none, Float: 1},
		{Op: shaders.OpExp, Type: shaders.Float, A: 1, B: none, C: none},
		{Op: shaders.OpStore, A: 0, B: 2, C: none},
		{Op: shaders.OpConstInt, Type: shaders.Int, A: none, B: none, C: none, Int: 3},
		{Op: shaders.OpIntToFloat, Type: shaders.Float, A: 4, B: none, C: none},
		{Op: shaders.OpStore, A: 4, B: 5, C: none},
	}
	k, err := shaders.Expand(&a, 64)
	require.NoError(t, err)
	require.Equal(t, `kernel "constants" chains 1
buffer $0 out float "out"
  %0 = item
  %1 = const 1
  %2 = const 2.718281828459045
  store $0[%0] %2
  %4 = const.int 3
  %5 = const 3
  store $0[%4] %5
`, k.String())
}

// TestExpandExtremes: a minimum with NaN is NaN whatever its place.
func TestExpandExtremes(t *testing.T) {
	b := shaders.NewBuilder("extremes", 1)
	x, out := b.Buffer("x", shaders.Float, shaders.Read), b.Buffer("out", shaders.Float, shaders.Write)
	p, q := b.Load(x, b.ConstInt(0)), b.Load(x, b.ConstInt(1))
	b.Store(out, b.ConstInt(0), b.Binary(shaders.OpMin, p, q))
	b.Store(out, b.ConstInt(1), b.Binary(shaders.OpMax, p, q))
	k, err := shaders.Expand(b.Kernel(), 64)
	require.NoError(t, err)
	in, got := make([]float64, 2), make([]float64, 2)
	l := newLane(k, 64, in, got)
	numbers := []float64{math.NaN(), math.Inf(1), math.Inf(-1), 0, -1, 2.5}
	for _, in[0] = range numbers {
		for _, in[1] = range numbers {
			l.run()
			require.Equal(t, fmt.Sprint(min(in[0], in[1]), max(in[0], in[1])), fmt.Sprint(got[0], got[1]), "%v", in)
		}
	}
}

// TestExpandSegments: counted runs of elements, whether unrolled or looped over.
func TestExpandSegments(t *testing.T) {
	x := []float64{3, -1, 4, 1, -5, 9, 2, 6}
	for r, want := range map[shaders.Reduction][]float64{
		// counts 0 to 4 of every second element, from the first on
		shaders.Sum:  {0, 3, 7, 2, 4},
		shaders.Prod: {1, 3, 12, -60, -120},
		shaders.Max:  {math.Inf(-1), 3, 4, 4, 4},
		shaders.Min:  {math.Inf(1), 3, 3, -5, -5},
	} {
		for count := range 5 {
			b := shaders.NewBuilder("segments", 1)
			buffer, out := b.Buffer("x", shaders.Float, shaders.Read), b.Buffer("out", shaders.Float, shaders.Write)
			counts := b.Buffer("counts", shaders.Int, shaders.Read)
			zero := b.ConstInt(0)
			b.Store(out, zero, b.SegmentReduce(r, buffer, zero, b.ConstInt(count), 2))
			b.Store(out, b.ConstInt(1), b.SegmentReduce(r, buffer, zero, b.LoadInt(counts, zero), 2))
			k, err := shaders.Expand(b.Kernel(), 64)
			require.NoError(t, err)
			require.NoError(t, shaders.Verify(k))
			got := make([]float64, 2)
			newLane(k, 64, x, got, []float64{float64(count)}).run()
			require.Equal(t, []float64{want[count], want[count]}, got, "%v of %d", r, count)
		}
	}
}

// TestExpandCopies: structure, loads and stores stay as they are, and a load after
// a store is not shared with the one before.
func TestExpandCopies(t *testing.T) {
	b := shaders.NewBuilder("copies", 2)
	x := b.Buffer("x", shaders.Float, shaders.ReadWrite)
	sum := b.Variable(b.Const(0))
	b.Loop(b.ConstInt(3), func(i shaders.Value) {
		v := b.Load(x, i)
		b.Break(b.Compare(shaders.OpLess, b.Const(8), v))
		b.If(b.Compare(shaders.OpLess, v, b.Const(0)), func() {
			b.Store(x, i, b.Unary(shaders.OpAbs, v))
		}, func() {
			b.Store(x, i, b.Binary(shaders.OpMul, v, b.Const(3)))
		})
		b.Set(sum, b.Binary(shaders.OpAdd, b.Get(sum), b.Load(x, i)))
	})
	b.Store(x, b.ConstInt(3), b.Get(sum))
	k, err := shaders.Expand(b.Kernel(), 32)
	require.NoError(t, err)
	require.Equal(t, b.Kernel().String(), k.String())
	memory := []float64{-2, 1.5, 9, 0}
	newLane(k, 32, memory).run()
	require.Equal(t, []float64{2, 4.5, 9, 6.5}, memory)

	_, err = shaders.Expand(b.Kernel(), 16)
	require.ErrorContains(t, err, "floats of 16 bits")
}
