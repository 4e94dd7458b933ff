package devicetest

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/shaders"
)

// tolerances of one operation, relative to the larger of 1 and the result.
var tolerances = map[device.Precision]float64{
	device.Float64: 4e-15, // a few units in the last place of transcendental functions
	device.Float32: 2e-6,  // the same in float32, whose inputs are rounded too
}

// Opener opens the device under test.
type Opener func(t *testing.T, p device.Precision) device.Device

// RunAll runs the whole suite in both precisions.
func RunAll(t *testing.T, open Opener) {
	for _, p := range []device.Precision{device.Float64, device.Float32} {
		s := suite{open: open, precision: p}
		t.Run([]string{"float64", "float32"}[p], func(t *testing.T) {
			t.Run("operations", s.operations)
			t.Run("special values", s.specialValues)
			t.Run("indices", s.indices)
			t.Run("segments", s.segments)
			t.Run("stages", s.stages)
			t.Run("in place", s.inPlace)
			t.Run("random kernels", s.randomKernels)
			t.Run("buffers", s.buffers)
			t.Run("errors", s.errors)
		})
	}
}

type suite struct {
	open      Opener
	precision device.Precision
}

// lanes are sizes around powers of two and blocks.
var lanes = []int{1, 2, 3, 31, 1023, 65537}

// run dispatches a kernel once over buffers of the given contents, on the device
// and by the oracle, and compares all buffers afterwards.
func (s suite) run(t *testing.T, dev device.Device, k *shaders.Kernel, contents arrays, first, count int, tolerance float64) {
	t.Helper()
	compiled, err := dev.Compile(k)
	require.NoError(t, err, k)
	const offset = 5
	d := device.Dispatch{Kernel: compiled, First: first, Count: count}
	for i, b := range k.Buffers {
		d.Bindings = append(d.Bindings, device.Binding{Buffer: upload(t, dev, b.Type, contents[i], offset), Offset: offset})
	}
	s.execute(t, dev, [][]device.Dispatch{{d}})
	if s.precision == device.Float32 {
		for _, x := range contents {
			for i := range x {
				x[i] = float64(float32(x[i]))
			}
		}
	}
	oracle(k, contents, first, count)
	for i, b := range k.Buffers {
		if b.Type == shaders.Float {
			s.equal(t, contents[i], download(t, d.Bindings[i].Buffer, len(contents[i]), offset), tolerance, k)
		}
	}
}

func (s suite) execute(t *testing.T, dev device.Device, stages [][]device.Dispatch) {
	t.Helper()
	p, err := dev.Record(device.Recording{Name: t.Name(), Stages: stages})
	require.NoError(t, err)
	require.NoError(t, p.Run(context.Background()))
	require.NoError(t, p.Close())
}

// upload makes a buffer with contents from offset on.
func upload(t *testing.T, dev device.Device, kind shaders.Type, contents []float64, offset int) device.Buffer {
	t.Helper()
	b, err := dev.NewBuffer(kind, len(contents)+offset)
	require.NoError(t, err)
	if kind == shaders.Int {
		ints := make([]int32, len(contents))
		for i, x := range contents {
			ints[i] = int32(x)
		}
		require.NoError(t, b.WriteInts(offset, ints))
		return b
	}
	require.NoError(t, b.WriteFloats(offset, contents))
	return b
}

func download(t *testing.T, b device.Buffer, n, offset int) []float64 {
	t.Helper()
	x := make([]float64, n)
	require.NoError(t, b.ReadFloats(offset, x))
	return x
}

func (s suite) equal(t *testing.T, want, got []float64, tolerance float64, about any) {
	t.Helper()
	for i, w := range want {
		g := got[i]
		if s.precision == device.Float32 {
			w = float64(float32(w))
		}
		same := w == g || (math.IsNaN(w) && math.IsNaN(g)) || math.Abs(w-g) <= tolerance*max(1, math.Abs(w))
		require.True(t, same, "element %d is %v, should be %v\n%v", i, g, w, about)
	}
}

