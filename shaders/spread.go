package shaders

import (
	"fmt"
	"slices"
)

// Spread is an array kernel written as group kernels, for devices whose lanes run
// in step: each lane of the array kernel becomes a group, whose lanes share out
// the elements of its arrays.
//
// Group g does what the array kernel does for item g/Chains and chain g%Chains,
// and keeps the arrays in a buffer of scratch, Size elements for each group from
// the setting [SettingBase] on. The first four buffers of every kernel are the
// scratch (Float), the Constants (Float), the Tables (Int) and the settings of a
// call (Int); those of the array kernel's own that it uses follow.
type Spread struct {
	Kernels   []SpreadKernel
	Calls     []SpreadCall // in order; each sees what those before it stored
	Size      int          // elements of scratch for each group
	Constants []float64
	Tables    []int32
}

// SpreadKernel is a group kernel that does a part of an array kernel.
type SpreadKernel struct {
	*Kernel
	Own []int // which of the array kernel's buffers follow the first four
}

// SpreadCall is one dispatch of one of the kernels, for all groups.
type SpreadCall struct {
	Kernel   int
	Settings []int32 // at most SpreadSettings; what stands at SettingBase is the caller's
}

// The settings of a call.
const (
	SettingBase    = 0  // the group whose scratch comes first
	SpreadSettings = 16 // the most settings that a call has

	settingSize  = 1 // Size, so that kernels that differ in nothing else are the same
	settingStart = 2 // the first step of a part of a loop
	settingCount = 3 // and how many there are
	settingOuter = 4 // the steps of the loops around, from the outermost on
)

// SpreadLimits are the limits of one group kernel. What is longer is cut into
// several calls.
type SpreadLimits struct {
	// Rounds is how many rounds of loops a lane may go through in one dispatch; 0
	// for no limit.
	Rounds int
	// Instructions is about how many instructions a kernel may have, for compilers
	// that are slow on long ones; 0 for no limit.
	Instructions int
}

// SpreadArrays writes an array kernel as group kernels of a number of lanes, a
// power of two.
func SpreadArrays(k *Kernel, lanes int, limits SpreadLimits) (*Spread, error) {
	if err := Verify(k); err != nil {
		return nil, err
	}
	switch {
	case k.Arrays == nil:
		return nil, fmt.Errorf("shaders: kernel %q is no array kernel", k.Name)
	case lanes < 1 || lanes&(lanes-1) != 0:
		return nil, fmt.Errorf("shaders: kernel %q: groups of %d lanes; a power of two is needed", k.Name, lanes)
	}
	c := spreadCutter{source: k, lanes: lanes, limits: limits, tables: newSpreadTables(),
		spread: &Spread{Size: k.Arrays.Size, Constants: k.Arrays.Constants}}
	if err := c.cut(k.Arrays.Instructions, nil); err != nil {
		return nil, err
	}
	c.finish()
	c.spread.Tables = c.tables.values
	return c.spread, nil
}

// spreadCutter cuts an array kernel where one dispatch cannot hold it.
type spreadCutter struct {
	source *Kernel
	lanes  int
	limits SpreadLimits
	tables *spreadTables
	spread *Spread

	pending []ArrayInstruction // of the kernel that is being gathered
	outer   []outerStep        // the loops around them
	cost    spreadCost         // of the pending instructions
}

// outerStep is a loop whose steps are calls of their own.
type outerStep struct {
	loop ArrayInstruction
	step int
}

// spreadCost is what a part of a kernel takes.
type spreadCost struct{ rounds, instructions int }

func (c spreadCost) add(d spreadCost) spreadCost {
	return spreadCost{c.rounds + d.rounds, c.instructions + d.instructions}
}

// within reports whether one dispatch can do it.
func (c spreadCost) within(l SpreadLimits) bool {
	return (l.Rounds == 0 || c.rounds <= l.Rounds) && (l.Instructions == 0 || c.instructions <= l.Instructions)
}

