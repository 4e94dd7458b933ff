package plan_test

import (
	"context"
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
	"github.com/hxgpu/hxgpu/tree"
)

// described is the CPU with another device's description, so that the plans made
// for that device run here.
type described struct {
	device.Device
	info device.Info
}

func (d described) Info() device.Info { return d.info }

// like describes a device with the CPU's precision.
func like(dev device.Device, fuses, software bool, lanes, sharedBytes, subgroup int) device.Device {
	info := dev.Info()
	info.Fuses, info.Software = fuses, software
	info.Limits = device.Limits{GroupLanes: lanes, SharedBytes: sharedBytes, SubgroupLanes: subgroup}
	return described{dev, info}
}

func caterpillar(t testing.TB, tips int) *tree.Topology {
	parents := make([]int, 2*tips-1)
	for v := 1; v < len(parents); v++ {
		parents[v] = (v - 1) / 2 * 2
	}
	return fromParents(t, parents)
}

func star(t testing.TB, tips int) *tree.Topology { return fromParents(t, make([]int, tips+1)) }

// outputsOf runs a plan on numbers that depend on the seed alone.
func outputsOf(t *testing.T, dev device.Device, p *tree.Program, topology *tree.Topology, o plan.Options, seed uint64) ([]float64, *plan.Executable) {
	o.Outputs = []string{"target", autodiff.GradientName("x"), autodiff.GradientName("y"), autodiff.GradientName("theta"), "x", "y"}
	run, err := plan.Compile(dev, p, topology, o)
	require.NoError(t, err)
	defer run.Close()
	r := rand.New(rand.NewPCG(seed, 4))
	for _, field := range []string{"x", "y", "d", "many", "theta"} {
		values := make([]float64, run.Size(field))
		for i := range values {
			values[i] = r.NormFloat64()
		}
		require.NoError(t, run.Set(field, values))
	}
	var all []float64
	for range 2 { // the second run meets what the first left behind
		require.NoError(t, run.Run(context.Background()))
	}
	for _, field := range o.Outputs {
		got := make([]float64, run.Size(field))
		require.NoError(t, run.Get(field, got))
		all = append(all, got...)
	}
	return all, run
}

// TestSchedulesAgree: every schedule gives the same bits, whatever the shape of
// groups that a device's limits and the number of chains lead to.
func TestSchedulesAgree(t *testing.T) {
	trees := shapes(t)
	trees["caterpillar"], trees["star of 1000"] = caterpillar(t, 20), star(t, 1000)
	seed := uint64(100)
	for _, precision := range []device.Precision{device.Float64, device.Float32} {
		dev := openCPU(t, cpu.Options{Precision: precision})
		for _, chains := range []int{1, 3, 31, 1023} {
			for _, name := range slices.Sorted(maps.Keys(trees)) {
				topology := trees[name]
				if chains > 31 && topology.Size() > 70 {
					continue
				}
				seed++
				g, err := autodiff.Gradient(randomProgram(t, rand.New(rand.NewPCG(seed, 3))), "target", "x", "y", "theta")
				require.NoError(t, err)
				want, _ := outputsOf(t, like(dev, false, true, 1024, 1<<20, 1), g, topology, plan.Options{Chains: chains, Schedule: plan.Slab}, seed)
				for _, other := range []device.Device{like(dev, true, false, 1024, 32<<10, 32), like(dev, true, false, 128, 16<<10, 64),
					like(dev, true, true, 1024, 32<<10, 8), like(dev, true, false, 8, 0, 1), like(dev, false, true, 1024, 1<<20, 1)} {
					for _, schedule := range []plan.Schedule{plan.Slab, plan.Tree, plan.Auto} {
						what := fmt.Sprintf("seed %d, %s, %d chains, %+v, %v", seed, name, chains, other.Info(), schedule)
						got, run := outputsOf(t, other, g, topology, plan.Options{Chains: chains, Schedule: schedule}, seed)
						require.Equal(t, want, got, what)
						if schedule == plan.Tree {
							require.Equal(t, 1, run.Cost.Dispatches, what)
						}
					}
				}
			}
		}
	}
}

func TestScheduleNames(t *testing.T) {
	for _, s := range []plan.Schedule{plan.Auto, plan.Slab, plan.Tree} {
		parsed, err := plan.ParseSchedule(s.String())
		require.NoError(t, err)
		require.Equal(t, s, parsed)
	}
	_, err := plan.ParseSchedule("forest")
	require.ErrorContains(t, err, `no schedule "forest"; use auto, slab or tree`)
	_, err = plan.Compile(openCPU(t, cpu.Options{}), sumProgram(t), star(t, 3), plan.Options{Chains: 1, Schedule: 7})
	require.ErrorContains(t, err, "no schedule 7")
}

// TestAutoSchedule: Auto leaves a device where dispatches are cheap its slabs, and
// elsewhere puts small trees into one dispatch.
func TestAutoSchedule(t *testing.T) {
	dev := openCPU(t, cpu.Options{})
	gpu := like(dev, true, false, 1024, 16<<10, 32)
	for _, c := range []struct {
		dev          device.Device
		tips, chains int
		want         plan.Schedule
	}{{dev, 16, 1, plan.Slab}, {gpu, 16, 1, plan.Tree}, {gpu, 1000, 1024, plan.Tree}, {gpu, 5000, 1, plan.Slab}} {
		run, err := plan.Compile(c.dev, sumProgram(t), star(t, c.tips), plan.Options{Chains: c.chains, Outputs: []string{"total"}})
		require.NoError(t, err)
		require.Equal(t, c.want, run.Schedule, "%d tips, %d chains", c.tips, c.chains)
		require.NoError(t, run.Close())
	}
}

// A device that bounds the rounds of loops gets no dispatch that exceeds them.
func TestRoundsOfLoops(t *testing.T) {
	dev, err := cpu.Open(cpu.Options{})
	require.NoError(t, err)
	defer dev.Close()
	info := like(dev, true, true, 1024, 32<<10, 8).Info()
	p, err := autodiff.Gradient(randomProgram(t, rand.New(rand.NewPCG(1, 3))), "target", "x", "y", "theta")
	require.NoError(t, err)
	topology := caterpillar(t, 100)
	want, run := outputsOf(t, described{dev, info}, p, topology, plan.Options{Chains: 16}, 3)
	require.Equal(t, plan.Tree, run.Schedule)
	info.Limits.LaneRounds = 150
	limited := described{dev, info}
	got, run := outputsOf(t, limited, p, topology, plan.Options{Chains: 16}, 3)
	require.Equal(t, plan.Slab, run.Schedule)
	require.Equal(t, want, got)
	_, err = plan.Compile(limited, p, topology, plan.Options{Chains: 16, Schedule: plan.Tree, Outputs: []string{"target"}})
	require.ErrorContains(t, err, "at most 150; use the slab schedule")
}
