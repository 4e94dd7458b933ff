package shaders

// Type is the type of a kernel value. Float is float32 or float64, whichever
// precision the device was opened with; Int is a 32-bit signed integer.
type Type uint8

// The types of kernel values. None is the type of an instruction that yields
// no value (a store).
const (
	None Type = iota
	Float
	Int
	Bool
)

// Op is the operation of an [Instruction].
type Op uint8

// The operations of the kernel form. Unless said otherwise operands and
// result are Float.
const (
	OpInvalid Op = iota

	// Integers.
	OpConstInt // Int; the constant Instruction.Int
	OpItem     // Int; the lane's index on the first axis of the grid, Dispatch.First included
	OpChain    // Int; the lane's chain, 0 <= chain < Kernel.Chains
	OpAddInt   // Int; A + B
	OpMulInt   // Int; A * B
	OpLoadInt  // Int; Buffer[A]

	// Floats.
	OpConst // the constant Instruction.Float
	OpLoad  // Buffer[A], A Int
	// OpSegmentReduce reduces a strided run of Buffer in ascending order:
	// fold(Reduction, Buffer[A], Buffer[A+Int], ..., Buffer[A+(B-1)*Int]),
	// A and B Int values, Int the constant stride. An empty run gives the
	// identity of the reduction (0 for Sum, 1 for Prod, -Inf for Max, +Inf for Min).
	OpSegmentReduce
	OpIntToFloat // A Int

	OpAdd
	OpSub
	OpMul
	OpDiv
	OpMin // IEEE: the smaller; NaN when either is NaN
	OpMax
	OpNeg
	OpAbs
	OpSqrt
	OpExp
	OpLog
	OpLog1p
	OpExpm1
	OpTanh
	OpSin
	OpCos

	// Comparisons and selection; comparisons with NaN are false.
	OpLess      // Bool; A < B
	OpLessEqual // Bool; A <= B
	OpEqual     // Bool; A == B
	OpLessInt   // Bool; A < B on Int
	OpEqualInt  // Bool; A == B on Int
	OpAnd       // Bool
	OpOr        // Bool
	OpNot       // Bool
	OpSelect    // A ? B : C; A Bool, B and C Float

	OpStore // None; Buffer[A] = B, A Int, B Float
)

// Reduction says how [OpSegmentReduce] combines the values of a run.
type Reduction uint8

// The reductions.
const (
	Sum Reduction = iota
	Prod
	Max
	Min
)

// Value names the result of an instruction: its index in Kernel.Instructions.
type Value int32

// NoValue marks an operand that the operation does not use.
const NoValue Value = -1

// Instruction is one operation in static single assignment form: every operand
// is the result of an earlier instruction.
type Instruction struct {
	Op        Op
	Type      Type
	A, B, C   Value
	Buffer    int // index into Kernel.Buffers for loads, stores and reductions
	Int       int
	Float     float64
	Reduction Reduction
}

// Access says how a kernel uses a buffer.
type Access uint8

// The ways to use a buffer.
const (
	Read      Access = 1
	Write     Access = 2
	ReadWrite Access = 3
)

// Buffer is a formal buffer parameter of a kernel; a dispatch binds a device
// buffer (from an element offset on) to each.
type Buffer struct {
	Name   string
	Type   Type // Float or Int
	Access Access
}

// Kernel is a straight-line program that a device runs once for every lane of
// a grid of items x chains. Lanes of one dispatch run in any order and must
// not depend on each other: a lane never loads what another lane of the same
// dispatch stores, and no two lanes store to the same element. A lane may load
// an element that it stores itself; the load comes first in program order.
type Kernel struct {
	Name         string
	Chains       int // the number of chains, fixed when the kernel is built
	Buffers      []Buffer
	Instructions []Instruction
}
