package tensor

import (
	bits "encoding/binary"
	"math"
)

// Simplify rebuilds values with equal subexpressions shared, constants folded
// and algebraic identities applied (x+0, x*1, x-x, I x, inverse pairs such as
// log(exp x), 1 x 1 linear algebra as plain arithmetic). A product with the
// constant zero is zero even where the other factor could be infinite or NaN:
// structural zeros stay zeros.
func Simplify(outputs ...Value) []Value {
	outputs = trimLoops(outputs)
	s := simplifier{canonical: map[string]*Node{}, number: map[*Node]uint64{}, done: map[*Node]*Node{}}
	for _, node := range Order(outputs) {
		operands := make([]*Node, len(node.Operands))
		for i, o := range node.Operands {
			operands[i] = s.done[o]
		}
		s.done[node] = s.rebuild(node, operands)
	}
	results := make([]Value, len(outputs))
	for i, v := range outputs {
		results[i] = Value{s.done[v.node]}
	}
	return results
}

type simplifier struct {
	canonical map[string]*Node
	number    map[*Node]uint64
	done      map[*Node]*Node
}

// intern returns the one node with this operation and these operands.
func (s *simplifier) intern(n *Node) *Node {
	if _, known := s.number[n]; known {
		return n
	}
	if n.Op == OpInput {
		s.number[n] = uint64(len(s.number))
		return n
	}
	key := []byte{byte(n.Op), byte(len(n.Shape))}
	for _, d := range n.Shape {
		key = bits.AppendUvarint(key, uint64(d))
	}
	for _, o := range n.Operands {
		key = bits.AppendUvarint(key, s.number[o])
	}
	for _, c := range n.Constant {
		key = bits.LittleEndian.AppendUint64(key, math.Float64bits(c))
	}
	for _, i := range n.Indices {
		key = bits.AppendUvarint(key, uint64(i))
	}
	if n.Op == OpLoop { // no two loops are taken for equal
		key = bits.AppendUvarint(key, uint64(len(s.number)))
	}
	if known, ok := s.canonical[string(key)]; ok {
		return known
	}
	s.canonical[string(key)] = n
	s.number[n] = uint64(len(s.number))
	return n
}

func (s *simplifier) make(op Op, shape Shape, operands ...*Node) *Node {
	return s.rebuild(&Node{Op: op, Shape: shape}, operands)
}

func (s *simplifier) constant(x float64, shape Shape) *Node {
	return s.intern(Fill(x, shape...).node)
}

// rebuild makes node's operation on canonical operands, simplified.
func (s *simplifier) rebuild(node *Node, x []*Node) *Node {
	if node.Op == OpInput {
		return s.intern(node)
	}
	if node.Op == OpLoop {
		return s.loop(node, x)
	}
	if len(x) > 0 && allConstant(x) {
		elements := make([][]float64, len(x))
		for i, o := range x {
			elements[i] = o.Constant
		}
		folded := *node
		folded.Operands = x
		return s.intern(&Node{Op: OpConst, Shape: node.Shape, Constant: evaluateNode(&folded, elements)})
	}
	var simpler *Node
	switch {
	case node.Op.IsUnary():
		simpler = s.unary(node, x[0])
	case node.Op.IsBinary():
		simpler = s.binary(node, x[0], x[1])
	case node.Op == OpSelect:
		simpler = s.choose(x)
	case node.Op == OpGather:
		simpler = s.gather(node, x[0])
	case node.Op == OpScatter:
		simpler = s.scatter(node, x[0])
	case node.Op == OpConcat:
		if len(x) == 1 {
			simpler = s.rebuild(&Node{Op: OpGather, Shape: node.Shape, Indices: sequence(node.Shape[0])}, x)
		}
	case node.Op >= OpMatMul:
		simpler = s.linear(node, x)
	}
	if simpler != nil {
		return simpler
	}
	copied := *node
	copied.Operands = x
	return s.intern(&copied)
}

func allConstant(x []*Node) bool {
	for _, o := range x {
		if o.Op != OpConst {
			return false
		}
	}
	return true
}

