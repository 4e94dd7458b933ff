package plan

import (
	"github.com/hxgpu/hxgpu/shaders"
	"github.com/hxgpu/hxgpu/tree"
)

// manyComponents is from how many components on those of a data field stand together
// node by node, since a lane reads all of its node's one after the other. Of fewer,
// those of neighbouring nodes do, so that lanes read them together.
const manyComponents = 32

// byNode reports whether a variable is laid out [node][component], not
// [component][node].
func (p *planner) byNode(id tree.VariableID) bool {
	v := p.program.Variable(id)
	return v.Kind == tree.Data && v.Shape.Size() >= manyComponents
}

// place is where the elements of a variable with a number of places stand.
func (p *planner) place(id tree.VariableID, places int) shaders.Place {
	switch v := p.program.Variable(id); {
	case v.Kind == tree.Chain:
		return shaders.Place{ChainStride: 1, ElementStride: p.chains, Count: -1}
	case p.byNode(id):
		return shaders.Place{PlaceStride: v.Shape.Size(), ElementStride: 1, Count: -1}
	case v.Kind == tree.Data:
		return shaders.Place{PlaceStride: 1, ElementStride: places, Count: -1}
	}
	return shaders.Place{PlaceStride: p.chains, ChainStride: 1, ElementStride: places * p.chains, Count: -1}
}

// transpose is a matrix of some rows, row by row, column by column.
func transpose(values []float64, rows int) []float64 {
	columns, out := len(values)/rows, make([]float64, len(values))
	for r := range rows {
		for c := range columns {
			out[c*rows+r] = values[r*columns+c]
		}
	}
	return out
}
