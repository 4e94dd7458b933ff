package spirv

import (
	"strings"

	"github.com/hxgpu/hxgpu/shaders"
)

// buffer is a formal buffer of the kernel: the variables that hold its parts and
// what is added to every index.
type buffer struct {
	parts    []uint32
	elements int    // per part
	offset   uint32 // a specialisation constant
}

// cell is what one variable stands for: a binding, read as one type.
type cell struct {
	binding int
	typ     shaders.Type
}

// usage is what a kernel does with buffers.
type usage struct {
	loads, stores map[int]bool // by formal
	barriers      bool
}

func usageOf(k *shaders.Kernel) usage {
	u := usage{loads: map[int]bool{}, stores: map[int]bool{}}
	for _, i := range k.Instructions {
		switch i.Op {
		case shaders.OpLoad, shaders.OpLoadInt:
			u.loads[i.Buffer] = true
		case shaders.OpStore, shaders.OpStoreInt:
			u.stores[i.Buffer] = true
		case shaders.OpBarrier:
			u.barriers = true
		}
	}
	return u
}

// declareBuffers declares a variable for every binding and type that the kernel
// uses. A binding used as two types gets two variables, which alias.
func (e *encoder) declareBuffers(layouts []BufferLayout) {
	u := usageOf(e.kernel)
	names := map[cell][]string{}
	types := map[int]map[shaders.Type]bool{}
	loaded, stored := map[int]bool{}, map[int]bool{} // by binding
	for i, formal := range e.kernel.Buffers {
		if !u.loads[i] && !u.stores[i] {
			continue
		}
		for _, binding := range layouts[i].Bindings {
			c := cell{binding, formal.Type}
			names[c] = append(names[c], formal.Name)
			if types[binding] == nil {
				types[binding] = map[shaders.Type]bool{}
			}
			types[binding][formal.Type] = true
			loaded[binding] = loaded[binding] || u.loads[i]
			stored[binding] = stored[binding] || u.stores[i]
		}
	}
	variables := map[cell]uint32{}
	e.buffers = make([]buffer, len(e.kernel.Buffers))
	for i, formal := range e.kernel.Buffers {
		if !u.loads[i] && !u.stores[i] {
			continue
		}
		b := buffer{elements: layouts[i].Elements}
		for _, binding := range layouts[i].Bindings {
			c := cell{binding, formal.Type}
			if _, ok := variables[c]; !ok {
				variables[c] = e.storageBuffer(c, strings.Join(names[c], "+"))
				if len(types[binding]) > 1 {
					e.decorate(variables[c], decorationAliased)
				}
				switch {
				case !stored[binding]:
					e.decorate(variables[c], decorationNonWritable)
				case loaded[binding] && u.barriers:
					// Lanes of a group see each other's stores after a barrier.
					e.decorate(variables[c], decorationCoherent)
				}
			}
			b.parts = append(b.parts, variables[c])
		}
		b.offset = e.global(opSpecConstant, e.integer, 0)
		e.decorate(b.offset, decorationSpecID, SpecOffset+uint32(i))
		e.name(b.offset, formal.Name+".offset")
		e.buffers[i] = b
	}
}

// storageBuffer declares the variable of a binding.
func (e *encoder) storageBuffer(c cell, name string) uint32 {
	element, bytes, typeName := e.integer, uint32(4), "Ints"
	if c.typ == shaders.Float {
		element, bytes, typeName = e.float, uint32(e.bits/8), "Floats"
	}
	before := e.bound
	array := e.typ(opTypeRuntimeArray, element)
	block := e.typ(opTypeStruct, array)
	if array >= before { // the first of its type
		e.decorate(array, decorationArrayStride, bytes)
		e.decorate(block, decorationBlock)
		put(&e.decorations, opMemberDecorate, block, 0, decorationOffset, 0)
		e.name(block, typeName)
	}
	variable := e.global(opVariable, e.typ(opTypePointer, classStorageBuffer, block), classStorageBuffer)
	e.decorate(variable, decorationDescriptorSet, 0)
	e.decorate(variable, decorationBinding, uint32(c.binding))
	e.name(variable, name)
	return variable
}

// access calls use with a pointer to an element of a formal buffer. Where the
// buffer has several parts it is called in a branch for each, and its results
// (0 for none) are joined.
func (e *encoder) access(formal int, element, index uint32, use func(pointer uint32) uint32) uint32 {
	b := e.buffers[formal]
	pointerType := e.typ(opTypePointer, classStorageBuffer, element)
	zero := e.number(0)
	at := e.result(opIAdd, e.integer, index, b.offset)
	if len(b.parts) == 1 {
		return use(e.result(opAccessChain, pointerType, b.parts[0], zero, at))
	}
	elements := e.number(uint32(b.elements))
	part := e.result(opUDiv, e.integer, at, elements)
	within := e.result(opUMod, e.integer, at, elements)
	merge := e.id()
	labels := make([]uint32, len(b.parts))
	for i := range labels {
		labels[i] = e.id()
	}
	last := len(b.parts) - 1
	put(&e.body, opSelectionMerge, merge, 0)
	operands := []uint32{part, labels[last]} // an index beyond the end falls to the last part
	for i, label := range labels[:last] {
		operands = append(operands, uint32(i), label)
	}
	put(&e.body, opSwitch, operands...)
	var joined []uint32
	for i, label := range labels {
		e.begin(label)
		x := use(e.result(opAccessChain, pointerType, b.parts[i], zero, within))
		if x != 0 {
			joined = append(joined, x, e.block)
		}
		put(&e.body, opBranch, merge)
	}
	e.begin(merge)
	if joined == nil {
		return 0
	}
	return e.result(opPhi, element, joined...)
}

func (e *encoder) load(formal int, element, index uint32) uint32 {
	return e.access(formal, element, index, func(pointer uint32) uint32 { return e.result(opLoad, element, pointer) })
}

func (e *encoder) store(formal int, element, index, x uint32) {
	e.access(formal, element, index, func(pointer uint32) uint32 {
		put(&e.body, opStore, pointer, x)
		return 0
	})
}

// declareShared declares the arrays that the lanes of a group share.
func (e *encoder) declareShared() {
	for _, s := range e.kernel.Shared {
		array := e.typ(opTypeArray, e.float, e.number(uint32(s.Size)))
		variable := e.global(opVariable, e.typ(opTypePointer, classWorkgroup, array), classWorkgroup)
		e.name(variable, s.Name)
		e.shared = append(e.shared, variable)
	}
}

func (e *encoder) sharedPointer(array int, index uint32) uint32 {
	return e.result(opAccessChain, e.typ(opTypePointer, classWorkgroup, e.float), e.shared[array], index)
}
