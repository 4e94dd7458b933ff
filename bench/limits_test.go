package bench

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/cpu"
	"github.com/hxgpu/hxgpu/shaders"
)

// TestFlopsKernel: the kernel computes what it should, and as many operations as are
// counted: nothing was simplified away.
func TestFlopsKernel(t *testing.T) {
	counted := 0
	for _, i := range flopsKernel().Instructions {
		if i.Op == shaders.OpMul || i.Op == shaders.OpAdd {
			counted++
		}
	}
	require.Equal(t, flopsPerLane, counted)

	dev, err := cpu.Open(cpu.Options{})
	require.NoError(t, err)
	defer dev.Close()
	var arrays buffers
	require.NoError(t, arrays.floats(dev, 2))
	require.NoError(t, arrays.floats(dev, 100))
	require.NoError(t, arrays.floats(dev, 100))
	in, out, want := make([]float64, 100), make([]float64, 100), make([]float64, 100)
	for lane := range in {
		in[lane] = float64(lane) / 7
		for i := range sums {
			x := in[lane] + float64(i+1)
			for range rounds {
				x = float64(x*0.75) + 3
			}
			if i == 0 {
				want[lane] = x
			} else {
				want[lane] += x
			}
		}
	}
	require.NoError(t, arrays[0].WriteFloats(0, []float64{0.75, 3}))
	require.NoError(t, arrays[1].WriteFloats(0, in))
	_, err = timeKernel(context.Background(), dev, flopsKernel(), arrays, 100, 1, 0)
	require.NoError(t, err)
	require.NoError(t, arrays[2].ReadFloats(0, out))
	require.Equal(t, want, out)
	require.NoError(t, arrays.close())
}

// TestLimits: a processor moves 10^8 to 10^14 bytes and computes 10^7 to 10^14
// operations per second, whichever it is.
func TestLimits(t *testing.T) {
	for _, precision := range []device.Precision{device.Float64, device.Float32} {
		dev, err := cpu.Open(cpu.Options{Precision: precision})
		require.NoError(t, err)
		l, err := MeasureLimits(context.Background(), dev, time.Millisecond)
		require.NoError(t, err)
		require.NoError(t, dev.Close())
		for _, bandwidth := range []float64{l.Memory, l.Cache} {
			require.Greater(t, bandwidth, 1e8)
			require.Less(t, bandwidth, 1e14)
		}
		require.Greater(t, l.Flops, 1e7)
		require.Less(t, l.Flops, 1e14)
		require.Greater(t, l.Dispatch, 1e-9)
		require.Less(t, l.Dispatch, 1e-2)
	}
	l := Limits{Memory: 100, Flops: 10}
	require.Equal(t, 2.0, l.Time(200, 20))
	require.Equal(t, 3.0, l.Time(200, 30))
}
