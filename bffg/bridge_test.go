package bffg_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/device/cpu"
	"github.com/hxgpu/hxgpu/device/plan"
	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

// bridgeCase is a model of one trait on a small tree with known parameters.
type bridgeCase struct {
	model   bffg.Continuous
	parents []int
	lengths []float64
	y       []float64 // of the leaves
	tau     float64   // variance of the observations
	root    float64
}

// fourNodes is a root, an inner node and two leaves, with noise that depends on the
// state: sigma(x) = 0.8 exp(tanh(x)/2).
func fourNodes(steps, rounds int, bridge bffg.Bridge) bridgeCase {
	return bridgeCase{parents: []int{0, 0, 1, 1}, lengths: []float64{0, 0.7, 1, 0.5}, y: []float64{0.9, -0.6}, tau: 0.05, root: 0.2,
		model: bffg.Continuous{Points: 1, Steps: steps, Rounds: rounds, Bridge: bridge,
			Diffusion: func(_, x tensor.Value, _ bffg.Edge) tensor.Value {
				return x.Tanh().Scale(0.5).Exp().Scale(0.8).Reshape(1, 1)
			}}}
}

// compile binds a sweep over the case's fields for a number of chains.
func (c bridgeCase) compile(t testing.TB, chains int, add func(p *tree.Program), output string) *plan.Executable {
	topology, _, err := tree.FromParents(c.parents)
	require.NoError(t, err)
	schema, err := tree.NewSchema(c.model.Fields()...)
	require.NoError(t, err)
	p := tree.NewProgram(schema)
	p.Scalars("constants", func(v *tree.ScalarView) {
		v.Write(bffg.RootValue, tensor.ConstantVector(c.root))
		v.Write(bffg.TipNoise, tensor.ConstantVector(c.tau))
	})
	add(p)
	require.NoError(t, p.Err())
	dev, err := cpu.Open(cpu.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, dev.Close()) })
	run, err := plan.Compile(dev, p, topology, plan.Options{Chains: chains, Outputs: []string{output}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, run.Close()) })
	nodes := topology.Size()
	y, observed, steps, start := make([]float64, nodes), make([]float64, nodes), make([]float64, nodes), make([]float64, nodes)
	anchor := make([]float64, nodes)
	for v := range nodes {
		steps[v], start[v], anchor[v] = float64(c.model.Steps), c.root, c.root
	}
	for i, v := range topology.Leaves() {
		y[v], observed[v], anchor[v] = c.y[i], 1, c.y[i]
	}
	for field, x := range map[string][]float64{bffg.FieldLength: c.lengths, bffg.FieldSteps: steps, bffg.FieldObservation: y, bffg.FieldObserved: observed,
		bffg.FieldStartAnchor: anchor, bffg.FieldStartParent: start} {
		require.NoError(t, run.Set(field, x))
	}
	return run
}

const bridgeChains = 2000

// logDensity estimates log p(y) by the mean of the weights over noise, with its
// standard error, and gives the spread of the log weights.
func (c bridgeCase) logDensity(t testing.TB, batches int) (estimate, se, spread float64) {
	run := c.compile(t, bridgeChains, func(p *tree.Program) {
		c.model.AddLikelihood(p, bffg.RootPinned, bffg.Tips{Noise: true}, true)
	}, bffg.LogLikelihood)
	r := rand.New(rand.NewPCG(1, uint64(c.model.Steps)))
	z, out := make([]float64, run.Size(bffg.FieldNoise)), make([]float64, bridgeChains)
	var logs []float64
	for range batches {
		for i := range z {
			z[i] = r.NormFloat64()
		}
		require.NoError(t, run.Set(bffg.FieldNoise, z))
		require.NoError(t, run.Run(context.Background()))
		require.NoError(t, run.Get(bffg.LogLikelihood, out))
		logs = append(logs, out...)
	}
	estimate, se = logMean(logs)
	mean, square := 0.0, 0.0
	for _, x := range logs {
		mean += x / float64(len(logs))
	}
	for _, x := range logs {
		square += (x - mean) * (x - mean) / float64(len(logs))
	}
	return estimate, se, math.Sqrt(square)
}

