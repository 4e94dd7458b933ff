package loo

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestConjugate: the mean theta of n observations with variance 1 has a normal prior of
// variance 100, so that the density of each given the others is known. The draws of
// the posterior are quantiles, which leaves the error of the smoothing alone.
func TestConjugate(t *testing.T) {
	y := []float64{0.3, -1.2, 0.8, 2.5, -0.4, 1.1, 0.2, -0.9, 1.7, 0.5, -0.1, 0.6}
	const draws = 4000
	posterior := func(without int) (mean, variance float64) {
		precision, sum := 1.0/100, 0.0
		for i, v := range y {
			if i != without {
				precision++
				sum += v
			}
		}
		return sum / precision, 1 / precision
	}
	logNormal := func(x, mean, variance float64) float64 {
		return -0.5 * (math.Log(2*math.Pi*variance) + (x-mean)*(x-mean)/variance)
	}
	mean, variance := posterior(-1)
	theta := make([]float64, draws)
	for s := range theta {
		theta[s] = mean + math.Sqrt(2*variance)*math.Erfinv(2*(float64(s)+0.5)/draws-1)
	}
	for i, v := range y {
		l := make([]float64, draws)
		for s := range l {
			l[s] = logNormal(v, theta[s], 1)
		}
		p := Leave(l, 1)
		m, q := posterior(i)
		require.InDelta(t, logNormal(v, m, q+1), p.ELPD, 2e-3, "observation %d", i)
		require.InDelta(t, logNormal(v, mean, variance+1), p.LPD, 1e-3, "observation %d", i)
		require.Less(t, p.Shape, 0.5)

		// The weights make the posterior the one without the observation.
		first := 0.0
		for s, w := range p.LogWeights {
			first += math.Exp(w) * theta[s]
		}
		require.InDelta(t, m, first, 5e-3)
	}
}
