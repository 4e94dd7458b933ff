package nuts_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/nuts"
	"github.com/hxgpu/hxgpu/nuts/nutstest"
)

// sampler is a way to sample that the tests of known densities try.
type sampler struct {
	name    string
	options nuts.Options
	walks   bool // takes many short steps, and has no acceptance to adapt to a target
	noise   bool // is one of the others where no coordinate is noise
	dense   bool // does work that grows with the square of the coordinates
}

// samplers are all there are; a new one is a line.
var samplers = []sampler{
	{name: "nuts", options: nuts.Options{Integrator: nuts.Leapfrog}},
	{name: "nuts rotation", options: nuts.Options{Integrator: nuts.Rotation}, noise: true},
	{name: "nuts dense", options: nuts.Options{Metric: nuts.MetricDense}, dense: true},
	{name: "nuts gradient", options: nuts.Options{Metric: nuts.MetricGradient}},
	{name: "nuts pooled, jittered", options: nuts.Options{Pooled: true, StepJitter: 0.3}},
	{name: "hmc", options: nuts.Options{Algorithm: nuts.HMC, Integrator: nuts.Leapfrog}},
	{name: "hmc rotation", options: nuts.Options{Algorithm: nuts.HMC, Integrator: nuts.Rotation}, noise: true},
	{name: "hmc dense", options: nuts.Options{Algorithm: nuts.HMC, Metric: nuts.MetricDense}, dense: true},
	{name: "rw", options: nuts.Options{Algorithm: nuts.RandomWalk}, walks: true},
}

// knownTarget is a density with the number of draws that it takes each of four
// chains to know its moments well enough for standard errors to be believed.
type knownTarget struct {
	nutstest.Known
	draws int
	walk  int // draws of a sampler that walks; 0 where it would take too long
	// accept is the acceptance statistic that a density with narrow parts needs; 0 for
	// the default.
	accept float64
}

// warmup is the warm-up of four chains; a walk has as much of it as draws.
const warmup = 300

var knownTargets = []knownTarget{
	{Known: nutstest.Normal(1), draws: 500, walk: 2000},
	{Known: nutstest.Normal(2), draws: 500, walk: 4000},
	{Known: nutstest.Normal(10), draws: 500, walk: 10000},
	{Known: nutstest.Normal(100), draws: 500},
	{Known: nutstest.Normal(1000), draws: 400},
	{Known: nutstest.Autoregressive(2, 0.9), draws: 500, walk: 8000},
	{Known: nutstest.Autoregressive(10, 0.6), draws: 500, walk: 20000},
	{Known: nutstest.Autoregressive(100, 0.6), draws: 300},
	{Known: nutstest.Autoregressive(1000, 0.3), draws: 300},
	{Known: nutstest.Wishart(10, 2), draws: 500, walk: 10000},
	{Known: nutstest.Wishart(100, 4), draws: 300},
	{Known: nutstest.Funnel(10, 1), draws: 1500, accept: 0.95},
	{Known: nutstest.Banana(2, 0.15), draws: 1000, walk: 10000},
	{Known: nutstest.StudentT(5, 10), draws: 1000, walk: 10000},
	{Known: nutstest.Regression(40, 4), draws: 500, walk: 6000},
}

// suits reports whether a sampler is to be tried on a target.
func (s sampler) suits(k knownTarget) bool {
	_, noise := k.Target.(nuts.Whitened)
	return (noise || !s.noise) && (k.walk > 0 || !s.walks) && (k.Target.Dim() <= 100 || !s.dense)
}

// run draws from a target; chains and seeds run one after the other, since tests run
// side by side.
func (s sampler) run(t *testing.T, k knownTarget, seed uint64) *nuts.Run {
	o := s.options
	o.Warmup, o.Draws, o.Seed, o.Groups, o.TargetAccept = warmup, k.draws, seed, 1, k.accept
	if s.walks {
		o.Warmup, o.Draws = k.walk, k.walk
	}
	run, err := nuts.Sample(context.Background(), nil, k.Target, o)
	require.NoError(t, err, "seed %d", seed)
	return run
}

// momentError is how far the draws' mean of something is from the true one, and its
// Monte Carlo standard error.
type momentError struct{ difference, standard float64 }

