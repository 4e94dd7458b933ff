package bffg

import (
	"github.com/hxgpu/hxgpu/bffg/prior"
	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

// PagelLambda is Brownian motion whose covariances between tips are lambda times those
// that the tree gives, the variances staying as they are (Pagel 1999, Nature 401:877;
// Freckleton et al. 2002, Am. Nat. 160:712): an inner edge has the length lambda t, a
// tip's edge lambda t + (1-lambda) T, T being the tip's distance from the root. lambda
// lies between 0 (white noise) and 1 (Brownian motion), with a uniform prior; values a
// little above 1, which phylolm allows on some trees, are not.
//
// There is no tip noise by itself: on a tree whose tips are all as far from the root
// it is the same as a smaller lambda. Known variances of the tips add as elsewhere.
func PagelLambda(traits []string, data Data) *Model {
	d := len(traits)
	discrete := spreading(d, func(e Edge) tensor.Value {
		lambda := e.Parameter("lambda").Scalar()
		length := lambda.Mul(e.Length).Add(tensor.Constant(1).Sub(lambda).Mul(e.Field(tipDepthField)))
		return e.Parameter(RateMatrix).Mul(length)
	})
	discrete.EdgeFields = []EdgeField{{Name: tipDepthField, Values: tipDepths}}
	signal := Parameter{Name: "lambda", Labels: []string{""}, Prior: prior.Uniform(0, 1),
		About: "phylogenetic signal: covariances between tips as a share of those of Brownian motion", Default: "whatever the data"}
	return &Model{
		Name: "lambda", About: "Pagel's lambda: Brownian motion, covariances between tips times lambda", Traits: traits, TipsVary: true,
		Discrete:   discrete,
		Natural:    []tree.Field{rateField(d), {Name: "lambda", Kind: tree.Chain, Shape: tensor.Shape{1}}},
		Parameters: append(rateParameters(traits, data), signal),
		Derive:     deriveRate(d),
	}
}

const tipDepthField = "tip depth"

// tipDepths are the distances of the tips from the root, 0 for inner nodes.
func tipDepths(data Data) []float64 {
	depth, tips := data.Depths(), make([]float64, data.Topology.Size())
	for _, v := range data.Topology.Leaves() {
		tips[v] = depth[v]
	}
	return tips
}
