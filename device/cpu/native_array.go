package cpu

import (
	"errors"

	"github.com/hxgpu/hxgpu/device/cpu/native"
	"github.com/hxgpu/hxgpu/shaders"
)

// arrayNativeEngine is an array kernel as machine code.
type arrayNativeEngine[T float] struct {
	*native.ArrayCode
	work int
}

// newArrayEngine compiles an array kernel to machine code where that is wanted and
// possible.
func newArrayEngine[T float](k *shaders.Kernel, bits int, o Options) (engine[T], error) {
	if !o.Portable {
		code, err := native.CompileArrays(k, bits, !o.AVX2)
		switch {
		case err == nil:
			return arrayNativeEngine[T]{code, arrayWork(k.Arrays)}, nil
		case !errors.Is(err, native.ErrNoCode):
			return nil, err
		}
	}
	return arrayEngine[T]{compileArrays(k)}, nil
}

func (e arrayNativeEngine[T]) block() int { return 1 }

func (e arrayNativeEngine[T]) cost() int { return max(e.work/arrayNativeGain, 1) }

// arrayNativeGain is about how many times faster machine code is than the portable
// engine.
const arrayNativeGain = 4

func (e arrayNativeEngine[T]) runner() runner[T] {
	return &arrayNativeRunner[T]{code: e.ArrayCode, frame: e.NewFrame()}
}

type arrayNativeRunner[T float] struct {
	code  *native.ArrayCode
	frame *native.Frame
	bound *arguments[T]
}

func (r *arrayNativeRunner[T]) run(a *arguments[T], low, high int) {
	if r.bound != a {
		bind(r.frame, a)
		r.bound = a
	}
	if err := r.code.Run(r.frame, low, high); err != nil {
		panic(nativeFailure{err})
	}
}
