package devicetest

import (
	"math"

	"github.com/hxgpu/hxgpu/shaders"
)

// arrayLane is one lane on its way through an array kernel.
type arrayLane struct {
	numbers     arithmetic
	kernel      *shaders.Kernel
	arguments   []Argument
	item, chain int32
	memory      []number
	steps       []int
}

// run runs the whole kernel for one item and chain.
func (l *arrayLane) run(item, chain int32) error {
	p := l.kernel.Arrays
	l.item, l.chain = item, chain
	l.memory, l.steps = make([]number, p.Size), make([]int, p.Loops)
	for i := range l.memory {
		l.memory[i] = number{math.NaN(), unknown}
	}
	for i, c := range p.Constants {
		l.memory[i] = l.numbers.given(c)
	}
	return l.body(p.Instructions)
}

func (l *arrayLane) body(body []shaders.ArrayInstruction) error {
	for n := 0; n < len(body); n++ {
		i := &body[n]
		if i.Op != shaders.ArrayLoop {
			if err := l.instruction(i); err != nil {
				return err
			}
			continue
		}
		end := shaders.ArrayLoopEnd(body, n)
		for step := range i.N {
			l.steps[i.Loop] = i.Step(step)
			if err := l.body(body[n+1 : end]); err != nil {
				return err
			}
		}
		n = end
	}
	return nil
}

// at is element e of a span.
func (l *arrayLane) at(s *shaders.Span, e int) *number {
	if s.Scalar {
		e = 0
	}
	return &l.memory[s.At(l.steps)+e]
}

func (l *arrayLane) instruction(i *shaders.ArrayInstruction) error {
	switch i.Op {
	case shaders.ArrayLoad, shaders.ArrayReduce, shaders.ArrayInt, shaders.ArrayStore:
		return l.transfer(i)
	case shaders.ArrayScatter:
		for e := range i.M {
			*l.at(&i.Out, e) = number{}
		}
		for k, m := range i.Indices {
			*l.at(&i.Out, int(m)) = l.numbers.binary(shaders.OpAdd, *l.at(&i.Out, int(m)), *l.at(&i.A, k))
		}
		return nil
	}
	if i.Op >= shaders.ArrayMatMul && i.Op <= shaders.ArrayLogDet {
		l.linear(i)
		return nil
	}
	for e := range i.N {
		var x number
		switch i.Op {
		case shaders.ArrayCopy:
			x = *l.at(&i.A, e)
		case shaders.ArrayGather:
			x = *l.at(&i.A, int(i.Indices[e]))
		case shaders.ArrayUnary:
			x = l.numbers.unary(i.Elementwise, *l.at(&i.A, e))
		case shaders.ArrayBinary:
			x = l.numbers.binary(i.Elementwise, *l.at(&i.A, e), *l.at(&i.B, e))
		case shaders.ArrayCompare:
			holds := compare(i.Elementwise, *l.at(&i.A, e), *l.at(&i.B, e))
			x = number{x: float64(oneIf(holds.truth))}
			if !holds.known {
				x.bound = unknown
			}
		case shaders.ArraySelect:
			switch condition := *l.at(&i.A, e); {
			case condition.bound > 0:
				x = number{l.at(&i.B, e).x, unknown}
			case condition.x != 0:
				x = *l.at(&i.B, e)
			default:
				x = *l.at(&i.C, e)
			}
		case shaders.ArrayIndex:
			x = number{x: float64(l.steps[i.Loop])}
		}
		*l.at(&i.Out, e) = x
	}
	return nil
}

// transfer moves elements between a buffer and the lane's memory.
func (l *arrayLane) transfer(i *shaders.ArrayInstruction) error {
	integer := func(buffer int, index int32) (int32, error) {
		x, err := element(l.arguments[buffer].Array.ints, l.arguments[buffer].Offset, index)
		return *x, err
	}
	p := &i.Place
	place := l.item + int32(p.Shift)
	if i.Op == shaders.ArrayInt {
		x, err := integer(i.Buffer, place)
		*l.at(&i.Out, 0) = number{x: float64(x)}
		return err
	}
	var err error
	if p.Indirect {
		if place, err = integer(p.Index, place); err != nil {
			return err
		}
	}
	length := int32(p.Length)
	if i.Op == shaders.ArrayReduce && p.Count >= 0 {
		if length, err = integer(p.Count, l.item+int32(p.CountShift)); err != nil {
			return err
		}
	}
	first := place*int32(p.PlaceStride) + l.chain*int32(p.ChainStride)
	from := &lane{numbers: l.numbers, arguments: l.arguments}
	for e := range i.N {
		at := first + int32(e*p.ElementStride)
		if i.Op == shaders.ArrayReduce {
			*l.at(&i.Out, e), err = from.reduce(shaders.Instruction{Buffer: i.Buffer, Int: p.PlaceStride, Reduction: i.Reduction}, at, length)
			if err != nil {
				return err
			}
			continue
		}
		x, err := element(l.arguments[i.Buffer].Array.floats, l.arguments[i.Buffer].Offset, at)
		if err != nil {
			return err
		}
		if i.Op == shaders.ArrayStore {
			*x = *l.at(&i.A, e)
		} else {
			*l.at(&i.Out, e) = *x
		}
	}
	return nil
}
