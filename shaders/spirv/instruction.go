package spirv

import (
	"fmt"
	"math"

	"github.com/hxgpu/hxgpu/shaders"
)

// integerOps take two Ints and give one.
var integerOps = map[shaders.Op]int{
	shaders.OpAddInt: opIAdd, shaders.OpSubInt: opISub, shaders.OpMulInt: opIMul,
	shaders.OpAndInt: opBitwiseAnd, shaders.OpOrInt: opBitwiseOr, shaders.OpXorInt: opBitwiseXor,
	shaders.OpShiftLeftInt: opShiftLeftLogical, shaders.OpShiftRightInt: opShiftRightLogical,
}

// floatOps give a Float and must not be contracted.
var floatOps = map[shaders.Op]int{
	shaders.OpAdd: opFAdd, shaders.OpSub: opFSub, shaders.OpMul: opFMul, shaders.OpDiv: opFDiv, shaders.OpNeg: opFNegate,
}

// truthOps give a Bool.
var truthOps = map[shaders.Op]int{
	shaders.OpLess: opFOrdLessThan, shaders.OpLessEqual: opFOrdLessThanEqual, shaders.OpEqual: opFOrdEqual,
	shaders.OpLessInt: opSLessThan, shaders.OpEqualInt: opIEqual,
	shaders.OpAnd: opLogicalAnd, shaders.OpOr: opLogicalOr, shaders.OpNot: opLogicalNot,
}

// typeOf is the id of a kernel type.
func (e *encoder) typeOf(t shaders.Type) uint32 {
	switch t {
	case shaders.Float:
		return e.float
	case shaders.Bool:
		return e.boolean
	}
	return e.integer
}

// operands are the ids of the operands that an instruction has.
func (e *encoder) operands(i shaders.Instruction) []uint32 {
	var ids []uint32
	for _, v := range [...]shaders.Value{i.A, i.B, i.C} {
		if v != shaders.NoValue {
			ids = append(ids, e.values[v])
		}
	}
	return ids
}

// instruction translates instruction n.
func (e *encoder) instruction(n int, i shaders.Instruction) error {
	x := e.operands(i)
	if op, ok := integerOps[i.Op]; ok {
		e.values[n] = e.result(op, e.integer, x...)
		return nil
	}
	if op, ok := truthOps[i.Op]; ok {
		e.values[n] = e.result(op, e.boolean, x...)
		return nil
	}
	if op, ok := floatOps[i.Op]; ok {
		if i.Op == shaders.OpMul || i.Op == shaders.OpDiv {
			for place, v := range [...]shaders.Value{i.A, i.B} {
				if c := e.kernel.Instructions[v]; c.Op == shaders.OpConst && c.Float == 0 {
					x[place] = e.opaqueZero(c.Float)
				}
			}
		}
		e.values[n] = e.result(op, e.float, x...)
		e.decorate(e.values[n], decorationNoContraction)
		return nil
	}
	switch i.Op {
	case shaders.OpIf, shaders.OpElse, shaders.OpLoop, shaders.OpBreak, shaders.OpEnd:
		return e.structure(n, i, x)
	case shaders.OpStore:
		e.store(i.Buffer, e.float, x[0], x[1])
	case shaders.OpStoreInt:
		e.store(i.Buffer, e.integer, x[0], x[1])
	case shaders.OpStoreShared:
		put(&e.body, opStore, e.sharedPointer(i.Buffer, x[0]), x[1])
	case shaders.OpSet:
		put(&e.body, opStore, x[0], x[1])
	case shaders.OpBarrier:
		workgroup := e.number(scopeWorkgroup)
		put(&e.body, opControlBarrier, workgroup, workgroup, e.number(semanticsBarrier))
	default:
		value, err := e.value(i, x)
		e.values[n] = value
		return err
	}
	return nil
}

