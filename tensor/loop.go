package tensor

// LoopBody is what an OpLoop node repeats. The node's operands are, in order,
// the initial values of Carried, the values that Sliced takes its steps from,
// and the values of Captured. Its result is one vector: the final elements of
// the carried values, then of every stacked value its elements of all steps in
// the order of the steps' numbers; [LoopBody.Parts] says where each stands.
type LoopBody struct {
	Steps int
	// Backwards runs the steps from the last to the first; their numbers, slices
	// and stacked places stay those of the steps.
	Backwards bool
	Index     *Node   // input (): the number of the step, from 0
	Carried   []*Node // inputs: what a step hands on to the next
	Sliced    []*Node // inputs: the step's part of an operand
	Captured  []*Node // inputs: operands that all steps see whole
	Next      []Value // the carried values after a step, in the order of Carried
	Stacked   []Value // what is kept of every step
}

// Part is where a result of a loop stands in the loop's vector.
type Part struct {
	Offset int
	Shape  Shape // of a carried value, or of all steps of a stacked one: (steps, ...)
}

// Parts lists where the final carried values and the stacked values stand.
func (l *LoopBody) Parts() (carried, stacked []Part) {
	offset := 0
	for _, c := range l.Carried {
		carried = append(carried, Part{offset, c.Shape})
		offset += c.Shape.Size()
	}
	for _, v := range l.Stacked {
		stacked = append(stacked, Part{offset, append(Shape{l.Steps}, v.Shape()...)})
		offset += l.Steps * v.Shape().Size()
	}
	return carried, stacked
}

// size is the number of elements of the loop's vector.
func (l *LoopBody) size() int {
	n := 0
	for _, c := range l.Carried {
		n += c.Shape.Size()
	}
	for _, v := range l.Stacked {
		n += l.Steps * v.Shape().Size()
	}
	return n
}

// Outputs lists the values that a step computes: Next, then Stacked.
func (l *LoopBody) Outputs() []Value {
	return append(append([]Value(nil), l.Next...), l.Stacked...)
}

// Step is what the body of a loop is given: the number of the step, the carried
// values and the step's slices.
type Step struct {
	Index           Value
	Carried, Sliced []Value
}

// Loop repeats a body a fixed number of times. Every step is given the carried
// values, which start at initial, and its part of the sliced values, whose first
// extent is the number of steps; it returns the carried values of the next step,
// of the same shapes, and values to stack. The results are the carried values
// after the last step, and for every stacked value those of all steps, of shape
// (steps, ...). The body is traced once; other values that it uses are the same
// in every step.
func Loop(steps int, initial, sliced []Value, body func(Step) (next, stacked []Value)) (final, stacked []Value) {
	return loop(&LoopBody{Steps: steps}, initial, sliced, body)
}

// LoopBackwards is [Loop] with the steps taken from the last to the first.
func LoopBackwards(steps int, initial, sliced []Value, body func(Step) (next, stacked []Value)) (final, stacked []Value) {
	return loop(&LoopBody{Steps: steps, Backwards: true}, initial, sliced, body)
}

func loop(l *LoopBody, initial, sliced []Value, body func(Step) (next, stacked []Value)) (final, stacked []Value) {
	if l.Steps < 1 {
		Fail("Loop", "%d steps; there must be at least 1", l.Steps)
	}
	l.Index = Input("step").node
	step := Step{Index: Value{l.Index}}
	var operands []*Node
	for _, v := range initial {
		x := Input("carried", v.Shape()...)
		l.Carried, step.Carried, operands = append(l.Carried, x.node), append(step.Carried, x), append(operands, v.node)
	}
	for _, v := range sliced {
		if len(v.Shape()) == 0 || v.Shape()[0] != l.Steps {
			Fail("Loop", "a value of shape %v cannot be sliced into %d steps: its first extent must be the number of steps", v.Shape(), l.Steps)
		}
		x := Input("slice", v.Shape()[1:]...)
		l.Sliced, step.Sliced, operands = append(l.Sliced, x.node), append(step.Sliced, x), append(operands, v.node)
	}
	l.Next, l.Stacked = body(step)
	if len(l.Next) != len(initial) {
		Fail("Loop", "the body carries %d values on, it is given %d", len(l.Next), len(initial))
	}
	for i, v := range l.Next {
		if v.node == nil || !v.Shape().Equal(initial[i].Shape()) {
			Fail("Loop", "carried value %d has shape %v before a step and %v after it", i+1, initial[i].Shape(), shapeOf(v))
		}
	}
	operands = append(operands, l.capture()...)
	v := Value{&Node{Op: OpLoop, Shape: Shape{l.size()}, Operands: operands, Loop: l}}
	carriedParts, stackedParts := l.Parts()
	return v.parts(carriedParts), v.parts(stackedParts)
}

