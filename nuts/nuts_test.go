package nuts

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc64"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/shaders"
)

// hostTarget is a target computed in Go, chain by chain.
type hostTarget struct {
	dim     int
	density func(q, gradient []float64) float64
	fail    error
}

func (t hostTarget) Dim() int { return t.dim }

func (t hostTarget) Open(_ device.Device, chains int) (Evaluator, error) {
	return &hostEvaluator{t, chains, make([]float64, t.dim), make([]float64, t.dim)}, nil
}

type hostEvaluator struct {
	hostTarget
	chains      int
	q, gradient []float64
}

func (e *hostEvaluator) Gradient(ctx context.Context, q, logp, grad []float64) error {
	if e.fail != nil {
		return e.fail
	}
	for c := range e.chains {
		gather(q, c, e.chains, e.q)
		logp[c] = e.density(e.q, e.gradient)
		scatter(grad, c, e.chains, e.gradient)
	}
	return ctx.Err()
}

func (e *hostEvaluator) Close() error { return nil }

// noDevice is a device with a number of workers and nothing else.
type noDevice struct{ device.Device }

func (noDevice) Info() device.Info { return device.Info{Name: "test", Workers: 2} }

var _ = shaders.Float

func normalTarget(sd ...float64) hostTarget {
	return hostTarget{dim: len(sd), density: func(q, g []float64) float64 {
		sum := 0.0
		for i, x := range q {
			g[i] = -x / (sd[i] * sd[i])
			sum += x * g[i] / 2
		}
		return sum
	}}
}

// correlatedTarget is a bivariate normal with unit variances.
func correlatedTarget(rho float64) hostTarget {
	return hostTarget{dim: 2, density: func(q, g []float64) float64 {
		d := 1 - rho*rho
		g[0], g[1] = -(q[0]-rho*q[1])/d, -(q[1]-rho*q[0])/d
		return (q[0]*g[0] + q[1]*g[1]) / 2
	}}
}

func sample(t testing.TB, target Target, o Options) *Run {
	run, err := Sample(context.Background(), noDevice{}, target, o)
	require.NoError(t, err)
	return run
}

// checkMoment compares the mean of a function of the draws with its true value:
// within 4.5 Monte Carlo standard errors. For a normal error that fails by chance
// once in 150,000 comparisons; seeds are fixed, so a pass stays a pass.
func checkMoment(t *testing.T, name string, draws [][]float64, truth float64) {
	t.Helper()
	require.InDelta(t, truth, meanOf(pool(draws)), 4.5*MCSEMean(draws), name)
}

func apply(draws [][]float64, f func(float64) float64) [][]float64 {
	out := make([][]float64, len(draws))
	for c, x := range draws {
		for _, v := range x {
			out[c] = append(out[c], f(v))
		}
	}
	return out
}

func TestMomentsOfNormals(t *testing.T) {
	hundred := make([]float64, 100)
	for i := range hundred {
		hundred[i] = math.Pow(10, float64(i%5)-2)
	}
	targets := map[string]struct {
		target hostTarget
		sd     []float64
	}{
		"one":        {normalTarget(3), []float64{3}},
		"scales":     {normalTarget(0.01, 1, 100), []float64{0.01, 1, 100}},
		"correlated": {correlatedTarget(0.95), []float64{1, 1}},
		"hundred":    {normalTarget(hundred...), hundred},
	}
	for name, c := range targets {
		t.Run(name, func(t *testing.T) {
			for seed := uint64(1); seed <= 3; seed++ {
				run := sample(t, c.target, Options{Warmup: 1000, Draws: 1000, Seed: seed})
				require.Zero(t, run.Divergences())
				for i := range min(len(c.sd), 5) {
					draws := run.Coordinate(i)
					checkMoment(t, fmt.Sprintf("mean of %d", i), draws, 0)
					checkMoment(t, fmt.Sprintf("variance of %d", i), apply(draws, func(x float64) float64 { return x * x }), c.sd[i]*c.sd[i])
					require.Less(t, Rhat(draws), 1.02)
				}
			}
		})
	}
}

