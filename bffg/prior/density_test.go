package prior_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/bffg/prior"
)

// TestDensity: the density is 0 outside the support, integrates to 1, and has the
// values of closed forms.
func TestDensity(t *testing.T) {
	for text, at := range map[string]struct{ x, want float64 }{
		"normal(1,2)": {1, 1 / (2 * math.Sqrt(2*math.Pi))}, "lognormal(0,1)": {1, 1 / math.Sqrt(2*math.Pi)}, "half_normal(1)": {0.5, 2 / math.Sqrt(2*math.Pi) * math.Exp(-0.125)},
		"exponential(2)": {1, 2 * math.Exp(-2)}, "gamma(2,3)": {1, 9 * math.Exp(-3)}, "inverse_gamma(2,1)": {1, math.Exp(-1)}, "uniform(-1,3)": {2, 0.25}, "log_uniform(1,10)": {5, 1 / (5 * math.Log(10))}} {
		d, err := prior.Parse(text)
		require.NoError(t, err)
		require.InEpsilon(t, at.want, d.Density(at.x, 1), 1e-12, text)
		if d.Support() != prior.Real {
			require.Zero(t, d.Density(-2, 1), text)
		}
	}
	// One correlation of lkj(1) among two is uniform, among three it is not.
	require.InEpsilon(t, 0.5, prior.LKJ(1).Density(0.3, 2), 1e-12)
	require.InEpsilon(t, 2/math.Pi*math.Sqrt(1-0.09), prior.LKJ(1).Density(0.3, 3), 1e-12)
	require.Zero(t, prior.LKJ(1).Density(1, 2))
	for _, shape := range []float64{0.7, 1, 4} {
		for _, n := range []int{3, 5} {
			sum := 0.0
			for i := range 20000 {
				sum += prior.LKJ(shape).Density(-1+2*(float64(i)+0.5)/20000, n) * 2 / 20000
			}
			require.InDelta(t, 1, sum, 1e-3, "lkj(%v) of %d", shape, n)
		}
	}
}
