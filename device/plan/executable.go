package plan

import (
	"context"
	"errors"
	"fmt"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/shaders"
)

// Executable is a program bound to a device. It is not safe for concurrent use.
type Executable struct {
	Cost     Cost
	Schedule Schedule // Slab or Tree

	device  device.Device
	program device.Program
	stages  [][]device.Dispatch
	fields  map[string]fieldLayout // inputs and outputs by name
	packed  [2]packing             // inputs, outputs
	owned   []ownBuffer
}

// ownBuffer is a buffer of floats or integers.
type ownBuffer struct {
	device.Buffer
	kind shaders.Type
}

// fieldLayout is where a named field lives, and how many floats it has.
type fieldLayout struct {
	input, output device.Binding
	size          int
	components    int // of a field that is laid out [node][component], else 0
}

type packing struct {
	buffer device.Buffer
	size   int
}

// Stages are the dispatches of one run, for a recording that computes more. They
// are valid as long as the Executable is.
func (e *Executable) Stages() [][]device.Dispatch { return e.stages }

// PackedInput is where the dispatches read the packed inputs, [row][chain]. Its
// buffer is nil if there are none.
func (e *Executable) PackedInput() device.Binding { return device.Binding{Buffer: e.packed[0].buffer} }

// PackedOutput is where the dispatches leave the packed outputs, [row][chain].
// Its buffer is nil if there are none.
func (e *Executable) PackedOutput() device.Binding { return device.Binding{Buffer: e.packed[1].buffer} }

// Output is where the dispatches leave an output field, in the layout of
// [Executable.Set] if it is not data of many components, which stand node by node.
func (e *Executable) Output(field string) (device.Binding, error) {
	f, ok := e.fields[field]
	if !ok || f.output.Buffer == nil {
		return device.Binding{}, fmt.Errorf("plan: %q is not among the outputs", field)
	}
	return f.output, nil
}

// Set writes an input field: [component][node][chain] for a state field,
// [component][node] for data, [component][chain] for a chain field. A field that
// the outputs do not depend on is accepted and ignored.
func (e *Executable) Set(field string, values []float64) error {
	f, ok := e.fields[field]
	if !ok {
		return fmt.Errorf("plan: the program has no input field %q", field)
	}
	if len(values) != f.size {
		return fmt.Errorf("plan: field %q needs %d numbers, has %d", field, f.size, len(values))
	}
	if f.input.Buffer == nil {
		return nil
	}
	if f.components > 0 {
		values = transpose(values, f.components)
	}
	return f.input.Buffer.WriteFloats(f.input.Offset, values)
}

// Get reads an output field into dst, in the layout of [Executable.Set].
func (e *Executable) Get(field string, dst []float64) error {
	from, err := e.Output(field)
	if err != nil {
		return err
	}
	if size := e.Size(field); len(dst) != size {
		return fmt.Errorf("plan: field %q has %d numbers, there is room for %d", field, size, len(dst))
	}
	if err := from.Buffer.ReadFloats(from.Offset, dst); err != nil {
		return err
	}
	if c := e.fields[field].components; c > 0 {
		copy(dst, transpose(dst, len(dst)/c))
	}
	return nil
}

// Size is the number of floats of an input or output field, for all nodes and
// chains; 0 for an unknown one.
func (e *Executable) Size(field string) int { return e.fields[field].size }

// SetPacked writes all packed inputs at once, [row][chain].
func (e *Executable) SetPacked(values []float64) error {
	if len(values) != e.packed[0].size {
		return fmt.Errorf("plan: the packed inputs need %d numbers, have %d", e.packed[0].size, len(values))
	}
	return e.packed[0].buffer.WriteFloats(0, values)
}

// GetPacked reads all packed outputs at once, [row][chain].
func (e *Executable) GetPacked(dst []float64) error {
	if len(dst) != e.packed[1].size {
		return fmt.Errorf("plan: the packed outputs have %d numbers, there is room for %d", e.packed[1].size, len(dst))
	}
	return e.packed[1].buffer.ReadFloats(0, dst)
}

// Run runs the program on what was set.
func (e *Executable) Run(ctx context.Context) error { return e.program.Run(ctx) }

// Close frees the buffers and the recording.
func (e *Executable) Close() error {
	var err error
	if e.program != nil {
		err = e.program.Close()
	}
	for _, b := range e.owned {
		err = errors.Join(err, b.Close())
	}
	return err
}
