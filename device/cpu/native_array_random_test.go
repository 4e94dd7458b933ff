package cpu

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/tensor"
)

// randomValues computes random values of a vector of 300 elements: sizes, shapes and
// places of all kinds, and loops.
func randomValues(r *rand.Rand, x tensor.Value, depth int) []tensor.Value {
	pool := []tensor.Value{piece(x, r.IntN(100), 1+r.IntN(12), 1+r.IntN(12)), piece(x, r.IntN(100), 1, 1+r.IntN(70)), x.At(r.IntN(100))}
	pick := func() tensor.Value { return pool[r.IntN(len(pool))] }
	like := func(v tensor.Value) tensor.Value { // a value of the same shape
		size := v.Shape().Size()
		indices := make([]int, size)
		w := pick()
		begin, step := r.IntN(50), r.IntN(3)
		for k := range indices {
			indices[k] = (begin + k*step) % w.Shape().Size()
		}
		return w.Gather(indices, v.Shape()...)
	}
	for range 6 + r.IntN(20) {
		v := pick()
		switch r.IntN(14) {
		case 0, 1, 2:
			w := like(v)
			v = []tensor.Value{v.Add(w), v.Sub(w), v.Mul(w), v.Max(w), v.Min(w), v.Div(w.Square().Shift(1))}[r.IntN(6)]
		case 3:
			v = []tensor.Value{v.Tanh(), v.Sin(), v.Cos(), v.Abs().Sqrt(), v.Neg(), v.Abs(), v.Tanh().Exp(), v.Abs().Log1p()}[r.IntN(8)]
		case 4:
			v = tensor.Select(v.Less(like(v)), v, like(v).Scale(0.5))
		case 5:
			s := pick()
			s = s.Reshape(s.Shape().Size()).At(0)
			v = v.Mul(s).Tanh()
		case 6:
			v = v.Sum().Sin()
		case 7:
			size := 1 + r.IntN(40)
			indices := make([]int, v.Shape().Size())
			for k := range indices {
				indices[k] = r.IntN(size)
			}
			v = v.Scatter(indices, size).Tanh()
		case 8:
			if len(v.Shape()) == 2 {
				v = v.Transpose()
			}
		case 9:
			if len(v.Shape()) == 2 {
				v = v.MatMul(v.Transpose()).Scale(1 / float64(v.Shape()[1]+1)).Tanh()
			}
		case 10:
			if len(v.Shape()) == 2 && v.Shape()[0] <= 24 {
				n := v.Shape()[0]
				factor := v.MatMul(v.Transpose()).Scale(0.1).Add(tensor.Identity(n).Scale(2)).Cholesky()
				v = []tensor.Value{factor, factor.SolveLower(v), factor.SolveLowerTransposed(v), factor.CholeskyAdjoint(factor.Sin()).Tanh(), factor.MatMul(factor.Transpose()).Solve(v)}[r.IntN(5)]
			}
		case 11:
			v = tensor.Concat(v.Reshape(v.Shape().Size()), pick().Sum().Tanh().Reshape(1))
		default:
			if depth > 0 && v.Shape().Size() < 80 {
				v = randomLoop(r, v, pick().Sum().Tanh())
			}
		}
		if v.Shape().Size() < 400 {
			pool = append(pool, v)
		}
	}
	return pool[3:]
}

// randomLoop goes over rows of a value, forth or back.
func randomLoop(r *rand.Rand, v, s tensor.Value) tensor.Value {
	steps := 1 + r.IntN(5)
	size := v.Shape().Size()
	indices := make([]int, steps*size)
	for k := range indices {
		indices[k] = (k * 3) % size
	}
	body := func(step tensor.Step) (next, stacked []tensor.Value) {
		w := step.Carried[0].Add(step.Sliced[0]).Mul(s).Add(step.Index).Sin()
		return []tensor.Value{w, step.Carried[1].Add(w.Square())}, []tensor.Value{w.Scale(0.5), w.Sum()}
	}
	kinds := []func(int, []tensor.Value, []tensor.Value, func(tensor.Step) ([]tensor.Value, []tensor.Value)) ([]tensor.Value, []tensor.Value){tensor.Loop, tensor.LoopBackwards}
	final, stacked := kinds[r.IntN(2)](steps, []tensor.Value{v.Reshape(size), v.Reshape(size)}, []tensor.Value{v.Gather(indices, steps, size)}, body)
	return []tensor.Value{final[0], final[1].Tanh(), stacked[0], stacked[1].Tanh()}[r.IntN(4)]
}

// TestNativeRandomArrays runs random array programs. A program that ever fails becomes
// a test of its own.
func TestNativeRandomArrays(t *testing.T) {
	programs := 500
	if testing.Short() {
		programs = 60
	}
	compareRandomArrays(t, 0, programs)
}

// compareRandomArrays compares programs in both precisions, and holds each to its
// condition. In float64 that is 1e-12 or less for most; of all, one in 1,000 at most may
// differ by more: sums of many equal terms, of which the sine is taken, do.
func compareRandomArrays(t *testing.T, first, end int) {
	const bar = 1e-12
	conditioned, apart, largest := 0, 0, 0.0
	for seed := first; seed < end; seed++ {
		r := rand.New(rand.NewPCG(uint64(seed), 9))
		a := newArrayTest(t, 1+r.IntN(3), r.IntN(2) == 0, 300, func(x tensor.Value) []tensor.Value {
			v := randomValues(r, x, 1)
			return v[max(0, len(v)-28):]
		})
		input, what := normals(r, 300*a.lanes), fmt.Sprint("seed ", seed)
		most, allowed := compareByCondition[float64](t, a, input, 10*bar, what)
		compareByCondition[float32](t, a, input, 2e-2, what)
		largest = max(largest, most)
		if allowed <= bar {
			conditioned++
		}
		if most > bar {
			apart++
			t.Logf("%s: the engines differ by %.2g, where its condition allows %.2g", what, most, allowed)
		}
	}
	t.Logf("float64: of %d programs the condition holds %d to %.0g or less; %d differ by more; the largest difference is %.2g", end-first, conditioned, bar, apart, largest)
	require.GreaterOrEqual(t, 100*conditioned, 85*(end-first))
	require.LessOrEqual(t, 1000*apart, end-first)
}
