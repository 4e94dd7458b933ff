package plan

import (
	"errors"
	"fmt"

	"github.com/hxgpu/hxgpu/shaders"
	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

// mostUnrolled is how many multiplications of linear algebra a statement may have
// to be written out element by element, which suits small matrices: lanes then
// keep theirs in registers.
const mostUnrolled = 8000

// mostElements is how many elements a value may have to be written out.
const mostElements = 1024

// errArrays says that a program cannot be one dispatch.
var errArrays = errors.New("plan: loops and large matrices cannot share one dispatch with everything else: use the slab schedule")

// needsArrays reports whether a statement has loops, or values too large to be
// written out.
func needsArrays(values []tensor.Value) bool {
	work := 0
	for _, n := range tensor.Order(values) {
		switch {
		case n.Op == tensor.OpLoop || n.Shape.Size() > mostElements:
			return true
		case n.Op == tensor.OpMatMul:
			work += n.Shape.Size() * n.Operands[0].Shape[1]
		case n.Op == tensor.OpSolve:
			rows := n.Shape[0]
			work += n.Shape.Size()*rows + rows*rows*rows/3
		case n.Op > tensor.OpMatMul:
			rows := n.Operands[0].Shape[0]
			work += max(n.Shape.Size()*rows/2, rows*rows*rows/3)
		}
	}
	return work > mostUnrolled
}

func (p *planner) hasArrays() bool {
	for _, stage := range p.stages {
		for _, s := range stage {
			if s.pieces[0].arrays != nil {
				return true
			}
		}
	}
	return false
}

// arrayKernelBuilder translates a piece into an array kernel.
type arrayKernelBuilder struct {
	*shaders.ArrayBuilder
	plan     *planner
	bindings []binding
	buffers  map[binding]int
}

func newArrayKernelBuilder(name string, p *planner) *arrayKernelBuilder {
	return &arrayKernelBuilder{ArrayBuilder: shaders.NewArrayBuilder(name, p.chains), plan: p, buffers: map[binding]int{}}
}

func (k *arrayKernelBuilder) buffer(b binding, access shaders.Access) int {
	if i, ok := k.buffers[b]; ok {
		k.AddAccess(i, access)
		return i
	}
	t, name := shaders.Float, ""
	if b.array != nil {
		t, name = shaders.Int, b.array.name
	} else {
		name = k.plan.program.Variable(b.variable).Name
	}
	i := k.Buffer(name, t, access)
	k.buffers[b] = i
	k.bindings = append(k.bindings, b)
	return i
}

// integers is the buffer of an array of integers.
func (k *arrayKernelBuilder) integers(a *intArray) int {
	return k.buffer(binding{array: a}, shaders.Read)
}

// emitArrays translates the statement into an array kernel; long says where long
// sums over children have been split.
func (v *variant) emitArrays(k *arrayKernelBuilder, long *splitChildren) error {
	results, err := k.Lower(v.values, func(n *tensor.Node) (shaders.ArrayValue, error) {
		r, ok := v.reads[n]
		if !ok {
			return shaders.ArrayValue{}, fmt.Errorf("statement %q uses an input %q that it does not read", v.statement.Name, n.InputName)
		}
		return v.readArray(k, r, long), nil
	})
	if err != nil {
		return err
	}
	for i, w := range v.writes {
		if k.plan.stored[w.Variable] {
			buffer := k.buffer(binding{variable: w.Variable}, shaders.Write)
			k.Store(buffer, k.plan.place(w.Variable, k.plan.topology.Size()), results[i], w.Value.Shape().Size())
		}
	}
	return nil
}

func (v *variant) readArray(k *arrayKernelBuilder, r tree.Read, long *splitChildren) shaders.ArrayValue {
	p := k.plan
	switch r.Via {
	case tree.LeafFlag:
		return k.IsZero(k.Int(k.integers(p.childCount), 0))
	case tree.Degree:
		return k.Int(k.integers(p.childCount), 0)
	}
	variable, places := r.Variable, p.topology.Size()
	if r.Via == tree.OfChildren && long != nil {
		variable = long.sources[splitRead{r.Variable, r.Reduction}]
		places = p.places[variable]
	}
	size := p.program.Variable(r.Variable).Shape.Size()
	buffer, place := k.buffer(binding{variable: variable}, shaders.Read), k.plan.place(variable, places)
	switch r.Via {
	case tree.OfParent:
		place.Indirect, place.Index = true, k.integers(p.parent)
	case tree.OfChildren:
		first, count, shift := p.firstChild, p.childCount, 0
		if long != nil {
			first, count, shift = long.first, long.count, -long.firstNode
		}
		place.Indirect, place.Index, place.Shift = true, k.integers(first), shift
		if place.Length = v.kind.degree; long != nil || v.kind.degree == mixedDegree {
			place.Count, place.CountShift = k.integers(count), shift
		}
		return k.Reduce(shaders.Reduction(r.Reduction), buffer, place, size)
	}
	return k.Load(buffer, place, size)
}

// countArrays counts what one lane of an array kernel does.
func (w *kernelWork) countArrays(g *gridKernel) {
	operations, times := 0, 1
	var open []int
	for n := range g.kernel.Arrays.Instructions {
		i := &g.kernel.Arrays.Instructions[n]
		switch i.Op {
		case shaders.ArrayLoop:
			open = append(open, i.N)
			times *= i.N
		case shaders.ArrayEnd:
			times /= open[len(open)-1]
			open = open[:len(open)-1]
		case shaders.ArrayLoad, shaders.ArrayStore:
			w.floats[i.Buffer] += times * i.N
		case shaders.ArrayInt:
			w.integers += times
		case shaders.ArrayReduce:
			s := segment{buffer: i.Buffer, constant: i.Place.Length}
			if i.Place.Count >= 0 {
				s = segment{buffer: i.Buffer, lengths: g.bindings[i.Place.Count].array.values, shift: i.Place.CountShift}
			}
			for range i.N {
				w.segments = append(w.segments, s)
			}
		default:
			operations += times * i.Operations()
		}
	}
	w.operations = operations
}
