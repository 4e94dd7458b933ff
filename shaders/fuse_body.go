package shaders

// fusedBody copies one part's instructions for one item.
type fusedBody struct {
	*fusing
	part   Part
	forms  []Affine
	item   Value
	values []Value // by instruction of the part; NoValue until emitted
}

// body emits a part's instructions for an item. Integer arithmetic is emitted
// when it is first used, since indices of shared arrays are computed differently.
func (u *fusing) body(p Part, item Value) {
	c := fusedBody{fusing: u, part: p, forms: u.affine(p.Kernel), item: item, values: make([]Value, len(p.Kernel.Instructions))}
	for v := range c.values {
		c.values[v] = NoValue
	}
	for v, i := range p.Kernel.Instructions {
		if i.Type != Int || i.Op == OpLoadInt {
			c.values[v] = c.copy(i)
		}
	}
}

func (u *fusing) affine(k *Kernel) []Affine {
	if u.forms[k] == nil {
		u.forms[k] = AffineForms(k)
	}
	return u.forms[k]
}

// value is an operand's copy.
func (c *fusedBody) value(v Value) Value {
	if v == NoValue {
		return NoValue
	}
	if c.values[v] == NoValue {
		c.values[v] = c.copy(c.part.Kernel.Instructions[v])
	}
	return c.values[v]
}

// copy emits an instruction. Floats are copied as they are: to fold them again
// could round differently.
func (c *fusedBody) copy(i Instruction) Value {
	switch i.Op {
	case OpItem:
		return c.item
	case OpChain:
		return c.chain
	case OpAddInt:
		return c.AddInt(c.value(i.A), c.value(i.B))
	case OpMulInt:
		return c.MulInt(c.value(i.A), c.value(i.B))
	case OpLoad, OpLoadInt, OpStore, OpStoreInt, OpSegmentReduce:
		return c.access(i)
	}
	i.A, i.B, i.C = c.value(i.A), c.value(i.B), c.value(i.C)
	return c.emit(i)
}

func (c *fusedBody) access(i Instruction) Value {
	buffer, offset := c.part.Buffers[i.Buffer], c.part.offset(i.Buffer)
	if array := c.arrays[buffer]; array >= 0 {
		at := c.sharedIndex(c.forms[i.A], offset)
		switch i.Op {
		case OpLoad:
			return c.LoadShared(array, at)
		case OpStore:
			c.StoreShared(array, at, c.value(i.B))
			return NoValue
		}
		return c.reduceShared(i, array, at)
	}
	formal, at := c.formals[buffer], c.AddInt(c.value(i.A), c.ConstInt(offset))
	switch i.Op {
	case OpLoad:
		return c.Load(formal, at)
	case OpLoadInt:
		return c.LoadInt(formal, at)
	case OpStore:
		c.Store(formal, at, c.value(i.B))
		return NoValue
	case OpStoreInt:
		c.StoreInt(formal, at, c.value(i.B))
		return NoValue
	}
	return c.SegmentReduce(i.Reduction, formal, at, c.value(i.B), i.Int)
}
