package plan

import (
	"fmt"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/shaders"
	"github.com/hxgpu/hxgpu/tree"
)

// totalRun is how many values one lane adds; sums over more nodes take several
// stages, so that no lane has a long chain of additions and rounding errors
// grow slowly.
const totalRun = 128

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
}

// compilation is a program on its way to a recording.
type compilation struct {
	device    device.Device
	program   *tree.Program
	topology  *tree.Topology
	options   Options
	execution *Executable
	built     map[slabKind]*kernelBuilder // of the statement being recorded
	compiled  map[*kernelBuilder]device.Kernel
	// written holds the variables that the last stage stores.
	written map[tree.VariableID]bool
	stages  [][]device.Dispatch
}

// Compile binds a program to a device, a topology and a number of chains.
func Compile(dev device.Device, program *tree.Program, topology *tree.Topology, options Options) (*Executable, error) {
	if err := program.Err(); err != nil {
		return nil, err
	}
	if options.Chains < 1 {
		return nil, fmt.Errorf("plan: %d chains; there must be at least 1", options.Chains)
	}
	c := &compilation{device: dev, program: program.Clone(), topology: topology, options: options, compiled: map[*kernelBuilder]device.Kernel{}}
	c.execution = &Executable{device: dev, topology: topology, chains: options.Chains, fields: map[string]fieldLayout{}, buffers: map[tree.VariableID]device.Binding{}}
	outputs := map[tree.VariableID]bool{}
	for _, name := range append(append([]string(nil), options.Outputs...), options.PackOutputs...) {
		id, err := program.Current(name)
		if err != nil {
			return nil, err
		}
		outputs[id] = true
	}
	statements := prune(program.Statements(), outputs)
	statements = prune(hoist(c.program, statements), outputs)
	if err := c.run(statements); err != nil {
		c.execution.Close()
		return nil, err
	}
	return c.execution, nil
}

func (c *compilation) run(statements []tree.Statement) error {
	if err := c.layout(statements); err != nil {
		return err
	}
	for _, s := range statements {
		var err error
		c.built = map[slabKind]*kernelBuilder{}
		switch s.Kind {
		case tree.TotalStatement:
			err = c.total(s)
		case tree.ScalarStatement:
			err = c.dispatch(s, slabKind{root: true, degree: mixedDegree}, 0, 1)
		default:
			err = c.sweep(s)
		}
		if err != nil {
			return fmt.Errorf("plan: %s: %w", s.Name, err)
		}
	}
	recorded, err := c.device.Record(device.Recording{Name: "tree program", Stages: c.stages, ChainsIndependent: true})
	if err != nil {
		return err
	}
	c.execution.program = recorded
	c.execution.Cost = costOf(c.stages)
	return nil
}

// kind describes a run of nodes.
func (c *compilation) kind(first, end int) slabKind {
	counts := c.topology.ChildCount()
	kind := slabKind{root: first == 0 && end == 1, degree: int(counts[first])}
	for v := first + 1; v < end; v++ {
		if int(counts[v]) != kind.degree {
			kind.degree = mixedDegree
			break
		}
	}
	return kind
}

// sweep records a statement over all nodes, slab by slab where it has an order.
func (c *compilation) sweep(s tree.Statement) error {
	if s.Order == tree.AnyOrder {
		for _, r := range s.Reads {
			if r.Via == tree.RootFlag && c.topology.Size() > 1 {
				if err := c.dispatch(s, c.kind(0, 1), 0, 1); err != nil {
					return err
				}
				return c.dispatch(s, c.kind(1, c.topology.Size()), 1, c.topology.Size())
			}
		}
		return c.dispatch(s, c.kind(0, c.topology.Size()), 0, c.topology.Size())
	}
	levels := c.topology.Levels()
	for i := range levels {
		level := i
		if s.Order == tree.LeavesToRoot {
			level = levels - 1 - i
		}
		first, end := c.topology.Slab(level)
		if err := c.dispatch(s, c.kind(first, end), first, end); err != nil {
			return err
		}
	}
	return nil
}

// dispatch records a statement for a run of nodes.
func (c *compilation) dispatch(s tree.Statement, kind slabKind, first, end int) error {
	k, known := c.built[kind]
	if !known {
		var err error
		if k, err = buildSweep(c.program, s, c.topology.Size(), c.options.Chains, kind); err != nil {
			return err
		}
		c.built[kind] = k
	}
	if k == nil {
		return nil
	}
	return c.add(k, first, end-first)
}

// add records a kernel. It joins the last stage unless it reads what that stage
// stores. (Variables are stored once, so a dispatch never overwrites what
// another one of its stage reads.)
func (c *compilation) add(k *kernelBuilder, first, count int) error {
	kernel, ok := c.compiled[k]
	if !ok {
		var err error
		if kernel, err = c.device.Compile(k.Kernel()); err != nil {
			return err
		}
		c.compiled[k] = kernel
	}
	d := device.Dispatch{Kernel: kernel, First: first, Count: count, Bindings: make([]device.Binding, len(k.bindings))}
	depends := len(c.stages) == 0
	for i, b := range k.bindings {
		bound, err := c.binding(b)
		if err != nil {
			return err
		}
		d.Bindings[i] = bound
		reads := k.Kernel().Buffers[i].Access&shaders.Read != 0
		depends = depends || (reads && b.topology == noTopology && c.written[b.variable])
	}
	if depends {
		c.stages = append(c.stages, nil)
		c.written = map[tree.VariableID]bool{}
	}
	last := len(c.stages) - 1
	c.stages[last] = append(c.stages[last], d)
	for i, b := range k.bindings {
		if k.Kernel().Buffers[i].Access&shaders.Write != 0 {
			c.written[b.variable] = true
		}
	}
	return nil
}

// total records the sum of a variable over all nodes.
func (c *compilation) total(s tree.Statement) error {
	source, nodes := s.Source, c.topology.Size()
	for {
		target := s.Target
		runs := (nodes + totalRun - 1) / totalRun
		if runs > 1 {
			v := c.program.Variable(s.Source)
			target = c.program.NewVariable(tree.Variable{Name: v.Name + " partial", Kind: tree.State, Shape: v.Shape})
			if err := c.allocate(target, runs*c.options.Chains*v.Shape.Size()); err != nil {
				return err
			}
		}
		whole := nodes / totalRun
		if whole > 0 {
			if err := c.add(buildTotal(c.program, source, target, nodes, runs, c.options.Chains, 0, totalRun, 0), 0, whole); err != nil {
				return err
			}
		}
		if rest := nodes % totalRun; rest > 0 {
			k := buildTotal(c.program, source, target, nodes, runs, c.options.Chains, whole*totalRun, rest, whole)
			if err := c.add(k, 0, 1); err != nil {
				return err
			}
		}
		if runs == 1 {
			return nil
		}
		source, nodes = target, runs
	}
}

// costOf counts what a recording does.
func costOf(stages [][]device.Dispatch) Cost {
	cost := Cost{Stages: len(stages)}
	for _, stage := range stages {
		cost.Dispatches += len(stage)
		for _, d := range stage {
			lanes := d.Count * d.Kernel.Source().Chains
			for _, i := range d.Kernel.Source().Instructions {
				switch i.Op {
				case shaders.OpLoad, shaders.OpStore:
					cost.Accesses += lanes
				case shaders.OpSegmentReduce:
					cost.Accesses += 2 * lanes
					cost.Operations += 2 * lanes
				default:
					if i.Type == shaders.Float && i.Op != shaders.OpConst {
						cost.Operations += lanes
					}
				}
			}
		}
	}
	return cost
}
