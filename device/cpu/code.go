package cpu

import (
	"fmt"

	"github.com/hxgpu/hxgpu/shaders"
)

// operation is one step of the code that a kernel compiles to. It works on a
// block of lanes at a time: vectors are slices with one element per lane of the
// block, scalars hold values that are the same for all lanes.
type operation struct {
	op      shaders.Op
	form    form
	dst     int // vector, scalar, truth or integer register, as the operation says
	a, b, c int // operands; in the order of the instruction
	buffer  int
	offset  int // constant part of an index
	stride  int
	reduce  shaders.Reduction
	index   index // for operations on integers
}

// form says which operands are scalars (s) and which vectors (v).
type form uint8

const (
	formVV form = iota
	formVS
	formSV
	formSS        // a scalar result, computed once per block
	formLoadIndex // vector of Buffer[offset + integer register a]
	formAffine    // integer register = varying part of index
	formLoaded    // integer register = integer buffer at the index
	formCombined  // integer register = (a + offset) op (b + c), both integer registers
)

// span binds a vector to a contiguous run of a buffer for each block: what the
// kernel loads is read in place, what it stores is computed in place.
type span struct {
	vector, buffer, offset int
}

// code is a compiled kernel.
type code struct {
	kernel     *shaders.Kernel
	operations []operation
	spans      []span
	scalars    []float64 // initial values: the constants
	vectors    int       // registers of each kind
	storage    int       // how many of the vectors need memory of their own
	truths     int
	integers   int
	block      int  // lanes per block
	needsItem  bool // integer registers 0 and 1 hold the lanes' items and chains
	work       int  // operations per lane, for sharing out
}

// operand is where a float value lives.
type operand struct {
	register int
	scalar   bool
}

// compiler turns a kernel into code. In place is off where a stored buffer
// overlaps a loaded one.
type compiler struct {
	kernel  *shaders.Kernel
	forms   []index
	inPlace bool
	out     code
	values  []operand
	lastUse []int
	free    []int // vectors whose memory can be used again
	owned   map[int]bool
	loads   map[index]int // integer registers by varying part
	rows    map[int]int   // integer registers of loaded integers
	written map[int]bool
	read    map[int]bool
	direct  map[shaders.Value]span
}

func compileCode(k *shaders.Kernel, inPlace bool) (*code, error) {
	c := &compiler{kernel: k, forms: indices(k), inPlace: inPlace, values: make([]operand, len(k.Instructions)),
		lastUse: make([]int, len(k.Instructions)), owned: map[int]bool{}, loads: map[index]int{}, rows: map[int]int{},
		written: map[int]bool{}, read: map[int]bool{}, direct: map[shaders.Value]span{}}
	c.out.kernel = k
	c.out.integers = 2
	c.findUses()
	for v := range k.Instructions {
		if c.lastUse[v] > 0 || k.Instructions[v].Op == shaders.OpStore {
			if err := c.instruction(v); err != nil {
				return nil, err
			}
		}
	}
	for _, o := range c.out.operations {
		if o.form != formSS {
			c.out.work++
		}
	}
	c.out.block = blockLanes(c.out.storage)
	return &c.out, nil
}

// blockLanes keeps the registers of a block within the first-level cache.
func blockLanes(vectors int) int {
	const budget = 4096 // elements
	return min(max(budget/max(vectors, 1)&^15, 64), 512)
}

// findUses marks what is needed, and by which instruction last.
func (c *compiler) findUses() {
	instructions := c.kernel.Instructions
	for v := len(instructions) - 1; v >= 0; v-- {
		i := instructions[v]
		if i.Op == shaders.OpStore {
			c.written[i.Buffer] = true
		} else if c.lastUse[v] == 0 {
			continue
		} else if i.Op == shaders.OpLoad || i.Op == shaders.OpSegmentReduce || i.Op == shaders.OpLoadInt {
			c.read[i.Buffer] = true
		}
		for _, operand := range [...]shaders.Value{i.A, i.B, i.C} {
			if operand >= 0 && c.lastUse[operand] == 0 {
				c.lastUse[operand] = v
			}
		}
	}
	for v, i := range instructions {
		if i.Op == shaders.OpStore && c.inPlace && !c.read[i.Buffer] && c.onlyStore(v) {
			if _, taken := c.direct[i.B]; !taken {
				c.direct[i.B] = span{buffer: i.Buffer, offset: c.forms[i.A].Constant}
			}
		}
	}
}

