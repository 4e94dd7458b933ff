package cpu

import (
	"time"
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
	step   int // units of a call
}

// A goroutine cannot be stopped within a call, and the garbage collector waits for
// it. So long dispatches are cut into calls of about this time, as found by trying.
const (
	longestCall  = 400 * time.Microsecond
	shortestCall = longestCall / 4
	firstCall    = 20_000 // operations of lanes
)

func (r *nativeRunner[T]) run(a *arguments[T], low, high int) {
	if r.bound != a {
		bind(r.frame, a)
		r.bound = a
	}
	if r.step == 0 {
		r.step = max(firstCall/max(r.engine.work, 1)/r.engine.Block, 1) * r.engine.Block
	}
	for low < high {
		end := min(low+r.step, high)
		if end == high && end-low < r.step {
			r.call(low, end)
			return
		}
		began := time.Now()
		r.call(low, end)
		switch took := time.Since(began); {
		case took > longestCall && r.step > r.engine.Block:
			r.step = max(r.step/2/r.engine.Block, 1) * r.engine.Block
		case took < shortestCall:
			r.step *= 2
		}
		low = end
	}
}

func (r *nativeRunner[T]) call(low, high int) {
	if err := r.engine.Run(r.frame, low, high); err != nil {
		panic(nativeFailure{err})
	}
}

// bind gives a frame the buffers of a dispatch.
func bind[T float](frame *native.Frame, a *arguments[T]) {
	for i := range a.floats {
		switch {
		case len(a.floats[i]) > 0:
			frame.Bind(i, unsafe.Pointer(&a.floats[i][0]), len(a.floats[i]))
		case len(a.ints[i]) > 0:
			frame.Bind(i, unsafe.Pointer(&a.ints[i][0]), len(a.ints[i]))
		default:
			frame.Bind(i, nil, 0)
		}
	}
}

// nativeFailure carries what went wrong up to where a dispatch ends.
type nativeFailure struct{ error }
