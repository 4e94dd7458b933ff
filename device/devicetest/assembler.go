package devicetest

import "github.com/hxgpu/hxgpu/shaders"

// assembler writes kernels instruction by instruction, exactly as they are
// asked for: unlike [shaders.Builder] it simplifies nothing.
type assembler struct{ k *shaders.Kernel }

func assemble(name string, chains int) assembler {
	return assembler{&shaders.Kernel{Name: name, Chains: chains}}
}

func (a assembler) buffer(name string, t shaders.Type, access shaders.Access) int {
	a.k.Buffers = append(a.k.Buffers, shaders.Buffer{Name: name, Type: t, Access: access})
	return len(a.k.Buffers) - 1
}

func (a assembler) in(name string) int  { return a.buffer(name, shaders.Float, shaders.Read) }
func (a assembler) out(name string) int { return a.buffer(name, shaders.Float, shaders.Write) }
func (a assembler) ints(name string) int {
	return a.buffer(name, shaders.Int, shaders.Read)
}

func (a assembler) add(i shaders.Instruction, operands ...shaders.Value) shaders.Value {
	i.A, i.B, i.C = shaders.NoValue, shaders.NoValue, shaders.NoValue
	for n, v := range operands {
		*[...]*shaders.Value{&i.A, &i.B, &i.C}[n] = v
	}
	a.k.Instructions = append(a.k.Instructions, i)
	return shaders.Value(len(a.k.Instructions) - 1)
}

func (a assembler) float(op shaders.Op, operands ...shaders.Value) shaders.Value {
	return a.add(shaders.Instruction{Op: op, Type: shaders.Float}, operands...)
}

func (a assembler) int(op shaders.Op, operands ...shaders.Value) shaders.Value {
	return a.add(shaders.Instruction{Op: op, Type: shaders.Int}, operands...)
}

func (a assembler) truth(op shaders.Op, operands ...shaders.Value) shaders.Value {
	return a.add(shaders.Instruction{Op: op, Type: shaders.Bool}, operands...)
}

func (a assembler) constInt(x int) shaders.Value {
	return a.add(shaders.Instruction{Op: shaders.OpConstInt, Type: shaders.Int, Int: x})
}

func (a assembler) constant(x float64) shaders.Value {
	return a.add(shaders.Instruction{Op: shaders.OpConst, Type: shaders.Float, Float: x})
}

func (a assembler) item() shaders.Value  { return a.int(shaders.OpItem) }
func (a assembler) chain() shaders.Value { return a.int(shaders.OpChain) }

func (a assembler) plus(x shaders.Value, n int) shaders.Value {
	return a.int(shaders.OpAddInt, x, a.constInt(n))
}

func (a assembler) times(x shaders.Value, n int) shaders.Value {
	return a.int(shaders.OpMulInt, x, a.constInt(n))
}

// lane is item*chains + chain.
func (a assembler) lane() shaders.Value { return a.row(a.item()) }

// row is the lane of another item in the same chain.
func (a assembler) row(item shaders.Value) shaders.Value {
	return a.int(shaders.OpAddInt, a.times(item, a.k.Chains), a.chain())
}

func (a assembler) load(buffer int, at shaders.Value) shaders.Value {
	return a.add(shaders.Instruction{Op: shaders.OpLoad, Type: shaders.Float, Buffer: buffer}, at)
}

func (a assembler) loadInt(buffer int, at shaders.Value) shaders.Value {
	return a.add(shaders.Instruction{Op: shaders.OpLoadInt, Type: shaders.Int, Buffer: buffer}, at)
}

func (a assembler) segment(r shaders.Reduction, buffer int, first, count shaders.Value, stride int) shaders.Value {
	return a.add(shaders.Instruction{Op: shaders.OpSegmentReduce, Type: shaders.Float, Buffer: buffer, Int: stride, Reduction: r}, first, count)
}

func (a assembler) store(buffer int, at, x shaders.Value) {
	a.add(shaders.Instruction{Op: shaders.OpStore, Buffer: buffer}, at, x)
}
