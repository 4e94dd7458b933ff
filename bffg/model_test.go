package bffg_test

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/bffg/prior"
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/nuts"
	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

// TestTargetErrors: what a user can get wrong comes back in words before
// anything runs.
func TestTargetErrors(t *testing.T) {
	cases := []struct {
		want  string
		spoil func(m *bffg.Model, d *bffg.Data)
	}{
		{"the edge above node 3 has length -1", func(m *bffg.Model, d *bffg.Data) { d.Lengths[3] = -1 }},
		{"has length NaN", func(m *bffg.Model, d *bffg.Data) { d.Lengths[3] = math.NaN() }},
		{"has length +Inf", func(m *bffg.Model, d *bffg.Data) { d.Lengths[3] = math.Inf(1) }},
		{"the tree has 31 nodes, there are 2 edge lengths", func(m *bffg.Model, d *bffg.Data) { d.Lengths = d.Lengths[:2] }},
		{"has 1 traits, the data have 0", func(m *bffg.Model, d *bffg.Data) { d.Values = nil }},
		{"has 3 values for 16 tips", func(m *bffg.Model, d *bffg.Data) { d.Values[0] = d.Values[0][:3] }},
		{"is +Inf; it must be a finite number or missing", func(m *bffg.Model, d *bffg.Data) { d.Values[0][2] = math.Inf(1) }},
		{`trait "x" has no value at any tip`, func(m *bffg.Model, d *bffg.Data) {
			for i := range d.Values[0] {
				d.Values[0][i] = math.NaN()
			}
		}},
		{"1 tips with data have an edge of length 0 (node 20)", func(m *bffg.Model, d *bffg.Data) { d.Lengths[20], m.TipNoise = 0, false }},
		{"trait \"x\" has 1 known variances for 16 tips", func(m *bffg.Model, d *bffg.Data) { d.Variances = [][]float64{{1}} }},
		{"known variances for 0 traits, values for 1", func(m *bffg.Model, d *bffg.Data) { d.Variances = [][]float64{} }},
		{"known variance of trait \"x\" at node 15 is -1; it must be finite and not negative", func(m *bffg.Model, d *bffg.Data) {
			d.Variances = [][]float64{make([]float64, 16)}
			d.Variances[0][0] = -1
		}},
		{"it must be finite and positive, since there is no tip noise", func(m *bffg.Model, d *bffg.Data) {
			d.Variances, m.TipNoise = [][]float64{make([]float64, 16)}, false
		}},
		{"the pinned root state needs 1 numbers", func(m *bffg.Model, d *bffg.Data) { m.RootValue = nil }},
		{"the standard deviation of the root's prior of trait \"x\" is 0", func(m *bffg.Model, d *bffg.Data) {
			m.Root, m.RootMean, m.RootSD = bffg.RootNormal, []float64{0}, []float64{0}
		}},
		{"neither a prior nor a fixed value", func(m *bffg.Model, d *bffg.Data) { m.Parameters[0].Prior = prior.Distribution{} }},
		{"needs 1 numbers to be fixed at, has 2", func(m *bffg.Model, d *bffg.Data) { m.Parameters[0].Fixed = []float64{1, 2} }},
		{"there is nothing to sample", func(m *bffg.Model, d *bffg.Data) {
			m.SampleNoise = false
			m.Parameters[0].Fixed, m.Parameters[1].Fixed = []float64{1}, []float64{1}
		}},
		{`there is no field "sigma"; fields:`, func(m *bffg.Model, d *bffg.Data) {
			m.Discrete.Covariance = func(x tensor.Value, e bffg.Edge) tensor.Value { return e.Parameter("sigma").Reshape(1, 1) }
		}},
		{"the mean of the transition has shape (2); a model of dimension 1 needs (1)", func(m *bffg.Model, d *bffg.Data) {
			m.Discrete.Mean = func(x tensor.Value, e bffg.Edge) tensor.Value { return tensor.Concat(x, x) }
		}},
	}
	for _, c := range cases {
		model, data := bffg.Seed(), bffg.SeedData()
		c.spoil(model, &data)
		_, err := bffg.NewTarget(model, data)
		require.ErrorContains(t, err, c.want)
	}
	data := raggedData(t, 1, 10, 2)
	skewed := bffg.BrownianMotion([]string{"a", "b"}, data)
	skewed.Discrete.Covariance = func(x tensor.Value, e bffg.Edge) tensor.Value {
		return tensor.ConstantMatrix([][]float64{{1, 0.2}, {0.1, 1}}).Mul(e.Length)
	}
	_, err := bffg.NewTarget(skewed, data)
	require.ErrorContains(t, err, "is not symmetric: elements (1,2) and (2,1) differ by 0.1")
	flat := bffg.OrnsteinUhlenbeck([]string{"a", "b"}, data)
	flat.Root = bffg.RootFlat
	_, err = bffg.NewTarget(flat, data)
	require.ErrorContains(t, err, "grows without bound as alpha does")
	_, err = bffg.Seed().Parameter("sigma")
	require.ErrorContains(t, err, `no parameter "sigma"; it has sigma_sq, tau_sq`)
}

