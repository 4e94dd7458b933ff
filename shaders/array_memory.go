package shaders

import "sort"

// Kernel gives every array its place in the lanes' memory and returns the
// finished kernel. Arrays that are not needed at the same time share places.
func (b *ArrayBuilder) Kernel() *Kernel {
	p := b.program
	offsets := make([]int, len(b.arrays))
	for a, m := range b.arrays {
		if m.constant != nil {
			offsets[a] = len(p.Constants)
			p.Constants = append(p.Constants, m.constant...)
		}
	}
	memory := places{size: len(p.Constants)}
	// Arrays in the order in which they are made; those that have ended are freed.
	order := make([]int, 0, len(b.arrays))
	for a, m := range b.arrays {
		if m.constant == nil && m.end >= 0 {
			order = append(order, a)
		}
	}
	sort.SliceStable(order, func(i, j int) bool { return b.arrays[order[i]].def < b.arrays[order[j]].def })
	var live []int
	for _, a := range order {
		kept := live[:0]
		for _, other := range live {
			if b.arrays[other].end < b.arrays[a].def {
				memory.free(offsets[other], b.arrays[other].size)
				continue
			}
			kept = append(kept, other)
		}
		live = append(kept, a)
		offsets[a] = memory.take(b.arrays[a].size)
	}
	p.Size = memory.size
	for i := range p.Instructions {
		at := &p.Instructions[i]
		for k, span := range []*Span{&at.Out, &at.A, &at.B, &at.C} {
			if array := b.references[i][k]; array >= 0 {
				span.Offset += offsets[array]
			}
		}
		if array := b.references[i][0]; array >= 0 {
			at.Life = max(b.arrays[array].end-i, 0)
		}
	}
	return b.kernel
}

// places hands out ranges of a memory that grows as needed.
type places struct {
	size int
	gaps [][2]int // first, end; ascending and apart
}

// take finds the first gap that fits, or grows the memory.
func (p *places) take(n int) int {
	for i, g := range p.gaps {
		if g[1]-g[0] >= n {
			p.gaps[i][0] += n
			if g[0]+n == g[1] {
				p.gaps = append(p.gaps[:i], p.gaps[i+1:]...)
			}
			return g[0]
		}
	}
	if last := len(p.gaps) - 1; last >= 0 && p.gaps[last][1] == p.size {
		first := p.gaps[last][0]
		p.gaps = p.gaps[:last]
		p.size = first + n
		return first
	}
	first := p.size
	p.size += n
	return first
}

func (p *places) free(first, n int) {
	if n == 0 {
		return
	}
	at := sort.Search(len(p.gaps), func(i int) bool { return p.gaps[i][0] > first })
	p.gaps = append(p.gaps, [2]int{})
	copy(p.gaps[at+1:], p.gaps[at:])
	p.gaps[at] = [2]int{first, first + n}
	if at+1 < len(p.gaps) && p.gaps[at][1] == p.gaps[at+1][0] {
		p.gaps[at][1] = p.gaps[at+1][1]
		p.gaps = append(p.gaps[:at+1], p.gaps[at+2:]...)
	}
	if at > 0 && p.gaps[at-1][1] == p.gaps[at][0] {
		p.gaps[at-1][1] = p.gaps[at][1]
		p.gaps = append(p.gaps[:at], p.gaps[at+1:]...)
	}
}
