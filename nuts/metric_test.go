package nuts

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDenseMetricOfFewDraws: where a window has too few draws for a covariance matrix
// the dense metric stays diagonal. One made of them would be nearly singular, and this
// standard normal takes a hundred times the gradients.
func TestDenseMetricOfFewDraws(t *testing.T) {
	sd := make([]float64, 60)
	for i := range sd {
		sd[i] = 1
	}
	for _, a := range []Algorithm{NUTS, HMC} {
		run := sample(t, normalTarget(sd...), Options{Algorithm: a, Metric: MetricDense, Warmup: 150, Draws: 200, Seed: 1})
		leapfrogs := 0.0
		for d := range run.Draws() {
			leapfrogs += float64(d.Stats.Leapfrogs) / 800
		}
		require.Less(t, leapfrogs, 16.0, "%v", a)
		for i := range 5 {
			require.Greater(t, ESSMean(run.Coordinate(i)), 300.0, "%v", a)
		}
	}
}

// TestDenseMetricFindsCorrelations: with enough draws it makes a normal with
// correlation 0.999 as cheap as one without.
func TestDenseMetricFindsCorrelations(t *testing.T) {
	for _, a := range []Algorithm{NUTS, HMC} {
		run := sample(t, correlatedTarget(0.999), Options{Algorithm: a, Metric: MetricDense, Warmup: 300, Draws: 300, Seed: 1})
		leapfrogs := 0.0
		for d := range run.Draws() {
			leapfrogs += float64(d.Stats.Leapfrogs) / 1200
		}
		require.Less(t, leapfrogs, 8.0, "%v", a)
		require.Greater(t, ESSMean(run.Coordinate(0)), 400.0, "%v", a)
	}
}
