// Package cpu is the device that is always there, shared out over goroutines. On
// processors with AVX2 or AVX-512 kernels become machine code (package native); on
// others, and where that is asked for, they run in portable Go, in blocks of lanes that
// stay in cache.
//
// A kernel compiles to operations on whole blocks: values that are the same for
// all lanes become scalars, contiguous loads are read in place and contiguous
// stores computed in place. Every operation rounds by itself and sums run in a
// fixed order, so that results do not depend on the number of workers or on
// where a lane falls in a block. Machine code keeps to that, but for matrices, whose
// products are fused, and functions, which are those of shaders.Expand.
package cpu

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/cpu/native"
	"github.com/hxgpu/hxgpu/shaders"
)

// Options say how to open the CPU.
type Options struct {
	Precision device.Precision // Float64 by default
	Workers   int              // goroutines that share a large dispatch; 0 means GOMAXPROCS
	Portable  bool             // no machine code; HXGPU_CPU=portable asks for that too
	AVX2      bool             // machine code for AVX2 even where there is AVX-512; also HXGPU_CPU=avx2
}

// Open returns the CPU as a device.
func Open(o Options) (device.Device, error) {
	if o.Workers < 0 {
		return nil, fmt.Errorf("cpu: %d workers; there must be at least 1, or 0 for as many as there are processors", o.Workers)
	}
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	switch engine := os.Getenv("HXGPU_CPU"); engine {
	case "", "native":
	case "avx2":
		o.AVX2 = true
	case "portable":
		o.Portable = true
	default:
		return nil, fmt.Errorf("cpu: HXGPU_CPU is %q; it can be native, avx2 or portable", engine)
	}
	o.Portable = o.Portable || native.Supported() != ""
	o.AVX2 = o.AVX2 || !native.Wide()
	switch o.Precision {
	case device.Float32:
		return newProcessor[float32](o), nil
	case device.Float64:
		return newProcessor[float64](o), nil
	}
	return nil, fmt.Errorf("cpu: there is no precision %d", o.Precision)
}

var errClosed = errors.New("cpu: the device is closed")

type processor[T float] struct {
	options  Options
	mutex    sync.Mutex   // guards the compilation of copying code
	closures atomic.Int64 // how many buffers have been closed
	crew     crew[T]
}

func newProcessor[T float](o Options) *processor[T] {
	return &processor[T]{options: o, crew: crew[T]{jobs: make(chan job[T]), quit: make(chan struct{})}}
}

func (p *processor[T]) Info() device.Info {
	precision := "float64"
	if p.options.Precision == device.Float32 {
		precision = "float32"
	}
	engine := "AVX-512 engine"
	switch {
	case p.options.Portable:
		engine = "portable engine"
		if reason := native.Supported(); reason != "" {
			engine += " (" + reason + ")"
		}
	case p.options.AVX2:
		engine = "AVX2 engine"
	}
	return device.Info{Name: "cpu", Precision: p.options.Precision, Workers: p.options.Workers, Software: true,
		Limits: device.Limits{GroupLanes: 1024, SharedBytes: 1 << 20, SubgroupLanes: 1},
		Detail: fmt.Sprintf("%s, %s, %d workers", engine, precision, p.options.Workers)}
}

func (p *processor[T]) isClosed() bool { return p.crew.dismissed.Load() }

func (p *processor[T]) Close() error {
	p.crew.dismiss()
	return nil
}

func (p *processor[T]) NewBuffer(t shaders.Type, n int) (device.Buffer, error) {
	if p.isClosed() {
		return nil, errClosed
	}
	if n < 0 || int64(n) > 1<<31-1 {
		return nil, fmt.Errorf("cpu: a buffer of %d elements; at most %d fit an index", n, 1<<31-1)
	}
	b := &buffer[T]{owner: p, kind: t}
	switch t {
	case shaders.Float:
		b.floats = make([]T, n)
	case shaders.Int:
		b.ints = make([]int32, n)
	default:
		return nil, fmt.Errorf("cpu: a buffer holds Float or Int elements, not type %d", t)
	}
	return b, nil
}

