//go:build slow

package bench

import (
	"context"
	"fmt"
	"math"
	"math/bits"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/device/cpu"
	"github.com/hxgpu/hxgpu/nuts"
)

// TestTwoCores: the transitions of 4 chains of the seed model by NUTS, opening the target
// not counted, on one core and on two, for trees of several sizes: grouped by default, and
// with a group for each chain, where both cores together do the same work as one does. In
// fewer groups a core does more: of 16 tips it needs 0.96 us for the gradient of two chains
// and 1.35 us for that of four, where one takes 0.92 us. The better way on two cores, over
// the better one on one, is what two cores are worth; on a quiet machine it is 1.71, 1.69,
// 1.77, 1.90 and 1.98 for the five sizes, and the same work goes 1.88 to 1.98 times as
// fast. What is asserted leaves room for a machine with something else to do.
func TestTwoCores(t *testing.T) {
	if runtime.NumCPU() < 2 {
		t.Skip("there is one core here")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	t.Log("          transitions             by default                 one group a chain     the better")
	t.Log("tips   of 4 chains  gradients    1 core   2 cores ratio     1 core   2 cores ratio  ratio")
	for _, c := range []struct {
		tips, transitions, runs int
		each, better            float64 // the least ratios, for the same work and for the better way
	}{{16, 5000, 7, 1.3, 1.2}, {64, 2000, 4, 1.4, 1.3}, {256, 600, 3, 1.4, 1.3}, {1024, 120, 3, 1.4, 1.4}, {4096, 24, 3, 1.4, 1.4}} {
		t.Run(fmt.Sprint(c.tips), func(t *testing.T) {
			data := simulatedTips(t, c.tips)
			var took [2][2]time.Duration // by cores, and by groups
			gradients := int64(0)
			for run := range c.runs { // by turns, so that what else the machine does meets all
				for cores := range took {
					for kind, groups := range []int{0, 4} {
						d, n := sampleOn(t, data, cores+1, groups, c.transitions)
						if best := &took[cores][kind]; run == 0 || d < *best {
							*best = d
						}
						gradients = n
					}
				}
			}
			ratio := func(one, two time.Duration) float64 { return one.Seconds() / two.Seconds() }
			byDefault, each := ratio(took[0][0], took[1][0]), ratio(took[0][1], took[1][1])
			better := ratio(min(took[0][0], took[0][1]), min(took[1][0], took[1][1]))
			ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
			t.Logf("%4d   %11d  %9d %6.1f ms %6.1f ms %5.2f  %6.1f ms %6.1f ms %5.2f  %5.2f", c.tips, c.transitions, gradients,
				ms(took[0][0]), ms(took[1][0]), byDefault, ms(took[0][1]), ms(took[1][1]), each, better)
			assert.GreaterOrEqual(t, byDefault, c.better)
			assert.GreaterOrEqual(t, each, c.each)
			assert.GreaterOrEqual(t, better, c.better)
		})
	}
}

// sampleOn draws 4 chains on some cores, and returns how long their transitions take and
// the gradients that they need.
func sampleOn(t testing.TB, data bffg.Data, cores, groups, transitions int) (time.Duration, int64) {
	runtime.GOMAXPROCS(cores)
	dev, err := cpu.Open(cpu.Options{Workers: cores})
	require.NoError(t, err)
	target, err := bffg.NewTarget(bffg.Seed(), data)
	require.NoError(t, err)
	warmup := transitions / 5
	run, err := nuts.Sample(context.Background(), dev, target, nuts.Options{Chains: 4, Warmup: warmup, Draws: transitions - warmup, Seed: 1, Algorithm: nuts.NUTS, Groups: groups, Select: []int{0, 1}})
	require.NoError(t, err)
	require.NoError(t, dev.Close())
	return run.WarmupTime + run.DrawsTime, run.Gradients
}

// simulatedTips is a balanced tree with edges of length 1, its tips simulated by the
// seed model; of 16 tips it is the built-in example.
func simulatedTips(t testing.TB, tips int) bffg.Data {
	if tips == 16 {
		return bffg.SeedData()
	}
	data := balanced(t, bits.Len(uint(tips))-1)
	stream := nuts.NewStream(uint64(tips), 0, 0, nuts.PurposeSimulation)
	noise := make([]float64, data.Topology.Size())
	for v := range noise {
		noise[v] = stream.Normal()
	}
	states, err := bffg.Seed().Simulate(context.Background(), openCPU(t), data, map[string][]float64{"sigma_sq": {0.5}}, []float64{0}, noise)
	require.NoError(t, err)
	first := data.Topology.Size() - tips
	for i := range data.Values[0] {
		data.Values[0][i] = states[first+i] + math.Sqrt(0.1)*stream.Normal()
	}
	return data
}
