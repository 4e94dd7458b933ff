package native

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/hxgpu/hxgpu/device/cpu/amd64"
	"github.com/hxgpu/hxgpu/shaders"
)

// ArrayCode is an array kernel as machine code that runs one lane at a time. It can be
// called by several goroutines, each with an [ArrayFrame] of its own.
type ArrayCode struct {
	// Bytes is the size of the code.
	Bytes int

	memory    *amd64.Memory
	frameSize int
	bits      int
	chains    int
	constants []float64
	name      string
	names     []string
}

// CompileArrays translates an array kernel, for floats of 32 or 64 bits, with AVX-512
// or, if it is not wide, AVX2; the same kernel, as a rule, once in a process. It fails
// with [ErrNoCode] for kernels that have no translation.
func CompileArrays(k *shaders.Kernel, bits int, wide bool) (*ArrayCode, error) {
	if k.Arrays == nil {
		return nil, fmt.Errorf("native: kernel %q has no arrays", k.Name)
	}
	return arrayCodes.get(k, bits, wide, func() (*ArrayCode, int, error) {
		c, err := newArrayCode(k, bits, wide)
		if err != nil {
			return nil, 0, err
		}
		return c, c.Bytes, nil
	})
}

func newArrayCode(k *shaders.Kernel, bits int, wide bool) (*ArrayCode, error) {
	c := newArrayCompiler(k, bits, wide)
	bytes, err := c.compile()
	if err != nil {
		return nil, fmt.Errorf("native: kernel %q: %w", k.Name, err)
	}
	memory, err := amd64.Load(bytes)
	if err != nil {
		return nil, err
	}
	code := &ArrayCode{Bytes: len(bytes), memory: memory, frameSize: c.frameSize, bits: bits, chains: k.Chains, constants: k.Arrays.Constants, name: k.Name}
	for _, b := range k.Buffers {
		code.names = append(code.names, b.Name)
	}
	return code, nil
}

// NewFrame makes a frame for a piece of code. The constants stand in it.
func (c *ArrayCode) NewFrame() *Frame {
	f := newFrame(c.frameSize)
	for i, x := range c.constants {
		if c.bits == 32 {
			*(*float32)(unsafe.Add(f.arguments.frame, 4*i)) = float32(x)
		} else {
			*(*float64)(unsafe.Add(f.arguments.frame, 8*i)) = x
		}
	}
	return f
}

// errOutside is for an index that leaves its buffer.
var errOutside = errors.New("an index is out of range of its buffer")

// Run runs the lanes low to high. A goroutine cannot be stopped within a call, and a
// lane may take long: the code returns from time to time, and is called again.
func (c *ArrayCode) Run(f *Frame, low, high int) error {
	for lane := low; lane < high; lane++ {
		f.arguments.low, f.arguments.high = uint64(lane/c.chains), uint64(lane%c.chains)
		status := statusUnfinished
		for status == statusUnfinished {
			status = c.memory.Call(unsafe.Pointer(&f.arguments))
		}
		if status != 0 {
			return fmt.Errorf("cpu: kernel %q: %w %q", c.name, errOutside, c.names[status-1])
		}
	}
	return nil
}
