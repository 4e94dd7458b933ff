//go:build cgo

package vulkan

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/shaders"
)

// heavy is a kernel of some 25 operations, an exponential and a logarithm among
// them, on one value per lane.
func heavy() *shaders.Kernel {
	k := shaders.NewBuilder("heavy", 1)
	from, to := k.Buffer("from", shaders.Float, shaders.Read), k.Buffer("to", shaders.Float, shaders.Write)
	x := k.Load(from, k.Item())
	y := k.Unary(shaders.OpExp, k.Unary(shaders.OpNeg, x))
	z := k.Unary(shaders.OpLog, k.Binary(shaders.OpAdd, y, k.Const(1.5)))
	for range 10 {
		y = k.Binary(shaders.OpAdd, k.Binary(shaders.OpMul, y, z), x)
	}
	k.Store(to, k.Item(), k.Binary(shaders.OpDiv, y, k.Binary(shaders.OpAdd, k.Binary(shaders.OpMul, z, z), k.Const(1))))
	return k.Kernel()
}

// BenchmarkDispatch times one dispatch by how many lanes it has and how many a
// workgroup has: what the choice of softwareLanes rests on.
func BenchmarkDispatch(b *testing.B) {
	for _, count := range []int{1 << 6, 1 << 10, 1 << 14, 1 << 18} {
		for _, lanes := range []int{32, 64, 256, 1024} {
			b.Run(fmt.Sprintf("%d by %d", count, lanes), func(b *testing.B) {
				opened, err := Open(Options{Precision: device.Float32, CacheDir: "-"})
				if err != nil {
					b.Skip(err)
				}
				defer opened.Close()
				g := opened.(*gpu)
				g.lanes = lanes
				k, err := g.Compile(heavy())
				require.NoError(b, err)
				from, err := g.NewBuffer(shaders.Float, count)
				require.NoError(b, err)
				to, err := g.NewBuffer(shaders.Float, count)
				require.NoError(b, err)
				const repeat = 100
				p, err := g.Record(device.Recording{Repeat: repeat, Stages: [][]device.Dispatch{
					{{Kernel: k, Count: count, Bindings: []device.Binding{{Buffer: from}, {Buffer: to}}}}}})
				require.NoError(b, err)
				require.NoError(b, p.Run(context.Background()))
				for b.Loop() {
					require.NoError(b, p.Run(context.Background()))
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/repeat, "ns/dispatch")
			})
		}
	}
}

// BenchmarkRun times what a run costs beside its dispatches.
func BenchmarkRun(b *testing.B) {
	opened, err := Open(Options{Precision: device.Float32, CacheDir: "-"})
	if err != nil {
		b.Skip(err)
	}
	defer opened.Close()
	k, err := opened.Compile(heavy())
	require.NoError(b, err)
	buffer, err := opened.NewBuffer(shaders.Float, 1)
	require.NoError(b, err)
	p, err := opened.Record(device.Recording{Stages: [][]device.Dispatch{
		{{Kernel: k, Count: 1, Bindings: []device.Binding{{Buffer: buffer}, {Buffer: buffer}}}}}})
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		require.NoError(b, p.Run(context.Background()))
	}
}
