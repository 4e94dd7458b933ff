package trace_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/trace"
	"github.com/hxgpu/hxgpu/shaders"
)

func open(t *testing.T, info device.Info) *trace.Device {
	dev, err := trace.Open(trace.Options{Info: info})
	require.NoError(t, err)
	return dev
}

func newBuffer(t *testing.T, dev device.Device, of shaders.Type, n int) device.Binding {
	b, err := dev.NewBuffer(of, n)
	require.NoError(t, err)
	return device.Binding{Buffer: b}
}

func compile(t *testing.T, dev device.Device, k *shaders.Kernel) device.Kernel {
	compiled, err := dev.Compile(k)
	require.NoError(t, err)
	return compiled
}

// move stores to element item*to+shift what stands at element item of another
// buffer, for one chain.
func move(to, shift int) *shaders.Kernel {
	b := shaders.NewBuilder("move", 1)
	in, out := b.Buffer("in", shaders.Float, shaders.Read), b.Buffer("out", shaders.Float, shaders.Write)
	b.Store(out, b.AddInt(b.MulInt(b.Item(), b.ConstInt(to)), b.ConstInt(shift)), b.Load(in, b.Item()))
	return b.Kernel()
}

func check(t *testing.T, dev device.Device, stages ...[]device.Dispatch) (trace.Report, error) {
	p, err := dev.Record(device.Recording{Name: "test", Stages: stages})
	require.NoError(t, err)
	return p.(*trace.Program).Check()
}

func TestHazards(t *testing.T) {
	dev := open(t, device.Info{})
	x, y, z := newBuffer(t, dev, shaders.Float, 8), newBuffer(t, dev, shaders.Float, 8), newBuffer(t, dev, shaders.Float, 8)
	same, ahead, one := compile(t, dev, move(1, 0)), compile(t, dev, move(1, 4)), compile(t, dev, move(0, 3))
	do := func(k device.Kernel, from, to device.Binding, count int) device.Dispatch {
		return device.Dispatch{Kernel: k, Count: count, Bindings: []device.Binding{from, to}}
	}
	report, err := check(t, dev, []device.Dispatch{do(same, x, y, 8)}, []device.Dispatch{do(same, y, z, 8)})
	require.NoError(t, err)
	require.Equal(t, trace.Report{Accesses: 32}, report)

	_, err = check(t, dev, []device.Dispatch{do(same, x, y, 8), do(same, y, z, 8)})
	require.ErrorContains(t, err, `loads element 0 of "in", which another lane of its stage stores`)
	_, err = check(t, dev, []device.Dispatch{do(same, y, z, 8), do(same, x, y, 8)})
	require.ErrorContains(t, err, `stores element 0 of "out", which another lane of its stage loads`)
	_, err = check(t, dev, []device.Dispatch{do(one, x, y, 2)})
	require.ErrorContains(t, err, `stores element 3 of "out", which another lane of its stage stores`)
	_, err = check(t, dev, []device.Dispatch{do(same, x, y, 9)})
	require.ErrorContains(t, err, `element 8 of "in", which has 8`)
	_, err = check(t, dev, []device.Dispatch{do(same, x, device.Binding{Buffer: y.Buffer, Offset: 1}, 8)})
	require.ErrorContains(t, err, `element 7 of "out", which has 7`)

	report, err = check(t, dev, []device.Dispatch{do(same, x, y, 4)}, []device.Dispatch{do(ahead, x, y, 4)}, []device.Dispatch{do(same, y, z, 8)}, []device.Dispatch{do(same, x, y, 1)})
	require.NoError(t, err)
	require.Equal(t, []int{1}, report.Needless, "other elements are stored; then what was stored is loaded; then what was loaded is overwritten")
}

// exchange reverses what a group of four lanes loads, through a shared array.
func exchange(barrier bool) *shaders.Kernel {
	b := shaders.NewBuilder("exchange", 1)
	b.Groups(4)
	x := b.Buffer("x", shaders.Float, shaders.ReadWrite)
	array := b.SharedArray("array", 4)
	at := b.AddInt(b.MulInt(b.Item(), b.ConstInt(4)), b.Local())
	b.StoreShared(array, b.Local(), b.Load(x, at))
	if barrier {
		b.Barrier()
	}
	b.Store(x, at, b.LoadShared(array, b.Integer(shaders.OpSubInt, b.ConstInt(3), b.Local())))
	return b.Kernel()
}

