// Package trace is a device that runs nothing: it keeps what was recorded, so
// that tests can count dispatches and barriers, look at what each dispatch reads
// and writes, and find hazards and indices outside their buffers without a GPU.
//
// [Program.Check] walks every lane of a recording and computes its integers, and
// so its indices, from the integers that were written to the buffers. Floats have
// no values here.
package trace

import (
	"errors"
	"fmt"
	"math"
	"sync"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/shaders"
)

// Options say what device to pretend to be.
type Options struct {
	Info device.Info
}

// Device is a device that records and does not compute.
type Device struct {
	info     device.Info
	mutex    sync.Mutex
	programs []*Program
	closed   bool
}

var _ device.Device = (*Device)(nil)

var errClosed = errors.New("trace: the device is closed")

// Open makes such a device. Limits of zero stand for no limit.
func Open(o Options) (*Device, error) {
	if o.Info.Precision > device.Float32 {
		return nil, fmt.Errorf("trace: there is no precision %d", o.Info.Precision)
	}
	d := &Device{info: o.Info}
	if d.info.Name == "" {
		d.info.Name = "trace"
	}
	return d, nil
}

// Info is what the device was opened with.
func (d *Device) Info() device.Info { return d.info }

// Programs lists what has been recorded, the oldest first.
func (d *Device) Programs() []*Program {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	return append([]*Program(nil), d.programs...)
}

// Close ends the use of the device; programs can still be looked at.
func (d *Device) Close() error {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.closed = true
	return nil
}

func (d *Device) check() error {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if d.closed {
		return errClosed
	}
	return nil
}

type kernel struct {
	owner  *Device
	source *shaders.Kernel
}

func (k *kernel) Source() *shaders.Kernel { return k.source }

// ElementBytes is the size of a value of a type in a precision.
func ElementBytes(t shaders.Type, p device.Precision) int {
	if t == shaders.Float && p == device.Float64 {
		return 8
	}
	return 4
}

// Compile verifies a kernel and holds it against the device's limits.
func (d *Device) Compile(k *shaders.Kernel) (device.Kernel, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	if err := shaders.Verify(k); err != nil {
		return nil, err
	}
	bytes := 0
	for _, s := range k.Shared {
		bytes += s.Size * ElementBytes(shaders.Float, d.info.Precision)
	}
	limits := d.info.Limits
	if limits.GroupLanes > 0 && k.Lanes > limits.GroupLanes {
		return nil, fmt.Errorf("trace: kernel %q has groups of %d lanes; the device has at most %d", k.Name, k.Lanes, limits.GroupLanes)
	}
	if limits.SharedBytes > 0 && bytes > limits.SharedBytes {
		return nil, fmt.Errorf("trace: kernel %q has %d bytes of shared arrays; the device has at most %d", k.Name, bytes, limits.SharedBytes)
	}
	return &kernel{d, k}, nil
}

// buffer has a length, and contents where it holds integers.
type buffer struct {
	owner  *Device
	kind   shaders.Type
	length int
	ints   []int32
	closed bool
}

// NewBuffer makes a buffer; no memory stands behind its floats.
func (d *Device) NewBuffer(t shaders.Type, n int) (device.Buffer, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	if n < 0 || n > math.MaxInt32 {
		return nil, fmt.Errorf("trace: a buffer of %d elements; at most %d fit an index", n, math.MaxInt32)
	}
	b := &buffer{owner: d, kind: t, length: n}
	switch t {
	case shaders.Float:
	case shaders.Int:
		b.ints = make([]int32, n)
	default:
		return nil, fmt.Errorf("trace: a buffer holds Float or Int elements, not %v", t)
	}
	return b, nil
}

func (b *buffer) Len() int { return b.length }

func (b *buffer) check(what string, kind shaders.Type, offset, n int) error {
	switch {
	case b.closed:
		return fmt.Errorf("trace: %s of a closed buffer", what)
	case b.kind != kind:
		return fmt.Errorf("trace: %s of the wrong element type", what)
	case offset < 0 || n > b.length-offset:
		return fmt.Errorf("trace: %s of elements %d to %d of a buffer of %d", what, offset, offset+n, b.length)
	}
	return nil
}

// WriteFloats checks the range and forgets the values.
func (b *buffer) WriteFloats(offset int, src []float64) error {
	return b.check("write", shaders.Float, offset, len(src))
}

// ReadFloats checks the range and gives zeros.
func (b *buffer) ReadFloats(offset int, dst []float64) error {
	clear(dst)
	return b.check("read", shaders.Float, offset, len(dst))
}

func (b *buffer) WriteInts(offset int, src []int32) error {
	if err := b.check("write", shaders.Int, offset, len(src)); err != nil {
		return err
	}
	copy(b.ints[offset:], src)
	return nil
}

func (b *buffer) ReadInts(offset int, dst []int32) error {
	if err := b.check("read", shaders.Int, offset, len(dst)); err != nil {
		return err
	}
	copy(dst, b.ints[offset:])
	return nil
}

func (b *buffer) Close() error {
	b.closed = true
	return nil
}
