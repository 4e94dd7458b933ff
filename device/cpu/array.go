package cpu

import "github.com/hxgpu/hxgpu/shaders"

// arrayLanes and arrayMemory bound how many lanes of an array kernel run
// together: lanes share the cost of finding out what to do, as long as their
// arrays stay in cache.
const (
	arrayLanes  = 64
	arrayMemory = 4096 // floats
)

// arrayCode is an array kernel ready to run: lanes run in blocks, and every array
// holds [element][lane of the block].
type arrayCode struct {
	kernel *shaders.Kernel
	lanes  int
	work   int // operations per lane
}

func compileArrays(k *shaders.Kernel) *arrayCode {
	p := k.Arrays
	return &arrayCode{kernel: k, lanes: min(max(arrayMemory/max(p.Size, 1), 1), arrayLanes), work: arrayWork(p)}
}

// arrayWork counts the operations of a lane.
func arrayWork(p *shaders.ArrayProgram) int {
	total, times := 0, 1
	var open []int
	for i := range p.Instructions {
		at := &p.Instructions[i]
		switch at.Op {
		case shaders.ArrayLoop:
			open = append(open, at.N)
			times *= at.N
		case shaders.ArrayEnd:
			times /= open[len(open)-1]
			open = open[:len(open)-1]
		default:
			total += times * max(at.Operations(), at.N)
		}
	}
	return total
}

type arrayEngine[T float] struct{ *arrayCode }

func (e arrayEngine[T]) block() int { return e.lanes }
func (e arrayEngine[T]) cost() int  { return e.work }
func (e arrayEngine[T]) runner() runner[T] {
	p := e.kernel.Arrays
	return &arrayRunner[T]{code: e.arrayCode, memory: make([]T, p.Size*e.lanes), steps: make([]int, p.Loops), places: make([]int, e.lanes)}
}

// arrayRunner runs lanes with one worker's memory.
type arrayRunner[T float] struct {
	code   *arrayCode
	memory []T
	steps  []int // the number of each loop's step
	places []int
	aside  []T // one lane's matrices
	filled int // lanes that the constants have been spread over
}

func (r *arrayRunner[T]) run(a *arguments[T], low, high int) {
	for ; low < high; low += r.code.lanes {
		r.block(a, low, min(r.code.lanes, high-low))
	}
}

// block runs n lanes from a lane on.
func (r *arrayRunner[T]) block(a *arguments[T], lane, n int) {
	p := r.code.kernel.Arrays
	if r.filled != n {
		for i, c := range p.Constants {
			for l := range n {
				r.memory[i*n+l] = T(c)
			}
		}
		r.filled = n
	}
	r.instructions(a, p.Instructions, lane, n)
}

// instructions runs a body; loops call it again.
func (r *arrayRunner[T]) instructions(a *arguments[T], body []shaders.ArrayInstruction, lane, n int) {
	for k := 0; k < len(body); k++ {
		i := &body[k]
		switch i.Op {
		case shaders.ArrayLoop:
			end := shaders.ArrayLoopEnd(body, k)
			inner := body[k+1 : end]
			for step := range i.N {
				r.steps[i.Loop] = i.Step(step)
				r.instructions(a, inner, lane, n)
			}
			k = end
		case shaders.ArrayLoad, shaders.ArrayReduce, shaders.ArrayInt, shaders.ArrayStore:
			r.transfer(a, i, lane, n)
		case shaders.ArrayIndex:
			out := r.span(&i.Out, 1, n)
			for l := range out {
				out[l] = T(r.steps[i.Loop])
			}
		case shaders.ArrayCopy:
			copy(r.span(&i.Out, i.N, n), r.span(&i.A, i.N, n))
		case shaders.ArrayGather:
			gatherArray(r.span(&i.Out, i.N, n), r.tail(&i.A, n), i.Indices, n)
		case shaders.ArrayScatter:
			scatterArray(r.span(&i.Out, i.M, n), r.span(&i.A, i.N, n), i.Indices, n)
		case shaders.ArrayUnary:
			if i.A.Scalar && i.N > 1 {
				out, x := r.span(&i.Out, i.N, n), r.span(&i.A, 1, n)
				unary(i.Elementwise, out[:n], x)
				for e := 1; e < i.N; e++ {
					copy(out[e*n:(e+1)*n], out[:n])
				}
				continue
			}
			unary(i.Elementwise, r.span(&i.Out, i.N, n), r.span(&i.A, i.N, n))
		case shaders.ArrayBinary:
			r.binary(i, n)
		case shaders.ArrayCompare:
			r.compare(i, n)
		case shaders.ArraySelect:
			r.choose(i, n)
		default:
			r.linear(i, n)
		}
	}
}

// span is size elements of n lanes.
func (r *arrayRunner[T]) span(s *shaders.Span, size, n int) []T {
	at := s.Offset
	if s.Steps != nil {
		at = s.At(r.steps)
	}
	return r.memory[at*n : (at+size)*n]
}

// tail is a span and all that follows it.
func (r *arrayRunner[T]) tail(s *shaders.Span, n int) []T {
	return r.memory[s.At(r.steps)*n:]
}

// transfer moves elements between a buffer and the lanes' memory.
func (r *arrayRunner[T]) transfer(a *arguments[T], i *shaders.ArrayInstruction, lane, n int) {
	chains := r.code.kernel.Chains
	p := &i.Place
	if i.Op == shaders.ArrayInt {
		out := r.span(&i.Out, 1, n)
		for l := range n {
			out[l] = T(a.ints[i.Buffer][(lane+l)/chains+p.Shift])
		}
		return
	}
	buffer := a.floats[i.Buffer]
	places := r.places[:n]
	for l := range places {
		item, chain := (lane+l)/chains, (lane+l)%chains
		place := item + p.Shift
		if p.Indirect {
			place = int(a.ints[p.Index][place])
		}
		places[l] = place*p.PlaceStride + chain*p.ChainStride
	}
	switch i.Op {
	case shaders.ArrayLoad:
		out := r.span(&i.Out, i.N, n)
		for e := range i.N {
			for l, at := range places {
				out[e*n+l] = buffer[at+e*p.ElementStride]
			}
		}
	case shaders.ArrayStore:
		from := r.span(&i.A, i.N, n)
		for e := range i.N {
			for l, at := range places {
				buffer[at+e*p.ElementStride] = from[e*n+l]
			}
		}
	case shaders.ArrayReduce:
		out := r.span(&i.Out, i.N, n)
		for l, at := range places {
			length := p.Length
			if p.Count >= 0 {
				length = int(a.ints[p.Count][(lane+l)/chains+p.CountShift])
			}
			for e := range i.N {
				out[e*n+l] = reduceRun(i.Reduction, buffer, at+e*p.ElementStride, length, p.PlaceStride)
			}
		}
	}
}
