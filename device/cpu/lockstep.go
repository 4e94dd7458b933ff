package cpu

import (
	"errors"
	"math"
	"math/bits"

	"github.com/hxgpu/hxgpu/shaders"
)

var errPartialBarrier = errors.New("a barrier is reached by some lanes of a group and not by others")

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

// operation runs one operation on a block of n lanes. What has no effect but its
// result runs for all lanes, active or not.
func (s *lockstepState[T]) operation(c *lockstepCode, o *lockstepOperation, a *arguments[T], n int) {
	switch op := o.op; {
	case op >= shaders.OpAdd && op <= shaders.OpMax:
		binaryVV(op, s.floats[o.dst][:n], s.floats[o.a], s.floats[o.b])
	case op >= shaders.OpNeg && op <= shaders.OpCos:
		unary(op, s.floats[o.dst][:n], s.floats[o.a])
	case op >= shaders.OpAddInt && op <= shaders.OpShiftRightInt:
		integers(op, s.ints[o.dst][:n], s.ints[o.a], s.ints[o.b])
	case op >= shaders.OpLess && op <= shaders.OpEqual:
		compare(op, s.bools[o.dst][:n], s.floats[o.a], s.floats[o.b])
	case op >= shaders.OpLessInt && op <= shaders.OpNot:
		s.logic(o, n)
	case op >= shaders.OpLoad && op <= shaders.OpSegmentReduce, op == shaders.OpLoadInt, op == shaders.OpLoadShared,
		op >= shaders.OpStore && op <= shaders.OpStoreShared:
		s.access(o, a, n)
	case op == shaders.OpVariable, op == shaders.OpGet:
		switch o.kind {
		case shaders.Float:
			copy(s.floats[o.dst][:n], s.floats[o.a])
		case shaders.Int:
			copy(s.ints[o.dst][:n], s.ints[o.a])
		default:
			copy(s.bools[o.dst][:n], s.bools[o.a])
		}
	case op == shaders.OpSet:
		mask, all := s.masks[o.depth][:n], s.active[o.depth] == n
		switch o.kind {
		case shaders.Float:
			set(s.floats[o.a][:n], s.floats[o.b], mask, all)
		case shaders.Int:
			set(s.ints[o.a][:n], s.ints[o.b], mask, all)
		default:
			set(s.bools[o.a][:n], s.bools[o.b], mask, all)
		}
	case op == shaders.OpSelect:
		choose(s.floats[o.dst][:n], s.bools[o.a], s.floats[o.b], s.floats[o.c])
	case op == shaders.OpSelectInt:
		choose(s.ints[o.dst][:n], s.bools[o.a], s.ints[o.b], s.ints[o.c])
	default:
		s.convert(o, n)
	}
}

func set[E any](dst, src []E, mask []bool, all bool) {
	if all {
		copy(dst, src)
		return
	}
	src = src[:len(dst)]
	for i, on := range mask {
		if on {
			dst[i] = src[i]
		}
	}
}

func choose[E any](dst []E, condition []bool, yes, no []E) {
	condition, yes, no = condition[:len(dst)], yes[:len(dst)], no[:len(dst)]
	for i := range dst {
		x := no[i]
		if condition[i] {
			x = yes[i]
		}
		dst[i] = x
	}
}

func (s *lockstepState[T]) logic(o *lockstepOperation, n int) {
	dst := s.bools[o.dst][:n]
	switch o.op {
	case shaders.OpLessInt:
		x, y := s.ints[o.a][:n], s.ints[o.b][:n]
		for i := range dst {
			dst[i] = x[i] < y[i]
		}
	case shaders.OpEqualInt:
		x, y := s.ints[o.a][:n], s.ints[o.b][:n]
		for i := range dst {
			dst[i] = x[i] == y[i]
		}
	case shaders.OpAnd:
		x, y := s.bools[o.a][:n], s.bools[o.b][:n]
		for i := range dst {
			dst[i] = x[i] && y[i]
		}
	case shaders.OpOr:
		x, y := s.bools[o.a][:n], s.bools[o.b][:n]
		for i := range dst {
			dst[i] = x[i] || y[i]
		}
	default:
		for i, x := range s.bools[o.a][:n] {
			dst[i] = !x
		}
	}
}