// TestEfficiency: on a 33-dimensional standard normal a draw is worth about one
// independent one and costs about 7 leapfrog steps, and the acceptance statistic
// meets its target.
func TestEfficiency(t *testing.T) {
	sd := make([]float64, 33)
	for i := range sd {
		sd[i] = 1
	}
	run := sample(t, normalTarget(sd...), Options{Warmup: 1000, Draws: 2000, Seed: 5})
	accept, leapfrogs := 0.0, 0.0
	for d := range run.Draws() {
		accept += d.Stats.AcceptProb / 8000
		leapfrogs += float64(d.Stats.Leapfrogs) / 8000
	}
	require.InDelta(t, 0.8, accept, 0.1) // the smoothed step size errs on the small side, as in Stan
	require.InDelta(t, 7, leapfrogs, 1)
	require.Greater(t, ESSBulk(run.Coordinate(0))/8000, 0.9)
}

// TestGroupsDoNotMatter: equal seeds give equal bits however chains are grouped, also
// where chains share what they adapt together.
func TestGroupsDoNotMatter(t *testing.T) {
	for _, o := range []Options{
		{Algorithm: NUTS, Chains: 5},
		{Algorithm: NUTS, Chains: 21, Pooled: true, Metric: MetricDense, Integrator: Rotation},
		{Algorithm: HMC, Chains: 21},
		{Algorithm: HMC, Chains: 21, StepJitter: 0.3, Metric: MetricGradient},
	} {
		o.Warmup, o.Draws, o.Seed, o.KeepWarmup = 60, 40, 9, true
		var first *Run
		for _, groups := range []int{1, 2, 3, 5, o.Chains} {
			o.Groups = groups
			run := sample(t, curved, o)
			if first == nil {
				first = run
			}
			require.Equal(t, first.Positions, run.Positions)
			require.Equal(t, first.Stats, run.Stats)
			require.Equal(t, first.WarmupPositions, run.WarmupPositions)
			require.Equal(t, first.InverseMass, run.InverseMass)
		}
		o.Seed = 10
		require.NotEqual(t, first.Positions, sample(t, curved, o).Positions)
	}
}

// TestLayout: vectors come back from [dimension][chain] as they went there, and go
// nowhere else.
func TestLayout(t *testing.T) {
	const dim = 3
	for _, n := range []int{1, 5, together, 19} {
		for k := range n {
			for count := 1; count <= min(together, n-k); count++ {
				all := make([]float64, dim*n)
				some, back := make([][]float64, count), make([][]float64, count)
				for j := range some {
					some[j], back[j] = []float64{float64(100*j + 1), float64(100*j + 2), float64(100*j + 3)}, make([]float64, dim)
				}
				if count > 1 {
					some[1], back[1] = nil, nil
				}
				scatter(all, k, n, some...)
				for i := range dim {
					for chain := range n {
						want := 0.0
						if j := chain - k; j >= 0 && j < count && some[j] != nil {
							want = some[j][i]
						}
						require.Equal(t, want, all[i*n+chain])
					}
				}
				gather(all, k, n, back...)
				require.Equal(t, some, back)
				if count == together {
					some[1], back[1] = []float64{4, 5, 6}, make([]float64, dim)
					scatter(all, k, n, some...)
					gather(all, k, n, back...)
					require.Equal(t, some, back)
					require.Equal(t, 5.0, all[n+k+1])
				}
			}
		}
	}
}

// TestReversible: leapfrog steps forth and back return to the start, and the
// energy error of a trajectory of fixed length falls with the square of the step.
func TestReversible(t *testing.T) {
	target := correlatedTarget(0.7)
	e, err := target.Open(nil, 1)
	require.NoError(t, err)
	tree := newTrajectory(newDynamics(newIntegrator(newMetric(2, nil), span{})), 10)
	leap := func(x *phase, stepSize float64, steps int) {
		logp := make([]float64, 1)
		for range steps {
			tree.firstHalf(x, stepSize)
			require.NoError(t, e.Gradient(context.Background(), x.q, logp, x.gradient))
			tree.secondHalf(x, stepSize)
		}
		x.logDensity = logp[0]
	}
	errors := map[int]float64{}
	for _, steps := range []int{10, 20, 40} {
		x := newPhase(2)
		copy(x.q, []float64{0.3, -1.2})
		copy(x.p, []float64{0.8, 0.4})
		x.logDensity = target.density(x.q, x.gradient)
		energy := tree.kinetic(x.p) - x.logDensity
		leap(&x, 1.5/float64(steps), steps)
		errors[steps] = math.Abs(tree.kinetic(x.p) - x.logDensity - energy)
		x.p[0], x.p[1] = -x.p[0], -x.p[1]
		leap(&x, 1.5/float64(steps), steps)
		require.InDelta(t, 0.3, x.q[0], 1e-12)
		require.InDelta(t, -1.2, x.q[1], 1e-12)
	}
	require.InDelta(t, 4, errors[10]/errors[20], 0.5)
	require.InDelta(t, 4, errors[20]/errors[40], 0.5)
}

