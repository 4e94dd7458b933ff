package plan

import (
	"fmt"
	"math"

	"github.com/hxgpu/hxgpu/shaders"
	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

// slabKind is what all nodes of a run have in common; a kernel is built for each
// kind, with the tests that it decides already made.
type slabKind struct {
	root   bool // the run is the root alone
	degree int  // the number of children of every node, or mixedDegree
}

const mixedDegree = -1

// kind describes the nodes first to before end.
func (p *planner) kind(first, end int) slabKind {
	counts := p.topology.ChildCount()
	kind := slabKind{root: first == 0 && end == 1, degree: int(counts[first])}
	for v := first + 1; v < end; v++ {
		if int(counts[v]) != kind.degree {
			kind.degree = mixedDegree
			break
		}
	}
	return kind
}

// variant is a statement for a kind of slab.
type variant struct {
	statement tree.Statement
	number    int // of the statement
	kind      slabKind
	writes    []tree.Write
	values    []tensor.Value
	reads     map[*tensor.Node]tree.Read // those that are left
	list      []tree.Read                // the same in order
	arrays    bool                       // too long to be written out element by element
}

// variantOf specialises a statement; nil if nothing is left to do there.
func (p *planner) variantOf(number int, kind slabKind) *variant {
	key := variantKey{number, kind}
	if v, known := p.variants[key]; known {
		return v
	}
	v := p.specialise(number, kind)
	p.variants[key] = v
	return v
}

func (p *planner) specialise(number int, kind slabKind) *variant {
	s := p.statements[number]
	replacements := map[*tensor.Node]tensor.Value{}
	for _, r := range s.Reads {
		switch {
		case r.Via == tree.RootFlag:
			replacements[r.Input] = boolean(kind.root)
		case r.Via == tree.LeafFlag && kind.degree != mixedDegree:
			replacements[r.Input] = boolean(kind.degree == 0)
		case r.Via == tree.Degree && kind.degree != mixedDegree:
			replacements[r.Input] = tensor.Constant(float64(kind.degree))
		case r.Via == tree.OfChildren && kind.degree == 0:
			replacements[r.Input] = reductionOfNone(r.Reduction, p.program.Variable(r.Variable).Shape)
		}
	}
	v := &variant{statement: s, number: number, kind: kind, reads: map[*tensor.Node]tree.Read{}}
	for _, w := range s.Writes {
		if !w.NotRoot || !kind.root {
			v.writes = append(v.writes, w)
			v.values = append(v.values, w.Value)
		}
	}
	if len(v.writes) == 0 {
		return nil
	}
	v.values = tensor.Simplify(tensor.Substitute(v.values, replacements)...)
	used := map[*tensor.Node]bool{}
	for _, n := range tensor.Order(v.values) {
		used[n] = true
	}
	for _, r := range s.Reads {
		if used[r.Input] {
			v.reads[r.Input] = r
			v.list = append(v.list, r)
		}
	}
	v.arrays = needsArrays(v.values)
	return v
}

func boolean(set bool) tensor.Value {
	if set {
		return tensor.Constant(1)
	}
	return tensor.Constant(0)
}

// reductionOfNone is what a reduction over no children gives.
func reductionOfNone(r tree.Reduction, shape tensor.Shape) tensor.Value {
	return tensor.Fill([...]float64{0, 1, math.Inf(-1), math.Inf(1)}[r], shape...)
}

// emit translates the statement; long says where long sums over children have
// been split.
func (v *variant) emit(k *kernelBuilder, long *splitChildren) error {
	p := k.plan
	elements, err := shaders.Lower(k.Builder, v.values, func(n *tensor.Node) ([]shaders.Value, error) {
		r, ok := v.reads[n]
		if !ok {
			return nil, fmt.Errorf("statement %q uses an input %q that it does not read", v.statement.Name, n.InputName)
		}
		nodes := p.topology.Size()
		switch r.Via {
		case tree.LeafFlag:
			isLeaf := k.EqualInt(k.integer(p.childCount, 0), k.ConstInt(0))
			return []shaders.Value{k.Select(isLeaf, k.Const(1), k.Const(0))}, nil
		case tree.Degree:
			return []shaders.Value{k.IntToFloat(k.integer(p.childCount, 0))}, nil
		case tree.OfParent:
			return k.load(r.Variable, nodes, k.integer(p.parent, 0)), nil
		case tree.OfChildren:
			if long != nil {
				return long.reduce(k, r), nil
			}
			count := k.ConstInt(v.kind.degree)
			if v.kind.degree == mixedDegree {
				count = k.integer(p.childCount, 0)
			}
			return k.reduce(r.Reduction, r.Variable, nodes, k.integer(p.firstChild, 0), count), nil
		}
		if own, ok := k.own[r.Variable]; ok {
			return own, nil
		}
		return k.load(r.Variable, nodes, k.Item()), nil
	})
	if err != nil {
		return err
	}
	for i, w := range v.writes {
		k.store(w.Variable, p.topology.Size(), k.Item(), elements[i])
	}
	return nil
}