func random(r *rand.Rand, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = r.NormFloat64()
	}
	return x
}

// lane is the place of a lane in [item][chain] order.
func lane(b *shaders.Builder, chains int) shaders.Value {
	return b.AddInt(b.MulInt(b.Item(), b.ConstInt(chains)), b.Chain())
}

var unaryOps = []shaders.Op{shaders.OpNeg, shaders.OpAbs, shaders.OpSqrt, shaders.OpExp, shaders.OpLog, shaders.OpLog1p,
	shaders.OpExpm1, shaders.OpTanh, shaders.OpSin, shaders.OpCos}
var binaryOps = []shaders.Op{shaders.OpAdd, shaders.OpSub, shaders.OpMul, shaders.OpDiv, shaders.OpMin, shaders.OpMax}
var compareOps = []shaders.Op{shaders.OpLess, shaders.OpLessEqual, shaders.OpEqual}

// everyOperation is a kernel that stores the result of every operation on two
// loaded values, one operand a constant in turn.
func everyOperation(chains, stride int) *shaders.Kernel {
	b := shaders.NewBuilder("every operation", chains)
	in, out := b.Buffer("in", shaders.Float, shaders.Read), b.Buffer("out", shaders.Float, shaders.Write)
	at := lane(b, chains)
	x, y := b.Load(in, at), b.Load(in, b.AddInt(at, b.ConstInt(stride)))
	c := b.Const(0.75)
	row := 0
	store := func(v shaders.Value) {
		b.Store(out, b.AddInt(at, b.ConstInt(row*stride)), v)
		row++
	}
	for _, op := range unaryOps {
		argument := x
		if op == shaders.OpSqrt || op == shaders.OpLog || op == shaders.OpLog1p {
			argument = b.Unary(shaders.OpAbs, x)
		}
		store(b.Unary(op, argument))
	}
	for _, op := range binaryOps {
		store(b.Binary(op, x, y))
		store(b.Binary(op, x, c))
		store(b.Binary(op, c, y))
	}
	for _, op := range compareOps {
		store(b.Select(b.Compare(op, x, y), x, c))
		store(b.Select(b.Compare(op, x, c), c, y))
	}
	store(b.IntToFloat(at))
	store(b.Const(1.5))
	store(b.Select(b.EqualInt(b.Item(), b.ConstInt(2)), x, y))
	return b.Kernel()
}

const operationRows = 10 + 18 + 6 + 3

func (s suite) operations(t *testing.T) {
	dev := s.open(t, s.precision)
	for _, n := range lanes {
		for _, chains := range []int{1, 3, 4} {
			items := (n + chains - 1) / chains
			stride := items * chains
			r := rand.New(rand.NewPCG(uint64(n), uint64(chains)))
			s.run(t, dev, everyOperation(chains, stride), arrays{random(r, 2*stride), make([]float64, operationRows*stride)}, 0, items, tolerances[s.precision])
		}
	}
	// A part of the items leaves the others alone.
	s.run(t, dev, everyOperation(2, 100), arrays{random(rand.New(rand.NewPCG(1, 1)), 200), random(rand.New(rand.NewPCG(1, 2)), operationRows*100)}, 13, 21, tolerances[s.precision])
	s.run(t, dev, everyOperation(2, 100), arrays{random(rand.New(rand.NewPCG(1, 1)), 200), random(rand.New(rand.NewPCG(1, 2)), operationRows*100)}, 50, 0, tolerances[s.precision])
}

