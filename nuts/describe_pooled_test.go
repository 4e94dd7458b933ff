package nuts

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPooled: of trees whose means are normal with variance B and whose draws are
// independent with variance W, the share between them is B/(B+W), and the error of
// the mean is that of the trees. A test of 200 trees with 4 x 50 draws each: the
// variance of the means has a relative standard error of 10 %, the bounds are 4 of
// these, so that a chance failure has a probability below 1e-3; the seed is fixed.
func TestPooled(t *testing.T) {
	const trees, chains, n = 200, 4, 50
	for _, between := range []float64{0, 0.25, 4} {
		random := NewStream(1, 2, 3, PurposeSimulation)
		draws := make([][][]float64, trees)
		for i := range draws {
			mean := 5 + math.Sqrt(between)*random.Normal()
			for range chains {
				x := make([]float64, n)
				for d := range x {
					x[d] = mean + random.Normal()
				}
				draws[i] = append(draws[i], x)
			}
		}
		p := DescribePooled(draws)
		share := between / (between + 1)
		require.InDelta(t, share, p.Between, 0.4*share*(1-share)+0.01)
		require.InEpsilon(t, math.Sqrt(1+between), p.SD, 0.2)
		require.InEpsilon(t, math.Sqrt(1.0/(trees*chains*n)), p.MCSEWithin, 0.1)
		require.InEpsilon(t, math.Sqrt((between+1.0/(chains*n))/trees), p.MCSEMean, 0.2)
		require.Less(t, math.Abs(p.Mean-5), 4*p.MCSEMean)
		require.Less(t, p.Q2_5, p.Median)
		require.InDelta(t, 5+1.96*math.Sqrt(1+between), p.Q97_5, 0.3*math.Sqrt(1+between))
		// R-hat and ESS are those of a tree: trees that differ do not count as chains
		// that disagree.
		require.Less(t, p.Rhat, 1.1)
		require.Greater(t, p.ESSBulk, 60.0)
	}
}

// TestPooledOfCorrelatedTrees: trees that come from a chain with autocorrelation r count
// as n(1-r)/(1+r) trees. Of 1,000 trees with r = 0.8 these are 111; the estimate has a
// relative standard error of some 15 %, the bound is 50 %.
func TestPooledOfCorrelatedTrees(t *testing.T) {
	random := NewStream(2, 2, 3, PurposeSimulation)
	draws := make([][][]float64, 1000)
	mean := 0.0
	for i := range draws {
		mean = 0.8*mean + 0.6*random.Normal()
		draws[i] = make([][]float64, 2)
		for c := range draws[i] {
			for range 10 {
				draws[i][c] = append(draws[i][c], mean+0.1*random.Normal())
			}
		}
	}
	p := DescribePooled(draws)
	require.InEpsilon(t, 1000.0/9, p.Trees, 0.5)
	require.InEpsilon(t, 1/math.Sqrt(p.Trees), p.MCSEMean, 0.3)
	require.EqualValues(t, 10, DescribePooled(draws[:10]).Trees)
}