func (s *simplifier) unary(node *Node, a *Node) *Node {
	switch {
	case node.Op == OpNeg && a.Op == OpNeg, node.Op == OpLog && a.Op == OpExp, node.Op == OpExp && a.Op == OpLog:
		return a.Operands[0]
	case node.Op == OpNeg && a.Op == OpSub:
		return s.make(OpSub, node.Shape, a.Operands[1], a.Operands[0])
	case node.Op == OpAbs && (a.Op == OpAbs || a.Op == OpExp):
		return a
	}
	return nil
}

func (s *simplifier) binary(node *Node, a, b *Node) *Node {
	switch node.Op {
	case OpAdd:
		switch {
		case a.isConstant(0):
			return b
		case b.isConstant(0):
			return a
		case b.Op == OpNeg:
			return s.make(OpSub, node.Shape, a, b.Operands[0])
		case a.Op == OpNeg:
			return s.make(OpSub, node.Shape, b, a.Operands[0])
		}
	case OpSub:
		switch {
		case a == b:
			return s.constant(0, node.Shape)
		case b.isConstant(0):
			return a
		case a.isConstant(0):
			return s.make(OpNeg, node.Shape, b)
		case b.Op == OpNeg:
			return s.make(OpAdd, node.Shape, a, b.Operands[0])
		}
	case OpMul:
		switch {
		case a.isConstant(0), b.isConstant(0):
			return s.constant(0, node.Shape)
		case a.isConstant(1):
			return b
		case b.isConstant(1):
			return a
		case a.isConstant(-1):
			return s.make(OpNeg, node.Shape, b)
		case b.isConstant(-1):
			return s.make(OpNeg, node.Shape, a)
		case a == b && a.Op == OpSqrt:
			return a.Operands[0]
		case a.Op == OpNeg && b.Op == OpNeg:
			return s.make(OpMul, node.Shape, a.Operands[0], b.Operands[0])
		case a.Op == OpNeg:
			return s.make(OpNeg, node.Shape, s.make(OpMul, node.Shape, a.Operands[0], b))
		case b.Op == OpNeg:
			return s.make(OpNeg, node.Shape, s.make(OpMul, node.Shape, a, b.Operands[0]))
		}
	case OpDiv:
		switch {
		case b.isConstant(1):
			return a
		case a.isConstant(0):
			return s.constant(0, node.Shape)
		case b.isConstant(-1):
			return s.make(OpNeg, node.Shape, a)
		}
	case OpMin, OpMax:
		if a == b {
			return a
		}
	}
	if (node.Op == OpAdd || node.Op == OpMul || node.Op == OpMin || node.Op == OpMax) && s.number[a] > s.number[b] {
		return s.intern(&Node{Op: node.Op, Shape: node.Shape, Operands: []*Node{b, a}})
	}
	return nil
}

func (s *simplifier) choose(x []*Node) *Node {
	if x[1] == x[2] {
		return x[1]
	}
	if x[0].isConstant(1) {
		return x[1]
	}
	if x[0].isConstant(0) {
		return x[2]
	}
	return nil
}

func (s *simplifier) gather(node *Node, a *Node) *Node {
	if a.Op == OpGather {
		composed := make([]int, len(node.Indices))
		for k, i := range node.Indices {
			composed[k] = a.Indices[i]
		}
		return s.rebuild(&Node{Op: OpGather, Shape: node.Shape, Indices: composed}, a.Operands)
	}
	if node.Shape.Equal(a.Shape) && isSequence(node.Indices) {
		return a
	}
	if a.Op == OpConcat && len(node.Indices) > 0 {
		start := 0
		for _, o := range a.Operands {
			end := start + o.Shape.Size()
			if inside, shifted := within(node.Indices, start, end); inside {
				return s.rebuild(&Node{Op: OpGather, Shape: node.Shape, Indices: shifted}, []*Node{o})
			}
			start = end
		}
	}
	return nil
}

func within(indices []int, start, end int) (bool, []int) {
	shifted := make([]int, len(indices))
	for k, i := range indices {
		if i < start || i >= end {
			return false, nil
		}
		shifted[k] = i - start
	}
	return true, shifted
}

