package shaders_test

import (
	"math"
	"math/bits"

	"github.com/hxgpu/hxgpu/shaders"
)

// lane evaluates basic operations for one lane, rounding the result of each to
// floats of bits bits. Operations that Expand removes are beyond it.
type lane struct {
	*shaders.Kernel
	bits        int
	item, chain int
	memory      [][]float64 // by formal buffer
	values      []float64   // by instruction; of a variable, what it holds
	ends, elses []int       // by instruction that opens a region
}

func newLane(k *shaders.Kernel, bits int, memory ...[]float64) *lane {
	l := &lane{Kernel: k, bits: bits, memory: memory}
	n := len(k.Instructions)
	l.values, l.ends, l.elses = make([]float64, n), make([]int, n), make([]int, n)
	var open []int
	for n, i := range k.Instructions {
		switch i.Op {
		case shaders.OpIf, shaders.OpLoop:
			open = append(open, n)
		case shaders.OpElse:
			l.elses[open[len(open)-1]] = n
		case shaders.OpEnd:
			l.ends[open[len(open)-1]] = n
			open = open[:len(open)-1]
		}
	}
	return l
}

// run evaluates the whole kernel.
func (l *lane) run() { l.span(0, len(l.Instructions)) }

// span evaluates instructions from first to before end; it reports whether a
// break ended it.
func (l *lane) span(first, end int) bool {
	for n := first; n < end; n++ {
		i := l.Instructions[n]
		switch i.Op {
		case shaders.OpIf:
			middle := l.ends[n]
			if l.elses[n] > 0 {
				middle = l.elses[n]
			}
			if l.values[i.A] != 0 {
				l.span(n+1, middle)
			} else if middle < l.ends[n] {
				l.span(middle+1, l.ends[n])
			}
			n = l.ends[n]
		case shaders.OpLoop:
			for count := range int(l.values[i.A]) {
				l.values[n] = float64(count)
				if l.span(n+1, l.ends[n]) {
					break
				}
			}
			n = l.ends[n]
		case shaders.OpBreak:
			if l.values[i.A] != 0 {
				return true
			}
		case shaders.OpStore, shaders.OpStoreInt:
			l.memory[i.Buffer][int(l.values[i.A])] = l.values[i.B]
		case shaders.OpSet:
			l.values[i.A] = l.values[i.B]
		default:
			l.values[n] = l.value(i)
		}
	}
	return false
}

func (l *lane) round(x float64) float64 {
	if l.bits == 32 {
		return float64(float32(x))
	}
	return x
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func (l *lane) value(i shaders.Instruction) float64 {
	operand := func(v shaders.Value) float64 {
		if v == shaders.NoValue {
			return 0
		}
		return l.values[v]
	}
	a, b, c := operand(i.A), operand(i.B), operand(i.C)
	word := func(x float64) uint32 { return uint32(int32(x)) }
	integer := func(x uint32) float64 { return float64(int32(x)) }
	switch i.Op {
	case shaders.OpConstInt:
		return float64(i.Int)
	case shaders.OpItem:
		return float64(l.item)
	case shaders.OpChain:
		return float64(l.chain)
	case shaders.OpAddInt:
		return integer(word(a) + word(b))
	case shaders.OpSubInt:
		return integer(word(a) - word(b))
	case shaders.OpMulInt:
		return integer(word(a) * word(b))
	case shaders.OpMulHighInt:
		high, _ := bits.Mul32(word(a), word(b))
		return integer(high)
	case shaders.OpAndInt:
		return integer(word(a) & word(b))
	case shaders.OpOrInt:
		return integer(word(a) | word(b))
	case shaders.OpXorInt:
		return integer(word(a) ^ word(b))
	case shaders.OpShiftLeftInt:
		return integer(word(a) << word(b))
	case shaders.OpShiftRightInt:
		return integer(word(a) >> word(b))
	case shaders.OpBitCountInt:
		return float64(bits.OnesCount32(word(a)))
	case shaders.OpFloatToInt:
		if !(math.Abs(a) < 1<<31) {
			panic("float.to.int beyond its range")
		}
		return math.Trunc(a)
	case shaders.OpExponent:
		if l.bits == 32 {
			return float64(math.Float32bits(float32(a))>>23&0xff) - 127
		}
		return float64(math.Float64bits(a)>>52&0x7ff) - 1023
	case shaders.OpPowerOfTwo:
		if bias := 1<<(map[int]int{32: 7, 64: 10}[l.bits]) - 1; int(a) <= -bias || int(a) > bias {
			panic("power.of.two beyond its range")
		}
		return math.Ldexp(1, int(a))
	case shaders.OpConst:
		return l.round(i.Float)
	case shaders.OpLoad, shaders.OpLoadInt:
		return l.memory[i.Buffer][int(a)]
	case shaders.OpIntToFloat, shaders.OpVariable, shaders.OpGet:
		return l.round(a)
	case shaders.OpAdd:
		return l.round(a + b)
	case shaders.OpSub:
		return l.round(a - b)
	case shaders.OpMul:
		return l.round(a * b)
	case shaders.OpDiv:
		return l.round(a / b)
	case shaders.OpNeg:
		return -a
	case shaders.OpAbs:
		return math.Abs(a)
	case shaders.OpSqrt:
		return l.round(math.Sqrt(a))
	case shaders.OpLess, shaders.OpLessInt:
		return truth(a < b)
	case shaders.OpLessEqual:
		return truth(a <= b)
	case shaders.OpEqual, shaders.OpEqualInt:
		return truth(a == b)
	case shaders.OpAnd:
		return a * b
	case shaders.OpOr:
		return max(a, b)
	case shaders.OpNot:
		return 1 - a
	case shaders.OpSelect, shaders.OpSelectInt:
		if a != 0 {
			return b
		}
		return c
	}
	panic("no basic operation: " + i.Op.String())
}
