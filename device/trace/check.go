package trace

import (
	"fmt"
	"sort"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/shaders"
)

// Report says what [Program.Check] has seen.
type Report struct {
	Accesses int // loads and stores of buffers, whose elements were all inside
	// Unknown is how many accesses depend on floats or on integers that kernels
	// compute, so that nothing is known of them.
	Unknown int
	// Needless lists the stages that touch nothing which a stage since the last
	// barrier has stored, and store nothing which it has touched: they need no
	// barrier before them.
	Needless []int
	// LongestSegment is the most elements that one lane reduces in one instruction.
	LongestSegment int
}

// many stands for several lanes.
const many = -1

// touched is who touched the elements of a buffer last: the stage, counted from
// 1, and the unit, a lane of a grid kernel or a group of a group kernel.
type touched struct {
	readStage, writeStage []int32
	readUnit, writeUnit   []int
}

// inspection is a walk through a recording.
type inspection struct {
	report   Report
	memory   map[*buffer]*touched
	stage    int32
	latest   int32 // the latest stage that the current one depends on
	unit     int
	dispatch Dispatch
	group    []access // of the current group
}

// Check walks all lanes of one time through the stages. It fails where an index
// is outside its buffer or shared array, where two lanes of a stage, or two lanes
// of a group with no barrier between them, touch the same element and one of them
// stores.
func (p *Program) Check() (Report, error) {
	c := &inspection{memory: map[*buffer]*touched{}}
	written := map[*buffer]bool{}
	for _, stage := range p.Stages {
		for _, d := range stage {
			for i, b := range d.Bindings {
				if d.Kernel.Buffers[i].Access&shaders.Write != 0 {
					written[b.Buffer.(*buffer)] = true
				}
			}
		}
	}
	barrier := int32(1) // stages from here on have no barrier between them
	for s, stage := range p.Stages {
		c.stage, c.latest = int32(s+1), 0
		for _, d := range stage {
			if err := c.walk(d, written); err != nil {
				return c.report, fmt.Errorf("%w (recording %q, stage %d)", err, p.Name, s)
			}
		}
		switch {
		case s == 0:
		case c.latest >= barrier:
			barrier = c.stage
		default:
			c.report.Needless = append(c.report.Needless, s)
		}
	}
	return c.report, nil
}

func (c *inspection) walk(d Dispatch, written map[*buffer]bool) error {
	c.dispatch = d
	w := newWalker(d, written, c.touch)
	if d.Kernel.Lanes > 0 {
		w.visit = func(a access) error {
			c.group = append(c.group, a)
			return nil
		}
	}
	defer func() {
		c.report.Unknown += w.unknown
		c.report.LongestSegment = max(c.report.LongestSegment, w.longest)
	}()
	for item := d.First; item < d.First+d.Count; item++ {
		if d.Kernel.Lanes > 0 {
			c.unit++
			for local := range d.Kernel.Lanes {
				if err := w.lane(item, 0, local); err != nil {
					return err
				}
			}
			if err := c.closeGroup(); err != nil {
				return err
			}
			continue
		}
		for chain := range d.Kernel.Chains {
			c.unit++
			if err := w.lane(item, chain, 0); err != nil {
				return err
			}
		}
	}
	return nil
}

// closeGroup looks for races between the lanes of a group, and passes on what the
// group as a whole has touched.
func (c *inspection) closeGroup() error {
	g := c.group
	sort.Slice(g, func(i, j int) bool {
		switch x, y := g[i], g[j]; {
		case x.array != y.array:
			return x.array < y.array
		case x.element != y.element:
			return x.element < y.element
		case x.epoch != y.epoch:
			return x.epoch < y.epoch
		case x.write != y.write:
			return x.write
		default:
			return x.lane < y.lane
		}
	})
	for first := 0; first < len(g); {
		end := first // stores come first, so that the first access tells whether there are any
		for end < len(g) && g[end].array == g[first].array && g[end].element == g[first].element && g[end].epoch == g[first].epoch {
			if g[first].write && g[end].lane != g[first].lane {
				return fmt.Errorf("trace: kernel %q: lanes %d and %d of a group touch element %d of %q with no barrier between, and one stores",
					c.dispatch.Kernel.Name, g[first].lane, g[end].lane, g[first].element, c.name(g[first].array))
			}
			end++
		}
		if g[first].array < len(c.dispatch.Kernel.Buffers) {
			for _, a := range g[first:end] {
				if err := c.touch(a); err != nil {
					return err
				}
			}
		}
		first = end
	}
	c.group = g[:0]
	return nil
}

func (c *inspection) name(array int) string {
	k := c.dispatch.Kernel
	if array < len(k.Buffers) {
		return k.Buffers[array].Name
	}
	return k.Shared[array-len(k.Buffers)].Name
}

func (c *inspection) of(b device.Binding) *touched {
	own := b.Buffer.(*buffer)
	t := c.memory[own]
	if t == nil {
		n := own.length
		t = &touched{make([]int32, n), make([]int32, n), make([]int, n), make([]int, n)}
		c.memory[own] = t
	}
	return t
}

// touch notes an access to a buffer by the current unit.
func (c *inspection) touch(a access) error {
	b := c.dispatch.Bindings[a.array]
	t, e := c.of(b), b.Offset+a.element
	c.report.Accesses++
	if t.writeStage[e] == c.stage && t.writeUnit[e] != c.unit {
		return c.conflict(a, "stores")
	}
	c.depend(t.writeStage[e])
	if !a.write {
		if t.readStage[e] == c.stage && t.readUnit[e] != c.unit {
			t.readUnit[e] = many
		} else {
			t.readStage[e], t.readUnit[e] = c.stage, c.unit
		}
		return nil
	}
	if t.readStage[e] == c.stage && t.readUnit[e] != c.unit {
		return c.conflict(a, "loads")
	}
	c.depend(t.readStage[e])
	t.writeStage[e], t.writeUnit[e] = c.stage, c.unit
	return nil
}

func (c *inspection) depend(stage int32) {
	if stage < c.stage {
		c.latest = max(c.latest, stage)
	}
}

func (c *inspection) conflict(a access, other string) error {
	what := "loads"
	if a.write {
		what = "stores"
	}
	return fmt.Errorf("trace: kernel %q %s element %d of %q, which another lane of its stage %s", c.dispatch.Kernel.Name, what, a.element, c.name(a.array), other)
}