func (p *processor[T]) Compile(k *shaders.Kernel) (device.Kernel, error) {
	if p.isClosed() {
		return nil, errClosed
	}
	if err := shaders.Verify(k); err != nil {
		return nil, err
	}
	elementBytes := 8
	if p.options.Precision == device.Float32 {
		elementBytes = 4
	}
	if k.Arrays != nil {
		e, err := newArrayEngine[T](k, 8*elementBytes, p.options)
		if err != nil {
			return nil, err
		}
		return &kernel[T]{owner: p, source: k, engine: e}, nil
	}
	limits := p.Info().Limits
	if err := checkLimits(k, limits.GroupLanes, limits.SharedBytes, elementBytes); err != nil {
		return nil, err
	}
	if !p.options.Portable {
		e, err := newNativeEngine[T](k, 8*elementBytes, len(k.Instructions), !p.options.AVX2)
		switch {
		case err == nil:
			return &kernel[T]{owner: p, source: k, engine: e}, nil
		case !errors.Is(err, native.ErrNoCode):
			return nil, err
		}
		// The functions of all kernels of a device are to give the same bits.
		expanded, err := shaders.Expand(k, 8*elementBytes)
		if err != nil {
			return nil, err
		}
		return &kernel[T]{owner: p, source: k, engine: lockstepEngine[T]{compileLockstep(expanded)}}, nil
	}
	if needsLockstep(k) {
		return &kernel[T]{owner: p, source: k, engine: lockstepEngine[T]{compileLockstep(k)}}, nil
	}
	inPlace, err := compileCode(k, true)
	if err != nil {
		return nil, err
	}
	return &kernel[T]{owner: p, source: k, engine: blockEngine[T]{inPlace}}, nil
}

// kernel is a kernel compiled for the case that what it stores and what it loads
// do not overlap, and, when first needed, for the case that they do.
type kernel[T float] struct {
	owner           *processor[T]
	source          *shaders.Kernel
	engine, copying engine[T]
}

func (k *kernel[T]) Source() *shaders.Kernel { return k.source }

// buffer is an array of floats or integers.
type buffer[T float] struct {
	owner  *processor[T]
	kind   shaders.Type
	floats []T
	ints   []int32
	closed atomic.Bool
}

func (b *buffer[T]) Len() int { return max(len(b.floats), len(b.ints)) }

func (b *buffer[T]) check(what string, kind shaders.Type, offset, n int) error {
	switch {
	case b.closed.Load() || b.owner.isClosed():
		return fmt.Errorf("cpu: %s of a closed buffer", what)
	case b.kind != kind:
		return fmt.Errorf("cpu: %s of the wrong element type", what)
	case offset < 0 || n > b.Len()-offset:
		return fmt.Errorf("cpu: %s of elements %d to %d of a buffer of %d", what, offset, offset+n, b.Len())
	}
	return nil
}

func (b *buffer[T]) WriteFloats(offset int, src []float64) error {
	if err := b.check("write", shaders.Float, offset, len(src)); err != nil {
		return err
	}
	dst := b.floats[offset : offset+len(src)]
	for i, x := range src {
		dst[i] = T(x)
	}
	return nil
}

func (b *buffer[T]) ReadFloats(offset int, dst []float64) error {
	if err := b.check("read", shaders.Float, offset, len(dst)); err != nil {
		return err
	}
	src := b.floats[offset : offset+len(dst)]
	for i, x := range src {
		dst[i] = float64(x)
	}
	return nil
}

func (b *buffer[T]) WriteInts(offset int, src []int32) error {
	if err := b.check("write", shaders.Int, offset, len(src)); err != nil {
		return err
	}
	copy(b.ints[offset:], src)
	return nil
}

func (b *buffer[T]) ReadInts(offset int, dst []int32) error {
	if err := b.check("read", shaders.Int, offset, len(dst)); err != nil {
		return err
	}
	copy(dst, b.ints[offset:])
	return nil
}

func (b *buffer[T]) Close() error {
	if b.closed.Swap(true) {
		return nil
	}
	b.owner.closures.Add(1)
	b.floats, b.ints = nil, nil
	return nil
}

var _ device.Program = (*program[float64])(nil)

// Run runs all stages. Small ones run on the calling goroutine.
func (p *program[T]) Run(ctx context.Context) error {
	if p.closed || p.owner.isClosed() {
		return fmt.Errorf("cpu: program %q is closed", p.name)
	}
	if n := p.owner.closures.Load(); n != p.closures {
		for _, b := range p.buffers {
			if b.closed.Load() {
				return fmt.Errorf("cpu: program %q uses a buffer that is closed", p.name)
			}
		}
		p.closures = n
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return p.run(ctx)
}
