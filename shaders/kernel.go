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
	OpLocal    // Int; the lane's index in its group, 0 <= local < Kernel.Lanes; in group kernels only
	// Arithmetic wraps around. Shifts and OpMulHighInt read their operands as
	// unsigned numbers; a shift is by 0 to 31 places.
	OpAddInt        // Int; A + B
	OpSubInt        // Int; A - B
	OpMulInt        // Int; A * B
	OpMulHighInt    // Int; the upper 32 bits of the unsigned product A * B
	OpAndInt        // Int; A & B
	OpOrInt         // Int; A | B
	OpXorInt        // Int; A ^ B
	OpShiftLeftInt  // Int; A << B
	OpShiftRightInt // Int; A >> B, zeros shifted in
	OpBitCountInt   // Int; how many bits of A are set
	OpSelectInt     // Int; A ? B : C; A Bool, B and C Int
	OpLoadInt       // Int; Buffer[A]
	// OpFloatToInt cuts A towards zero; |A| must be less than 2^31.
	OpFloatToInt
	// OpExponent is the exponent field of A less its bias, Int: floor(log2 |A|)
	// for a normal A; one less than that of the smallest normal number for zero
	// and subnormal ones; one more than that of the largest for Inf and NaN.
	OpExponent

	// Floats.
	OpConst // the constant Instruction.Float
	OpLoad  // Buffer[A], A Int
	// OpSegmentReduce reduces a strided run of Buffer in ascending order:
	// fold(Reduction, Buffer[A], Buffer[A+Int], ..., Buffer[A+(B-1)*Int]),
	// A and B Int values, Int the constant stride. An empty run gives the
	// identity of the reduction (0 for Sum, 1 for Prod, -Inf for Max, +Inf for Min).
	OpSegmentReduce
	OpIntToFloat // A Int
	OpPowerOfTwo // 2^A, A Int such that the result is a normal number
	OpLoadShared // Shared[A], A Int

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

	OpStore       // None; Buffer[A] = B, A Int, B Float
	OpStoreInt    // None; Buffer[A] = B, A Int, B Int
	OpStoreShared // None; Shared[A] = B, A Int, B Float

	// Structure. A value that is computed between OpIf, OpElse or OpLoop and the
	// OpEnd that closes it is known there only; variables carry values out.
	OpVariable // a variable of Type, set to A
	OpGet      // the value of variable A
	OpSet      // None; variable A = B
	OpIf       // None; what follows runs for lanes where A, a Bool, holds
	OpElse     // None; what follows runs for the other lanes
	// OpLoop runs what follows A times, A Int (not at all if A <= 0); its value, an
	// Int, counts up from 0.
	OpLoop
	// OpBreak leaves the loop if A, a Bool, holds. It stands directly in the body of
	// a loop, not within an OpIf.
	OpBreak // None
	OpEnd   // None; closes the last OpIf or OpLoop
	// OpBarrier waits for all lanes of the group; what any of them stored before,
	// in shared arrays and in buffers, all see after. All lanes of a group reach it
	// or none does.
	OpBarrier // None
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
	Buffer    int // index into Kernel.Buffers, or Kernel.Shared for shared arrays
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

// Shared is an array of floats that the lanes of a group share while it runs.
// Its elements are unspecified at the start.
type Shared struct {
	Name string
	Size int // elements
}

// Kernel is a program that a device runs once for every lane.
//
// A grid kernel (Lanes = 0) runs for a grid of items x chains. Lanes of one
// dispatch run in any order and must not depend on each other: a lane never
// loads what another lane of the same dispatch stores, and no two lanes store
// to the same element.
//
// A group kernel (Lanes > 0) runs for groups of Lanes lanes; its items are the
// groups. Groups are to each other what lanes of a grid kernel are; lanes of
// one group exchange values across an [OpBarrier].
//
// A lane sees its own stores in program order.
type Kernel struct {
	Name         string
	Chains       int // the number of chains, fixed when the kernel is built
	Lanes        int // lanes per group, 0 for a grid kernel
	Buffers      []Buffer
	Shared       []Shared // of group kernels
	Instructions []Instruction
	// Arrays makes this an array kernel: a grid kernel whose lanes follow it
	// instead of Instructions.
	Arrays *ArrayProgram
}

// Structured reports whether the kernel is more than straight-line code over a
// grid: it has groups, branches, loops or variables.
func (k *Kernel) Structured() bool {
	if k.Lanes > 0 {
		return true
	}
	for _, i := range k.Instructions {
		if i.Op >= OpVariable {
			return true
		}
	}
	return false
}