// onlyStore reports whether store v is contiguous and no other store of the
// kernel can hit the same elements, so that it may happen before its turn.
func (c *compiler) onlyStore(v int) bool {
	i := c.kernel.Instructions[v]
	at := c.forms[i.A]
	if !at.contiguous(c.kernel.Chains) {
		return false
	}
	for w, other := range c.kernel.Instructions {
		if w != v && other.Op == shaders.OpStore && other.Buffer == i.Buffer {
			if to := c.forms[other.A]; !to.contiguous(c.kernel.Chains) || to.Constant == at.Constant {
				return false
			}
		}
	}
	return true
}

func (c *compiler) newVector() int {
	if n := len(c.free); n > 0 {
		r := c.free[n-1]
		c.free = c.free[:n-1]
		return r
	}
	r := c.out.vectors
	c.out.vectors++
	c.out.storage++
	c.owned[r] = true
	return r
}

// newSpan is a vector without memory of its own.
func (c *compiler) newSpan(buffer, offset int) int {
	r := c.out.vectors
	c.out.vectors++
	c.out.spans = append(c.out.spans, span{r, buffer, offset})
	return r
}

func (c *compiler) newScalar(x float64) int {
	c.out.scalars = append(c.out.scalars, x)
	return len(c.out.scalars) - 1
}

// release gives back the vectors whose last use is instruction v.
func (c *compiler) release(v int) {
	i := c.kernel.Instructions[v]
	seen := map[shaders.Value]bool{}
	for _, operand := range [...]shaders.Value{i.A, i.B, i.C} {
		if operand < 0 || seen[operand] || c.lastUse[operand] != v || c.kernel.Instructions[operand].Type != shaders.Float {
			continue
		}
		seen[operand] = true
		if x := c.values[operand]; !x.scalar && c.owned[x.register] {
			c.free = append(c.free, x.register)
		}
	}
}

// result is where instruction v puts a vector: into a buffer directly if it is
// stored there in one run, else into a register. Operands are released first,
// so that a result may take the place of one: elementwise work allows that.
func (c *compiler) result(v int) int {
	if s, ok := c.direct[shaders.Value(v)]; ok {
		r := c.newSpan(s.buffer, s.offset)
		c.values[v] = operand{register: r}
		return r
	}
	r := c.newVector()
	c.values[v] = operand{register: r}
	return r
}

func (c *compiler) emit(o operation) { c.out.operations = append(c.out.operations, o) }

// integer is a register with the varying part of an index.
func (c *compiler) integer(x index) int {
	x = x.varying()
	if r, ok := c.loads[x]; ok {
		return r
	}
	if x.Loaded != shaders.NoValue {
		c.row(int(x.Loaded))
	}
	c.out.needsItem = true
	r := c.out.integers
	c.out.integers++
	c.loads[x] = r
	o := operation{form: formAffine, dst: r, index: x}
	if x.Loaded != shaders.NoValue {
		o.a = c.row(int(x.Loaded))
	}
	c.emit(o)
	return r
}

// row is the integer register that holds a loaded integer, or one that is no
// linear form of others.
func (c *compiler) row(v int) int {
	if r, ok := c.rows[v]; ok {
		return r
	}
	i := c.kernel.Instructions[v]
	at := c.forms[i.A]
	from := c.integer(at)
	if i.Op != shaders.OpLoadInt {
		other := c.forms[i.B]
		o := operation{op: i.Op, form: formCombined, a: from, offset: at.Constant, b: c.integer(other), c: other.Constant}
		o.dst = c.out.integers
		c.out.integers++
		c.rows[v] = o.dst
		c.emit(o)
		return o.dst
	}
	r := c.out.integers
	c.out.integers++
	c.rows[v] = r
	c.emit(operation{form: formLoaded, dst: r, a: from, buffer: i.Buffer, offset: at.Constant})
	return r
}

