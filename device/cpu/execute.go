package cpu

import "github.com/hxgpu/hxgpu/shaders"

// registers are the memory that one worker needs to run one piece of code.
type registers[T float] struct {
	vectors  [][]T
	scalars  []T
	truths   [][]bool
	integers [][]int32
}

func newRegisters[T float](c *code) *registers[T] {
	r := &registers[T]{vectors: make([][]T, c.vectors), scalars: make([]T, len(c.scalars)),
		truths: make([][]bool, c.truths), integers: make([][]int32, c.integers)}
	spans := map[int]bool{}
	for _, s := range c.spans {
		spans[s.vector] = true
	}
	memory := make([]T, c.storage*c.block)
	for i := range r.vectors {
		if !spans[i] {
			r.vectors[i], memory = memory[:c.block:c.block], memory[c.block:]
		}
	}
	for i := range r.truths {
		r.truths[i] = make([]bool, c.block)
	}
	if c.needsItem {
		for i := range r.integers {
			r.integers[i] = make([]int32, c.block)
		}
	}
	for i, x := range c.scalars {
		r.scalars[i] = T(x)
	}
	return r
}

// arguments are the buffers of a dispatch, from their offsets on, in the order
// of the kernel's formal buffers.
type arguments[T float] struct {
	floats [][]T
	ints   [][]int32
}

// runRange runs the lanes [low, high) of a dispatch, block by block. Lanes count
// from item 0, so that a lane's place in a contiguous run is an offset plus its
// number.
func runRange[T float](c *code, r *registers[T], a *arguments[T], low, high int) {
	for ; low < high; low += c.block {
		runBlock(c, r, a, low, min(c.block, high-low))
	}
}

func runBlock[T float](c *code, r *registers[T], a *arguments[T], lane, n int) {
	for _, s := range c.spans {
		start := s.offset + lane
		r.vectors[s.vector] = a.floats[s.buffer][start : start+n]
	}
	if c.needsItem {
		fillLanes(r.integers[0][:n], r.integers[1][:n], lane, c.kernel.Chains)
	}
	for k := range c.operations {
		o := &c.operations[k]
		switch op := o.op; {
		case o.form == formSS:
			runScalar(r, a, o)
		case o.form >= formAffine:
			runInteger(r, a, o, n)
		case op >= shaders.OpAdd && op <= shaders.OpMax:
			dst := r.vectors[o.dst][:n]
			switch o.form {
			case formVV:
				binaryVV(op, dst, r.vectors[o.a], r.vectors[o.b])
			case formVS:
				binaryVS(op, dst, r.vectors[o.a], r.scalars[o.b])
			default:
				binarySV(op, dst, r.scalars[o.a], r.vectors[o.b])
			}
		case op >= shaders.OpNeg && op <= shaders.OpCos:
			unary(op, r.vectors[o.dst][:n], r.vectors[o.a])
		case op == shaders.OpSegmentReduce:
			var count []int32
			if o.b >= 0 {
				count = r.integers[o.b]
			}
			segment(o.reduce, r.vectors[o.dst][:n], a.floats[o.buffer], r.integers[o.a], count, o.offset, o.c, o.stride)
		case op == shaders.OpLoad:
			dst, buffer := r.vectors[o.dst][:n], a.floats[o.buffer]
			if o.form == formVV {
				copy(dst, buffer[o.offset+lane:o.offset+lane+n])
				continue
			}
			at, offset := r.integers[o.a][:n], o.offset
			for i := range dst {
				dst[i] = buffer[offset+int(at[i])]
			}
		case op == shaders.OpStore:
			store(r, a, o, lane, n)
		case op == shaders.OpSelect:
			dst := r.vectors[o.dst][:n]
			condition, yes, no := r.truths[o.a][:n], r.vectors[o.b][:n], r.vectors[o.c][:n]
			for i := range dst {
				x := no[i]
				if condition[i] {
					x = yes[i]
				}
				dst[i] = x
			}
		case op >= shaders.OpLess && op <= shaders.OpEqual:
			compare(op, r.truths[o.dst][:n], r.vectors[o.a], r.vectors[o.b])
		case op == shaders.OpConst:
			dst, x := r.vectors[o.dst][:n], r.scalars[o.a]
			for i := range dst {
				dst[i] = x
			}
		case op == shaders.OpIntToFloat:
			dst, from, offset := r.vectors[o.dst][:n], r.integers[o.a][:n], int32(o.offset)
			for i := range dst {
				dst[i] = T(offset + from[i])
			}
		default:
			runLogic(r, o, n)
		}
	}
}

