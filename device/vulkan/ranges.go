//go:build cgo

package vulkan

import "sort"

// span is a run of bytes, low included, high not.
type span struct{ low, high uint64 }

func (s span) size() uint64 { return s.high - s.low }

func (s span) overlaps(t span) bool { return s.low < t.high && t.low < s.high }

// cover is the smallest span that holds both.
func (s span) cover(t span) span { return span{min(s.low, t.low), max(s.high, t.high)} }

// freeList holds the free parts of a block, in ascending order, no two touching.
type freeList []span

// take removes size bytes from the first part that has as many. Sizes are
// multiples of the alignment, so that every part begins aligned.
func (f *freeList) take(size uint64) (span, bool) {
	for i, s := range *f {
		if s.size() < size {
			continue
		}
		taken := span{s.low, s.low + size}
		if s.size() == size {
			*f = append((*f)[:i], (*f)[i+1:]...)
		} else {
			(*f)[i].low = taken.high
		}
		return taken, true
	}
	return span{}, false
}

// put gives a part back and joins it with its neighbours.
func (f *freeList) put(s span) {
	list := *f
	i := sort.Search(len(list), func(i int) bool { return list[i].low >= s.high })
	joinsNext := i < len(list) && list[i].low == s.high
	joinsLast := i > 0 && list[i-1].high == s.low
	switch {
	case joinsNext && joinsLast:
		list[i-1].high = list[i].high
		*f = append(list[:i], list[i+1:]...)
	case joinsNext:
		list[i].low = s.low
	case joinsLast:
		list[i-1].high = s.high
	default:
		list = append(list, span{})
		copy(list[i+1:], list[i:])
		list[i] = s
		*f = list
	}
}

func alignUp(n, alignment uint64) uint64 { return (n + alignment - 1) / alignment * alignment }
