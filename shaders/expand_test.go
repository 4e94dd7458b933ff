package shaders_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/shaders"
)

var precisions = []int{32, 64}

// elementaryFunctions are what Expand writes out, and where their arguments lie.
var elementaryFunctions = []struct {
	op    shaders.Op
	exact func(float64) float64
	draw  func(r *rand.Rand, bits int) float64
}{
	{shaders.OpExp, math.Exp, func(r *rand.Rand, bits int) float64 { return either(r, uniform(r, -87, 88), magnitudes(r, -20, 2)) }},
	{shaders.OpExpm1, math.Expm1, func(r *rand.Rand, bits int) float64 { return either(r, uniform(r, -50, 88), magnitudes(r, -30, 2)) }},
	{shaders.OpTanh, math.Tanh, func(r *rand.Rand, bits int) float64 { return either(r, uniform(r, -25, 25), magnitudes(r, -30, 2)) }},
	{shaders.OpLog, math.Log, func(r *rand.Rand, bits int) float64 {
		return math.Abs(either(r, uniform(r, 0.5, 2), magnitudes(r, -126, 127)))
	}},
	{shaders.OpLog1p, math.Log1p, func(r *rand.Rand, bits int) float64 {
		return either(r, uniform(r, -1, 3), math.Abs(magnitudes(r, -40, 127)))
	}},
	{shaders.OpSin, math.Sin, angle},
	{shaders.OpCos, math.Cos, angle},
}

func angle(r *rand.Rand, bits int) float64 {
	return either(r, uniform(r, -10, 10), magnitudes(r, -20, map[int]int{32: 13, 64: 17}[bits]))
}

func either(r *rand.Rand, x, y float64) float64 {
	if r.IntN(2) == 0 {
		return x
	}
	return y
}

func uniform(r *rand.Rand, low, high float64) float64 { return low + (high-low)*r.Float64() }

// magnitudes are numbers of either sign with exponents from low to high.
func magnitudes(r *rand.Rand, low, high int) float64 {
	return math.Ldexp(either(r, -1, 1)*(0.5+r.Float64()/2), low+1+r.IntN(high-low))
}

// function is op for one number at a time, written out for floats of bits bits.
func function(t *testing.T, op shaders.Op, bits int) func(float64) float64 {
	b := shaders.NewBuilder(op.String(), 1)
	x, out := b.Buffer("x", shaders.Float, shaders.Read), b.Buffer("out", shaders.Float, shaders.Write)
	b.Store(out, b.ConstInt(0), b.Unary(op, b.Load(x, b.ConstInt(0))))
	k, err := shaders.Expand(b.Kernel(), bits)
	require.NoError(t, err)
	require.NoError(t, shaders.Verify(k))
	in, result := make([]float64, 1), make([]float64, 1)
	l := newLane(k, bits, in, result)
	return func(x float64) float64 {
		in[0] = x
		l.run()
		return result[0]
	}
}

// unit is the distance of floats of bits bits at x.
func unit(x float64, bits int) float64 {
	digits, smallest := 52, -1074
	if bits == 32 {
		digits, smallest = 23, -149
	}
	if x == 0 {
		return math.Ldexp(1, smallest)
	}
	_, exponent := math.Frexp(x)
	return math.Ldexp(1, max(exponent-1-digits, smallest))
}

// TestExpandAccuracy holds the functions to the 2 units in the last place that
// Expand states. In float64 the functions of package math, themselves good to
// one unit, are the reference, which allows a third.
func TestExpandAccuracy(t *testing.T) {
	for _, bits := range precisions {
		for _, f := range elementaryFunctions {
			t.Run(fmt.Sprint(f.op, bits), func(t *testing.T) {
				r := rand.New(rand.NewPCG(1, uint64(bits)))
				bound, points := 2.0, 100_000
				if bits == 64 {
					bound++
				}
				if testing.Short() {
					points /= 10
				}
				got := function(t, f.op, bits)
				worst, at := 0.0, 0.0
				for range points {
					x := f.draw(r, bits)
					if bits == 32 {
						x = float64(float32(x))
					}
					want := f.exact(x)
					scale := unit(want, bits)
					if f.op == shaders.OpSin || f.op == shaders.OpCos {
						scale = max(scale, unit(0.5, bits))
					}
					if off := math.Abs(got(x)-want) / scale; !(off <= worst) {
						worst, at = off, x
					}
				}
				t.Logf("worst %.2f units, at %v", worst, at)
				require.LessOrEqual(t, worst, bound, "at %v", at)
			})
		}
	}
}
