package shaders

import "github.com/hxgpu/hxgpu/tensor"

// loop lowers a loop. Carried values and stacks stand in one array, the loop's
// vector; the body computes stacked values in their places in it.
func (l *arrayLowering) loop(n *tensor.Node) error {
	b, body := l.b, n.Loop
	result := l.result(n)
	l.views[n] = result
	carried, stacked := body.Parts()
	for i, p := range carried {
		part := result.shift(p.Offset)
		b.emit(ArrayInstruction{Op: ArrayCopy, N: p.Shape.Size()}, &part, l.spread(n.Operands[i]))
	}
	inner := newArrayLowering(b)
	var slices []arrayView
	for i := range body.Sliced {
		slices = append(slices, l.spread(n.Operands[len(carried)+i]))
	}
	for i, x := range body.Captured {
		inner.views[x] = l.spread(n.Operands[len(carried)+len(slices)+i])
	}
	number := b.openLoop(body.Steps, body.Backwards)
	b.use(result.array)
	index := b.array(1)
	b.emit(ArrayInstruction{Op: ArrayIndex, Loop: number, N: 1}, &index)
	inner.views[body.Index] = index
	for i, x := range body.Carried {
		inner.views[x] = result.shift(carried[i].Offset)
	}
	for i, x := range body.Sliced {
		inner.views[x] = slices[i].step(number, x.Shape.Size())
	}
	// A stacked value is computed where it is kept, unless that is no array of its
	// own; one that is carried too is copied.
	for i, v := range body.Stacked {
		if computes(v.Node()) {
			size := v.Shape().Size()
			if _, twice := inner.placed[v.Node()]; !twice {
				inner.placed[v.Node()] = result.shift(stacked[i].Offset).step(number, size)
			}
		}
	}
	inner.placeSums(body, result, carried)
	if err := inner.graph(body.Outputs()); err != nil {
		return err
	}
	for i, v := range body.Stacked {
		to := result.shift(stacked[i].Offset).step(number, v.Shape().Size())
		if from := inner.spread(v.Node()); !from.equal(to) {
			b.emit(ArrayInstruction{Op: ArrayCopy, N: v.Shape().Size()}, &to, from)
		}
	}
	inner.carry(body, result, carried)
	b.closeLoop()
	return nil
}

// computes reports whether a node is computed by an instruction that writes all
// of it, so that it can be told where.
func computes(n *tensor.Node) bool {
	return n.Op != tensor.OpInput && n.Op != tensor.OpConst && n.Op != tensor.OpGather && n.Op != tensor.OpLoop
}

// placeSums lets a carried value that a step only adds to be updated in place.
func (l *arrayLowering) placeSums(body *tensor.LoopBody, result arrayView, carried []tensor.Part) {
	users := map[*tensor.Node]int{}
	for _, v := range body.Outputs() {
		users[v.Node()]++
	}
	for _, n := range tensor.Order(body.Outputs()) {
		for _, o := range n.Operands {
			users[o]++
		}
	}
	for i, v := range body.Next {
		n := v.Node()
		if _, placed := l.placed[n]; placed || !n.Op.IsBinary() || users[n] != 1 {
			continue
		}
		if c := body.Carried[i]; (n.Operands[0] == c || n.Operands[1] == c) && users[c] == 1 {
			l.placed[n] = result.shift(carried[i].Offset)
		}
	}
}

// carry copies what a step hands on to where the next step finds it. A value that
// stands where another carried value stands is set aside first.
func (l *arrayLowering) carry(body *tensor.LoopBody, result arrayView, carried []tensor.Part) {
	b := l.b
	from := make([]arrayView, len(body.Next))
	for i, v := range body.Next {
		from[i] = l.spread(v.Node())
	}
	for i, p := range carried {
		if to := result.shift(p.Offset); from[i].array == result.array && !from[i].equal(to) && len(from[i].steps) == len(result.steps) {
			aside := b.array(p.Shape.Size())
			b.emit(ArrayInstruction{Op: ArrayCopy, N: p.Shape.Size()}, &aside, from[i])
			from[i] = aside
		}
	}
	for i, p := range carried {
		if to := result.shift(p.Offset); !from[i].equal(to) {
			b.emit(ArrayInstruction{Op: ArrayCopy, N: p.Shape.Size()}, &to, from[i])
		}
	}
}

func (v arrayView) equal(w arrayView) bool {
	if v.array != w.array || v.offset != w.offset || len(v.steps) != len(w.steps) {
		return false
	}
	for k := range v.steps {
		if v.steps[k] != w.steps[k] {
			return false
		}
	}
	return true
}

type openLoop struct {
	begin  int
	number int
	held   []int // arrays from outside that the body uses
}

func (b *ArrayBuilder) openLoop(steps int, backwards bool) int {
	number := b.program.Loops
	b.program.Loops++
	b.emit(ArrayInstruction{Op: ArrayLoop, N: steps, Loop: number, Backwards: backwards}, nil)
	b.loops = append(b.loops, openLoop{begin: len(b.program.Instructions) - 1, number: number})
	return number
}

func (b *ArrayBuilder) closeLoop() {
	last := len(b.loops) - 1
	loop := b.loops[last]
	b.loops = b.loops[:last]
	for _, array := range loop.held {
		b.use(array)
	}
	b.emit(ArrayInstruction{Op: ArrayEnd, Loop: loop.number}, nil)
}