// TestDivergences: a density with a cliff is reported, not an error.
func TestDivergences(t *testing.T) {
	funnel := hostTarget{dim: 2, density: func(q, g []float64) float64 {
		v := math.Exp(-q[0])
		g[0], g[1] = -q[0]/9-0.5+q[1]*q[1]*v/2, -q[1]*v
		return -q[0]*q[0]/18 - q[0]/2 - q[1]*q[1]*v/2
	}}
	run := sample(t, funnel, Options{Warmup: 500, Draws: 2000, Seed: 2})
	require.Positive(t, run.Divergences())
	cliff := hostTarget{dim: 1, density: func(q, g []float64) float64 {
		g[0] = -q[0]
		if q[0] > 1 {
			return math.NaN()
		}
		return -q[0] * q[0] / 2
	}}
	run = sample(t, cliff, Options{Warmup: 200, Draws: 200, Seed: 2})
	for d := range run.Draws() {
		require.LessOrEqual(t, d.Position[0], 1.0)
	}
}

func TestErrors(t *testing.T) {
	nowhere := hostTarget{dim: 1, density: func(q, g []float64) float64 { return math.Inf(-1) }}
	broken := normalTarget(1)
	broken.fail = errors.New("the device is lost")
	cases := []struct {
		target hostTarget
		o      Options
		want   string
	}{
		{nowhere, Options{Chains: 1, Draws: 1}, "no starting position with a finite log density"},
		{broken, Options{Draws: 1}, "evaluating the target: the device is lost"},
		{normalTarget(), Options{Draws: 1}, "dimension 0"},
		{normalTarget(1), Options{Chains: -1}, "-1 chains"},
		{normalTarget(1), Options{Warmup: -1}, "-1 warm-up"},
		{normalTarget(1), Options{Draws: -1}, "-1 draws"},
		{normalTarget(1), Options{TargetAccept: 1}, "between 0 and 1"},
		{normalTarget(1), Options{MaxTreeDepth: 21}, "maximal tree depth 21"},
		{normalTarget(1), Options{Init: [][]float64{{0}}}, "1 starting positions for 4 chains"},
		{normalTarget(1), Options{Chains: 1, Init: [][]float64{{0, 1}}}, "has 2 coordinates"},
		{normalTarget(1), Options{Chains: 1, Init: [][]float64{{math.NaN()}}}, "is NaN"},
		{normalTarget(1), Options{Select: []int{1}}, "coordinate 1 is selected"},
	}
	for _, c := range cases {
		_, err := Sample(context.Background(), noDevice{}, c.target, c.o)
		require.ErrorContains(t, err, c.want)
	}
}

func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	calls := 0
	target := normalTarget(1, 1)
	inner := target.density
	target.density = func(q, g []float64) float64 {
		if calls++; calls == 4000 {
			cancel()
		}
		return inner(q, g)
	}
	run, err := Sample(ctx, noDevice{}, target, Options{Chains: 1, Warmup: 50, Draws: 100000, Groups: 1})
	require.ErrorIs(t, err, context.Canceled)
	require.True(t, run.Interrupted)
	require.NotEmpty(t, run.Positions[0])
	require.Len(t, run.Stats[0], len(run.Positions[0]))
}

