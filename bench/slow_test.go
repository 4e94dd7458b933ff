//go:build slow

package bench

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/cpu"
	"github.com/hxgpu/hxgpu/nuts"
	"github.com/hxgpu/hxgpu/tree"
)

func openCPU(t testing.TB) device.Device {
	dev, err := cpu.Open(cpu.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, dev.Close()) })
	return dev
}

// analytic are the exact posterior figures of the seed model: mean, median, 2.5 % and
// 97.5 % quantile, by the quadrature of `hxgpu sample` on 2,561 points a side (with half
// as many, seven digits agree). The quantiles of bffg/testdata/seed.json are points of a
// coarse grid, off by up to 1 %, which draws this many can tell: over 500 seeds their
// medians lay 2.3 standard errors away, and their means 0.00.
var analytic = map[int][4]float64{
	0: {0.46736839091816756, 0.4197051776, 0.1350020513, 1.083224364},
	1: {0.3769852530623836, 0.2599713551, 0.0129429106, 1.428840684},
}

// TestSeedPosterior runs the built-in example with 20 seeds by each algorithm with
// momenta: means, medians and intervals within 4 Monte Carlo standard errors of the
// exact posterior, R-hat below 1.01, next to no divergences. NUTS makes draws with a
// bulk ESS of at least 0.85 each in the median and 0.7 at worst, and HMC at least
// twice as many effective draws per gradient as NUTS, the warm-up counted. The 160
// comparisons of exact answers would fail by chance once in a hundred runs of one
// algorithm; the seeds are fixed, so that a pass stays a pass.
func TestSeedPosterior(t *testing.T) {
	perGradient := map[nuts.Algorithm]float64{}
	for algorithm, warmup := range map[nuts.Algorithm]int{nuts.NUTS: 1000, nuts.HMC: 500} {
		t.Run(algorithm.String(), func(t *testing.T) {
			perDraw, efficiencies := seedPosterior(t, nuts.Options{Chains: 4, Warmup: warmup, Draws: 4000, Algorithm: algorithm})
			perGradient[algorithm] = (efficiencies[9] + efficiencies[10]) / 2
			if algorithm == nuts.NUTS {
				require.GreaterOrEqual(t, perDraw[0], 0.7)
				require.GreaterOrEqual(t, (perDraw[9]+perDraw[10])/2, 0.85)
			}
		})
	}
	require.Greater(t, perGradient[nuts.HMC], 2*perGradient[nuts.NUTS])
}

// seedPosterior gives the smaller bulk ESS of the two parameters per draw and per
// gradient, of each seed, in order.
func seedPosterior(t *testing.T, o nuts.Options) (perDraw, perGradient []float64) {
	dev := openCPU(t)
	divergences := 0
	for seed := uint64(1); seed <= 20; seed++ {
		target, err := bffg.NewTarget(bffg.Seed(), bffg.SeedData())
		require.NoError(t, err)
		began := time.Now()
		o.Seed, o.Select = seed, []int{0, 1}
		run, err := nuts.Sample(context.Background(), dev, target, o)
		require.NoError(t, err)
		elapsed := time.Since(began)
		divergences += run.Divergences()
		if seed == 1 {
			require.Zero(t, divergences, "the run of the command's default seed")
		}
		worst := math.Inf(1)
		for i, exact := range analytic {
			draws := run.Coordinate(i)
			for _, x := range draws {
				for d := range x {
					x[d] = math.Exp(x[d])
				}
			}
			s := nuts.Describe(draws)
			require.Less(t, s.Rhat, 1.01)
			require.InDelta(t, exact[0], s.Mean, 4*s.MCSEMean, "mean of parameter %d, seed %d", i, seed)
			for k, p := range []float64{0.5, 0.025, 0.975} {
				q := []float64{s.Median, s.Q2_5, s.Q97_5}[k]
				require.InDelta(t, exact[k+1], q, 4*quantileError(draws, p), "quantile %v of parameter %d, seed %d", p, i, seed)
			}
			worst = min(worst, s.ESSBulk)
		}
		perDraw, perGradient = append(perDraw, worst/16000), append(perGradient, worst/float64(run.Gradients))
		t.Logf("seed %2d: smallest bulk ESS per draw %.3f, per gradient %.3f, %.2f steps a transition, %d divergences, %v", seed, worst/16000,
			worst/float64(run.Gradients), float64(run.Gradients)/float64(4*(o.Warmup+o.Draws)), run.Divergences(), elapsed)
	}
	slices.Sort(perDraw)
	slices.Sort(perGradient)
	t.Logf("bulk ESS per draw: smallest %.3f, median %.3f; per gradient with the warm-up: smallest %.3f, median %.3f",
		perDraw[0], (perDraw[9]+perDraw[10])/2, perGradient[0], (perGradient[9]+perGradient[10])/2)
	// Where both variances go to 0 the density falls off like exp(-exp(-x)), and
	// one step in some 100,000 trajectories jumps into that wall.
	t.Logf("%d divergences in 320,000 draws", divergences)
	require.LessOrEqual(t, divergences, 10)
	return perDraw, perGradient
}