// specialValues checks infinities, NaN, zeros of both signs and subnormals; the
// sine and cosine of infinity and of large arguments are left out.
func (s suite) specialValues(t *testing.T) {
	dev := s.open(t, s.precision)
	special := []float64{0, math.Copysign(0, -1), 1, -1, math.Inf(1), math.Inf(-1), math.NaN(), 1e30, -1e30, 1e-30, 0.5, -0.5}
	var x, y []float64
	for _, a := range special {
		for _, b := range special {
			x, y = append(x, a), append(y, b)
		}
	}
	n := len(x)
	b := shaders.NewBuilder("special values", 1)
	in, out := b.Buffer("in", shaders.Float, shaders.Read), b.Buffer("out", shaders.Float, shaders.Write)
	u, v := b.Load(in, b.Item()), b.Load(in, b.AddInt(b.Item(), b.ConstInt(n)))
	row := 0
	store := func(v shaders.Value) {
		b.Store(out, b.AddInt(b.Item(), b.ConstInt(row*n)), v)
		row++
	}
	for _, op := range unaryOps[:8] {
		store(b.Unary(op, u))
	}
	for _, op := range binaryOps {
		store(b.Binary(op, u, v))
	}
	for _, op := range compareOps {
		store(b.Select(b.Compare(op, u, v), b.Const(1), b.Const(2)))
	}
	s.run(t, dev, b.Kernel(), arrays{append(x, y...), make([]float64, row*n)}, 0, n, tolerances[s.precision])
}

// indices reads a parent's value, a value per item, per chain, for all lanes,
// and with strides.
func (s suite) indices(t *testing.T) {
	dev := s.open(t, s.precision)
	for _, chains := range []int{1, 2, 7} {
		for _, items := range []int{1, 5, 700} {
			r := rand.New(rand.NewPCG(uint64(items), uint64(chains)))
			b := shaders.NewBuilder("indices", chains)
			parents, in, out := b.Buffer("parents", shaders.Int, shaders.Read), b.Buffer("in", shaders.Float, shaders.Read), b.Buffer("out", shaders.Float, shaders.Write)
			parent := b.LoadInt(parents, b.Item())
			size := items * chains
			row := 0
			for _, at := range []shaders.Value{
				b.AddInt(b.MulInt(parent, b.ConstInt(chains)), b.Chain()),
				b.AddInt(b.AddInt(b.MulInt(parent, b.ConstInt(chains)), b.Chain()), b.ConstInt(size)),
				b.AddInt(parent, b.ConstInt(3)), b.Item(), b.Chain(), b.ConstInt(4),
				b.AddInt(b.MulInt(b.Chain(), b.ConstInt(items)), b.Item()), b.MulInt(b.Item(), b.ConstInt(2))} {
				b.Store(out, b.AddInt(lane(b, chains), b.ConstInt(row*size)), b.Load(in, at))
				row++
			}
			b.Store(out, b.AddInt(lane(b, chains), b.ConstInt(row*size)), b.IntToFloat(parent))
			row++
			// A store that is not contiguous: [chain][item].
			b.Store(out, b.AddInt(b.AddInt(b.MulInt(b.Chain(), b.ConstInt(items)), b.Item()), b.ConstInt(row*size)), b.Load(in, lane(b, chains)))
			row++
			indices := make([]float64, items)
			for i := range indices {
				indices[i] = float64(r.IntN(i + 1))
			}
			s.run(t, dev, b.Kernel(), arrays{indices, random(r, 2*size+8), make([]float64, row*size)}, 0, items, 0)
		}
	}
}