// TestNaturalScale: positions map to parameters and back, with a fixed parameter
// left out and correlations between -1 and 1.
func TestNaturalScale(t *testing.T) {
	data := raggedData(t, 4, 30, 3)
	model := bffg.OrnsteinUhlenbeck([]string{"a", "b", "c"}, data)
	theta, err := model.Parameter("theta")
	require.NoError(t, err)
	theta.Fixed = []float64{1, 2, 3}
	target, err := bffg.NewTarget(model, data)
	require.NoError(t, err)
	require.Equal(t, []string{"sigma_sq[a]", "sigma_sq[b]", "sigma_sq[c]", "correlation[a,b]", "correlation[a,c]", "correlation[b,c]",
		"alpha[a]", "alpha[b]", "alpha[c]", "tau_sq[a]", "tau_sq[b]", "tau_sq[c]"}, target.Names())
	require.Equal(t, 12, target.Dim())
	q := []float64{0.1, 0.2, 0.3, 1, -1, 0.5, -1, -2, -3, 0, 1, 2}
	natural, err := target.Natural(context.Background(), openCPU(t, device.Float64), [][]float64{q, q})
	require.NoError(t, err)
	require.Equal(t, natural[0], natural[1])
	require.InDelta(t, math.Exp(0.2), natural[0][1], 1e-14)
	require.InDelta(t, math.Tanh(1), natural[0][3], 1e-14)
	back, err := target.Unconstrained(natural[0])
	require.NoError(t, err)
	require.InDelta(t, -2, back[7], 1e-14)
}

// TestNaturalsBatch: what a position becomes does not depend, to the last bit, on how
// many are mapped together; stored runs rely on it.
func TestNaturalsBatch(t *testing.T) {
	data := raggedData(t, 4, 30, 3)
	target, err := bffg.NewTarget(bffg.OrnsteinUhlenbeck([]string{"a", "b", "c"}, data), data)
	require.NoError(t, err)
	positions := make([][]float64, 150)
	for i := range positions {
		random := nuts.NewStream(1, 0, uint32(i), nuts.ReservedPurposes)
		for range target.Dim() {
			positions[i] = append(positions[i], 2*random.Normal())
		}
	}
	var first [][]float64
	for _, batch := range []int{1, 7, 64, 256} {
		naturals, err := target.OpenNaturals(openCPU(t, device.Float64), batch)
		require.NoError(t, err)
		got, err := naturals.Map(context.Background(), positions)
		require.NoError(t, err)
		require.NoError(t, naturals.Close())
		if first == nil {
			first = got
		}
		require.Equal(t, first, got)
	}
	for i, e := range target.Elements() {
		require.Equal(t, target.Names()[i], e.Name)
	}
	require.Equal(t, bffg.Element{Name: "correlation[a,c]", Parameter: "correlation", Labels: []string{"a", "c"}}, target.Elements()[4])
}

// TestTargetGradient compares the gradient of the whole posterior, priors and
// transforms included, with central differences.
func TestTargetGradient(t *testing.T) {
	data := raggedData(t, 5, 20, 2)
	for _, model := range []*bffg.Model{bffg.BrownianMotion([]string{"a", "b"}, data), bffg.OrnsteinUhlenbeck([]string{"a", "b"}, data)} {
		for _, prior := range []prior.Distribution{model.Parameters[0].Prior, prior.InverseGamma(2, 1), prior.LogNormal(0, 1)} {
			model.Parameters[0].Prior = prior
			checkTargetGradient(t, model, data)
		}
	}
}

// TestContinuousTargetGradient: the same of continuous edges with a drift.
func TestContinuousTargetGradient(t *testing.T) {
	checkTargetGradient(t, &bffg.Model{
		Name: "drift", Traits: []string{"x"}, TipNoise: true, Root: bffg.RootPinned, RootValue: []float64{0.8}, SampleNoise: true,
		Continuous: &bffg.Continuous{Points: 1, Steps: 4, Rounds: 1,
			Drift: func(_, x tensor.Value, e bffg.Edge) tensor.Value { return x.Tanh().Mul(e.Parameter("a")).Neg() },
			Diffusion: func(_, x tensor.Value, e bffg.Edge) tensor.Value {
				return x.Tanh().Scale(0.5).Exp().Mul(e.Parameter("a")).Reshape(1, 1)
			}},
		Natural: []tree.Field{{Name: "a", Kind: tree.Chain, Shape: tensor.Shape{1}}},
		Parameters: []bffg.Parameter{{Name: "a", Labels: []string{""}, Prior: prior.LogNormal(-1, 1)},
			{Name: bffg.TipNoise, Labels: []string{""}, Prior: prior.LogNormal(0, 1)}},
	}, raggedData(t, 5, 6, 1))
}

