package tree

import (
	"fmt"
	"math"

	"github.com/hxgpu/hxgpu/tensor"
)

// Evaluate runs a program for one chain on a topology, node by node, in plain
// float64 Go. It is slow, and the definition that devices are checked against.
// Inputs and results are by field name: [component][node] for state and data
// fields, [component] for chain fields. Inputs that are not given are zero. The
// results are the latest versions of all fields.
func Evaluate(p *Program, t *Topology, inputs map[string][]float64) (map[string][]float64, error) {
	if err := p.Err(); err != nil {
		return nil, err
	}
	e := evaluation{program: p, topology: t, values: make([][]float64, len(p.variables))}
	for id, v := range p.variables {
		n := v.Shape.Size()
		if v.Kind != Chain {
			n *= t.Size()
		}
		e.values[id] = make([]float64, n)
		if given, ok := inputs[v.Name]; ok && v.Input {
			if len(given) != n {
				return nil, fmt.Errorf("tree: field %q needs %d numbers, has %d", v.Name, n, len(given))
			}
			copy(e.values[id], given)
		}
	}
	for _, s := range p.statements {
		if err := e.run(s); err != nil {
			return nil, fmt.Errorf("tree: %s: %w", s.Name, err)
		}
	}
	results := map[string][]float64{}
	for name, id := range p.current {
		results[name] = e.values[id]
	}
	return results, nil
}

type evaluation struct {
	program  *Program
	topology *Topology
	values   [][]float64
}

func (e *evaluation) run(s Statement) error {
	n := e.topology.Size()
	switch {
	case s.Kind == TotalStatement:
		for c := range e.values[s.Target] {
			sum := 0.0
			for v := range n {
				sum += e.values[s.Source][c*n+v]
			}
			e.values[s.Target][c] = sum
		}
		return nil
	case s.Kind == ScalarStatement:
		return e.visit(s, 0)
	case s.Order == LeavesToRoot:
		for v := n - 1; v >= 0; v-- {
			if err := e.visit(s, v); err != nil {
				return err
			}
		}
		return nil
	}
	for v := range n {
		if err := e.visit(s, v); err != nil {
			return err
		}
	}
	return nil
}

// visit runs a statement at one node.
func (e *evaluation) visit(s Statement, node int) error {
	inputs := map[*tensor.Node][]float64{}
	for _, r := range s.Reads {
		inputs[r.Input] = e.read(r, node)
	}
	outputs := make([]tensor.Value, len(s.Writes))
	for i, w := range s.Writes {
		outputs[i] = w.Value
	}
	results, err := tensor.Evaluate(outputs, inputs)
	if err != nil {
		return err
	}
	for i, w := range s.Writes {
		e.store(w.Variable, node, results[i])
	}
	return nil
}

func (e *evaluation) read(r Read, node int) []float64 {
	t := e.topology
	switch r.Via {
	case LeafFlag:
		return flag(t.IsLeaf(node))
	case RootFlag:
		return flag(node == 0)
	case Degree:
		return []float64{float64(t.ChildCount()[node])}
	case OfParent:
		return e.load(r.Variable, max(t.Parent(node), 0))
	case OfChildren:
		reduced := make([]float64, e.program.variables[r.Variable].Shape.Size())
		for c := range reduced {
			reduced[c] = [...]float64{0, 1, math.Inf(-1), math.Inf(1)}[r.Reduction]
		}
		for k := range int(t.ChildCount()[node]) {
			for c, x := range e.load(r.Variable, int(t.FirstChild()[node])+k) {
				switch r.Reduction {
				case Sum:
					reduced[c] += x
				case Prod:
					reduced[c] *= x
				case Max:
					reduced[c] = math.Max(reduced[c], x)
				case Min:
					reduced[c] = math.Min(reduced[c], x)
				}
			}
		}
		return reduced
	}
	return e.load(r.Variable, node)
}

func flag(set bool) []float64 {
	if set {
		return []float64{1}
	}
	return []float64{0}
}

func (e *evaluation) load(id VariableID, node int) []float64 {
	v := e.program.variables[id]
	if v.Kind == Chain {
		return e.values[id]
	}
	n := e.topology.Size()
	x := make([]float64, v.Shape.Size())
	for c := range x {
		x[c] = e.values[id][c*n+node]
	}
	return x
}

func (e *evaluation) store(id VariableID, node int, x []float64) {
	if e.program.variables[id].Kind == Chain {
		copy(e.values[id], x)
		return
	}
	n := e.topology.Size()
	for c := range x {
		e.values[id][c*n+node] = x[c]
	}
}
