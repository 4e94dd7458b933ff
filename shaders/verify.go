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
	case op == OpConstInt || op == OpItem || op == OpChain || op == OpLocal:
		return operandTypes{result: Int}, true
	case op >= OpAddInt && op <= OpShiftRightInt:
		return operandTypes{result: Int, a: Int, b: Int}, true
	case op == OpBitCountInt:
		return operandTypes{result: Int, a: Int}, true
	case op == OpSelectInt:
		return operandTypes{result: Int, a: Bool, b: Int, c: Int}, true
	case op == OpLoadInt:
		return operandTypes{result: Int, a: Int, buffer: Int, access: Read}, true
	case op == OpFloatToInt || op == OpExponent:
		return operandTypes{result: Int, a: Float}, true
	case op == OpConst:
		return operandTypes{result: Float}, true
	case op == OpLoad:
		return operandTypes{result: Float, a: Int, buffer: Float, access: Read}, true
	case op == OpSegmentReduce:
		return operandTypes{result: Float, a: Int, b: Int, buffer: Float, access: Read}, true
	case op == OpIntToFloat || op == OpPowerOfTwo || op == OpLoadShared:
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
		return operandTypes{a: Int, b: Float, buffer: Float, access: Write}, true
	case op == OpStoreInt:
		return operandTypes{a: Int, b: Int, buffer: Int, access: Write}, true
	case op == OpStoreShared:
		return operandTypes{a: Int, b: Float}, true
	case op == OpIf || op == OpBreak:
		return operandTypes{a: Bool}, true
	case op == OpLoop:
		return operandTypes{result: Int, a: Int}, true
	case op == OpElse || op == OpEnd || op == OpBarrier:
		return operandTypes{}, true
	}
	return operandTypes{}, false
}

// region is an open OpIf, OpElse or OpLoop, or the whole kernel.
type region struct {
	op    Op
	first int // its first instruction
}

// verification is a walk through a kernel.
type verification struct {
	*Kernel
	open   []region
	hidden []bool // instructions of regions that are closed
}

// Verify checks that a kernel is well formed: operands come before their users,
// are known where they are used and have the types that operations take,
// regions are closed in order, buffers exist and are used as they are declared.
// Every device compiles verified kernels only.
func Verify(k *Kernel) error {
	if k.Chains < 1 {
		return fmt.Errorf("shaders: kernel %q is for %d chains; there must be at least 1", k.Name, k.Chains)
	}
	if k.Lanes < 0 {
		return fmt.Errorf("shaders: kernel %q has groups of %d lanes", k.Name, k.Lanes)
	}
	if k.Lanes == 0 && len(k.Shared) > 0 {
		return fmt.Errorf("shaders: kernel %q has shared arrays but no groups", k.Name)
	}
	for i, b := range k.Buffers {
		if b.Type != Float && b.Type != Int {
			return fmt.Errorf("shaders: kernel %q: buffer %d (%q) holds %v; it must hold float or int", k.Name, i, b.Name, b.Type)
		}
		if b.Access < Read || b.Access > ReadWrite {
			return fmt.Errorf("shaders: kernel %q: buffer %d (%q) is neither read nor written", k.Name, i, b.Name)
		}
	}
	for i, s := range k.Shared {
		if s.Size < 1 {
			return fmt.Errorf("shaders: kernel %q: shared array %d (%q) has %d elements; there must be at least 1", k.Name, i, s.Name, s.Size)
		}
	}
	if k.Arrays != nil {
		return verifyArrays(k)
	}
	v := verification{Kernel: k, hidden: make([]bool, len(k.Instructions))}
	for n, i := range k.Instructions {
		if err := v.instruction(n, i); err != nil {
			return fmt.Errorf("shaders: kernel %q: instruction %d (%v): %w", k.Name, n, i.Op, err)
		}
	}
	if n := len(v.open); n > 0 {
		return fmt.Errorf("shaders: kernel %q: instruction %d (%v) has no end", k.Name, v.open[n-1].first, v.open[n-1].op)
	}
	return nil
}

