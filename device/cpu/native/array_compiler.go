package native

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hxgpu/hxgpu/device/cpu/amd64"
	"github.com/hxgpu/hxgpu/shaders"
)

// General registers of array code. Routines get the addresses of their result and
// operands in four of them, and may change all others but those of the frame and of
// the arguments.
const (
	arrayFrame                  = amd64.R13 // the lane's memory, and scratch behind it
	arrayOut                    = amd64.R8
	arrayLeft                   = amd64.R9
	arrayRight                  = amd64.R10
	arrayThird                  = amd64.R11
	argumentItem, argumentChain = argumentLow, argumentHigh
)

// arrayCompiler turns an array kernel into machine code. Vectors go along the
// elements of arrays; whole vectors first, then a part of one under a mask.
type arrayCompiler struct {
	*amd64.Assembler
	kernel    *shaders.Kernel
	program   *shaders.ArrayProgram
	bits      int // of a float
	size      int // of a float, in bytes
	lanes     int // of a vector
	whole     amd64.Length
	f         floatOperations
	frameSize int
	steps     []int // places in the frame of the numbers of loops' steps
	rounds    []int // of each loop
	begins    []int // of loops that are open, innermost last
	tops      []amd64.Label
	pauses    []pause
	resume    int // place of the number of the pause where code returned
	budget    int // place of how many operations may be done before the next
	traps     map[int]amd64.Label
	routines  map[arrayRoutine]amd64.Label
	pending   []arrayRoutine
	spills    int // place of the values that elementwise code has no register for
}

func newArrayCompiler(k *shaders.Kernel, bits int, wide bool) *arrayCompiler {
	c := &arrayCompiler{Assembler: &amd64.Assembler{Wide: wide}, kernel: k, program: k.Arrays, bits: bits, size: bits / 8,
		whole: amd64.Bits256, f: amd64.Floats(bits), traps: map[int]amd64.Label{}, routines: map[arrayRoutine]amd64.Label{}}
	if wide {
		c.whole = amd64.Bits512
	}
	c.lanes = vectorLanes(bits, c.whole)
	c.rounds = make([]int, k.Arrays.Loops)
	for _, i := range k.Arrays.Instructions {
		if i.Op == shaders.ArrayLoop {
			c.rounds[i.Loop] = i.N
		}
	}
	c.frameSize = k.Arrays.Size*c.size + lineBytes // a whole vector can be read at any element
	c.align()
	return c
}

func (c *arrayCompiler) align() { c.frameSize = (c.frameSize + lineBytes - 1) / lineBytes * lineBytes }

// reserve is a place in the frame.
func (c *arrayCompiler) reserve(bytes int) int {
	c.align()
	at := c.frameSize
	c.frameSize += bytes
	return at
}

// statusUnfinished is what code returns that is to be called again.
const statusUnfinished = -1

// longestStretch is about how many floating-point operations are done in one call:
// some tenths of a millisecond.
const longestStretch = 1_000_000

// enter writes where code is entered: it goes on where it returned last.
func (c *arrayCompiler) enter(enter, start, exit amd64.Label) {
	place := amd64.At(arrayFrame, c.resume)
	c.Bind(enter)
	c.MoveConstant(amd64.RAX, longestStretch)
	c.Store64(amd64.At(arrayFrame, c.budget), amd64.RAX)
	c.Load64(amd64.RCX, place)
	c.MoveConstant(amd64.RAX, 0)
	c.Store64(place, amd64.RAX)
	for n, p := range c.pauses {
		c.DoConstant(amd64.Cmp, amd64.RCX, int32(n+1))
		c.JumpIf(amd64.Equal, p.top)
	}
	c.Jump(start)
	for n, p := range c.pauses {
		c.Bind(p.leave)
		c.MoveConstant(amd64.RAX, int64(n+1))
		c.Store64(place, amd64.RAX)
		c.MoveConstant(amd64.RAX, statusUnfinished)
		c.Jump(exit)
	}
}

// pause is the end of a loop's step, where code may return to be called again:
// everything stands in memory there.
type pause struct{ top, leave amd64.Label }

// work is about how many operations a step of a loop has, without those of the loops
// in it.
func (c *arrayCompiler) work(begin int) int {
	total, depth := 0, 0
	for n := begin + 1; depth >= 0; n++ {
		switch i := &c.program.Instructions[n]; i.Op {
		case shaders.ArrayLoop:
			depth++
		case shaders.ArrayEnd:
			depth--
		default:
			if depth == 0 {
				total += max(i.Operations(), i.N)
			}
		}
	}
	return max(total, 1)
}

// largestFrame bounds the displacements of addresses.
const largestFrame = 1 << 30

