package cpu

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/device/cpu/native"
	"github.com/hxgpu/hxgpu/shaders"
	"github.com/hxgpu/hxgpu/tensor"
)

// arrayTest is an array kernel that computes values of one input, several elements of
// which every lane has.
type arrayTest struct {
	kernel   *shaders.Kernel
	lanes    int
	together bool  // the elements of a lane follow each other
	sizes    []int // of the input and of each output, per lane
}

// newArrayTest builds a kernel. Elements of a lane follow each other, or are apart by
// the number of lanes.
func newArrayTest(t testing.TB, lanes int, together bool, input int, build func(x tensor.Value) []tensor.Value) arrayTest {
	b := shaders.NewArrayBuilder("test", 1)
	a := arrayTest{lanes: lanes, together: together}
	place := func(n int) shaders.Place {
		a.sizes = append(a.sizes, n)
		if together {
			return shaders.Place{PlaceStride: n, ElementStride: 1, Count: -1}
		}
		return shaders.Place{PlaceStride: 1, ElementStride: lanes, Count: -1}
	}
	x := tensor.Input("x", input)
	loaded := b.Load(b.Buffer("x", shaders.Float, shaders.Read), place(input), input)
	var outputs []tensor.Value
	require.NoError(t, tensor.Trace(func() { outputs = build(x) }))
	results, err := b.Lower(outputs, func(*tensor.Node) (shaders.ArrayValue, error) { return loaded, nil })
	require.NoError(t, err)
	for n, v := range outputs {
		size := v.Shape().Size()
		b.Store(b.Buffer(fmt.Sprint("out", n), shaders.Float, shaders.Write), place(size), results[n], size)
	}
	a.kernel = b.Kernel()
	require.NoError(t, shaders.Verify(a.kernel))
	return a
}

// argumentsOf are buffers for the kernel; what is beyond the outputs must stay.
func argumentsOf[T float](a arrayTest, input []float64) arguments[T] {
	out := arguments[T]{ints: make([][]int32, len(a.sizes))}
	for n, size := range a.sizes {
		buffer := make([]T, size*a.lanes)
		for k := range buffer {
			buffer[k] = -99
			if n == 0 {
				buffer[k] = T(input[k])
			}
		}
		out.floats = append(out.floats, buffer)
	}
	return out
}

// widths are the kinds of machine code that run here.
func widths(t testing.TB) []bool {
	if reason := native.Supported(); reason != "" {
		t.Skip(reason)
	}
	if !native.Wide() {
		return []bool{false}
	}
	return []bool{true, false}
}

// compareArrays runs a kernel with the portable engine and as machine code. Results
// may differ by a tolerance times the largest number of an output of a lane, or where
// exact is set not at all.
func compareArrays[T float](t testing.TB, a arrayTest, input []float64, tolerance float64, what string) {
	bits := int(unsafe.Sizeof(T(0))) * 8
	want := argumentsOf[T](a, input)
	arrayEngine[T]{compileArrays(a.kernel)}.runner().run(&want, 0, a.lanes)
	for _, wide := range widths(t) {
		code, err := native.CompileArrays(a.kernel, bits, wide)
		require.NoError(t, err, what)
		got := argumentsOf[T](a, input)
		e := arrayNativeEngine[T]{ArrayCode: code}
		for range 2 { // what the first run leaves in memory does not matter
			e.runner().run(&got, 0, a.lanes)
		}
		for n := 1; n < len(a.sizes); n++ {
			largest := 1.0 // inputs are about 1: what cancels leaves their errors
			for _, x := range want.floats[n] {
				if size := math.Abs(float64(x)); size <= math.MaxFloat64 {
					largest = max(largest, size)
				}
			}
			for k, x := range want.floats[n] {
				y := got.floats[n][k]
				if x == y || x != x && y != y || math.Abs(float64(x)-float64(y)) <= tolerance*largest {
					continue
				}
				t.Fatalf("%s, %d bits, wide %v, output %d, element %d of %d: %v, portable %v (largest %v)", what, bits, wide, n, k, len(want.floats[n]), y, x, largest)
			}
		}
	}
}

