package bffg

import (
	"math"

	"github.com/hxgpu/hxgpu/bffg/prior"
	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

// brownianCovariance is R t on an edge of length t.
func brownianCovariance(e Edge) tensor.Value { return e.Parameter(RateMatrix).Mul(e.Length) }

// BrownianMotion is the model x_v | x ~ N(x, R t) on an edge of length t, with one
// rate matrix R for the tree (Felsenstein 1985, Am. Nat. 125:1). The default priors
// take their scale from the data.
func BrownianMotion(traits []string, data Data) *Model {
	d := len(traits)
	return &Model{
		Name: "bm", About: "Brownian motion: x_v | x ~ N(x, R t)", Traits: traits, TipNoise: true,
		Discrete:   spreading(d, brownianCovariance),
		Natural:    []tree.Field{rateField(d)},
		Parameters: append(rateParameters(traits, data), tipNoise(traits, data)),
		Derive:     deriveRate(d),
		Derived:    phylogeneticHeritability(traits, data),
	}
}

// Trend is Brownian motion with a drift per trait: x_v | x ~ N(x + drift t, R t). The
// drift's prior is normal around 0; over the height of the tree its standard deviation
// is twice that of the data. Where all tips are as far from the root, drift and root
// cannot be told apart.
func Trend(traits []string, data Data) *Model {
	d := len(traits)
	shift := func(e Edge) tensor.Value { return e.Parameter("drift").Mul(e.Length) }
	discrete := spreading(d, brownianCovariance)
	discrete.Mean = func(x tensor.Value, e Edge) tensor.Value { return x.Add(shift(e)) }
	discrete.Auxiliary = func(_ tensor.Value, e Edge) Transition {
		return Transition{Phi: tensor.Identity(d), Beta: shift(e), Q: brownianCovariance(e)}
	}
	drift := Parameter{Name: "drift", Labels: labels(traits), Prior: prior.Normal(0, roundTo(2*math.Sqrt(typicalVariance(data))/heightOrOne(data))),
		About: "change of the mean per unit of edge length", Default: "over the height of the tree its standard deviation is twice that of the tips"}
	return &Model{
		Name: "trend", About: "Brownian motion with a trend: x_v | x ~ N(x + drift t, R t)", Traits: traits, TipNoise: true,
		Discrete:   discrete,
		Natural:    []tree.Field{rateField(d), {Name: "drift", Kind: tree.Chain, Shape: tensor.Shape{d}}},
		Parameters: append(rateParameters(traits, data), drift, tipNoise(traits, data)),
		Derive:     deriveRate(d),
		Derived:    phylogeneticHeritability(traits, data),
	}
}