// segments reduces runs of unequal length, empty and long ones included.
func (s suite) segments(t *testing.T) {
	dev := s.open(t, s.precision)
	for _, chains := range []int{1, 3} {
		counts := []float64{0, 1, 2, 3, 0, 17, 10000, 2, 2}
		total := 0
		firsts := make([]float64, len(counts))
		for i, c := range counts {
			firsts[i] = float64(total)
			total += int(c)
		}
		b := shaders.NewBuilder("segments", chains)
		first, count := b.Buffer("first", shaders.Int, shaders.Read), b.Buffer("count", shaders.Int, shaders.Read)
		in, out := b.Buffer("in", shaders.Float, shaders.Read), b.Buffer("out", shaders.Float, shaders.Write)
		start := b.AddInt(b.MulInt(b.LoadInt(first, b.Item()), b.ConstInt(chains)), b.Chain())
		row := 0
		for _, r := range []shaders.Reduction{shaders.Sum, shaders.Prod, shaders.Max, shaders.Min} {
			for _, n := range []shaders.Value{b.LoadInt(count, b.Item()), b.ConstInt(2), b.ConstInt(3), b.ConstInt(0)} {
				b.Store(out, b.AddInt(lane(b, chains), b.ConstInt(row*len(counts)*chains)), b.SegmentReduce(r, in, start, n, chains))
				row++
			}
		}
		values := random(rand.New(rand.NewPCG(2, 2)), (total+4)*chains)
		for i := range values {
			values[i] = 1 + values[i]/100
		}
		// The rounding of 10,000 additions or products.
		s.run(t, dev, b.Kernel(), arrays{firsts, counts, values, make([]float64, row*len(counts)*chains)}, 0, len(counts),
			map[device.Precision]float64{device.Float64: 1e-11, device.Float32: 3e-3}[s.precision])
	}
}

// stages checks that a stage sees what earlier ones stored, and that several
// dispatches share a stage, over many lanes.
func (s suite) stages(t *testing.T) {
	dev := s.open(t, s.precision)
	for _, n := range []int{3, 100_000} {
		b := shaders.NewBuilder("neighbour", 1)
		in, out := b.Buffer("in", shaders.Float, shaders.Read), b.Buffer("out", shaders.Float, shaders.Write)
		sum := b.Binary(shaders.OpAdd, b.Load(in, b.Item()), b.Load(in, b.AddInt(b.Item(), b.ConstInt(1))))
		b.Store(out, b.Item(), b.Binary(shaders.OpMul, sum, b.Const(0.5)))
		k, err := dev.Compile(b.Kernel())
		require.NoError(t, err)
		x := random(rand.New(rand.NewPCG(3, uint64(n))), n+8)
		buffers := []device.Buffer{upload(t, dev, shaders.Float, x, 0), upload(t, dev, shaders.Float, make([]float64, n+8), 0)}
		var stages [][]device.Dispatch
		want := append([]float64(nil), x...)
		for step := range 6 {
			half := n / 2
			bindings := []device.Binding{{Buffer: buffers[step%2]}, {Buffer: buffers[1-step%2]}}
			stages = append(stages, []device.Dispatch{{Kernel: k, Bindings: bindings, First: half, Count: n - half}, {Kernel: k, Bindings: bindings, Count: half}})
			next := make([]float64, n+8)
			for i := range n {
				next[i] = (want[i] + want[i+1]) / 2
			}
			if step > 0 { // what lies beyond the grid stays as it was two steps ago
				copy(next[n:], want[n:])
			}
			if step%2 == 1 {
				copy(next[n:], x[n:])
			} else {
				clear(next[n:])
			}
			want = next
		}
		s.execute(t, dev, stages)
		s.equal(t, want, download(t, buffers[0], n+8, 0), 10*tolerances[s.precision], "stages")
	}
}

