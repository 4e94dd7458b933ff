package native

import "github.com/hxgpu/hxgpu/shaders"

// integer is what is known of an Int value for the lanes of a vector: the value of
// root (of the kernel, or one of the counters of the grid) plus offset, plus the
// lane's number in the vector if it counts. In a vector of rows (see [compiler.rows]) the
// root may have a value for each item, and the lane's chain may be added. A varying
// integer differs between lanes in no such way, and stands in a vector register.
type integer struct {
	varying bool
	counts  bool
	byItem  bool
	byChain bool
	root    int // a value, or noRoot
	offset  int
}

const noRoot = -1

func constant(x int) integer { return integer{root: noRoot, offset: int(int32(x))} }

func (x integer) isConstant() bool { return x.uniform() && x.root == noRoot }

// uniform reports whether all lanes have the same value.
func (x integer) uniform() bool { return !x.varying && !x.counts && !x.byItem && !x.byChain }

// plus is the sum of two integers, for the value v.
func (x integer) plus(y integer, v int) integer {
	switch {
	case x.varying || y.varying,
		x.counts && !y.uniform() || y.counts && !x.uniform(),
		x.byChain && y.byChain:
		return integer{varying: true}
	}
	sum := integer{counts: x.counts || y.counts, byItem: x.byItem || y.byItem, byChain: x.byChain || y.byChain, root: v}
	switch {
	case y.root == noRoot:
		sum.root, sum.offset = x.root, int(int32(x.offset+y.offset))
	case x.root == noRoot:
		sum.root, sum.offset = y.root, int(int32(x.offset+y.offset))
	}
	return sum
}

// shapes finds the integers and the truth values of a kernel that are the same for
// all lanes of a vector. What a variable holds is assumed to be the same until
// something speaks against it.
func (c *compiler) findShapes() {
	n := len(c.instructions)
	c.integers = make([]integer, n)
	c.uniformTruth = make([]bool, n)
	c.narrowed = make([]bool, n)
	varies := make([]bool, n) // of variables
	for {
		again := false
		c.walkShapes(varies)
		for v, i := range c.instructions {
			if i.Op != shaders.OpSet || varies[i.A] {
				continue
			}
			if c.narrowed[v] || !c.isUniform(i.B) {
				varies[i.A], again = true, true
			}
		}
		for v, i := range c.instructions {
			if i.Op == shaders.OpVariable && !varies[v] && !c.isUniform(i.A) {
				varies[v], again = true, true
			}
		}
		if !again {
			return
		}
	}
}

// isUniform reports whether a value is the same for all lanes. Floats are not asked:
// they stand in vectors anyway.
func (c *compiler) isUniform(v shaders.Value) bool {
	switch c.instructions[v].Type {
	case shaders.Int:
		return c.integers[v].uniform()
	case shaders.Bool:
		return c.uniformTruth[v]
	}
	return false
}

// walkShapes goes through the kernel once. A region is narrow if not all lanes of a
// vector need be active in it.
func (c *compiler) walkShapes(varies []bool) {
	type region struct {
		op       shaders.Op
		narrowed bool
		varying  bool // of a branch: its condition
	}
	open := []region{{narrowed: c.tail}}
	c.multiples = map[multiple]int{}
	for v, i := range c.instructions {
		top := &open[len(open)-1]
		c.narrowed[v] = top.narrowed
		switch i.Op {
		case shaders.OpIf:
			varying := !c.uniformTruth[i.A]
			open = append(open, region{i.Op, top.narrowed || varying, varying})
		case shaders.OpElse:
		case shaders.OpLoop:
			varying := !c.integers[i.A].uniform() || c.breaksVary(v)
			open = append(open, region{i.Op, top.narrowed || varying, varying})
			c.integers[v] = integer{root: v}
		case shaders.OpEnd:
			open = open[:len(open)-1]
		default:
			switch i.Type {
			case shaders.Int:
				c.integers[v] = c.integerShape(v, i, varies)
			case shaders.Bool:
				c.uniformTruth[v] = c.truthShape(v, i, varies)
			}
		}
	}
}

