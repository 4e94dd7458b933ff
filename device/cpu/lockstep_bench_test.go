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

// stepKernel is a group kernel in the manner of a sampler: every round loads and
// stores shared numbers, adds them up with carried variables, takes a branch that
// some lanes take, computes with integers and waits.
func stepKernel(lanes, rounds int) *shaders.Kernel {
	b := shaders.NewBuilder("steps", 1)
	b.Groups(lanes)
	x, out := b.Buffer("x", shaders.Float, shaders.Read), b.Buffer("out", shaders.Float, shaders.Write)
	array := b.SharedArray("array", lanes)
	local := b.Local()
	lane := b.AddInt(b.MulInt(b.Item(), b.ConstInt(lanes)), local)
	next := b.Integer(shaders.OpAndInt, b.AddInt(local, b.ConstInt(1)), b.ConstInt(lanes-1))
	start := b.Load(x, lane)
	sum, count := b.Variable(start), b.Variable(b.ConstInt(0))
	b.Loop(b.ConstInt(rounds), func(i shaders.Value) {
		now := b.Get(sum)
		b.StoreShared(array, local, now)
		b.Barrier()
		other := b.LoadShared(array, next)
		b.Barrier()
		v := b.Binary(shaders.OpMul, b.Binary(shaders.OpAdd, now, other), b.Const(0.4))
		v = b.Binary(shaders.OpSub, v, b.Binary(shaders.OpMul, v, start))
		v = b.Binary(shaders.OpAdd, v, b.Load(x, b.AddInt(b.MulInt(b.Item(), b.ConstInt(lanes)), next)))
		b.If(b.Compare(shaders.OpLess, v, start), func() {
			b.Set(count, b.AddInt(b.Get(count), i))
			b.Set(sum, b.Binary(shaders.OpMul, v, b.Const(0.5)))
		}, func() {
			b.Set(sum, b.Select(b.Compare(shaders.OpLess, v, b.Const(1)), v, start))
		})
	})
	b.Store(out, lane, b.Binary(shaders.OpAdd, b.Get(sum), b.IntToFloat(b.Get(count))))
	return b.Kernel()
}

// BenchmarkLockstep is the cost of an operation of a structured kernel, with its
// part of control, for groups of several sizes.
func BenchmarkLockstep(b *testing.B) {
	const rounds = 100
	for _, lanes := range []int{1, 4, 16, 64, 256} {
		b.Run(fmt.Sprintf("lanes=%d", lanes), func(b *testing.B) {
			d, err := cpu.Open(cpu.Options{Workers: 1})
			require.NoError(b, err)
			defer d.Close()
			k := stepKernel(lanes, rounds)
			p, _ := recordSteps(b, d, k, 4)
			inLoop := 0
			for _, i := range k.Instructions {
				if i.Op != shaders.OpConst && i.Op != shaders.OpConstInt {
					inLoop++
				}
			}
			ctx := context.Background()
			for b.Loop() {
				if err := p.Run(ctx); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(inLoop*rounds*4), "ns/instruction")
		})
	}
}

// recordSteps records groups of a kernel of stepKernel and gives its output.
func recordSteps(t testing.TB, d device.Device, k *shaders.Kernel, groups int) (device.Program, device.Buffer) {
	kernel, err := d.Compile(k)
	require.NoError(t, err)
	values := make([]float64, groups*k.Lanes)
	for i := range values {
		values[i] = float64(i%17)/17 - 0.4
	}
	x, err := d.NewBuffer(shaders.Float, len(values))
	require.NoError(t, err)
	require.NoError(t, x.WriteFloats(0, values))
	out, err := d.NewBuffer(shaders.Float, len(values))
	require.NoError(t, err)
	p, err := d.Record(device.Recording{Name: "steps", Stages: [][]device.Dispatch{{{Kernel: kernel, Count: groups,
		Bindings: []device.Binding{{Buffer: x}, {Buffer: out}}}}}})
	require.NoError(t, err)
	return p, out
}
