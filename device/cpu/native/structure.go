package native

import "github.com/hxgpu/hxgpu/shaders"

// findStructure finds where regions end, which loop a break leaves, and until where
// each value is needed. A value that a loop uses but does not compute is needed until
// the loop ends, for it may go round again.
func (c *compiler) findStructure() {
	n := len(c.instructions)
	c.ends, c.elses, c.loopOf, c.last = make([]int, n), make([]int, n), make([]int, n), make([]int, n)
	var open, loops []int
	for v, i := range c.instructions {
		c.last[v] = -1
		c.loopOf[v] = -1
		switch i.Op {
		case shaders.OpIf, shaders.OpLoop:
			open = append(open, v)
			c.elses[v] = -1
			if i.Op == shaders.OpLoop {
				loops = append(loops, v)
			}
		case shaders.OpElse:
			c.elses[open[len(open)-1]] = v
			c.loopOf[v] = open[len(open)-1] // the OpIf
		case shaders.OpBreak:
			c.loopOf[v] = open[len(open)-1]
		case shaders.OpEnd:
			c.ends[open[len(open)-1]] = v
			c.loopOf[v] = open[len(open)-1]
			open = open[:len(open)-1]
		}
	}
	need := func(value shaders.Value, at int) {
		if value < 0 {
			return
		}
		for _, l := range loops { // those within others come later
			if l >= at {
				break
			}
			if at < c.ends[l] && int(value) < l {
				at = c.ends[l]
			}
		}
		c.last[value] = max(c.last[value], at)
	}
	for v, i := range c.instructions {
		need(i.A, v)
		need(i.B, v)
		need(i.C, v)
		switch i.Op {
		case shaders.OpIf, shaders.OpLoop: // the condition is asked again at the else, the count in every round
			need(i.A, c.ends[v])
			if i.Op == shaders.OpLoop {
				need(shaders.Value(v), c.ends[v])
			}
		}
	}
	// An integer that is another plus a constant needs the other.
	for v := n - 1; v >= 0; v-- {
		if c.instructions[v].Type == shaders.Int && c.integers != nil && c.last[v] >= 0 {
			if r := c.integers[v].root; r >= 0 && r < n && r != v {
				need(shaders.Value(r), c.last[v])
			}
		}
	}
	for v, i := range c.instructions {
		if i.Op == shaders.OpVariable {
			c.last[v] = n
		}
	}
}

// divides reports whether an instruction ends a straight piece of code.
func divides(op shaders.Op) bool {
	switch op {
	case shaders.OpIf, shaders.OpElse, shaders.OpLoop, shaders.OpEnd, shaders.OpBreak:
		return true
	}
	return false
}