// compareBoth compares in both precisions.
func compareBoth(t testing.TB, a arrayTest, input []float64, double, single float64, what string) {
	compareArrays[float64](t, a, input, double, what)
	compareArrays[float32](t, a, input, single, what)
}

func normals(r *rand.Rand, n int) []float64 {
	x := make([]float64, n)
	for k := range x {
		x[k] = r.NormFloat64()
	}
	return x
}

// piece is part of a vector, as a matrix.
func piece(x tensor.Value, from, rows, columns int) tensor.Value {
	indices := make([]int, rows*columns)
	for k := range indices {
		indices[k] = from + k
	}
	return x.Gather(indices, rows, columns)
}

// TestNativeElementwise: every elementwise instruction, all sizes: the same bits, but
// for transcendental functions, which are off by 2 units in the last place at most.
func TestNativeElementwise(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := 1; n <= 70; n++ {
		a := newArrayTest(t, 2, n%2 == 0, 2*n+1, func(x tensor.Value) []tensor.Value {
			p, q, s := piece(x, 0, 1, n), piece(x, n, 1, n), x.At(2*n)
			positive := p.Abs()
			return []tensor.Value{p.Add(q).Mul(s), p.Sub(s).Div(q), s.Sub(p), p.Min(q), p.Max(s), p.Neg(), positive.Sqrt(), s.Div(q).Abs(),
				tensor.Select(p.Less(q), p, s), tensor.Select(p.LessEqual(s), q, tensor.Constant(2)), tensor.Select(p.Equal(p), q.Square(), p),
				tensor.Select(q.Less(p), p.Mul(p), q).Add(p.Mul(s)).Sub(q).Mul(q).Shift(1)}
		})
		input := normals(r, 2*a.sizes[0])
		input[0] = math.NaN()
		input[len(input)/2] = math.Inf(1)
		compareBoth(t, a, input, 0, 0, fmt.Sprint("elementwise ", n))
	}
	for _, n := range []int{1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 40, 100, 333} {
		a := newArrayTest(t, 1, true, n, func(x tensor.Value) []tensor.Value {
			positive := x.Abs()
			return []tensor.Value{x.Exp(), positive.Log(), positive.Log1p(), x.Expm1(), x.Tanh(), x.Sin(), x.Cos(), x.Tanh().Exp().Sin()}
		})
		input := normals(r, n)
		for k := range input {
			input[k] *= math.Exp(3 * r.NormFloat64())
			input[k] = max(min(input[k], 80), -80)
		}
		relative(t, a, input)
	}
}

// relative compares every element by itself.
func relative(t *testing.T, a arrayTest, input []float64) {
	want := argumentsOf[float64](a, input)
	arrayEngine[float64]{compileArrays(a.kernel)}.runner().run(&want, 0, a.lanes)
	for _, wide := range widths(t) {
		code, err := native.CompileArrays(a.kernel, 64, wide)
		require.NoError(t, err)
		got := argumentsOf[float64](a, input)
		arrayNativeEngine[float64]{ArrayCode: code}.runner().run(&got, 0, a.lanes)
		for n := 1; n < len(a.sizes); n++ {
			for k, x := range want.floats[n] {
				require.InDelta(t, x, got.floats[n][k], 8*0x1p-52*max(math.Abs(x), 0x1p-20), "output %d, x = %v", n, input[k])
			}
		}
	}
	single := argumentsOf[float32](a, input)
	for _, wide := range widths(t) {
		code, err := native.CompileArrays(a.kernel, 32, wide)
		require.NoError(t, err)
		got := argumentsOf[float32](a, input)
		arrayNativeEngine[float32]{ArrayCode: code}.runner().run(&got, 0, a.lanes)
		arrayEngine[float32]{compileArrays(a.kernel)}.runner().run(&single, 0, a.lanes)
		for n := 1; n < len(a.sizes); n++ {
			for k, x := range single.floats[n] {
				require.InDelta(t, x, got.floats[n][k], 8*0x1p-23*max(math.Abs(float64(x)), 0x1p-8), "output %d, x = %v", n, input[k])
			}
		}
	}
}

