package bench

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestChooseSuites(t *testing.T) {
	names := func(suites []Suite) (all []string) {
		for _, s := range suites {
			all = append(all, s.Name)
		}
		return all
	}
	chosen, err := chooseSuites([]string{"shapes", "seed", "shapes"})
	require.NoError(t, err)
	require.Equal(t, []string{"seed", "shapes"}, names(chosen))
	chosen, err = chooseSuites([]string{"seed", "all"})
	require.NoError(t, err)
	require.Equal(t, names(Suites()), names(chosen))
	_, err = chooseSuites([]string{"seeds"})
	require.ErrorContains(t, err, `no suite "seeds"; the suites are [seed scaling chains shapes devices startup], and all`)
}

// TestRunSuites: the suites that need no program of hxgpu's, for a moment, on the
// processor.
func TestRunSuites(t *testing.T) {
	o := SuiteOptions{Quick: true, Devices: []string{"cpu"}, AtLeast: time.Microsecond, Version: "1.2.3"}
	suites := []string{"seed", "chains", "devices"}
	r, err := RunSuites(context.Background(), suites, o)
	require.NoError(t, err)
	require.Empty(t, r.Failed)
	require.Equal(t, suites, r.Suites)
	require.Equal(t, "1.2.3", r.Hxgpu)
	require.Len(t, r.Sampling, 6)
	require.Len(t, r.of("chains"), 5)
	require.Len(t, r.of("devices"), 8*len(Engines()), "two schedules, four cases")
	require.Len(t, r.Limits, len(Engines()), "each measured once")
	for _, x := range r.Results {
		require.Positive(t, x.Limit)
	}
	for _, x := range r.Sampling {
		require.Less(t, x.Rhat, 1.2)
		require.Greater(t, x.Limit, 0.0)
	}
	require.Len(t, r.Growth, 1)
	require.Equal(t, "chains", r.Growth[0].By)
	require.NotEmpty(t, r.Estimates)

	interrupted, stop := context.WithCancel(context.Background())
	stop()
	r, err = RunSuites(interrupted, suites, o)
	require.NoError(t, err)
	require.Empty(t, r.Results)

	o.Devices = []string{"vulkan:nosuchadapter"}
	_, err = RunSuites(context.Background(), suites, o)
	require.ErrorContains(t, err, "device vulkan:nosuchadapter")
	o.Devices, o.Program = []string{"cpu"}, "no-such-program"
	_, err = RunSuites(context.Background(), []string{"startup"}, o)
	require.ErrorContains(t, err, "suite startup: ")
}

// TestEstimates: the formula by hand, and the plan of a small tree on a GPU, which is
// one dispatch whose flops and bytes grow with the chains.
func TestEstimates(t *testing.T) {
	card := Card{Memory: 100, Peak: 20, Launch: 0.5}
	for _, x := range []struct {
		dispatches, bytes, flops int
		seconds                  float64
		bound                    string
	}{{8, 100, 10, 5, "launches"}, {2, 400, 30, 5, "memory"}, {2, 100, 40, 5, "arithmetic"}} {
		seconds, bound := card.estimate(x.dispatches, x.bytes, x.flops)
		require.Equal(t, x.seconds, seconds)
		require.Equal(t, x.bound, bound)
	}
	small, err := gpuPlan(Case{Leaves: 16, Traits: 1, Chains: 1024})
	require.NoError(t, err)
	large, err := gpuPlan(Case{Leaves: 16, Traits: 1, Chains: 65536})
	require.NoError(t, err)
	require.Equal(t, 1, small.Dispatches)
	require.Equal(t, "tree", small.Schedule)
	require.InEpsilon(t, 64, float64(large.Flops)/float64(small.Flops), 0.01)
	// With few chains more is kept in shared arrays, which costs no bytes.
	require.GreaterOrEqual(t, large.Bytes, 64*small.Bytes)
	all, err := estimates(true)
	require.NoError(t, err)
	require.Len(t, all, 4*len(cards))
}
