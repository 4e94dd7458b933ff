package trace

import (
	"fmt"
	"math/bits"

	"github.com/hxgpu/hxgpu/shaders"
)

// access is one load or store of one lane.
type access struct {
	array   int // formal buffer, or the number of buffers plus the shared array
	element int // of the bound range
	epoch   int // barriers that the lane has passed
	lane    int // in its group
	write   bool
}

// integer is an Int or Bool value, if it is known without floats.
type integer struct {
	value int32
	known bool
}

// walker computes the integers of one lane after another of a dispatch.
type walker struct {
	dispatch Dispatch
	written  map[*buffer]bool // integer buffers whose contents kernels change
	ends     []int            // by instruction that opens a region
	elses    []int
	values   []integer

	item, chain, local int
	epoch              int
	doubt              int // regions around that may not be walked by the device
	unknown            int // accesses whose element is not known
	longest            int // elements of a reduction, at most
	visit              func(access) error
}

func newWalker(d Dispatch, written map[*buffer]bool, visit func(access) error) *walker {
	n := len(d.Kernel.Instructions)
	w := &walker{dispatch: d, written: written, ends: make([]int, n), elses: make([]int, n), values: make([]integer, n), visit: visit}
	var open []int
	for n, i := range d.Kernel.Instructions {
		switch i.Op {
		case shaders.OpIf, shaders.OpLoop:
			open = append(open, n)
		case shaders.OpElse:
			w.elses[open[len(open)-1]] = n
		case shaders.OpEnd:
			w.ends[open[len(open)-1]] = n
			open = open[:len(open)-1]
		}
	}
	return w
}

// lane walks one lane.
func (w *walker) lane(item, chain, local int) error {
	w.item, w.chain, w.local, w.epoch, w.doubt = item, chain, local, 0, 0
	_, err := w.span(0, len(w.values))
	return err
}

// span walks instructions from first to before end; it reports whether a break
// ended it.
func (w *walker) span(first, end int) (broken bool, err error) {
	for n := first; n < end; n++ {
		i := w.dispatch.Kernel.Instructions[n]
		switch i.Op {
		case shaders.OpIf:
			err = w.branch(n, w.values[i.A])
			n = w.ends[n]
		case shaders.OpLoop:
			err = w.loop(n, w.values[i.A])
			n = w.ends[n]
		case shaders.OpBreak:
			if x := w.values[i.A]; x.known && x.value != 0 {
				return true, nil
			}
		case shaders.OpBarrier:
			w.epoch++
		case shaders.OpSet:
			w.values[i.A] = w.values[i.B]
			w.values[i.A].known = w.values[i.B].known && w.doubt == 0
		case shaders.OpVariable, shaders.OpGet:
			w.values[n] = w.values[i.A]
		case shaders.OpLoad, shaders.OpLoadInt, shaders.OpLoadShared, shaders.OpStore, shaders.OpStoreInt, shaders.OpStoreShared, shaders.OpSegmentReduce:
			err = w.access(n, i)
		default:
			w.values[n] = w.compute(i)
		}
		if err != nil {
			return false, err
		}
	}
	return false, nil
}

// branch walks the side that is taken, or both if that depends on floats.
func (w *walker) branch(n int, condition integer) error {
	middle, end := w.ends[n], w.ends[n]
	if w.elses[n] > 0 {
		middle = w.elses[n]
	}
	if !condition.known {
		w.doubt++
		defer func() { w.doubt-- }()
	}
	if !condition.known || condition.value != 0 {
		if _, err := w.span(n+1, middle); err != nil {
			return err
		}
	}
	if middle < end && (!condition.known || condition.value == 0) {
		_, err := w.span(middle+1, end)
		return err
	}
	return nil
}

func (w *walker) loop(n int, count integer) error {
	if !count.known { // once, for an unknown round
		w.doubt++
		defer func() { w.doubt-- }()
		w.values[n] = integer{}
		_, err := w.span(n+1, w.ends[n])
		return err
	}
	for round := range max(count.value, 0) {
		w.values[n] = integer{round, true}
		broken, err := w.span(n+1, w.ends[n])
		if broken || err != nil {
			return err
		}
	}
	return nil
}

