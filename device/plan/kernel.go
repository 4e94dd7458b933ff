package plan

import (
	"github.com/hxgpu/hxgpu/shaders"
	"github.com/hxgpu/hxgpu/tree"
)

// intArray is an array of integers that kernels read: part of the topology, or
// of how a long sum is split.
type intArray struct {
	name   string
	values []int32
}

// binding says what a kernel's formal buffer stands for: a variable, or an array
// of integers.
type binding struct {
	variable tree.VariableID // where array is nil
	array    *intArray
}

// kernelBuilder translates the pieces of a step, one after the other, into one
// kernel.
type kernelBuilder struct {
	*shaders.Builder
	plan     *planner
	bindings []binding
	buffers  map[binding]int
	// own holds what the lane has computed of variables: later pieces of the same
	// step need not load it.
	own map[tree.VariableID][]shaders.Value
}

func newKernelBuilder(name string, p *planner) *kernelBuilder {
	return &kernelBuilder{Builder: shaders.NewBuilder(name, p.chains), plan: p, buffers: map[binding]int{}, own: map[tree.VariableID][]shaders.Value{}}
}

func (k *kernelBuilder) buffer(b binding, access shaders.Access) int {
	if i, ok := k.buffers[b]; ok {
		k.Kernel().Buffers[i].Access |= access
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

// integer is element item+shift of an array.
func (k *kernelBuilder) integer(a *intArray, shift int) shaders.Value {
	return k.LoadInt(k.buffer(binding{array: a}, shaders.Read), k.AddInt(k.Item(), k.ConstInt(shift)))
}

// index is the position of a component of a variable at a node, or at another
// place of a variable with that many places.
func (k *kernelBuilder) index(id tree.VariableID, places, component int, place shaders.Value) shaders.Value {
	at := k.plan.place(id, places)
	var index shaders.Value
	switch {
	case at.PlaceStride == 0:
		index = k.Chain()
	case at.ChainStride == 0:
		index = k.MulInt(place, k.ConstInt(at.PlaceStride))
	default:
		index = k.AddInt(k.MulInt(place, k.ConstInt(at.PlaceStride)), k.Chain())
	}
	return k.AddInt(index, k.ConstInt(component*at.ElementStride))
}

// store keeps a component of a variable for later pieces, and stores it if other
// steps or the caller need it.
func (k *kernelBuilder) store(id tree.VariableID, places int, place shaders.Value, elements []shaders.Value) {
	k.own[id] = elements
	if !k.plan.stored[id] {
		return
	}
	buffer := k.buffer(binding{variable: id}, shaders.Write)
	for c, x := range elements {
		k.Store(buffer, k.index(id, places, c, place), x)
	}
}

// load gives the elements of a variable at a place.
func (k *kernelBuilder) load(id tree.VariableID, places int, place shaders.Value) []shaders.Value {
	v := k.plan.program.Variable(id)
	buffer := k.buffer(binding{variable: id}, shaders.Read)
	elements := make([]shaders.Value, v.Shape.Size())
	for c := range elements {
		elements[c] = k.Load(buffer, k.index(id, places, c, place))
	}
	return elements
}

// reduce folds count elements of a variable, from a first place on.
func (k *kernelBuilder) reduce(r tree.Reduction, id tree.VariableID, places int, first, count shaders.Value) []shaders.Value {
	buffer, stride := k.buffer(binding{variable: id}, shaders.Read), k.plan.place(id, places).PlaceStride
	elements := make([]shaders.Value, k.plan.program.Variable(id).Shape.Size())
	for c := range elements {
		elements[c] = k.SegmentReduce(shaders.Reduction(r), buffer, k.index(id, places, c, first), count, stride)
	}
	return elements
}
