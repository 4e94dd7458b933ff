package nuts

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

// curved is a density that bends: (a, b) and noise (z0, z1) with
// 1.5 - a tanh(b) - z0 exp(0.3 b) - z1^2/2 ~ N(0, 0.6^2).
var curved = noiseTarget{n: 2, hostTarget: hostTarget{dim: 4, density: func(q, g []float64) float64 {
	a, b, z0, z1 := q[0], q[1], q[2], q[3]
	t, e := math.Tanh(b), math.Exp(0.3*b)
	r := 1.5 - a*t - z0*e - z1*z1/2
	w := r / (0.6 * 0.6)
	g[0] = w*t - a
	g[1] = w*(a*(1-t*t)+0.3*z0*e) - b
	g[2] = w*e - z0
	g[3] = w*z1 - z1
	return -0.5 * (r*w + a*a + b*b + z0*z0 + z1*z1)
}}}

// TestIntegrators: with every metric, steps of both integrators forth and back return
// to where they began, and the map of (q, p) keeps volumes: the determinant of its
// Jacobian, by differences of sixth order, is 1. Both to 1e-10.
func TestIntegrators(t *testing.T) {
	for _, integrates := range []Integrator{Leapfrog, Rotation} {
		for _, kind := range []string{"unit", "diagonal", "dense"} {
			t.Run(fmt.Sprintf("%v %s", integrates, kind), func(t *testing.T) {
				noise := span{}
				if integrates == Rotation {
					noise = span{2, 4}
				}
				d := newDynamics(newIntegrator(newMetric(4, []int{0, 1}), noise))
				if kind != "unit" {
					copy(d.inverseMass, []float64{0.5, 2, 0.3, 1.4})
					d.refresh()
				}
				if kind == "dense" {
					d.setCovariance([]float64{0.5, 0.6, 0.6, 2})
					require.NotNil(t, d.covariance)
				}
				const steps = 5
				leap := func(state []float64) []float64 {
					x := newPhase(4)
					copy(x.q, state[:4])
					copy(x.p, state[4:])
					curved.density(x.q, x.gradient)
					for range steps {
						d.firstHalf(&x, 0.2)
						curved.density(x.q, x.gradient)
						require.Equal(t, d.secondHalf(&x, 0.2), d.kinetic(x.p))
					}
					return append(append([]float64(nil), x.q...), x.p...)
				}
				start := []float64{0.4, -0.7, 0.3, 1.1, 0.2, -0.8, 0.5, -0.3}
				end := leap(start)
				turned := append([]float64(nil), end...)
				for i := 4; i < 8; i++ {
					turned[i] = -turned[i]
				}
				back := leap(turned)
				for i := range 4 {
					require.InDelta(t, start[i], back[i], 1e-10)
					require.InDelta(t, -start[4+i], back[4+i], 1e-10)
				}
				jacobian := mat.NewDense(8, 8, nil)
				const h = 0.005
				for j := range 8 {
					at := func(k float64) []float64 {
						moved := append([]float64(nil), start...)
						moved[j] += k * h
						return leap(moved)
					}
					up1, up2, up3, down1, down2, down3 := at(1), at(2), at(3), at(-1), at(-2), at(-3)
					for i := range 8 {
						jacobian.Set(i, j, (45*(up1[i]-down1[i])-9*(up2[i]-down2[i])+up3[i]-down3[i])/(60*h))
					}
				}
				require.InDelta(t, 1, mat.Det(jacobian), 1e-10)
			})
		}
	}
}

// TestDenseMetric: momenta drawn with a covariance matrix have its inverse as theirs,
// and kinetic energy and velocity agree with the matrix.
func TestDenseMetric(t *testing.T) {
	m := newMetric(3, []int{0, 2})
	m.inverseMass[1] = 4
	m.refresh()
	m.setCovariance([]float64{2, 1.2, 1.2, 1})
	inverse := [3][3]float64{{1 / 0.56, 0, -1.2 / 0.56}, {0, 0.25, 0}, {-1.2 / 0.56, 0, 2 / 0.56}} // determinant 2 - 1.44
	random := NewStream(3, 0, 0, ReservedPurposes)
	const draws = 200000
	var second [3][3]float64
	p, v := make([]float64, 3), make([]float64, 3)
	for range draws {
		m.momentum(p, &random)
		for i := range p {
			for j := range p {
				second[i][j] += p[i] * p[j] / draws
			}
		}
	}
	for i := range second {
		for j := range second {
			// The variance of p_i p_j is S_ii S_jj + S_ij^2: 5 standard errors.
			sd := math.Sqrt((inverse[i][i]*inverse[j][j] + inverse[i][j]*inverse[i][j]) / draws)
			require.InDelta(t, inverse[i][j], second[i][j], 5*sd)
		}
	}
	m.velocity(v, []float64{1, 2, 3})
	require.InDeltaSlice(t, []float64{2 + 3.6, 8, 1.2 + 3}, v, 1e-14)
	require.InDelta(t, (5.6+16+12.6)/2, m.kinetic([]float64{1, 2, 3}), 1e-12)
	m.setCovariance([]float64{1, 2, 2, 1}) // not positive definite
	require.Nil(t, m.covariance)
}

// TestEstimates: what a window gathers is the variance, covariance and gradient
// variance of its draws, whether one chain saw them or several did.
func TestEstimates(t *testing.T) {
	random := NewStream(5, 0, 0, ReservedPurposes)
	var all []phase
	for range 60 {
		x := newPhase(3)
		for i := range x.q {
			x.q[i], x.gradient[i] = random.Normal()*float64(i+1), random.Normal()/float64(i+2)
		}
		x.q[2] += x.q[0]
		all = append(all, x)
	}
	for _, kind := range []Metric{MetricVariance, MetricDense, MetricGradient} {
		whole := newEstimate(kind, 3, []int{0, 2})
		parts := []*estimate{newEstimate(kind, 3, []int{0, 2}), newEstimate(kind, 3, []int{0, 2}), newEstimate(kind, 3, []int{0, 2})}
		for i := range all {
			whole.add(&all[i])
			parts[i%3].add(&all[i])
		}
		parts[0].merge(parts[1])
		parts[0].merge(parts[2])
		one, several := newMetric(3, []int{0, 2}), newMetric(3, []int{0, 2})
		covariance := whole.Products
		if kind == MetricDense {
			mean0, mean2, want := 0.0, 0.0, 0.0
			for _, x := range all {
				mean0, mean2 = mean0+x.q[0]/60, mean2+x.q[2]/60
			}
			for _, x := range all {
				want += (x.q[0] - mean0) * (x.q[2] - mean2)
			}
			require.InDelta(t, want, covariance[1], 1e-10)
			require.InDelta(t, want, covariance[2], 1e-10)
		}
		whole.into(one)
		parts[0].into(several)
		require.InDeltaSlice(t, one.inverseMass, several.inverseMass, 1e-12)
		require.InDeltaSlice(t, one.covariance, several.covariance, 1e-12)
		require.Zero(t, parts[0].Count)
	}
}
