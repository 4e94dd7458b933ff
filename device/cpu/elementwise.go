package cpu

import (
	"math"

	"github.com/hxgpu/hxgpu/shaders"
)

type float interface{ float32 | float64 }

// unary computes dst = op(x). The slices have one length.
func unary[T float](op shaders.Op, dst, x []T) {
	x = x[:len(dst)]
	switch op {
	case shaders.OpNeg:
		for i := range dst {
			dst[i] = -x[i]
		}
	case shaders.OpAbs:
		for i := range dst {
			dst[i] = T(math.Abs(float64(x[i])))
		}
	case shaders.OpSqrt:
		for i := range dst {
			dst[i] = T(math.Sqrt(float64(x[i])))
		}
	case shaders.OpExp:
		for i := range dst {
			dst[i] = T(math.Exp(float64(x[i])))
		}
	case shaders.OpLog:
		for i := range dst {
			dst[i] = T(math.Log(float64(x[i])))
		}
	case shaders.OpLog1p:
		for i := range dst {
			dst[i] = T(math.Log1p(float64(x[i])))
		}
	case shaders.OpExpm1:
		for i := range dst {
			dst[i] = T(math.Expm1(float64(x[i])))
		}
	case shaders.OpTanh:
		for i := range dst {
			dst[i] = T(math.Tanh(float64(x[i])))
		}
	case shaders.OpSin:
		for i := range dst {
			dst[i] = T(math.Sin(float64(x[i])))
		}
	case shaders.OpCos:
		for i := range dst {
			dst[i] = T(math.Cos(float64(x[i])))
		}
	}
}

// binaryVV computes dst = x op y. Sums and products are rounded one by one: the
// results do not depend on whether the processor could fuse them.
func binaryVV[T float](op shaders.Op, dst, x, y []T) {
	x, y = x[:len(dst)], y[:len(dst)]
	switch op {
	case shaders.OpAdd:
		for i := range dst {
			dst[i] = x[i] + y[i]
		}
	case shaders.OpSub:
		for i := range dst {
			dst[i] = x[i] - y[i]
		}
	case shaders.OpMul:
		for i := range dst {
			dst[i] = x[i] * y[i]
		}
	case shaders.OpDiv:
		for i := range dst {
			dst[i] = x[i] / y[i]
		}
	case shaders.OpMin:
		for i := range dst {
			dst[i] = min(x[i], y[i])
		}
	case shaders.OpMax:
		for i := range dst {
			dst[i] = max(x[i], y[i])
		}
	}
}

// binaryVS computes dst = x op y for a scalar y.
func binaryVS[T float](op shaders.Op, dst, x []T, y T) {
	x = x[:len(dst)]
	switch op {
	case shaders.OpAdd:
		for i := range dst {
			dst[i] = x[i] + y
		}
	case shaders.OpSub:
		for i := range dst {
			dst[i] = x[i] - y
		}
	case shaders.OpMul:
		for i := range dst {
			dst[i] = x[i] * y
		}
	case shaders.OpDiv:
		for i := range dst {
			dst[i] = x[i] / y
		}
	case shaders.OpMin:
		for i := range dst {
			dst[i] = min(x[i], y)
		}
	case shaders.OpMax:
		for i := range dst {
			dst[i] = max(x[i], y)
		}
	}
}

// binarySV computes dst = x op y for a scalar x.
func binarySV[T float](op shaders.Op, dst []T, x T, y []T) {
	y = y[:len(dst)]
	switch op {
	case shaders.OpSub:
		for i := range dst {
			dst[i] = x - y[i]
		}
	case shaders.OpDiv:
		for i := range dst {
			dst[i] = x / y[i]
		}
	default:
		binaryVS(op, dst, y, x)
	}
}

// compare computes dst = x op y.
func compare[T float](op shaders.Op, dst []bool, x, y []T) {
	x, y = x[:len(dst)], y[:len(dst)]
	switch op {
	case shaders.OpLess:
		for i := range dst {
			dst[i] = x[i] < y[i]
		}
	case shaders.OpLessEqual:
		for i := range dst {
			dst[i] = x[i] <= y[i]
		}
	case shaders.OpEqual:
		for i := range dst {
			dst[i] = x[i] == y[i]
		}
	}
}

// segment folds count[i] elements of buffer from offset+first[i] on, stride
// apart, in ascending order. Without count each run has length elements.
func segment[T float](r shaders.Reduction, dst, buffer []T, first, count []int32, offset, length, stride int) {
	first = first[:len(dst)]
	if r == shaders.Sum && count == nil && length == 2 {
		for i := range dst {
			p := offset + int(first[i])
			dst[i] = buffer[p] + buffer[p+stride]
		}
		return
	}
	identity := [...]T{0, 1, T(math.Inf(-1)), T(math.Inf(1))}[r]
	for i := range dst {
		n := length
		if count != nil {
			n += int(count[i])
		}
		p, x := offset+int(first[i]), identity
		switch r {
		case shaders.Sum:
			for ; n > 0; n-- {
				x += buffer[p]
				p += stride
			}
		case shaders.Prod:
			for ; n > 0; n-- {
				x *= buffer[p]
				p += stride
			}
		case shaders.Max:
			for ; n > 0; n-- {
				x = max(x, buffer[p])
				p += stride
			}
		case shaders.Min:
			for ; n > 0; n-- {
				x = min(x, buffer[p])
				p += stride
			}
		}
		dst[i] = x
	}
}
