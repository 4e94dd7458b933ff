package spirv

import (
	"fmt"

	"github.com/hxgpu/hxgpu/shaders"
)

// encoder translates one kernel, all of whose elementary functions are written out.
type encoder struct {
	*module
	kernel *shaders.Kernel
	bits   int

	void, boolean, integer, float uint32 // types; Int is unsigned, operations say how they read it
	glsl                          uint32 // the imported instruction set GLSL.std.450

	buffers []buffer // by formal
	shared  []uint32 // variables, by shared array
	values  []uint32 // ids, by instruction
	divided []bool   // by instruction: an OpIf with an OpElse
	regions []region // open, innermost last
	block   uint32   // the label of the current block

	item, chain, local uint32 // values
	groups             uint32 // the numbers of workgroups, a vector
}

// Encode verifies k, writes its elementary functions out with [shaders.Expand] and
// translates it into a SPIR-V 1.3 module. Errors say which kernel and why: it is
// not well formed, the options do not fit it, or it is beyond a limit of SPIR-V.
// Equal kernels and options give equal modules.
func Encode(k *shaders.Kernel, o Options) ([]uint32, error) {
	if err := shaders.Verify(k); err != nil {
		return nil, err
	}
	layouts, err := o.layouts(k)
	if err != nil {
		return nil, fmt.Errorf("spirv: kernel %q: %w", k.Name, err)
	}
	expanded, err := shaders.Expand(k, o.Bits)
	if err != nil {
		return nil, err
	}
	e := &encoder{module: newModule(), kernel: expanded, bits: o.Bits,
		values: make([]uint32, len(expanded.Instructions)), divided: divided(expanded)}
	words, err := e.encode(layouts, o.PreserveSpecial)
	if err != nil {
		return nil, fmt.Errorf("spirv: kernel %q: %w", k.Name, err)
	}
	return words, nil
}

func (e *encoder) encode(layouts []BufferLayout, preserve bool) ([]uint32, error) {
	put(&e.capabilities, opCapability, capabilityShader)
	if e.bits == 64 {
		put(&e.capabilities, opCapability, capabilityFloat64)
	}
	e.void, e.boolean = e.typ(opTypeVoid), e.typ(opTypeBool)
	e.integer, e.float = e.typ(opTypeInt, 32, 0), e.typ(opTypeFloat, uint32(e.bits))
	e.glsl = e.id()
	put(&e.imports, opExtInstImport, append([]uint32{e.glsl}, literal("GLSL.std.450")...)...)
	put(&e.imports, opMemoryModel, addressingLogical, memoryGLSL450)

	main := e.id()
	e.name(main, e.kernel.Name)
	e.declareBuffers(layouts)
	e.declareShared()

	var function []uint32
	put(&function, opFunction, e.void, main, 0, e.typ(opTypeFunction, e.void))
	put(&function, opLabel, e.id())

	inputs := e.guard()
	for n, i := range e.kernel.Instructions {
		if err := e.instruction(n, i); err != nil {
			return nil, fmt.Errorf("instruction %d (%v) of the expanded kernel: %w", n, i.Op, err)
		}
	}
	e.endIf() // the guard
	put(&e.body, opReturn)
	put(&e.body, opFunctionEnd)

	put(&e.modes, opEntryPoint, append(append([]uint32{executionGLCompute, main}, literal("main")...), inputs...)...)
	lanes := DefaultLanes
	if e.kernel.Lanes > 0 {
		lanes = e.kernel.Lanes
	}
	put(&e.modes, opExecutionMode, main, modeLocalSize, uint32(lanes), 1, 1)
	if preserve {
		put(&e.capabilities, opCapability, capabilityPreserveSpecial)
		put(&e.extensions, opExtension, literal("SPV_KHR_float_controls")...)
		put(&e.modes, opExecutionMode, main, modePreserve, uint32(e.bits))
	}
	if err := e.limits(); err != nil {
		return nil, err
	}
	return e.words(function), nil
}

