//go:build slow

package bench

import (
	"context"
	"math"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/device/cpu"
	"github.com/hxgpu/hxgpu/nuts"
)

// TestGroupSizes: many chains of the seed model in the groups of the default, and in one
// for each worker. On 2 cores with AVX-512, quiet, the default takes 0.67 and 0.85 of the
// time for 1,024 chains at 16 tips by NUTS and by HMC, 0.80 and 0.90 for 64 chains at 256
// tips, 0.79 for 4 by NUTS at 4,096.
func TestGroupSizes(t *testing.T) {
	for _, c := range []struct {
		tips, chains, transitions int
		algorithm                 nuts.Algorithm
	}{{16, 1024, 200, nuts.NUTS}, {16, 1024, 400, nuts.HMC}, {256, 64, 60, nuts.NUTS}, {256, 64, 200, nuts.HMC}, {4096, 4, 24, nuts.NUTS}} {
		data := simulatedTips(t, c.tips)
		took := [2]float64{math.Inf(1), math.Inf(1)}
		for range 3 { // by turns, so that what else the machine does meets both
			for kind, groups := range []int{0, runtime.NumCPU()} {
				dev, err := cpu.Open(cpu.Options{})
				require.NoError(t, err)
				target, err := bffg.NewTarget(bffg.Seed(), data)
				require.NoError(t, err)
				began := time.Now()
				_, err = nuts.Sample(context.Background(), dev, target, nuts.Options{Chains: c.chains, Warmup: c.transitions / 2, Draws: c.transitions / 2,
					Seed: 1, Algorithm: c.algorithm, Groups: groups, Discard: true})
				require.NoError(t, err)
				took[kind] = min(took[kind], time.Since(began).Seconds())
				require.NoError(t, dev.Close())
			}
		}
		t.Logf("%v, %d chains at %d tips: by default %.3f s, in a group a worker %.3f s, ratio %.2f", c.algorithm, c.chains, c.tips, took[0], took[1], took[0]/took[1])
		assert.Less(t, took[0], 1.15*took[1])
	}
}
