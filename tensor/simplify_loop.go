package tensor

// loop simplifies the body of a loop, with constant operands folded into it and
// operands that it does not use left out.
func (s *simplifier) loop(node *Node, x []*Node) *Node {
	l := node.Loop
	replacements := map[*Node]Value{}
	first := len(l.Carried) + len(l.Sliced)
	for i, c := range l.Captured {
		if x[first+i].Op == OpConst {
			replacements[c] = Value{x[first+i]}
		}
	}
	outputs := Simplify(Substitute(l.Outputs(), replacements)...)
	simpler := &LoopBody{Steps: l.Steps, Backwards: l.Backwards, Index: l.Index, Carried: l.Carried,
		Next: outputs[:len(l.Next)], Stacked: outputs[len(l.Next):]}
	used := map[*Node]bool{}
	for _, n := range Order(outputs) {
		used[n] = true
	}
	operands := append([]*Node(nil), x[:len(l.Carried)]...)
	for i, c := range l.Sliced {
		if used[c] {
			simpler.Sliced = append(simpler.Sliced, c)
			operands = append(operands, x[len(l.Carried)+i])
		}
	}
	for i, c := range l.Captured {
		if used[c] {
			simpler.Captured = append(simpler.Captured, c)
			operands = append(operands, x[first+i])
		}
	}
	return s.intern(&Node{Op: OpLoop, Shape: node.Shape, Operands: operands, Loop: simpler})
}

// trimLoops leaves out the results of loops that nothing uses, and the carried
// values that lead to no other.
func trimLoops(outputs []Value) []Value {
	order := Order(outputs)
	found := false
	for _, n := range order {
		found = found || n.Op == OpLoop
	}
	if !found {
		return outputs
	}
	used := map[*Node][]bool{} // elements of loops
	mark := func(n *Node, indices []int) {
		if used[n] == nil {
			used[n] = make([]bool, n.Shape[0])
		}
		for _, i := range indices {
			used[n][i] = true
		}
	}
	for _, n := range order {
		for _, o := range n.Operands {
			if o.Op == OpLoop {
				indices := n.Indices
				if n.Op != OpGather {
					indices = sequence(o.Shape[0])
				}
				mark(o, indices)
			}
		}
	}
	for _, v := range outputs {
		if v.node.Op == OpLoop {
			mark(v.node, sequence(v.node.Shape[0]))
		}
	}
	places := map[*Node][]int{} // where elements of a trimmed loop are now
	done := map[*Node]*Node{}
	for _, n := range order {
		copied := *n
		copied.Operands = make([]*Node, len(n.Operands))
		changed := false
		for i, o := range n.Operands {
			copied.Operands[i] = done[o]
			changed = changed || done[o] != o
		}
		if n.Op == OpGather && places[n.Operands[0]] != nil {
			at := places[n.Operands[0]]
			copied.Indices = make([]int, len(n.Indices))
			for k, i := range n.Indices {
				copied.Indices[k] = at[i]
			}
			changed = true
		}
		if n.Op == OpLoop {
			if trimmed, at := trim(&copied, used[n]); trimmed != nil {
				done[n], places[n] = trimmed, at
				continue
			}
		}
		if done[n] = n; changed {
			done[n] = &copied
		}
	}
	results := make([]Value, len(outputs))
	for i, v := range outputs {
		results[i] = Value{done[v.node]}
	}
	return results
}

// trim leaves out of a loop what is not used; nil if everything is. The second
// result says where each element of the old vector stands in the new one.
func trim(n *Node, used []bool) (*Node, []int) {
	l := n.Loop
	carriedParts, stackedParts := l.Parts()
	isUsed := func(p Part) bool {
		for k := range p.Shape.Size() {
			if used[p.Offset+k] {
				return true
			}
		}
		return false
	}
	keepCarried, keepStacked := make([]bool, len(l.Carried)), make([]bool, len(l.Stacked))
	var needed []Value
	for i, p := range stackedParts {
		if keepStacked[i] = isUsed(p); keepStacked[i] {
			needed = append(needed, l.Stacked[i])
		}
	}
	for i, p := range carriedParts {
		if keepCarried[i] = isUsed(p); keepCarried[i] {
			needed = append(needed, l.Next[i])
		}
	}
	for grown := true; grown; {
		grown = false
		reached := map[*Node]bool{}
		for _, o := range Order(needed) {
			reached[o] = true
		}
		for i, c := range l.Carried {
			if reached[c] && !keepCarried[i] {
				keepCarried[i], grown = true, true
				needed = append(needed, l.Next[i])
			}
		}
	}
	all := true
	for _, keep := range append(append([]bool(nil), keepCarried...), keepStacked...) {
		all = all && keep
	}
	if all {
		return nil, nil
	}
	trimmed := &LoopBody{Steps: l.Steps, Backwards: l.Backwards, Index: l.Index, Sliced: l.Sliced, Captured: l.Captured}
	var operands []*Node
	at := make([]int, n.Shape[0])
	next := 0
	move := func(p Part, keep bool) {
		for k := range p.Shape.Size() {
			at[p.Offset+k] = next
			if keep {
				next++
			}
		}
	}
	for i, keep := range keepCarried {
		if move(carriedParts[i], keep); keep {
			trimmed.Carried, trimmed.Next = append(trimmed.Carried, l.Carried[i]), append(trimmed.Next, l.Next[i])
			operands = append(operands, n.Operands[i])
		}
	}
	for i, keep := range keepStacked {
		if move(stackedParts[i], keep); keep {
			trimmed.Stacked = append(trimmed.Stacked, l.Stacked[i])
		}
	}
	return &Node{Op: OpLoop, Shape: Shape{next}, Operands: append(operands, n.Operands[len(l.Carried):]...), Loop: trimmed}, at
}
