package tensor

// Substitute replaces inputs by other values of the same shape throughout.
func Substitute(outputs []Value, replacements map[*Node]Value) []Value {
	done := map[*Node]*Node{}
	for _, node := range Order(outputs) {
		if r, ok := replacements[node]; ok {
			done[node] = r.node
			continue
		}
		changed := false
		operands := make([]*Node, len(node.Operands))
		for i, o := range node.Operands {
			operands[i] = done[o]
			changed = changed || operands[i] != o
		}
		if !changed {
			done[node] = node
			continue
		}
		copied := *node
		copied.Operands = operands
		done[node] = &copied
	}
	results := make([]Value, len(outputs))
	for i, v := range outputs {
		results[i] = Value{done[v.node]}
	}
	return results
}
