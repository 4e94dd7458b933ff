package shaders

import "fmt"

// Part is a dispatch of a straight-line grid kernel within a [Fusion].
type Part struct {
	Kernel       *Kernel
	First, Count int // its items
	// Buffers is, for every formal buffer of Kernel, the index of a buffer of the
	// fusion, and Offsets what is added to its indices; nil means nothing.
	Buffers, Offsets []int
}

// FusionBuffer is a buffer that the parts of a [Fusion] use.
type FusionBuffer struct {
	Name string
	Type Type
	// Size is its elements, and Private says that nothing outside the fusion needs
	// what the parts store in it. Private buffers become shared arrays where they fit.
	Size    int
	Private bool
}

// Fusion says how the parts of several stages become one group kernel.
//
// A group carries ChainsPerGroup chains through all stages. Lane number local is
// on the chain local % ChainsPerGroup of its group, and strides over the items
// of a part from local / ChainsPerGroup on.
type Fusion struct {
	Name           string
	Chains         int
	Lanes          int // per group, a power of two
	ChainsPerGroup int // a power of two, at most Lanes
	Buffers        []FusionBuffer
	// SharedElements is how many floats a group may keep in shared arrays.
	SharedElements int
}

// Groups is how many groups carry all chains, the items of the fused kernel.
func (f Fusion) Groups() int { return (f.Chains + f.ChainsPerGroup - 1) / f.ChainsPerGroup }

// Fused is a group kernel made of grid kernels.
type Fused struct {
	Kernel *Kernel
	// Buffers is, for every formal buffer of Kernel, the index of a buffer of the
	// fusion, or RangesBuffer for an integer buffer that must hold Ranges.
	Buffers []int
	Ranges  []int32
	// Shared lists the buffers of the fusion that became shared arrays.
	Shared []int
}

// RangesBuffer stands for the buffer of [Fused.Ranges].
const RangesBuffer = -1

// Fuse makes one group kernel out of stages of grid kernels. As in a recording,
// the parts of one stage must not depend on each other, and a stage sees what
// earlier ones stored; a lane never uses what a lane of another chain stored.
//
// Between stages the lanes of a group wait for each other, unless each carries a
// whole chain. Runs of stages that differ in their items alone become a loop
// over a table of items, so that a deep tree makes no long kernel. Every float
// is computed by the same operations in the same order as by the parts alone.
func Fuse(f Fusion, stages [][]Part) (*Fused, error) {
	if err := f.check(stages); err != nil {
		return nil, fmt.Errorf("shaders: fusion %q: %w", f.Name, err)
	}
	b := NewBuilder(f.Name, f.Chains)
	b.Groups(f.Lanes)
	u := &fusing{Fusion: f, Builder: b, formals: make([]int, len(f.Buffers)), arrays: make([]int, len(f.Buffers)),
		stride: f.Lanes / f.ChainsPerGroup, forms: map[*Kernel][]Affine{}}
	u.chooseShared(stages)
	u.declare(stages)
	u.place()
	for first := 0; first < len(stages); {
		end := first + 1
		for end < len(stages) && sameParts(stages[first], stages[end]) {
			end++
		}
		if end-first < fewestRolled {
			end = first + 1
		}
		if first > 0 {
			u.wait()
		}
		if end > first+1 {
			u.rolled(stages[first:end])
		} else {
			u.stage(stages[first])
		}
		first = end
	}
	return &Fused{Kernel: b.Kernel(), Buffers: u.bound, Ranges: u.table, Shared: u.shared}, nil
}

// fewestRolled is how many stages are worth a loop.
const fewestRolled = 3

func isPower(n int) bool { return n > 0 && n&(n-1) == 0 }

func (f Fusion) check(stages [][]Part) error {
	switch {
	case f.Chains < 1:
		return fmt.Errorf("%d chains; there must be at least 1", f.Chains)
	case !isPower(f.Lanes) || !isPower(f.ChainsPerGroup) || f.ChainsPerGroup > f.Lanes:
		return fmt.Errorf("%d lanes for %d chains of a group; both must be powers of two, and a chain needs a lane", f.Lanes, f.ChainsPerGroup)
	}
	for s, stage := range stages {
		for _, p := range stage {
			if err := f.checkPart(p); err != nil {
				return fmt.Errorf("stage %d, kernel %q: %w", s, p.Kernel.Name, err)
			}
		}
	}
	return nil
}

func (f Fusion) checkPart(p Part) error {
	switch {
	case p.Kernel.Structured():
		return fmt.Errorf("it has groups, branches or loops; only straight-line kernels can be fused")
	case p.Kernel.Chains != f.Chains:
		return fmt.Errorf("it is for %d chains, the fusion for %d", p.Kernel.Chains, f.Chains)
	case p.First < 0 || p.Count < 0:
		return fmt.Errorf("items from %d, %d of them", p.First, p.Count)
	case len(p.Buffers) != len(p.Kernel.Buffers) || p.Offsets != nil && len(p.Offsets) != len(p.Buffers):
		return fmt.Errorf("it has %d buffers, %d are given with %d offsets", len(p.Kernel.Buffers), len(p.Buffers), len(p.Offsets))
	}
	for i, b := range p.Buffers {
		if b < 0 || b >= len(f.Buffers) {
			return fmt.Errorf("buffer %d of %d", b, len(f.Buffers))
		}
		if p.Kernel.Buffers[i].Type != f.Buffers[b].Type {
			return fmt.Errorf("buffer %q is %v, %q of the fusion is %v", p.Kernel.Buffers[i].Name, p.Kernel.Buffers[i].Type, f.Buffers[b].Name, f.Buffers[b].Type)
		}
	}
	return Verify(p.Kernel)
}

// sameParts reports whether two stages differ in their items alone.
func sameParts(x, y []Part) bool {
	if len(x) != len(y) {
		return false
	}
	for i := range x {
		if x[i].Kernel != y[i].Kernel {
			return false
		}
		for n := range x[i].Buffers {
			if x[i].Buffers[n] != y[i].Buffers[n] || x[i].offset(n) != y[i].offset(n) {
				return false
			}
		}
	}
	return true
}

func (p Part) offset(buffer int) int {
	if p.Offsets == nil {
		return 0
	}
	return p.Offsets[buffer]
}