// TestNativePlaces: gathers and scatters of all forms.
func TestNativePlaces(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for n := 1; n <= 70; n++ {
		draw := func(count, below int) []int {
			x := make([]int, count)
			for k := range x {
				x[k] = r.IntN(below)
			}
			return x
		}
		many := 1 + r.IntN(200)
		a := newArrayTest(t, 2, n%2 == 1, n, func(x tensor.Value) []tensor.Value {
			return []tensor.Value{x.Sum(), x.Gather(draw(many, n), many), x.Scatter(draw(n, many), many), x.Scatter(draw(n, 3), 3), x.Scatter(r.Perm(n), n),
				tensor.Concat(x, x.Neg(), x.Sum().Reshape(1)), x.Gather(r.Perm(n), n).Mul(x), piece(x, n/2, 1, n-n/2).Reshape(n - n/2), x.Gather(make([]int, many), many).Add(tensor.Constant(1))}
		})
		compareBoth(t, a, normals(r, 2*n), 1e-15*8, 1e-6, fmt.Sprint("places ", n))
	}
	a := newArrayTest(t, 1, true, 3000, func(x tensor.Value) []tensor.Value {
		indices := make([]int, 3000)
		for k := range indices {
			indices[k] = (k * k) % 2500
		}
		return []tensor.Value{x.Scatter(indices, 2500), x.Gather(indices, 3000), x.Sum()}
	})
	compareBoth(t, a, normals(r, 3000), 1e-13, 1e-5, "many places")
}

// TestNativeProducts: products of matrices of random sizes, transposed or not.
func TestNativeProducts(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	sizes := [][3]int{{16, 16, 16}, {16, 16, 2}, {16, 2, 16}, {16, 18, 16}, {36, 36, 36}, {64, 64, 64}, {1, 70, 1}, {70, 1, 70}}
	for n := 1; n <= 70; n++ {
		sizes = append(sizes, [3]int{n, 1 + r.IntN(70), 1 + r.IntN(70)}, [3]int{1 + r.IntN(70), n, n})
	}
	for _, s := range sizes {
		n, k, m := s[0], s[1], s[2]
		a := newArrayTest(t, 1, true, n*k+k*m, func(x tensor.Value) []tensor.Value {
			p, q := piece(x, 0, n, k), piece(x, n*k, k, m)
			u, v := piece(x, 0, k, n), piece(x, n*k, m, k)
			return []tensor.Value{p.MatMul(q), u.Transpose().MatMul(q), p.MatMul(v.Transpose()), u.Transpose().MatMul(v.Transpose()), p.MatMul(p.Transpose()), p.Transpose().Square()}
		})
		compareBoth(t, a, normals(r, a.sizes[0]), 1e-14, 1e-5, fmt.Sprint("product ", s))
	}
}

// TestNativeSystems: factors, triangular and general systems of all sizes.
func TestNativeSystems(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for n := 1; n <= 70; n++ {
		m := []int{1, 2, 18, 1 + r.IntN(70)}[n%4]
		if n == 16 {
			m = 18
		}
		a := newArrayTest(t, 1, true, n*n+n*m, func(x tensor.Value) []tensor.Value {
			s, b := piece(x, 0, n, n), piece(x, n*n, n, m)
			positive := s.MatMul(s.Transpose()).Scale(1 / float64(n)).Add(tensor.Identity(n).Scale(2))
			factor := positive.Cholesky()
			general := s.Add(tensor.Identity(n)) // rows must be exchanged
			return []tensor.Value{factor, factor.CholeskyAdjoint(s.Sin()), factor.SolveLower(b), factor.SolveLowerTransposed(b),
				general.Solve(b), general.LogDet(), positive.Solve(b), positive.LogDetPositive()}
		})
		compareBoth(t, a, normals(r, a.sizes[0]), 1e-12, 2e-2, fmt.Sprint("system ", n, " ", m))
	}
}