func (w *walker) access(n int, i shaders.Instruction) error {
	k := w.dispatch.Kernel
	w.values[n] = integer{}
	at, count, stride := w.values[i.A], integer{1, true}, 0
	if i.Op == shaders.OpSegmentReduce {
		count, stride = w.values[i.B], i.Int
	}
	if !at.known || !count.known {
		w.unknown++
		return nil
	}
	if i.Op == shaders.OpSegmentReduce {
		w.longest = max(w.longest, int(count.value))
	}
	a := access{array: i.Buffer, epoch: w.epoch, lane: w.local, write: i.Op >= shaders.OpStore}
	var name string
	var room int
	if i.Op == shaders.OpLoadShared || i.Op == shaders.OpStoreShared {
		a.array += len(k.Buffers)
		name, room = k.Shared[i.Buffer].Name, k.Shared[i.Buffer].Size
	} else {
		b := w.dispatch.Bindings[i.Buffer]
		name, room = k.Buffers[i.Buffer].Name, b.Buffer.Len()-b.Offset
	}
	for r := range int(count.value) {
		a.element = int(at.value) + r*stride
		if a.element < 0 || a.element >= room {
			return fmt.Errorf("trace: kernel %q, instruction %d (%v), item %d, chain %d, lane %d: element %d of %q, which has %d",
				k.Name, n, i.Op, w.item, w.chain, w.local, a.element, name, room)
		}
		if err := w.visit(a); err != nil {
			return err
		}
	}
	if i.Op == shaders.OpLoadInt {
		b := w.dispatch.Bindings[i.Buffer]
		if own := b.Buffer.(*buffer); !w.written[own] {
			w.values[n] = integer{own.ints[b.Offset+a.element], true}
		}
	}
	return nil
}

// compute is the value of an operation on integers and truths.
func (w *walker) compute(i shaders.Instruction) integer {
	var x [3]integer
	for place, v := range [...]shaders.Value{i.A, i.B, i.C} {
		x[place].known = true
		if v != shaders.NoValue {
			x[place] = w.values[v]
		}
	}
	if i.Op == shaders.OpSelectInt && x[0].known {
		if x[0].value != 0 {
			return x[1]
		}
		return x[2]
	}
	if !x[0].known || !x[1].known || !x[2].known {
		return integer{}
	}
	a, b := x[0].value, x[1].value
	p, q := uint32(a), uint32(b)
	known := func(v int32) integer { return integer{v, true} }
	truth := func(v bool) integer {
		if v {
			return known(1)
		}
		return known(0)
	}
	switch i.Op {
	case shaders.OpConstInt:
		return known(int32(i.Int))
	case shaders.OpItem:
		return known(int32(w.item))
	case shaders.OpChain:
		return known(int32(w.chain))
	case shaders.OpLocal:
		return known(int32(w.local))
	case shaders.OpAddInt:
		return known(a + b)
	case shaders.OpSubInt:
		return known(a - b)
	case shaders.OpMulInt:
		return known(a * b)
	case shaders.OpMulHighInt:
		high, _ := bits.Mul32(p, q)
		return known(int32(high))
	case shaders.OpAndInt:
		return known(a & b)
	case shaders.OpOrInt:
		return known(a | b)
	case shaders.OpXorInt:
		return known(a ^ b)
	case shaders.OpShiftLeftInt:
		return known(int32(p << (q & 31)))
	case shaders.OpShiftRightInt:
		return known(int32(p >> (q & 31)))
	case shaders.OpBitCountInt:
		return known(int32(bits.OnesCount32(p)))
	case shaders.OpLessInt:
		return truth(a < b)
	case shaders.OpEqualInt:
		return truth(a == b)
	case shaders.OpAnd:
		return truth(a != 0 && b != 0)
	case shaders.OpOr:
		return truth(a != 0 || b != 0)
	case shaders.OpNot:
		return truth(a == 0)
	}
	return integer{} // a float, or a comparison of floats
}
