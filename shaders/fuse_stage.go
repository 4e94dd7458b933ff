package shaders

import "math/bits"

// fusing is a fusion on its way to a kernel.
type fusing struct {
	Fusion
	*Builder
	bound   []int // Fused.Buffers
	formals []int // by buffer of the fusion: its formal, or -1
	arrays  []int // by buffer of the fusion: its shared array, or -1
	shared  []int
	table   []int32 // items of the parts of rolled stages: first, count, first, ...
	forms   map[*Kernel][]Affine
	stride  int  // lanes on one chain
	waited  bool // the last thing emitted is a barrier

	ranges  int   // formal of the table
	inGroup Value // the chain's number in its group
	chain   Value
	own     Value // the lane's first item
}

// declare declares the buffers that the parts use and that did not become shared.
func (u *fusing) declare(stages [][]Part) {
	access := make([]Access, len(u.Fusion.Buffers))
	for _, stage := range stages {
		for _, p := range stage {
			for i, b := range p.Buffers {
				access[b] |= p.Kernel.Buffers[i].Access
			}
		}
	}
	for i, b := range u.Fusion.Buffers {
		u.formals[i] = -1
		if access[i] != 0 && u.arrays[i] < 0 {
			u.formals[i] = u.Buffer(b.Name, b.Type, access[i])
			u.bound = append(u.bound, i)
		}
	}
}

// place computes where a lane stands.
func (u *fusing) place() {
	local, c := u.Local(), u.ChainsPerGroup
	u.inGroup, u.own = local, u.ConstInt(0)
	if u.stride > 1 {
		u.inGroup = u.ConstInt(0)
		u.own = local
		if c > 1 {
			u.inGroup = u.Integer(OpAndInt, local, u.ConstInt(c-1))
			u.own = u.Integer(OpShiftRightInt, local, u.ConstInt(bits.TrailingZeros(uint(c))))
		}
	} else if c == 1 {
		u.inGroup = u.ConstInt(0)
	}
	u.chain = u.AddInt(u.MulInt(u.Item(), u.ConstInt(c)), u.inGroup)
}

// wait separates stages.
func (u *fusing) wait() {
	if u.stride > 1 && !u.waited {
		u.Barrier()
	}
	u.waited = true
}

// onChain runs the body for lanes that have a chain: the last group may have
// fewer than the others.
func (u *fusing) onChain(body func()) {
	if u.Chains%u.ChainsPerGroup == 0 {
		body()
		return
	}
	u.If(u.LessInt(u.chain, u.ConstInt(u.Chains)), body, nil)
}

// stage emits the parts of a stage.
func (u *fusing) stage(parts []Part) {
	u.waited = false
	u.onChain(func() {
		for _, p := range parts {
			switch {
			case p.Count == 0:
			case p.Count == 1 && u.stride == 1:
				u.body(p, u.ConstInt(p.First))
			case p.Count <= u.stride:
				u.guarded(p, u.own, u.ConstInt(p.First), u.ConstInt(p.Count), p.Count == u.stride)
			default:
				trips := (p.Count + u.stride - 1) / u.stride
				u.Loop(u.ConstInt(trips), func(i Value) {
					u.guarded(p, u.nth(i), u.ConstInt(p.First), u.ConstInt(p.Count), p.Count%u.stride == 0)
				})
			}
		}
	})
}

// nth is the lane's i-th item, counted from the first of the part.
func (u *fusing) nth(i Value) Value { return u.AddInt(u.MulInt(i, u.ConstInt(u.stride)), u.own) }

// guarded emits a part's body for item number n of count, if there is one.
func (u *fusing) guarded(p Part, n, first, count Value, always bool) {
	if always {
		u.body(p, u.AddInt(first, n))
		return
	}
	u.If(u.LessInt(n, count), func() { u.body(p, u.AddInt(first, n)) }, nil)
}

// rolled emits stages that differ in their items alone as a loop.
func (u *fusing) rolled(stages [][]Part) {
	if u.table == nil {
		u.ranges = u.Buffer("ranges", Int, Read)
		u.bound = append(u.bound, RangesBuffer)
	}
	parts, base := stages[0], len(u.table)
	for _, stage := range stages {
		for _, p := range stage {
			u.table = append(u.table, int32(p.First), int32(p.Count))
		}
	}
	u.Loop(u.ConstInt(len(stages)), func(s Value) {
		u.onChain(func() {
			for n, p := range parts {
				at := u.AddInt(u.MulInt(s, u.ConstInt(2*len(parts))), u.ConstInt(base+2*n))
				first, count := u.LoadInt(u.ranges, at), u.LoadInt(u.ranges, u.AddInt(at, u.ConstInt(1)))
				trips := count
				if u.stride > 1 {
					trips = u.Integer(OpShiftRightInt, u.AddInt(count, u.ConstInt(u.stride-1)), u.ConstInt(bits.TrailingZeros(uint(u.stride))))
				}
				u.Loop(trips, func(i Value) { u.guarded(p, u.nth(i), first, count, u.stride == 1) })
			}
		})
		u.waited = false
		u.wait() // in the last round too, so that what follows need not
	})
}
