//go:build cgo

package vulkan

// use is what a dispatch reads or writes.
type use struct {
	part
	written bool
}

// manyUses is how many uses are remembered before a barrier makes them forgotten:
// comparing with more costs more than the barrier.
const manyUses = 512

// hazards remembers what has been used since the last barrier.
type hazards struct{ since []use }

// meets reports whether any of the uses must wait for one since the last barrier:
// both are of the same bytes and one writes.
func (h *hazards) meets(uses []use) bool {
	if len(h.since)+len(uses) > manyUses && len(h.since) > 0 {
		return true
	}
	for _, u := range uses {
		for _, v := range h.since {
			if (u.written || v.written) && u.block == v.block && u.span.overlaps(v.span) {
				return true
			}
		}
	}
	return false
}

func (h *hazards) add(uses []use) { h.since = append(h.since, uses...) }

func (h *hazards) clear() { h.since = h.since[:0] }
