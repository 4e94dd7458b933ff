package bffg

import (
	"math"
	"strconv"

	"github.com/hxgpu/hxgpu/bffg/prior"
	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

// RateMatrix is the chain field (d,d) of the evolutionary rate matrix R: variances
// and covariances per unit of edge length.
const RateMatrix = "R"

// labels name the elements of a parameter by trait; one trait needs no label.
func labels(traits []string) []string {
	if len(traits) == 1 {
		return []string{""}
	}
	return traits
}

// rateParameters are the variances per unit of edge length and, for several
// traits, their correlations; derive makes R of them.
func rateParameters(traits []string, data Data) []Parameter {
	scale := 1.0
	if height := data.Height(); height > 0 {
		scale = typicalVariance(data) / height
	}
	parameters := []Parameter{{Name: "sigma_sq", Labels: labels(traits), Prior: roundedLogNormal(scale, 2),
		About: "rate of evolution: variance per unit of edge length"}}
	if len(traits) > 1 {
		parameters = append(parameters, Parameter{Name: "correlation", Labels: traits, Prior: prior.LKJ(1),
			About: "correlation of the traits' evolution"})
	}
	return parameters
}

func deriveRate(dim int) func(v *tree.ScalarView) {
	return func(v *tree.ScalarView) {
		variance := v.Parameter("sigma_sq")
		if dim == 1 {
			v.Write(RateMatrix, variance.Reshape(1, 1))
			return
		}
		l := v.Parameter("correlation")
		scaled := variance.Sqrt().Diag().MatMul(l)
		v.Write(RateMatrix, scaled.MatMul(scaled.Transpose()))
	}
}

// typicalVariance is the mean variance of the traits over the tips, or 1.
func typicalVariance(data Data) float64 {
	sum := 0.0
	for k := range data.Values {
		_, variance, _ := data.Moments(k)
		sum += variance
	}
	if sum <= 0 {
		return 1
	}
	return sum / float64(len(data.Values))
}

// roundedLogNormal is a log-normal prior with its median near scale.
func roundedLogNormal(scale, sd float64) prior.Distribution {
	return prior.LogNormal(math.Round(10*math.Log(scale))/10, sd)
}

func tipNoise(traits []string, data Data) Parameter {
	return Parameter{Name: TipNoise, Labels: labels(traits), Prior: roundedLogNormal(typicalVariance(data)/10, 2),
		About: "variance of the tips around their lineage: measurement error and variation within a taxon"}
}

// BrownianMotion is the model x_v | x ~ N(x, R t) on an edge of length t, with one
// rate matrix R for the tree. The default priors take their scale from the data.
func BrownianMotion(traits []string, data Data) *Model {
	d := len(traits)
	rate := tensor.Shape{d, d}
	return &Model{
		Name: "bm", About: "Brownian motion: x_v | x ~ N(x, R t)", Traits: traits, TipNoise: true,
		Discrete: Discrete{
			Dim:        d,
			Mean:       func(x tensor.Value, e Edge) tensor.Value { return x },
			Covariance: func(x tensor.Value, e Edge) tensor.Value { return e.Parameter(RateMatrix).Mul(e.Length) },
		},
		Natural:    []tree.Field{{Name: RateMatrix, Kind: tree.Chain, Shape: rate}},
		Parameters: append(rateParameters(traits, data), tipNoise(traits, data)),
		Derive:     deriveRate(d),
	}
}

// locationPrior is a prior of the traits' states: normal around the mean of the data,
// five standard deviations wide. Traits share it, so that it spans their means too.
func locationPrior(data Data) prior.Distribution {
	center, width := 0.0, 0.0
	for k := range data.Values {
		mean, variance, _ := data.Moments(k)
		center += mean / float64(len(data.Values))
		width = max(width, math.Sqrt(variance))
	}
	for k := range data.Values {
		mean, _, _ := data.Moments(k)
		width = max(width, math.Abs(mean-center))
	}
	if width <= 0 {
		width = 1
	}
	return prior.Normal(roundTo(center), roundTo(5*width))
}

// EstimateRoot makes the root's state a parameter, with a prior that is normal around
// the mean of the data and five standard deviations wide.
func (m *Model) EstimateRoot(data Data) {
	m.Root = RootEstimated
	m.Parameters = append(m.Parameters, Parameter{Name: RootValue, Labels: labels(m.Traits), Prior: locationPrior(data), About: "the state of the root"})
}

// OrnsteinUhlenbeck is the model dX = -alpha (X - theta) dt + dW with dW of
// covariance R dt, and alpha and theta per trait. Its transition over an edge of
// length t is linear-Gaussian and exact: mean theta + exp(-alpha t)(x - theta),
// covariance R_ij (1 - exp(-(alpha_i+alpha_j) t)) / (alpha_i+alpha_j). The root's
// prior is normal around the mean of the data, five standard deviations wide: a
// flat one would make the posterior improper.
func OrnsteinUhlenbeck(traits []string, data Data) *Model {
	d := len(traits)
	vector := tensor.Shape{d}
	height := data.Height()
	if height <= 0 {
		height = 1
	}
	decay := func(e Edge) tensor.Value { return e.Parameter("alpha").Mul(e.Length).Neg().Exp() }
	covariance := func(x tensor.Value, e Edge) tensor.Value {
		alpha := e.Parameter("alpha")
		ones := tensor.Fill(1, d)
		sums := alpha.Outer(ones).Add(ones.Outer(alpha))
		return e.Parameter(RateMatrix).Mul(sums.Mul(e.Length).Neg().Expm1().Neg()).Div(sums)
	}
	rootMean, rootSD := make([]float64, d), make([]float64, d)
	for k := range data.Values {
		mean, variance, _ := data.Moments(k)
		rootMean[k], rootSD[k] = roundTo(mean), roundTo(5*math.Sqrt(variance))
		if rootSD[k] <= 0 {
			rootSD[k] = 1
		}
	}
	parameters := append(rateParameters(traits, data),
		Parameter{Name: "alpha", Labels: labels(traits), Prior: roundedLogNormal(math.Ln2/height, 1.5),
			About: "strength of attraction per unit of edge length; ln 2 / alpha is the half-life"},
		Parameter{Name: "theta", Labels: labels(traits), Prior: locationPrior(data), About: "the optimum that the trait is attracted to"},
		tipNoise(traits, data))
	return &Model{
		Name: "ou", About: "Ornstein-Uhlenbeck: dX = -alpha (X - theta) dt + dW, covariance R dt", Traits: traits, TipNoise: true,
		Root: RootNormal, RootMean: rootMean, RootSD: rootSD, Attraction: "alpha",
		Discrete: Discrete{
			Dim: d,
			Mean: func(x tensor.Value, e Edge) tensor.Value {
				theta := e.Parameter("theta")
				return theta.Add(decay(e).Mul(x.Sub(theta)))
			},
			Covariance: covariance,
			Auxiliary: func(anchor tensor.Value, e Edge) Transition {
				theta, shrink := e.Parameter("theta"), decay(e)
				return Transition{Phi: shrink.Diag(), Beta: theta.Mul(tensor.Constant(1).Sub(shrink)), Q: covariance(anchor, e)}
			},
		},
		Natural: []tree.Field{{Name: RateMatrix, Kind: tree.Chain, Shape: tensor.Shape{d, d}},
			{Name: "alpha", Kind: tree.Chain, Shape: vector}, {Name: "theta", Kind: tree.Chain, Shape: vector}},
		Parameters: parameters,
		Derive:     deriveRate(d),
		Stationary: func(parameter func(string) tensor.Value) (mean, covariance tensor.Value) {
			alpha, ones := parameter("alpha"), tensor.Fill(1, d)
			return parameter("theta"), parameter(RateMatrix).Div(alpha.Outer(ones).Add(ones.Outer(alpha)))
		},
	}
}

// roundTo keeps two significant digits, so that default priors read well.
func roundTo(x float64) float64 {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 2, 64), 64)
	if err != nil {
		return x
	}
	return rounded
}

