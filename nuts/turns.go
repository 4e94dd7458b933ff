package nuts

import (
	"context"
	"time"

	"github.com/hxgpu/hxgpu/device"
)

// turnLength is how long a group works while others wait. Meanwhile they can give
// nothing to a checkpoint.
const turnLength = 10 * time.Millisecond

// turns let as many groups work at a time as a processor has workers, where there are
// more groups than that: the others wait. All methods do nothing where there are not.
type turns struct {
	free  chan int    // the workers that no group has; nil where all groups may work
	slots []int       // by group, the worker that it has
	began []time.Time // by group, zero for one that has no turn
}

// newTurns makes turns for some groups on a device, which may be nil. A GPU shares
// itself out.
func newTurns(dev device.Device, groups int) *turns {
	t := &turns{slots: make([]int, groups), began: make([]time.Time, groups)}
	if dev == nil {
		return t
	}
	info := dev.Info()
	if info.Fuses || info.Workers < 1 || groups <= info.Workers {
		return t
	}
	t.free = make(chan int, info.Workers)
	for slot := range info.Workers {
		t.free <- slot
	}
	return t
}

// workers is how many groups work at a time, where others wait.
func (t *turns) workers() int { return cap(t.free) }

// slot is the number of the worker that a group has, 0 where none waits.
func (t *turns) slot(group int) int { return t.slots[group] }

// take waits for a turn for a group.
func (t *turns) take(ctx context.Context, group int) error {
	if t.free == nil {
		return nil
	}
	select {
	case t.slots[group] = <-t.free:
		t.began[group] = time.Now()
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// give ends a group's turn, if it has one.
func (t *turns) give(group int) {
	if t.free != nil && !t.began[group].IsZero() {
		t.began[group] = time.Time{}
		t.free <- t.slots[group]
	}
}

// pass ends a turn that has lasted, and waits for the next behind all who wait already.
func (t *turns) pass(ctx context.Context, group int) error {
	if t.free == nil || time.Since(t.began[group]) < turnLength {
		return nil
	}
	t.give(group)
	return t.take(ctx, group)
}
