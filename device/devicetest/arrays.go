package devicetest

import (
	"fmt"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/shaders"
	"github.com/hxgpu/hxgpu/tensor"
)

// arrayCase is an array kernel that computes tensor values of inputs, which stand
// [element][item][chain] in one buffer after another.
type arrayCase struct {
	name   string
	inputs []tensor.Shape
	build  func(x []tensor.Value) []tensor.Value
}

// arrayCases cover every array instruction.
var arrayCases = []arrayCase{
	{"elementwise", []tensor.Shape{{7, 5}, {7, 5}, {}}, func(x []tensor.Value) []tensor.Value {
		p, q, s := x[0], x[1], x[2]
		positive := p.Abs()
		return []tensor.Value{p.Add(q).Mul(s), p.Sub(s).Div(q), p.Min(q), p.Max(s), p.Neg(), positive.Sqrt(), p.Exp(), positive.Log(), positive.Log1p(),
			p.Expm1(), q.Tanh(), q.Sin(), s.Cos(), tensor.Select(p.Less(q), p, s), tensor.Select(p.LessEqual(s), q, tensor.Constant(2)),
			tensor.Select(p.Equal(p), q.Square(), p), s.Square().Shift(1).Log(), tensor.Fill(0.5, 3, 3).Mul(s)}
	}},
	{"chains of elements", []tensor.Shape{{200}, {200}}, func(x []tensor.Value) []tensor.Value {
		y := x[0]
		for k := range 12 {
			y = y.Mul(x[1]).Shift(float64(k)).Tanh()
		}
		return []tensor.Value{y, y.Sum().Exp().Mul(x[0])}
	}},
	{"places", []tensor.Shape{{6, 9}, {6, 9}}, func(x []tensor.Value) []tensor.Value {
		p, q := x[0], x[1]
		return []tensor.Value{p.Transpose(), p.Add(q.Transpose().Reshape(6, 9)), tensor.Concat(p.Reshape(54), row(q.Transpose(), 3), q.Reshape(54)).Tanh(),
			p.Gather([]int{5, 5, 0, 53, 20}, 5).Exp(), p.Transpose().MatMul(q).Diagonal(), row(p, 2).Diag()}
	}},
	{"sums", []tensor.Shape{{6, 9}, {300}}, func(x []tensor.Value) []tensor.Value {
		rows := make([]int, 54)
		for k := range rows {
			rows[k] = (k * k) % 6
		}
		return []tensor.Value{x[0].Sum(), x[1].Sum(), x[1].Square().Sum().Sqrt(), x[0].Scatter(rows, 8), row(x[0], 1).Scatter([]int{8, 7, 6, 5, 4, 3, 2, 1, 0}, 12)}
	}},
	{"products", []tensor.Shape{{16, 33}, {33, 2}, {5, 16}, {40, 40}, {70}}, func(x []tensor.Value) []tensor.Value {
		return []tensor.Value{x[0].MatMul(x[1]), x[1].Transpose().MatMul(x[0].Transpose()), x[2].MatMul(x[0]), x[0].Transpose().MatMul(x[2].Transpose()),
			x[3].MatMul(x[3]), x[3].Transpose().MatMul(x[3]), x[3].MatMul(x[3].Transpose()), x[4].Dot(x[4]), x[4].Outer(x[4].Sin()), x[3].MatMul(x[4].Gather(make([]int, 40), 40, 1))}
	}},
	{"systems of 1", []tensor.Shape{{1, 1}, {1, 3}}, systems},
	{"systems of 3", []tensor.Shape{{3, 3}, {3, 1}}, systems},
	{"systems of 16", []tensor.Shape{{16, 16}, {16, 2}}, systems},
	{"systems of 40", []tensor.Shape{{40, 40}, {40, 3}}, systems},
	{"wide systems", []tensor.Shape{{11, 11}, {11, 90}}, systems},
	{"loops", []tensor.Shape{{4, 4}, {9, 4}, {}}, func(x []tensor.Value) []tensor.Value {
		step := func(s tensor.Step) (next, stacked []tensor.Value) {
			v, total := s.Carried[0], s.Carried[1]
			v = x[0].MatMul(v).Scale(0.2).Add(s.Sliced[0].Mul(x[2])).Add(s.Index.Scale(0.1)).Tanh()
			return []tensor.Value{v, total.Add(v.Square().Sum())}, []tensor.Value{v.Outer(v), total}
		}
		start := []tensor.Value{row(x[0], 1), tensor.Constant(1)}
		forth, all := tensor.Loop(9, start, x[1:2], step)
		back, others := tensor.LoopBackwards(9, start, x[1:2], step)
		return append(append(append(forth, all...), back...), others...)
	}},
	{"loops in loops", []tensor.Shape{{5}, {6, 5}}, func(x []tensor.Value) []tensor.Value {
		final, stacked := tensor.Loop(6, x[:1], x[1:2], func(s tensor.Step) (next, stacked []tensor.Value) {
			inner, rows := tensor.LoopBackwards(3, []tensor.Value{s.Carried[0]}, nil, func(r tensor.Step) (next, stacked []tensor.Value) {
				v := r.Carried[0].Scale(0.5).Add(s.Sliced[0]).Add(r.Index.Mul(s.Index).Scale(0.01)).Sin()
				return []tensor.Value{v}, []tensor.Value{v.Sum()}
			})
			return []tensor.Value{inner[0].Add(x[0])}, []tensor.Value{rows[0], inner[0]}
		})
		return append(final, stacked...)
	}},
}

