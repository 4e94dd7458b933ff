//go:build slow

package bench

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/vulkan"
	"github.com/hxgpu/hxgpu/nuts"
)

// openVulkan opens the best adapter as a user would, without the validation layer.
func openVulkan(t testing.TB, p device.Precision) device.Device {
	dev, err := vulkan.Open(vulkan.Options{Precision: p})
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { require.NoError(t, dev.Close()) })
	return dev
}

// TestVulkanManyChains samples the built-in example with 1,024 chains: at least
// 150,000 chain-gradients per second, sampler included, ten times what NumPyro
// does on the same kind of machine, even where the GPU is a software one.
func TestVulkanManyChains(t *testing.T) {
	dev := openVulkan(t, device.Float32)
	target, err := bffg.NewTarget(bffg.Seed(), bffg.SeedData())
	require.NoError(t, err)
	run, err := nuts.Sample(context.Background(), dev, target, nuts.Options{Chains: 1024, Warmup: 150, Draws: 100, Seed: 1, Select: []int{0, 1}})
	require.NoError(t, err)
	rate := float64(run.Gradients) / (run.WarmupTime + run.DrawsTime).Seconds()
	t.Logf("%s: %.0f chain-gradients per second, %d ticks in %d submissions", dev.Info().Detail, rate, run.Ticks, run.Submissions)
	require.Greater(t, rate, 150_000.0)
	require.GreaterOrEqual(t, run.Ticks, 64*run.Submissions)
	require.Less(t, nuts.Describe(run.Coordinate(0)).Rhat, 1.02)
}

// TestVulkanLargeTree computes one gradient of the seed model on 2^17 leaves in at
// most 3 x depth + 10 dispatches, and compares it with the CPU's.
func TestVulkanLargeTree(t *testing.T) {
	const depth = 17
	target, err := bffg.NewTarget(bffg.Seed(), balanced(t, depth))
	require.NoError(t, err)
	q := make([]float64, target.Dim())
	for i := range q {
		q[i] = 0.3 * float64(i%7-3)
	}
	gradient := func(dev device.Device) (density, slope []float64) {
		e, err := target.Open(dev, 1)
		require.NoError(t, err)
		defer e.Close()
		density, slope = make([]float64, 1), make([]float64, len(q))
		require.NoError(t, e.Gradient(context.Background(), q, density, slope))
		began := time.Now()
		require.NoError(t, e.Gradient(context.Background(), q, density, slope))
		cost := e.(*bffg.Evaluator).Cost
		t.Logf("%s: %v, %d dispatches, %d barriers", dev.Info().Detail, time.Since(began), cost.Dispatches, cost.Barriers)
		if dev.Info().Fuses {
			require.LessOrEqual(t, cost.Dispatches, 3*depth+10)
		}
		return density, slope
	}
	density, slope := gradient(openCPU(t))
	for p, tolerance := range map[device.Precision]float64{device.Float32: 2e-4, device.Float64: 1e-9} {
		got, gotSlope := gradient(openVulkan(t, p))
		require.InEpsilon(t, density[0], got[0], tolerance)
		for i, want := range slope {
			require.InDelta(t, want, gotSlope[i], tolerance*max(1, want, -want))
		}
	}
}