// inPlace checks a lane that loads an element and stores it again, through one
// formal buffer and through two bound to one buffer.
func (s suite) inPlace(t *testing.T) {
	dev := s.open(t, s.precision)
	const n = 3000
	b := shaders.NewBuilder("in place", 1)
	x := b.Buffer("x", shaders.Float, shaders.ReadWrite)
	v := b.Load(x, b.Item())
	doubled := b.Binary(shaders.OpAdd, v, v)
	b.Store(x, b.Item(), doubled)
	b.Store(x, b.AddInt(b.Item(), b.ConstInt(n)), b.Binary(shaders.OpMul, v, doubled))
	s.run(t, dev, b.Kernel(), arrays{random(rand.New(rand.NewPCG(4, 4)), 2*n)}, 0, n, tolerances[s.precision])

	b = shaders.NewBuilder("one buffer twice", 1)
	in, out := b.Buffer("in", shaders.Float, shaders.Read), b.Buffer("out", shaders.Float, shaders.Write)
	v = b.Load(in, b.Item())
	doubled = b.Binary(shaders.OpAdd, v, v)
	b.Store(out, b.Item(), doubled)
	b.Store(out, b.AddInt(b.Item(), b.ConstInt(n)), b.Binary(shaders.OpMul, v, doubled))
	k, err := dev.Compile(b.Kernel())
	require.NoError(t, err)
	contents := random(rand.New(rand.NewPCG(5, 5)), 2*n)
	buffer := upload(t, dev, shaders.Float, contents, 0)
	s.execute(t, dev, [][]device.Dispatch{{{Kernel: k, Bindings: []device.Binding{{Buffer: buffer}, {Buffer: buffer}}, Count: n}}})
	want := append([]float64(nil), contents...)
	for i := range n {
		want[i], want[n+i] = 2*contents[i], 2*contents[i]*contents[i]
	}
	s.equal(t, want, download(t, buffer, 2*n, 0), tolerances[s.precision], "one buffer twice")
}

// randomKernels compares random straight-line kernels with the oracle.
func (s suite) randomKernels(t *testing.T) {
	dev := s.open(t, s.precision)
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 6))
		chains, items := 1+r.IntN(5), 1+r.IntN(600)
		size := chains * items
		k := randomKernel(r, chains, size)
		parents := make([]float64, items)
		for i := range parents {
			parents[i] = float64(r.IntN(items))
		}
		s.run(t, dev, k, arrays{parents, random(r, 3*size), random(r, 4*size)}, 0, items, 400*tolerances[s.precision])
	}
}

func randomKernel(r *rand.Rand, chains, size int) *shaders.Kernel {
	b := shaders.NewBuilder(fmt.Sprintf("random for %d chains", chains), chains)
	parents, in, out := b.Buffer("parents", shaders.Int, shaders.Read), b.Buffer("in", shaders.Float, shaders.Read), b.Buffer("out", shaders.Float, shaders.Write)
	at := lane(b, chains)
	parent := b.AddInt(b.MulInt(b.LoadInt(parents, b.Item()), b.ConstInt(chains)), b.Chain())
	values := []shaders.Value{b.Load(in, at), b.Load(in, b.AddInt(at, b.ConstInt(size))), b.Load(in, b.AddInt(parent, b.ConstInt(2*size))),
		b.Load(in, b.Chain()), b.Load(in, b.ConstInt(0)), b.Const(r.NormFloat64())}
	pick := func() shaders.Value { return values[r.IntN(len(values))] }
	// Results stay bounded, and away from where small errors grow.
	for range 30 {
		var v shaders.Value
		switch r.IntN(6) {
		case 0:
			v = b.Unary(shaders.OpTanh, b.Binary([]shaders.Op{shaders.OpAdd, shaders.OpSub, shaders.OpMul}[r.IntN(3)], pick(), pick()))
		case 1:
			v = b.Binary([]shaders.Op{shaders.OpMin, shaders.OpMax}[r.IntN(2)], pick(), pick())
		case 2:
			v = b.Unary([]shaders.Op{shaders.OpSin, shaders.OpCos, shaders.OpNeg, shaders.OpAbs}[r.IntN(4)], pick())
		case 3:
			x := pick()
			v = b.Binary(shaders.OpDiv, pick(), b.Binary(shaders.OpAdd, b.Binary(shaders.OpMul, x, x), b.Const(1)))
		case 4:
			v = b.Select(b.Compare(shaders.OpLess, values[0], values[1]), pick(), pick())
		default:
			v = b.Unary(shaders.OpLog1p, b.Unary(shaders.OpAbs, pick()))
		}
		values = append(values, v)
	}
	for row := range 4 {
		b.Store(out, b.AddInt(at, b.ConstInt(row*size)), values[len(values)-1-r.IntN(12)])
	}
	return b.Kernel()
}
