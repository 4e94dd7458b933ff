package plan

import (
	"context"
	"errors"
	"fmt"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/shaders"
	"github.com/hxgpu/hxgpu/tree"
)

// Cost counts the work of one run.
type Cost struct {
	Stages     int // barriers plus one
	Dispatches int
	Operations int // floating-point operations
	Accesses   int // floats loaded or stored
}

// Executable is a program bound to a device. It is not safe for concurrent use.
type Executable struct {
	Cost Cost

	device   device.Device
	topology *tree.Topology
	chains   int
	program  device.Program
	buffers  map[tree.VariableID]device.Binding
	fields   map[string]fieldLayout // inputs and outputs by name
	arrays   [4]device.Buffer       // by topologyArray
	packed   [2]packing             // inputs, outputs
	owned    []device.Buffer
}

// fieldLayout is where a named field lives, and how many floats it has.
type fieldLayout struct {
	input, output device.Binding
	size          int
}

type packing struct {
	buffer device.Buffer
	size   int
}

// length is the number of floats of a variable for the whole tree and all chains.
func (c *compilation) length(id tree.VariableID) int {
	v := c.program.Variable(id)
	n := v.Shape.Size()
	if v.Kind != tree.Chain {
		n *= c.topology.Size()
	}
	if v.Kind != tree.Data {
		n *= c.options.Chains
	}
	return n
}

func (c *compilation) newBuffer(t shaders.Type, n int) (device.Buffer, error) {
	b, err := c.device.NewBuffer(t, n)
	if err != nil {
		return nil, err
	}
	c.execution.owned = append(c.execution.owned, b)
	return b, nil
}

func (c *compilation) allocate(id tree.VariableID, n int) error {
	b, err := c.newBuffer(shaders.Float, n)
	if err != nil {
		return fmt.Errorf("plan: %d floats for %q: %w", n, c.program.Variable(id).Name, err)
	}
	c.execution.buffers[id] = device.Binding{Buffer: b}
	return nil
}

// layout allocates the packed fields and then every variable that is used.
func (c *compilation) layout(statements []tree.Statement) error {
	e := c.execution
	inputs := map[string]tree.VariableID{}
	for id, v := range c.program.Variables() {
		if v.Input {
			inputs[v.Name] = tree.VariableID(id)
		}
	}
	for side, names := range [][]string{c.options.PackInputs, c.options.PackOutputs} {
		if len(names) == 0 {
			continue
		}
		total := 0
		var ids []tree.VariableID
		for _, name := range names {
			id, ok := inputs[name]
			if side == 1 {
				var err error
				if id, err = c.program.Current(name); err != nil {
					return err
				}
			} else if !ok || c.program.Variable(id).Kind == tree.Data {
				return fmt.Errorf("plan: %q is not a chain or state input", name)
			}
			ids = append(ids, id)
			total += c.length(id)
		}
		buffer, err := c.newBuffer(shaders.Float, total)
		if err != nil {
			return err
		}
		e.packed[side] = packing{buffer, total}
		offset := 0
		for _, id := range ids {
			e.buffers[id] = device.Binding{Buffer: buffer, Offset: offset}
			offset += c.length(id)
		}
	}
	use := func(id tree.VariableID) error {
		if _, ok := e.buffers[id]; ok {
			return nil
		}
		return c.allocate(id, c.length(id))
	}
	for _, s := range statements {
		if s.Kind == tree.TotalStatement {
			if err := errors.Join(use(s.Source), use(s.Target)); err != nil {
				return err
			}
		}
		for _, r := range s.Reads {
			if isVariable(r) {
				if err := use(r.Variable); err != nil {
					return err
				}
			}
		}
		for _, w := range s.Writes {
			if err := use(w.Variable); err != nil {
				return err
			}
		}
	}
	// An output may be an input that no statement touches.
	outputs := map[string]tree.VariableID{}
	for _, name := range append(append([]string(nil), c.options.Outputs...), c.options.PackOutputs...) {
		id, err := c.program.Current(name)
		if err != nil {
			return err
		}
		if err := use(id); err != nil {
			return err
		}
		outputs[name] = id
	}
	for name, id := range inputs {
		if b, ok := e.buffers[id]; ok {
			e.fields[name] = fieldLayout{input: b, size: c.length(id)}
		} else {
			e.fields[name] = fieldLayout{size: c.length(id)} // not used: values are ignored
		}
	}
	for name, id := range outputs {
		f := e.fields[name]
		f.output, f.size = e.buffers[id], c.length(id)
		e.fields[name] = f
	}
	return nil
}

func (c *compilation) binding(b binding) (device.Binding, error) {
	if b.topology == noTopology {
		return c.execution.buffers[b.variable], nil
	}
	if c.execution.arrays[b.topology] == nil {
		values := [...][]int32{nil, c.topology.Parents(), c.topology.FirstChild(), c.topology.ChildCount()}[b.topology]
		buffer, err := c.newBuffer(shaders.Int, len(values))
		if err != nil {
			return device.Binding{}, err
		}
		if err := buffer.WriteInts(0, values); err != nil {
			return device.Binding{}, err
		}
		c.execution.arrays[b.topology] = buffer
	}
	return device.Binding{Buffer: c.execution.arrays[b.topology]}, nil
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
	return f.input.Buffer.WriteFloats(f.input.Offset, values)
}

// Get reads an output field into dst, in the layout of [Executable.Set].
func (e *Executable) Get(field string, dst []float64) error {
	f, ok := e.fields[field]
	if !ok || f.output.Buffer == nil {
		return fmt.Errorf("plan: %q is not among the outputs", field)
	}
	if len(dst) != f.size {
		return fmt.Errorf("plan: field %q has %d numbers, there is room for %d", field, f.size, len(dst))
	}
	return f.output.Buffer.ReadFloats(f.output.Offset, dst)
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