// row is a row of a matrix.
func row(x tensor.Value, r int) tensor.Value {
	columns := x.Shape()[1]
	indices := make([]int, columns)
	for c := range indices {
		indices[c] = r*columns + c
	}
	return x.Gather(indices, columns)
}

// systems are the operations of linear algebra on a square matrix and right sides.
func systems(x []tensor.Value) []tensor.Value {
	n := x[0].Shape()[0]
	positive := x[0].MatMul(x[0].Transpose()).Scale(1 / float64(n)).Add(tensor.Identity(n).Scale(2))
	factor := positive.Cholesky()
	general := x[0].Scale(0.5 / float64(n)).Add(tensor.Identity(n))
	return []tensor.Value{factor, factor.CholeskyAdjoint(x[0].Sin()), factor.SolveLower(x[1]), factor.SolveLowerTransposed(x[1]),
		general.Solve(x[1]), general.LogDet(), positive.Solve(x[1].Tanh()), positive.LogDetPositive()}
}

// kernel is the case's kernel for a number of items and chains, and the elements
// of its buffers.
func (c arrayCase) kernel(h *harness, items, chains int) (*shaders.Kernel, []int) {
	b := shaders.NewArrayBuilder(c.name, chains)
	place := shaders.Place{PlaceStride: chains, ChainStride: 1, ElementStride: items * chains, Count: -1}
	var sizes []int
	var inputs []tensor.Value
	loaded := map[*tensor.Node]shaders.ArrayValue{}
	for n, shape := range c.inputs {
		x := tensor.Input(fmt.Sprint("x", n), shape...)
		loaded[x.Node()] = b.Load(b.Buffer(x.Node().InputName, shaders.Float, shaders.Read), place, shape.Size())
		inputs, sizes = append(inputs, x), append(sizes, shape.Size()*items*chains)
	}
	var outputs []tensor.Value
	require.NoError(h.t, tensor.Trace(func() { outputs = c.build(inputs) }))
	results, err := b.Lower(outputs, func(n *tensor.Node) (shaders.ArrayValue, error) { return loaded[n], nil })
	require.NoError(h.t, err)
	for n, v := range outputs {
		out := b.Buffer(fmt.Sprint("out", n), shaders.Float, shaders.Write)
		b.Store(out, place, results[n], v.Shape().Size())
		sizes = append(sizes, v.Shape().Size()*items*chains)
	}
	return b.Kernel(), sizes
}