func isSequence(indices []int) bool {
	for k, i := range indices {
		if k != i {
			return false
		}
	}
	return true
}

func (s *simplifier) scatter(node *Node, a *Node) *Node {
	// A scatter onto every place once is a gather.
	size := node.Shape.Size()
	if len(node.Indices) != size {
		return nil
	}
	inverse := make([]int, size)
	filled := make([]bool, size)
	for k, j := range node.Indices {
		if filled[j] {
			return nil
		}
		filled[j], inverse[j] = true, k
	}
	return s.rebuild(&Node{Op: OpGather, Shape: node.Shape, Indices: inverse}, []*Node{a})
}

func (s *simplifier) linear(node *Node, x []*Node) *Node {
	a := x[0]
	n := a.Shape[0]
	if node.Op == OpMatMul {
		b := x[1]
		switch {
		case isIdentity(a):
			return b
		case isIdentity(b):
			return a
		case a.isConstant(0) || b.isConstant(0):
			return s.constant(0, node.Shape)
		case a.Shape[1] == 1:
			columns := b.Shape[1]
			left, right := make([]int, n*columns), make([]int, n*columns)
			for k := range left {
				left[k], right[k] = k/columns, k%columns
			}
			return s.make(OpMul, node.Shape,
				s.rebuild(&Node{Op: OpGather, Shape: node.Shape, Indices: left}, []*Node{a}),
				s.rebuild(&Node{Op: OpGather, Shape: node.Shape, Indices: right}, []*Node{b}))
		}
		return nil
	}
	if n == 1 {
		switch node.Op {
		case OpCholesky:
			return s.make(OpSqrt, node.Shape, a)
		case OpCholeskyAdjoint:
			zero := s.constant(0, node.Shape)
			singular := s.make(OpEqual, node.Shape, a, zero)
			safe := s.make(OpSelect, node.Shape, singular, s.constant(1, node.Shape), a)
			half := s.make(OpMul, node.Shape, s.constant(0.5, node.Shape), x[1])
			return s.make(OpSelect, node.Shape, singular, zero, s.make(OpDiv, node.Shape, half, safe))
		case OpLogDet:
			scalar := s.rebuild(&Node{Op: OpGather, Shape: Shape{}, Indices: []int{0}}, []*Node{a})
			return s.make(OpLog, Shape{}, s.make(OpAbs, Shape{}, scalar))
		}
		spread := s.rebuild(&Node{Op: OpGather, Shape: node.Shape, Indices: make([]int, node.Shape.Size())}, []*Node{a})
		if node.Op == OpSolve {
			// As larger ones do, with one quotient for all that is solved for.
			inverse := s.make(OpDiv, a.Shape, s.constant(1, a.Shape), a)
			spread = s.rebuild(&Node{Op: OpGather, Shape: node.Shape, Indices: make([]int, node.Shape.Size())}, []*Node{inverse})
			return s.make(OpMul, node.Shape, x[1], spread)
		}
		// The denominator is kept from zero so that the gradient of the branch
		// not taken stays finite.
		zero := s.constant(0, node.Shape)
		singular := s.make(OpEqual, node.Shape, spread, zero)
		safe := s.make(OpSelect, node.Shape, singular, s.constant(1, node.Shape), spread)
		return s.make(OpSelect, node.Shape, singular, zero, s.make(OpDiv, node.Shape, x[1], safe))
	}
	switch node.Op {
	case OpSolve, OpSolveLow, OpSolveLowT:
		if isIdentity(a) {
			return x[1]
		}
		if x[1].isConstant(0) {
			return x[1]
		}
	}
	return nil
}

func isIdentity(n *Node) bool {
	if n.Op != OpConst || len(n.Shape) != 2 || n.Shape[0] != n.Shape[1] {
		return false
	}
	size := n.Shape[0]
	for k, c := range n.Constant {
		want := 0.0
		if k/size == k%size {
			want = 1
		}
		if c != want {
			return false
		}
	}
	return true
}
