package bffg

import (
	"math"

	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

// OrnsteinUhlenbeck is the model dX = -alpha (X - theta) dt + dW with dW of
// covariance R dt, and alpha and theta per trait (Hansen 1997, Evolution 51:1341). Its
// transition over an edge of length t is linear-Gaussian and exact: mean theta +
// exp(-alpha t)(x - theta), covariance R_ij (1 - exp(-(alpha_i+alpha_j) t)) /
// (alpha_i+alpha_j). The root's prior is normal around the mean of the data, five
// standard deviations wide: a flat one would make the posterior improper.
func OrnsteinUhlenbeck(traits []string, data Data) *Model {
	m := ornsteinUhlenbeck(traits, data, oneOptimum(traits))
	m.About = "Ornstein-Uhlenbeck: dX = -alpha (X - theta) dt + dW, covariance R dt"
	return m
}

// SeveralOptima is [OrnsteinUhlenbeck] with an optimum theta for each regime of edges
// and each trait (Butler & King 2004, Am. Nat. 164:683). The data need regimes.
func SeveralOptima(traits []string, data Data) *Model {
	m := ornsteinUhlenbeck(traits, data, optimaOf(traits, data))
	m.About = "Ornstein-Uhlenbeck with an optimum per regime: dX = -alpha (X - theta_regime) dt + dW, covariance R dt"
	return m
}

func ornsteinUhlenbeck(traits []string, data Data, o optima) *Model {
	d := len(traits)
	decay := func(e Edge) tensor.Value { return e.Parameter("alpha").Mul(e.Length).Neg().Exp() }
	covariance := func(_ tensor.Value, e Edge) tensor.Value {
		alpha := e.Parameter("alpha")
		ones := tensor.Fill(1, d)
		sums := alpha.Outer(ones).Add(ones.Outer(alpha))
		return e.Parameter(RateMatrix).Mul(sums.Mul(e.Length).Neg().Expm1().Neg()).Div(sums)
	}
	m := &Model{
		Name: "ou", Traits: traits, TipNoise: true, Attraction: "alpha",
		Discrete: Discrete{
			Dim: d,
			Mean: func(x tensor.Value, e Edge) tensor.Value {
				theta := o.on(e)
				return theta.Add(decay(e).Mul(x.Sub(theta)))
			},
			Covariance: covariance,
			Auxiliary: func(anchor tensor.Value, e Edge) Transition {
				theta, shrink := o.on(e), decay(e)
				return Transition{Phi: shrink.Diag(), Beta: theta.Mul(tensor.Constant(1).Sub(shrink)), Q: covariance(anchor, e)}
			},
			EdgeFields: o.edgeFields(),
		},
		Natural:    []tree.Field{rateField(d), {Name: "alpha", Kind: tree.Chain, Shape: tensor.Shape{d}}, o.field()},
		Parameters: append(rateParameters(traits, data), attraction(traits, data), o.parameter(traits, locationPrior(data)), tipNoise(traits, data)),
		Derive:     deriveRate(d),
		Derived:    []Derived{halfLife(traits), stationaryVariance(traits), repeatability(traits)},
		Stationary: func(parameter func(string) tensor.Value) (mean, covariance tensor.Value) {
			alpha, ones := parameter("alpha"), tensor.Fill(1, d)
			return o.atRoot(parameter("theta")), parameter(RateMatrix).Div(alpha.Outer(ones).Add(ones.Outer(alpha)))
		},
	}
	m.wideRoot(data)
	return m
}

// attraction is the strength of attraction of each trait; at the median of its prior the
// half-life is the height of the tree.
func attraction(traits []string, data Data) Parameter {
	return Parameter{Name: "alpha", Labels: labels(traits), Prior: roundedLogNormal(math.Ln2/heightOrOne(data), 1.5),
		About: "strength of attraction per unit of edge length; ln 2 / alpha is the half-life", Default: "at its median the half-life is the height of the tree"}
}