func (v *verification) instruction(n int, i Instruction) error {
	if i.Op >= OpVariable && i.Op <= OpSet {
		return v.variable(n, i)
	}
	types, ok := typesOf(i.Op)
	if !ok {
		return fmt.Errorf("there is no such operation")
	}
	if i.Type != types.result {
		return fmt.Errorf("yields %v, is declared as %v", types.result, i.Type)
	}
	wanted := [...]Type{types.a, types.b, types.c}
	for place, operand := range [...]Value{i.A, i.B, i.C} {
		if err := v.operand(n, "ABC"[place:place+1], operand, wanted[place]); err != nil {
			return err
		}
	}
	if types.buffer != None {
		if i.Buffer < 0 || i.Buffer >= len(v.Buffers) {
			return fmt.Errorf("buffer %d of %d", i.Buffer, len(v.Buffers))
		}
		b := v.Buffers[i.Buffer]
		if b.Type != types.buffer {
			return fmt.Errorf("buffer %q holds %v, must hold %v", b.Name, b.Type, types.buffer)
		}
		if b.Access&types.access == 0 {
			return fmt.Errorf("buffer %q is not declared for this access", b.Name)
		}
	}
	switch i.Op {
	case OpConstInt, OpSegmentReduce:
		if i.Int < math.MinInt32 || i.Int > math.MaxInt32 {
			return fmt.Errorf("the integer %d does not fit 32 bits", i.Int)
		}
		if i.Reduction > Min {
			return fmt.Errorf("there is no reduction %d", i.Reduction)
		}
	case OpLoadShared, OpStoreShared:
		if i.Buffer < 0 || i.Buffer >= len(v.Shared) {
			return fmt.Errorf("shared array %d of %d", i.Buffer, len(v.Shared))
		}
	case OpLocal, OpBarrier:
		if v.Lanes == 0 {
			return fmt.Errorf("the kernel has no groups")
		}
	case OpChain:
		if v.Lanes > 0 {
			return fmt.Errorf("the lanes of a group have no chain of their own")
		}
	}
	return v.structure(n, i.Op)
}

// operand checks one operand of instruction n.
func (v *verification) operand(n int, name string, operand Value, wanted Type) error {
	switch {
	case wanted == None && operand != NoValue:
		return fmt.Errorf("operand %s must not be set", name)
	case wanted == None:
	case operand < 0 || int(operand) >= n:
		return fmt.Errorf("operand %s is %%%d, which does not come before it", name, operand)
	case v.hidden[operand]:
		return fmt.Errorf("operand %s is %%%d, which is not known outside its region", name, operand)
	case v.Instructions[operand].Op == OpVariable:
		return fmt.Errorf("operand %s is %%%d, a variable; get its value first", name, operand)
	case v.Instructions[operand].Type != wanted:
		return fmt.Errorf("operand %s is %v, must be %v", name, v.Instructions[operand].Type, wanted)
	}
	return nil
}

// variable checks the operations whose type is that of a variable.
func (v *verification) variable(n int, i Instruction) error {
	if i.C != NoValue || (i.B != NoValue && i.Op != OpSet) {
		return fmt.Errorf("an operand must not be set")
	}
	if i.Op == OpVariable {
		if i.Type < Float || i.Type > Bool {
			return fmt.Errorf("a variable of type %v", i.Type)
		}
		return v.operand(n, "A", i.A, i.Type)
	}
	if i.A < 0 || int(i.A) >= n || v.Instructions[i.A].Op != OpVariable || v.hidden[i.A] {
		return fmt.Errorf("operand A is %%%d, which is no variable known here", i.A)
	}
	t := v.Instructions[i.A].Type
	if i.Op == OpSet {
		if i.Type != None {
			return fmt.Errorf("yields none, is declared as %v", i.Type)
		}
		return v.operand(n, "B", i.B, t)
	}
	if i.Type != t {
		return fmt.Errorf("yields %v, is declared as %v", t, i.Type)
	}
	return nil
}

// structure opens and closes regions.
func (v *verification) structure(n int, op Op) error {
	last := len(v.open) - 1
	switch op {
	case OpIf:
		v.open = append(v.open, region{op, n})
	case OpLoop:
		v.open = append(v.open, region{op, n})
	case OpBreak:
		if last < 0 || v.open[last].op != OpLoop {
			return fmt.Errorf("it does not stand directly in a loop")
		}
	case OpElse:
		if last < 0 || v.open[last].op != OpIf {
			return fmt.Errorf("it follows no if")
		}
		v.hide(v.open[last].first, n)
		v.open[last] = region{op, n}
	case OpEnd:
		if last < 0 {
			return fmt.Errorf("it closes nothing")
		}
		v.hide(v.open[last].first, n)
		v.open = v.open[:last]
	}
	return nil
}

func (v *verification) hide(first, end int) {
	for n := first; n < end; n++ {
		v.hidden[n] = true
	}
}
