package plan_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/autodiff"
	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/plan"
	"github.com/hxgpu/hxgpu/device/trace"
	"github.com/hxgpu/hxgpu/tree"
)

func openTrace(t testing.TB, info device.Info) *trace.Device {
	dev, err := trace.Open(trace.Options{Info: info})
	require.NoError(t, err)
	return dev
}

// gpu describes a device where dispatches are dear.
func gpu(lanes, sharedBytes, subgroup int) device.Info {
	return device.Info{Precision: device.Float32, Fuses: true, Limits: device.Limits{GroupLanes: lanes, SharedBytes: sharedBytes, SubgroupLanes: subgroup}}
}

// seedGradient records the gradient of the seed model on a tree.
func seedGradient(t testing.TB, info device.Info, data bffg.Data, chains int) (*trace.Program, plan.Cost) {
	dev := openTrace(t, info)
	target, err := bffg.NewTarget(bffg.Seed(), data)
	require.NoError(t, err)
	e, err := target.Open(dev, chains)
	require.NoError(t, err)
	require.Len(t, dev.Programs(), 1)
	p, cost := dev.Programs()[0], e.(*bffg.Evaluator).Cost
	require.Equal(t, p.Dispatches(), cost.Dispatches)
	require.Len(t, p.Stages, cost.Stages)
	return p, cost
}

func onTree(topology *tree.Topology) bffg.Data {
	lengths, values := make([]float64, topology.Size()), make([]float64, topology.LeafCount())
	for v := 1; v < len(lengths); v++ {
		lengths[v] = 1
	}
	for i := range values {
		values[i] = math.Sin(float64(i))
	}
	return bffg.Data{Topology: topology, Lengths: lengths, Values: [][]float64{values}}
}

// TestSeedGradientIsOneDispatch, however few lanes and shared arrays there are.
func TestSeedGradientIsOneDispatch(t *testing.T) {
	for _, chains := range []int{1, 3, 31, 64, 1023} {
		for subgroup := 1; subgroup <= 64; subgroup *= 2 {
			for _, info := range []device.Info{gpu(1024, 32<<10, subgroup), gpu(1024, 16<<10, subgroup), gpu(128, 16<<10, subgroup)} {
				p, _ := seedGradient(t, info, bffg.SeedData(), chains)
				require.Equal(t, 1, p.Dispatches(), "%d chains, %+v", chains, info)
				if chains <= 31 {
					report, err := p.Check()
					require.NoError(t, err, "%d chains, %+v", chains, info)
					require.Zero(t, report.Unknown)
				}
			}
		}
	}
}

// TestLargeTreeTakesFewDispatches holds 3 dispatches per level, and 10 more, for a
// tree with 2^17 leaves, somewhat more where small slabs are not fused, and that no
// barrier between them is needless.
func TestLargeTreeTakesFewDispatches(t *testing.T) {
	const depth = 17
	topology, err := tree.Symmetric(depth, 2)
	require.NoError(t, err)
	data := onTree(topology)
	for _, info := range []device.Info{gpu(1024, 32<<10, 32), gpu(1024, 16<<10, 1), gpu(128, 16<<10, 64), {Precision: device.Float32}} {
		p, cost := seedGradient(t, info, data, 1)
		most := 3*depth + 10
		if !info.Fuses {
			most = 5 * depth
		}
		require.LessOrEqual(t, cost.Dispatches, most, "%+v", info)
		t.Logf("%+v: %+v", info, cost)
		if info.Limits.GroupLanes == 1024 && info.Limits.SubgroupLanes == 1 {
			continue // the same kernels as the first
		}
		report, err := p.Check()
		require.NoError(t, err)
		require.Zero(t, report.Unknown)
		require.Empty(t, report.Needless, "%+v", info)
	}
}