// access runs loads and stores, of active lanes only.
func (s *lockstepState[T]) access(o *lockstepOperation, a *arguments[T], n int) {
	mask := s.masks[o.depth][:n]
	at := s.ints[o.a][:n]
	switch o.op {
	case shaders.OpLoad:
		load(s.floats[o.dst], a.floats[o.buffer], at, mask)
	case shaders.OpLoadInt:
		load(s.ints[o.dst], a.ints[o.buffer], at, mask)
	case shaders.OpLoadShared:
		load(s.floats[o.dst], s.shared[o.buffer], at, mask)
	case shaders.OpStore:
		keep(a.floats[o.buffer], s.floats[o.b], at, mask)
	case shaders.OpStoreInt:
		keep(a.ints[o.buffer], s.ints[o.b], at, mask)
	case shaders.OpStoreShared:
		keep(s.shared[o.buffer], s.floats[o.b], at, mask)
	case shaders.OpSegmentReduce:
		dst, count := s.floats[o.dst], s.ints[o.b]
		for i, on := range mask {
			if on {
				segment(o.reduce, dst[i:i+1], a.floats[o.buffer], at[i:i+1], count[i:i+1], 0, 0, o.stride)
			}
		}
	}
}

func load[E any](dst, buffer []E, at []int32, mask []bool) {
	dst = dst[:len(at)]
	for i, on := range mask {
		if on {
			dst[i] = buffer[at[i]]
		}
	}
}

func keep[E any](buffer, src []E, at []int32, mask []bool) {
	src = src[:len(at)]
	for i, on := range mask {
		if on {
			buffer[at[i]] = src[i]
		}
	}
}

// convert runs operations between integers and floats, and bit counts.
func (s *lockstepState[T]) convert(o *lockstepOperation, n int) {
	switch o.op {
	case shaders.OpIntToFloat:
		dst := s.floats[o.dst][:n]
		for i, x := range s.ints[o.a][:n] {
			dst[i] = T(x)
		}
	case shaders.OpFloatToInt:
		dst := s.ints[o.dst][:n]
		for i, x := range s.floats[o.a][:n] {
			dst[i] = int32(int64(x))
		}
	case shaders.OpExponent:
		dst := s.ints[o.dst][:n]
		for i, x := range s.floats[o.a][:n] {
			dst[i] = exponent(x)
		}
	case shaders.OpPowerOfTwo:
		dst := s.floats[o.dst][:n]
		for i, x := range s.ints[o.a][:n] {
			dst[i] = T(math.Float64frombits(uint64(x+1023) << 52))
		}
	case shaders.OpBitCountInt:
		dst := s.ints[o.dst][:n]
		for i, x := range s.ints[o.a][:n] {
			dst[i] = int32(bits.OnesCount32(uint32(x)))
		}
	}
}

// exponent is the exponent field of x less its bias.
func exponent[T float](x T) int32 {
	switch x := any(x).(type) {
	case float32:
		return int32(math.Float32bits(x)>>23&0xff) - 127
	case float64:
		return int32(math.Float64bits(x)>>52&0x7ff) - 1023
	}
	return 0
}

// integers computes dst = x op y, wrapping around.
func integers(op shaders.Op, dst, x, y []int32) {
	x, y = x[:len(dst)], y[:len(dst)]
	switch op {
	case shaders.OpAddInt:
		for i := range dst {
			dst[i] = x[i] + y[i]
		}
	case shaders.OpSubInt:
		for i := range dst {
			dst[i] = x[i] - y[i]
		}
	case shaders.OpMulInt:
		for i := range dst {
			dst[i] = x[i] * y[i]
		}
	case shaders.OpMulHighInt:
		for i := range dst {
			dst[i] = int32(uint32(uint64(uint32(x[i])) * uint64(uint32(y[i])) >> 32))
		}
	case shaders.OpAndInt:
		for i := range dst {
			dst[i] = x[i] & y[i]
		}
	case shaders.OpOrInt:
		for i := range dst {
			dst[i] = x[i] | y[i]
		}
	case shaders.OpXorInt:
		for i := range dst {
			dst[i] = x[i] ^ y[i]
		}
	case shaders.OpShiftLeftInt:
		for i := range dst {
			dst[i] = x[i] << (uint32(y[i]) & 31)
		}
	case shaders.OpShiftRightInt:
		for i := range dst {
			dst[i] = int32(uint32(x[i]) >> (uint32(y[i]) & 31))
		}
	}
}
