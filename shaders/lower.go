package shaders

import (
	"fmt"

	"github.com/hxgpu/hxgpu/tensor"
)

// Lower emits the instructions that compute tensor values, one kernel value per
// element. inputs gives the elements of every graph input that is used. Matrix
// operations are unrolled.
func Lower(b *Builder, outputs []tensor.Value, inputs func(*tensor.Node) ([]Value, error)) ([][]Value, error) {
	l := lowering{b: b, done: map[*tensor.Node][]Value{}}
	for _, n := range tensor.Order(outputs) {
		if n.Op == tensor.OpInput {
			x, err := inputs(n)
			if err != nil {
				return nil, err
			}
			if len(x) != n.Shape.Size() {
				return nil, fmt.Errorf("shaders: input %q of shape %v was given %d elements", n.InputName, n.Shape, len(x))
			}
			l.done[n] = x
			continue
		}
		l.done[n] = l.lower(n)
		if len(l.done[n]) != n.Shape.Size() {
			return nil, fmt.Errorf("shaders: %v of shape %v lowered to %d elements", n.Op, n.Shape, len(l.done[n]))
		}
	}
	results := make([][]Value, len(outputs))
	for i, v := range outputs {
		results[i] = l.done[v.Node()]
	}
	return results, nil
}

type lowering struct {
	b    *Builder
	done map[*tensor.Node][]Value
}

var unaryOps = map[tensor.Op]Op{tensor.OpNeg: OpNeg, tensor.OpAbs: OpAbs, tensor.OpSqrt: OpSqrt, tensor.OpExp: OpExp,
	tensor.OpLog: OpLog, tensor.OpLog1p: OpLog1p, tensor.OpExpm1: OpExpm1, tensor.OpTanh: OpTanh, tensor.OpSin: OpSin, tensor.OpCos: OpCos}

var binaryOps = map[tensor.Op]Op{tensor.OpAdd: OpAdd, tensor.OpSub: OpSub, tensor.OpMul: OpMul, tensor.OpDiv: OpDiv,
	tensor.OpMin: OpMin, tensor.OpMax: OpMax}

var compareOps = map[tensor.Op]Op{tensor.OpLess: OpLess, tensor.OpLessEqual: OpLessEqual, tensor.OpEqual: OpEqual}

func (l *lowering) lower(n *tensor.Node) []Value {
	out := make([]Value, n.Shape.Size())
	operand := func(i int) []Value { return l.done[n.Operands[i]] }
	switch {
	case n.Op == tensor.OpConst:
		for i, c := range n.Constant {
			out[i] = l.b.Const(c)
		}
	case n.Op.IsUnary():
		for i, x := range operand(0) {
			out[i] = l.b.Unary(unaryOps[n.Op], x)
		}
	case n.Op.IsBinary():
		y := operand(1)
		for i, x := range operand(0) {
			out[i] = l.b.Binary(binaryOps[n.Op], x, y[i])
		}
	case n.Op.IsComparison():
		y := operand(1)
		for i, x := range operand(0) {
			out[i] = l.b.Compare(compareOps[n.Op], x, y[i])
		}
	case n.Op == tensor.OpSelect:
		condition := operand(0)
		if n.Operands[0].Op == tensor.OpConst { // a folded condition
			condition = make([]Value, len(condition))
			for i, c := range n.Operands[0].Constant {
				condition[i] = False
				if c != 0 {
					condition[i] = True
				}
			}
		}
		yes, no := operand(1), operand(2)
		for i, c := range condition {
			out[i] = l.b.Select(c, yes[i], no[i])
		}
	case n.Op == tensor.OpGather:
		x := operand(0)
		for k, i := range n.Indices {
			out[k] = x[i]
		}
	case n.Op == tensor.OpScatter:
		for j := range out {
			out[j] = l.b.Const(0)
		}
		for k, j := range n.Indices {
			out[j] = l.b.Binary(OpAdd, out[j], operand(0)[k])
		}
	case n.Op == tensor.OpConcat:
		out = out[:0]
		for i := range n.Operands {
			out = append(out, operand(i)...)
		}
	default:
		return l.linear(n)
	}
	return out
}
