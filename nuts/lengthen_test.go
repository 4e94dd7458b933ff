package nuts

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestLearntLength: on standard normals of 33 dimensions paths are about a quarter of
// a period long, 2 pi, or some more; draws are worth more per gradient than those of
// NUTS, and the acceptance meets its target. A long thin normal needs longer paths,
// in units of its short side.
func TestLearntLength(t *testing.T) {
	sd := make([]float64, 33)
	for i := range sd {
		sd[i] = math.Pow(10, float64(i%5)-2)
	}
	per := map[Algorithm]float64{}
	for _, a := range []Algorithm{NUTS, HMC} {
		run := sample(t, normalTarget(sd...), Options{Warmup: 500, Draws: 2000, Seed: 5, Algorithm: a})
		accept := 0.0
		for d := range run.Draws() {
			accept += d.Stats.AcceptProb / 8000
		}
		if a == HMC {
			require.InDelta(t, 0.9, accept, 0.04)
			require.Greater(t, run.PathLength, 1.2)
			require.Less(t, run.PathLength, 3.2)
			for _, stats := range run.Stats { // all chains in step
				for d, s := range stats {
					require.Equal(t, run.Stats[0][d].Leapfrogs, s.Leapfrogs)
				}
			}
		}
		least := math.Inf(1)
		for i := range sd {
			least = math.Min(least, math.Min(ESSBulk(run.Coordinate(i)), ESSTail(run.Coordinate(i))))
		}
		per[a] = least / float64(run.Gradients)
	}
	t.Logf("effective draws per gradient, of the worst coordinate's bulk and tail: nuts %.3f, hmc %.3f", per[NUTS], per[HMC])
	require.Greater(t, per[HMC], 1.2*per[NUTS])

	thin := sample(t, correlatedTarget(0.99), Options{Warmup: 500, Draws: 2000, Seed: 5, Algorithm: HMC})
	require.Less(t, Rhat(thin.Coordinate(0)), 1.01)
	fixed := sample(t, correlatedTarget(0.99), Options{Warmup: 500, Draws: 2000, Seed: 5, Algorithm: HMC, PathLength: 0.3})
	require.Equal(t, 0.3, fixed.PathLength)
	require.Greater(t, ESSBulk(thin.Coordinate(0))/float64(thin.Gradients), 2*ESSBulk(fixed.Coordinate(0))/float64(fixed.Gradients))
}

// TestAutocorrelationOfPaths: a standard normal's paths of length t correlate with
// their start by cos t, and their squares by its square; steps are exact there for a
// rotation.
func TestAutocorrelationOfPaths(t *testing.T) {
	o := Options{MaxSteps: 1000}
	l := newLengthening(1, span{}, &o)
	l.restart(1.6)
	random := NewStream(2, 0, 0, ReservedPurposes)
	for range 20000 {
		h := &path{}
		q, p := random.Normal(), random.Normal()
		h.passed = append(h.passed, q)
		for step := range 24 {
			sin, cos := math.Sincos(0.1 * float64(step+1))
			h.passed = append(h.passed, cos*q+sin*p)
			h.accepts = append(h.accepts, 1)
		}
		l.add(h, 0.1)
	}
	for step := 1; step < 24; step++ {
		at := 0.1 * float64(step) / l.width()
		cos := math.Cos(0.1 * float64(step))
		require.InDelta(t, cos, l.correlation(l.Passing, at, 0), 0.05)
		require.InDelta(t, cos*cos, l.correlation(l.Squares, at, 0), 0.08)
	}
	best := l.best(0.1, 1000)
	require.InDelta(t, 1.6, best, 0.35) // (1 - cos t)/(t sqrt(1 + cos^2 t)), jittered, is largest near 1.8
}
