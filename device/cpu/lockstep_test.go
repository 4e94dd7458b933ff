package cpu_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/cpu"
	"github.com/hxgpu/hxgpu/shaders"
)

// TestPartialBarrier has barriers that some lanes of a group miss, in the ways that
// a kernel can go wrong, and one that all lanes miss, which is right.
func TestPartialBarrier(t *testing.T) {
	const lanes = 5
	for _, test := range []struct {
		name string
		body func(b *shaders.Builder, local shaders.Value)
		miss bool
	}{
		{"branch", func(b *shaders.Builder, local shaders.Value) {
			b.If(b.LessInt(local, b.ConstInt(3)), b.Barrier, nil)
		}, true},
		{"other branch", func(b *shaders.Builder, local shaders.Value) {
			b.If(b.LessInt(local, b.ConstInt(3)), nil, b.Barrier)
		}, true},
		{"both branches", func(b *shaders.Builder, local shaders.Value) {
			b.If(b.LessInt(local, b.ConstInt(3)), b.Barrier, b.Barrier)
		}, true},
		{"rounds", func(b *shaders.Builder, local shaders.Value) {
			b.Loop(local, func(shaders.Value) { b.Barrier() })
		}, true},
		{"a lane leaves", func(b *shaders.Builder, local shaders.Value) {
			b.Loop(b.ConstInt(9), func(i shaders.Value) {
				b.Break(b.EqualInt(i, local))
				b.Barrier()
			})
		}, true},
		{"all leave", func(b *shaders.Builder, local shaders.Value) {
			b.Loop(b.ConstInt(9), func(i shaders.Value) {
				b.Break(b.EqualInt(i, b.ConstInt(2)))
				b.Barrier()
			})
		}, false},
		{"no lane enters", func(b *shaders.Builder, local shaders.Value) {
			b.If(b.LessInt(local, b.ConstInt(0)), b.Barrier, nil)
			b.Loop(b.ConstInt(0), func(shaders.Value) { b.Barrier() })
		}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			d, err := cpu.Open(cpu.Options{Workers: 1})
			require.NoError(t, err)
			b := shaders.NewBuilder(test.name, 1)
			b.Groups(lanes)
			x, out := b.Buffer("x", shaders.Float, shaders.Read), b.Buffer("out", shaders.Float, shaders.Write)
			test.body(b, b.Local())
			b.Store(out, b.Local(), b.Load(x, b.Local()))
			p, result := recordSteps(t, d, b.Kernel(), 1)
			err = p.Run(context.Background())
			if test.miss {
				require.ErrorContains(t, err, "reached by some lanes of a group and not by others")
				require.ErrorContains(t, err, test.name)
			} else {
				require.NoError(t, err)
				got := make([]float64, lanes)
				require.NoError(t, result.ReadFloats(0, got))
				require.NotZero(t, got[lanes-1])
			}
			require.NoError(t, d.Close())
		})
	}
}