// cut gathers the instructions of a body into kernels.
func (c *spreadCutter) cut(body []ArrayInstruction, outer []outerStep) error {
	for n := 0; n < len(body); n++ {
		end := n + 1
		if body[n].Op == ArrayLoop {
			end = ArrayLoopEnd(body, n) + 1
		}
		part := body[n:end]
		cost := c.costOf(part, outer)
		if !c.cost.add(cost).within(c.limits) {
			c.finish()
		}
		switch {
		case c.limits.Rounds > 0 && cost.rounds > c.limits.Rounds && body[n].Op != ArrayLoop:
			return fmt.Errorf("shaders: kernel %q: one array instruction goes through %d rounds of loops; the device allows %d in a dispatch", c.source.Name, cost.rounds, c.limits.Rounds)
		case cost.within(c.limits) || body[n].Op != ArrayLoop:
			c.pending, c.outer, c.cost = append(c.pending, part...), outer, c.cost.add(cost)
		default:
			if err := c.cutLoop(part, outer); err != nil {
				return err
			}
		}
		n = end - 1
	}
	return nil
}

// cutLoop makes several calls of a loop that is too long for one: of some steps at
// a time, or of parts of each step.
func (c *spreadCutter) cutLoop(part []ArrayInstruction, outer []outerStep) error {
	loop, inner := part[0], part[1:len(part)-1]
	within := append(outer[:len(outer):len(outer)], outerStep{loop, loop.Step(0)})
	if each := c.costOf(inner, within).add(spreadCost{rounds: 1}); each.within(c.limits) {
		steps := loop.N
		if c.limits.Rounds > 0 {
			steps = c.limits.Rounds / each.rounds
		}
		kernel := c.build(part, outer, true)
		for first := 0; first < loop.N; first += steps {
			c.call(kernel, outer, loop.Step(first), min(steps, loop.N-first))
		}
		return nil
	}
	if settingOuter+len(within) > SpreadSettings {
		return fmt.Errorf("shaders: kernel %q: loops are nested too deeply", c.source.Name)
	}
	first := len(c.spread.Calls)
	if err := c.cut(inner, within); err != nil {
		return err
	}
	c.finish()
	made := c.spread.Calls[first:]
	for step := 1; step < loop.N; step++ {
		for _, call := range made {
			settings := slices.Clone(call.Settings)
			settings[settingOuter+len(outer)] = int32(loop.Step(step))
			c.spread.Calls = append(c.spread.Calls, SpreadCall{call.Kernel, settings})
		}
	}
	return nil
}

// finish makes a kernel and a call of what is gathered.
func (c *spreadCutter) finish() {
	if len(c.pending) == 0 {
		return
	}
	c.call(c.build(c.pending, c.outer, false), c.outer, 0, 0)
	c.pending, c.cost = nil, spreadCost{}
}

func (c *spreadCutter) call(kernel int, outer []outerStep, start, count int) {
	settings := []int32{0, int32(c.spread.Size), int32(start), int32(count)}
	for _, o := range outer {
		settings = append(settings, int32(o.step))
	}
	c.spread.Calls = append(c.spread.Calls, SpreadCall{kernel, settings})
}

// costOf is what instructions take.
func (c *spreadCutter) costOf(part []ArrayInstruction, outer []outerStep) spreadCost {
	if c.limits == (SpreadLimits{}) {
		return spreadCost{}
	}
	e := newSpreading(c.source, c.lanes, newSpreadTables(), outer)
	before := len(e.b.Kernel().Instructions)
	e.body(part)
	e.flush()
	return spreadCost{e.rounds, len(e.b.Kernel().Instructions) - before}
}

// build makes a kernel of instructions. If the first of them is a loop it may be
// run in parts.
func (c *spreadCutter) build(part []ArrayInstruction, outer []outerStep, inParts bool) int {
	e := newSpreading(c.source, c.lanes, c.tables, outer)
	e.inParts = inParts
	e.body(part)
	e.flush()
	c.spread.Kernels = append(c.spread.Kernels, SpreadKernel{e.b.Kernel(), e.own})
	return len(c.spread.Kernels) - 1
}

// spreadTables gathers the lists of integers that kernels read; equal ones stand
// once.
type spreadTables struct {
	values []int32
	known  map[string]int
}

func newSpreadTables() *spreadTables { return &spreadTables{known: map[string]int{}} }

// place is where a list stands.
func (t *spreadTables) place(list []int32) int {
	key := fmt.Sprint(list)
	at, ok := t.known[key]
	if !ok {
		at = len(t.values)
		t.known[key] = at
		t.values = append(t.values, list...)
	}
	return at
}