// quantileError is the Monte Carlo standard error of a quantile: the error of the
// probability below it, over the density there, which is read off the draws.
func quantileError(draws [][]float64, p float64) float64 {
	all := slices.Concat(draws...)
	slices.Sort(all)
	error := math.Sqrt(p * (1 - p) / nuts.ESSQuantile(draws, p))
	at := func(p float64) float64 {
		return all[min(max(int(p*float64(len(all))), 0), len(all)-1)]
	}
	return (at(p+error) - at(p-error)) / 2
}

// timeGradient is the shortest of several gradients of the seed model.
func timeGradient(t testing.TB, data bffg.Data, repeats int) time.Duration {
	target, err := bffg.NewTarget(bffg.Seed(), data)
	require.NoError(t, err)
	e, err := target.Open(openCPU(t), 1)
	require.NoError(t, err)
	defer e.Close()
	q, gradient, logp := make([]float64, target.Dim()), make([]float64, target.Dim()), make([]float64, 1)
	best := time.Duration(math.MaxInt64)
	for range repeats {
		began := time.Now()
		require.NoError(t, e.Gradient(context.Background(), q, logp, gradient))
		best = min(best, time.Since(began))
	}
	require.False(t, math.IsNaN(logp[0]) || math.IsInf(logp[0], 0))
	return best
}

// TestLargeGradient: at most 300 ns per node on 2^17 leaves, and 2^20 leaves in
// less than 3 GB.
func TestLargeGradient(t *testing.T) {
	if !alone(t) {
		return
	}
	data := balanced(t, 17)
	perNode := float64(timeGradient(t, data, 5).Nanoseconds()) / float64(data.Topology.Size())
	t.Logf("2^17 leaves: %.1f ns per node", perNode)
	require.Less(t, perNode, 300.0)
	data = balanced(t, 20)
	perNode = float64(timeGradient(t, data, 3).Nanoseconds()) / float64(data.Topology.Size())
	peak := peakMemory(t)
	t.Logf("2^20 leaves: %.1f ns per node, peak memory %.2f GB", perNode, peak)
	require.Less(t, peak, 3.0)
}

// TestFirstLikelihood: 100,000 tips from Newick text to the first likelihood in
// under 3 s, and a caterpillar of 20,000 tips.
func TestFirstLikelihood(t *testing.T) {
	for _, c := range []struct {
		name    string
		tips    int
		newick  func(tips int) []byte
		seconds float64
	}{{"balanced", 1 << 17, balancedNewick, 3}, {"caterpillar", 20000, caterpillarNewick, 3}} {
		text := c.newick(c.tips)
		began := time.Now()
		phylogeny, err := tree.ParseNewick(c.name, text)
		require.NoError(t, err)
		values := make([]float64, phylogeny.Topology.LeafCount())
		for i := range values {
			values[i] = math.Sin(float64(i))
		}
		data := bffg.Data{Topology: phylogeny.Topology, Lengths: phylogeny.Lengths, Names: phylogeny.Names, Values: [][]float64{values}}
		model := bffg.BrownianMotion([]string{"x"}, data)
		l, err := model.LogLikelihood(context.Background(), openCPU(t), data, map[string][]float64{"R": {1}, bffg.TipNoise: {0.1}}, false)
		require.NoError(t, err)
		elapsed := time.Since(began)
		t.Logf("%s, %d tips: %v from Newick to log likelihood %v", c.name, c.tips, elapsed, l.Value)
		require.Less(t, elapsed.Seconds(), c.seconds)
	}
}

func balancedNewick(tips int) []byte {
	parts := make([]string, tips)
	for i := range parts {
		parts[i] = fmt.Sprintf("t%d:1.5", i)
	}
	for len(parts) > 1 {
		for i := range len(parts) / 2 {
			parts[i] = "(" + parts[2*i] + "," + parts[2*i+1] + "):1"
		}
		parts = parts[:len(parts)/2]
	}
	return []byte(parts[0] + ";")
}

func caterpillarNewick(tips int) []byte {
	var b bytes.Buffer
	b.WriteString(strings.Repeat("(", tips-1) + "t0:1")
	for i := 1; i < tips; i++ {
		fmt.Fprintf(&b, ",t%d:1):1", i)
	}
	b.WriteString(";")
	return b.Bytes()
}
