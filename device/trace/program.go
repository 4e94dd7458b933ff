package trace

import (
	"context"
	"fmt"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/shaders"
)

// Program is a recording that can be looked at.
type Program struct {
	Name string
	// Stages are the dispatches as they were recorded.
	Stages [][]Dispatch
	// Repeat is how often one run goes through the stages.
	Repeat int

	runs   int
	closed bool
}

// Dispatch is a recorded dispatch.
type Dispatch struct {
	Kernel       *shaders.Kernel
	First, Count int
	Bindings     []device.Binding
}

var _ device.Program = (*Program)(nil)

// Record checks the bindings of a recording and keeps it; the result is a
// [*Program].
func (d *Device) Record(r device.Recording) (device.Program, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	if r.Repeat < 0 {
		return nil, fmt.Errorf("trace: recording %q is to be repeated %d times", r.Name, r.Repeat)
	}
	p := &Program{Name: r.Name, Repeat: max(r.Repeat, 1)}
	for s, stage := range r.Stages {
		var kept []Dispatch
		for _, x := range stage {
			if err := d.checkDispatch(x); err != nil {
				return nil, fmt.Errorf("trace: recording %q, stage %d: %w", r.Name, s, err)
			}
			kept = append(kept, Dispatch{x.Kernel.Source(), x.First, x.Count, append([]device.Binding(nil), x.Bindings...)})
		}
		p.Stages = append(p.Stages, kept)
	}
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.programs = append(d.programs, p)
	return p, nil
}

func (d *Device) checkDispatch(x device.Dispatch) error {
	k, ok := x.Kernel.(*kernel)
	if !ok || k.owner != d {
		return fmt.Errorf("a kernel of another device")
	}
	name := k.source.Name
	if len(x.Bindings) != len(k.source.Buffers) {
		return fmt.Errorf("kernel %q has %d buffers, %d are bound", name, len(k.source.Buffers), len(x.Bindings))
	}
	if x.First < 0 || x.Count < 0 {
		return fmt.Errorf("kernel %q: items from %d, %d of them", name, x.First, x.Count)
	}
	for i, binding := range x.Bindings {
		formal := k.source.Buffers[i]
		b, ok := binding.Buffer.(*buffer)
		switch {
		case !ok || b.owner != d:
			return fmt.Errorf("kernel %q: buffer %q is of another device", name, formal.Name)
		case b.kind != formal.Type:
			return fmt.Errorf("kernel %q: buffer %q has the wrong element type", name, formal.Name)
		case b.closed:
			return fmt.Errorf("kernel %q: buffer %q is closed", name, formal.Name)
		case binding.Offset < 0 || binding.Offset > b.length:
			return fmt.Errorf("kernel %q: buffer %q of %d elements is bound from %d on", name, formal.Name, b.length, binding.Offset)
		}
	}
	return nil
}

// Dispatches is the number of dispatches of one time through the stages.
func (p *Program) Dispatches() int {
	n := 0
	for _, stage := range p.Stages {
		n += len(stage)
	}
	return n
}

// Runs is how often the program was run.
func (p *Program) Runs() int { return p.runs }

// Run counts.
func (p *Program) Run(ctx context.Context) error {
	if p.closed {
		return fmt.Errorf("trace: program %q is closed", p.Name)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	p.runs++
	return nil
}

// Close ends the use of the program.
func (p *Program) Close() error {
	p.closed = true
	return nil
}

// Reads names the buffers that the dispatch loads from, as the kernel calls them.
func (d Dispatch) Reads() []string { return d.named(shaders.Read) }

// Writes names the buffers that the dispatch stores to.
func (d Dispatch) Writes() []string { return d.named(shaders.Write) }

func (d Dispatch) named(access shaders.Access) []string {
	var names []string
	for _, b := range d.Kernel.Buffers {
		if b.Access&access != 0 {
			names = append(names, b.Name)
		}
	}
	return names
}
