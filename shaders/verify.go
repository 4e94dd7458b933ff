package shaders

import (
	"fmt"
	"math"
)

// operandTypes says what an operation takes and yields.
type operandTypes struct {
	result  Type
	a, b, c Type // None where the operand is not used
	buffer  Type // None where no buffer is used
	access  Access
}

func typesOf(op Op) (operandTypes, bool) {
	switch {
	case op == OpConstInt || op == OpItem || op == OpChain:
		return operandTypes{result: Int}, true
	case op == OpAddInt || op == OpMulInt:
		return operandTypes{result: Int, a: Int, b: Int}, true
	case op == OpLoadInt:
		return operandTypes{result: Int, a: Int, buffer: Int, access: Read}, true
	case op == OpConst:
		return operandTypes{result: Float}, true
	case op == OpLoad:
		return operandTypes{result: Float, a: Int, buffer: Float, access: Read}, true
	case op == OpSegmentReduce:
		return operandTypes{result: Float, a: Int, b: Int, buffer: Float, access: Read}, true
	case op == OpIntToFloat:
		return operandTypes{result: Float, a: Int}, true
	case op >= OpAdd && op <= OpMax:
		return operandTypes{result: Float, a: Float, b: Float}, true
	case op >= OpNeg && op <= OpCos:
		return operandTypes{result: Float, a: Float}, true
	case op >= OpLess && op <= OpEqual:
		return operandTypes{result: Bool, a: Float, b: Float}, true
	case op == OpLessInt || op == OpEqualInt:
		return operandTypes{result: Bool, a: Int, b: Int}, true
	case op == OpAnd || op == OpOr:
		return operandTypes{result: Bool, a: Bool, b: Bool}, true
	case op == OpNot:
		return operandTypes{result: Bool, a: Bool}, true
	case op == OpSelect:
		return operandTypes{result: Float, a: Bool, b: Float, c: Float}, true
	case op == OpStore:
		return operandTypes{result: None, a: Int, b: Float, buffer: Float, access: Write}, true
	}
	return operandTypes{}, false
}

// Verify checks that a kernel is well formed: operands come before their users
// and have the types that operations take, buffers exist and are used as they
// are declared. Every device compiles verified kernels only.
func Verify(k *Kernel) error {
	if k.Chains < 1 {
		return fmt.Errorf("shaders: kernel %q is for %d chains; there must be at least 1", k.Name, k.Chains)
	}
	for i, b := range k.Buffers {
		if b.Type != Float && b.Type != Int {
			return fmt.Errorf("shaders: kernel %q: buffer %d (%q) holds %v; it must hold float or int", k.Name, i, b.Name, b.Type)
		}
		if b.Access < Read || b.Access > ReadWrite {
			return fmt.Errorf("shaders: kernel %q: buffer %d (%q) is neither read nor written", k.Name, i, b.Name)
		}
	}
	for n, i := range k.Instructions {
		if err := k.verifyInstruction(n, i); err != nil {
			return fmt.Errorf("shaders: kernel %q: instruction %d (%v): %w", k.Name, n, i.Op, err)
		}
	}
	return nil
}

func (k *Kernel) verifyInstruction(n int, i Instruction) error {
	types, ok := typesOf(i.Op)
	if !ok {
		return fmt.Errorf("there is no such operation")
	}
	if i.Type != types.result {
		return fmt.Errorf("yields %v, is declared as %v", types.result, i.Type)
	}
	wanted := [...]Type{types.a, types.b, types.c}
	for place, operand := range [...]Value{i.A, i.B, i.C} {
		name := "ABC"[place : place+1]
		switch {
		case wanted[place] == None && operand != NoValue:
			return fmt.Errorf("operand %s must not be set", name)
		case wanted[place] == None:
		case operand < 0 || int(operand) >= n:
			return fmt.Errorf("operand %s is %%%d, which does not come before it", name, operand)
		case k.Instructions[operand].Type != wanted[place]:
			return fmt.Errorf("operand %s is %v, must be %v", name, k.Instructions[operand].Type, wanted[place])
		}
	}
	if types.buffer != None {
		if i.Buffer < 0 || i.Buffer >= len(k.Buffers) {
			return fmt.Errorf("buffer %d of %d", i.Buffer, len(k.Buffers))
		}
		b := k.Buffers[i.Buffer]
		if b.Type != types.buffer {
			return fmt.Errorf("buffer %q holds %v, must hold %v", b.Name, b.Type, types.buffer)
		}
		if b.Access&types.access == 0 {
			return fmt.Errorf("buffer %q is not declared for this access", b.Name)
		}
	}
	if (i.Op == OpConstInt || i.Op == OpSegmentReduce) && (i.Int < math.MinInt32 || i.Int > math.MaxInt32) {
		return fmt.Errorf("the integer %d does not fit 32 bits", i.Int)
	}
	if i.Op == OpSegmentReduce && i.Reduction > Min {
		return fmt.Errorf("there is no reduction %d", i.Reduction)
	}
	return nil
}
