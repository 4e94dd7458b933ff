package tensor

import "math"

// Op is the operation at a node of the graph.
type Op uint8

// The operations of the graph. Elementwise operations take operands of one
// shape: a scalar that meets a tensor is spread by an explicit Gather.
const (
	OpConst Op = iota
	OpInput

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

	OpAdd
	OpSub
	OpMul
	OpDiv
	OpMin
	OpMax

	OpLess      // condition: a < b elementwise
	OpLessEqual // condition: a <= b
	OpEqual     // condition: a == b
	OpSelect    // condition ? a : b

	// OpGather picks elements: out[k] = in[Indices[k]]. Reshape, transpose,
	// slices, diagonals and the spreading of a scalar are gathers.
	OpGather
	// OpScatter is its transpose: out[j] = sum of in[k] over Indices[k] == j.
	// Sums of all elements, diagonal matrices and zero padding are scatters.
	OpScatter
	OpConcat // joins the elements of its operands

	OpLoop // a counted loop; see [LoopBody]

	OpMatMul   // (n,k)(k,m)
	OpCholesky // lower factor; a zero pivot gives a zero column
	// OpCholeskyAdjoint takes a lower factor L of A and the cotangent of L to the
	// cotangent of the lower triangle of A.
	OpCholeskyAdjoint
	OpSolveLow  // X of L X = B, L lower triangular; a zero pivot gives a zero row
	OpSolveLowT // X of L' X = B
	OpSolve     // X of A X = B by elimination with row exchanges
	OpLogDet    // log |det A|
)

var opNames = [...]string{"Const", "Input", "Neg", "Abs", "Sqrt", "Exp", "Log", "Log1p", "Expm1", "Tanh", "Sin", "Cos",
	"Add", "Sub", "Mul", "Div", "Min", "Max", "Less", "LessEqual", "Equal", "Select", "Gather", "Scatter", "Concat", "Loop",
	"MatMul", "Cholesky", "CholeskyAdjoint", "SolveLower", "SolveLowerTransposed", "Solve", "LogDet"}

// String is the operation's name.
func (op Op) String() string { return opNames[op] }

// IsUnary reports whether op is elementwise on one operand.
func (op Op) IsUnary() bool { return op >= OpNeg && op <= OpCos }

// IsBinary reports whether op is elementwise arithmetic on two operands.
func (op Op) IsBinary() bool { return op >= OpAdd && op <= OpMax }

// IsComparison reports whether op yields a condition.
func (op Op) IsComparison() bool { return op >= OpLess && op <= OpEqual }

// Node is one operation of the graph. Nodes are immutable and shared; packages
// that walk a graph (autodiff, the lowering to kernels) read them, callers use
// [Value].
type Node struct {
	Op        Op
	Shape     Shape
	Operands  []*Node
	Constant  []float64 // elements, for OpConst
	Indices   []int     // for OpGather and OpScatter
	InputName string    // for OpInput; inputs are told apart by identity, not name
	Loop      *LoopBody // for OpLoop
}

// Value is a traced tensor. The zero Value is not valid.
type Value struct{ node *Node }

// Condition is a traced truth value per element, made by comparisons and used
// by [Select].
type Condition struct{ node *Node }

// Wrap makes a Value of a node.
func Wrap(n *Node) Value { return Value{n} }

// Node is the graph node of the value, nil for the zero Value.
func (v Value) Node() *Node { return v.node }

// Node is the graph node of the condition.
func (c Condition) Node() *Node { return c.node }

// Shape is the value's shape.
func (v Value) Shape() Shape { return v.node.Shape }

// IsZero reports whether the value is the constant zero.
func (v Value) IsZero() bool { return v.node.isConstant(0) }

func (n *Node) isConstant(x float64) bool {
	if n.Op != OpConst {
		return false
	}
	for _, c := range n.Constant {
		if c != x || (x == 0 && math.Signbit(c)) {
			return false
		}
	}
	return true
}

// Input makes a new graph input. The name is for listings and errors.
func Input(name string, shape ...int) Value {
	return Value{&Node{Op: OpInput, Shape: Shape(shape), InputName: name}}
}

// Constant is a scalar constant.
func Constant(x float64) Value {
	return Value{&Node{Op: OpConst, Shape: Shape{}, Constant: []float64{x}}}
}

// ConstantVector is a constant of shape (len(x)).
func ConstantVector(x ...float64) Value {
	return Value{&Node{Op: OpConst, Shape: Shape{len(x)}, Constant: append([]float64(nil), x...)}}
}

// ConstantMatrix is a constant matrix with the given rows, which must have one length.
func ConstantMatrix(rows [][]float64) Value {
	if len(rows) == 0 {
		Fail("ConstantMatrix", "a matrix needs at least one row")
	}
	var elements []float64
	for i, row := range rows {
		if len(row) != len(rows[0]) {
			Fail("ConstantMatrix", "row %d has %d elements, row 1 has %d", i+1, len(row), len(rows[0]))
		}
		elements = append(elements, row...)
	}
	return Value{&Node{Op: OpConst, Shape: Shape{len(rows), len(rows[0])}, Constant: elements}}
}

// Zeros is the constant zero of a shape.
func Zeros(shape ...int) Value { return Fill(0, shape...) }

// Fill is a constant of a shape with every element x.
func Fill(x float64, shape ...int) Value {
	elements := make([]float64, Shape(shape).Size())
	for i := range elements {
		elements[i] = x
	}
	return Value{&Node{Op: OpConst, Shape: Shape(shape), Constant: elements}}
}

// Identity is the n x n identity matrix.
func Identity(n int) Value {
	elements := make([]float64, n*n)
	for i := range n {
		elements[i*n+i] = 1
	}
	return Value{&Node{Op: OpConst, Shape: Shape{n, n}, Constant: elements}}
}

// WrapCondition makes a Condition of a comparison node.
func WrapCondition(n *Node) Condition { return Condition{n} }