// Seed is the built-in example, the model of hyperiax's notebooks 05 and 06: one
// trait, Brownian steps of variance sigma_sq per edge, tip noise tau_sq, the root
// pinned at 0, log-normal(0,2) priors on both, and the noise of the guided sweep
// sampled along with them.
func Seed() *Model {
	return &Model{
		Name: "seed", About: "Brownian steps on a binary tree, noise sampled with the parameters", Traits: []string{"x"}, TipNoise: true,
		Discrete: Discrete{
			Dim:  1,
			Mean: func(x tensor.Value, e Edge) tensor.Value { return x },
			Covariance: func(x tensor.Value, e Edge) tensor.Value {
				return e.Parameter("sigma_sq").Mul(e.Length).Reshape(1, 1)
			},
		},
		Natural: []tree.Field{{Name: "sigma_sq", Kind: tree.Chain, Shape: tensor.Shape{1}}},
		Parameters: []Parameter{
			{Name: "sigma_sq", Labels: []string{""}, Prior: prior.LogNormal(0, 2), About: "variance of one edge's step"},
			{Name: TipNoise, Labels: []string{""}, Prior: prior.LogNormal(0, 2), About: "variance of the observations"},
		},
		Root: RootPinned, RootValue: []float64{0}, SampleNoise: true,
	}
}

// SeedData is the data of the built-in example: a balanced tree with 16 leaves and
// edges of length 1, simulated with sigma_sq = 0.5 and tau_sq = 0.1.
func SeedData() Data {
	topology, err := tree.Symmetric(4, 2)
	if err != nil {
		panic("bffg: the built-in tree is invalid")
	}
	lengths := make([]float64, topology.Size())
	for v := 1; v < len(lengths); v++ {
		lengths[v] = 1
	}
	return Data{Topology: topology, Lengths: lengths, Values: [][]float64{append([]float64(nil), seedObservations...)}}
}
