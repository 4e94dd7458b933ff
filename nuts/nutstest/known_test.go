package nutstest_test

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/nuts"
	"github.com/hxgpu/hxgpu/nuts/nutstest"
)

func all() []nutstest.Known {
	return []nutstest.Known{nutstest.Normal(1), nutstest.Normal(10), nutstest.Autoregressive(2, 0.95), nutstest.Autoregressive(100, 0.7), nutstest.Wishart(10, 2),
		nutstest.Funnel(10, 3), nutstest.Funnel(10, 1), nutstest.Banana(2, 0.25), nutstest.StudentT(5, 10), nutstest.Regression(40, 6)}
}

// TestMoments: the means of 40,000 independent draws are the stated ones within 4.5
// standard errors; of some 50 comparisons one would fail by chance for 1 seed in
// 3,000.
func TestMoments(t *testing.T) {
	const draws = 40000
	for _, k := range all() {
		random := nuts.NewStream(1, 0, 0, nuts.ReservedPurposes)
		q := make([]float64, k.Target.Dim())
		sum, squares := make([]float64, len(k.Moments)), make([]float64, len(k.Moments))
		for range draws {
			k.Draw(&random, q)
			for i, m := range k.Moments {
				x := m.Of(q) - m.Mean
				sum[i] += x / draws
				squares[i] += x * x / draws
			}
		}
		for i, m := range k.Moments {
			require.LessOrEqual(t, math.Abs(sum[i]), 4.5*math.Sqrt(squares[i]/draws), "%s: %s", k.Name, m.Name)
			require.Positive(t, squares[i])
		}
	}
}

// TestDensities: log density and gradient agree, by central differences; and the
// density is that of the draws, since E[f grad log p + grad f] = 0 for every f
// (Stein's identity), here f = x_i of every coordinate, within 5 standard errors: by
// chance that fails for 1 seed in 10,000.
func TestDensities(t *testing.T) {
	const draws, chains, h = 4000, 2, 1e-5
	for _, k := range all() {
		dim := k.Target.Dim()
		e, err := k.Target.Open(nil, chains)
		require.NoError(t, err)
		random := nuts.NewStream(2, 0, 0, nuts.ReservedPurposes)
		one, q := make([]float64, dim), make([]float64, dim*chains)
		grad, ignored, logp, up, down := make([]float64, len(q)), make([]float64, len(q)), make([]float64, chains), make([]float64, chains), make([]float64, chains)
		draw := func() {
			for c := range chains {
				k.Draw(&random, one)
				for i, x := range one {
					q[i*chains+c] = x
				}
			}
			require.NoError(t, e.Gradient(context.Background(), q, logp, grad))
		}
		draw()
		for i := range dim {
			at := &q[i*chains+1]
			x := *at
			*at = x + h
			require.NoError(t, e.Gradient(context.Background(), q, up, ignored))
			*at = x - h
			require.NoError(t, e.Gradient(context.Background(), q, down, ignored))
			*at = x
			want := (up[1] - down[1]) / (2 * h)
			require.InDelta(t, want, grad[i*chains+1], 1e-5*(1+math.Abs(want)), "%s, coordinate %d", k.Name, i)
			require.Equal(t, logp[0], up[0], "the other chain is not touched")
		}
		sum, squares := make([]float64, dim), make([]float64, dim)
		for range draws {
			draw()
			for i := range dim {
				stein := q[i*chains]*grad[i*chains] + 1
				sum[i] += stein / draws
				squares[i] += stein * stein / draws
			}
		}
		for i := range dim {
			require.LessOrEqual(t, math.Abs(sum[i]), 5*math.Sqrt(squares[i]/draws), "%s, coordinate %d", k.Name, i)
		}
		require.NoError(t, e.Close())
	}
}

// TestNoise: the noise of the regression is what it says, and nothing else has any.
func TestNoise(t *testing.T) {
	for _, k := range all() {
		w, ok := k.Target.(nuts.Whitened)
		require.Equal(t, k.Name == "regression with 40 noise", ok)
		if ok {
			first, count := w.Noise()
			require.Equal(t, [2]int{2, 40}, [2]int{first, count})
		}
	}
}
