package nuts

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/device"
)

// processor is a device with some workers and nothing else.
type processor struct {
	device.Device
	workers int
}

func (p processor) Info() device.Info { return device.Info{Name: "test", Workers: p.workers} }

// TestTurns: more groups than workers never work more at a time than there are workers,
// all of them come to their turns, also where they wait for each other, and the draws are
// those of one group. Gradients wait for 0.2 ms, so that turns end many times and groups
// that were not kept apart would overlap.
func TestTurns(t *testing.T) {
	for _, o := range []Options{
		{Algorithm: NUTS, Chains: 5},
		{Algorithm: NUTS, Chains: 4, Pooled: true},
		{Algorithm: HMC, Chains: 4},
		{Algorithm: RandomWalk, Chains: 4},
	} {
		o.Warmup, o.Draws, o.Seed, o.Groups = 10, 6, 5, 1
		want := sample(t, curved, o)
		for _, workers := range []int{1, 2} {
			var working, most atomic.Int32
			target := curved
			target.density = func(q, g []float64) float64 {
				now := working.Add(1)
				defer working.Add(-1)
				for old := most.Load(); now > old && !most.CompareAndSwap(old, now); old = most.Load() {
				}
				time.Sleep(200 * time.Microsecond)
				return curved.density(q, g)
			}
			o.Groups = o.Chains
			run, err := Sample(context.Background(), processor{workers: workers}, target, o)
			require.NoError(t, err)
			require.Equal(t, want.Positions, run.Positions)
			require.Equal(t, int32(workers), most.Load(), "groups at a time")
		}
	}
}

// TestTurnsInterrupted: a run whose groups wait for turns ends when its context does.
func TestTurnsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	target := normalTarget(1, 1)
	inner, calls := target.density, 0
	target.density = func(q, g []float64) float64 {
		if calls++; calls == 2000 { // by one group at a time
			cancel()
		}
		return inner(q, g)
	}
	run, err := Sample(ctx, processor{workers: 1}, target, Options{Algorithm: NUTS, Chains: 3, Warmup: 50, Draws: 1_000_000, Groups: 3})
	require.ErrorIs(t, err, context.Canceled)
	require.True(t, run.Interrupted)
}

// TestDefaultGroups holds the rule that was measured.
func TestDefaultGroups(t *testing.T) {
	info := func(workers int) device.Info { return device.Info{Workers: workers} }
	for _, c := range []struct {
		info   device.Info
		o      Options
		dim    int
		groups int
	}{
		{info(2), Options{Algorithm: NUTS, Chains: 4}, 32, 2},
		{info(2), Options{Algorithm: NUTS, Chains: 4}, 2047, 2},
		{info(2), Options{Algorithm: NUTS, Chains: 4}, 4095, 4},
		{info(1), Options{Algorithm: NUTS, Chains: 2}, 4095, 2},
		{info(1), Options{Algorithm: NUTS, Chains: 4}, 4095, 4},
		{info(1), Options{Algorithm: NUTS, Chains: 4}, 1023, 1},
		{info(2), Options{Algorithm: NUTS, Chains: 1024}, 33, 64},
		{info(2), Options{Algorithm: NUTS, Chains: 1000}, 513, 126},
		{device.Info{Workers: 2, Precision: device.Float32}, Options{Algorithm: NUTS, Chains: 1024}, 33, 32},
		{info(2), Options{Algorithm: HMC, Chains: 4}, 4095, 2},
		{info(2), Options{Algorithm: HMC, Chains: 64}, 33, 4},
		{info(1), Options{Algorithm: HMC, Chains: 64}, 33, 1},
		{info(2), Options{Algorithm: HMC, Chains: 1024}, 33, 8},
		{info(2), Options{Algorithm: HMC, Chains: 1024, Sampler: OnDevice}, 33, 2},
		{info(2), Options{Algorithm: RandomWalk, Chains: 64}, 4095, 8},
		{device.Info{Workers: 1, Fuses: true}, Options{Algorithm: NUTS, Chains: 2}, 4095, 1},
	} {
		require.Equal(t, c.groups, groupsFor(c.info, &c.o, c.dim), "%+v, %d chains, %d coordinates", c.info, c.o.Chains, c.dim)
	}
}
