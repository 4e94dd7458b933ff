package cpu

import (
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/device/cpu/native"
	"github.com/hxgpu/hxgpu/shaders"
	"github.com/hxgpu/hxgpu/tensor"
)

// jitter runs an array kernel with the portable engine, but moves what it loads, and
// the result of every operation that rounds, to a neighbouring float, up or down at
// random. How far that moves the outputs, the condition of the program, is about how far
// engines may be apart that round the same operations in another way.
type jitter[T float] struct {
	*arrayRunner[T]
	random *rand.Rand
}

func newJitter[T float](k *shaders.Kernel, seed uint64) jitter[T] {
	return jitter[T]{arrayEngine[T]{compileArrays(k)}.runner().(*arrayRunner[T]), rand.New(rand.NewPCG(seed, 21))}
}

func (j jitter[T]) run(a *arguments[T], lanes int) {
	p := j.code.kernel.Arrays
	for low := 0; low < lanes; low += j.code.lanes {
		n := min(j.code.lanes, lanes-low)
		for i, c := range p.Constants {
			for l := range n {
				j.memory[i*n+l] = T(c)
			}
		}
		j.body(a, p.Instructions, low, n)
	}
}

func (j jitter[T]) body(a *arguments[T], body []shaders.ArrayInstruction, low, n int) {
	for k := 0; k < len(body); k++ {
		i := &body[k]
		if i.Op == shaders.ArrayLoop {
			end := shaders.ArrayLoopEnd(body, k)
			for step := range i.N {
				j.steps[i.Loop] = i.Step(step)
				j.body(a, body[k+1:end], low, n)
			}
			k = end
			continue
		}
		var slack []T
		if i.Op == shaders.ArrayScatter {
			slack = j.slackOfSums(i, n)
		}
		j.instructions(a, body[k:k+1], low, n)
		out := j.span(&i.Out, rounded(i), n)
		for e, x := range slack {
			out[e] += T(2*j.random.IntN(2)-1) * x
		}
		for e, x := range out {
			out[e] = j.neighbour(x)
		}
	}
}

// rounded is how many elements of an instruction's result are rounded.
func rounded(i *shaders.ArrayInstruction) int {
	exact := i.Elementwise == shaders.OpNeg || i.Elementwise == shaders.OpAbs || i.Elementwise == shaders.OpMin || i.Elementwise == shaders.OpMax
	switch {
	case i.Op == shaders.ArrayLoad, (i.Op == shaders.ArrayUnary || i.Op == shaders.ArrayBinary) && !exact:
		return i.N
	case i.Op == shaders.ArrayScatter:
		return i.M
	case i.Op == shaders.ArrayCholesky, i.Op == shaders.ArrayCholeskyAdjoint:
		return i.N * i.N
	case i.Op == shaders.ArrayLogDet:
		return 1
	case i.Op >= shaders.ArrayMatMul && i.Op <= shaders.ArrayLogDet:
		return i.N * i.M
	}
	return 0
}

// neighbour is the next float above or below x. Zero, which is mostly exact, stays.
func (j jitter[T]) neighbour(x T) T {
	to := math.Inf(2*j.random.IntN(2) - 1)
	switch {
	case x == 0 || x != x:
		return x
	case unsafe.Sizeof(x) == 4:
		return T(math.Nextafter32(float32(x), float32(to)))
	}
	return T(math.Nextafter(float64(x), to))
}

// slackOfSums is by how much the order of the terms may move sums: each addition rounds
// by half a unit of the partial sum, which is half of the sum of the sizes on average.
// Equal terms, which are all rounded in one direction, come near that.
func (j jitter[T]) slackOfSums(i *shaders.ArrayInstruction, n int) []T {
	slack, terms := make([]T, i.M*n), make([]T, i.M*n)
	for e, x := range j.span(&i.A, i.N, n) {
		at := int(i.Indices[e/n])*n + e%n
		slack[at] += T(math.Abs(float64(x)))
		terms[at]++
	}
	for at := range slack {
		slack[at] *= max(terms[at]-1, 0) * unit[T]() / 4
	}
	return slack
}

// unit is the spacing of floats just above 1.
func unit[T float]() T {
	if unsafe.Sizeof(T(0)) == 4 {
		return 0x1p-23
	}
	return 0x1p-52
}

// The condition of a program is the largest of some runs with jitter. Over 10,500
// programs, both precisions and both kinds of machine code, engines differ by 1.5 times
// that and a unit at most, and by 0.2 times in the median.
const (
	jitterRuns      = 8
	jitterAllowance = 4
)

