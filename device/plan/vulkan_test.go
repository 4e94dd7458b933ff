package plan_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/autodiff"
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/cpu"
	"github.com/hxgpu/hxgpu/device/plan"
	"github.com/hxgpu/hxgpu/device/vulkan/vulkantest"
)

// TestSchedulesOnVulkan: random programs and their gradients, on trees of every
// shape, give the same bits in every schedule, and the CPU's numbers up to
// rounding.
func TestSchedulesOnVulkan(t *testing.T) {
	trees := shapes(t)
	trees["star of 10,000"] = star(t, 10_000)
	for _, p := range []struct {
		precision device.Precision
		tolerance float64
	}{{device.Float64, 1e-9}, {device.Float32, 1e-3}} {
		t.Run(fmt.Sprint(p.tolerance), func(t *testing.T) {
			dev, reference := vulkantest.Open(t, p.precision), openCPU(t, cpu.Options{})
			seed := uint64(500)
			for _, name := range slices.Sorted(maps.Keys(trees)) {
				chains := []int{1, 3, 31}[seed%3]
				seed++
				g, err := autodiff.Gradient(randomProgram(t, rand.New(rand.NewPCG(seed, 3))), "target", "x", "y", "theta")
				require.NoError(t, err)
				exact, _ := outputsOf(t, reference, g, trees[name], plan.Options{Chains: chains}, seed)
				slab, _ := outputsOf(t, dev, g, trees[name], plan.Options{Chains: chains, Schedule: plan.Slab}, seed)
				for i, want := range exact {
					require.InDelta(t, want, slab[i], p.tolerance*max(1, want, -want), "%s, seed %d, number %d", name, seed, i)
				}
				if trees[name].Size() > 1000 {
					continue // too many rounds of loops for a software device
				}
				whole, run := outputsOf(t, dev, g, trees[name], plan.Options{Chains: chains, Schedule: plan.Tree}, seed)
				require.Equal(t, 1, run.Cost.Dispatches)
				require.Equal(t, slab, whole, "%s, seed %d", name, seed)
			}
		})
	}
}

func TestCopyOnVulkan(t *testing.T) { checkCopy(t, vulkantest.Open(t, device.Float64)) }

// TestArrayKernelsOnVulkan: loops and large matrices give what the plain evaluator
// gives. A whole such program is never one dispatch, which is an error in words.
func TestArrayKernelsOnVulkan(t *testing.T) {
	checkLoopPrograms(t, func(t *testing.T, p device.Precision) device.Device { return vulkantest.Open(t, p) },
		loopCase{"balanced", 3, 1, device.Float64}, loopCase{"path", 12, 2, device.Float64}, loopCase{"star", 2, 3, device.Float64},
		loopCase{"ragged", 3, 2, device.Float32}, loopCase{"one node", 3, 2, device.Float64})
	_, err := plan.Compile(vulkantest.Open(t, device.Float64), loopProgram(t, 2), fromParents(t, []int{0, 0}), plan.Options{Chains: 1, Schedule: plan.Tree, Outputs: []string{"total"}})
	require.ErrorContains(t, err, "use the slab schedule")
}