// logMean is the log of the mean of exp(x) and its standard error.
func logMean(logs []float64) (estimate, se float64) {
	largest := math.Inf(-1)
	for _, x := range logs {
		largest = max(largest, x)
	}
	mean, square := 0.0, 0.0
	for _, x := range logs {
		w := math.Exp(x - largest)
		mean += w
		square += w * w
	}
	n := float64(len(logs))
	mean, square = mean/n, square/n
	return math.Log(mean) + largest, math.Sqrt(max(square-mean*mean, 0)/n) / mean
}

// forwardDensity estimates log p(y) of the discretised model by plain simulation:
// the mean density of the observations around simulated tips.
func (c bridgeCase) forwardDensity(t testing.TB, batches int) (estimate, se float64) {
	run := c.compile(t, bridgeChains, func(p *tree.Program) {
		p.Map("root state", func(v *tree.MapView) {
			v.Write(bffg.FieldState, tensor.Select(v.IsRoot(), v.Parameter(bffg.RootValue), tensor.Zeros(1)))
		})
		c.model.AddForward(p)
	}, bffg.FieldState)
	topology, _, err := tree.FromParents(c.parents)
	require.NoError(t, err)
	r := rand.New(rand.NewPCG(2, uint64(c.model.Steps)))
	z, x := make([]float64, run.Size(bffg.FieldNoise)), make([]float64, run.Size(bffg.FieldState))
	var logs []float64
	for range batches {
		for i := range z {
			z[i] = r.NormFloat64()
		}
		require.NoError(t, run.Set(bffg.FieldNoise, z))
		require.NoError(t, run.Run(context.Background()))
		require.NoError(t, run.Get(bffg.FieldState, x))
		for chain := range bridgeChains {
			log := 0.0
			for i, v := range topology.Leaves() {
				d := c.y[i] - x[v*bridgeChains+chain]
				log -= d*d/(2*c.tau) + math.Log(2*math.Pi*c.tau)/2
			}
			logs = append(logs, log)
		}
	}
	return logMean(logs)
}

// TestStepwiseBridgeIsUnbiased: the guided estimate of p(y) of the discretised model
// is that of plain simulation, for few steps and many, and whatever the number of
// rounds. Each comparison allows 5 standard errors of the difference: together
// they fail by chance less than once in 100,000 seeds, and the seeds are fixed.
func TestStepwiseBridgeIsUnbiased(t *testing.T) {
	for _, steps := range []int{5, 20} {
		plain, plainSE := fourNodes(steps, 0, bffg.StepwiseBridge).forwardDensity(t, 60)
		for _, rounds := range []int{0, 1, 3} {
			guided, se, spread := fourNodes(steps, rounds, bffg.StepwiseBridge).logDensity(t, 10)
			t.Logf("%d steps, %d rounds: guided %.4f +- %.4f (spread of the log weight %.3f), forward %.4f +- %.4f", steps, rounds, guided, se, spread, plain, plainSE)
			require.InDelta(t, plain, guided, 5*math.Hypot(se, plainSE))
			require.Less(t, se, 0.02)
		}
		euler, se, spread := fourNodes(steps, 3, bffg.EulerBridge).logDensity(t, 10)
		t.Logf("%d steps, EulerBridge: %.4f +- %.4f (spread %.3f)", steps, euler, se, spread)
	}
}

// TestStepwiseBridgeWithDrift: the same of a process with drift, guided by its
// linearisation at the anchors, also where a step is long for what the tips say (a H dt
// is 6 with 2 steps). Each of four comparisons allows 5 standard errors of the
// difference: they fail by chance for fewer than 1 seed in 300,000.
func TestStepwiseBridgeWithDrift(t *testing.T) {
	for _, steps := range []int{2, 8} {
		c := fourNodes(steps, 0, bffg.StepwiseBridge)
		c.model.Drift = func(_, x tensor.Value, _ bffg.Edge) tensor.Value { return x.Tanh().Scale(-1.5).Shift(0.2) }
		plain, plainSE := c.forwardDensity(t, 60)
		for _, rounds := range []int{0, 2} {
			c.model.Rounds = rounds
			guided, se, spread := c.logDensity(t, 10)
			t.Logf("%d steps, %d rounds: guided %.4f +- %.4f (spread of the log weight %.3f), forward %.4f +- %.4f", steps, rounds, guided, se, spread, plain, plainSE)
			require.InDelta(t, plain, guided, 5*math.Hypot(se, plainSE))
			require.Less(t, se, 0.05)
		}
	}
}

