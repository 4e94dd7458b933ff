package bffg_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/bffg/prior"
	"github.com/hxgpu/hxgpu/device/cpu"
	"github.com/hxgpu/hxgpu/nuts"
	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

// pathModel is the four-node tree of fourNodes as a model, its parameters fixed.
func pathModel(t testing.TB, bridge bffg.Bridge, root bffg.Root, drift bool, rounds int) (*bffg.Model, bffg.Data) {
	c := fourNodes(5, rounds, bridge)
	topology, _, err := tree.FromParents(c.parents)
	require.NoError(t, err)
	if drift {
		c.model.Drift = func(_, x tensor.Value, _ bffg.Edge) tensor.Value { return x.Sub(x.Tanh().Scale(0.5)).Scale(-0.7) }
	}
	m := &bffg.Model{Name: "bridge", Traits: []string{"x"}, Continuous: &c.model, TipNoise: true, Root: root, SampleNoise: true,
		RootValue: []float64{c.root}, RootMean: []float64{c.root}, RootSD: []float64{0.6},
		Parameters: []bffg.Parameter{{Name: bffg.TipNoise, Labels: []string{""}, Prior: prior.LogNormal(0, 1), Fixed: []float64{c.tau}}}}
	return m, bffg.Data{Topology: topology, Lengths: c.lengths, Values: [][]float64{c.y}}
}

// weights are log weights of a target under noise from its prior, at a position of
// the parameters.
func weights(t testing.TB, target *bffg.Target, position []float64, batches int) []float64 {
	const chains = 2000
	dev, err := cpu.Open(cpu.Options{})
	require.NoError(t, err)
	defer dev.Close()
	values, err := target.OpenValue(dev, chains)
	require.NoError(t, err)
	defer values.Close()
	q, density := make([]float64, target.Dim()*chains), make([]float64, chains)
	stream := nuts.NewStream(3, 0, 0, nuts.PurposeSimulation)
	var logs []float64
	for range batches {
		squares := make([]float64, chains)
		for i := range target.Dim() {
			for k := range chains {
				if i < target.ParameterDim() {
					q[i*chains+k] = position[i]
					continue
				}
				z := stream.Normal()
				q[i*chains+k] = z
				squares[k] += 0.5 * (z*z + math.Log(2*math.Pi))
			}
		}
		require.NoError(t, values.Value(context.Background(), q, density))
		for k := range density {
			logs = append(logs, density[k]+squares[k])
		}
	}
	return logs
}

// TestPathBridge: the mean weight is the density of the data under the discretised
// model, whatever the root, the drift and the rounds of linearisation. It is compared
// with plain simulation to 5 standard errors; by chance one of the 12 comparisons
// fails with probability below 1e-5, and the seed is fixed.
func TestPathBridge(t *testing.T) {
	for _, root := range []bffg.Root{bffg.RootPinned, bffg.RootNormal} {
		for _, drift := range []bool{false, true} {
			target := func(bridge bffg.Bridge, rounds int) *bffg.Target {
				m, data := pathModel(t, bridge, root, drift, rounds)
				if drift { // the steps' spacing has nothing to do with it
					m.Continuous.Spacing = bffg.ShorteningSteps
				}
				target, err := bffg.NewTarget(m, data)
				require.NoError(t, err)
				return target
			}
			forward, forwardSE := logMean(weights(t, target(bffg.Unguided, 0), nil, 60))
			for _, rounds := range []int{0, 1, 5} {
				logs := weights(t, target(bffg.PathBridge, rounds), nil, 20)
				estimate, se := logMean(logs)
				t.Logf("root %v, drift %v, %d rounds: %.4f +- %.4f, by simulation %.4f +- %.4f", root, drift, rounds, estimate, se, forward, forwardSE)
				require.InDelta(t, forward, estimate, 5*math.Hypot(se, forwardSE))
				require.Less(t, se, forwardSE*math.Sqrt(3), "guiding should beat simulation")
			}
		}
	}
}