// fillLanes computes the item and the chain of consecutive lanes.
func fillLanes(items, chains []int32, lane, chainCount int) {
	item, chain := int32(lane/chainCount), int32(lane%chainCount)
	for i := range items {
		items[i], chains[i] = item, chain
		if chain++; chain == int32(chainCount) {
			chain = 0
			item++
		}
	}
}

func runScalar[T float](r *registers[T], a *arguments[T], o *operation) {
	var out [1]T
	switch {
	case o.op == shaders.OpLoad:
		out[0] = a.floats[o.buffer][o.offset]
	case o.op >= shaders.OpAdd && o.op <= shaders.OpMax:
		binaryVS(o.op, out[:], r.scalars[o.a:o.a+1], r.scalars[o.b])
	default:
		unary(o.op, out[:], r.scalars[o.a:o.a+1])
	}
	r.scalars[o.dst] = out[0]
}

func runInteger[T float](r *registers[T], a *arguments[T], o *operation, n int) {
	dst := r.integers[o.dst][:n]
	if o.form == formLoaded {
		buffer, at, offset := a.ints[o.buffer], r.integers[o.a][:n], o.offset
		for i := range dst {
			dst[i] = buffer[offset+int(at[i])]
		}
		return
	}
	if o.form == formCombined {
		p, q, first, second := r.integers[o.a][:n], r.integers[o.b][:n], int32(o.offset), int32(o.c)
		for i := range dst {
			if o.op == shaders.OpAddInt {
				dst[i] = p[i] + first + q[i] + second
			} else {
				dst[i] = (p[i] + first) * (q[i] + second)
			}
		}
		return
	}
	items, chains := r.integers[0][:n], r.integers[1][:n]
	x, y, z := int32(o.index.Items), int32(o.index.Chains), int32(o.index.Scale)
	if o.index.Loaded == shaders.NoValue {
		for i := range dst {
			dst[i] = x*items[i] + y*chains[i]
		}
		return
	}
	loaded := r.integers[o.a][:n]
	for i := range dst {
		dst[i] = x*items[i] + y*chains[i] + z*loaded[i]
	}
}

func store[T float](r *registers[T], a *arguments[T], o *operation, lane, n int) {
	buffer, offset := a.floats[o.buffer], o.offset
	switch {
	case o.a < 0 && o.form == formVS:
		dst, x := buffer[offset+lane:offset+lane+n], r.scalars[o.b]
		for i := range dst {
			dst[i] = x
		}
	case o.a < 0:
		copy(buffer[offset+lane:offset+lane+n], r.vectors[o.b][:n])
	case o.form == formVS:
		x := r.scalars[o.b]
		for _, at := range r.integers[o.a][:n] {
			buffer[offset+int(at)] = x
		}
	default:
		from := r.vectors[o.b][:n]
		for i, at := range r.integers[o.a][:n] {
			buffer[offset+int(at)] = from[i]
		}
	}
}

func runLogic[T float](r *registers[T], o *operation, n int) {
	dst := r.truths[o.dst][:n]
	switch o.op {
	case shaders.OpLessInt, shaders.OpEqualInt:
		x, y, first, second := r.integers[o.a][:n], r.integers[o.b][:n], int32(o.offset), int32(o.c)
		for i := range dst {
			if o.op == shaders.OpEqualInt {
				dst[i] = x[i]+first == y[i]+second
			} else {
				dst[i] = x[i]+first < y[i]+second
			}
		}
	case shaders.OpAnd:
		for i := range dst {
			dst[i] = r.truths[o.a][i] && r.truths[o.b][i]
		}
	case shaders.OpOr:
		for i := range dst {
			dst[i] = r.truths[o.a][i] || r.truths[o.b][i]
		}
	case shaders.OpNot:
		for i := range dst {
			dst[i] = !r.truths[o.a][i]
		}
	}
}