// TestEnginesAgree runs one kernel as straight-line code and within a branch that
// all lanes take: the two engines give the same bits.
func TestEnginesAgree(t *testing.T) {
	const items, chains = 70, 3
	elementwise := func(b *shaders.Builder, x shaders.Value) shaders.Value {
		sum := x
		add := func(y shaders.Value) {
			sum = b.Binary(shaders.OpAdd, b.Binary(shaders.OpMul, sum, b.Const(1.1)), y)
		}
		for op := shaders.OpNeg; op <= shaders.OpCos; op++ {
			y := x
			if op == shaders.OpSqrt || op == shaders.OpLog || op == shaders.OpLog1p {
				y = b.Unary(shaders.OpAbs, x)
			}
			add(b.Unary(op, y))
		}
		square := b.Binary(shaders.OpMul, x, x)
		for op := shaders.OpAdd; op <= shaders.OpMax; op++ { // of numbers that differ by lane, and constants
			add(b.Binary(op, x, square))
			add(b.Binary(op, x, b.Const(0.7)))
			add(b.Binary(op, b.Const(0.3), x))
		}
		return b.Select(b.Compare(shaders.OpLess, x, b.Const(0)), sum, b.Binary(shaders.OpDiv, sum, x))
	}
	for _, precision := range []device.Precision{device.Float64, device.Float32} {
		var results [2][]float64
		for structured := range results {
			d, err := cpu.Open(cpu.Options{Precision: precision, Workers: 1})
			require.NoError(t, err)
			b := shaders.NewBuilder("elementwise", chains)
			x, out := b.Buffer("x", shaders.Float, shaders.Read), b.Buffer("out", shaders.Float, shaders.Write)
			lane := b.AddInt(b.MulInt(b.Item(), b.ConstInt(chains)), b.Chain())
			run := func() { b.Store(out, lane, elementwise(b, b.Load(x, lane))) }
			if structured == 1 {
				b.If(b.LessInt(b.ConstInt(-1), lane), run, nil)
			} else {
				run()
			}
			require.Equal(t, structured == 1, b.Kernel().Structured())
			kernel, err := d.Compile(b.Kernel())
			require.NoError(t, err)
			values := make([]float64, items*chains)
			for i := range values {
				values[i] = float64(i%37)/7 - 2.31
			}
			from, err := d.NewBuffer(shaders.Float, len(values))
			require.NoError(t, err)
			require.NoError(t, from.WriteFloats(0, values))
			to, err := d.NewBuffer(shaders.Float, len(values))
			require.NoError(t, err)
			p, err := d.Record(device.Recording{Stages: [][]device.Dispatch{{{Kernel: kernel, Count: items, Bindings: []device.Binding{{Buffer: from}, {Buffer: to}}}}}})
			require.NoError(t, err)
			require.NoError(t, p.Run(context.Background()))
			results[structured] = make([]float64, len(values))
			require.NoError(t, to.ReadFloats(0, results[structured]))
			require.NoError(t, d.Close())
		}
		require.NotContains(t, results[0], 0.0)
		require.Equal(t, results[0], results[1], "float%d", 64>>precision)
	}
}

// TestGroupsShared holds groups to give the same bits whoever runs them, without
// allocating.
func TestGroupsShared(t *testing.T) {
	var want []float64
	for _, workers := range []int{1, 2, 5} {
		d, err := cpu.Open(cpu.Options{Workers: workers})
		require.NoError(t, err)
		p, out := recordSteps(t, d, stepKernel(16, 20), 501)
		ctx := context.Background()
		// Code that earlier tests dropped is given back meanwhile, which allocates once
		// in a while: a run that allocates shows in twenty.
		require.Zero(t, testing.AllocsPerRun(20, func() {
			if err := p.Run(ctx); err != nil {
				t.Fatal(err)
			}
		}), "%d workers", workers)
		got := make([]float64, out.Len())
		require.NoError(t, out.ReadFloats(0, got))
		if want == nil {
			want = got
		}
		require.Equal(t, want, got, "%d workers", workers)
		require.NoError(t, d.Close())
	}
}

// TestRepeatCancelled stops between the repetitions of one run.
func TestRepeatCancelled(t *testing.T) {
	d, err := cpu.Open(cpu.Options{Workers: 1})
	require.NoError(t, err)
	b := shaders.NewBuilder("count", 1)
	x := b.Buffer("x", shaders.Float, shaders.ReadWrite)
	b.Store(x, b.Item(), b.Binary(shaders.OpAdd, b.Load(x, b.Item()), b.Const(1)))
	kernel, err := d.Compile(b.Kernel())
	require.NoError(t, err)
	buffer, err := d.NewBuffer(shaders.Float, 1)
	require.NoError(t, err)
	p, err := d.Record(device.Recording{Name: "count", Repeat: 1000,
		Stages: [][]device.Dispatch{{{Kernel: kernel, Count: 1, Bindings: []device.Binding{{Buffer: buffer}}}}}})
	require.NoError(t, err)
	require.ErrorIs(t, p.Run(&expiring{Context: context.Background(), left: 10}), context.Canceled)
	got := make([]float64, 1)
	require.NoError(t, buffer.ReadFloats(0, got))
	require.Less(t, got[0], 10.0)
	require.Greater(t, got[0], 5.0)
	require.NoError(t, d.Close())
}

// expiring is a context that is cancelled when it has been asked a number of times.
type expiring struct {
	context.Context
	left int
}

func (e *expiring) Err() error {
	if e.left--; e.left < 0 {
		return context.Canceled
	}
	return nil
}