// checkTargetGradient compares at a random point, for one of two chains.
func checkTargetGradient(t *testing.T, model *bffg.Model, data bffg.Data) {
	t.Helper()
	target, err := bffg.NewTarget(model, data)
	require.NoError(t, err)
	const chains = 2
	e, err := target.Open(openCPU(t, device.Float64), chains)
	require.NoError(t, err)
	dim := target.Dim()
	q := random(3, dim*chains)
	gradient, ignored, logp := make([]float64, len(q)), make([]float64, len(q)), make([]float64, chains)
	require.NoError(t, e.Gradient(context.Background(), q, logp, gradient))
	for i := range dim {
		const h = 1e-5
		up, down := make([]float64, chains), make([]float64, chains)
		x := q[i*chains+1]
		q[i*chains+1] = x + h
		require.NoError(t, e.Gradient(context.Background(), q, up, ignored))
		q[i*chains+1] = x - h
		require.NoError(t, e.Gradient(context.Background(), q, down, ignored))
		q[i*chains+1] = x
		want := (up[1] - down[1]) / (2 * h)
		require.InDelta(t, want, gradient[i*chains+1], 1e-6*(1+math.Abs(want)), "%s coordinate %d", model.Name, i)
		require.Equal(t, up[0], logp[0], "the other chain is not touched")
	}
	require.NoError(t, e.Close())
}

func random(seed uint64, n int) []float64 {
	s := nuts.NewStream(seed, 0, 0, nuts.ReservedPurposes)
	x := make([]float64, n)
	for i := range x {
		x[i] = s.Normal()
	}
	return x
}

// TestStatesMatchExactConditional: the guided sweep's draws of an inner node have
// the mean and variance that the joint normal distribution of states and data
// gives, here for a star of three tips around a node below a pinned root: within
// 4.5 standard errors, which a right sampler misses once in 150,000 times.
func TestStatesMatchExactConditional(t *testing.T) {
	topology, _, err := tree.FromParents([]int{0, 0, 1, 1, 1})
	require.NoError(t, err)
	data := bffg.Data{Topology: topology, Lengths: []float64{0, 2, 1, 0.5, 0.25}, Values: [][]float64{{1, 2, math.NaN()}}}
	for _, noise := range []bool{true, false} {
		model := bffg.BrownianMotion([]string{"x"}, data)
		model.Root, model.RootValue, model.TipNoise = bffg.RootPinned, []float64{-1}, noise
		target, err := bffg.NewTarget(model, data)
		require.NoError(t, err)
		values, tau := []float64{0.8, 0.3}, 0.3
		if !noise {
			values, tau = values[:1], 0
			model.Parameters = model.Parameters[:1]
			target, err = bffg.NewTarget(model, data)
			require.NoError(t, err)
		}
		q, err := target.Unconstrained(values)
		require.NoError(t, err)
		const draws = 20000
		states, err := target.OpenStates(openCPU(t, device.Float64), draws)
		require.NoError(t, err)
		all := make([]float64, 0, (len(q)+states.Noise())*draws)
		for _, u := range q {
			for range draws {
				all = append(all, u)
			}
		}
		all = append(all, random(8, states.Noise()*draws)...)
		x := make([]float64, 5*draws)
		require.NoError(t, states.Draw(context.Background(), all, x))
		require.NoError(t, states.Close())
		// The node's posterior: prior N(-1, 0.8*2), two observations.
		precision := 1/1.6 + 1/(0.8*1+tau) + 1/(0.8*0.5+tau)
		mean := (-1/1.6 + 1/(0.8*1+tau) + 2/(0.8*0.5+tau)) / precision
		sum, squares := 0.0, 0.0
		for _, v := range x[draws : 2*draws] {
			sum += v
			squares += (v - mean) * (v - mean)
		}
		sd := math.Sqrt(1 / precision)
		require.InDelta(t, mean, sum/draws, 4.5*sd/math.Sqrt(draws))
		require.InDelta(t, 1/precision, squares/draws, 4.5*math.Sqrt2/precision/math.Sqrt(draws))
		require.Equal(t, -1.0, x[0])
		if !noise {
			require.Equal(t, 1.0, x[2*draws], "a tip without noise is its observation")
		}
	}
}

