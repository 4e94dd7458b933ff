package plan

import (
	"errors"
	"fmt"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/tree"
)

// Options say which fields of a program the caller wants.
type Options struct {
	Chains int
	// Outputs are the fields to read after a run; work that leads to none of
	// them is left out.
	Outputs []string
	// PackInputs and PackOutputs lay fields out one after another in one
	// buffer, [row][chain], so that a sampler's position and gradient are
	// vectors (see Executable.SetPacked).
	PackInputs, PackOutputs []string
	// Schedule says how the program is cut into dispatches.
	Schedule Schedule
}

// compilation is a program on its way to a recording.
type compilation struct {
	*planner
	device    device.Device
	info      device.Info
	options   Options
	execution *Executable
	outputs   map[tree.VariableID]bool
	buffers   map[tree.VariableID]device.Binding
	arrays    map[*intArray]device.Buffer
	kernels   map[string]*gridKernel // by the keys of a step's pieces
}

// Compile binds a program to a device, a topology and a number of chains.
func Compile(dev device.Device, program *tree.Program, topology *tree.Topology, options Options) (*Executable, error) {
	if err := program.Err(); err != nil {
		return nil, err
	}
	if options.Chains < 1 {
		return nil, fmt.Errorf("plan: %d chains; there must be at least 1", options.Chains)
	}
	if options.Schedule > Tree {
		return nil, fmt.Errorf("plan: there is no %v", options.Schedule)
	}
	outputs := map[tree.VariableID]bool{}
	for _, name := range options.outputs() {
		id, err := program.Current(name)
		if err != nil {
			return nil, err
		}
		outputs[id] = true
	}
	info := dev.Info()
	schedule := options.Schedule.choose(info, options.Chains, topology.Size(), widestSlab(topology))
	original := program
	program = program.Clone()
	c := &compilation{planner: newPlanner(program, topology, options.Chains, info.Fuses && schedule == Slab),
		device: dev, info: info, options: options, outputs: outputs, buffers: map[tree.VariableID]device.Binding{}, arrays: map[*intArray]device.Buffer{}, kernels: map[string]*gridKernel{}}
	c.execution = &Executable{Schedule: schedule, device: dev, fields: map[string]fieldLayout{}}
	if err := c.run(); err != nil {
		c.execution.Close()
		if options.Schedule == Auto && schedule == Tree && (errors.Is(err, errRounds) || errors.Is(err, errArrays)) {
			options.Schedule = Slab
			return Compile(dev, original, topology, options)
		}
		return nil, err
	}
	return c.execution, nil
}

// outputs names all fields that can be read after a run.
func (o Options) outputs() []string {
	return append(append([]string(nil), o.Outputs...), o.PackOutputs...)
}

func widestSlab(t *tree.Topology) int {
	widest := 1
	for l := range t.Levels() {
		first, end := t.Slab(l)
		widest = max(widest, end-first)
	}
	return widest
}

func (c *compilation) run() error {
	statements := prune(c.program.Statements(), c.outputs)
	statements = prune(foldConstants(c.topology.Size(), statements), c.outputs)
	statements = prune(hoist(c.program, statements), c.outputs)
	c.plan(statements, c.outputs)
	if c.execution.Schedule == Tree && c.hasArrays() {
		return errArrays
	}
	if err := c.layout(); err != nil {
		return err
	}
	if err := c.translate(); err != nil {
		return fmt.Errorf("plan: %w", err)
	}
	return c.execution.record()
}

// translate turns the steps into dispatches, and counts what they cost.
func (c *compilation) translate() error {
	cost := &c.execution.Cost
	for _, run := range c.runs() {
		if err := c.record(run); err != nil {
			return err
		}
	}
	cost.Stages = len(c.execution.stages)
	cost.Barriers += max(cost.Stages-1, 0)
	for _, stage := range c.execution.stages {
		cost.Dispatches += len(stage)
	}
	return nil
}

// record records a run of stages, in several dispatches if one would loop longer
// than the device allows.
func (c *compilation) record(run stageRun) error {
	if !run.fused {
		return c.separate(run)
	}
	shared, err := c.fuse(c.stages[run.first:run.end])
	if errors.Is(err, errRounds) && c.execution.Schedule == Slab {
		if run.end == run.first+1 {
			return c.separate(run)
		}
		middle := (run.first + run.end) / 2
		return errors.Join(c.record(stageRun{run.first, middle, true}), c.record(stageRun{middle, run.end, true}))
	}
	if err != nil {
		return err
	}
	for _, stage := range c.stages[run.first:run.end] {
		for _, s := range stage {
			if err := c.count(s, shared); err != nil {
				return err
			}
		}
	}
	return nil
}

// separate records every step of a run as a dispatch of its own.
func (c *compilation) separate(run stageRun) error {
	for _, stage := range c.stages[run.first:run.end] {
		var dispatches []device.Dispatch
		for _, s := range stage {
			d, err := c.dispatch(s)
			if err != nil {
				return err
			}
			dispatches = append(dispatches, d)
			if err := c.count(s, nil); err != nil {
				return err
			}
		}
		c.execution.stages = append(c.execution.stages, dispatches)
	}
	return nil
}

// dispatch is a step as a dispatch of its own.
func (c *compilation) dispatch(s *step) (device.Dispatch, error) {
	g, err := c.grid(s)
	if err != nil {
		return device.Dispatch{}, err
	}
	if g.compiled == nil {
		if g.compiled, err = c.device.Compile(g.kernel); err != nil {
			return device.Dispatch{}, err
		}
	}
	d := device.Dispatch{Kernel: g.compiled, First: s.first, Count: s.count}
	for _, b := range g.bindings {
		bound, err := c.binding(b)
		if err != nil {
			return device.Dispatch{}, err
		}
		d.Bindings = append(d.Bindings, bound)
	}
	return d, nil
}
