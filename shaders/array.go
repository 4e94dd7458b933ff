package shaders

// ArrayProgram is what each lane of an array kernel does: instructions on whole
// arrays, for work on matrices and in loops that is too long to be written out
// element by element. The arrays of a lane share one memory of Size floats; the
// constants stand at its beginning and are never written.
//
// A device chooses how lanes, and elements of a lane's arrays, share out its
// processors.
type ArrayProgram struct {
	Size         int
	Constants    []float64
	Loops        int // how many loops there are; they are numbered from 0
	Instructions []ArrayInstruction
}

// ArrayOp is the operation of an [ArrayInstruction].
type ArrayOp uint8

// The operations of array kernels. N is a number of elements unless said
// otherwise.
const (
	// ArrayLoad loads the elements of Place from Buffer.
	ArrayLoad ArrayOp = iota
	// ArrayReduce reduces a run of places for each of N elements.
	ArrayReduce
	// ArrayInt loads an integer, Out = Ints[Buffer][item + Shift].
	ArrayInt
	ArrayStore // Place of Buffer = A

	ArrayCopy    // Out = A
	ArrayGather  // Out[k] = A[Indices[k]]
	ArrayScatter // Out, of M elements, = 0; Out[Indices[k]] += A[k], k ascending
	ArrayUnary   // Out = Elementwise A
	ArrayBinary  // Out = A Elementwise B
	ArrayCompare // Out = A Elementwise B, 1 where it holds and 0 elsewhere
	ArraySelect  // Out = A is not 0 ? B : C

	ArrayMatMul          // Out (N,M) = A (N,K) B (K,M); an operand that is transposed is stored (K,N) or (M,K)
	ArrayCholesky        // Out (N,N) = the factor of A, zero above the diagonal
	ArrayCholeskyAdjoint // Out (N,N) = the cotangent of A for the factor A and its cotangent B
	ArraySolveLow        // A (N,N) Out = B (N,M), A lower triangular; what is above its diagonal is not read
	ArraySolveLowT       // A' Out = B
	ArraySolve           // A Out = B; C is scratch of N*N elements
	ArrayLogDet          // Out = log |det A|; C is scratch of N*N elements

	ArrayLoop  // what follows up to the matching ArrayEnd runs N times, as loop number Loop
	ArrayEnd   // ends the innermost loop
	ArrayIndex // Out = the number of loop Loop's step
)

// Span is where an operand stands in a lane's memory: from Offset on, moved by
// the numbers of the steps of loops.
type Span struct {
	Offset int
	Steps  []StepStride
	Scalar bool // one element that stands for all
}

// StepStride moves a span by Stride elements for each step of a loop.
type StepStride struct{ Loop, Stride int }

// Place says which elements of a buffer a lane loads, stores or reduces: element e
// stands at place*PlaceStride + chain*ChainStride + e*ElementStride.
type Place struct {
	Indirect bool // place = Ints[Index][item + Shift], else item + Shift
	Index    int  // buffer
	Shift    int
	// The number of places to reduce, for ArrayReduce: Ints[Count][item+CountShift],
	// or Length where Count is negative.
	Count, CountShift, Length               int
	PlaceStride, ChainStride, ElementStride int
}

// ArrayInstruction is one operation on arrays.
type ArrayInstruction struct {
	Op          ArrayOp
	Elementwise Op // of ArrayUnary, ArrayBinary and ArrayCompare
	Out         Span
	A, B, C     Span
	N, K, M     int
	TransposeA  bool // of ArrayMatMul
	TransposeB  bool
	Indices     []int32
	Buffer      int
	Place       Place
	Reduction   Reduction
	Loop        int
	Backwards   bool // of ArrayLoop
	// Life is how many of the instructions that follow may read the array that Out
	// stands in.
	Life int
}

// At is where a span stands, given the number of each loop's step.
func (s *Span) At(steps []int) int {
	at := s.Offset
	for _, m := range s.Steps {
		at += steps[m.Loop] * m.Stride
	}
	return at
}

// Operations is about how many floating-point operations the instruction is.
func (i *ArrayInstruction) Operations() int {
	switch i.Op {
	case ArrayUnary, ArrayBinary, ArrayCompare, ArraySelect, ArrayScatter:
		return i.N
	case ArrayMatMul:
		return 2 * i.N * i.K * i.M
	case ArrayCholesky:
		return i.N * i.N * i.N / 3
	case ArrayCholeskyAdjoint, ArrayLogDet:
		return 2 * i.N * i.N * i.N / 3
	case ArraySolveLow, ArraySolveLowT:
		return i.N * i.N * i.M
	case ArraySolve:
		return 2*i.N*i.N*i.M + 2*i.N*i.N*i.N/3
	}
	return 0
}

// Step is the number of a loop's step, given how many were taken before it.
func (i *ArrayInstruction) Step(taken int) int {
	if i.Backwards {
		return i.N - 1 - taken
	}
	return taken
}

// ArrayLoopEnd is where in a body the ArrayEnd of the ArrayLoop at begin stands.
func ArrayLoopEnd(body []ArrayInstruction, begin int) int {
	for n := begin + 1; ; n++ {
		if body[n].Op == ArrayEnd && body[n].Loop == body[begin].Loop {
			return n
		}
	}
}
