//go:build slow

package bench

import (
	"context"
	"fmt"
	"math"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/bffg/prior"
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/internal/calibration"
	"github.com/hxgpu/hxgpu/nuts"
	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

// calibrated is a model with proper priors on a small tree.
type calibrated struct {
	model    *bffg.Model
	topology *tree.Topology
	lengths  []float64
	missing  bool // the first tip has no value of the last trait
	regimes  bool // edges are of two regimes
	// simulate gives the states x[component][node] of all nodes, in a way of its own; nil
	// for the model's own way.
	simulate func(c *calibrated, values map[string][]float64, random *nuts.Stream) []float64
	node     int // whose state's first component is ranked
	slow     int // one data set for so many of other models, and by HMC alone; 0 for no
	start    nuts.Start
}

// ranked is how many draws a truth is ranked among, a multiple of three chains.
const ranked = 99

// calibratedModels are what is calibrated; all have 4 to 10 tips.
func calibratedModels() map[string]*calibrated {
	ragged, order, err := tree.FromParents([]int{0, 0, 0, 1, 1, 1, 2, 2, 4, 4, 6, 6, 7, 7, 10, 10})
	if err != nil {
		panic("bench: the tree is invalid")
	}
	lengths := make([]float64, ragged.Size())
	for v := 1; v < len(lengths); v++ {
		lengths[v] = 0.2 + 0.15*float64(order[v]%5)
	}
	balanced, err := tree.Symmetric(3, 2)
	if err != nil {
		panic("bench: the tree is invalid")
	}
	halves := make([]float64, balanced.Size())
	for v := 1; v < len(halves); v++ {
		halves[v] = 0.5
	}
	four, err := tree.Symmetric(2, 2)
	if err != nil {
		panic("bench: the tree is invalid")
	}
	models := map[string]*calibrated{
		"bm":     {model: proper(bffg.BrownianMotion([]string{"a"}, bffg.Data{Topology: ragged, Lengths: lengths})), topology: ragged, lengths: lengths},
		"bm2":    {model: proper(bffg.BrownianMotion([]string{"a", "b"}, bffg.Data{Topology: ragged, Lengths: lengths})), topology: ragged, lengths: lengths, missing: true},
		"ou":     {model: proper(bffg.OrnsteinUhlenbeck([]string{"a"}, bffg.Data{Topology: ragged, Lengths: lengths})), topology: ragged, lengths: lengths},
		"trend":  {model: proper(bffg.Trend([]string{"a"}, bffg.Data{Topology: ragged, Lengths: lengths})), topology: ragged, lengths: lengths},
		"eb":     {model: proper(bffg.EarlyBurst([]string{"a"}, bffg.Data{Topology: ragged, Lengths: lengths})), topology: ragged, lengths: lengths},
		"lambda": {model: proper(withTipNoise(bffg.PagelLambda([]string{"a"}, bffg.Data{Topology: ragged, Lengths: lengths}))), topology: ragged, lengths: lengths},
		"oum":    {model: proper(bffg.SeveralOptima([]string{"a"}, twoRegimes(ragged, lengths))), topology: ragged, lengths: lengths, regimes: true},
		"rates":  {model: proper(bffg.RateShifts([]string{"a"}, twoRegimes(ragged, lengths))), topology: ragged, lengths: lengths, regimes: true},
		"mvou":   {model: proper(bffg.MultivariateOU([]string{"a", "b"}, bffg.Data{Topology: ragged, Lengths: lengths})), topology: ragged, lengths: lengths, missing: true, slow: 2},
		"seed":   {model: proper(bffg.Seed()), topology: balanced, lengths: halves, node: 1},
		"curved": {model: proper(curved()), topology: balanced, lengths: halves, node: 1, simulate: simulateCurved},
		"sde":    {model: sde(), topology: four, lengths: halves[:four.Size()], node: 1, simulate: simulateSDE, slow: 4, start: nuts.StartPrior},
	}
	return models
}

// twoRegimes are data without values whose edges are of two regimes.
func twoRegimes(topology *tree.Topology, lengths []float64) bffg.Data {
	data := bffg.Data{Topology: topology, Lengths: lengths, RegimeNames: []string{"p", "q"}, Regimes: make([]int, topology.Size())}
	for v := range data.Regimes {
		data.Regimes[v] = v / 3 % 2
	}
	return data
}

// withTipNoise gives tip noise to a model that has none by itself.
func withTipNoise(m *bffg.Model) *bffg.Model {
	m.TipNoise = true
	m.Parameters = append(m.Parameters, bffg.Parameter{Name: bffg.TipNoise, Labels: []string{""}})
	return m
}

// empty are the data of a model without values.
func (c *calibrated) empty() bffg.Data {
	if c.regimes {
		return twoRegimes(c.topology, c.lengths)
	}
	return bffg.Data{Topology: c.topology, Lengths: c.lengths}
}

// proper gives a model priors that do not come from data, and a root that can be drawn.
func proper(m *bffg.Model) *bffg.Model {
	priors := map[string]prior.Distribution{"sigma_sq": prior.LogNormal(-0.5, 1), bffg.TipNoise: prior.LogNormal(-1.5, 0.7), "correlation": prior.LKJ(1),
		"alpha": prior.LogNormal(0, 0.7), "theta": prior.Normal(1, 1), "drift": prior.Normal(0, 1), "b": prior.Normal(0, 0.5), "lambda": prior.Uniform(0, 1),
		"pull_correlation": prior.LKJ(1), "rotation": prior.Normal(0, 0.7)}
	for i := range m.Parameters {
		m.Parameters[i].Prior = priors[m.Parameters[i].Name]
	}
	if m.Root != bffg.RootPinned {
		m.Root = bffg.RootNormal
		m.RootMean, m.RootSD = []float64{0.5, -0.5}[:m.Dim()], []float64{1, 0.7}[:m.Dim()]
	}
	return m
}

// curved is a model whose mean and rate depend on the state: x_v | x ~ N(x + t sin(x)/2,
// sigma_sq exp(tanh(x)) t). The guide is linearised around the data. Where the rate
// does not know the sign of a state, as in the README's model, large states of either
// sign between two tips are modes apart, which no sampler here would find together.
func curved() *bffg.Model {
	return &bffg.Model{
		Name: "curved", Traits: []string{"x"},
		Discrete: bffg.Discrete{
			Dim:  1,
			Mean: func(x tensor.Value, e bffg.Edge) tensor.Value { return x.Add(x.Sin().Scale(0.5).Mul(e.Length)) },
			Covariance: func(x tensor.Value, e bffg.Edge) tensor.Value {
				return x.Tanh().Exp().Mul(e.Parameter("sigma_sq")).Mul(e.Length).Reshape(1, 1)
			},
			Rounds: 3,
		},
		Natural:    []tree.Field{{Name: "sigma_sq", Kind: tree.Chain, Shape: tensor.Shape{1}}},
		Parameters: []bffg.Parameter{{Name: "sigma_sq", Labels: []string{""}}, {Name: bffg.TipNoise, Labels: []string{""}}},
		TipNoise:   true, Root: bffg.RootPinned, RootValue: []float64{0.3}, SampleNoise: true,
	}
}

// simulateCurved is the same model written anew.
func simulateCurved(c *calibrated, values map[string][]float64, random *nuts.Stream) []float64 {
	x := make([]float64, c.topology.Size())
	x[0] = c.model.RootValue[0]
	for v := 1; v < len(x); v++ {
		from, t := x[c.topology.Parent(v)], c.lengths[v]
		x[v] = from + t*math.Sin(from)/2 + math.Sqrt(values["sigma_sq"][0]*math.Exp(math.Tanh(from))*t)*random.Normal()
	}
	return x
}

// sde is a model of continuous edges, each of a few Euler steps that are sampled:
// dX = -a tanh(X) dt + s exp(tanh(X)/2) dW. Chains start from the prior, which keeps a
// well below one per step: beyond it Euler steps overshoot, and their linearisation
// loses what the tips say.
func sde() *bffg.Model {
	scalar := tensor.Shape{1}
	return &bffg.Model{
		Name: "sde", Traits: []string{"x"}, TipNoise: true, Root: bffg.RootPinned, RootValue: []float64{0.8}, SampleNoise: true,
		Continuous: &bffg.Continuous{
			Points: 1, Steps: sdeSteps, Rounds: 2,
			Drift: func(_, x tensor.Value, e bffg.Edge) tensor.Value { return x.Tanh().Mul(e.Parameter("a")).Neg() },
			Diffusion: func(_, x tensor.Value, e bffg.Edge) tensor.Value {
				return x.Tanh().Scale(0.5).Exp().Mul(e.Parameter("s")).Reshape(1, 1)
			},
		},
		Natural: []tree.Field{{Name: "a", Kind: tree.Chain, Shape: scalar}, {Name: "s", Kind: tree.Chain, Shape: scalar}},
		Parameters: []bffg.Parameter{{Name: "a", Labels: []string{""}, Prior: prior.LogNormal(-0.7, 0.4)}, {Name: "s", Labels: []string{""}, Prior: prior.LogNormal(-0.3, 0.5)},
			{Name: bffg.TipNoise, Labels: []string{""}, Prior: prior.LogNormal(-1.5, 0.4)}},
	}
}

const sdeSteps = 2

// simulateSDE is the same model written anew.
func simulateSDE(c *calibrated, values map[string][]float64, random *nuts.Stream) []float64 {
	x := make([]float64, c.topology.Size())
	x[0] = c.model.RootValue[0]
	for v := 1; v < len(x); v++ {
		at, dt := x[c.topology.Parent(v)], c.lengths[v]/sdeSteps
		for range sdeSteps {
			at += -values["a"][0]*math.Tanh(at)*dt + values["s"][0]*math.Exp(math.Tanh(at)/2)*math.Sqrt(dt)*random.Normal()
		}
		x[v] = at
	}
	return x
}

// drawPrior draws all parameters from their priors, by name; a correlation of two
// traits is uniform on (-1,1). It does not use the model's own code.
func (c *calibrated) drawPrior(random *nuts.Stream) map[string][]float64 {
	values := map[string][]float64{}
	for _, p := range c.model.Parameters {
		var x []float64
		for range p.Labels {
			switch d := p.Prior; d.Family {
			case "lognormal":
				x = append(x, math.Exp(d.Parameters[0]+d.Parameters[1]*random.Normal()))
			case "normal":
				x = append(x, d.Parameters[0]+d.Parameters[1]*random.Normal())
			case "uniform":
				x = append(x, d.Parameters[0]+(d.Parameters[1]-d.Parameters[0])*random.Uniform())
			case "lkj":
				x = []float64{2*random.Uniform() - 1}
			default:
				panic("bench: a prior that this cannot draw from")
			}
		}
		values[p.Name] = x
	}
	variance := values["sigma_sq"]
	values[bffg.RateMatrix] = variance
	if c.model.Dim() == 2 {
		between := values["correlation"][0] * math.Sqrt(variance[0]*variance[1])
		values[bffg.RateMatrix] = []float64{variance[0], between, between, variance[1]}
	}
	if k := values["rotation"]; k != nil {
		alpha := values["alpha"]
		pull := values["pull_correlation"][0] * math.Sqrt(alpha[0]*alpha[1])
		values[bffg.AttractionMatrix] = []float64{alpha[0], pull + k[0], pull - k[0], alpha[1]}
	}
	return values
}

// drawStates simulates the states x[component][node].
func (c *calibrated) drawStates(ctx context.Context, dev device.Device, values map[string][]float64, random *nuts.Stream) ([]float64, error) {
	if c.simulate != nil {
		return c.simulate(c, values, random), nil
	}
	root, z := make([]float64, c.model.Dim()), make([]float64, c.model.Dim()*c.topology.Size())
	for k := range root {
		if c.model.Root == bffg.RootPinned {
			root[k] = c.model.RootValue[k]
		} else {
			root[k] = c.model.RootMean[k] + c.model.RootSD[k]*random.Normal()
		}
	}
	for i := range z {
		z[i] = random.Normal()
	}
	return c.model.Simulate(ctx, dev, c.empty(), values, root, z)
}

// observe adds noise to the states of the tips.
func (c *calibrated) observe(values map[string][]float64, x []float64, random *nuts.Stream) bffg.Data {
	data := c.empty()
	for k := range c.model.Traits {
		var y []float64
		for _, v := range c.topology.Leaves() {
			y = append(y, x[k*c.topology.Size()+v]+math.Sqrt(values[bffg.TipNoise][k])*random.Normal())
		}
		data.Values = append(data.Values, y)
	}
	if c.missing {
		data.Values[len(data.Values)-1][0] = math.NaN()
	}
	return data
}

// logObservations is log p(y | states of the tips, tau_sq), the quantity that ties
// parameters and states to the data.
func logObservations(data bffg.Data, variance, x []float64) float64 {
	sum := 0.0
	for k, values := range data.Values {
		for i, v := range data.Topology.Leaves() {
			if r := values[i] - x[k*data.Topology.Size()+v]; !math.IsNaN(r) {
				sum -= 0.5*math.Log(2*math.Pi*variance[k]) + r*r/(2*variance[k])
			}
		}
	}
	return sum
}

// study ranks all parameters on their natural scale, the state of a node and the log
// density of the observations. What is sampled may be spoilt first.
func (c *calibrated) study(algorithm nuts.Algorithm, spoil func(*bffg.Target) nuts.Target) calibration.Study {
	s := calibration.Study{Draws: ranked}
	for _, p := range c.model.Parameters {
		if len(p.Labels) == 1 || p.Prior.Support() == prior.Correlation {
			s.Quantities = append(s.Quantities, p.Name)
			continue
		}
		for _, label := range p.Labels {
			s.Quantities = append(s.Quantities, p.Name+"["+label+"]")
		}
	}
	s.Quantities = append(s.Quantities, fmt.Sprintf("state of node %d", c.node), "log p(y | states)")
	s.Fit = func(ctx context.Context, dev device.Device, dataSet int) ([]float64, [][]float64, error) {
		random := nuts.NewStream(1, uint32(dataSet), 0, nuts.PurposeSimulation)
		values := c.drawPrior(&random)
		x, err := c.drawStates(ctx, dev, values, &random)
		if err != nil {
			return nil, nil, err
		}
		data := c.observe(values, x, &random)
		target, err := bffg.NewTarget(c.model, data)
		if err != nil {
			return nil, nil, err
		}
		positions, err := calibration.Thin(ctx, dev, spoil(target), nuts.Options{Algorithm: algorithm, Chains: 3, Groups: 1, Start: c.start, Warmup: 200, Seed: uint64(dataSet)}, ranked)
		if err != nil {
			return nil, nil, err
		}
		draws, err := c.draws(ctx, dev, target, positions, uint32(dataSet))
		if err != nil {
			return nil, nil, err
		}
		var truth []float64
		for _, p := range c.model.Parameters {
			truth = append(truth, values[p.Name]...)
		}
		return append(truth, x[c.node], logObservations(data, values[bffg.TipNoise], x)), draws, nil
	}
	return s
}

// draws are those of all quantities, [quantity][draw], at given positions.
func (c *calibrated) draws(ctx context.Context, dev device.Device, target *bffg.Target, positions [][]float64, dataSet uint32) ([][]float64, error) {
	natural, err := target.Natural(ctx, dev, positions)
	if err != nil {
		return nil, err
	}
	states, err := target.OpenStates(dev, len(positions))
	if err != nil {
		return nil, err
	}
	defer states.Close()
	n, nodes, parameters := len(positions), c.topology.Size(), target.ParameterDim()
	q := make([]float64, (parameters+states.Noise())*n)
	for d, position := range positions {
		random := nuts.NewStream(2, dataSet, uint32(d), nuts.PurposeStates)
		for i := range len(q) / n {
			if i < len(position) {
				q[i*n+d] = position[i]
			} else {
				q[i*n+d] = random.Normal()
			}
		}
	}
	x := make([]float64, c.model.Dim()*nodes*n)
	if err := states.Draw(ctx, q, x); err != nil {
		return nil, err
	}
	noise := len(natural[0]) - c.model.Dim() // tau_sq stands last
	draws := make([][]float64, len(natural[0])+2)
	one := make([]float64, c.model.Dim()*nodes)
	for d, values := range natural {
		for i := range one {
			one[i] = x[i*n+d]
		}
		for i, v := range append(append([]float64(nil), values...), one[c.node], logObservations(target.Data(), values[noise:], one)) {
			draws[i] = append(draws[i], v)
		}
	}
	return draws, nil
}
