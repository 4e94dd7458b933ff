package shaders

import "fmt"

// verifyArrays checks that an array kernel's instructions stay inside the lanes'
// memory, never write constants, use buffers as declared and close their loops.
func verifyArrays(k *Kernel) error {
	p := k.Arrays
	if len(k.Instructions) > 0 || k.Lanes > 0 {
		return fmt.Errorf("shaders: kernel %q has both arrays and instructions or groups", k.Name)
	}
	steps := make([]int, p.Loops) // of the loops that are open
	var open []int
	for n := range p.Instructions {
		i := &p.Instructions[n]
		fail := func(format string, values ...any) error {
			return fmt.Errorf("shaders: kernel %q, array instruction %d: %s", k.Name, n, fmt.Sprintf(format, values...))
		}
		switch i.Op {
		case ArrayLoop:
			if i.N < 1 || i.Loop < 0 || i.Loop >= p.Loops || steps[i.Loop] != 0 {
				return fail("loop %d of %d steps", i.Loop, i.N)
			}
			steps[i.Loop] = i.N
			open = append(open, i.Loop)
			continue
		case ArrayEnd:
			if len(open) == 0 || open[len(open)-1] != i.Loop {
				return fail("it closes loop %d, which is not the innermost", i.Loop)
			}
			steps[i.Loop] = 0
			open = open[:len(open)-1]
			continue
		}
		out, operands := i.sizes()
		if out > 0 {
			low, high, err := i.Out.bounds(out, steps)
			if err != nil || low < len(p.Constants) || high > p.Size || i.Out.Scalar {
				return fail("the result's %d elements do not fit its memory", out)
			}
		}
		for o, span := range []*Span{&i.A, &i.B, &i.C} {
			if operands[o] == 0 {
				continue
			}
			if low, high, err := span.bounds(operands[o], steps); err != nil || low < 0 || high > p.Size {
				return fail("operand %d's %d elements do not fit its memory", o+1, operands[o])
			}
		}
		if err := i.verifyTransfer(k); err != nil {
			return fail("%v", err)
		}
		limit := map[ArrayOp]int{ArrayGather: p.Size, ArrayScatter: i.M}[i.Op]
		for _, x := range i.Indices {
			if x < 0 || int(x) >= limit {
				return fail("index %d is outside its operand", x)
			}
		}
	}
	if len(open) > 0 {
		return fmt.Errorf("shaders: kernel %q does not close loop %d", k.Name, open[0])
	}
	return nil
}

// sizes are the elements of the result and of the operands.
func (i *ArrayInstruction) sizes() (out int, operands [3]int) {
	square := i.N * i.N
	switch i.Op {
	case ArrayLoad, ArrayReduce:
		return i.N, operands
	case ArrayInt, ArrayIndex:
		return 1, operands
	case ArrayStore:
		return 0, [3]int{i.N}
	case ArrayGather:
		most := 0
		for _, x := range i.Indices {
			most = max(most, int(x)+1)
		}
		return i.N, [3]int{most}
	case ArrayScatter:
		return i.M, [3]int{i.N}
	case ArrayCopy, ArrayUnary:
		return i.N, [3]int{i.N}
	case ArrayBinary, ArrayCompare:
		return i.N, [3]int{i.N, i.N}
	case ArraySelect:
		return i.N, [3]int{i.N, i.N, i.N}
	case ArrayMatMul:
		return i.N * i.M, [3]int{i.N * i.K, i.K * i.M}
	case ArrayCholesky:
		return square, [3]int{square}
	case ArrayCholeskyAdjoint:
		return square, [3]int{square, square}
	case ArraySolveLow, ArraySolveLowT:
		return i.N * i.M, [3]int{square, i.N * i.M}
	case ArraySolve:
		return i.N * i.M, [3]int{square, i.N * i.M, square}
	case ArrayLogDet:
		return 1, [3]int{square, 0, square}
	}
	return 0, operands
}

// bounds are the first element of a span and the one after its last, over all
// steps of the open loops.
func (s *Span) bounds(size int, steps []int) (low, high int, err error) {
	if s.Scalar {
		size = 1
	}
	low, high = s.Offset, s.Offset+size
	for _, m := range s.Steps {
		if m.Loop < 0 || m.Loop >= len(steps) || steps[m.Loop] == 0 {
			return 0, 0, fmt.Errorf("loop %d is not open", m.Loop)
		}
		if reach := (steps[m.Loop] - 1) * m.Stride; reach < 0 {
			low += reach
		} else {
			high += reach
		}
	}
	return low, high, nil
}

// verifyTransfer checks the buffers of an instruction.
func (i *ArrayInstruction) verifyTransfer(k *Kernel) error {
	want := func(buffer int, t Type, access Access) error {
		if buffer < 0 || buffer >= len(k.Buffers) || k.Buffers[buffer].Type != t || k.Buffers[buffer].Access&access == 0 {
			return fmt.Errorf("buffer %d is not one that it can use", buffer)
		}
		return nil
	}
	access := Read
	switch i.Op {
	case ArrayInt:
		return want(i.Buffer, Int, Read)
	case ArrayStore:
		access = Write
	case ArrayLoad, ArrayReduce:
	default:
		return nil
	}
	if err := want(i.Buffer, Float, access); err != nil {
		return err
	}
	if i.Place.Indirect {
		if err := want(i.Place.Index, Int, Read); err != nil {
			return err
		}
	}
	if i.Op == ArrayReduce && i.Place.Count >= 0 {
		return want(i.Place.Count, Int, Read)
	}
	return nil
}