// value translates an instruction that yields a value.
func (e *encoder) value(i shaders.Instruction, x []uint32) (uint32, error) {
	switch i.Op {
	case shaders.OpConstInt:
		return e.number(uint32(int32(i.Int))), nil
	case shaders.OpConst:
		return e.constantFloat(i.Float), nil
	case shaders.OpItem:
		return e.item, nil
	case shaders.OpChain:
		return e.chain, nil
	case shaders.OpLocal:
		return e.local, nil
	case shaders.OpMulHighInt:
		both := e.result(opUMulExtended, e.typ(opTypeStruct, e.integer, e.integer), x...)
		return e.result(opCompositeExtract, e.integer, both, 1), nil
	case shaders.OpBitCountInt:
		return e.result(opBitCount, e.integer, x...), nil
	case shaders.OpSelect, shaders.OpSelectInt:
		return e.result(opSelect, e.typeOf(i.Type), x...), nil
	case shaders.OpLoad, shaders.OpLoadInt:
		return e.load(i.Buffer, e.typeOf(i.Type), x[0]), nil
	case shaders.OpLoadShared:
		return e.result(opLoad, e.float, e.sharedPointer(i.Buffer, x[0])), nil
	case shaders.OpFloatToInt:
		return e.result(opConvertFToS, e.integer, x...), nil
	case shaders.OpIntToFloat:
		return e.result(opConvertSToF, e.float, x...), nil
	case shaders.OpExponent:
		return e.exponent(x[0]), nil
	case shaders.OpPowerOfTwo:
		return e.powerOfTwo(x[0]), nil
	case shaders.OpAbs:
		return e.result(opExtInst, e.float, e.glsl, glslAbs, x[0]), nil
	case shaders.OpSqrt:
		return e.result(opExtInst, e.float, e.glsl, glslSqrt, x[0]), nil
	case shaders.OpVariable:
		pointer := e.typ(opTypePointer, classFunction, e.typeOf(i.Type))
		variable := e.id()
		put(&e.variables, opVariable, pointer, variable, classFunction)
		put(&e.body, opStore, variable, x[0])
		return variable, nil
	case shaders.OpGet:
		return e.result(opLoad, e.typeOf(i.Type), x[0]), nil
	}
	return 0, fmt.Errorf("there is no translation of this operation")
}

// structure translates an operation that opens, divides or closes a region.
func (e *encoder) structure(n int, i shaders.Instruction, x []uint32) error {
	switch i.Op {
	case shaders.OpIf:
		e.beginIf(x[0], e.divided[n])
	case shaders.OpElse:
		e.beginElse()
	case shaders.OpLoop:
		e.values[n] = e.beginLoop(x[0])
	case shaders.OpBreak:
		e.breakLoop(x[0])
	case shaders.OpEnd:
		e.end()
	}
	if len(e.regions) > maxDepth {
		return fmt.Errorf("regions nest deeper than %d", maxDepth)
	}
	return nil
}

// divided marks every OpIf of a kernel that has an OpElse.
func divided(k *shaders.Kernel) []bool {
	marks := make([]bool, len(k.Instructions))
	var open []int
	for n, i := range k.Instructions {
		switch i.Op {
		case shaders.OpIf, shaders.OpLoop:
			open = append(open, n)
		case shaders.OpElse:
			marks[open[len(open)-1]] = true
		case shaders.OpEnd:
			open = open[:len(open)-1]
		}
	}
	return marks
}

func (e *encoder) constantFloat(x float64) uint32 {
	if e.bits == 32 {
		return e.constant(opConstant, e.float, math.Float32bits(float32(x)))
	}
	bits := math.Float64bits(x)
	return e.constant(opConstant, e.float, uint32(bits), uint32(bits>>32))
}

// opaqueZero is a zero that a driver can't see to be constant. Mesa's llvmpipe
// takes 0 x and 0/x for zero and x/0 for undefined whatever x is, even if told to
// keep infinities and NaN.
func (e *encoder) opaqueZero(x float64) uint32 {
	// There is one workgroup on the z axis.
	word := e.result(opShiftRightLogical, e.integer, e.result(opCompositeExtract, e.integer, e.groups, 2), e.number(1))
	if math.Signbit(x) {
		word = e.result(opBitwiseOr, e.integer, word, e.number(1<<31))
	}
	return e.fromUpper(word)
}

// field is where the exponent of a float lies in its upper (or only) word, and
// its bias.
func (e *encoder) field() (shift, mask, bias uint32) {
	if e.bits == 32 {
		return 23, 0xff, 127
	}
	return 20, 0x7ff, 1023
}

func (e *encoder) exponent(x uint32) uint32 {
	var word uint32
	if e.bits == 32 {
		word = e.result(opBitcast, e.integer, x)
	} else {
		pair := e.result(opBitcast, e.typ(opTypeVector, e.integer, 2), x)
		word = e.result(opCompositeExtract, e.integer, pair, 1)
	}
	shift, mask, bias := e.field()
	places := e.result(opShiftRightLogical, e.integer, word, e.number(shift))
	return e.result(opISub, e.integer, e.result(opBitwiseAnd, e.integer, places, e.number(mask)), e.number(bias))
}

func (e *encoder) powerOfTwo(x uint32) uint32 {
	shift, _, bias := e.field()
	return e.fromUpper(e.result(opShiftLeftLogical, e.integer, e.result(opIAdd, e.integer, x, e.number(bias)), e.number(shift)))
}

// fromUpper is the float whose upper (or only) word is given, the other being 0.
func (e *encoder) fromUpper(upper uint32) uint32 {
	if e.bits == 32 {
		return e.result(opBitcast, e.float, upper)
	}
	pair := e.result(opCompositeConstruct, e.typ(opTypeVector, e.integer, 2), e.number(0), upper)
	return e.result(opBitcast, e.float, pair)
}
