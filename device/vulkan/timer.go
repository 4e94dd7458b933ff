//go:build cgo

package vulkan

import (
	"fmt"
	"math"
	"time"
	"unsafe"

	vk "github.com/vulkan-go/vulkan"
)

// timer holds the timestamps before the first and after every dispatch of a
// program, and what they say.
type timer struct {
	pool   vk.QueryPool
	places [][2]int // stage and number of each dispatch
	times  [][][]time.Duration
}

func newTimer(d *driver, steps []step) (*timer, error) {
	t := &timer{}
	for _, s := range steps {
		t.places = append(t.places, [2]int{s.stage, s.number})
	}
	info := vk.QueryPoolCreateInfo{SType: vk.StructureTypeQueryPoolCreateInfo, QueryType: vk.QueryTypeTimestamp, QueryCount: uint32(len(steps) + 1)}
	defer info.Free()
	var pool vk.QueryPool
	err := d.check("vkCreateQueryPool", vk.CreateQueryPool(d.handle, &info, nil, &pool))
	t.pool = pool
	return t, err
}

// runTimed runs the repetitions one by one and reads the timestamps of each.
func (p *program) runTimed() error {
	t := p.timer
	t.times = nil
	var all [][][]time.Duration
	for range p.repeat {
		stages := make([][]time.Duration, len(p.shape))
		for s, n := range p.shape {
			stages[s] = make([]time.Duration, n)
		}
		if len(t.places) > 0 {
			if err := p.submit(); err != nil {
				return err
			}
			if err := t.read(p.owner.driver, stages); err != nil {
				return fmt.Errorf("program %q: %w", p.name, err)
			}
		}
		all = append(all, stages)
	}
	t.times = all
	return nil
}

// read fills in the times of the last repetition.
func (t *timer) read(d *driver, stages [][]time.Duration) error {
	stamps := make([]uint64, len(t.places)+1)
	result := vk.GetQueryPoolResults(d.handle, t.pool, 0, uint32(len(stamps)), uint(8*len(stamps)), unsafe.Pointer(&stamps[0]), 8,
		vk.QueryResultFlags(vk.QueryResult64Bit|vk.QueryResultWaitBit))
	if err := d.check("vkGetQueryPoolResults", result); err != nil {
		return err
	}
	for i, place := range t.places {
		stages[place[0]][place[1]] += ticks(stamps[i], stamps[i+1], d.adapter.validBits, d.adapter.limits.TimestampPeriod)
	}
	return nil
}

// ticks is the time between two stamps of which some low bits are valid, given
// nanoseconds per tick. The counter may have wrapped around.
func ticks(from, to uint64, validBits uint32, period float32) time.Duration {
	n := to - from
	if validBits < 64 {
		n &= 1<<validBits - 1
	}
	return time.Duration(math.Round(float64(n) * float64(period)))
}
