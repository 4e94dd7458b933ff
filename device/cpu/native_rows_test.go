package cpu_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/cpu"
	"github.com/hxgpu/hxgpu/shaders"
)

// family is a kernel that adds to a node's row that of its parent, of two children that
// follow each other, a number of its parent, and one of the chain.
func family(chains, components int) *shaders.Kernel {
	b := shaders.NewBuilder("family", chains)
	x, data, params := b.Buffer("x", shaders.Float, shaders.Read), b.Buffer("data", shaders.Float, shaders.Read), b.Buffer("params", shaders.Float, shaders.Read)
	parents, children := b.Buffer("parents", shaders.Int, shaders.Read), b.Buffer("children", shaders.Int, shaders.Read)
	out := b.Buffer("out", shaders.Float, shaders.Write)
	row := func(item shaders.Value, shift int) shaders.Value {
		return b.AddInt(b.AddInt(b.MulInt(item, b.ConstInt(chains)), b.Chain()), b.ConstInt(shift))
	}
	parent, child := b.LoadInt(parents, b.Item()), b.LoadInt(children, b.Item())
	sum := b.Load(x, row(b.Item(), 0))
	for _, i := range []shaders.Value{row(parent, 0), row(parent, components*chains), row(b.AddInt(child, b.ConstInt(1)), 0), row(child, 0), row(b.AddInt(child, b.ConstInt(1)), components*chains)} {
		sum = b.Binary(shaders.OpAdd, b.Binary(shaders.OpMul, sum, b.Const(1.5)), b.Load(x, i))
	}
	sum = b.Binary(shaders.OpAdd, sum, b.Load(data, b.Item()))
	sum = b.Binary(shaders.OpSub, sum, b.Load(data, parent))
	sum = b.Binary(shaders.OpMul, sum, b.Load(params, b.AddInt(b.Chain(), b.ConstInt(chains))))
	b.Store(out, row(b.Item(), 0), sum)
	return b.Kernel()
}

// TestRows: kernels on rows of parents and children, of all numbers of items that leave
// something behind the last whole vector, compute what plain Go does, and an index outside
// its buffer is an error wherever it stands.
func TestRows(t *testing.T) {
	for name, options := range engines() {
		for _, precision := range []device.Precision{device.Float64, device.Float32} {
			options.Precision = precision
			dev, err := cpu.Open(options)
			require.NoError(t, err)
			for _, chains := range []int{1, 2, 3, 4, 5, 8} {
				t.Run(fmt.Sprintf("%s/%d/%d", name, precision, chains), func(t *testing.T) {
					for items := range 12 {
						testFamily(t, dev, items, chains)
					}
				})
			}
			require.NoError(t, dev.Close())
		}
	}
}

func testFamily(t *testing.T, dev device.Device, items, chains int) {
	nodes := items + 3
	values := func(n, step int) []float64 { // small whole numbers: what is computed is exact
		x := make([]float64, n)
		for i := range x {
			x[i] = float64(i*step%31 - 9)
		}
		return x
	}
	x, data, params := values(2*nodes*chains, 7), values(nodes, 5), values(2*chains, 3)
	parents, children := make([]int32, items), make([]int32, items)
	for i := range items {
		parents[i], children[i] = int32(i*5%nodes), int32(i*3%(nodes-1))
	}
	compiled, err := dev.Compile(family(chains, nodes))
	require.NoError(t, err)
	out := buffer(t, dev, make([]float64, items*chains))
	ints := func(x []int32) device.Buffer {
		b, err := dev.NewBuffer(shaders.Int, len(x))
		require.NoError(t, err)
		require.NoError(t, b.WriteInts(0, x))
		return b
	}
	up, down := ints(parents), ints(children)
	var bindings []device.Binding
	for _, b := range []device.Buffer{buffer(t, dev, x), buffer(t, dev, data), buffer(t, dev, params), up, down, out} {
		bindings = append(bindings, device.Binding{Buffer: b})
	}
	p, err := dev.Record(device.Recording{Name: "family", Stages: [][]device.Dispatch{{{Kernel: compiled, Count: items, Bindings: bindings}}}})
	require.NoError(t, err)
	require.NoError(t, p.Run(context.Background()))
	got, want := make([]float64, items*chains), make([]float64, items*chains)
	for i := range items {
		for c := range chains {
			at := func(node int32, component int) float64 { return x[(component*nodes+int(node))*chains+c] }
			sum := at(int32(i), 0)
			for _, y := range []float64{at(parents[i], 0), at(parents[i], 1), at(children[i]+1, 0), at(children[i], 0), at(children[i]+1, 1)} {
				sum = sum*1.5 + y
			}
			want[i*chains+c] = (sum + data[i] - data[parents[i]]) * params[chains+c]
		}
	}
	require.NoError(t, out.ReadFloats(0, got))
	require.Equal(t, want, got, "%d items", items)
	for i := range items {
		for _, wrong := range []int32{-1, int32(nodes), -1 << 31, 1<<31 - 1} {
			require.NoError(t, up.WriteInts(i, []int32{wrong}))
			require.ErrorContains(t, p.Run(context.Background()), `kernel "family"`, "%d items, parent %d of item %d", items, wrong, i)
			require.NoError(t, up.WriteInts(i, parents[i:i+1]))
		}
		require.NoError(t, down.WriteInts(i, []int32{int32(nodes - 1)}), "the second child is not there")
		require.Error(t, p.Run(context.Background()), "%d items, children of item %d", items, i)
		require.NoError(t, down.WriteInts(i, children[i:i+1]))
	}
	require.NoError(t, p.Run(context.Background()))
}