// TestNativeIndefinite: a pivot below zero makes a factor NaN from its column on, one
// that is zero makes its column zero.
func TestNativeIndefinite(t *testing.T) {
	for _, n := range []int{3, 16, 20} {
		a := newArrayTest(t, 1, true, n*n, func(x tensor.Value) []tensor.Value { return []tensor.Value{piece(x, 0, n, n).Cholesky()} })
		input := make([]float64, n*n)
		for k := range n {
			input[k*n+k] = float64(k + 1)
			input[k*n] = 1
		}
		input[n+1] = 1 // the second pivot is zero
		compareBoth(t, a, input, 1e-14, 1e-5, "zero pivot")
		input[n+1] = -4
		compareBoth(t, a, input, 1e-14, 1e-5, "negative pivot")
	}
}

// TestNativeLongLoops: code that returns in the middle of loops goes on where it was,
// in those that go back too, and in loops within loops.
func TestNativeLongLoops(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	a := newArrayTest(t, 3, true, 16*16+32, func(x tensor.Value) []tensor.Value {
		factor := piece(x, 0, 16, 16).Scale(0.1)
		step := func(s tensor.Step) (next, stacked []tensor.Value) {
			return []tensor.Value{factor.MatMul(s.Carried[0]).Add(s.Carried[0].Scale(0.5)).Sin()}, []tensor.Value{s.Carried[0].Sum()}
		}
		start := []tensor.Value{piece(x, 256, 16, 2)}
		forth, sums := tensor.Loop(5000, start, nil, step)
		back, others := tensor.LoopBackwards(5000, start, nil, step)
		nested, _ := tensor.LoopBackwards(70, start, nil, func(s tensor.Step) (next, stacked []tensor.Value) {
			inner, _ := tensor.Loop(70, s.Carried, nil, step)
			return inner, nil
		})
		return []tensor.Value{forth[0], sums[0], back[0], others[0], nested[0]}
	})
	compareArrays[float64](t, a, normals(r, 3*a.sizes[0]), 1e-12, "long loops")
}

// TestNativeCollection runs machine code while other goroutines allocate and the
// garbage collector works all the time.
func TestNativeCollection(t *testing.T) {
	a := newArrayTest(t, 20, true, 16*16+32, func(x tensor.Value) []tensor.Value {
		final, _ := tensor.Loop(50, []tensor.Value{piece(x, 256, 16, 2)}, nil, func(s tensor.Step) (next, stacked []tensor.Value) {
			return []tensor.Value{piece(x, 0, 16, 16).MatMul(s.Carried[0]).Scale(0.1).Tanh()}, nil
		})
		return final
	})
	input := normals(rand.New(rand.NewPCG(11, 12)), 20*a.sizes[0])
	want := argumentsOf[float64](a, input)
	code, err := native.CompileArrays(a.kernel, 64, widths(t)[0])
	require.NoError(t, err)
	e := arrayNativeEngine[float64]{ArrayCode: code}
	e.runner().run(&want, 0, a.lanes)
	defer debug.SetGCPercent(debug.SetGCPercent(1))
	stop := make(chan struct{})
	var allocating, running sync.WaitGroup
	for range 2 {
		allocating.Add(1)
		go func() {
			defer allocating.Done()
			var kept [][]byte
			for n := 0; ; n++ {
				select {
				case <-stop:
					runtime.KeepAlive(kept)
					return
				default:
					kept = append(kept[max(0, len(kept)-50):], make([]byte, n%4096))
				}
			}
		}()
	}
	for range 3 {
		running.Add(1)
		go func() {
			defer running.Done()
			got := argumentsOf[float64](a, input)
			runner := e.runner()
			for range 30 {
				runner.run(&got, 0, a.lanes)
				if fmt.Sprint(got.floats[1]) != fmt.Sprint(want.floats[1]) {
					t.Error("other numbers")
					return
				}
			}
		}()
	}
	running.Wait()
	close(stop)
	allocating.Wait()
}
