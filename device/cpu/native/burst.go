package native

import (
	"runtime"
	"unsafe"

	"github.com/hxgpu/hxgpu/device/cpu/amd64"
)

// Burst is several pieces of code that run one after the other in one call, for small
// ones, where going back and forth takes as long as they do.
type Burst struct {
	codes  []*Code
	frames []*Frame
	calls  []amd64.Prepared
}

// Add appends a piece of code that is to run the units low to high. Pieces of the same
// code may share the memory of a frame, but not the frame: see [Frame.Again].
func (b *Burst) Add(c *Code, f *Frame, low, high int) {
	c.setRange(f, low, high)
	b.codes, b.frames = append(b.codes, c), append(b.frames, f)
	b.calls = append(b.calls, c.memory.Prepare(unsafe.Pointer(&f.arguments)))
}

// Len is the number of pieces.
func (b *Burst) Len() int { return len(b.calls) }

// Run runs all pieces, up to one that fails.
func (b *Burst) Run() error {
	status, number := amd64.CallAll(b.calls)
	runtime.KeepAlive(b)
	if status == 0 {
		return nil
	}
	return b.codes[number].failure(status)
}

// Again is a frame with the memory of another, for a piece that runs at another time.
func (f *Frame) Again() *Frame {
	again := &Frame{memory: f.memory}
	again.arguments.frame = f.arguments.frame
	return again
}
