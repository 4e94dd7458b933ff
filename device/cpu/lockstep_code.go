package cpu

import (
	"fmt"

	"github.com/hxgpu/hxgpu/shaders"
)

// lockstepCode is a structured kernel compiled for lanes that run in step: every
// operation works on all lanes of a block under a mask that says which of them
// are active. A block is a group of a group kernel, or a run of consecutive lanes
// of a grid.
type lockstepCode struct {
	kernel     *shaders.Kernel
	operations []lockstepOperation
	constants  []lockstepOperation // what the registers hold that never change
	registers  [4]int              // by shaders.Type
	depth      int                 // regions within each other, at most
	lanes      int                 // of a block
	work       int                 // operations per lane, for sharing out
}

// lockstepOperation is one operation on registers. Registers of each type count
// on their own.
type lockstepOperation struct {
	op           shaders.Op
	reduce       shaders.Reduction
	kind         shaders.Type // of variables
	dst, a, b, c int
	buffer       int
	stride       int
	float        float64
	integer      int32
	depth        int // of the region that the operation stands in
	jump         int // where a region goes on when none of its lanes is active
}

// gridBlock is the number of lanes of a block of a structured grid kernel.
const gridBlock = 128

// needsLockstep reports whether a kernel has operations that the block engine has
// no code for.
func needsLockstep(k *shaders.Kernel) bool {
	if k.Structured() {
		return true
	}
	for _, i := range k.Instructions {
		switch op := i.Op; {
		case op >= shaders.OpSubInt && op <= shaders.OpSelectInt && op != shaders.OpMulInt, op == shaders.OpFloatToInt,
			op == shaders.OpExponent, op == shaders.OpPowerOfTwo, op == shaders.OpStoreInt:
			return true
		}
	}
	return false
}

type lockstepCompiler struct {
	kernel  *shaders.Kernel
	out     *lockstepCode
	last    []int // the instruction until which a value is needed
	place   []int // its register
	alias   []bool
	pinned  []bool
	free    [4][]int
	expires map[int][]int // values by the instruction after which they are free
	open    []lockstepRegion
}

type lockstepRegion struct {
	operation int // of the OpIf or OpElse to patch, or the OpLoop
	loop      bool
	breaks    []int // of the loop, to patch
}

func compileLockstep(k *shaders.Kernel) *lockstepCode {
	n := len(k.Instructions)
	c := &lockstepCompiler{kernel: k, out: &lockstepCode{kernel: k, lanes: k.Lanes}, last: make([]int, n), place: make([]int, n),
		alias: make([]bool, n), pinned: make([]bool, n), expires: map[int][]int{}}
	if k.Lanes == 0 {
		c.out.lanes = gridBlock
	}
	c.lifetimes()
	c.aliases()
	for v, last := range c.last {
		if last >= 0 && !c.alias[v] && !c.pinned[v] {
			c.expires[last] = append(c.expires[last], v)
		}
	}
	for v := range k.Instructions {
		c.instruction(v)
	}
	c.out.work = len(c.out.operations)
	return c.out
}

// lifetimes finds until where each value is needed. A value that a loop uses but
// does not compute is needed until the loop ends, for it may go round again.
func (c *lockstepCompiler) lifetimes() {
	instructions := c.kernel.Instructions
	end := make([]int, len(instructions)) // of the region that an instruction opens
	type span struct{ first, end int }
	var loops []span // those within others come first
	var open []int
	for v, i := range instructions {
		c.last[v] = -1
		switch i.Op {
		case shaders.OpIf, shaders.OpLoop:
			open = append(open, v)
		case shaders.OpEnd:
			first := open[len(open)-1]
			open = open[:len(open)-1]
			end[first] = v
			if instructions[first].Op == shaders.OpLoop {
				loops = append(loops, span{first, v})
			}
		}
	}
	need := func(value shaders.Value, at int) {
		if value < 0 {
			return
		}
		for _, l := range loops {
			if l.first < at && at < l.end && int(value) < l.first {
				at = max(at, l.end)
			}
		}
		c.last[value] = max(c.last[value], at)
	}
	for v, i := range instructions {
		for _, operand := range [...]shaders.Value{i.A, i.B, i.C} {
			need(operand, v)
		}
		switch i.Op {
		case shaders.OpIf, shaders.OpLoop: // the condition is asked again at the else, the count in every round
			need(i.A, end[v])
			if i.Op == shaders.OpLoop {
				need(shaders.Value(v), end[v])
			}
		case shaders.OpVariable, shaders.OpConst, shaders.OpConstInt, shaders.OpItem, shaders.OpChain, shaders.OpLocal:
			c.pinned[v] = true
		}
	}
}