// gathered is a kernel that loads and reduces places of other items, through
// tables of integers, into one buffer; it is dispatched for some of the items.
func gathered(items, chains int) (*shaders.Kernel, int) {
	const elements = 5
	b := shaders.NewArrayBuilder("places of other items", chains)
	x, out := b.Buffer("x", shaders.Float, shaders.Read), b.Buffer("out", shaders.Float, shaders.ReadWrite)
	parents, firsts, counts := b.Buffer("parents", shaders.Int, shaders.Read), b.Buffer("firsts", shaders.Int, shaders.Read), b.Buffer("counts", shaders.Int, shaders.Read)
	from := shaders.Place{PlaceStride: chains, ChainStride: 1, ElementStride: 2 * items * chains, Count: -1}
	parent, children, run := from, from, from
	parent.Indirect, parent.Index = true, parents
	children.Indirect, children.Index, children.Shift, children.Count, children.CountShift = true, firsts, 1, counts, 2
	run.Shift, run.Length = 1, 3
	values := []shaders.ArrayValue{b.Load(x, parent, elements), b.Reduce(shaders.Sum, x, children, elements), b.Reduce(shaders.Max, x, children, elements),
		b.Reduce(shaders.Min, x, run, elements), b.Reduce(shaders.Prod, x, run, elements), b.Load(out, shaders.Place{ChainStride: 1, ElementStride: chains, Count: -1}, elements)}
	scalars := []shaders.ArrayValue{b.Int(counts, 1), b.IsZero(b.Int(counts, 0))}
	at := 0
	store := func(v shaders.ArrayValue, n int) {
		b.Store(out, shaders.Place{PlaceStride: chains, ChainStride: 1, ElementStride: items * chains, Shift: at + 10, Count: -1}, v, n)
		at += n * items
	}
	for _, v := range values {
		store(v, elements)
	}
	for _, v := range scalars {
		store(v, 1)
	}
	return b.Kernel(), (at + 10) * chains
}

// testArrays runs every array instruction.
func testArrays(h *harness) {
	for _, c := range arrayCases {
		for _, grid := range [][2]int{{1, 1}, {5, 3}, {67, 2}} {
			items, chains := grid[0], grid[1]
			if items > 5 && (c.inputs[0].Size() > 100 || c.name == "wide systems") {
				continue // the oracle is slow
			}
			h.sub(fmt.Sprintf("%s %dx%d", c.name, items, chains), func(h *harness) {
				k, sizes := c.kernel(h, items, chains)
				var bindings []*memory
				for n, size := range sizes {
					if n < len(c.inputs) {
						bindings = append(bindings, h.floats(h.numbers(size)))
					} else {
						bindings = append(bindings, h.floats(marked(size)))
					}
				}
				h.check(1, []work{{k, 0, items, bindings}})
			})
		}
	}
}

// testArrayPlaces loads from, and reduces, places of other items; the dispatch
// begins at an item that is not the first.
func testArrayPlaces(h *harness) {
	for _, chains := range []int{1, 4, 7} {
		const items = 40
		k, size := gathered(items, chains)
		x := h.floats(h.numbers(5 * 2 * items * chains))
		out := h.floats(h.numbers(size + 3))
		parents, firsts, counts := h.ints(h.whole(items, 0, items)), h.ints(h.whole(items+1, 0, items-9)), h.ints(h.whole(items+2, 0, 9))
		h.check(2, []work{{k, 3, items - 6, []*memory{x, out.from(3), parents, firsts, counts}}})
	}
}

// testArrayStages runs array kernels that depend on each other, and several at
// once.
func testArrayStages(h *harness) {
	const items, chains = 9, 2
	c := arrayCase{"stage", []tensor.Shape{{4, 4}}, func(x []tensor.Value) []tensor.Value {
		final, _ := tensor.Loop(3, x, nil, func(s tensor.Step) (next, stacked []tensor.Value) {
			return []tensor.Value{s.Carried[0].MatMul(x[0]).Tanh()}, nil
		})
		return final
	}}
	k, sizes := c.kernel(h, items, chains)
	x, y, z := h.floats(h.numbers(sizes[0])), h.floats(h.numbers(sizes[0])), h.floats(h.numbers(sizes[0]))
	stages := [][]work{
		{{k, 0, 4, []*memory{x, y}}, {k, 4, items - 4, []*memory{x, y}}},
		{{k, 0, items, []*memory{y, z}}},
		{{k, 2, 5, []*memory{z, x}}},
	}
	r := h.recording("stages of arrays", stages)
	r.Repeat = 2
	h.checkRecording(r, 2, stages)
}
