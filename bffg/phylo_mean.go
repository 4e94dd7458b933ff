package bffg

import (
	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

// AddPhyloMean adds the sweep that gives every inner node the mean of its
// children's values, weighted by one over their edge lengths, and leaves the
// leaves as they are: the phylogenetic mean ends up at the root. value is a
// state field of any shape, length a data or state field () of edge lengths,
// which must be positive.
func AddPhyloMean(p *tree.Program, value, length string) {
	p.Up("phylogenetic mean", func(v *tree.UpView) {
		weighted := v.Children(func(c *tree.ChildView) tensor.Value { return c.Field(value).Div(c.Field(length)) })
		weights := v.Children(func(c *tree.ChildView) tensor.Value { return tensor.Constant(1).Div(c.Field(length)) })
		v.Write(value, weighted.Sum().Div(weights.Sum()))
	})
}