// TestRecordingsHaveNoHazards walks all lanes of random programs' gradients in
// every schedule: no index is outside its buffer and no two lanes race.
func TestRecordingsHaveNoHazards(t *testing.T) {
	trees := shapes(t)
	trees["caterpillar"], trees["star of 10000"] = caterpillar(t, 30), star(t, 10000)
	for seed := range uint64(3) {
		g, err := autodiff.Gradient(randomProgram(t, rand.New(rand.NewPCG(seed, 3))), "target", "x", "y", "theta")
		require.NoError(t, err)
		for name, topology := range trees {
			for _, chains := range []int{1, 3, 31} {
				if chains*topology.Size() > 10001 {
					continue
				}
				for _, info := range []device.Info{{}, gpu(1024, 32<<10, 32), gpu(128, 16<<10, 64), gpu(16, 0, 1)} {
					for _, schedule := range []plan.Schedule{plan.Slab, plan.Tree} {
						what := fmt.Sprintf("seed %d, %s, %d chains, %+v, %v", seed, name, chains, info, schedule)
						dev := openTrace(t, info)
						run, err := plan.Compile(dev, g, topology, plan.Options{Chains: chains, Schedule: schedule,
							Outputs: []string{"target", autodiff.GradientName("x"), autodiff.GradientName("theta")}})
						require.NoError(t, err, what)
						report, err := dev.Programs()[0].Check()
						require.NoError(t, err, what)
						require.Zero(t, report.Unknown, what)
						require.NoError(t, run.Close())
					}
				}
			}
		}
	}
}

// TestNoLaneAddsMuch: in no schedule does a lane add more than longestSum numbers
// in one reduction, on a star with 10,000 tips and on a large tree.
func TestNoLaneAddsMuch(t *testing.T) {
	const longest = 256
	topology, err := tree.Symmetric(14, 2)
	require.NoError(t, err)
	for _, topology := range []*tree.Topology{star(t, 10000), star(t, 70000), topology} {
		p, cost := seedGradient(t, device.Info{}, onTree(topology), 1)
		require.LessOrEqual(t, cost.Stages, 5*topology.Levels()+20)
		report, err := p.Check()
		require.NoError(t, err)
		require.LessOrEqual(t, report.LongestSegment, longest)
	}
}

// TestCost counts a program by hand: a tree of 1 + 3 nodes, 2 chains.
func TestCost(t *testing.T) {
	topology := star(t, 3)
	for _, c := range []struct {
		precision device.Precision
		schedule  plan.Schedule
		want      plan.Cost
	}{
		// The leaves store x; the root loads its own, adds 3, and stores: 3 + 1 + 3 + 1
		// numbers per chain, and where its children begin (for the leaves: nothing).
		{device.Float64, plan.Slab, plan.Cost{Stages: 2, Dispatches: 2, Barriers: 1, Operations: 2 * (3 + 1), Accesses: 2*(3+3+1+3+1) + 2, Bytes: 8*2*(3+3+1+3+1) + 4*2}},
		{device.Float32, plan.Tree, plan.Cost{Stages: 1, Dispatches: 1, Barriers: 1, Operations: 2 * (3 + 1), Accesses: 2*(3+3+1+3+1) + 2, Bytes: 4*2*(3+3+1+3+1) + 4*2}},
	} {
		dev := openTrace(t, device.Info{Precision: c.precision, Limits: device.Limits{GroupLanes: 64, SharedBytes: 1 << 14, SubgroupLanes: 8}})
		run, err := plan.Compile(dev, sumProgram(t), topology, plan.Options{Chains: 2, Outputs: []string{"x"}, Schedule: c.schedule})
		require.NoError(t, err)
		require.Equal(t, c.want, run.Cost)
	}
}

// TestBindings: what a recording that goes on from a program needs to know of it.
func TestBindings(t *testing.T) {
	dev := openTrace(t, device.Info{})
	run, err := plan.Compile(dev, sumProgram(t), star(t, 3), plan.Options{Chains: 2, Outputs: []string{"total"}, PackInputs: []string{"x", "depth"}, PackOutputs: []string{"x", "depth"}})
	require.NoError(t, err)
	require.Equal(t, 4*2*2, run.PackedInput().Buffer.Len())
	require.Equal(t, 4*2*2, run.PackedOutput().Buffer.Len())
	depth, err := run.Output("depth")
	require.NoError(t, err)
	require.Equal(t, device.Binding{Buffer: run.PackedOutput().Buffer, Offset: 4 * 2}, depth)
	_, err = run.Output("y")
	require.ErrorContains(t, err, `"y" is not among the outputs`)
	again, err := dev.Record(device.Recording{Name: "again", Stages: run.Stages()})
	require.NoError(t, err)
	_, err = again.(*trace.Program).Check()
	require.NoError(t, err)
}