// TestPathBridgeLinear: where the process is linear the guiding is exact, all weights
// are the same and are the density of the data, as messages give it.
func TestPathBridgeLinear(t *testing.T) {
	for _, root := range []bffg.Root{bffg.RootPinned, bffg.RootNormal, bffg.RootFlat} {
		for _, drift := range []float64{0, -0.8} {
			target := func(bridge bffg.Bridge) *bffg.Target {
				m, data := pathModel(t, bridge, root, false, 0)
				m.Continuous.Diffusion = func(_, _ tensor.Value, _ bffg.Edge) tensor.Value { return tensor.Constant(0.7).Reshape(1, 1) }
				if drift != 0 {
					m.Continuous.Drift = func(_, x tensor.Value, _ bffg.Edge) tensor.Value { return x.Shift(-0.3).Scale(drift) }
				}
				target, err := bffg.NewTarget(m, data)
				require.NoError(t, err)
				return target
			}
			byPath, byMessages := weights(t, target(bffg.PathBridge), nil, 1), weights(t, target(bffg.StepwiseBridge), nil, 1)
			for _, w := range byPath[:20] {
				require.InDelta(t, byMessages[0], w, 1e-9, "root %v, drift %v", root, drift)
			}
		}
	}
}

// smallShapes is a few landmarks on a tree with three tips, one landmark of one tip
// missing.
func smallShapes(t testing.TB, bridge bffg.Bridge, root bffg.Root) (*bffg.Model, bffg.Data) {
	topology, _, err := tree.FromParents([]int{0, 0, 0, 1, 1})
	require.NoError(t, err)
	values := [][]float64{{0.1, 0.3, -0.1}, {0, 0.1, 0.2}, {1.2, 1.3, 0.9}, {0.1, 0.2, -0.1}, {0.6, 0.7, 0.2}, {0.9, 1.2, 0.8}}
	values[2][1], values[3][1] = math.NaN(), math.NaN()
	data := bffg.Data{Topology: topology, Lengths: []float64{0, 0.4, 1, 0.6, 0.6}, Values: values}
	m, err := bffg.Kunita([]string{"x1", "y1", "x2", "y2", "x3", "y3"}, 2, data, bffg.LandmarkOptions{Steps: 4, Bridge: bridge})
	require.NoError(t, err)
	m.Root = root
	m.RootMean, m.RootSD = m.RootValue, []float64{0.3, 0.3, 0.3, 0.3, 0.3, 0.3}
	return m, data
}

// TestPathBridgeGradient compares gradients with central differences.
func TestPathBridgeGradient(t *testing.T) {
	dev, err := cpu.Open(cpu.Options{})
	require.NoError(t, err)
	defer dev.Close()
	for _, bridge := range []bffg.Bridge{bffg.PathBridge, bffg.Unguided} {
		for _, root := range []bffg.Root{bffg.RootPinned, bffg.RootNormal, bffg.RootFlat} {
			if bridge == bffg.Unguided && root == bffg.RootFlat {
				continue
			}
			m, data := smallShapes(t, bridge, root)
			target, err := bffg.NewTarget(m, data)
			require.NoError(t, err)
			e, err := target.Open(dev, 1)
			require.NoError(t, err)
			n := target.Dim()
			q, slope, density, ignored := make([]float64, n), make([]float64, n), make([]float64, 1), make([]float64, n)
			stream := nuts.NewStream(5, 0, 0, nuts.PurposeSimulation)
			for i := range q {
				q[i] = stream.Normal()
			}
			for i := range target.ParameterDim() {
				q[i] = -1 - 0.3*float64(i)
			}
			require.NoError(t, e.Gradient(context.Background(), q, density, slope))
			at := func(i int, by float64) float64 {
				moved, d := append([]float64(nil), q...), make([]float64, 1)
				moved[i] += by
				require.NoError(t, e.Gradient(context.Background(), moved, d, ignored))
				return d[0]
			}
			for _, i := range []int{0, 1, 2, 3, 5, n / 3, n / 2, n - 1} {
				const h = 1e-5
				require.InDelta(t, (at(i, h)-at(i, -h))/(2*h), slope[i], 1e-6*(1+math.Abs(slope[i])), "%v bridge, root %v, coordinate %d", bridge, root, i)
			}
			require.NoError(t, e.Close())
		}
	}
}