// breaksVary reports whether some lanes can leave a loop before others.
func (c *compiler) breaksVary(loop int) bool {
	for v := loop + 1; v < c.ends[loop]; v++ {
		if c.instructions[v].Op == shaders.OpBreak && c.loopOf[v] == loop && !c.uniformTruth[c.instructions[v].A] {
			return true
		}
	}
	return false
}

func (c *compiler) truthShape(v int, i shaders.Instruction, varies []bool) bool {
	switch i.Op {
	case shaders.OpLessInt, shaders.OpEqualInt:
		return c.integers[i.A].uniform() && c.integers[i.B].uniform()
	case shaders.OpAnd, shaders.OpOr:
		return c.uniformTruth[i.A] && c.uniformTruth[i.B]
	case shaders.OpNot:
		return c.uniformTruth[i.A]
	case shaders.OpGet:
		return !varies[i.A]
	case shaders.OpVariable:
		return !varies[v]
	}
	return false
}

func (c *compiler) integerShape(v int, i shaders.Instruction, varies []bool) integer {
	own := integer{root: v} // a value of its own, in a general register
	if c.forms != nil {
		if f := c.forms[v]; f.Loaded == shaders.NoValue && f.Items == c.chains && f.Chains == 1 && c.byLane {
			return integer{counts: true, root: c.roots.lane, offset: f.Constant}
		}
	}
	var a, b integer
	if i.A >= 0 && c.instructions[i.A].Type == shaders.Int {
		a = c.integers[i.A]
	}
	if i.B >= 0 && c.instructions[i.B].Type == shaders.Int {
		b = c.integers[i.B]
	}
	switch i.Op {
	case shaders.OpConstInt:
		return constant(i.Int)
	case shaders.OpItem:
		switch {
		case c.group:
			return integer{root: c.roots.item}
		case !c.packed:
			return integer{root: c.roots.item}
		case c.chains == 1:
			return integer{counts: true, root: c.roots.lane}
		case c.rows():
			return integer{byItem: true, root: c.roots.item}
		}
		return integer{varying: true}
	case shaders.OpChain:
		switch {
		case c.chains == 1:
			return constant(0)
		case !c.packed && !c.group:
			return integer{counts: true, root: c.roots.chain}
		case c.rows():
			return integer{byChain: true, root: noRoot}
		}
		return integer{varying: true}
	case shaders.OpLocal:
		return integer{counts: true, root: c.roots.local}
	case shaders.OpVariable:
		if varies[v] {
			return integer{varying: true}
		}
		return own
	case shaders.OpGet:
		if varies[i.A] {
			return integer{varying: true}
		}
		return own
	case shaders.OpLoadInt:
		if a.uniform() {
			return own
		}
		if a.byItem && !a.byChain {
			return integer{byItem: true, root: v}
		}
		return integer{varying: true}
	case shaders.OpAddInt:
		return a.plus(b, v)
	case shaders.OpSubInt:
		switch {
		case b.varying || b.counts || b.byChain:
			return integer{varying: true}
		case b.root == noRoot:
			b.offset = -b.offset
			return a.plus(b, v)
		}
		a.root, a.offset = v, 0 // not that of b
		return a.plus(b, v)
	case shaders.OpMulInt:
		switch {
		case a.isConstant() && a.offset == 1 && !b.varying:
			return b
		case b.isConstant() && b.offset == 1 && !a.varying:
			return a
		case a.uniform() && b.uniform():
			return own
		case a.uniform() && b.rowOnly():
			return c.multiple(v, b, a)
		case b.uniform() && a.rowOnly():
			return c.multiple(v, a, b)
		}
		return integer{varying: true}
	case shaders.OpSelectInt:
		c1 := c.integers[i.C]
		if c.uniformTruth[i.A] && b.uniform() && c1.uniform() {
			return own
		}
		return integer{varying: true}
	case shaders.OpBitCountInt:
		if a.uniform() {
			return own
		}
		return integer{varying: true}
	case shaders.OpFloatToInt, shaders.OpExponent:
		return integer{varying: true}
	}
	if a.uniform() && b.uniform() {
		return own
	}
	return integer{varying: true}
}
