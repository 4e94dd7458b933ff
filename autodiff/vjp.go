package autodiff

import (
	"fmt"

	"github.com/hxgpu/hxgpu/tensor"
)

// VJP is the vector-Jacobian product: for outputs y with cotangents g it gives,
// for every input x, the sum over outputs of g' dy/dx, in the shape of x.
// Cotangents have the shapes of their outputs.
func VJP(outputs, cotangents, inputs []tensor.Value) []tensor.Value {
	return vjp(outputs, cotangents, inputs, nil)
}

// vjp is [VJP] with what the steps of some loops began with known: one value for
// each carried value, of shape (steps, ...).
func vjp(outputs, cotangents, inputs []tensor.Value, starts map[*tensor.Node][]tensor.Value) []tensor.Value {
	order := tensor.Order(outputs)
	depends := map[*tensor.Node]bool{}
	for _, x := range inputs {
		depends[x.Node()] = true
	}
	for _, n := range order {
		for _, o := range n.Operands {
			if depends[o] {
				depends[n] = true
			}
		}
	}
	t := tape{adjoints: map[*tensor.Node]tensor.Value{}, depends: depends, parts: map[loopPart]tensor.Value{}, starts: starts}
	for i, y := range outputs {
		if !y.Shape().Equal(cotangents[i].Shape()) {
			tensor.Fail("VJP", "a cotangent of shape %v for an output of shape %v", cotangents[i].Shape(), y.Shape())
		}
		t.add(y.Node(), cotangents[i])
	}
	for i := len(order) - 1; i >= 0; i-- {
		n := order[i]
		if n.Op == tensor.OpLoop && depends[n] {
			t.reverseLoop(n)
		} else if g, ok := t.adjoints[n]; ok && depends[n] && len(n.Operands) > 0 {
			t.reverse(n, g)
		}
	}
	results := make([]tensor.Value, len(inputs))
	for i, x := range inputs {
		g, ok := t.adjoints[x.Node()]
		if !ok {
			g = tensor.Zeros(x.Shape()...)
		}
		results[i] = g
	}
	return results
}

// Jacobian is the matrix dy_i/dx_j of a vector y with respect to a vector x.
func Jacobian(y, x tensor.Value) tensor.Value {
	n, m := y.Shape().Size(), x.Shape().Size()
	rows := make([]tensor.Value, n)
	for i := range n {
		unit := make([]float64, n)
		unit[i] = 1
		rows[i] = VJP([]tensor.Value{y}, []tensor.Value{tensor.ConstantVector(unit...).Reshape(y.Shape()...)}, []tensor.Value{x})[0]
	}
	return tensor.Simplify(tensor.Concat(rows...).Reshape(n, m))[0]
}

// tape holds the cotangents gathered so far while the graph is walked backwards.
type tape struct {
	adjoints map[*tensor.Node]tensor.Value
	depends  map[*tensor.Node]bool
	parts    map[loopPart]tensor.Value // of the results of loops
	starts   map[*tensor.Node][]tensor.Value
}

func (t tape) add(n *tensor.Node, g tensor.Value) {
	if !t.depends[n] || g.IsZero() {
		return
	}
	if sum, ok := t.adjoints[n]; ok {
		g = sum.Add(g)
	}
	t.adjoints[n] = g
}