// distances are how far the outputs of two runs are apart, and the largest numbers of
// the first run, both [output][lane]. Of numbers that are not finite only the same are
// not infinitely far apart.
func distances[T float](a arrayTest, x, y arguments[T]) (apart, largest [][]float64) {
	for n := 1; n < len(a.sizes); n++ {
		d, size := make([]float64, a.lanes), make([]float64, a.lanes)
		for k, p := range x.floats[n] {
			lane := k % a.lanes
			if a.together {
				lane = k / a.sizes[n]
			}
			p, q := float64(p), float64(y.floats[n][k])
			if p == q || p != p && q != q {
				p, q = 0, 0
			}
			if r := math.Abs(p - q); r <= math.MaxFloat64 {
				d[lane] = max(d[lane], r)
			} else {
				d[lane] = math.Inf(1)
			}
			if s := math.Abs(float64(x.floats[n][k])); s <= math.MaxFloat64 {
				size[lane] = max(size[lane], s)
			}
		}
		apart, largest = append(apart, d), append(largest, size)
	}
	return apart, largest
}

// compareByCondition runs a kernel with the portable engine and as machine code. An
// output of a lane may differ by what its condition allows, and by no more than a
// ceiling times its largest number or 1: where neighbouring inputs take another branch,
// the condition allows anything. It returns the largest difference and the most that was
// allowed, relative to the same.
func compareByCondition[T float](t testing.TB, a arrayTest, input []float64, ceiling float64, what string) (most, allowed float64) {
	want := argumentsOf[T](a, input)
	arrayEngine[T]{compileArrays(a.kernel)}.runner().run(&want, 0, a.lanes)
	condition, largest := distances(a, want, want)
	for run := range jitterRuns {
		moved := argumentsOf[T](a, input)
		newJitter[T](a.kernel, uint64(run)).run(&moved, a.lanes)
		apart, _ := distances(a, want, moved)
		for n := range condition {
			for l := range condition[n] {
				condition[n][l] = max(condition[n][l], apart[n][l])
			}
		}
	}
	bits := int(unsafe.Sizeof(T(0))) * 8
	for _, wide := range widths(t) {
		code, err := native.CompileArrays(a.kernel, bits, wide)
		require.NoError(t, err, what)
		got := argumentsOf[T](a, input)
		e := arrayNativeEngine[T]{ArrayCode: code}
		for range 2 { // what the first run leaves in memory does not matter
			e.runner().run(&got, 0, a.lanes)
		}
		apart, _ := distances(a, want, got)
		for n := range apart {
			for l, d := range apart[n] {
				scale := max(largest[n][l], 1)
				limit := min(jitterAllowance*(condition[n][l]+float64(unit[T]())*largest[n][l]), ceiling*scale)
				most, allowed = max(most, d/scale), max(allowed, limit/scale)
				if !(d <= limit) {
					t.Fatalf("%s, %d bits, wide %v, output %d, lane %d: %v from the portable engine, where rounding explains %v (largest %v)", what, bits, wide, n+1, l, d, limit, largest[n][l])
				}
			}
		}
	}
	return most, allowed
}

// TestJitter: the condition is what is known of some programs, and so does not excuse
// everything.
func TestJitter(t *testing.T) {
	const n = 300
	a := newArrayTest(t, 2, true, n, func(x tensor.Value) []tensor.Value {
		many := x.Square().Shift(1).Sum() // about 600
		return []tensor.Value{x.Neg().Max(x), x.Shift(0x1p20).Shift(-0x1p20), many.Scale(0x1p20).Sin(), x.Gather(make([]int, n), n).Sum()}
	})
	input := normals(rand.New(rand.NewPCG(17, 18)), 2*n)
	condition := func(t testing.TB, seed uint64) [][]float64 {
		want, moved := argumentsOf[float64](a, input), argumentsOf[float64](a, input)
		arrayEngine[float64]{compileArrays(a.kernel)}.runner().run(&want, 0, a.lanes)
		newJitter[float64](a.kernel, seed).run(&moved, a.lanes)
		apart, _ := distances(a, want, moved)
		return apart
	}
	first, again := condition(t, 1), condition(t, 1)
	require.Equal(t, first, again)
	require.NotEqual(t, first, condition(t, 2))
	for lane := range a.lanes {
		require.LessOrEqual(t, first[0][lane], 0x1p-51) // a unit of numbers below 4
		require.Greater(t, first[0][lane], 0.0)
		require.InDelta(t, 0x1p-32, first[1][lane], 0x1p-32) // half a unit, or a unit, of 2^20, and its neighbours
		require.Greater(t, first[1][lane], 0x1p-33)
		equal := 300 * math.Abs(input[lane*n])
		require.InDelta(t, 300.0/4*0x1p-52*equal, first[3][lane], 0.05*300/4*0x1p-52*equal)
	}
	require.Greater(t, max(first[2][0], first[2][1]), 1e-9) // a unit of 600 is 1e-13, 2^20 times that 1e-7
}
