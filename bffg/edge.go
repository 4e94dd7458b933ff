package bffg

import (
	"fmt"

	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

// Edge is what a transition may depend on besides the parent's state.
type Edge struct {
	Length    tensor.Value // the edge's length, a scalar
	field     func(string) tensor.Value
	parameter func(string) tensor.Value
}

// edgeOf is the edge above the node of a view.
func edgeOf(v nodeView) Edge { return Edge{v.Field(FieldLength), v.Field, v.Parameter} }

// Parameter is a parameter of the model by its name, on the natural scale.
func (e Edge) Parameter(name string) tensor.Value { return e.parameter(name) }

// Field is one of the model's [EdgeField]s by its name.
func (e Edge) Field(name string) tensor.Value { return e.field(name) }

// EdgeField is something that a transition reads of an edge besides its length: the
// same for all parameters, such as its depth in the tree or its regime.
type EdgeField struct {
	Name  string
	Shape tensor.Shape // at one edge
	// Values gives [component][node], for the edge above each node; the root's are
	// read by nobody.
	Values func(d Data) []float64
}

// edgeFields declares the fields of edges.
func edgeFields(fields []EdgeField) []tree.Field {
	var declared []tree.Field
	for _, f := range fields {
		declared = append(declared, tree.Field{Name: f.Name, Kind: tree.Data, Shape: f.Shape})
	}
	return declared
}

// addEdgeFields computes the fields of edges.
func addEdgeFields(to map[string][]float64, fields []EdgeField, d Data) error {
	for _, f := range fields {
		x, n := f.Values(d), f.Shape.Size()*d.Topology.Size()
		if len(x) != n {
			return fmt.Errorf("the edges' field %q needs %d numbers for each of %d nodes, has %d in all", f.Name, f.Shape.Size(), d.Topology.Size(), len(x))
		}
		to[f.Name] = x
	}
	return nil
}

const regimeField = "regime"

// StartField is the distance of an edge's beginning from the root.
func StartField() EdgeField {
	return EdgeField{Name: "start", Values: func(d Data) []float64 {
		depth := d.Depths()
		start := make([]float64, len(depth))
		for v := 1; v < len(depth); v++ {
			start[v] = depth[d.Topology.Parent(v)]
		}
		return start
	}}
}

// TipField is 1 for an edge that ends in a tip, 0 for others.
func TipField() EdgeField {
	return EdgeField{Name: "tip", Values: func(d Data) []float64 {
		tip := make([]float64, d.Topology.Size())
		for _, v := range d.Topology.Leaves() {
			tip[v] = 1
		}
		return tip
	}}
}

// RegimeField says which of Data.RegimeNames an edge belongs to: (regimes) numbers, 1
// for the edge's, 0 for others.
func RegimeField(regimes int) EdgeField {
	return EdgeField{Name: regimeField, Shape: tensor.Shape{regimes}, Values: func(d Data) []float64 {
		n := d.Topology.Size()
		x := make([]float64, regimes*n)
		for v, r := range d.Regimes {
			if r >= regimes {
				return nil // data of more regimes than the model was made for
			}
			x[r*n+v] = 1
		}
		return x
	}}
}
