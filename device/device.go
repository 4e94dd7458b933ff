package device

import (
	"context"
	"time"

	"github.com/hxgpu/hxgpu/shaders"
)

// Precision is the floating-point type of a device's Float values.
type Precision uint8

// The precisions.
const (
	Float64 Precision = iota
	Float32
)

// Device compiles kernels, holds buffers and runs recorded programs. It knows
// nothing of mathematics, trees or samplers. A Device is safe for use by
// several goroutines; a Program runs once at a time.
type Device interface {
	// Info describes the device. It is constant for the device's life.
	Info() Info
	// NewBuffer allocates a zeroed buffer of n elements of type t (Float or Int).
	NewBuffer(t shaders.Type, n int) (Buffer, error)
	// Compile verifies k and translates it for the device.
	Compile(k *shaders.Kernel) (Kernel, error)
	// Record fixes a sequence of dispatches to be run many times.
	Record(r Recording) (Program, error)
	// Close frees the device and everything made by it.
	Close() error
}

// Buffer is an array in device memory. Floats cross the interface as float64
// whatever the device's precision. Offsets and lengths are in elements; a range
// outside the buffer is an error.
type Buffer interface {
	Len() int
	WriteFloats(offset int, src []float64) error
	ReadFloats(offset int, dst []float64) error
	WriteInts(offset int, src []int32) error
	ReadInts(offset int, dst []int32) error
	Close() error
}

// Kernel is a compiled kernel.
type Kernel interface {
	// Source is the kernel it was compiled from.
	Source() *shaders.Kernel
}

// Binding gives a kernel's formal buffer the elements of Buffer from Offset on.
type Binding struct {
	Buffer Buffer
	Offset int
}

// Dispatch runs Kernel for the items First <= item < First+Count: for every
// chain of each if it is a grid kernel, with a group of lanes for each if it is a
// group kernel. Bindings stand in the order of the kernel's buffers.
type Dispatch struct {
	Kernel   Kernel
	Bindings []Binding
	First    int
	Count    int
}

// Recording is a list of stages. The dispatches of one stage may run in any
// order or at once; a stage sees everything that earlier stages stored.
type Recording struct {
	Name   string
	Stages [][]Dispatch
	// ChainsIndependent promises that no lane reads what a lane of another
	// chain stored, in the whole recording, so that a device may run chains
	// apart from each other with no barrier between them.
	ChainsIndependent bool
	// Repeat is how many times one Run goes through the stages, each time seeing
	// what the time before stored; 0 means once.
	Repeat int
	// Timed asks for the time that each dispatch takes; see [Timed].
	Timed bool
}

// Program is a recording ready to run.
type Program interface {
	// Run runs all stages and waits for them.
	Run(ctx context.Context) error
	Close() error
}

// Timed is implemented by the programs of devices that can time dispatches.
type Timed interface {
	// Timings are the times of the last run, [repetition][stage][dispatch], of a
	// recording with Timed set.
	Timings() ([][][]time.Duration, error)
}

// Info describes a device.
type Info struct {
	Name      string // "cpu", "vulkan"
	Detail    string // e.g. the engine, the number of workers, the adapter's name
	Precision Precision
	// Workers is how many programs it runs truly at once, each on a part of the
	// chains: the processors of a CPU, 1 for a GPU, which a single program fills.
	Workers int
	// Software is set where kernels run on the processor, be it through a
	// graphics interface.
	Software bool
	// Fuses is set where starting a dispatch costs much more than a lane, so that
	// small stages are better fused into one group kernel.
	Fuses  bool
	Limits Limits
}

// Limits of a device's group kernels.
type Limits struct {
	GroupLanes    int // most lanes of a group
	SharedBytes   int // most bytes of shared arrays per group
	SubgroupLanes int // lanes that run in step; groups are best multiples of it
	// LaneRounds is how many rounds of loops a lane may go through in one dispatch,
	// all loops together; 0 for no limit.
	LaneRounds int
}