// size is the error in standard errors.
func (e momentError) size() float64 { return math.Abs(e.difference / e.standard) }

// momentErrors are the errors of the moments that draws [chain][draw] give.
func momentErrors(moments []nutstest.Moment, positions [][][]float64) []momentError {
	errors := make([]momentError, len(moments))
	for i, m := range moments {
		differences, sum, n := make([][]float64, len(positions)), 0.0, 0
		for c, draws := range positions {
			for _, q := range draws {
				d := m.Of(q) - m.Mean
				differences[c] = append(differences[c], d)
				sum += d
				n++
			}
		}
		errors[i] = momentError{sum / float64(n), nuts.MCSEMean(differences)}
	}
	return errors
}

// TestKnownMoments runs every sampler on every density of few coordinates, with two
// seeds: first and second moments, correlations and probabilities within 5 Monte
// Carlo standard errors. That is some 700 comparisons, of which one fails by chance for
// 1 choice of seeds in 1,000 or so (standard errors are estimates, which makes large
// errors more frequent than a normal distribution has them); the seeds are fixed. The
// slow test is the strict one.
func TestKnownMoments(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds; not short")
	}
	for _, k := range knownTargets {
		if k.Target.Dim() > 50 {
			continue
		}
		for _, s := range samplers {
			if !s.suits(k) {
				continue
			}
			t.Run(k.Name+"/"+s.name, func(t *testing.T) {
				t.Parallel()
				for seed := uint64(1); seed <= 2; seed++ {
					for i, e := range momentErrors(k.Moments, s.run(t, k, seed).Positions) {
						require.LessOrEqual(t, e.size(), 5.0, "%s, seed %d", k.Moments[i].Name, seed)
					}
				}
			})
		}
	}
}

// acceptances are the mean acceptance statistics of the last steps of a warm-up, and
// of the draws, over some seeds.
func acceptances(t *testing.T, s sampler, k nutstest.Known, target float64, seeds uint64) (adapting, adapted float64) {
	const last, draws = 40, 250
	for seed := uint64(1); seed <= seeds; seed++ {
		o := s.options
		o.Warmup, o.Draws, o.Seed, o.Groups, o.TargetAccept, o.KeepWarmup = warmup, draws, seed, 1, target, true
		run, err := nuts.Sample(context.Background(), nil, k.Target, o)
		require.NoError(t, err)
		chains := float64(len(run.Stats)) * float64(seeds)
		for c := range run.Stats {
			for _, stats := range run.WarmupStats[c][warmup-last:] {
				adapting += stats.AcceptProb / (last * chains)
			}
			for _, stats := range run.Stats[c] {
				adapted += stats.AcceptProb / (draws * chains)
			}
		}
	}
	return adapting, adapted
}

// checkAcceptance: while the step size is adapted the acceptance statistic has its
// target as its mean, within 0.02. The mean of the step sizes that were tried, which
// the draws then use, errs on the small side, the more the lower the target: their
// acceptance is not below the target by more than 0.02, nor above it by more than 0.75
// of what lies between the target and 1.
func checkAcceptance(t *testing.T, s sampler, k nutstest.Known, target float64, seeds uint64) {
	adapting, adapted := acceptances(t, s, k, target, seeds)
	report := fmt.Sprintf("%s, %s, target %.2f: %.3f while adapting, %.3f of the draws", k.Name, s.name, target, adapting, adapted)
	t.Log(report)
	require.InDelta(t, target, adapting, 0.02, report)
	require.Greater(t, adapted, target-0.02, report)
	require.Less(t, adapted, target+0.75*(1-target), report)
}

// TestAcceptance: the acceptance statistic meets its target. The figures are means
// over 4,000 transitions or more, so that chance moves them by less than 0.01.
func TestAcceptance(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds; not short")
	}
	for _, k := range []knownTarget{{Known: nutstest.Normal(10)}, {Known: nutstest.Regression(40, 4)}} {
		for _, s := range samplers {
			if s.walks || !s.suits(k) {
				continue
			}
			t.Run(k.Name+"/"+s.name, func(t *testing.T) {
				t.Parallel()
				checkAcceptance(t, s, k.Known, 0.8, 4)
			})
		}
	}
}
