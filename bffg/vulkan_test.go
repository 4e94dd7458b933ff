package bffg_test

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/plan"
	"github.com/hxgpu/hxgpu/device/vulkan/vulkantest"
	"github.com/hxgpu/hxgpu/nuts"
)

func TestGoldenOnVulkan(t *testing.T) {
	for name, p := range precisions {
		t.Run(name, func(t *testing.T) {
			run := onDevice(t, vulkantest.Open(t, p.precision), 3, 2)
			t.Run("seed", func(t *testing.T) { checkSeed(t, run, p.tolerance) })
			t.Run("phylogenetic mean", func(t *testing.T) { checkPhyloMean(t, run, p.tolerance) })
			t.Run("discrete", func(t *testing.T) { checkDiscrete(t, run, p.tolerance) })
		})
	}
}

// The sampler on the device finds the exact posterior of the seed model, means of
// sigma_sq and tau_sq within 5 Monte Carlo standard errors (false alarms: one in a
// million), with one dispatch for the gradient, one for the sampler, and one
// submission for 64 ticks or more.
func TestSamplerOnVulkan(t *testing.T) {
	dev := vulkantest.Open(t, device.Float32)
	target, err := bffg.NewTarget(bffg.Seed(), bffg.SeedData())
	require.NoError(t, err)
	const chains = 128
	e, err := target.Open(dev, chains)
	require.NoError(t, err)
	require.Equal(t, plan.Tree, e.(*bffg.Evaluator).Schedule)
	require.Equal(t, 1, e.(*bffg.Evaluator).Cost.Dispatches)
	require.NoError(t, e.Close())
	run, err := nuts.Sample(context.Background(), dev, target, nuts.Options{Chains: chains, Warmup: 300, Draws: 100, Seed: 5, Select: []int{0, 1}})
	require.NoError(t, err)
	require.Positive(t, run.Submissions)
	require.GreaterOrEqual(t, run.Ticks, 64*run.Submissions)
	for i, exact := range []float64{0.4673683909181718, 0.3769852530623718} {
		draws := run.Coordinate(i)
		for _, chain := range draws {
			for d := range chain {
				chain[d] = math.Exp(chain[d])
			}
		}
		s := nuts.Describe(draws)
		require.Less(t, s.Rhat, 1.02)
		require.InDelta(t, exact, s.Mean, 5*s.MCSEMean)
	}
}

// Continuous edges on the device: a case of each file of figures. All of them take
// minutes to compile on the processor (-tags slow).
func TestGoldenContinuousOnVulkan(t *testing.T) {
	checkGoldenContinuous(t, func(p device.Precision) device.Device { return vulkantest.Open(t, p) }, 0)
}

func TestGoldenKunitaOnVulkan(t *testing.T) {
	checkGoldenKunita(t, vulkantest.Open(t, device.Float32), "kunita_small.json", false)
}