func (c *compiler) instruction(v int) error {
	i := c.kernel.Instructions[v]
	switch {
	case i.Type == shaders.Int:
		return nil // integers are computed where they are used
	case i.Op == shaders.OpConst:
		c.values[v] = operand{c.newScalar(i.Float), true}
	case i.Op == shaders.OpLoad:
		c.load(v, i)
	case i.Op == shaders.OpStore:
		c.store(i)
		c.release(v)
	case i.Op == shaders.OpSegmentReduce:
		first, count := c.forms[i.A], c.forms[i.B]
		o := operation{op: i.Op, a: c.integer(first), buffer: i.Buffer, offset: first.Constant, stride: i.Int, reduce: i.Reduction, c: count.Constant, b: -1}
		if !count.IsConstant() {
			o.b = c.integer(count)
		}
		o.dst = c.result(v)
		c.emit(o)
	case i.Op == shaders.OpIntToFloat:
		x := c.forms[i.A]
		if x.IsConstant() {
			c.values[v] = operand{c.newScalar(float64(x.Constant)), true}
			return nil
		}
		from := c.integer(x)
		c.emit(operation{op: i.Op, a: from, offset: x.Constant, dst: c.result(v)})
	case i.Type == shaders.Bool:
		c.truth(v, i)
	case i.Op == shaders.OpSelect:
		condition := c.values[i.A].register
		yes, no := c.vector(i.B), c.vector(i.C)
		c.release(v)
		c.emit(operation{op: i.Op, a: condition, b: yes, c: no, dst: c.result(v)})
	case i.Op >= shaders.OpAdd && i.Op <= shaders.OpMax:
		c.binary(v, i)
	case i.Op >= shaders.OpNeg && i.Op <= shaders.OpCos:
		x := c.values[i.A]
		c.release(v)
		o := operation{op: i.Op, a: x.register}
		if x.scalar {
			o.form, o.dst = formSS, c.newScalar(0)
			c.values[v] = operand{o.dst, true}
		} else {
			o.dst = c.result(v)
		}
		c.emit(o)
	default:
		return fmt.Errorf("cpu: kernel %q: no code for instruction %d (operation %d)", c.kernel.Name, v, i.Op)
	}
	return nil
}

func (c *compiler) binary(v int, i shaders.Instruction) {
	x, y := c.values[i.A], c.values[i.B]
	o := operation{op: i.Op, a: x.register, b: y.register}
	switch {
	case x.scalar && y.scalar:
		o.form, o.dst = formSS, c.newScalar(0)
		c.values[v] = operand{o.dst, true}
		c.emit(o)
		return
	case x.scalar:
		o.form = formSV
	case y.scalar:
		o.form = formVS
	}
	c.release(v)
	o.dst = c.result(v)
	c.emit(o)
}

// vector gives a value as a vector, spreading a scalar.
func (c *compiler) vector(v shaders.Value) int {
	x := c.values[v]
	if !x.scalar {
		return x.register
	}
	r := c.newVector()
	c.emit(operation{op: shaders.OpConst, dst: r, a: x.register})
	c.values[v] = operand{register: r} // spread once
	return r
}

func (c *compiler) truth(v int, i shaders.Instruction) {
	o := operation{op: i.Op, dst: c.out.truths}
	c.out.truths++
	c.values[v] = operand{register: o.dst}
	switch i.Op {
	case shaders.OpLessInt, shaders.OpEqualInt:
		x, y := c.forms[i.A], c.forms[i.B]
		o.a, o.b = c.integer(x), c.integer(y)
		o.offset, o.c = x.Constant, y.Constant
	case shaders.OpAnd, shaders.OpOr, shaders.OpNot:
		o.a = c.values[i.A].register
		if i.B >= 0 {
			o.b = c.values[i.B].register
		}
	default:
		o.a, o.b = c.vector(i.A), c.vector(i.B)
		c.release(v)
	}
	c.emit(o)
}

func (c *compiler) load(v int, i shaders.Instruction) {
	at := c.forms[i.A]
	switch {
	case at.uniform(c.kernel.Chains):
		r := c.newScalar(0)
		c.values[v] = operand{r, true}
		c.emit(operation{op: i.Op, form: formSS, dst: r, buffer: i.Buffer, offset: at.Constant})
	case at.contiguous(c.kernel.Chains) && c.inPlace && !c.written[i.Buffer]:
		c.values[v] = operand{register: c.newSpan(i.Buffer, at.Constant)}
	case at.contiguous(c.kernel.Chains):
		c.emit(operation{op: i.Op, form: formVV, buffer: i.Buffer, offset: at.Constant, dst: c.result(v)})
	default:
		from := c.integer(at)
		c.emit(operation{op: i.Op, form: formLoadIndex, a: from, buffer: i.Buffer, offset: at.Constant, dst: c.result(v)})
	}
}

func (c *compiler) store(i shaders.Instruction) {
	at, x := c.forms[i.A], c.values[i.B]
	if s, ok := c.direct[i.B]; ok && !x.scalar && !c.owned[x.register] && s.buffer == i.Buffer && s.offset == at.Constant && c.isSpanOf(x.register, s) {
		return // computed in place
	}
	o := operation{op: i.Op, buffer: i.Buffer, offset: at.Constant, b: x.register}
	if x.scalar {
		o.form = formVS
	}
	o.a = -1
	if !at.contiguous(c.kernel.Chains) {
		o.a = c.integer(at)
	}
	c.emit(o)
}

func (c *compiler) isSpanOf(register int, s span) bool {
	for _, known := range c.out.spans {
		if known.vector == register {
			return known.buffer == s.buffer && known.offset == s.offset
		}
	}
	return false
}