// ornsteinUhlenbeck is an OU process run as an SDE.
func ornsteinUhlenbeck(steps int, bridge bffg.Bridge, auxiliary *bffg.Linear) bridgeCase {
	c := fourNodes(steps, 0, bridge)
	c.model.Auxiliary = auxiliary
	c.model.Drift = func(_, x tensor.Value, _ bffg.Edge) tensor.Value { return x.Shift(-0.3).Scale(-1.2) }
	c.model.Diffusion = func(_, _ tensor.Value, _ bffg.Edge) tensor.Value { return tensor.Fill(0.7, 1, 1) }
	return c
}

// exactOrnsteinUhlenbeck is log p(y) of the same process, by exact transitions.
func exactOrnsteinUhlenbeck(t testing.TB) float64 {
	c := ornsteinUhlenbeck(1, bffg.EulerBridge, nil)
	topology, _, err := tree.FromParents(c.parents)
	require.NoError(t, err)
	data := bffg.Data{Topology: topology, Lengths: c.lengths, Values: [][]float64{c.y}}
	m := bffg.OrnsteinUhlenbeck([]string{"x"}, data)
	m.Root, m.RootValue = bffg.RootPinned, []float64{c.root}
	dev, err := cpu.Open(cpu.Options{})
	require.NoError(t, err)
	defer dev.Close()
	l, err := m.LogLikelihood(context.Background(), dev, data, map[string][]float64{bffg.RateMatrix: {0.49}, "alpha": {1.2}, "theta": {0.3},
		bffg.TipNoise: {c.tau}, bffg.RootValue: {c.root}}, false)
	require.NoError(t, err)
	return l.Value
}

// TestWeightOfTheTruth: where the auxiliary is the process itself its weight is 0.
func TestWeightOfTheTruth(t *testing.T) {
	euler := ornsteinUhlenbeck(200, bffg.EulerBridge, nil) // linearised at the anchors: the truth
	value, _, spread := euler.logDensity(t, 1)
	require.InDelta(t, exactOrnsteinUhlenbeck(t), value, 1e-6) // RK4's error in log h
	require.Less(t, spread, 1e-10)

	// StepwiseBridge's is the discretised process, whatever a H dt is: here up to 5,000.
	for _, steps := range []int{1, 4} {
		stepwise := ornsteinUhlenbeck(steps, bffg.StepwiseBridge, nil)
		stepwise.tau = 1e-4
		_, _, spread = stepwise.logDensity(t, 1)
		require.Less(t, spread, 1e-8)
	}

	brownian := fourNodes(7, 0, bffg.StepwiseBridge)
	brownian.model.Diffusion = func(_, _ tensor.Value, _ bffg.Edge) tensor.Value { return tensor.Fill(0.7, 1, 1) }
	_, _, spread = brownian.logDensity(t, 1)
	require.Less(t, spread, 1e-10)
}

// TestDiscretisationIsFirstOrder: the bias of both bridges' estimates of a known
// likelihood halves as the steps double. The auxiliary of StepwiseBridge is the
// discretised truth, so that its estimate has no noise.
func TestDiscretisationIsFirstOrder(t *testing.T) {
	exact := exactOrnsteinUhlenbeck(t)
	for _, tt := range []struct {
		bridge    bffg.Bridge
		auxiliary *bffg.Linear
		steps     []int
		batches   int
	}{{bffg.StepwiseBridge, nil, []int{8, 16, 32}, 2}, {bffg.EulerBridge, &bffg.Linear{}, []int{4, 8, 16}, 40}} {
		var biases []float64
		for _, steps := range tt.steps {
			estimate, se, _ := ornsteinUhlenbeck(steps, tt.bridge, tt.auxiliary).logDensity(t, tt.batches)
			t.Logf("%v, %d steps: bias %.5f +- %.5f", tt.bridge, steps, estimate-exact, se)
			biases = append(biases, estimate-exact)
		}
		for i := 1; i < len(biases); i++ {
			require.InDelta(t, 2, biases[i-1]/biases[i], 0.45, fmt.Sprint(biases))
		}
	}
}
