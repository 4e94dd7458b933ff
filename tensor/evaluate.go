package tensor

import (
	"fmt"
	"math"
)

// Evaluate computes values in float64, given the elements of every input they
// depend on. It is the plain definition of what each operation means; every
// device is checked against it.
func Evaluate(outputs []Value, inputs map[*Node][]float64) ([][]float64, error) {
	e := evaluator{inputs: inputs, done: map[*Node][]float64{}}
	results := make([][]float64, len(outputs))
	for _, node := range Order(outputs) {
		if err := e.visit(node); err != nil {
			return nil, err
		}
	}
	for i, v := range outputs {
		results[i] = append([]float64(nil), e.done[v.node]...)
	}
	return results, nil
}

// Order lists all nodes that the values depend on, operands before users,
// without recursion on the depth of the graph.
func Order(outputs []Value) []*Node {
	var order []*Node
	state := map[*Node]bool{} // false: operands pending, true: listed
	var stack []*Node
	for _, v := range outputs {
		stack = append(stack, v.node)
		for len(stack) > 0 {
			n := stack[len(stack)-1]
			listed, seen := state[n]
			if listed {
				stack = stack[:len(stack)-1]
				continue
			}
			if seen {
				state[n] = true
				order = append(order, n)
				stack = stack[:len(stack)-1]
				continue
			}
			state[n] = false
			for i := len(n.Operands) - 1; i >= 0; i-- {
				if _, seen := state[n.Operands[i]]; !seen {
					stack = append(stack, n.Operands[i])
				}
			}
		}
	}
	return order
}

type evaluator struct {
	inputs map[*Node][]float64
	done   map[*Node][]float64
}

func (e *evaluator) visit(n *Node) error {
	if n.Op == OpInput {
		x, ok := e.inputs[n]
		if !ok || len(x) != n.Shape.Size() {
			return fmt.Errorf("tensor: input %q of shape %v has %d elements bound", n.InputName, n.Shape, len(x))
		}
		e.done[n] = x
		return nil
	}
	operands := make([][]float64, len(n.Operands))
	for i, o := range n.Operands {
		operands[i] = e.done[o]
	}
	if n.Op == OpLoop {
		result, err := evaluateLoop(n, operands)
		e.done[n] = result
		return err
	}
	e.done[n] = evaluateNode(n, operands)
	return nil
}

// evaluateNode computes one operation from the elements of its operands.
func evaluateNode(n *Node, x [][]float64) []float64 {
	out := make([]float64, n.Shape.Size())
	switch {
	case n.Op == OpConst:
		copy(out, n.Constant)
	case n.Op.IsUnary():
		for i, a := range x[0] {
			out[i] = unaryFloat(n.Op, a)
		}
	case n.Op.IsBinary():
		for i, a := range x[0] {
			out[i] = binaryFloat(n.Op, a, x[1][i])
		}
	case n.Op.IsComparison():
		for i, a := range x[0] {
			if compareFloat(n.Op, a, x[1][i]) {
				out[i] = 1
			}
		}
	case n.Op == OpSelect:
		for i, c := range x[0] {
			if c != 0 {
				out[i] = x[1][i]
			} else {
				out[i] = x[2][i]
			}
		}
	case n.Op == OpGather:
		for k, i := range n.Indices {
			out[k] = x[0][i]
		}
	case n.Op == OpScatter:
		for k, j := range n.Indices {
			out[j] += x[0][k]
		}
	case n.Op == OpConcat:
		position := 0
		for _, a := range x {
			position += copy(out[position:], a)
		}
	default:
		evaluateLinear(n, x, out)
	}
	return out
}

