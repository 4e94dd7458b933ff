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

// binding says what a kernel's formal buffer stands for: a variable, or one of
// the topology's arrays.
type binding struct {
	variable tree.VariableID // or -1
	topology topologyArray
}

type topologyArray uint8

const (
	noTopology topologyArray = iota
	parentArray
	firstChildArray
	childCountArray
)

// kernelBuilder translates one statement for one kind of slab.
type kernelBuilder struct {
	*shaders.Builder
	program  *tree.Program
	nodes    int
	chains   int
	bindings []binding
	buffers  map[binding]int
}

func newKernelBuilder(name string, p *tree.Program, nodes, chains int) *kernelBuilder {
	return &kernelBuilder{Builder: shaders.NewBuilder(name, chains), program: p, nodes: nodes, chains: chains, buffers: map[binding]int{}}
}

func (k *kernelBuilder) buffer(b binding, access shaders.Access) int {
	if i, ok := k.buffers[b]; ok {
		k.Kernel().Buffers[i].Access |= access
		return i
	}
	t, name := shaders.Int, [...]string{"", "parent", "first child", "child count"}[b.topology]
	if b.topology == noTopology {
		t, name = shaders.Float, k.program.Variable(b.variable).Name
	}
	i := k.Buffer(name, t, access)
	k.buffers[b] = i
	k.bindings = append(k.bindings, b)
	return i
}

func (k *kernelBuilder) topology(a topologyArray) shaders.Value {
	return k.LoadInt(k.buffer(binding{-1, a}, shaders.Read), k.Item())
}

// index is the position of a component of a variable at a node.
func (k *kernelBuilder) index(kind tree.Kind, component int, node shaders.Value) shaders.Value {
	switch kind {
	case tree.Chain:
		return k.AddInt(k.Chain(), k.ConstInt(component*k.chains))
	case tree.Data:
		return k.AddInt(node, k.ConstInt(component*k.nodes))
	}
	return k.AddInt(k.AddInt(k.MulInt(node, k.ConstInt(k.chains)), k.Chain()), k.ConstInt(component*k.nodes*k.chains))
}

// read gives the elements of one read of a statement.
func (k *kernelBuilder) read(r tree.Read, slab slabKind) []shaders.Value {
	v := k.program.Variable(r.Variable)
	buffer := k.buffer(binding{variable: r.Variable}, shaders.Read)
	elements := make([]shaders.Value, v.Shape.Size())
	for c := range elements {
		switch r.Via {
		case tree.OfParent:
			elements[c] = k.Load(buffer, k.index(v.Kind, c, k.topology(parentArray)))
		case tree.OfChildren:
			count, stride := k.ConstInt(slab.degree), k.chains
			if slab.degree == mixedDegree {
				count = k.topology(childCountArray)
			}
			if v.Kind == tree.Data {
				stride = 1
			}
			elements[c] = k.SegmentReduce(shaders.Reduction(r.Reduction), buffer, k.index(v.Kind, c, k.topology(firstChildArray)), count, stride)
		default:
			elements[c] = k.Load(buffer, k.index(v.Kind, c, k.Item()))
		}
	}
	return elements
}

// reductionOfNone is what a reduction over no children gives.
func reductionOfNone(r tree.Reduction, shape tensor.Shape) tensor.Value {
	return tensor.Fill([...]float64{0, 1, math.Inf(-1), math.Inf(1)}[r], shape...)
}

// buildSweep translates a sweep or scalar statement for a kind of slab. It
// returns nil if nothing is left to do there.
func buildSweep(p *tree.Program, s tree.Statement, nodes, chains int, slab slabKind) (*kernelBuilder, error) {
	replacements := map[*tensor.Node]tensor.Value{}
	reads := map[*tensor.Node]tree.Read{}
	for _, r := range s.Reads {
		reads[r.Input] = r
		switch {
		case r.Via == tree.RootFlag:
			replacements[r.Input] = boolean(slab.root)
		case r.Via == tree.LeafFlag && slab.degree != mixedDegree:
			replacements[r.Input] = boolean(slab.degree == 0)
		case r.Via == tree.Degree && slab.degree != mixedDegree:
			replacements[r.Input] = tensor.Constant(float64(slab.degree))
		case r.Via == tree.OfChildren && slab.degree == 0:
			replacements[r.Input] = reductionOfNone(r.Reduction, p.Variable(r.Variable).Shape)
		}
	}
	var writes []tree.Write
	var values []tensor.Value
	for _, w := range s.Writes {
		if w.NotRoot && slab.root {
			continue
		}
		writes = append(writes, w)
		values = append(values, w.Value)
	}
	if len(writes) == 0 {
		return nil, nil
	}
	values = tensor.Simplify(tensor.Substitute(values, replacements)...)
	k := newKernelBuilder(s.Name, p, nodes, chains)
	elements, err := shaders.Lower(k.Builder, values, func(n *tensor.Node) ([]shaders.Value, error) {
		r, ok := reads[n]
		if !ok {
			return nil, fmt.Errorf("plan: statement %q uses an input %q that it does not read", s.Name, n.InputName)
		}
		switch r.Via {
		case tree.LeafFlag:
			isLeaf := k.EqualInt(k.topology(childCountArray), k.ConstInt(0))
			return []shaders.Value{k.Select(isLeaf, k.Const(1), k.Const(0))}, nil
		case tree.Degree:
			return []shaders.Value{k.IntToFloat(k.topology(childCountArray))}, nil
		}
		return k.read(r, slab), nil
	})
	if err != nil {
		return nil, err
	}
	for i, w := range writes {
		v := p.Variable(w.Variable)
		buffer := k.buffer(binding{variable: w.Variable}, shaders.Write)
		for c, x := range elements[i] {
			k.Store(buffer, k.index(v.Kind, c, k.Item()), x)
		}
	}
	return k, nil
}

func boolean(set bool) tensor.Value {
	if set {
		return tensor.Constant(1)
	}
	return tensor.Constant(0)
}

// buildTotal sums runs of consecutive nodes of a variable: item i of the grid is
// the run of length nodes from first+i*length on, and its sum goes to place
// firstPlace+i of the target, which has targetNodes places.
func buildTotal(p *tree.Program, source, target tree.VariableID, sourceNodes, targetNodes, chains, first, length, firstPlace int) *kernelBuilder {
	k := newKernelBuilder("sum of "+p.Variable(source).Name, p, sourceNodes, chains)
	in, out := k.buffer(binding{variable: source}, shaders.Read), k.buffer(binding{variable: target}, shaders.Write)
	for c := range p.Variable(source).Shape.Size() {
		start := k.AddInt(k.AddInt(k.MulInt(k.Item(), k.ConstInt(length*chains)), k.Chain()), k.ConstInt((c*sourceNodes+first)*chains))
		sum := k.SegmentReduce(shaders.Sum, in, start, k.ConstInt(length), chains)
		place := k.AddInt(k.AddInt(k.MulInt(k.Item(), k.ConstInt(chains)), k.Chain()), k.ConstInt((c*targetNodes+firstPlace)*chains))
		k.Store(out, place, sum)
	}
	return k
}