func TestRacesWithinGroups(t *testing.T) {
	dev := open(t, device.Info{})
	x := newBuffer(t, dev, shaders.Float, 8)
	for barrier, message := range map[bool]string{true: "", false: `lanes 0 and 3 of a group touch element 0 of "array" with no barrier between`} {
		_, err := check(t, dev, []device.Dispatch{{Kernel: compile(t, dev, exchange(barrier)), Count: 2, Bindings: []device.Binding{x}}})
		if message == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, message)
	}
}

// TestIntegersDecide: indices come from integer buffers, loops and branches; what
// depends on floats is unknown.
func TestIntegersDecide(t *testing.T) {
	dev := open(t, device.Info{})
	b := shaders.NewBuilder("walk", 1)
	table, x := b.Buffer("table", shaders.Int, shaders.Read), b.Buffer("x", shaders.Float, shaders.ReadWrite)
	b.Loop(b.LoadInt(table, b.Item()), func(i shaders.Value) {
		b.Break(b.EqualInt(i, b.ConstInt(5)))
		b.If(b.LessInt(i, b.ConstInt(3)), func() { b.Store(x, b.AddInt(i, b.MulInt(b.Item(), b.ConstInt(10))), b.Const(1)) }, nil)
	})
	b.Store(x, b.FloatToInt(b.Load(x, b.ConstInt(19))), b.Const(2))
	k := compile(t, dev, b.Kernel())
	ints, floats := newBuffer(t, dev, shaders.Int, 2), newBuffer(t, dev, shaders.Float, 20)
	require.NoError(t, ints.Buffer.WriteInts(0, []int32{2, 1 << 30}))
	report, err := check(t, dev, []device.Dispatch{{Kernel: k, Count: 2, Bindings: []device.Binding{ints, floats}}})
	require.NoError(t, err)
	require.Equal(t, trace.Report{Accesses: 2 + (2 + 1) + (3 + 1), Unknown: 2}, report)
}

func TestLimitsAndMistakes(t *testing.T) {
	dev := open(t, device.Info{Limits: device.Limits{GroupLanes: 4, SharedBytes: 31}})
	_, err := dev.Compile(exchange(true))
	require.ErrorContains(t, err, "32 bytes of shared arrays; the device has at most 31")
	wide := shaders.NewBuilder("wide", 1)
	wide.Groups(8)
	_, err = dev.Compile(wide.Kernel())
	require.ErrorContains(t, err, "groups of 8 lanes; the device has at most 4")
	_, err = dev.NewBuffer(shaders.Bool, 1)
	require.ErrorContains(t, err, "holds Float or Int elements")
	x := newBuffer(t, dev, shaders.Float, 2)
	require.ErrorContains(t, x.Buffer.WriteFloats(1, make([]float64, 2)), "write of elements 1 to 3 of a buffer of 2")
	require.ErrorContains(t, x.Buffer.ReadInts(0, nil), "wrong element type")
	k := compile(t, dev, move(1, 0))
	_, err = dev.Record(device.Recording{Name: "r", Stages: [][]device.Dispatch{{{Kernel: k, Count: 1, Bindings: []device.Binding{x}}}}})
	require.ErrorContains(t, err, `recording "r", stage 0: kernel "move" has 2 buffers, 1 are bound`)
	other := open(t, device.Info{})
	_, err = other.Record(device.Recording{Stages: [][]device.Dispatch{{{Kernel: k, Count: 1, Bindings: []device.Binding{x, x}}}}})
	require.ErrorContains(t, err, "a kernel of another device")

	p, err := dev.Record(device.Recording{Name: "r"})
	require.NoError(t, err)
	require.NoError(t, p.Run(context.Background()))
	require.Equal(t, 1, p.(*trace.Program).Runs())
	require.NoError(t, p.Close())
	require.ErrorContains(t, p.Run(context.Background()), `program "r" is closed`)
	require.NoError(t, dev.Close())
	_, err = dev.NewBuffer(shaders.Float, 1)
	require.ErrorContains(t, err, "closed")
}
