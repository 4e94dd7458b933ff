package plan

import (
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/shaders"
)

// Copy is another executable of the same program, topology and number of chains on the
// same device, with the same kernels and with buffers of its own, which hold what these
// hold. Both can run at once. Neither may run while the copy is made.
func (e *Executable) Copy() (*Executable, error) {
	c := &Executable{Cost: e.Cost, Schedule: e.Schedule, device: e.device, fields: map[string]fieldLayout{}}
	if err := c.copy(e); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func (e *Executable) copy(from *Executable) error {
	twins := map[device.Buffer]device.Buffer{nil: nil}
	for _, b := range from.owned {
		twin, err := e.device.NewBuffer(b.kind, b.Len())
		if err != nil {
			return err
		}
		e.owned = append(e.owned, ownBuffer{twin, b.kind})
		if twins[b.Buffer] = twin; b.Len() == 0 {
			continue
		}
		if err := copyBuffer(b, twin); err != nil {
			return err
		}
	}
	twin := func(b device.Binding) device.Binding {
		return device.Binding{Buffer: twins[b.Buffer], Offset: b.Offset}
	}
	for name, f := range from.fields {
		e.fields[name] = fieldLayout{twin(f.input), twin(f.output), f.size, f.components}
	}
	for side, p := range from.packed {
		e.packed[side] = packing{twins[p.buffer], p.size}
	}
	for _, stage := range from.stages {
		var dispatches []device.Dispatch
		for _, d := range stage {
			bindings := make([]device.Binding, len(d.Bindings))
			for i, b := range d.Bindings {
				bindings[i] = twin(b)
			}
			d.Bindings = bindings
			dispatches = append(dispatches, d)
		}
		e.stages = append(e.stages, dispatches)
	}
	return e.record()
}

// copyBuffer copies all elements.
func copyBuffer(from ownBuffer, to device.Buffer) error {
	if from.kind == shaders.Int {
		values := make([]int32, from.Len())
		if err := from.ReadInts(0, values); err != nil {
			return err
		}
		return to.WriteInts(0, values)
	}
	values := make([]float64, from.Len())
	if err := from.ReadFloats(0, values); err != nil {
		return err
	}
	return to.WriteFloats(0, values)
}

// record records the stages.
func (e *Executable) record() (err error) {
	e.program, err = e.device.Record(device.Recording{Name: "tree program", Stages: e.stages, ChainsIndependent: true})
	return err
}
