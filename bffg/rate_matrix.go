package bffg

import (
	"github.com/hxgpu/hxgpu/bffg/prior"
	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

// RateMatrix is the chain field (d,d) of the evolutionary rate matrix R: variances
// and covariances per unit of edge length.
const RateMatrix = "R"

// rateParameters are the variances per unit of edge length and, for several
// traits, their correlations; deriveRate makes R of them.
func rateParameters(traits []string, data Data) []Parameter {
	return covarianceParameters(traits, typicalRate(data), "rate of evolution: variance per unit of edge length", rateDefault)
}

const (
	rateDefault = "its median is the traits' variance over the tips, divided by the height of the tree"
	lkjDefault  = "uniform over the correlation matrices"
)

func covarianceParameters(traits []string, scale float64, about, from string) []Parameter {
	parameters := []Parameter{{Name: "sigma_sq", Labels: labels(traits), Prior: roundedLogNormal(scale, 2), About: about, Default: from}}
	if len(traits) > 1 {
		parameters = append(parameters, correlationParameter(traits))
	}
	return parameters
}

func correlationParameter(traits []string) Parameter {
	return Parameter{Name: "correlation", Labels: traits, Prior: prior.LKJ(1), About: "correlation of the traits' evolution", Default: lkjDefault}
}

func rateField(d int) tree.Field {
	return tree.Field{Name: RateMatrix, Kind: tree.Chain, Shape: tensor.Shape{d, d}}
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

// unchanged is the mean of a transition that has no trend.
func unchanged(x tensor.Value, _ Edge) tensor.Value { return x }

// spreading is a transition N(x, Q) whose covariance does not depend on the state.
func spreading(d int, covariance func(e Edge) tensor.Value) Discrete {
	return Discrete{
		Dim:        d,
		Mean:       unchanged,
		Covariance: func(_ tensor.Value, e Edge) tensor.Value { return covariance(e) },
		Auxiliary: func(_ tensor.Value, e Edge) Transition {
			return Transition{Phi: tensor.Identity(d), Beta: tensor.Zeros(d), Q: covariance(e)}
		},
	}
}
