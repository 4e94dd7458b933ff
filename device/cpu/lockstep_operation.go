package cpu

import (
	"math"
	"math/bits"

	"github.com/hxgpu/hxgpu/shaders"
)

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

// access runs loads and stores, of active lanes only. Where all are active the
// mask costs nothing that can be measured: it is predicted.
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
