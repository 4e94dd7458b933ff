package autodiff

import "github.com/hxgpu/hxgpu/tensor"

// results lists where the results of a loop stand: carried values, then stacked ones.
func results(l *tensor.LoopBody) []tensor.Part {
	carried, stacked := l.Parts()
	return append(carried, stacked...)
}

// pick is consecutive elements of a value.
func pick(v tensor.Value, p tensor.Part) tensor.Value {
	indices := make([]int, p.Shape.Size())
	for k := range indices {
		indices[k] = p.Offset + k
	}
	return v.Gather(indices, p.Shape...)
}

// bind says what the inputs of a loop's body are in a step.
func bind(n *tensor.Node, index tensor.Value, carried, sliced []tensor.Value) map[*tensor.Node]tensor.Value {
	l := n.Loop
	bound := map[*tensor.Node]tensor.Value{l.Index: index}
	for i, c := range l.Carried {
		bound[c] = carried[i]
	}
	for i, s := range l.Sliced {
		bound[s] = sliced[i]
	}
	for i, c := range l.Captured {
		bound[c] = tensor.Wrap(n.Operands[len(l.Carried)+len(l.Sliced)+i])
	}
	return bound
}

// within says which result of a loop a gather picks from, carried values first, and
// its elements there; false if it picks from several.
func within(gather *tensor.Node) (number int, indices []int, ok bool) {
	for number, p := range results(gather.Operands[0].Loop) {
		indices := make([]int, len(gather.Indices))
		inside := true
		for k, i := range gather.Indices {
			indices[k] = i - p.Offset
			inside = inside && indices[k] >= 0 && indices[k] < p.Shape.Size()
		}
		if inside {
			return number, indices, true
		}
	}
	return 0, nil, false
}

// rewriteLoops replaces the results of loops. The function is given the loop as it
// was and as it is with the loops before it replaced; it returns its carried and
// stacked results, or nil to leave it.
func rewriteLoops(values []tensor.Value, rewrite func(old, n *tensor.Node) []tensor.Value) []tensor.Value {
	done := map[*tensor.Node]*tensor.Node{}
	replaced := map[*tensor.Node][]tensor.Value{} // by the loop as it was
	for _, n := range tensor.Order(values) {
		if n.Op == tensor.OpGather && replaced[n.Operands[0]] != nil {
			if number, indices, ok := within(n); ok {
				done[n] = replaced[n.Operands[0]][number].Gather(indices, n.Shape...).Node()
				continue
			}
		}
		copied, changed := *n, false
		copied.Operands = make([]*tensor.Node, len(n.Operands))
		for i, o := range n.Operands {
			copied.Operands[i] = done[o]
			changed = changed || done[o] != o
		}
		if done[n] = n; changed {
			done[n] = &copied
		}
		if n.Op != tensor.OpLoop {
			continue
		}
		if parts := rewrite(n, done[n]); len(parts) > 0 {
			replaced[n], done[n] = parts, tensor.Concat(parts...).Node()
		}
	}
	rewritten := make([]tensor.Value, len(values))
	for i, v := range values {
		rewritten[i] = tensor.Wrap(done[v.Node()])
	}
	return rewritten
}
