package cpu

import (
	"github.com/hxgpu/hxgpu/device/cpu/native"
	"github.com/hxgpu/hxgpu/shaders"
)

var errPartialBarrier = native.ErrPartialBarrier

// lockstepState is the memory that one worker needs to run one piece of code.
type lockstepState[T float] struct {
	floats [][]T
	ints   [][]int32
	bools  [][]bool
	shared [][]T
	masks  [][]bool // by depth: the active lanes
	active []int    // by depth: how many they are
	rounds []int32  // by depth: the round of a loop
}

func newLockstepState[T float](c *lockstepCode) *lockstepState[T] {
	s := &lockstepState[T]{active: make([]int, c.depth+1), rounds: make([]int32, c.depth+1)}
	n := c.lanes
	floats, ints, truths := make([]T, c.registers[shaders.Float]*n), make([]int32, c.registers[shaders.Int]*n), make([]bool, (c.registers[shaders.Bool]+c.depth+1)*n)
	for range c.registers[shaders.Float] {
		s.floats, floats = append(s.floats, floats[:n:n]), floats[n:]
	}
	for range c.registers[shaders.Int] {
		s.ints, ints = append(s.ints, ints[:n:n]), ints[n:]
	}
	for range c.registers[shaders.Bool] {
		s.bools, truths = append(s.bools, truths[:n:n]), truths[n:]
	}
	for range c.depth + 1 {
		s.masks, truths = append(s.masks, truths[:n:n]), truths[n:]
	}
	for _, a := range c.kernel.Shared {
		s.shared = append(s.shared, make([]T, a.Size))
	}
	for _, o := range c.constants {
		switch o.op {
		case shaders.OpConst:
			fill(s.floats[o.dst], T(o.float))
		case shaders.OpConstInt:
			fill(s.ints[o.dst], o.integer)
		case shaders.OpLocal:
			for i := range s.ints[o.dst] {
				s.ints[o.dst][i] = int32(i)
			}
		}
	}
	return s
}

func fill[E any](dst []E, x E) {
	for i := range dst {
		dst[i] = x
	}
}

// runLockstep runs units low to high of a dispatch: groups, or lanes of a grid.
func runLockstep[T float](c *lockstepCode, s *lockstepState[T], a *arguments[T], low, high int) {
	step := 1
	if c.kernel.Lanes == 0 {
		step = c.lanes
	}
	for ; low < high; low += step {
		n := c.lanes
		if c.kernel.Lanes == 0 {
			n = min(c.lanes, high-low)
		}
		s.place(c, low, n)
		s.run(c, a, n)
	}
}

// place sets the registers that say which lanes a block is.
func (s *lockstepState[T]) place(c *lockstepCode, unit, n int) {
	fill(s.masks[0][:n], true)
	s.active[0] = n
	chains := c.kernel.Chains
	for _, o := range c.constants {
		switch {
		case o.op == shaders.OpItem && c.kernel.Lanes > 0:
			fill(s.ints[o.dst], int32(unit))
		case o.op == shaders.OpItem:
			item, chain := int32(unit/chains), unit%chains
			for i := range s.ints[o.dst][:n] {
				s.ints[o.dst][i] = item
				if chain++; chain == chains {
					chain = 0
					item++
				}
			}
		case o.op == shaders.OpChain:
			chain := unit % chains
			for i := range s.ints[o.dst][:n] {
				s.ints[o.dst][i] = int32(chain)
				if chain++; chain == chains {
					chain = 0
				}
			}
		}
	}
}

// narrow makes the mask of the region at depth+1 the lanes of this one for which
// the condition is as wanted.
func (s *lockstepState[T]) narrow(depth int, condition []bool, wanted bool) {
	outer, inner := s.masks[depth], s.masks[depth+1][:len(condition)]
	count := 0
	for i, x := range condition {
		on := x == wanted && outer[i]
		inner[i] = on
		if on {
			count++
		}
	}
	s.active[depth+1] = count
}

func (s *lockstepState[T]) run(c *lockstepCode, a *arguments[T], n int) {
	operations := c.operations
	for at := 0; at < len(operations); at++ {
		o := &operations[at]
		switch op := o.op; op {
		case shaders.OpIf:
			s.narrow(o.depth, s.bools[o.a][:n], true)
			if s.active[o.depth+1] == 0 {
				at = o.jump - 1
			}
		case shaders.OpElse:
			s.narrow(o.depth, s.bools[o.a][:n], false)
			if s.active[o.depth+1] == 0 {
				at = o.jump - 1
			}
		case shaders.OpLoop:
			s.rounds[o.depth+1] = 0
			s.active[o.depth+1] = s.active[o.depth]
			copy(s.masks[o.depth+1][:n], s.masks[o.depth])
			if s.round(o, n) == 0 {
				at = o.jump - 1
			}
		case shaders.OpEnd: // of a loop
			s.rounds[o.depth+1]++
			if s.round(o, n) > 0 {
				at = o.jump
			}
		case shaders.OpBreak:
			mask, count := s.masks[o.depth][:n], 0
			for i, leaves := range s.bools[o.a][:n] {
				mask[i] = mask[i] && !leaves
				if mask[i] {
					count++
				}
			}
			s.active[o.depth] = count
			if count == 0 {
				at = o.jump - 1
			}
		case shaders.OpBarrier:
			if s.active[o.depth] != n {
				panic(errPartialBarrier)
			}
		default:
			s.operation(c, o, a, n)
		}
	}
}

// round begins a round of a loop with the lanes that have not had enough, and
// says how many they are.
func (s *lockstepState[T]) round(o *lockstepOperation, n int) int {
	i := s.rounds[o.depth+1]
	mask, count := s.masks[o.depth+1][:n], 0
	for k, limit := range s.ints[o.a][:n] {
		mask[k] = mask[k] && i < limit
		if mask[k] {
			count++
		}
	}
	s.active[o.depth+1] = count
	if count > 0 {
		fill(s.ints[o.dst][:n], i)
	}
	return count
}