// reverse hands the cotangent g of node n on to its operands.
func (t tape) reverse(n *tensor.Node, g tensor.Value) {
	y := tensor.Wrap(n)
	operand := func(i int) tensor.Value { return tensor.Wrap(n.Operands[i]) }
	zero := tensor.Zeros(n.Shape...)
	switch n.Op {
	case tensor.OpNeg:
		t.add(n.Operands[0], g.Neg())
	case tensor.OpAbs:
		x := operand(0)
		t.add(n.Operands[0], tensor.Select(x.Less(zero), g.Neg(), tensor.Select(zero.Less(x), g, zero)))
	case tensor.OpSqrt:
		safe := tensor.Select(y.Equal(zero), tensor.Fill(1, n.Shape...), y)
		t.add(n.Operands[0], tensor.Select(y.Equal(zero), zero, g.Scale(0.5).Div(safe)))
	case tensor.OpExp:
		t.add(n.Operands[0], g.Mul(y))
	case tensor.OpLog:
		t.add(n.Operands[0], g.Div(operand(0)))
	case tensor.OpLog1p:
		t.add(n.Operands[0], g.Div(operand(0).Shift(1)))
	case tensor.OpExpm1:
		t.add(n.Operands[0], g.Mul(y.Shift(1)))
	case tensor.OpTanh:
		t.add(n.Operands[0], g.Mul(tensor.Constant(1).Sub(y.Square())))
	case tensor.OpSin:
		t.add(n.Operands[0], g.Mul(operand(0).Cos()))
	case tensor.OpCos:
		t.add(n.Operands[0], g.Mul(operand(0).Sin()).Neg())
	case tensor.OpAdd:
		t.add(n.Operands[0], g)
		t.add(n.Operands[1], g)
	case tensor.OpSub:
		t.add(n.Operands[0], g)
		t.add(n.Operands[1], g.Neg())
	case tensor.OpMul:
		t.add(n.Operands[0], g.Mul(operand(1)))
		t.add(n.Operands[1], g.Mul(operand(0)))
	case tensor.OpDiv:
		quotient := g.Div(operand(1))
		t.add(n.Operands[0], quotient)
		t.add(n.Operands[1], quotient.Mul(y).Neg())
	case tensor.OpMin, tensor.OpMax:
		// Where both are equal the first operand takes the cotangent.
		first := operand(0).LessEqual(operand(1))
		if n.Op == tensor.OpMax {
			first = operand(1).LessEqual(operand(0))
		}
		t.add(n.Operands[0], tensor.Select(first, g, zero))
		t.add(n.Operands[1], tensor.Select(first, zero, g))
	case tensor.OpSelect:
		condition := tensor.WrapCondition(n.Operands[0])
		t.add(n.Operands[1], tensor.Select(condition, g, zero))
		t.add(n.Operands[2], tensor.Select(condition, zero, g))
	case tensor.OpLess, tensor.OpLessEqual, tensor.OpEqual:
		// Conditions have no derivative.
	case tensor.OpGather:
		if n.Operands[0].Op == tensor.OpLoop && t.addPart(n, g) {
			return
		}
		t.add(n.Operands[0], g.Scatter(n.Indices, n.Operands[0].Shape...))
	case tensor.OpScatter:
		t.add(n.Operands[0], g.Gather(n.Indices, n.Operands[0].Shape...))
	case tensor.OpConcat:
		start := 0
		for _, o := range n.Operands {
			indices := make([]int, o.Shape.Size())
			for k := range indices {
				indices[k] = start + k
			}
			start += len(indices)
			t.add(o, g.Gather(indices, o.Shape...))
		}
	default:
		t.reverseLinear(n, g)
	}
}

// reverseLinear holds the rules of linear algebra (Giles 2008, "Collected matrix
// derivative results for forward and reverse mode"; Murray 2016, arXiv:1602.07527,
// for the Cholesky factor).
func (t tape) reverseLinear(n *tensor.Node, g tensor.Value) {
	y, a := tensor.Wrap(n), tensor.Wrap(n.Operands[0])
	size := a.Shape()[0]
	switch n.Op {
	case tensor.OpMatMul:
		b := tensor.Wrap(n.Operands[1])
		t.add(n.Operands[0], g.MatMul(b.Transpose()))
		t.add(n.Operands[1], a.Transpose().MatMul(g))
	case tensor.OpCholesky:
		t.add(n.Operands[0], y.CholeskyAdjoint(g))
	case tensor.OpCholeskyAdjoint:
		// The same in terms of operations that have rules of their own.
		l, cotangent := tensor.Input("factor", size, size), tensor.Input("cotangent", size, size)
		inner := l.Transpose().MatMul(cotangent.Mul(lowerMask(size, 1))).Mul(lowerMask(size, 0.5))
		s := l.SolveLowerTransposed(l.SolveLowerTransposed(inner).Transpose()).Transpose()
		same := s.Add(s.Transpose()).Mul(lowerMask(size, 0.5))
		gradients := tensor.Substitute(VJP([]tensor.Value{same}, []tensor.Value{g}, []tensor.Value{l, cotangent}),
			map[*tensor.Node]tensor.Value{l.Node(): a, cotangent.Node(): tensor.Wrap(n.Operands[1])})
		t.add(n.Operands[0], gradients[0])
		t.add(n.Operands[1], gradients[1])
	case tensor.OpSolveLow:
		right := a.SolveLowerTransposed(g)
		t.add(n.Operands[1], right)
		t.add(n.Operands[0], right.MatMul(y.Transpose()).Mul(lowerMask(size, 1)).Neg())
	case tensor.OpSolveLowT:
		right := a.SolveLower(g)
		t.add(n.Operands[1], right)
		t.add(n.Operands[0], y.MatMul(right.Transpose()).Mul(lowerMask(size, 1)).Neg())
	case tensor.OpSolve:
		right := a.Transpose().Solve(g)
		t.add(n.Operands[1], right)
		t.add(n.Operands[0], right.MatMul(y.Transpose()).Neg())
	case tensor.OpLogDet:
		t.add(n.Operands[0], a.Transpose().Solve(tensor.Identity(size)).Mul(g))
	default:
		panic(fmt.Sprintf("autodiff: no rule for %v", n.Op))
	}
}

// lowerMask is 1 below the diagonal, diagonal on it and 0 above.
func lowerMask(n int, diagonal float64) tensor.Value {
	rows := make([][]float64, n)
	for i := range rows {
		rows[i] = make([]float64, n)
		for j := range i {
			rows[i][j] = 1
		}
		rows[i][i] = diagonal
	}
	return tensor.ConstantMatrix(rows)
}
