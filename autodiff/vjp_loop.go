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
	number, indices, ok := within(gather)
	if loop := gather.Operands[0]; ok && t.depends[loop] && !g.IsZero() {
		p := results(loop.Loop)[number]
		key := loopPart{loop, number}
		g = g.Scatter(indices, p.Shape...)
		if sum, known := t.parts[key]; known {
			g = sum.Add(g)
		}
		t.parts[key] = g
	}
	return ok
}

// reverseLoop is the reverse of a loop: a loop over the same steps the other way
// round. It carries the cotangents of what the forward loop carried, and sums
// those of what it captured. Each step runs the forward step again from the
// carried values it began with: those that the tape was given, or else those of a
// second run of the loop that stacks them.
func (t tape) reverseLoop(n *tensor.Node) {
	l := n.Loop
	parts := results(l)
	cotangents := make([]tensor.Value, len(parts))
	found := false
	for number, p := range parts {
		g, ok := t.parts[loopPart{n, number}]
		if whole, all := t.adjoints[n]; all {
			if own := pick(whole, p); ok {
				g = g.Add(own)
			} else {
				g, ok = own, true
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
		replacements := bind(n, step.Index, step.Sliced[:nc], step.Sliced[nc:nc+ns])
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
