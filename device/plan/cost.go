package plan

import (
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/shaders"
	"github.com/hxgpu/hxgpu/tree"
)

// Cost counts the work of one run. Integers are not counted as operations.
type Cost struct {
	Stages     int // of dispatches that wait for each other
	Dispatches int
	Barriers   int // between stages, and between parts of a fused dispatch
	Operations int // floating-point operations
	Accesses   int // floats and integers loaded or stored
	Bytes      int // what the accesses move to and from memory, but for shared arrays
}

// floatBytes is the size of a float.
func floatBytes(p device.Precision) int {
	if p == device.Float32 {
		return 4
	}
	return 8
}

// intBytes is the size of an integer.
const intBytes = 4

// kernelWork is what one lane of a kernel does, but for its segments.
type kernelWork struct {
	operations int
	integers   int         // loaded
	floats     map[int]int // loaded or stored, by formal buffer
	segments   []segment
}

// segment is a reduction over a run of a buffer: constant values for each item,
// or lengths[item+shift].
type segment struct {
	buffer   int
	constant int
	lengths  []int32
	shift    int
}

func workOf(g *gridKernel) *kernelWork {
	w := &kernelWork{floats: map[int]int{}}
	if g.kernel.Arrays != nil {
		w.countArrays(g)
		return w
	}
	instructions := g.kernel.Instructions
	forms := shaders.AffineForms(g.kernel)
	for _, i := range instructions {
		switch i.Op {
		case shaders.OpLoadInt:
			w.integers++
		case shaders.OpLoad, shaders.OpStore:
			w.floats[i.Buffer]++
		case shaders.OpSegmentReduce:
			s := segment{buffer: i.Buffer, constant: forms[i.B].Constant}
			if count := instructions[i.B]; count.Op == shaders.OpLoadInt {
				s = segment{buffer: i.Buffer, lengths: g.bindings[count.Buffer].array.values, shift: forms[count.A].Constant}
			}
			w.segments = append(w.segments, s)
		default:
			if i.Type == shaders.Float && i.Op != shaders.OpConst {
				w.operations++
			}
		}
	}
	return w
}

// count adds the cost of a step; shared holds the variables that are kept in
// shared arrays.
func (c *compilation) count(s *step, shared map[tree.VariableID]bool) error {
	g, err := c.grid(s)
	if err != nil {
		return err
	}
	if g.work == nil {
		g.work = workOf(g)
	}
	cost, lanes, width := &c.execution.Cost, s.count*c.chains, floatBytes(c.info.Precision)
	access := func(buffer, n int) {
		cost.Accesses += n
		if !shared[g.bindings[buffer].variable] {
			cost.Bytes += n * width
		}
	}
	cost.Operations += g.work.operations * lanes
	cost.Accesses += g.work.integers * lanes
	cost.Bytes += g.work.integers * lanes * intBytes
	for buffer, n := range g.work.floats {
		access(buffer, n*lanes)
	}
	for _, x := range g.work.segments {
		n := x.constant * s.count
		if x.lengths != nil {
			for _, length := range x.lengths[s.first+x.shift : s.first+x.shift+s.count] {
				n += int(length)
			}
		}
		cost.Operations += n * c.chains
		access(x.buffer, n*c.chains)
	}
	return nil
}
