package devicetest

import "github.com/hxgpu/hxgpu/shaders"

// assembleGroups starts a kernel for groups of lanes.
func assembleGroups(name string, lanes int) assembler {
	a := assemble(name, 1)
	a.k.Lanes = lanes
	return a
}

func (a assembler) both(name string) int { return a.buffer(name, shaders.Float, shaders.ReadWrite) }
func (a assembler) bothInts(name string) int {
	return a.buffer(name, shaders.Int, shaders.ReadWrite)
}

func (a assembler) storeInt(buffer int, at, x shaders.Value) {
	a.add(shaders.Instruction{Op: shaders.OpStoreInt, Buffer: buffer}, at, x)
}

func (a assembler) less(x, y shaders.Value) shaders.Value {
	return a.truth(shaders.OpLessInt, x, y)
}

func (a assembler) equal(x, y shaders.Value) shaders.Value {
	return a.truth(shaders.OpEqualInt, x, y)
}

// bits are the bits of x that mask has.
func (a assembler) bits(x shaders.Value, mask int) shaders.Value {
	return a.int(shaders.OpAndInt, x, a.constInt(mask))
}

func (a assembler) toFloat(x shaders.Value) shaders.Value { return a.float(shaders.OpIntToFloat, x) }

func (a assembler) typeOf(x shaders.Value) shaders.Type { return a.k.Instructions[x].Type }

func (a assembler) variable(x shaders.Value) shaders.Value {
	return a.add(shaders.Instruction{Op: shaders.OpVariable, Type: a.typeOf(x)}, x)
}

func (a assembler) get(variable shaders.Value) shaders.Value {
	return a.add(shaders.Instruction{Op: shaders.OpGet, Type: a.typeOf(variable)}, variable)
}

func (a assembler) set(variable, x shaders.Value) {
	a.add(shaders.Instruction{Op: shaders.OpSet}, variable, x)
}

// branch is an if; without a second function it has no else.
func (a assembler) branch(condition shaders.Value, then func(), otherwise ...func()) {
	a.add(shaders.Instruction{Op: shaders.OpIf}, condition)
	then()
	for _, f := range otherwise {
		a.add(shaders.Instruction{Op: shaders.OpElse})
		f()
	}
	a.add(shaders.Instruction{Op: shaders.OpEnd})
}

func (a assembler) loop(count shaders.Value, body func(i shaders.Value)) {
	body(a.int(shaders.OpLoop, count))
	a.add(shaders.Instruction{Op: shaders.OpEnd})
}

func (a assembler) leaveIf(condition shaders.Value) {
	a.add(shaders.Instruction{Op: shaders.OpBreak}, condition)
}

func (a assembler) barrier() { a.add(shaders.Instruction{Op: shaders.OpBarrier}) }

func (a assembler) local() shaders.Value { return a.int(shaders.OpLocal) }

// thread is item*lanes + local: the lane's number among those of all groups.
func (a assembler) thread() shaders.Value {
	return a.int(shaders.OpAddInt, a.times(a.item(), a.k.Lanes), a.local())
}

func (a assembler) shared(name string, size int) int {
	a.k.Shared = append(a.k.Shared, shaders.Shared{Name: name, Size: size})
	return len(a.k.Shared) - 1
}

func (a assembler) loadShared(array int, at shaders.Value) shaders.Value {
	return a.add(shaders.Instruction{Op: shaders.OpLoadShared, Type: shaders.Float, Buffer: array}, at)
}

func (a assembler) storeShared(array int, at, x shaders.Value) {
	a.add(shaders.Instruction{Op: shaders.OpStoreShared, Buffer: array}, at, x)
}
