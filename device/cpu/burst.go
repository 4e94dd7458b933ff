package cpu

import (
	"github.com/hxgpu/hxgpu/device/cpu/native"
	"github.com/hxgpu/hxgpu/shaders"
)

// mostBurst is how many operations of lanes a burst has at most, some 50 microseconds: a
// goroutine cannot be stopped within it.
const mostBurst = 500_000

// step is what a program does at a time: a dispatch, or a burst of small ones.
type step struct {
	stage, number int // of the dispatch
	burst         *native.Burst
}

// steps joins neighbouring small dispatches to bursts. They stay in order, so that no
// barrier is missed.
func (p *program[T]) steps() []step {
	var steps []step
	var burst *native.Burst
	work := 0
	frames := map[int]*native.Frame{} // by the engine's number
	for s := range p.stages {
		for i := range p.stages[s] {
			d := &p.stages[s][i]
			e, can := d.engine.(nativeEngine[T])
			can = can && !d.shared && p.timings == nil && d.high > d.low && bounded(d.kernel)
			cost := 0
			if can {
				cost = (d.high - d.low) * e.work
				can = cost <= mostBurst
			}
			if !can {
				burst = nil
				steps = append(steps, step{stage: s, number: i})
				continue
			}
			if burst == nil || work+cost > mostBurst {
				burst, work = &native.Burst{}, 0
				steps = append(steps, step{burst: burst})
			}
			work += cost
			frame := frames[d.number]
			if frame == nil {
				frame = e.NewFrame()
				frames[d.number] = frame
			}
			frame = frame.Again()
			bind(frame, &d.arguments)
			burst.Add(e.Code, frame, d.low, d.high)
		}
	}
	return steps
}

// bounded reports whether the work of a kernel is known beforehand: it has no loops but
// sums of a known length.
func bounded(k *shaders.Kernel) bool {
	if k.Structured() {
		return false
	}
	for _, i := range k.Instructions {
		if i.Op == shaders.OpSegmentReduce && k.Instructions[i.B].Op != shaders.OpConstInt {
			return false
		}
	}
	return true
}
