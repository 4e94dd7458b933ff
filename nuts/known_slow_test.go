//go:build slow

package nuts_test

import (
	"context"
	"flag"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/hxgpu/hxgpu/nuts"
	"github.com/hxgpu/hxgpu/nuts/nutstest"
)

var knownSeeds = flag.Int("known-seeds", 50, "seeds of TestKnownMomentsOfManySeeds; a fifth as many from 100 coordinates on")

// verdict is what the errors of moments over many seeds say.
type verdict struct {
	worst  float64 // the largest error in Monte Carlo standard errors
	large  int     // errors beyond 4 of them, of all moments
	square float64 // the mean square of all errors, near 1 if the standard errors are right
	bias   float64 // the smallest p-value of a moment's mean error over the seeds being 0
}

// judge takes errors [seed][moment].
func judge(errors [][]momentError) verdict {
	v := verdict{bias: 1}
	seeds, moments := float64(len(errors)), len(errors[0])
	student := distuv.StudentsT{Sigma: 1, Nu: seeds - 1}
	for i := range moments {
		var differences []float64
		for _, e := range errors {
			size := e[i].size()
			if !(size <= 4) { // NaN included
				v.large++
			}
			v.worst = max(v.worst, size)
			v.square += size * size / (seeds * float64(moments))
			differences = append(differences, e[i].difference)
		}
		mean, sd := stat.MeanStdDev(differences, nil)
		v.bias = min(v.bias, 2*student.CDF(-math.Abs(mean)/(sd/math.Sqrt(seeds))))
	}
	return v
}

// passes: at most 2 of all errors are beyond 4 Monte Carlo standard errors; no moment's
// mean over the seeds is off, by Student's t test at 1 in 100,000, which needs nothing
// but that seeds are independent; and the standard errors are right: the mean square of
// the errors lies where that of one normal error per seed does but for 1 choice of
// seeds in 10,000.
//
// If errors were normal, 3 of 250 would be large for 1 choice of seeds in 1,500,000.
// Estimates divided by estimates have heavier tails; independent draws are held to the
// same bounds. With some 50 pairs of a density and a sampler a fresh choice of seeds
// would fail once in 100 times. The seeds are fixed.
func (v verdict) passes(seeds int) bool {
	n := float64(seeds)
	squares := distuv.ChiSquared{K: n}
	return v.large <= 2 && v.bias >= 1e-5 && v.square > squares.Quantile(0.5e-4)/n && v.square < squares.Quantile(1-0.5e-4)/n
}

// TestKnownMomentsOfManySeeds runs every sampler, and for comparison independent
// draws, on every density with 50 seeds, or 10.
func TestKnownMomentsOfManySeeds(t *testing.T) {
	for _, k := range knownTargets {
		t.Run(k.Name+"/independent", func(t *testing.T) {
			t.Parallel()
			checkSeeds(t, k, func(seed uint64) [][][]float64 { return independent(k, seed) })
		})
		for _, s := range samplers {
			if !s.suits(k) {
				continue
			}
			t.Run(k.Name+"/"+s.name, func(t *testing.T) {
				t.Parallel()
				checkSeeds(t, k, func(seed uint64) [][][]float64 { return s.run(t, k, seed).Positions })
			})
		}
	}
}

func checkSeeds(t *testing.T, k knownTarget, draw func(seed uint64) [][][]float64) {
	seeds := *knownSeeds
	if k.Target.Dim() >= 100 {
		seeds = max(seeds/5, 1)
	}
	began := time.Now()
	var errors [][]momentError
	for seed := range uint64(seeds) {
		errors = append(errors, momentErrors(k.Moments, draw(seed+1)))
	}
	v := judge(errors)
	t.Logf("%s: largest error %.2f, %d beyond 4; mean square %.2f; bias p %.2g; %.0f ms a seed",
		t.Name(), v.worst, v.large, v.square, v.bias, 1000*time.Since(began).Seconds()/float64(seeds))
	require.True(t, v.passes(seeds), "%+v", v)
}

// independent draws as many as a chain of a sampler.
func independent(k knownTarget, seed uint64) [][][]float64 {
	positions := make([][][]float64, 4)
	for c := range positions {
		random := nuts.NewStream(seed, uint32(c), 0, nuts.ReservedPurposes)
		for range k.draws {
			q := make([]float64, k.Target.Dim())
			k.Draw(&random, q)
			positions[c] = append(positions[c], q)
		}
	}
	return positions
}

// TestKnownMomentsCatchErrors: draws that are 3 % too wide fail, and so do draws that
// are off by 3 % of a standard deviation.
func TestKnownMomentsCatchErrors(t *testing.T) {
	k := knownTarget{Known: nutstest.Normal(10), draws: 500}
	for name, change := range map[string]func(x float64) float64{
		"too wide":  func(x float64) float64 { return 1.03 * x },
		"off":       func(x float64) float64 { return x + 0.03 },
		"unchanged": func(x float64) float64 { return x },
	} {
		var errors [][]momentError
		for seed := range uint64(50) {
			positions := independent(k, seed+1)
			for _, chain := range positions {
				for _, q := range chain {
					for i, x := range q {
						q[i] = change(x)
					}
				}
			}
			errors = append(errors, momentErrors(k.Moments, positions))
		}
		require.Equal(t, name == "unchanged", judge(errors).passes(len(errors)), "%s: %+v", name, judge(errors))
	}
}

// TestAcceptanceOfManyTargets holds the acceptance statistic to targets from 0.6 to
// 0.95 on all densities up to 100 coordinates.
func TestAcceptanceOfManyTargets(t *testing.T) {
	for _, k := range knownTargets {
		if k.Target.Dim() > 100 {
			continue
		}
		for _, s := range samplers {
			if !s.suits(k) || s.walks {
				continue
			}
			t.Run(k.Name+"/"+s.name, func(t *testing.T) {
				t.Parallel()
				for _, target := range []float64{0.6, 0.8, 0.95} {
					checkAcceptance(t, s, k.Known, target, 10)
				}
			})
		}
	}
}

// TestNealsFunnel: the funnel with standard deviation 3, as it stands, is beyond any
// sampler with one step size. What is asked is that none of 50 runs is wrong without a
// warning: either the moments of v are within 4 Monte Carlo standard errors, or there
// are divergences, or R-hat is above 1.01. Freedom from divergences is not enough: the
// log says how many runs were wrong without any.
func TestNealsFunnel(t *testing.T) {
	k := nutstest.Funnel(10, 3)
	for _, a := range []nuts.Algorithm{nuts.NUTS, nuts.HMC} {
		silent, wrong := 0, 0
		for seed := uint64(1); seed <= 50; seed++ {
			run, err := nuts.Sample(context.Background(), nil, k.Target, nuts.Options{Algorithm: a, Warmup: 500, Draws: 500, Seed: seed, Groups: 2, TargetAccept: 0.95})
			require.NoError(t, err)
			far := false
			for _, e := range momentErrors(k.Moments[:3], run.Positions) {
				far = far || !(e.size() <= 4)
			}
			if !far {
				continue
			}
			wrong++
			if run.Divergences() == 0 {
				silent++
				require.Greater(t, nuts.Rhat(run.Coordinate(0)), 1.01, "%v, seed %d", a, seed)
			}
		}
		t.Logf("%v: %d of 50 runs are wrong, %d of them without a divergence", a, wrong, silent)
		require.Positive(t, wrong, "a sampler that explores this funnel needs a stricter test")
	}
}