// limits checks what is known only when the module is complete.
func (e *encoder) limits() error {
	const wordsOfVariable = 4
	globals := len(e.shared)
	for _, b := range e.buffers {
		globals += len(b.parts)
	}
	switch variables := len(e.variables) / wordsOfVariable; {
	case e.bound > maxIDs:
		return fmt.Errorf("it is too large: %d results, at most %d; split it", e.bound, maxIDs)
	case variables > maxVariables:
		return fmt.Errorf("it has %d variables, at most %d; split it", variables, maxVariables)
	case globals > maxGlobals:
		return fmt.Errorf("it has %d buffer bindings and shared arrays, at most %d; split it", globals, maxGlobals)
	}
	return nil
}

// number is an Int constant.
func (e *encoder) number(x uint32) uint32 { return e.constant(opConstant, e.integer, x) }

// guard begins the function: it finds out which item, chain and lane this is, and
// opens the condition that there is such an item. It returns the variables of
// class Input.
func (e *encoder) guard() []uint32 {
	vector := e.typ(opTypeVector, e.integer, 3)
	group, groupInput := e.builtIn("workgroup", builtInWorkgroupID, vector)
	numbers, groupsInput := e.builtIn("workgroups", builtInNumWorkgroups, vector)
	local, localInput := e.builtIn("local", builtInLocalInvocationIndex, e.integer)
	inputs := []uint32{groupInput, groupsInput, localInput}
	e.groups = numbers
	first, count := e.pushConstants()

	component := func(v uint32, axis uint32) uint32 { return e.result(opCompositeExtract, e.integer, v, axis) }
	row := e.result(opIMul, e.integer, component(group, 1), component(numbers, 0))
	index := e.result(opIAdd, e.integer, row, component(group, 0))
	if e.kernel.Lanes > 0 {
		e.beginIf(e.result(opULessThan, e.boolean, index, count), false)
		e.item, e.local = e.result(opIAdd, e.integer, first, index), local
		return inputs
	}

	lanes := e.global(opSpecConstant, e.integer, DefaultLanes)
	e.decorate(lanes, decorationSpecID, SpecLanes)
	e.name(lanes, "lanes")
	size := e.global(opSpecConstantComposite, vector, lanes, e.number(1), e.number(1))
	e.decorate(size, decorationBuiltIn, builtInWorkgroupSize)

	lane := e.result(opIAdd, e.integer, e.result(opIMul, e.integer, index, lanes), local)
	chains := e.number(uint32(e.kernel.Chains))
	if e.kernel.Chains == 1 {
		e.beginIf(e.result(opULessThan, e.boolean, lane, count), false)
		e.item, e.chain = e.result(opIAdd, e.integer, first, lane), e.number(0)
		return inputs
	}
	e.beginIf(e.result(opULessThan, e.boolean, lane, e.result(opIMul, e.integer, count, chains)), false)
	e.item = e.result(opIAdd, e.integer, first, e.result(opUDiv, e.integer, lane, chains))
	e.chain = e.result(opUMod, e.integer, lane, chains)
	return inputs
}

// builtIn loads an input.
func (e *encoder) builtIn(name string, which, t uint32) (value, variable uint32) {
	variable = e.global(opVariable, e.typ(opTypePointer, classInput, t), classInput)
	e.decorate(variable, decorationBuiltIn, which)
	e.name(variable, name)
	return e.result(opLoad, t, variable), variable
}

// pushConstants loads the dispatch's first item and its number of items.
func (e *encoder) pushConstants() (first, count uint32) {
	t := e.id() // not shared with the plain pair of integers that OpUMulExtended gives
	put(&e.declarations, opTypeStruct, t, e.integer, e.integer)
	e.decorate(t, decorationBlock)
	e.name(t, "Items")
	for i, name := range []string{"first", "count"} {
		put(&e.decorations, opMemberDecorate, t, uint32(i), decorationOffset, uint32(4*i))
		put(&e.names, opMemberName, append([]uint32{t, uint32(i)}, literal(name)...)...)
	}
	variable := e.global(opVariable, e.typ(opTypePointer, classPushConstant, t), classPushConstant)
	e.name(variable, "items")
	member := func(i uint32) uint32 {
		pointer := e.result(opAccessChain, e.typ(opTypePointer, classPushConstant, e.integer), variable, e.number(i))
		return e.result(opLoad, e.integer, pointer)
	}
	return member(0), member(1)
}
