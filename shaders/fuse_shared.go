package shaders

import (
	"math"
	"sort"
)

// candidate is a buffer that may become a shared array.
type candidate struct {
	buffer   int
	elements int // per group
	accesses int // per group
}

// chooseShared turns private buffers into shared arrays, those with most
// accesses per element first, as long as they fit.
func (u *fusing) chooseShared(stages [][]Part) {
	c := u.candidates(stages)
	sort.SliceStable(c, func(i, j int) bool { return c[i].accesses*c[j].elements > c[j].accesses*c[i].elements })
	for i := range u.arrays {
		u.arrays[i] = -1
	}
	room := u.SharedElements
	for _, x := range c {
		if x.elements > room || x.accesses == 0 {
			continue
		}
		room -= x.elements
		u.arrays[x.buffer] = u.SharedArray(u.Fusion.Buffers[x.buffer].Name, x.elements)
		u.shared = append(u.shared, x.buffer)
	}
}

// candidates are the private buffers whose every element belongs to one chain,
// as their indices show.
func (u *fusing) candidates(stages [][]Part) []candidate {
	possible := make([]bool, len(u.Fusion.Buffers))
	accesses := make([]int, len(u.Fusion.Buffers))
	for i, b := range u.Fusion.Buffers {
		possible[i] = b.Private && b.Type == Float && b.Size > 0 && b.Size%u.Chains == 0
	}
	for _, stage := range stages {
		for _, p := range stage {
			forms := u.affine(p.Kernel)
			for _, i := range p.Kernel.Instructions {
				if i.Op != OpLoad && i.Op != OpStore && i.Op != OpSegmentReduce {
					continue
				}
				buffer := p.Buffers[i.Buffer]
				accesses[buffer] += p.Count * u.ChainsPerGroup
				possible[buffer] = possible[buffer] && u.perChain(forms[i.A], p.offset(i.Buffer)) &&
					(i.Op != OpSegmentReduce || i.Int%u.Chains == 0)
			}
		}
	}
	var list []candidate
	for i, b := range u.Fusion.Buffers {
		if possible[i] {
			list = append(list, candidate{i, b.Size / u.Chains * u.ChainsPerGroup, accesses[i]})
		}
	}
	return list
}

// perChain reports whether an index is a place times the number of chains plus
// the chain.
func (u *fusing) perChain(x Affine, offset int) bool {
	return x.Chains == 1 && x.Items%u.Chains == 0 && x.Scale%u.Chains == 0 && (x.Constant+offset)%u.Chains == 0
}

// sharedIndex is where a group keeps what a buffer has at an index.
func (c *fusedBody) sharedIndex(x Affine, offset int) Value {
	place := c.MulInt(c.item, c.ConstInt(x.Items/c.Chains))
	if x.Loaded != NoValue {
		loaded := c.MulInt(c.value(x.Loaded), c.ConstInt(x.Scale/c.Chains))
		place = c.AddInt(place, loaded)
	}
	place = c.MulInt(place, c.ConstInt(c.ChainsPerGroup))
	constant := (x.Constant + offset) / c.Chains * c.ChainsPerGroup
	return c.AddInt(c.AddInt(place, c.inGroup), c.ConstInt(constant))
}

// unrolledSegment is how many elements of a segment are worth no loop.
const unrolledSegment = 4

// reduceShared is OpSegmentReduce over a shared array: the same additions in the
// same order.
func (c *fusedBody) reduceShared(i Instruction, array int, at Value) Value {
	op := [...]Op{OpAdd, OpMul, OpMax, OpMin}[i.Reduction]
	stride := i.Int / c.Chains * c.ChainsPerGroup
	fold := func(x Value, n Value) Value {
		element := c.LoadShared(array, c.AddInt(at, c.MulInt(n, c.ConstInt(stride))))
		return c.emit(Instruction{Op: op, Type: Float, A: x, B: element, C: NoValue})
	}
	result := c.Const([...]float64{0, 1, math.Inf(-1), math.Inf(1)}[i.Reduction])
	count := c.value(i.B)
	if k := c.at(count); k.Op == OpConstInt && k.Int <= unrolledSegment {
		for n := range k.Int {
			result = fold(result, c.ConstInt(n))
		}
		return result
	}
	sum := c.Variable(result)
	c.Loop(count, func(n Value) { c.Set(sum, fold(c.Get(sum), n)) })
	return c.Get(sum)
}
