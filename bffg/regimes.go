package bffg

import (
	"github.com/hxgpu/hxgpu/bffg/prior"
	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

// CorrelationMatrix is the chain field (d,d) of the traits' correlations, for models
// whose variances differ between edges.
const CorrelationMatrix = "C"

// regimeLabels name the elements of a parameter by regime, and by trait where there
// are several: all traits of the first regime come first.
func regimeLabels(regimes, traits []string) []string {
	var all []string
	for _, regime := range regimes {
		if len(traits) == 1 {
			all = append(all, regime)
			continue
		}
		for _, trait := range traits {
			all = append(all, regime+","+trait)
		}
	}
	return all
}

// ofRegime picks from a parameter of (regimes x d) elements the d of the edge's regime.
func ofRegime(e Edge, parameter string, regimes, d int) tensor.Value {
	return e.Parameter(parameter).Reshape(regimes, d).Transpose().MatMul(e.Field(regimeField))
}

// RateShifts is Brownian motion whose rates differ between the regimes of edges
// (O'Meara et al. 2006, Evolution 60:922): x_v | x ~ N(x, R_r t) on an edge of regime
// r, with variances per unit of edge length sigma_sq for each regime and trait, and one
// correlation matrix for all. The data need regimes.
func RateShifts(traits []string, data Data) *Model {
	d, regimes := len(traits), len(data.RegimeNames)
	discrete := spreading(d, func(e Edge) tensor.Value {
		variance := ofRegime(e, "sigma_sq", regimes, d).Mul(e.Length)
		if d == 1 {
			return variance.Reshape(1, 1)
		}
		sd := ofRegime(e, "sigma_sq", regimes, d).Sqrt()
		return sd.Outer(sd).Mul(e.Parameter(CorrelationMatrix)).Mul(e.Length)
	})
	discrete.EdgeFields = []EdgeField{RegimeField(regimes)}
	m := &Model{
		Name: "rates", About: "Brownian motion whose rates shift between regimes: x_v | x ~ N(x, R_regime t)", Traits: traits, TipNoise: true,
		Discrete: discrete,
		Natural:  []tree.Field{{Name: "sigma_sq", Kind: tree.Chain, Shape: tensor.Shape{regimes * d}}},
		Parameters: []Parameter{{Name: "sigma_sq", Labels: regimeLabels(data.RegimeNames, traits), Prior: roundedLogNormal(typicalRate(data), 2),
			About: "rate of evolution of each regime: variance per unit of edge length", Default: rateDefault}},
	}
	if d > 1 {
		m.Natural = append(m.Natural, tree.Field{Name: CorrelationMatrix, Kind: tree.Chain, Shape: tensor.Shape{d, d}})
		m.Parameters = append(m.Parameters, correlationParameter(traits))
		m.Derive = func(v *tree.ScalarView) {
			l := v.Parameter("correlation")
			v.Write(CorrelationMatrix, l.MatMul(l.Transpose()))
		}
	}
	m.Parameters = append(m.Parameters, tipNoise(traits, data))
	return m
}

// optima are the optima that a model is attracted to: one for the tree, or one for each
// regime of edges.
type optima struct {
	d       int
	regimes []string // nil for one optimum
	first   int      // the regime in which the tree begins
}

func oneOptimum(traits []string) optima { return optima{d: len(traits)} }

// optimaOf has one optimum for each regime of the data.
func optimaOf(traits []string, data Data) optima {
	o := optima{d: len(traits), regimes: data.RegimeNames}
	if len(data.Regimes) > 0 {
		o.first = data.Regimes[0]
	}
	return o
}

// on is the optimum (d) of an edge.
func (o optima) on(e Edge) tensor.Value {
	if o.regimes == nil {
		return e.Parameter("theta")
	}
	return ofRegime(e, "theta", len(o.regimes), o.d)
}

// atRoot is the optimum (d) of the regime in which the tree begins.
func (o optima) atRoot(theta tensor.Value) tensor.Value {
	if o.regimes == nil {
		return theta
	}
	rows := make([]int, o.d)
	for k := range rows {
		rows[k] = o.first*o.d + k
	}
	return theta.Gather(rows, o.d)
}

func (o optima) edgeFields() []EdgeField {
	if o.regimes == nil {
		return nil
	}
	return []EdgeField{RegimeField(len(o.regimes))}
}

func (o optima) field() tree.Field {
	return tree.Field{Name: "theta", Kind: tree.Chain, Shape: tensor.Shape{max(len(o.regimes), 1) * o.d}}
}

func (o optima) parameter(traits []string, location prior.Distribution) Parameter {
	if o.regimes == nil {
		return Parameter{Name: "theta", Labels: labels(traits), Prior: location, About: "the optimum that the trait is attracted to", Default: locationDefault}
	}
	return Parameter{Name: "theta", Labels: regimeLabels(o.regimes, traits), Prior: location, About: "the optimum of each regime, that the trait is attracted to there", Default: locationDefault}
}
