package prior_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/bffg/prior"
	"github.com/hxgpu/hxgpu/tensor"
)

// TestDrawsFollowTheDensity: the share of draws in each of ten intervals is the
// integral of the density over it, within 4.5 standard errors. Of 90 comparisons one
// fails by chance in 1,600 runs; the seed is fixed.
func TestDrawsFollowTheDensity(t *testing.T) {
	const n = 40000
	for _, text := range []string{"normal(1,2)", "lognormal(-1,0.7)", "half_normal(2)", "exponential(3)", "gamma(2.5,4)", "gamma(0.7,1)",
		"inverse_gamma(3,2)", "uniform(-1,3)", "log_uniform(0.1,10)"} {
		d, err := prior.Parse(text)
		require.NoError(t, err)
		source := rand.NewPCG(1, 2)
		draws := make([]float64, n)
		for i := range draws {
			draws[i] = d.Draw(source)
		}
		low, high := math.Inf(1), math.Inf(-1)
		for _, x := range draws[:400] {
			low, high = math.Min(low, x), math.Max(high, x)
		}
		width := (high - low) / 10
		for k := range 10 {
			from, inside := low+float64(k)*width, 0
			for _, x := range draws {
				if x >= from && x < from+width {
					inside++
				}
			}
			const cells = 2000 // of the midpoint rule
			at := make([]float64, cells)
			for i := range at {
				at[i] = from + (float64(i)+0.5)*width/cells
			}
			share := 0.0
			x := tensor.Input("x", cells)
			out, err := tensor.Evaluate([]tensor.Value{d.LogDensity(x)}, map[*tensor.Node][]float64{x.Node(): at})
			require.NoError(t, err)
			for _, l := range out[0] {
				share += math.Exp(l) * width / cells
			}
			require.InDelta(t, share, float64(inside)/n, 4.5*math.Sqrt(share*(1-share)/n)+1e-5, "%v between %g and %g", d, from, from+width)
		}
	}
}

// TestCorrelationsOfLKJ: every correlation of an n x n matrix has the marginal
// 2 B - 1 with B ~ Beta(b, b), b = shape - 1 + n/2: variance 1/(2b+1).
func TestCorrelationsOfLKJ(t *testing.T) {
	const draws = 4000
	for _, shape := range []float64{0.7, 1, 3} {
		for _, n := range []int{2, 3, 4} {
			source := rand.NewPCG(3, 4)
			u := tensor.Input("u", n*(n-1)/2)
			factor, _ := prior.LKJ(shape).CorrelationFactor(u, n)
			matrix := []tensor.Value{factor.MatMul(factor.Transpose())}
			second := make([]float64, n*n)
			fourth := make([]float64, n*n)
			for range draws {
				out, err := tensor.Evaluate(matrix, map[*tensor.Node][]float64{u.Node(): prior.LKJ(shape).DrawCorrelation(n, source)})
				require.NoError(t, err)
				for i := range n {
					for j := range i {
						r := out[0][i*n+j]
						second[i*n+j] += r * r / draws
						fourth[i*n+j] += r * r * r * r / draws
					}
				}
			}
			want := 1 / (2*(shape-1+float64(n)/2) + 1)
			for i := range n {
				for j := range i {
					v := second[i*n+j]
					require.InDelta(t, want, v, 4.5*math.Sqrt((fourth[i*n+j]-v*v)/draws), "shape %v, element (%d,%d) of %d", shape, i, j, n)
				}
			}
		}
	}
}
