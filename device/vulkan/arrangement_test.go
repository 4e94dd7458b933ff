//go:build cgo

package vulkan

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	vk "github.com/vulkan-go/vulkan"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/shaders"
)

var precisions = map[string]device.Precision{"float64": device.Float64, "float32": device.Float32}

// mixing loads from all but the last of n buffers at table[item], and adds the
// weighted sum to the last at item. One buffer is of integers.
func mixing(n int) *shaders.Kernel {
	k := shaders.NewBuilder("mixing", 1)
	table := k.Buffer("table", shaders.Int, shaders.Read)
	at := k.LoadInt(table, k.Item())
	sum := k.Const(0)
	for i := range n {
		x := k.Buffer(fmt.Sprint("x", i), shaders.Float, shaders.Read)
		sum = k.Binary(shaders.OpAdd, sum, k.Binary(shaders.OpMul, k.Const(float64(i+1)), k.Load(x, at)))
	}
	y := k.Buffer("y", shaders.Float, shaders.ReadWrite)
	k.Store(y, k.Item(), k.Binary(shaders.OpAdd, k.Load(y, k.Item()), sum))
	return k.Kernel()
}

// mix runs mixing on buffers of a size, bound from offsets on, and checks what it
// stores.
func mix(t *testing.T, g *gpu, sources, size, offset int) {
	t.Helper()
	table := make([]int32, size)
	for i := range table {
		table[i] = int32((i*7919 + 13) % (size - offset))
	}
	numbers, err := g.NewBuffer(shaders.Int, size)
	require.NoError(t, err)
	require.NoError(t, numbers.WriteInts(0, table))
	back := make([]int32, size)
	require.NoError(t, numbers.ReadInts(0, back))
	require.Equal(t, table, back)

	k, err := g.Compile(mixing(sources))
	require.NoError(t, err)
	d := device.Dispatch{Kernel: k, Count: size - offset, Bindings: []device.Binding{{Buffer: numbers, Offset: offset}}}
	want := make([]float64, size)
	for i := range sources {
		values := make([]float64, size)
		for n := range values {
			values[n] = float64((n*(i+3) + i) % 1021)
		}
		d.Bindings = append(d.Bindings, device.Binding{Buffer: floats(t, g, values...), Offset: offset})
		for n := range size - offset {
			want[offset+n] += float64(i+1) * values[offset+int(table[offset+n])]
		}
	}
	y := floats(t, g, make([]float64, size)...)
	d.Bindings = append(d.Bindings, device.Binding{Buffer: y, Offset: offset})
	p := record(t, g, device.Recording{Stages: [][]device.Dispatch{{d}}})
	require.NoError(t, p.Run(context.Background()))
	require.Equal(t, want, read(t, y))
}

// TestSplitBuffers runs kernels on buffers that no single descriptor can span.
func TestSplitBuffers(t *testing.T) {
	for name, precision := range precisions {
		t.Run(name, func(t *testing.T) {
			g := openChanged(t, precision, func(a *adapter) {
				a.BufferRange, a.limits.MaxStorageBufferRange = 64<<10, 64<<10
			})
			for _, size := range []int{16<<10 - 1, 16 << 10, 50_000} {
				for _, offset := range []int{0, 1, 16, 8191, 9000} {
					mix(t, g, 1, size, offset)
				}
			}
			// In place, bound twice.
			const n = 40_000
			data := floats(t, g, ascending(n)...)
			k, err := g.Compile(successor())
			require.NoError(t, err)
			p := record(t, g, device.Recording{Stages: [][]device.Dispatch{{{Kernel: k, Count: n / 2,
				Bindings: []device.Binding{{Buffer: data, Offset: 3}, {Buffer: data, Offset: n / 2}}}}}})
			require.NoError(t, p.Run(context.Background()))
			got := read(t, data)
			require.Equal(t, []float64{0, 1, 2}, got[:3])
			require.Equal(t, 4.0, got[n/2])
			require.Equal(t, n/2-3.0, got[n-4-3], "an element that was read before it was written or is its own")
		})
	}
}

// TestFewDescriptors runs kernels with more buffers than descriptors.
func TestFewDescriptors(t *testing.T) {
	for name, precision := range precisions {
		t.Run(name, func(t *testing.T) {
			g := openChanged(t, precision, func(a *adapter) { a.Descriptors = 4 })
			mix(t, g, 2, 1000, 0)
			for _, offset := range []int{0, 5, 16} {
				mix(t, g, 9, 1000, offset)
			}
		})
	}
	g := openChanged(t, device.Float32, func(a *adapter) {
		a.Descriptors = 4
		a.BufferRange, a.limits.MaxStorageBufferRange = 64<<10, 64<<10
	})
	k, err := g.Compile(mixing(9))
	require.NoError(t, err)
	table, err := g.NewBuffer(shaders.Int, 1000)
	require.NoError(t, err)
	d := device.Dispatch{Kernel: k, Count: 1, Bindings: []device.Binding{{Buffer: table}}}
	for range 10 {
		d.Bindings = append(d.Bindings, device.Binding{Buffer: floats(t, g, make([]float64, 10_000)...)})
	}
	_, err = g.Record(device.Recording{Stages: [][]device.Dispatch{{d}}})
	require.ErrorContains(t, err, `kernel "mixing" needs `)
	require.ErrorContains(t, err, "maxPerStageDescriptorStorageBuffers")
}

// TestOffsets binds buffers at every offset within an alignment.
func TestOffsets(t *testing.T) {
	for _, alignment := range []uint64{16, 256} {
		g := openChanged(t, device.Float32, func(a *adapter) {
			a.limits.MinStorageBufferOffsetAlignment = vk.DeviceSize(alignment)
		})
		for offset := range 20 {
			mix(t, g, 2, 100, offset)
		}
	}
}
