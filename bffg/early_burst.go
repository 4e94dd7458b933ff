package bffg

import (
	"github.com/hxgpu/hxgpu/bffg/prior"
	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

// EarlyBurst is Brownian motion whose rate is R exp(b s) at distance s from the root:
// an early burst where b < 0 (Harmon et al. 2010, Evolution 64:2385), an acceleration
// where b > 0 (the ACDC model of Blomberg et al. 2003, Evolution 57:717). On an edge
// of length t that begins at s the covariance is R (exp(b (s+t)) - exp(b s)) / b. The
// parameter b, per unit of edge length, is called a by geiger and rate by phylolm; its
// prior is normal around 0, of standard deviation 2 over the height of the tree.
func EarlyBurst(traits []string, data Data) *Model {
	d := len(traits)
	start := StartField()
	discrete := spreading(d, func(e Edge) tensor.Value {
		b := e.Parameter("b").Scalar()
		effective := b.Mul(e.Field(start.Name)).Exp().Mul(e.Length).Mul(expm1Ratio(b.Mul(e.Length)))
		return e.Parameter(RateMatrix).Mul(effective)
	})
	discrete.EdgeFields = []EdgeField{start}
	change := Parameter{Name: "b", Labels: []string{""}, Prior: prior.Normal(0, roundTo(2/heightOrOne(data))),
		About: "change of the log rate per unit of edge length; below 0 an early burst", Default: "its standard deviation is 2 over the height of the tree"}
	parameters := append(rateParameters(traits, data), change, tipNoise(traits, data))
	parameters[0].About = "rate of evolution at the root: variance per unit of edge length"
	return &Model{
		Name: "eb", About: "early burst: Brownian motion of rate R exp(b s) at distance s from the root", Traits: traits, TipNoise: true,
		Discrete:   discrete,
		Natural:    []tree.Field{rateField(d), {Name: "b", Kind: tree.Chain, Shape: tensor.Shape{1}}},
		Parameters: parameters,
		Derive:     deriveRate(d),
		Derived:    []Derived{presentRate(traits, data)},
	}
}

// expm1Ratio is (exp(x) - 1) / x of a scalar, 1 at x = 0. Near 0 it is the Taylor
// series, whose derivative is exact there; the quotient's loses eps/x. Of the terms up
// to x^9 the rest is below 1e-17 where |x| < 0.1.
func expm1Ratio(x tensor.Value) tensor.Value {
	small := x.Abs().Less(tensor.Constant(0.1))
	// Each branch stays finite where it is not taken, and so does its gradient.
	near, far := tensor.Select(small, x, tensor.Constant(0)), tensor.Select(small, tensor.Constant(1), x)
	series := tensor.Constant(1)
	for k := 10; k >= 2; k-- { // 1 + x/2 (1 + x/3 (1 + ...))
		series = series.Mul(near).Scale(1 / float64(k)).Shift(1)
	}
	return tensor.Select(small, series, far.Expm1().Div(far))
}
