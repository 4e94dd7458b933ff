package cpu_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/cpu"
	"github.com/hxgpu/hxgpu/shaders"
)

func TestUnknownPrecision(t *testing.T) {
	_, err := cpu.Open(cpu.Options{Precision: 9})
	require.Error(t, err)
}

func TestNoAllocations(t *testing.T) {
	for _, items := range []int{16, 200_000} {
		d, err := cpu.Open(cpu.Options{Workers: 2})
		require.NoError(t, err)
		p, _ := recordLong(t, d, 40, 3, items, 4)
		ctx := context.Background()
		require.Zero(t, testing.AllocsPerRun(20, func() {
			if err := p.Run(ctx); err != nil {
				t.Fatal(err)
			}
		}), "%d items", items)
		require.NoError(t, d.Close())
	}
}

// TestWorkersAgree holds results to be the same bit for bit.
func TestWorkersAgree(t *testing.T) {
	var want []float64
	for _, workers := range []int{1, 2, 5} {
		d, err := cpu.Open(cpu.Options{Workers: workers})
		require.NoError(t, err)
		p, out := recordLong(t, d, 60, 2, 100_003, 3)
		require.NoError(t, p.Run(context.Background()))
		got := make([]float64, out.Len())
		require.NoError(t, out.ReadFloats(0, got))
		if want == nil {
			want = got
		}
		require.Equal(t, want, got)
		require.NoError(t, d.Close())
	}
}

// longKernel is a chain of multiplications, additions and the odd division on a
// gathered, a contiguous, a per-chain and a per-item value.
func longKernel(chains, operations int) *shaders.Kernel {
	b := shaders.NewBuilder("long", chains)
	x, params, data := b.Buffer("x", shaders.Float, shaders.Read), b.Buffer("params", shaders.Float, shaders.Read), b.Buffer("data", shaders.Float, shaders.Read)
	parents, out := b.Buffer("parents", shaders.Int, shaders.Read), b.Buffer("out", shaders.Float, shaders.Write)
	row := func(item shaders.Value) shaders.Value {
		return b.AddInt(b.MulInt(item, b.ConstInt(chains)), b.Chain())
	}
	lane := row(b.Item())
	values := []shaders.Value{b.Load(x, lane), b.Load(x, row(b.LoadInt(parents, b.Item()))), b.Load(params, b.Chain()), b.Load(data, b.Item())}
	for i := range operations {
		n := len(values)
		p, q := values[n-1], values[n-1-i*7%min(n, 9)]
		switch op := []shaders.Op{shaders.OpMul, shaders.OpAdd, shaders.OpMul, shaders.OpSub, shaders.OpAdd}[i%5]; {
		case i%20 == 19:
			q = b.Binary(shaders.OpDiv, b.Const(0.5), b.Binary(shaders.OpAdd, b.Const(2), b.Binary(shaders.OpMul, p, p)))
		default:
			q = b.Binary(op, p, q)
		}
		values = append(values, q)
	}
	b.Store(out, lane, values[len(values)-1])
	return b.Kernel()
}

// recordLong records stages that each run the long kernel.
func recordLong(t testing.TB, d device.Device, operations, stages, items, chains int) (device.Program, device.Buffer) {
	kernel, err := d.Compile(longKernel(chains, operations))
	require.NoError(t, err)
	floats := func(n int) device.Binding {
		b, err := d.NewBuffer(shaders.Float, n)
		require.NoError(t, err)
		values := make([]float64, n)
		for i := range values {
			values[i] = float64(i%17)/17 - 0.4
		}
		require.NoError(t, b.WriteFloats(0, values))
		return device.Binding{Buffer: b}
	}
	parents, err := d.NewBuffer(shaders.Int, items)
	require.NoError(t, err)
	up := make([]int32, items)
	for i := range up {
		up[i] = int32(max(i-1, 0) / 2)
	}
	require.NoError(t, parents.WriteInts(0, up))
	params, data, x := floats(chains), floats(items), floats(items*chains)
	r := device.Recording{Name: "long"}
	for range stages {
		out := floats(items * chains)
		r.Stages = append(r.Stages, []device.Dispatch{{Kernel: kernel, Count: items, Bindings: []device.Binding{x, params, data, {Buffer: parents}, out}}})
		x = out
	}
	p, err := d.Record(r)
	require.NoError(t, err)
	return p, x.Buffer
}
