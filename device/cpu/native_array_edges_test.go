package cpu

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/device/cpu/native"
	"github.com/hxgpu/hxgpu/shaders"
	"github.com/hxgpu/hxgpu/tensor"
)

// specialNumbers are where functions have something to decide, and random numbers.
func specialNumbers(r *rand.Rand) []float64 {
	x := []float64{0, math.Copysign(0, -1), 1, -1, math.Inf(1), math.Inf(-1), math.NaN(), math.MaxFloat64, -math.MaxFloat64, 5e-324, -5e-324, 0x1p-1022, 0x1p-1060,
		709.78, 709.79, -745.1, -745.2, 88.72, 88.73, -103.9, -104, 1e-8, -1e-8, 0.5, math.Sqrt2, math.Pi, math.Pi / 4, 1e9, 1e10, 1 << 24, -0.9999, 0.4142, -0.2928, 0.625, -17.9, -40.1}
	for range 300 {
		x = append(x, r.NormFloat64()*math.Exp(8*r.NormFloat64()))
	}
	return x
}

// TestNativeFunctions: functions of arrays have the bits of their expansions, run an
// operation at a time by the portable engine, special values included.
func TestNativeFunctions(t *testing.T) {
	functionBits[float64](t, 64)
	functionBits[float32](t, 32)
}

func functionBits[T float](t *testing.T, bits int) {
	input := specialNumbers(rand.New(rand.NewPCG(15, 16)))
	n := len(input)
	functions := []func(tensor.Value) tensor.Value{tensor.Value.Exp, tensor.Value.Log, tensor.Value.Log1p, tensor.Value.Expm1, tensor.Value.Tanh, tensor.Value.Sin, tensor.Value.Cos}
	for k, f := range functions {
		op := shaders.OpExp + shaders.Op(k)
		b := shaders.NewBuilder("function", 1)
		x, out := b.Buffer("x", shaders.Float, shaders.Read), b.Buffer("out", shaders.Float, shaders.Write)
		b.Store(out, b.Item(), b.Unary(op, b.Load(x, b.Item())))
		expanded, err := shaders.Expand(b.Kernel(), bits)
		require.NoError(t, err)
		a := newArrayTest(t, 1, true, n, func(x tensor.Value) []tensor.Value { return []tensor.Value{f(x)} })
		want := argumentsOf[T](a, input)
		lockstepEngine[T]{compileLockstep(expanded)}.runner().run(&want, 0, n)
		for _, wide := range widths(t) {
			code, err := native.CompileArrays(a.kernel, bits, wide)
			require.NoError(t, err)
			got := argumentsOf[T](a, input)
			arrayNativeEngine[T]{ArrayCode: code}.runner().run(&got, 0, 1)
			for i, x := range want.floats[1] {
				y := got.floats[1][i]
				require.True(t, x == y || x != x && y != y, "operation %d of %v, %d bits, wide %v: %v, must be %v", op, input[i], bits, wide, y, x)
			}
		}
	}
}

// TestNativeArrayIndices: an element out of range of its buffer is an error that names the
// buffer, and nothing of it is touched.
func TestNativeArrayIndices(t *testing.T) {
	const items, n = 6, 11
	place := shaders.Place{PlaceStride: 1, ElementStride: items, Count: -1}
	cases := map[string]struct {
		buffer string
		tables [2]int32 // what item 3 has
		build  func(b *shaders.ArrayBuilder, x, out, rows, counts int)
		good   bool
	}{
		"loads":            {"", [2]int32{5, 0}, loadRow(place, n), true},
		"loads beyond":     {"x", [2]int32{6, 0}, loadRow(place, n), false},
		"loads before":     {"x", [2]int32{-1, 0}, loadRow(place, n), false},
		"far loads":        {"x", [2]int32{math.MaxInt32, 0}, loadRow(place, n), false},
		"stores beyond":    {"out", [2]int32{6, 0}, storeRow(place, n), false},
		"stores before":    {"out", [2]int32{-7, 0}, storeRow(place, n), false},
		"reduces":          {"", [2]int32{2, 4}, reduceRow(place, n), true},
		"reduces beyond":   {"x", [2]int32{2, 5}, reduceRow(place, n), false},
		"reduces before":   {"x", [2]int32{-1, 2}, reduceRow(place, n), false},
		"reduces nothing":  {"", [2]int32{99, 0}, reduceRow(place, n), true},
		"reduces negative": {"", [2]int32{99, -5}, reduceRow(place, n), true},
		"table beyond": {"rows", [2]int32{0, 0}, func(b *shaders.ArrayBuilder, _, out, rows, _ int) {
			b.Store(out, place, b.Int(rows, items), 1)
		}, false},
	}
	for name, c := range cases {
		b := shaders.NewArrayBuilder("indices", 1)
		x, out := b.Buffer("x", shaders.Float, shaders.Read), b.Buffer("out", shaders.Float, shaders.Write)
		rows, counts := b.Buffer("rows", shaders.Int, shaders.Read), b.Buffer("counts", shaders.Int, shaders.Read)
		c.build(b, x, out, rows, counts)
		k := b.Kernel()
		require.NoError(t, shaders.Verify(k))
		for _, wide := range widths(t) {
			code, err := native.CompileArrays(k, 64, wide)
			require.NoError(t, err)
			a := arguments[float64]{floats: [][]float64{make([]float64, n*items), make([]float64, n*items), nil, nil}, ints: [][]int32{nil, nil, make([]int32, items), make([]int32, items)}}
			a.ints[2][3], a.ints[3][3] = c.tables[0], c.tables[1]
			run := func() { arrayNativeEngine[float64]{ArrayCode: code}.runner().run(&a, 3, 4) }
			if c.good {
				require.NotPanics(t, run, name)
				continue
			}
			func() {
				defer func() {
					failure, ok := recover().(nativeFailure)
					require.True(t, ok, name)
					require.ErrorContains(t, failure, `out of range of its buffer "`+c.buffer+`"`, name)
				}()
				run()
			}()
			require.Equal(t, make([]float64, n*items), a.floats[1], name)
		}
	}
}

func loadRow(place shaders.Place, n int) func(b *shaders.ArrayBuilder, x, out, rows, counts int) {
	return func(b *shaders.ArrayBuilder, x, out, rows, _ int) {
		from := place
		from.Indirect, from.Index = true, rows
		b.Store(out, place, b.Load(x, from, n), n)
	}
}

func storeRow(place shaders.Place, n int) func(b *shaders.ArrayBuilder, x, out, rows, counts int) {
	return func(b *shaders.ArrayBuilder, x, out, rows, _ int) {
		to := place
		to.Indirect, to.Index = true, rows
		b.Store(out, to, b.Load(x, place, n), n)
	}
}

func reduceRow(place shaders.Place, n int) func(b *shaders.ArrayBuilder, x, out, rows, counts int) {
	return func(b *shaders.ArrayBuilder, x, out, rows, counts int) {
		from := place
		from.Indirect, from.Index, from.Count = true, rows, counts
		b.Store(out, place, b.Reduce(shaders.Sum, x, from, n), n)
	}
}
