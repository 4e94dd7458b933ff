package bffg

import (
	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

// WhiteNoise is the model without a tree: the tips are independent around the root,
// x_tip ~ N(root, R). R is made of variances sigma_sq, which are not per unit of edge
// length here, and of correlations between traits. There is no tip noise besides;
// known variances of the tips add as elsewhere.
func WhiteNoise(traits []string, data Data) *Model {
	d := len(traits)
	tip := TipField()
	discrete := spreading(d, func(e Edge) tensor.Value { return e.Parameter(RateMatrix).Mul(e.Field(tip.Name)) })
	discrete.EdgeFields = []EdgeField{tip}
	parameters := covarianceParameters(traits, typicalVariance(data), "variance of the tips around the root", "its median is the traits' variance over the tips")
	if d > 1 {
		parameters[1].About = "correlation of the traits over the tips"
	}
	return &Model{
		Name: "white", About: "white noise: tips independent around the root, x ~ N(root, R), no tree", Traits: traits, TipsVary: true,
		Discrete:   discrete,
		Natural:    []tree.Field{rateField(d)},
		Parameters: parameters,
		Derive:     deriveRate(d),
	}
}
