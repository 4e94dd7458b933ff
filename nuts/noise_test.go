package nuts

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// noiseTarget is y ~ N(theta + a.z, s^2) with theta and every z standard normal a
// priori, a with n equal elements and |a| = 1. Given y, theta and a.z have the mean
// y/(2+s^2), variances 1 - 1/(2+s^2) and covariance -1/(2+s^2).
type noiseTarget struct {
	hostTarget
	n int
}

func (t noiseTarget) Noise() (first, count int) { return 1, t.n }

func newNoiseTarget(n int, y, s float64) noiseTarget {
	a := 1 / math.Sqrt(float64(n))
	return noiseTarget{n: n, hostTarget: hostTarget{dim: n + 1, density: func(q, g []float64) float64 {
		sum, square := q[0], q[0]*q[0]
		for _, z := range q[1:] {
			sum += a * z
			square += z * z
		}
		r := (y - sum) / (s * s)
		g[0] = r - q[0]
		for i, z := range q[1:] {
			g[i+1] = a*r - z
		}
		return -0.5*square - 0.5*r*(y-sum)
	}}}
}

// flatNoise has no likelihood at all.
func flatNoise(n int) noiseTarget { return newNoiseTarget(n, 0, 1e12) }

// TestNoiseAlgorithms: means, variances and the covariance of theta and a.z are the
// exact ones. Six figures are held to 5 standard errors (by the effective sample
// sizes of the draws): by chance this fails for fewer than 1 seed in 100,000, and
// the seeds are fixed.
func TestNoiseAlgorithms(t *testing.T) {
	const y, s, n = 3.0, 0.5, 40
	exactMean, exactVariance, exactCovariance := y/(2+s*s), 1-1/(2+s*s), -1/(2+s*s)
	for _, tt := range []struct {
		algorithm  Algorithm
		integrator Integrator
		metric     Metric
		unitNoise  bool
		draws      int
		blocks     int
	}{{NUTS, Leapfrog, MetricVariance, false, 1500, 1}, {NUTS, Rotation, MetricVariance, false, 1500, 1}, {NUTS, Rotation, MetricGradient, false, 1500, 1}, {NUTS, Rotation, MetricDense, false, 1500, 1},
		{NUTS, Rotation, MetricDense, true, 1500, 1}, {HMC, Leapfrog, MetricVariance, false, 1500, 1}, {HMC, Rotation, MetricVariance, false, 1500, 1}, {HMC, Rotation, MetricGradient, false, 1500, 1}, {HMC, Rotation, MetricUnit, false, 1500, 1},
		{RandomWalk, AutoIntegrator, MetricVariance, false, 40000, 1}, {RandomWalk, AutoIntegrator, MetricVariance, false, 20000, 4}} {
		t.Run(fmt.Sprintf("%v %v %v %d", tt.algorithm, tt.integrator, tt.metric, tt.blocks), func(t *testing.T) {
			run := sample(t, newNoiseTarget(n, y, s), Options{Chains: 4, Warmup: 500, Draws: tt.draws, Seed: 3, TargetAccept: 0.8, Algorithm: tt.algorithm, Integrator: tt.integrator, Metric: tt.metric, UnitNoise: tt.unitNoise, Blocks: tt.blocks})
			if tt.unitNoise {
				require.Equal(t, 1.0, run.InverseMass[0][n])
				require.NotEqual(t, 1.0, run.InverseMass[0][0])
			}
			theta, projection := run.Coordinate(0), make([][]float64, 4)
			for c, draws := range run.Positions {
				for _, q := range draws {
					sum := 0.0
					for _, z := range q[1:] {
						sum += z / math.Sqrt(n)
					}
					projection[c] = append(projection[c], sum)
				}
			}
			near := func(name string, want float64, f func(theta, sum float64) float64) {
				values := make([][]float64, 4)
				for c := range theta {
					for d := range theta[c] {
						values[c] = append(values[c], f(theta[c][d], projection[c][d]))
					}
				}
				stats := Describe(values)
				require.InDelta(t, want, stats.Mean, 5*stats.MCSEMean, name)
				require.Greater(t, stats.ESSBulk, 200.0, name)
			}
			near("mean of theta", exactMean, func(x, _ float64) float64 { return x })
			near("mean of a.z", exactMean, func(_, z float64) float64 { return z })
			near("variance of theta", exactVariance, func(x, _ float64) float64 { return (x - exactMean) * (x - exactMean) })
			near("variance of a.z", exactVariance, func(_, z float64) float64 { return (z - exactMean) * (z - exactMean) })
			near("covariance", exactCovariance, func(x, z float64) float64 { return (x - exactMean) * (z - exactMean) })
			if tt.algorithm == RandomWalk {
				require.Zero(t, run.Gradients)
				require.Positive(t, run.Values)
				require.Len(t, run.Acceptance[0], 1+tt.blocks)
				for _, rates := range run.Acceptance {
					require.InDelta(t, walkAccept, rates[0], 0.1)
				}
			}
		})
	}
}

