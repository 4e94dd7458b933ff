package native

import (
	"github.com/hxgpu/hxgpu/device/cpu/amd64"
	"github.com/hxgpu/hxgpu/shaders"
)

// groupBases are general registers for what operands count from.
var groupBases = []amd64.Reg{amd64.R8, amd64.R9, amd64.R10, amd64.R11, amd64.R12, amd64.R15, amd64.RBX, amd64.RSI, amd64.RDX}

// counted is the register that counts elements in a loop over whole vectors.
const counted = amd64.RCX

// longestLine is how many instructions a group may have, over all its vectors, to be
// written without a loop.
const longestLine = 64

// write writes a group: in a loop over whole vectors, or vector by vector, and for
// what remains.
func (g *arrayGroup) write() {
	c := g.c
	g.kernel.Buffers = make([]shaders.Buffer, len(g.operands))
	expanded, err := shaders.Expand(&g.kernel, c.bits)
	if err != nil {
		c.Fail("%v", err)
		return
	}
	l := newArrayLine(c, expanded.Instructions, g.operands)
	vectors, rest := g.n/c.lanes, g.n%c.lanes
	written := vectors <= 1 || vectors*l.cost() <= longestLine
	l.findBases(!written)
	switch {
	case written:
		for v := range vectors {
			l.body(c.part(c.lanes), v*c.lanes, false)
		}
	default:
		top := c.NewLabel()
		c.MoveConstant(counted, 0)
		c.Bind(top)
		unrolled := 1
		for unrolled < 4 && vectors%(2*unrolled) == 0 && 2*unrolled*l.cost() <= longestLine {
			unrolled *= 2
		}
		for v := range unrolled {
			l.body(c.part(c.lanes), v*c.lanes, true)
		}
		c.DoConstant(amd64.Add, counted, int32(unrolled*c.lanes))
		c.DoConstant(amd64.Cmp, counted, int32(vectors*c.lanes))
		c.JumpIf(amd64.Less, top)
	}
	if rest > 0 {
		p := c.part(rest)
		c.cut(p)
		l.body(p, vectors*c.lanes, false)
	}
}

// findBases brings what the operands' addresses count from into registers.
func (l *arrayLine) findBases(loop bool) {
	next := 0
	bases := map[stepsKey]amd64.Reg{}
	take := func() amd64.Reg {
		next++
		if next > len(groupBases) {
			l.c.Fail("%w: an elementwise group has too many operands", ErrNoCode)
			return amd64.RAX
		}
		return groupBases[next-1]
	}
	for k := range l.operands {
		o := &l.operands[k]
		key := keyOfSteps(o.span)
		r, ok := bases[key]
		if !ok {
			if r = arrayFrame; len(o.span.Steps) > 0 {
				r = l.c.base(o.span, take())
			}
			bases[key] = r
		}
		o.base = r
		if loop && o.indices != nil {
			o.table = take()
			l.c.Address(o.table, l.c.int32Table(o.indices))
		}
	}
}

// element is the address of an operand's elements from one on.
func (l *arrayLine) element(k int, first int, loop bool) amd64.Mem {
	o := &l.operands[k]
	at := o.span.Offset
	if o.scalar {
		return amd64.At(o.base, at*l.c.size)
	}
	if loop {
		return amd64.Indexed(o.base, counted, uint8(l.c.size), (at+first)*l.c.size)
	}
	return amd64.At(o.base, (at+first)*l.c.size)
}

// gathered loads elements of an operand by their indices: at once where they follow
// each other.
func (l *arrayLine) gathered(k int, dst amd64.Reg) {
	c, o := l.c, &l.operands[k]
	if !l.loop {
		indices := o.indices[l.first : l.first+l.p.lanes]
		run := true
		for j, x := range indices {
			run = run && x == indices[0]+int32(j)
		}
		if run {
			c.load(l.p, dst, amd64.At(o.base, (o.span.Offset+int(indices[0]))*c.size))
			return
		}
	}
	index := l.free(vectors)
	m := c.int32Table(o.indices)
	if l.loop {
		m = amd64.Indexed(o.table, counted, 4, 4*l.first)
	} else {
		m.Constant += 4 * l.first
	}
	c.Vector(amd64.LoadInt, c.indexLength(l.p.length), all, index, amd64.NoReg, m)
	moment := amd64.Reg(0)
	if !c.Wide {
		moment = l.free(vectors)
	}
	c.gatherVector(l.p, dst, o.base, o.span.Offset*c.size, index, moment)
}