// TestDerived: derived quantities follow the parameters, are left out where they have no
// parameter to follow, and do not depend, to the last bit, on how many draws are mapped
// together.
func TestDerived(t *testing.T) {
	ctx, dev := context.Background(), openCPU(t, device.Float64)
	data := raggedData(t, 4, 30, 2)
	reported := func(model *bffg.Model, batch int, positions ...[]float64) ([]string, [][]float64) {
		target, err := bffg.NewTarget(model, data)
		require.NoError(t, err)
		naturals, err := target.OpenReported(dev, batch)
		require.NoError(t, err)
		defer naturals.Close()
		values, err := naturals.Map(ctx, positions)
		require.NoError(t, err)
		var names []string
		for _, e := range target.Reported() {
			names = append(names, e.Name)
		}
		require.Len(t, values[0], len(names))
		return names, values
	}
	traits := []string{"a", "b"}
	ou := bffg.OrnsteinUhlenbeck(traits, data) // sigma_sq, correlation, alpha, theta, tau_sq
	q := []float64{0.1, 0.2, 0.5, -1, -2, 0, 1, 0.3, -0.4}
	names, values := reported(ou, 4, q, q, q, q, q)
	require.Equal(t, []string{"half_life[a]", "half_life[b]", "stationary_variance[a]", "stationary_variance[b]", "repeatability[a]", "repeatability[b]"}, names[9:])
	require.InEpsilon(t, math.Ln2/math.Exp(-2), values[0][10], 1e-14)
	variance := math.Exp(0.1) / (2 * math.Exp(-1))
	require.InEpsilon(t, variance, values[0][11], 1e-14)
	require.InEpsilon(t, variance/(variance+math.Exp(0.3)), values[0][13], 1e-14)
	_, alone := reported(ou, 1, q)
	for _, x := range values {
		require.Equal(t, alone[0], x)
	}

	bm := bffg.BrownianMotion(traits, data)
	names, values = reported(bm, 1, []float64{0.1, 0.2, 0.5, 0.3, -0.4})
	require.Equal(t, []string{"heritability[a]", "heritability[b]"}, names[5:])
	distance := 0.0
	leaves := data.Topology.Leaves()
	for _, v := range leaves {
		for ; v > 0; v = data.Topology.Parent(v) {
			distance += data.Lengths[v] / float64(len(leaves))
		}
	}
	require.InEpsilon(t, math.Exp(0.2)*distance/(math.Exp(0.2)*distance+math.Exp(-0.4)), values[0][6], 1e-14)

	eb := bffg.EarlyBurst(traits, data) // sigma_sq, correlation, b, tau_sq
	names, values = reported(eb, 1, []float64{0.1, 0.2, 0.5, -0.6, 0.3, -0.4})
	require.Equal(t, []string{"present_rate[a]", "present_rate[b]"}, names[6:])
	require.InEpsilon(t, math.Exp(0.2-0.6*data.Height()), values[0][7], 1e-13)

	// Without correlations a multivariate attraction is one for each trait.
	mv := bffg.MultivariateOU(traits, data) // sigma_sq, correlation, alpha, pull_correlation, rotation, theta, tau_sq
	names, values = reported(mv, 1, []float64{0.1, 0.2, 0, -1, -2, 0, 0, 0, 1, 0.3, -0.4})
	require.Equal(t, []string{"stationary_variance[a]", "stationary_variance[b]", "repeatability[a]", "repeatability[b]"}, names[11:])
	require.InEpsilon(t, variance, values[0][11], 1e-12)
	require.InEpsilon(t, variance/(variance+math.Exp(0.3)), values[0][13], 1e-12)

	alpha, err := ou.Parameter("alpha")
	require.NoError(t, err)
	alpha.Fixed = []float64{1, 2}
	ou.TipNoise = false
	ou.Parameters = ou.Parameters[:4]
	names, _ = reported(ou, 1, q[:5])
	require.Equal(t, []string{"stationary_variance[a]", "stationary_variance[b]"}, names[5:], "the half-life is fixed, and there is no tip noise")

	bm.Derived = []bffg.Derived{{Name: "wrong", Labels: traits, Of: []string{"sigma_sq"}, Value: func(parameter func(string) tensor.Value) tensor.Value { return parameter("sigma_sq").Sum() }}}
	target, err := bffg.NewTarget(bm, data)
	require.NoError(t, err)
	_, err = target.OpenReported(dev, 1)
	require.ErrorContains(t, err, `the value of "wrong" has shape ()`)
}