// TestRotationIsExact: without a likelihood a step has no energy error, whatever
// its angle, and turns noise and momentum.
func TestRotationIsExact(t *testing.T) {
	target := flatNoise(7)
	tree := newTrajectory(newDynamics(newIntegrator(newMetric(8, nil), noiseOf(target))), 10)
	x := newPhase(8)
	for i := range x.q {
		x.q[i], x.p[i] = float64(i)-2.5, 0.3*float64(i*i)-4
	}
	x.q[0], x.p[0] = 0, 0 // theta has a prior that the rotation does not solve
	q, p := append([]float64(nil), x.q...), append([]float64(nil), x.p...)
	x.logDensity = target.density(x.q, x.gradient)
	energy := tree.kinetic(x.p) - x.logDensity
	for range 4 {
		tree.firstHalf(&x, 1.3)
		x.logDensity = target.density(x.q, x.gradient)
		kinetic := tree.secondHalf(&x, 1.3)
		require.Equal(t, tree.kinetic(x.p), kinetic)
		require.InDelta(t, energy, kinetic-x.logDensity, 1e-12*math.Abs(energy))
	}
	sin, cos := math.Sincos(4 * 1.3)
	for i := 1; i < 8; i++ {
		require.InDelta(t, cos*q[i]+sin*p[i], x.q[i], 1e-10)
		require.InDelta(t, cos*p[i]-sin*q[i], x.p[i], 1e-10)
	}
}

// TestStepSizeAndDimension: the adapted step of the rotation does not know how many
// noise coordinates there are; that of the leapfrog falls.
func TestStepSizeAndDimension(t *testing.T) {
	step := func(i Integrator, n int) float64 {
		run := sample(t, newNoiseTarget(n, 2, 1), Options{Chains: 2, Warmup: 150, Draws: 4, Seed: 5, Integrator: i, Metric: MetricUnit})
		return math.Sqrt(run.StepSizes[0] * run.StepSizes[1])
	}
	few, many := step(Rotation, 10), step(Rotation, 4000)
	t.Logf("rotation: %.3f with 10, %.3f with 4000", few, many)
	require.InDelta(t, 0, math.Log(many/few), math.Log(1.5))
	require.Less(t, step(Leapfrog, 4000), 0.7*step(Leapfrog, 10))
}

// TestCrankNicolsonWithoutLikelihood: steps that keep the prior are always
// accepted, whatever beta.
func TestCrankNicolsonWithoutLikelihood(t *testing.T) {
	for _, beta := range []float64{0.1, 0.9, 1} {
		run := sample(t, flatNoise(30), Options{Chains: 2, Draws: 50, Seed: 1, Algorithm: RandomWalk, CrankNicolson: beta})
		require.InDelta(t, 1, run.Acceptance[0][1], 1e-12)
		require.Equal(t, beta, run.CrankNicolson[1])
	}
}

// TestNoiseAlgorithmsAreDeterministic: the groups that chains are run in do not
// matter.
func TestNoiseAlgorithmsAreDeterministic(t *testing.T) {
	for _, a := range []Algorithm{NUTS, HMC, RandomWalk} {
		o := Options{Chains: 5, Warmup: 60, Draws: 20, Seed: 9, Algorithm: a, Groups: 1}
		first := sample(t, newNoiseTarget(6, 1, 0.5), o)
		o.Groups = 3
		second := sample(t, newNoiseTarget(6, 1, 0.5), o)
		require.Equal(t, first.Positions, second.Positions)
		require.Equal(t, first.Stats, second.Stats)
	}
}

// TestAlgorithmErrors: impossible settings are told before anything runs.
func TestAlgorithmErrors(t *testing.T) {
	for text, o := range map[string]Options{
		"runs on the host": {Algorithm: RandomWalk, Sampler: OnDevice},
		"there is no":      {Algorithm: 9},
		"of scale -1":      {Algorithm: RandomWalk, WalkScale: -1},
		"beta 1.5":         {Algorithm: RandomWalk, CrankNicolson: 1.5},
		"-2 blocks":        {Algorithm: RandomWalk, Blocks: -2},
	} {
		_, err := Sample(context.Background(), noDevice{}, flatNoise(3), o)
		require.ErrorContains(t, err, text)
	}
	_, err := Sample(context.Background(), noDevice{}, normalTarget(make([]float64, largestDense+1)...), Options{Metric: MetricDense, Draws: 1})
	require.ErrorContains(t, err, "a dense metric of 2049 coordinates")
	_, err = ParseAlgorithm("split")
	require.ErrorContains(t, err, "use nuts, hmc or rw")
	for _, a := range []Algorithm{NUTS, HMC, RandomWalk} {
		parsed, err := ParseAlgorithm(a.String())
		require.NoError(t, err)
		require.Equal(t, a, parsed)
	}
}

// TestNoFiniteStart: a target without a finite point is an error for every
// algorithm, one with few of them is not.
func TestNoFiniteStart(t *testing.T) {
	for _, a := range []Algorithm{NUTS, HMC, RandomWalk} {
		nowhere := hostTarget{dim: 2, density: func(q, g []float64) float64 { return math.NaN() }}
		_, err := Sample(context.Background(), noDevice{}, nowhere, Options{Draws: 4, Algorithm: a})
		require.Error(t, err)
		half := hostTarget{dim: 2, density: func(q, g []float64) float64 {
			if q[0] < 0.8 {
				return math.Inf(-1)
			}
			g[0], g[1] = 1-q[0], -q[1]
			return q[0] - q[0]*q[0]/2 - q[1]*q[1]/2
		}}
		_, err = Sample(context.Background(), noDevice{}, half, Options{Draws: 4, Algorithm: a})
		require.NoError(t, err)
	}
}