// aliases finds reads of variables that can do without a copy: nothing sets the
// variable as long as the value is needed.
func (c *lockstepCompiler) aliases() {
	for v, i := range c.kernel.Instructions {
		if i.Op != shaders.OpGet || c.last[v] < 0 {
			continue
		}
		c.alias[v] = true
		for k := v + 1; k < c.last[v]; k++ {
			if other := c.kernel.Instructions[k]; other.Op == shaders.OpSet && other.A == i.A {
				c.alias[v] = false
				break
			}
		}
	}
}

func (c *lockstepCompiler) register(t shaders.Type) int {
	if n := len(c.free[t]); n > 0 {
		r := c.free[t][n-1]
		c.free[t] = c.free[t][:n-1]
		return r
	}
	c.out.registers[t]++
	return c.out.registers[t] - 1
}

// fresh is a register that no other value ever has.
func (c *lockstepCompiler) fresh(t shaders.Type) int {
	c.out.registers[t]++
	return c.out.registers[t] - 1
}

// release frees the registers of values that are not needed after instruction v.
func (c *lockstepCompiler) release(v int) {
	for _, value := range c.expires[v] {
		t := c.kernel.Instructions[value].Type
		c.free[t] = append(c.free[t], c.place[value])
	}
}

func (c *lockstepCompiler) instruction(v int) {
	i := c.kernel.Instructions[v]
	o := lockstepOperation{op: i.Op, reduce: i.Reduction, buffer: i.Buffer, stride: i.Int, float: i.Float, integer: int32(i.Int), depth: len(c.open)}
	at := func(x shaders.Value) int {
		if x < 0 {
			return -1
		}
		return c.place[x]
	}
	o.a, o.b, o.c = at(i.A), at(i.B), at(i.C)
	here := len(c.out.operations)
	switch i.Op {
	case shaders.OpIf, shaders.OpLoop:
		if i.Op == shaders.OpLoop {
			o.dst = c.register(shaders.Int)
			c.place[v] = o.dst
		}
		c.open = append(c.open, lockstepRegion{operation: here, loop: i.Op == shaders.OpLoop})
		c.out.depth = max(c.out.depth, len(c.open))
	case shaders.OpBreak:
		last := &c.open[len(c.open)-1]
		last.breaks = append(last.breaks, here)
	case shaders.OpElse:
		last := &c.open[len(c.open)-1]
		o.depth--
		o.a = c.out.operations[last.operation].a
		c.out.operations[last.operation].jump = here // where an OpElse asks again
		last.operation = here
	case shaders.OpEnd:
		last := c.open[len(c.open)-1]
		c.open = c.open[:len(c.open)-1]
		if !last.loop { // nothing to do at the end of a branch
			c.out.operations[last.operation].jump = here
			c.release(v)
			return
		}
		for _, leaver := range append(last.breaks, last.operation) {
			c.out.operations[leaver].jump = here + 1
		}
		o.depth--
		o.jump = last.operation
		o.dst, o.a = c.out.operations[last.operation].dst, c.out.operations[last.operation].a
	case shaders.OpVariable:
		c.place[v] = c.fresh(i.Type)
		o.dst, o.kind = c.place[v], i.Type
	case shaders.OpSet:
		o.kind = c.kernel.Instructions[i.A].Type
		if o.a == o.b {
			c.release(v)
			return
		}
	case shaders.OpGet:
		if c.last[v] < 0 {
			return
		}
		if c.alias[v] {
			c.place[v] = o.a
			return
		}
		c.place[v] = c.register(i.Type)
		o.dst, o.kind = c.place[v], i.Type
	case shaders.OpConst, shaders.OpConstInt, shaders.OpItem, shaders.OpChain, shaders.OpLocal:
		if c.last[v] >= 0 {
			c.place[v] = c.fresh(i.Type)
			o.dst = c.place[v]
			c.out.constants = append(c.out.constants, o)
		}
		return
	default:
		if i.Type != shaders.None && c.last[v] < 0 {
			c.release(v)
			return // nobody needs it
		}
		c.release(v) // the result may take the place of an operand
		if i.Type != shaders.None {
			c.place[v] = c.register(i.Type)
			o.dst = c.place[v]
		}
		c.out.operations = append(c.out.operations, o)
		return
	}
	c.out.operations = append(c.out.operations, o)
	c.release(v)
}

// checkLimits finds kernels whose groups are too large.
func checkLimits(k *shaders.Kernel, lanes, sharedBytes, elementBytes int) error {
	if k.Lanes > lanes {
		return fmt.Errorf("cpu: kernel %q has groups of %d lanes; at most %d run together", k.Name, k.Lanes, lanes)
	}
	bytes := 0
	for _, s := range k.Shared {
		bytes += s.Size * elementBytes
	}
	if bytes > sharedBytes {
		return fmt.Errorf("cpu: kernel %q shares %d bytes in a group; there are at most %d", k.Name, bytes, sharedBytes)
	}
	return nil
}
