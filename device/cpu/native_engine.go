package cpu

import (
	"unsafe"

	"github.com/hxgpu/hxgpu/device/cpu/native"
	"github.com/hxgpu/hxgpu/shaders"
)

// nativeEngine is a lane kernel as machine code.
type nativeEngine[T float] struct {
	*native.Code
	kernel *shaders.Kernel
	work   int
}

func newNativeEngine[T float](k *shaders.Kernel, bits, work int, wide bool) (nativeEngine[T], error) {
	code, err := native.Compile(k, bits, wide)
	return nativeEngine[T]{code, k, work}, err
}

func (e nativeEngine[T]) block() int { return e.Block }

// cost is in operations of the portable engine, of which machine code does many at
// once.
func (e nativeEngine[T]) cost() int { return max(e.work/nativeGain, 1) }

// nativeGain is about how many times faster machine code is.
const nativeGain = 8

func (e nativeEngine[T]) runner() runner[T] {
	return &nativeRunner[T]{engine: e, frame: e.NewFrame()}
}

type nativeRunner[T float] struct {
	engine nativeEngine[T]
	frame  *native.Frame
	bound  *arguments[T]
}

// longestCall is how many lane operations one call may do: a goroutine cannot be
// stopped within it, and the garbage collector waits.
const longestCall = 4_000_000

func (r *nativeRunner[T]) run(a *arguments[T], low, high int) {
	if r.bound != a {
		for i := range a.floats {
			switch {
			case len(a.floats[i]) > 0:
				r.frame.Bind(i, unsafe.Pointer(&a.floats[i][0]), len(a.floats[i]))
			case len(a.ints[i]) > 0:
				r.frame.Bind(i, unsafe.Pointer(&a.ints[i][0]), len(a.ints[i]))
			default:
				r.frame.Bind(i, nil, 0)
			}
		}
		r.bound = a
	}
	step := max(longestCall/max(r.engine.work, 1)/r.engine.Block, 1) * r.engine.Block
	for ; low < high; low += step {
		if err := r.engine.Run(r.frame, low, min(low+step, high)); err != nil {
			panic(nativeFailure{err})
		}
	}
}

// nativeFailure carries what went wrong up to where a dispatch ends.
type nativeFailure struct{ error }