func evaluateLinear(n *Node, x [][]float64, out []float64) {
	shape := n.Operands[0].Shape
	rows, inner := shape[0], shape[1]
	switch n.Op {
	case OpMatMul:
		columns := n.Shape[1]
		for i := range rows {
			for j := range columns {
				sum := 0.0
				for k := range inner {
					sum += x[0][i*inner+k] * x[1][k*columns+j]
				}
				out[i*columns+j] = sum
			}
		}
	case OpCholesky:
		for j := range rows {
			for i := j; i < rows; i++ {
				sum := x[0][i*rows+j]
				for k := range j {
					sum -= out[i*rows+k] * out[j*rows+k]
				}
				if i == j {
					out[i*rows+j] = math.Sqrt(sum)
				} else {
					out[i*rows+j] = quotientOrZero(sum, out[j*rows+j])
				}
			}
		}
	case OpCholeskyAdjoint:
		choleskyAdjoint(x[0], x[1], out, rows)
	case OpSolveLow:
		columns := n.Shape[1]
		for j := range columns {
			for i := range rows {
				sum := x[1][i*columns+j]
				for k := range i {
					sum -= x[0][i*rows+k] * out[k*columns+j]
				}
				out[i*columns+j] = quotientOrZero(sum, x[0][i*rows+i])
			}
		}
	case OpSolveLowT:
		columns := n.Shape[1]
		for j := range columns {
			for i := rows - 1; i >= 0; i-- {
				sum := x[1][i*columns+j]
				for k := i + 1; k < rows; k++ {
					sum -= x[0][k*rows+i] * out[k*columns+j]
				}
				out[i*columns+j] = quotientOrZero(sum, x[0][i*rows+i])
			}
		}
	case OpSolve:
		columns := n.Shape[1]
		a := append([]float64(nil), x[0]...)
		copy(out, x[1])
		eliminate(a, out, rows, columns)
		for j := range columns {
			for i := rows - 1; i >= 0; i-- {
				sum := out[i*columns+j]
				for k := i + 1; k < rows; k++ {
					sum -= a[i*rows+k] * out[k*columns+j]
				}
				out[i*columns+j] = sum / a[i*rows+i]
			}
		}
	case OpLogDet:
		a := append([]float64(nil), x[0]...)
		eliminate(a, nil, rows, 0)
		for i := range rows {
			out[0] += math.Log(math.Abs(a[i*rows+i]))
		}
	}
}

// choleskyAdjoint is the reverse of the factorisation, column by column (Smith
// 1995; Murray 2016, arXiv:1602.07527, section 4).
func choleskyAdjoint(l, cotangent, out []float64, n int) {
	for i := range n {
		copy(out[i*n:i*n+i+1], cotangent[i*n:])
	}
	for k := n - 1; k >= 0; k-- {
		for i := k + 1; i < n; i++ {
			for j := k + 1; j <= i; j++ {
				out[i*n+k] -= out[i*n+j] * l[j*n+k]
				out[j*n+k] -= out[i*n+j] * l[i*n+k]
			}
		}
		for i := k + 1; i < n; i++ {
			out[i*n+k] = quotientOrZero(out[i*n+k], l[k*n+k])
			out[k*n+k] -= l[i*n+k] * out[i*n+k]
		}
		out[k*n+k] = quotientOrZero(out[k*n+k]/2, l[k*n+k])
	}
}

// eliminate brings a (n x n) to upper triangular form, applying the same row
// operations to b (n x m). Rows are exchanged pairwise so that each pivot is the
// largest of its column; a kernel does the same with selects.
func eliminate(a, b []float64, n, m int) {
	for k := range n {
		for i := k + 1; i < n; i++ {
			if math.Abs(a[k*n+k]) < math.Abs(a[i*n+k]) {
				for j := k; j < n; j++ {
					a[k*n+j], a[i*n+j] = a[i*n+j], a[k*n+j]
				}
				for j := range m {
					b[k*m+j], b[i*m+j] = b[i*m+j], b[k*m+j]
				}
			}
		}
		for i := k + 1; i < n; i++ {
			factor := a[i*n+k] / a[k*n+k]
			for j := k + 1; j < n; j++ {
				a[i*n+j] -= factor * a[k*n+j]
			}
			for j := range m {
				b[i*m+j] -= factor * b[k*m+j]
			}
		}
	}
}

func quotientOrZero(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

func unaryFloat(op Op, a float64) float64 {
	switch op {
	case OpNeg:
		return -a
	case OpAbs:
		return math.Abs(a)
	case OpSqrt:
		return math.Sqrt(a)
	case OpExp:
		return math.Exp(a)
	case OpLog:
		return math.Log(a)
	case OpLog1p:
		return math.Log1p(a)
	case OpExpm1:
		return math.Expm1(a)
	case OpTanh:
		return math.Tanh(a)
	case OpSin:
		return math.Sin(a)
	default:
		return math.Cos(a)
	}
}

func binaryFloat(op Op, a, b float64) float64 {
	switch op {
	case OpAdd:
		return a + b
	case OpSub:
		return a - b
	case OpMul:
		return a * b
	case OpDiv:
		return a / b
	case OpMin:
		return min(a, b)
	default:
		return max(a, b)
	}
}

func compareFloat(op Op, a, b float64) bool {
	switch op {
	case OpLess:
		return a < b
	case OpLessEqual:
		return a <= b
	default:
		return a == b
	}
}