func shapeOf(v Value) Shape {
	if v.node == nil {
		return nil
	}
	return v.node.Shape
}

// parts picks results of a loop.
func (v Value) parts(parts []Part) []Value {
	var results []Value
	for _, p := range parts {
		indices := make([]int, p.Shape.Size())
		for k := range indices {
			indices[k] = p.Offset + k
		}
		results = append(results, v.Gather(indices, p.Shape...))
	}
	return results
}

// capture makes inputs of what the body uses and no step changes, as whole as
// possible, and returns the operands that they stand for. Comparisons are not
// captured; what they compare is.
func (l *LoopBody) capture() []*Node {
	varies := map[*Node]bool{l.Index: true}
	for _, inputs := range [][]*Node{l.Carried, l.Sliced, l.Captured} {
		for _, n := range inputs {
			varies[n] = true
		}
	}
	outputs := l.Outputs()
	order := Order(outputs)
	inside := map[*Node]bool{} // nodes of the body
	for _, v := range outputs {
		inside[v.node] = true
	}
	for _, n := range order {
		for _, o := range n.Operands {
			varies[n] = varies[n] || varies[o]
		}
	}
	for i := len(order) - 1; i >= 0; i-- {
		n := order[i]
		if varies[n] || (n.Op.IsComparison() && inside[n]) {
			for _, o := range n.Operands {
				inside[o] = true
			}
		}
	}
	var operands []*Node
	replacements := map[*Node]Value{}
	for _, n := range order {
		if inside[n] && !varies[n] && !n.Op.IsComparison() && n.Op != OpConst {
			x := Input("captured", n.Shape...)
			l.Captured, operands = append(l.Captured, x.node), append(operands, n)
			replacements[n] = x
		}
	}
	if len(replacements) > 0 {
		outputs = Substitute(outputs, replacements)
		l.Next, l.Stacked = outputs[:len(l.Next)], outputs[len(l.Next):]
	}
	return operands
}

// evaluateLoop runs the steps one after the other.
func evaluateLoop(n *Node, x [][]float64) ([]float64, error) {
	l := n.Loop
	out := make([]float64, l.size())
	carriedParts, stackedParts := l.Parts()
	inputs := map[*Node][]float64{}
	for i, c := range l.Carried {
		inputs[c] = x[i]
	}
	sliced, captured := x[len(l.Carried):], x[len(l.Carried)+len(l.Sliced):]
	for i, c := range l.Captured {
		inputs[c] = captured[i]
	}
	outputs := l.Outputs()
	for k := range l.Steps {
		step := k
		if l.Backwards {
			step = l.Steps - 1 - k
		}
		inputs[l.Index] = []float64{float64(step)}
		for i, s := range l.Sliced {
			size := s.Shape.Size()
			inputs[s] = sliced[i][step*size : (step+1)*size]
		}
		results, err := Evaluate(outputs, inputs)
		if err != nil {
			return nil, err
		}
		for i, c := range l.Carried {
			inputs[c] = results[i]
		}
		for i, p := range stackedParts {
			size := p.Shape.Size() / l.Steps
			copy(out[p.Offset+step*size:], results[len(l.Carried)+i])
		}
	}
	for i, p := range carriedParts {
		copy(out[p.Offset:], inputs[l.Carried[i]])
	}
	return out, nil
}
