package native

import (
	"math"

	"github.com/hxgpu/hxgpu/device/cpu/amd64"
	"github.com/hxgpu/hxgpu/shaders"
)

// arrayLine writes straight-line code for a vector of elements. Values stand in vector
// registers and truth values in masks (with AVX2 in vector registers too); a value for
// which there is no register any more waits in the frame.
type arrayLine struct {
	c            *arrayCompiler
	instructions []shaders.Instruction
	operands     []arrayOperand
	uses         [][]int32
	dead         []bool // nobody needs it

	// Of the body that is being written:
	p      arrayPart
	first  int  // element
	loop   bool // counted from the loop's counter
	at     int  // instruction
	values []lineValue
	held   [2][]lineRegister // by class: vectors, masks
	spills []bool            // places in use
}

// mostSpills is how many values can wait in the frame.
const mostSpills = 64

// lineValue is where a value is.
type lineValue struct {
	reg   int // index into held, or -1
	spill int // place, or -1
	next  int // index into uses
}

type lineRegister struct {
	name   amd64.Reg
	value  int // or -1
	locked bool
}

func newArrayLine(c *arrayCompiler, instructions []shaders.Instruction, operands []arrayOperand) *arrayLine {
	l := &arrayLine{c: c, instructions: instructions, operands: operands, uses: make([][]int32, len(instructions)), dead: make([]bool, len(instructions))}
	for v := len(instructions) - 1; v >= 0; v-- {
		i := instructions[v]
		l.dead[v] = i.Op != shaders.OpStore && len(l.uses[v]) == 0
		if l.dead[v] {
			continue
		}
		for _, x := range [...]shaders.Value{i.A, i.B, i.C} {
			if x >= 0 {
				l.uses[x] = append(l.uses[x], int32(v))
			}
		}
	}
	for _, u := range l.uses { // they were found from the last to the first
		for i, j := 0, len(u)-1; i < j; i, j = i+1, j-1 {
			u[i], u[j] = u[j], u[i]
		}
	}
	return l
}

// cost is about how many machine instructions a vector needs.
func (l *arrayLine) cost() int {
	n := 0
	for v, i := range l.instructions {
		switch {
		case l.dead[v], i.Op == shaders.OpItem, i.Op == shaders.OpConst, i.Op == shaders.OpConstInt:
		case i.Op == shaders.OpLoad && l.operands[i.Buffer].indices != nil:
			n += 4
		default:
			n++
		}
	}
	return max(n, 1)
}

// body writes the code for one part, whose first element is given.
func (l *arrayLine) body(p arrayPart, first int, loop bool) {
	l.p, l.first, l.loop = p, first, loop
	l.values = make([]lineValue, len(l.instructions))
	for v := range l.values {
		l.values[v] = lineValue{reg: -1, spill: -1}
	}
	l.held = [2][]lineRegister{}
	last := amd64.Reg(31)
	if !l.c.Wide {
		last = cutVector - 1
	}
	for r := amd64.Reg(0); r <= last; r++ {
		l.held[vectors] = append(l.held[vectors], lineRegister{name: r, value: -1})
	}
	for r := cutMask + 1; r < 7; r++ { // 7 is for gathers
		l.held[1] = append(l.held[1], lineRegister{name: r, value: -1})
	}
	l.spills = make([]bool, mostSpills)
	for v, i := range l.instructions {
		if l.dead[v] || i.Op == shaders.OpItem {
			continue
		}
		l.at = v
		l.instruction(v, i)
		l.release(v, i)
	}
}

// class is that of the register that a value stands in: 0 of vectors, 1 of masks.
func (l *arrayLine) class(v int) int {
	if l.instructions[v].Type == shaders.Bool && l.c.Wide {
		return 1
	}
	return 0
}

// nextUse is when a value is needed next.
func (l *arrayLine) nextUse(v int) int {
	x := &l.values[v]
	for x.next < len(l.uses[v]) && int(l.uses[v][x.next]) < l.at {
		x.next++
	}
	if x.next < len(l.uses[v]) {
		return int(l.uses[v][x.next])
	}
	return math.MaxInt
}

// lastUse reports whether the instruction that is being written is the last to need a
// value.
func (l *arrayLine) lastUse(v int) bool { return int(l.uses[v][len(l.uses[v])-1]) <= l.at }

