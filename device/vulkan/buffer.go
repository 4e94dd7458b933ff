//go:build cgo

package vulkan

import (
	"encoding/binary"
	"fmt"
	"math"
	"unsafe"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/shaders"
)

// buffer is a part of a block.
type buffer struct {
	owner  *gpu
	kind   shaders.Type
	length int
	part   part
	closed bool // guarded by owner.life
}

var _ device.Buffer = (*buffer)(nil)

func (g *gpu) NewBuffer(t shaders.Type, n int) (device.Buffer, error) {
	g.life.RLock()
	defer g.life.RUnlock()
	if g.closed {
		return nil, errClosed
	}
	if n < 0 || int64(n) > math.MaxInt32 {
		return nil, fmt.Errorf("vulkan: a buffer of %d elements; at most %d fit an index", n, math.MaxInt32)
	}
	if t != shaders.Float && t != shaders.Int {
		return nil, fmt.Errorf("vulkan: a buffer holds Float or Int elements, not type %d", t)
	}
	b, err := g.allocate(t, n, fmt.Sprintf("a buffer of %d %ss", n, t))
	if err != nil {
		return nil, err
	}
	if err := g.staging.zero(b.part); err != nil {
		g.heap.release(b.part)
		return nil, err
	}
	g.mutex.Lock()
	g.buffers[b] = true
	g.mutex.Unlock()
	return b, nil
}

// allocate finds room for a buffer; what names what it is for in errors.
func (g *gpu) allocate(t shaders.Type, n int, what string) (*buffer, error) {
	b := &buffer{owner: g, kind: t, length: n}
	var err error
	// One element more, so that a binding from the buffer's end on has a range.
	b.part, err = g.heap.allocate(uint64(n+1)*b.elementBytes(), what)
	return b, err
}

func (b *buffer) elementBytes() uint64 { return b.owner.elementBytes(b.kind) }

func (b *buffer) Len() int { return b.length }

// elements is the part that holds n elements from offset on.
func (b *buffer) elements(offset, n int) part {
	size := b.elementBytes()
	low := b.part.span.low + uint64(offset)*size
	return part{b.part.block, span{low, low + uint64(n)*size}}
}

// check begins an access: without an error the caller must unlock owner.life.
func (b *buffer) check(what string, kind shaders.Type, offset, n int) error {
	b.owner.life.RLock()
	var err error
	switch {
	case b.closed || b.owner.closed:
		err = fmt.Errorf("vulkan: %s of a closed buffer", what)
	case b.kind != kind:
		err = fmt.Errorf("vulkan: %s of the wrong element type", what)
	case offset < 0 || n > b.length-offset:
		err = fmt.Errorf("vulkan: %s of elements %d to %d of a buffer of %d", what, offset, offset+n, b.length)
	default:
		return nil
	}
	b.owner.life.RUnlock()
	return err
}

func (b *buffer) WriteFloats(offset int, src []float64) error {
	if err := b.check("write", shaders.Float, offset, len(src)); err != nil {
		return err
	}
	defer b.owner.life.RUnlock()
	return b.writeFloats(offset, src)
}

// writeFloats is WriteFloats for an access that has been checked.
func (b *buffer) writeFloats(offset int, src []float64) error {
	return b.owner.staging.write(b.elements(offset, len(src)), func(at uint64, memory []byte) {
		if b.elementBytes() == 8 {
			copy(memory, bytesOf(src)[at:])
			return
		}
		for i, x := range src[at/4 : (at+uint64(len(memory)))/4] {
			binary.NativeEndian.PutUint32(memory[4*i:], math.Float32bits(float32(x)))
		}
	})
}

func (b *buffer) ReadFloats(offset int, dst []float64) error {
	if err := b.check("read", shaders.Float, offset, len(dst)); err != nil {
		return err
	}
	defer b.owner.life.RUnlock()
	return b.owner.staging.read(b.elements(offset, len(dst)), func(at uint64, memory []byte) {
		if b.elementBytes() == 8 {
			copy(bytesOf(dst)[at:], memory)
			return
		}
		part := dst[at/4 : (at+uint64(len(memory)))/4]
		for i := range part {
			part[i] = float64(math.Float32frombits(binary.NativeEndian.Uint32(memory[4*i:])))
		}
	})
}

func (b *buffer) WriteInts(offset int, src []int32) error {
	if err := b.check("write", shaders.Int, offset, len(src)); err != nil {
		return err
	}
	defer b.owner.life.RUnlock()
	return b.writeInts(offset, src)
}

// writeInts is WriteInts for an access that has been checked.
func (b *buffer) writeInts(offset int, src []int32) error {
	return b.owner.staging.write(b.elements(offset, len(src)), func(at uint64, memory []byte) { copy(memory, bytesOf(src)[at:]) })
}

func (b *buffer) ReadInts(offset int, dst []int32) error {
	if err := b.check("read", shaders.Int, offset, len(dst)); err != nil {
		return err
	}
	defer b.owner.life.RUnlock()
	return b.owner.staging.read(b.elements(offset, len(dst)), func(at uint64, memory []byte) { copy(bytesOf(dst)[at:], memory) })
}

// Close waits for what runs, since that may use the buffer.
func (b *buffer) Close() error {
	g := b.owner
	g.life.Lock()
	defer g.life.Unlock()
	if b.closed {
		return nil
	}
	b.closed = true
	if g.closed {
		return nil // freed with the device
	}
	g.closures++
	delete(g.buffers, b)
	g.heap.release(b.part)
	return nil
}

// bytesOf is the memory of a slice of numbers.
func bytesOf[T float64 | int32](s []T) []byte {
	var x T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(x)))
}