func (c *arrayCompiler) compile() ([]byte, error) {
	if len(c.kernel.Buffers) > mostBuffers {
		return nil, fmt.Errorf("%w: it has %d buffers", ErrNoCode, len(c.kernel.Buffers))
	}
	for n := range c.program.Instructions {
		i := &c.program.Instructions[n]
		for _, s := range []*shaders.Span{&i.Out, &i.A, &i.B, &i.C} {
			if len(s.Steps) > mostSteps {
				return nil, fmt.Errorf("%w: an operand is moved by %d loops", ErrNoCode, len(s.Steps))
			}
		}
	}
	for range c.program.Loops {
		c.steps = append(c.steps, c.reserve(8))
	}
	c.spills = c.reserve(mostSpills * lineBytes)
	c.resume, c.budget = c.reserve(8), c.reserve(8)
	c.Load64(arrayFrame, amd64.At(arguments, argumentFrame))
	enter, start := c.NewLabel(), c.NewLabel()
	c.Jump(enter)
	c.Bind(start)
	for n := 0; n < len(c.program.Instructions); {
		n = c.instruction(n)
	}
	exit := c.NewLabel()
	c.MoveConstant(amd64.RAX, 0)
	c.Bind(exit)
	c.ZeroUpper()
	c.Return()
	c.enter(enter, start, exit)
	for _, buffer := range slices.Sorted(maps.Keys(c.traps)) {
		c.Bind(c.traps[buffer])
		c.MoveConstant(amd64.RAX, int64(buffer+1))
		c.Jump(exit)
	}
	for len(c.pending) > 0 {
		r := c.pending[0]
		c.pending = c.pending[1:]
		c.Bind(c.routines[r])
		c.routine(r)
		c.Return()
	}
	c.align()
	if c.frameSize > largestFrame {
		return nil, fmt.Errorf("%w: its lanes need %d bytes", ErrNoCode, c.frameSize)
	}
	return c.Finish()
}

// instruction writes an instruction, or several that are done together, and gives the
// number of the next.
func (c *arrayCompiler) instruction(n int) int {
	i := &c.program.Instructions[n]
	switch i.Op {
	case shaders.ArrayLoop:
		first := 0
		if i.Backwards {
			first = i.N - 1
		}
		c.MoveConstant(amd64.RAX, int64(first))
		c.Store64(amd64.At(arrayFrame, c.steps[i.Loop]), amd64.RAX)
		top := c.NewLabel()
		c.Bind(top)
		c.begins, c.tops = append(c.begins, n), append(c.tops, top)
	case shaders.ArrayEnd:
		c.end()
	case shaders.ArrayLoad, shaders.ArrayStore, shaders.ArrayReduce, shaders.ArrayInt, shaders.ArrayIndex:
		c.transfer(i)
	case shaders.ArrayScatter:
		c.scatter(i)
	case shaders.ArrayUnary, shaders.ArrayBinary, shaders.ArrayCompare, shaders.ArraySelect, shaders.ArrayCopy, shaders.ArrayGather:
		return c.group(n)
	case shaders.ArrayLogDet:
		c.logDeterminant(i)
	default:
		c.linear(i)
	}
	return n + 1
}

// end writes the end of the innermost loop.
func (c *arrayCompiler) end() {
	last := len(c.begins) - 1
	begin, top := c.begins[last], c.tops[last]
	i := &c.program.Instructions[begin]
	c.begins, c.tops = c.begins[:last], c.tops[:last]
	place, done := amd64.At(arrayFrame, c.steps[i.Loop]), c.NewLabel()
	c.Load64(amd64.RAX, place)
	if i.Backwards {
		c.DoConstant(amd64.Sub, amd64.RAX, 1)
		c.Store64(place, amd64.RAX)
		c.JumpIf(amd64.Carry, done)
	} else {
		c.DoConstant(amd64.Add, amd64.RAX, 1)
		c.Store64(place, amd64.RAX)
		c.DoConstant(amd64.Cmp, amd64.RAX, int32(i.N))
		c.JumpIf(amd64.GreaterEqual, done)
	}
	p := pause{top: top, leave: c.NewLabel()}
	c.pauses = append(c.pauses, p)
	budget := amd64.At(arrayFrame, c.budget)
	c.Load64(amd64.RAX, budget)
	c.DoConstant(amd64.Sub, amd64.RAX, int32(min(c.work(begin), longestStretch)))
	c.Store64(budget, amd64.RAX)
	c.JumpIf(amd64.GreaterEqual, top)
	c.Jump(p.leave)
	c.Bind(done)
}

// base brings the address that a span's offset counts from into a register, if it is
// not that of the frame.
func (c *arrayCompiler) base(s *shaders.Span, r amd64.Reg) amd64.Reg {
	if len(s.Steps) == 0 {
		return arrayFrame
	}
	c.Load64(r, amd64.At(arrayFrame, c.steps[s.Steps[0].Loop]))
	c.MultiplyConstant(r, r, int32(s.Steps[0].Stride*c.size))
	for _, m := range s.Steps[1:] {
		c.Load64(amd64.RAX, amd64.At(arrayFrame, c.steps[m.Loop]))
		c.MultiplyConstant(amd64.RAX, amd64.RAX, int32(m.Stride*c.size))
		c.Do(amd64.Add, r, amd64.RAX)
	}
	c.Do(amd64.Add, r, arrayFrame)
	return r
}

// address brings the address of a span into a register.
func (c *arrayCompiler) address(s *shaders.Span, r amd64.Reg) {
	c.Address(r, amd64.At(c.base(s, r), s.Offset*c.size))
}

// trap is where code goes on for which an index leaves a buffer.
func (c *arrayCompiler) trap(buffer int) amd64.Label {
	l, ok := c.traps[buffer]
	if !ok {
		l = c.NewLabel()
		c.traps[buffer] = l
	}
	return l
}

// interval is the elements that a span may stand for, over all steps of loops.
func (c *arrayCompiler) interval(s *shaders.Span, size int) (low, high int) {
	low, high = s.Offset, s.Offset+size
	for _, m := range s.Steps {
		reach := (c.rounds[m.Loop] - 1) * m.Stride
		low, high = low+min(reach, 0), high+max(reach, 0)
	}
	return low, high
}