// take gives out a register of a class; if there is none, that of the value that is
// needed last.
func (l *arrayLine) take(class int) int {
	best, far := -1, -1
	for r := range l.held[class] {
		h := &l.held[class][r]
		if h.locked {
			continue
		}
		if h.value < 0 {
			best = r
			break
		}
		if next := l.nextUse(h.value); next > far {
			best, far = r, next
		}
	}
	if best < 0 {
		l.c.Fail("%w: an elementwise instruction needs too many registers", ErrNoCode)
		return 0
	}
	h := &l.held[class][best]
	if h.value >= 0 {
		l.spill(h.value)
	}
	h.value, h.locked = -1, true
	return best
}

// spill sets a value aside, unless it can be had again.
func (l *arrayLine) spill(v int) {
	x := &l.values[v]
	if x.spill < 0 && !l.inMemory(v) && l.nextUse(v) < math.MaxInt {
		for p, used := range l.spills {
			if !used {
				x.spill, l.spills[p] = p, true
				break
			}
		}
		if x.spill < 0 {
			l.c.Fail("%w: an elementwise group has too many values", ErrNoCode)
			return
		}
		name := l.held[l.class(v)][x.reg].name
		if l.class(v) == 1 {
			l.c.MaskStore(l.c.lanes, l.place(x.spill), name)
		} else {
			l.c.Vector(l.c.f.Store, l.c.whole, all, name, amd64.NoReg, l.place(x.spill))
		}
	}
	x.reg = -1
}

func (l *arrayLine) place(spill int) amd64.Mem {
	return amd64.At(arrayFrame, l.c.spills+spill*lineBytes)
}

// inMemory reports whether a value is a constant or a scalar.
func (l *arrayLine) inMemory(v int) bool {
	switch i := l.instructions[v]; i.Op {
	case shaders.OpConst, shaders.OpConstInt:
		return true
	case shaders.OpLoad:
		return l.operands[i.Buffer].scalar
	}
	return false
}

// define gives a value a register to be computed in.
func (l *arrayLine) define(v int) amd64.Reg {
	class := l.class(v)
	r := l.take(class)
	l.values[v].reg = r
	l.held[class][r].value = v
	return l.held[class][r].name
}

// free is a register for the moment.
func (l *arrayLine) free(k class) amd64.Reg { return l.held[k][l.take(int(k))].name }

// register brings a value into a register, where it stays for this instruction.
func (l *arrayLine) register(value shaders.Value) amd64.Reg {
	v := int(value)
	x, class := &l.values[v], l.class(v)
	if x.reg >= 0 {
		l.held[class][x.reg].locked = true
		return l.held[class][x.reg].name
	}
	name := l.define(v)
	c := l.c
	switch i := l.instructions[v]; {
	case x.spill >= 0 && class == 1:
		c.MaskLoad(c.lanes, name, l.place(x.spill))
	case x.spill >= 0:
		c.Vector(c.f.Load, c.whole, all, name, amd64.NoReg, l.place(x.spill))
	case i.Op == shaders.OpConst:
		c.broadcast(name, c.floatConstant(i.Float))
	case i.Op == shaders.OpConstInt:
		c.Vector(amd64.BroadcastInt, c.whole, all, name, amd64.NoReg, c.Int32(int32(i.Int)))
	case i.Op == shaders.OpLoad:
		c.broadcast(name, l.element(i.Buffer, 0, false))
	}
	return name
}

// source is an operand that may stand in memory.
func (l *arrayLine) source(value shaders.Value) any {
	v := int(value)
	x := &l.values[v]
	if x.reg < 0 && x.spill < 0 {
		switch i := l.instructions[v]; i.Op {
		case shaders.OpConst:
			return l.c.bitsConstant(l.c.floatBits(i.Float))
		case shaders.OpConstInt:
			return l.c.intConstant(int32(i.Int))
		case shaders.OpLoad:
			if l.c.Wide && l.operands[i.Buffer].scalar {
				return toAll(l.element(i.Buffer, 0, false))
			}
		}
	}
	if x.reg < 0 && x.spill >= 0 && l.class(v) == 0 && l.lastUse(v) {
		return l.place(x.spill)
	}
	return l.register(value)
}

// release frees what is not needed any more after an instruction.
func (l *arrayLine) release(v int, i shaders.Instruction) {
	for class := range l.held {
		for r := range l.held[class] {
			l.held[class][r].locked = false
		}
	}
	for _, x := range [...]shaders.Value{i.A, i.B, i.C} {
		if x < 0 || !l.lastUse(int(x)) {
			continue
		}
		s := &l.values[x]
		if s.reg >= 0 {
			l.held[l.class(int(x))][s.reg].value = -1
			s.reg = -1
		}
		if s.spill >= 0 {
			l.spills[s.spill] = false
			s.spill = -1
		}
	}
}