// TestPathBridgePosterior: what is sampled by a path, or without guiding, is the same
// posterior, and chains start around the path's reference. Six means are compared to 5
// standard errors: by chance this fails for fewer than 1 seed in 100,000.
func TestPathBridgePosterior(t *testing.T) {
	dev, err := cpu.Open(cpu.Options{})
	require.NoError(t, err)
	defer dev.Close()
	means := map[bffg.Bridge][]nuts.Statistics{}
	for _, bridge := range []bffg.Bridge{bffg.PathBridge, bffg.Unguided} {
		m, data := smallShapes(t, bridge, bffg.RootNormal)
		target, err := bffg.NewTarget(m, data)
		require.NoError(t, err)
		centre, spread := target.Centre()
		require.Equal(t, bridge == bffg.PathBridge, len(spread) == 3)
		o := nuts.Options{Warmup: 300, Draws: 4000, Seed: 4, Algorithm: nuts.HMC, PathLength: 2, UnitNoise: bridge == bffg.PathBridge, Select: []int{0, 1, 2}, KeepWarmup: true}
		run, err := nuts.Sample(context.Background(), dev, target, o)
		require.NoError(t, err)
		for i := range 3 {
			s := nuts.Describe(run.Coordinate(i))
			t.Logf("%v bridge: %s %.3f +- %.3f, sd %.3f, R-hat %.4f, ESS %.0f; reference %v", bridge, target.Names()[i], s.Mean, s.MCSEMean, s.SD, s.Rhat, s.ESSBulk, centre)
			require.Less(t, s.Rhat, 1.03)
			means[bridge] = append(means[bridge], s)
		}
	}
	for i := range 3 {
		a, b := means[bffg.PathBridge][i], means[bffg.Unguided][i]
		require.InDelta(t, a.Mean, b.Mean, 5*math.Hypot(a.MCSEMean, b.MCSEMean))
	}
}

// TestPathBridgeErrors: a model that no path can be found of, and a root that nothing
// is known of, are refused in words.
func TestPathBridgeErrors(t *testing.T) {
	m, data := smallShapes(t, bffg.PathBridge, bffg.RootPinned)
	m.Continuous.Drift = func(_, x tensor.Value, _ bffg.Edge) tensor.Value { return x.Shift(-10).Log() }
	target, err := bffg.NewTarget(m, data)
	require.NoError(t, err)
	require.ErrorContains(t, target.Prepare(context.Background(), nil), "no path of model \"kunita\" follows the data: step 1 of the edge above node 1 has drift or diffusion NaN; guide by messages instead")
	dev, err := cpu.Open(cpu.Options{})
	require.NoError(t, err)
	defer dev.Close()
	_, err = target.Open(dev, 1)
	require.ErrorContains(t, err, "no path of model \"kunita\" follows the data")
	m, data = smallShapes(t, bffg.Unguided, bffg.RootFlat)
	_, err = bffg.NewTarget(m, data)
	require.ErrorContains(t, err, "flat root cannot be drawn")
}

// TestPrepare: the search for a path tells how far it is, and ends with its context.
func TestPrepare(t *testing.T) {
	m, data := smallShapes(t, bffg.PathBridge, bffg.RootPinned)
	target, err := bffg.NewTarget(m, data)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	tried := 0
	err = target.Prepare(ctx, func(done, most int) {
		require.Equal(t, 241, most)
		if tried = done; done == 7 {
			cancel()
		}
	})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 7, tried)
	require.NoError(t, target.Prepare(context.Background(), nil), "a search that was interrupted can be made again")
	_, spread := target.Centre()
	for _, sd := range spread {
		require.InDelta(t, 1.1, sd, 0.9) // the posterior's are 0.53, 0.52 and 1.1
	}
	require.Len(t, spread, 3)
}

// TestPathRounds: the parameters that guide do not depend on how often a path is
// linearised again, even where most of the prior's are far from any that fit.
func TestPathRounds(t *testing.T) {
	for _, rounds := range []int{1, 6} {
		m, data, err := bffg.KunitaExample(bffg.LandmarkOptions{Steps: 5, Bridge: bffg.PathBridge, Rounds: rounds})
		require.NoError(t, err)
		target, err := bffg.NewTarget(m, data)
		require.NoError(t, err)
		centre, spread := target.Centre()
		t.Logf("%d rounds: centre %.3f, spread %.3f", rounds, centre, spread)
		for i, posterior := range []float64{0.1063, 0.2645} {
			require.InDelta(t, math.Log(posterior), centre[i], 5*spread[i])
			require.Less(t, spread[i], 0.2)
		}
	}
}

// The bridge of a command line.
func ExampleParseBridge() {
	bridge, err := bffg.ParseBridge("path")
	fmt.Println(bridge, err)
	// Output: path <nil>
}
