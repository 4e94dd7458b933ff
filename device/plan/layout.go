package plan

import (
	"fmt"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/shaders"
	"github.com/hxgpu/hxgpu/tree"
)

// length is the number of floats of a variable for the whole tree and all chains.
func (c *compilation) length(id tree.VariableID) int {
	v := c.program.Variable(id)
	n := v.Shape.Size()
	switch {
	case c.partial[id]:
		n *= c.places[id]
	case v.Kind != tree.Chain:
		n *= c.topology.Size()
	}
	if v.Kind != tree.Data {
		n *= c.chains
	}
	return n
}

func (c *compilation) newBuffer(t shaders.Type, n int) (device.Buffer, error) {
	b, err := c.device.NewBuffer(t, n)
	if err != nil {
		return nil, err
	}
	c.execution.owned = append(c.execution.owned, ownBuffer{b, t})
	return b, nil
}

// variable is where a variable lives; it is given a buffer when first asked for.
func (c *compilation) variable(id tree.VariableID) (device.Binding, error) {
	if b, ok := c.buffers[id]; ok {
		return b, nil
	}
	n := c.length(id)
	buffer, err := c.newBuffer(shaders.Float, n)
	if err != nil {
		return device.Binding{}, fmt.Errorf("plan: %d floats for %q: %w", n, c.program.Variable(id).Name, err)
	}
	b := device.Binding{Buffer: buffer}
	c.buffers[id] = b
	return b, nil
}

// binding is what stands behind a kernel's formal buffer.
func (c *compilation) binding(b binding) (device.Binding, error) {
	if b.array == nil {
		return c.variable(b.variable)
	}
	if c.arrays[b.array] == nil {
		buffer, err := c.newBuffer(shaders.Int, len(b.array.values))
		if err != nil {
			return device.Binding{}, fmt.Errorf("plan: %d integers for %q: %w", len(b.array.values), b.array.name, err)
		}
		if err := buffer.WriteInts(0, b.array.values); err != nil {
			return device.Binding{}, err
		}
		c.arrays[b.array] = buffer
	}
	return device.Binding{Buffer: c.arrays[b.array]}, nil
}

// layout gives the packed fields their buffers, and names all inputs and outputs.
func (c *compilation) layout() error {
	inputs, outputs := map[string]tree.VariableID{}, map[string]tree.VariableID{}
	for id, v := range c.program.Variables() {
		if v.Input {
			inputs[v.Name] = tree.VariableID(id)
		}
	}
	for _, name := range c.options.outputs() {
		id, err := c.program.Current(name)
		if err != nil {
			return err
		}
		outputs[name] = id
	}
	for _, name := range c.options.PackInputs {
		if id, ok := inputs[name]; !ok || c.program.Variable(id).Kind == tree.Data {
			return fmt.Errorf("plan: %q is not a chain or state input", name)
		}
	}
	if err := c.pack(0, c.options.PackInputs, inputs); err != nil {
		return err
	}
	if err := c.pack(1, c.options.PackOutputs, outputs); err != nil {
		return err
	}
	fields := c.execution.fields
	for name, id := range inputs {
		f := c.fieldLayout(id)
		if _, packed := c.buffers[id]; packed || c.stored[id] {
			var err error
			if f.input, err = c.variable(id); err != nil {
				return err
			}
		} // else it is not used, and values are ignored
		fields[name] = f
	}
	for name, id := range outputs {
		f := c.fieldLayout(id)
		f.input = fields[name].input
		var err error
		if f.output, err = c.variable(id); err != nil {
			return err
		}
		fields[name] = f
	}
	return nil
}

func (c *compilation) fieldLayout(id tree.VariableID) fieldLayout {
	f := fieldLayout{size: c.length(id)}
	if c.byNode(id) {
		f.components = c.program.Variable(id).Shape.Size()
	}
	return f
}

// pack lays fields out one after another in one buffer.
func (c *compilation) pack(side int, names []string, ids map[string]tree.VariableID) error {
	if len(names) == 0 {
		return nil
	}
	total := 0
	for _, name := range names {
		total += c.length(ids[name])
	}
	buffer, err := c.newBuffer(shaders.Float, total)
	if err != nil {
		return err
	}
	c.execution.packed[side] = packing{buffer, total}
	offset := 0
	for _, name := range names {
		c.buffers[ids[name]] = device.Binding{Buffer: buffer, Offset: offset}
		offset += c.length(ids[name])
	}
	return nil
}
