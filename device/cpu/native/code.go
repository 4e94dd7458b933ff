package native

import (
	"errors"
	"fmt"
	"sync"
	"unsafe"

	"github.com/hxgpu/hxgpu/device/cpu/amd64"
	"github.com/hxgpu/hxgpu/shaders"
)

// Code is a lane kernel as machine code. It can be called by several goroutines, each
// with a [Frame] of its own.
type Code struct {
	// Block is how many units belong together: lanes of a grid, or groups.
	Block int
	// Bytes is the size of the code.
	Bytes int

	memory    *amd64.Memory
	frameSize int
	name      string
	names     []string
	// Code that goes row by row counts items, of row lanes; shift, where that is a
	// power of two, is its exponent.
	row   uint32
	shift int
}

// ErrPartialBarrier says that a barrier is reached by some lanes of a group and not
// by others.
var ErrPartialBarrier = errors.New("a barrier is reached by some lanes of a group and not by others")

// ErrNoCode says that a kernel has no translation; the portable engine runs it.
var ErrNoCode = errors.New("there is no machine code for this kernel")

// Supported says why kernels cannot be compiled on this machine, or nothing.
func Supported() string { return supported() }

// supported tries once: some systems let no program make memory executable.
var supported = sync.OnceValue(func() string {
	switch {
	case !amd64.Supported:
		return "no machine code for this processor or system"
	case !amd64.HasAVX2():
		return "this processor has no AVX2 with fused multiply-add"
	}
	var a amd64.Assembler
	a.MoveConstant(amd64.RAX, 0)
	a.Return()
	code, err := a.Finish()
	if err != nil {
		return err.Error()
	}
	if _, err := amd64.Load(code); err != nil {
		return err.Error()
	}
	return ""
})

// Wide reports whether there are vectors of 512 bits.
func Wide() bool { return amd64.HasAVX512() }

// Compile translates a lane kernel, for floats of 32 or 64 bits and AVX-512 (wide) or
// AVX2; the same kernel, as a rule, once in a process. It fails with [ErrNoCode] for
// kernels that have no translation.
func Compile(k *shaders.Kernel, bits int, wide bool) (*Code, error) {
	return laneCodes.get(k, bits, wide, func() (*Code, int, error) {
		c, err := newCode(k, bits, wide)
		if err != nil {
			return nil, 0, err
		}
		return c, c.Bytes, nil
	})
}

func newCode(k *shaders.Kernel, bits int, wide bool) (*Code, error) {
	expanded, err := shaders.Expand(k, bits)
	if err != nil {
		return nil, err
	}
	bytes, frameSize, err := compileLanes(expanded, bits, wide)
	if err != nil {
		return nil, err
	}
	memory, err := amd64.Load(bytes)
	if err != nil {
		return nil, err
	}
	c := &Code{memory: memory, frameSize: frameSize, name: k.Name, Bytes: len(bytes), Block: vectorLanes(bits, longest(expanded, bits, wide))}
	if k.Lanes > 0 {
		c.Block = 1
	} else if !packs(k, c.Block) {
		c.Block = k.Chains
		c.row = uint32(k.Chains)
		if k.Chains&(k.Chains-1) == 0 {
			for 1<<c.shift < k.Chains {
				c.shift++
			}
		}
	}
	for _, b := range k.Buffers {
		c.names = append(c.names, b.Name)
	}
	return c, nil
}

// mostBuffers is how many formal buffers fit the block of arguments.
const mostBuffers = 32

// callArguments is the block of arguments that code is called with.
type callArguments struct {
	low, high uint64 // units
	frame     unsafe.Pointer
	_         uint64
	buffers   [mostBuffers]struct {
		start  unsafe.Pointer
		length uint64
	}
}

// Frame is the memory that one call of code needs.
type Frame struct {
	memory    []byte
	arguments callArguments
}

// lineBytes is the alignment of vectors.
const lineBytes = 64

// NewFrame makes a frame for a piece of code.
func (c *Code) NewFrame() *Frame { return newFrame(c.frameSize) }

func newFrame(size int) *Frame {
	f := &Frame{memory: make([]byte, size+lineBytes)}
	shift := -uintptr(unsafe.Pointer(&f.memory[0])) % lineBytes
	f.arguments.frame = unsafe.Pointer(&f.memory[shift])
	return f
}

// Bind sets the address and the length, in elements, of a formal buffer.
func (f *Frame) Bind(buffer int, start unsafe.Pointer, length int) {
	b := &f.arguments.buffers[buffer]
	b.start, b.length = start, uint64(length)
}

// Run runs the units low to high. Low is a multiple of Block from the beginning of a
// dispatch.
func (c *Code) Run(f *Frame, low, high int) error {
	c.setRange(f, low, high)
	return c.failure(c.memory.Call(unsafe.Pointer(&f.arguments)))
}

// setRange tells the code its units.
func (c *Code) setRange(f *Frame, low, high int) {
	switch { // a division takes as long as some vectors
	case c.row == 0:
		f.arguments.low, f.arguments.high = uint64(low), uint64(high)
	case c.shift > 0 || c.row == 1:
		f.arguments.low, f.arguments.high = uint64(low)>>c.shift, uint64(high)>>c.shift
	default:
		f.arguments.low, f.arguments.high = uint64(uint32(low)/c.row), uint64(uint32(high)/c.row)
	}
}

// failure puts what code left into words; nil where it left nothing.
func (c *Code) failure(status int) error {
	switch {
	case status == 0:
		return nil
	case status == statusPartialBarrier:
		return fmt.Errorf("cpu: kernel %q: %w", c.name, ErrPartialBarrier)
	case status <= len(c.names):
		return fmt.Errorf("cpu: kernel %q: %w %q", c.name, errOutside, c.names[status-1])
	}
	return fmt.Errorf("cpu: kernel %q: an index is out of range of its shared array", c.name)
}
