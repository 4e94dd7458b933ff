package cpu

import (
	"math"

	"github.com/hxgpu/hxgpu/shaders"
)

// reduceRun folds length elements from first on, stride apart, in ascending order.
func reduceRun[T float](r shaders.Reduction, buffer []T, first, length, stride int) T {
	x := [...]T{0, 1, T(math.Inf(-1)), T(math.Inf(1))}[r]
	for k := range length {
		y := buffer[first+k*stride]
		switch r {
		case shaders.Sum:
			x += y
		case shaders.Prod:
			x *= y
		case shaders.Max:
			x = max(x, y)
		case shaders.Min:
			x = min(x, y)
		}
	}
	return x
}

func gatherArray[T float](out, from []T, indices []int32, n int) {
	if n == 1 {
		for k, i := range indices {
			out[k] = from[i]
		}
		return
	}
	for k, i := range indices {
		copy(out[k*n:(k+1)*n], from[int(i)*n:(int(i)+1)*n])
	}
}

func scatterArray[T float](out, from []T, indices []int32, n int) {
	clear(out)
	if n == 1 {
		for k, j := range indices {
			out[j] += from[k]
		}
		return
	}
	for k, j := range indices {
		to, x := out[int(j)*n:(int(j)+1)*n], from[k*n:(k+1)*n]
		for l := range to {
			to[l] += x[l]
		}
	}
}

// isScalar reports whether a span is one element that stands for several.
func isScalar(s *shaders.Span, size int) bool { return s.Scalar && size > 1 }

func (r *arrayRunner[T]) binary(i *shaders.ArrayInstruction, n int) {
	out := r.span(&i.Out, i.N, n)
	a, b := isScalar(&i.A, i.N), isScalar(&i.B, i.N)
	switch {
	case !a && !b:
		binaryVV(i.Elementwise, out, r.span(&i.A, i.N, n), r.span(&i.B, i.N, n))
	case n == 1 && !a:
		binaryVS(i.Elementwise, out, r.span(&i.A, i.N, 1), r.span(&i.B, 1, 1)[0])
	case n == 1 && !b:
		binarySV(i.Elementwise, out, r.span(&i.A, 1, 1)[0], r.span(&i.B, i.N, 1))
	default:
		for e := range i.N {
			binaryVV(i.Elementwise, out[e*n:(e+1)*n], r.element(&i.A, e, a, n), r.element(&i.B, e, b, n))
		}
	}
}

// element is element e of a span, for n lanes.
func (r *arrayRunner[T]) element(s *shaders.Span, e int, scalar bool, n int) []T {
	at := s.At(r.steps)
	if !scalar {
		at += e
	}
	return r.memory[at*n : (at+1)*n]
}

func (r *arrayRunner[T]) compare(i *shaders.ArrayInstruction, n int) {
	a, b := isScalar(&i.A, i.N), isScalar(&i.B, i.N)
	out := r.span(&i.Out, i.N, n)
	for e := range i.N {
		x, y := r.element(&i.A, e, a, n), r.element(&i.B, e, b, n)
		for l := range n {
			holds := false
			switch i.Elementwise {
			case shaders.OpLess:
				holds = x[l] < y[l]
			case shaders.OpLessEqual:
				holds = x[l] <= y[l]
			case shaders.OpEqual:
				holds = x[l] == y[l]
			}
			out[e*n+l] = 0
			if holds {
				out[e*n+l] = 1
			}
		}
	}
}

func (r *arrayRunner[T]) choose(i *shaders.ArrayInstruction, n int) {
	a, b, c := isScalar(&i.A, i.N), isScalar(&i.B, i.N), isScalar(&i.C, i.N)
	out := r.span(&i.Out, i.N, n)
	for e := range i.N {
		x, y, z := r.element(&i.A, e, a, n), r.element(&i.B, e, b, n), r.element(&i.C, e, c, n)
		for l := range n {
			if x[l] != 0 {
				out[e*n+l] = y[l]
			} else {
				out[e*n+l] = z[l]
			}
		}
	}
}