func TestSelectAndProgress(t *testing.T) {
	last := Progress{}
	run := sample(t, normalTarget(1, 2, 3), Options{Chains: 2, Draws: 10, Warmup: 30, Select: []int{2}, Progress: func(p Progress) { last = p }})
	require.Len(t, run.Positions[1][9], 1)
	require.True(t, last.Done)
	require.Equal(t, 40, last.Chains[1].Transitions)
}

// TestSchedule: windows tile the middle of the warm-up.
func TestSchedule(t *testing.T) {
	for warmup := range 1500 {
		s := newSchedule(warmup)
		require.LessOrEqual(t, s.start, s.end)
		if warmup >= 20 {
			require.True(t, s.closes[s.end-1], "%d", warmup)
		}
		for close := range s.closes {
			require.True(t, s.inWindow(close), "%d", warmup)
		}
	}
	s := newSchedule(1000)
	require.Equal(t, map[int]bool{99: true, 149: true, 249: true, 449: true, 949: true}, s.closes) // Stan's windows
}

// TestPhilox: the known answers of the Random123 distribution (kat_vectors).
func TestPhilox(t *testing.T) {
	require.Equal(t, [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}, philox4x32([4]uint32{}, [2]uint32{}))
	ones := uint32(0xffffffff)
	require.Equal(t, [4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}, philox4x32([4]uint32{ones, ones, ones, ones}, [2]uint32{ones, ones}))
	require.Equal(t, [4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1},
		philox4x32([4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, [2]uint32{0xa4093822, 0x299f31d0}))
}

// TestNormalNumbers: the first four moments within 5 standard errors.
func TestNormalNumbers(t *testing.T) {
	const n = 200000
	var sums [4]float64
	s := NewStream(3, 1, 2, ReservedPurposes)
	for range n {
		x := s.Normal()
		for k, power := 0, x; k < 4; k, power = k+1, power*x {
			sums[k] += power / n
		}
	}
	for k, truth := range []float64{0, 1, 0, 3} {
		sd := math.Sqrt([]float64{1, 2, 15, 96}[k] / n)
		require.InDelta(t, truth, sums[k], 5*sd)
	}
	for x := range 2000 {
		u := float64(x+1) / 2001
		cos, sin := turn(u)
		require.InDelta(t, math.Cos(2*math.Pi*u), cos, 1e-15)
		require.InDelta(t, math.Sin(2*math.Pi*u), sin, 1e-15)
		require.InDelta(t, math.Log(u), logarithm(u), 2e-15*(1+math.Abs(math.Log(u))))
	}
}

// BenchmarkOverhead times the sampler's own work per leapfrog step of a chain.
func BenchmarkOverhead(b *testing.B) {
	target := hostTarget{dim: 33, density: func(q, g []float64) float64 {
		sum := 0.0
		for i, x := range q {
			g[i] = -x
			sum -= x * x / 2
		}
		return sum
	}}
	var gradients int64
	for b.Loop() {
		run, err := Sample(context.Background(), noDevice{}, target, Options{Warmup: 200, Draws: 300, Groups: 1})
		if err != nil {
			b.Fatal(err)
		}
		gradients += run.Gradients
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(gradients), "ns/leapfrog")
}

// TestNormalNumbersStay: these are the numbers that runs with the seeds of earlier
// versions are made of, one by one or many at once, wherever a pair begins.
func TestNormalNumbersStay(t *testing.T) {
	sum := crc64.New(crc64.MakeTable(crc64.ECMA))
	s := NewStream(7, 1, 2, ReservedPurposes)
	for range 100000 {
		sum.Write(binary.LittleEndian.AppendUint64(nil, math.Float64bits(s.Normal())))
	}
	require.Equal(t, uint64(0x765f429d871182db), sum.Sum64())
	for before := range 4 {
		for n := range 70 {
			one, many := NewStream(1, 2, 3, 4), NewStream(1, 2, 3, 4)
			for range before {
				require.Equal(t, one.Uint64(), many.Uint64())
			}
			x := make([]float64, n)
			many.Normals(x)
			for i := range x {
				require.Equal(t, one.Normal(), x[i])
			}
			require.Equal(t, one.Normal(), many.Normal())
			require.Equal(t, one.Uniform(), many.Uniform())
		}
	}
}
