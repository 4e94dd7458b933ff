package autodiff

import "github.com/hxgpu/hxgpu/tensor"

// loopPart names one result of a loop: carried value or stacked value number.
type loopPart struct {
	loop   *tensor.Node
	number int // carried values first
}

// addPart adds the cotangent of a gather that picks from one result of a loop;
// false if it picks from several.
func (t tape) addPart(gather *tensor.Node, g tensor.Value) bool {
	loop := gather.Operands[0]
	carried, stacked := loop.Loop.Parts()
	for number, p := range append(carried, stacked...) {
		indices := make([]int, len(gather.Indices))
		inside := true
		for k, i := range gather.Indices {
			indices[k] = i - p.Offset
			inside = inside && indices[k] >= 0 && indices[k] < p.Shape.Size()
		}
		if !inside {
			continue
		}
		if t.depends[loop] && !g.IsZero() {
			key := loopPart{loop, number}
			g = g.Scatter(indices, p.Shape...)
			if sum, ok := t.parts[key]; ok {
				g = sum.Add(g)
			}
			t.parts[key] = g
		}
		return true
	}
	return false
}

// reverseLoop is the reverse of a loop: a loop over the same steps the other way
// round. It carries the cotangents of what the forward loop carried, and sums
// those of what it captured. Each step runs the forward step again from the
// carried values it began with: those that the tape was given, or else those of a
// second run of the loop that stacks them.
func (t tape) reverseLoop(n *tensor.Node) {
	l := n.Loop
	carriedParts, stackedParts := l.Parts()
	cotangents := make([]tensor.Value, len(carriedParts)+len(stackedParts))
	found := false
	for number, p := range append(append([]tensor.Part(nil), carriedParts...), stackedParts...) {
		g, ok := t.parts[loopPart{n, number}]
		if whole, all := t.adjoints[n]; all {
			indices := make([]int, p.Shape.Size())
			for k := range indices {
				indices[k] = p.Offset + k
			}
			if part := whole.Gather(indices, p.Shape...); ok {
				g = g.Add(part)
			} else {
				g, ok = part, true
			}
		}
		if ok {
			cotangents[number], found = g, true
		}
	}
	if !found {
		return
	}
	depends := t.dependent(n)
	starts := t.starts[n]
	if starts == nil {
		starts = Starts(n)
	}
	nc, ns := len(l.Carried), len(l.Sliced)
	operand := func(i int) tensor.Value { return tensor.Wrap(n.Operands[i]) }
	// Carried by the reverse loop: cotangents of carried values, then of captured ones.
	var initial, sliced []tensor.Value
	var carried, captured, slices, stacked []int
	for i, c := range l.Carried {
		if !depends[c] {
			continue
		}
		carried = append(carried, i)
		g := cotangents[i]
		if g.Node() == nil {
			g = tensor.Zeros(c.Shape...)
		}
		initial = append(initial, g)
	}
	for i, c := range l.Captured {
		if depends[c] {
			captured = append(captured, i)
			initial = append(initial, tensor.Zeros(c.Shape...))
		}
	}
	// Sliced by it: what the steps began with, the forward slices, and the
	// cotangents of stacked values.
	sliced = append(sliced, starts...)
	for i, s := range l.Sliced {
		shape := append(tensor.Shape{l.Steps}, s.Shape...)
		sliced = append(sliced, operand(nc+i).Reshape(shape...))
		if depends[s] {
			slices = append(slices, i)
		}
	}
	for i := range l.Stacked {
		if g := cotangents[nc+i]; g.Node() != nil {
			stacked = append(stacked, i)
			sliced = append(sliced, g)
		}
	}
	body := func(step tensor.Step) (next, results []tensor.Value) {
		replacements := map[*tensor.Node]tensor.Value{l.Index: step.Index}
		for i, c := range l.Carried {
			replacements[c] = step.Sliced[i]
		}
		for i, s := range l.Sliced {
			replacements[s] = step.Sliced[nc+i]
		}
		for i, c := range l.Captured {
			replacements[c] = operand(nc + ns + i)
		}
		var outputs, g, inputs []tensor.Value
		for k, i := range carried {
			outputs, g = append(outputs, l.Next[i]), append(g, step.Carried[k])
			inputs = append(inputs, tensor.Wrap(l.Carried[i]))
		}
		for k, i := range stacked {
			outputs, g = append(outputs, l.Stacked[i]), append(g, step.Sliced[nc+ns+k])
		}
		for _, i := range captured {
			inputs = append(inputs, tensor.Wrap(l.Captured[i]))
		}
		for _, i := range slices {
			inputs = append(inputs, tensor.Wrap(l.Sliced[i]))
		}
		results = tensor.Substitute(VJP(outputs, g, inputs), replacements)
		next, results = results[:len(initial)], results[len(initial):]
		for k := range captured {
			at := len(carried) + k
			next[at] = step.Carried[at].Add(next[at])
		}
		return next, results
	}
	var final, perStep []tensor.Value
	if l.Backwards {
		final, perStep = tensor.Loop(l.Steps, initial, sliced, body)
	} else {
		final, perStep = tensor.LoopBackwards(l.Steps, initial, sliced, body)
	}
	for k, i := range carried {
		t.add(n.Operands[i], final[k])
	}
	for k, i := range captured {
		t.add(n.Operands[nc+ns+i], final[len(carried)+k])
	}
	for k, i := range slices {
		t.add(n.Operands[nc+i], perStep[k].Reshape(n.Operands[nc+i].Shape...))
	}
}

// dependent finds the inputs of a loop's body that depend on what is
// differentiated with respect to.
func (t tape) dependent(n *tensor.Node) map[*tensor.Node]bool {
	l := n.Loop
	depends := map[*tensor.Node]bool{}
	inputs := append(append(append([]*tensor.Node(nil), l.Carried...), l.Sliced...), l.Captured...)
	for i, x := range inputs {
		depends[x] = t.depends[n.Operands[i]]
	}
	order := tensor.Order(l.Next)
	for grown := true; grown; {
		grown = false
		for _, x := range order {
			for _, o := range x.Operands {
				depends[x] = depends[x] || depends[o]
			}
		}
		for i, c := range l.Carried {
			if !depends[c] && depends[l.Next[i].Node()] {
				depends[c], grown = true, true
			}
		}
	}
	return depends
}

// Starts gives, for every carried value of an OpLoop node, what each step began
// with, of shape (steps, ...).
func Starts(n *tensor.Node) []tensor.Value {
	l := n.Loop
	recorded := *l
	recorded.Stacked = append([]tensor.Value(nil), l.Stacked...)
	size := n.Shape[0]
	for _, c := range l.Carried {
		recorded.Stacked = append(recorded.Stacked, tensor.Wrap(c))
		size += l.Steps * c.Shape.Size()
	}
	loop := tensor.Wrap(&tensor.Node{Op: tensor.OpLoop, Shape: tensor.Shape{size}, Operands: n.Operands, Loop: &recorded})
	_, stacked := recorded.Parts()
	var starts []tensor.Value
	for _, p := range stacked[len(l.Stacked):] {
		indices := make([]int, p.Shape.Size())
		for k := range indices {
			indices[k] = p.Offset + k
		}
		starts = append(starts, loop.Gather(indices, p.Shape...))
	}
	return starts
}
