package shaders

import "slices"

// Trim leaves out the instructions whose results nothing uses. What a kernel stores
// does not change; buffers stay declared.
func Trim(k *Kernel) {
	used := make([]bool, len(k.Instructions))
	rest := 0
	for n := len(k.Instructions) - 1; n >= 0; n-- {
		i := k.Instructions[n]
		if i.Op < OpStore && !used[n] {
			continue
		}
		used[n] = true
		rest++
		for _, operand := range [...]Value{i.A, i.B, i.C} {
			if operand >= 0 {
				used[operand] = true
			}
		}
	}
	if rest == len(k.Instructions) {
		return
	}
	moved := make([]Value, len(k.Instructions))
	to := func(v Value) Value {
		if v < 0 {
			return v
		}
		return moved[v]
	}
	kept := make([]Instruction, 0, rest)
	for n, i := range k.Instructions {
		if !used[n] {
			continue
		}
		i.A, i.B, i.C = to(i.A), to(i.B), to(i.C)
		moved[n] = Value(len(kept))
		kept = append(kept, i)
	}
	k.Instructions = slices.Clip(kept)
}
