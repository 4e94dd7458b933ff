package bffg

import (
	"math"

	"github.com/hxgpu/hxgpu/bffg/prior"
	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

// AttractionMatrix is the chain field (d,d) of the matrix A of a multivariate
// Ornstein-Uhlenbeck process, per unit of edge length.
const AttractionMatrix = "A"

// MultivariateOU is the model dX = -A (X - theta) dt + dW with a full attraction matrix
// A (d,d), by which traits pull each other, and dW of covariance R dt (Bartoszek et
// al. 2012, J. Theor. Biol. 314:204). The transition is exact (see [OrnsteinUhlenbeck]
// for one with a diagonal A).
//
// The likelihood takes any A. For sampling A = S + K, so that the process is stable: S
// is symmetric and positive definite, made of alpha, the diagonal of A, and of the
// correlation matrix pull_correlation: S_ij = pull_correlation_ij sqrt(alpha_i
// alpha_j); K is skew, with rotation above its diagonal and minus that below. So A+A'
// is positive definite: stable matrices that are far from normal are left out.
// rotation has a normal prior around 0 with the median of alpha for its standard
// deviation.
func MultivariateOU(traits []string, data Data) *Model {
	m := multivariateOU(traits, data, oneOptimum(traits))
	m.About = "multivariate Ornstein-Uhlenbeck: dX = -A (X - theta) dt + dW, covariance R dt, A a full matrix"
	return m
}

// MultivariateOUSeveralOptima is [MultivariateOU] with an optimum for each regime of
// edges and each trait. The data need regimes.
func MultivariateOUSeveralOptima(traits []string, data Data) *Model {
	m := multivariateOU(traits, data, optimaOf(traits, data))
	m.About = "multivariate Ornstein-Uhlenbeck with an optimum per regime: dX = -A (X - theta_regime) dt + dW, covariance R dt"
	return m
}

func multivariateOU(traits []string, data Data, o optima) *Model {
	d := len(traits)
	transition := func(e Edge) Transition {
		phi, q := attracted(e.Parameter(AttractionMatrix), e.Parameter(RateMatrix), e.Length)
		theta := o.on(e)
		return Transition{Phi: phi, Beta: theta.Sub(phi.MatMul(theta)), Q: q}
	}
	m := &Model{
		Name: "mvou", Traits: traits, TipNoise: true, Attraction: "alpha",
		Discrete: Discrete{
			Dim: d,
			Mean: func(x tensor.Value, e Edge) tensor.Value {
				t := transition(e)
				return t.Phi.MatMul(x).Add(t.Beta)
			},
			Covariance: func(_ tensor.Value, e Edge) tensor.Value { return transition(e).Q },
			Auxiliary:  func(_ tensor.Value, e Edge) Transition { return transition(e) },
			EdgeFields: o.edgeFields(),
		},
		Natural:    []tree.Field{rateField(d), {Name: AttractionMatrix, Kind: tree.Chain, Shape: tensor.Shape{d, d}}, o.field()},
		Parameters: append(append(rateParameters(traits, data), attractionMatrixParameters(traits, data)...), o.parameter(traits, locationPrior(data)), tipNoise(traits, data)),
		Derive: func(v *tree.ScalarView) {
			deriveRate(d)(v)
			deriveAttraction(d)(v)
		},
		Derived: attractedDerived(traits),
		Stationary: func(parameter func(string) tensor.Value) (mean, covariance tensor.Value) {
			return o.atRoot(parameter("theta")), lyapunov(parameter(AttractionMatrix), parameter(RateMatrix))
		},
	}
	m.wideRoot(data)
	return m
}

// attractionMatrixParameters are those that deriveAttraction makes A of.
func attractionMatrixParameters(traits []string, data Data) []Parameter {
	alpha := attraction(traits, data)
	if len(traits) == 1 {
		return []Parameter{alpha}
	}
	alpha.About = "diagonal of A: strength of attraction per unit of edge length"
	var pairs []string
	for i := range traits {
		for j := range i {
			pairs = append(pairs, traits[j]+","+traits[i])
		}
	}
	return []Parameter{alpha,
		{Name: "pull_correlation", Labels: traits, Prior: prior.LKJ(1), About: "symmetric part of A, relative to its diagonal", Default: lkjDefault},
		{Name: "rotation", Labels: pairs, Prior: prior.Normal(0, roundTo(math.Exp(alpha.Prior.Parameters[0]))), About: "skew part of A: A_ij is up by so much, A_ji down", Default: "its standard deviation is the median of alpha"}}
}

func deriveAttraction(d int) func(v *tree.ScalarView) {
	return func(v *tree.ScalarView) {
		alpha := v.Parameter("alpha")
		if d == 1 {
			v.Write(AttractionMatrix, alpha.Reshape(1, 1))
			return
		}
		scaled := alpha.Sqrt().Diag().MatMul(v.Parameter("pull_correlation"))
		var above, below []int
		for i := range d {
			for j := range i {
				above, below = append(above, j*d+i), append(below, i*d+j)
			}
		}
		k := v.Parameter("rotation")
		skew := k.Scatter(above, d, d).Sub(k.Scatter(below, d, d))
		v.Write(AttractionMatrix, scaled.MatMul(scaled.Transpose()).Add(skew))
	}
}
