//go:build cgo

package vulkan

/*
#include "native.h"
*/
import "C"

import (
	"context"
	"fmt"
	"sync"
	"time"
	"unsafe"

	vk "github.com/vulkan-go/vulkan"

	"github.com/hxgpu/hxgpu/device"
)

const (
	// stepsPerCommands is how many dispatches a command buffer holds: enough for
	// its own cost to vanish, few enough that many repetitions stay small.
	stepsPerCommands = 2048
	// commandsPerSubmit is how many command buffers go to the queue at once.
	commandsPerSubmit = 64
)

// program is a recording written into command buffers.
type program struct {
	owner     *gpu
	name      string
	repeat    int
	shape     []int // dispatches of each stage
	buffers   []*buffer
	pipelines []*pipeline
	owned     []part // memory of its own
	sets      vk.DescriptorPool
	pool      vk.CommandPool
	fence     vk.Fence
	order     []vk.CommandBuffer // what one run submits; one may occur many times

	mutex    sync.Mutex // one run at a time; guards what follows
	closed   bool
	closures int // of the device when all buffers were last seen open
	timer    *timer
}

var (
	_ device.Program = (*program)(nil)
	_ device.Timed   = (*program)(nil)
)

// write makes the command buffers. Short stages are repeated within one command
// buffer, and that one is submitted as often as needed; long ones are split.
func (p *program) write(steps []step, timed bool) error {
	d := p.owner.driver
	fence, err := d.newFence()
	if err != nil {
		return err
	}
	p.fence = fence
	if len(steps) == 0 {
		if timed {
			p.timer = &timer{}
		}
		return nil
	}
	var parts [][]step
	var once []int // the parts of one run, in order
	perPart := 1
	switch {
	case timed:
		parts, once = [][]step{steps}, []int{0}
	case len(steps) <= stepsPerCommands:
		perPart = min(p.repeat, stepsPerCommands/len(steps))
		parts = append(parts, repeated(steps, perPart))
		for range p.repeat / perPart {
			once = append(once, 0)
		}
		if rest := p.repeat % perPart; rest > 0 {
			parts = append(parts, repeated(steps, rest))
			once = append(once, 1)
		}
	default:
		for first := 0; first < len(steps); first += stepsPerCommands {
			parts = append(parts, steps[first:min(first+stepsPerCommands, len(steps))])
		}
		for range p.repeat {
			for i := range parts {
				once = append(once, i)
			}
		}
	}
	pool, commands, err := d.newCommands(len(parts))
	if err != nil {
		return err
	}
	p.pool = pool
	var queries vk.QueryPool
	if timed {
		if p.timer, err = newTimer(d, steps); err != nil {
			return err
		}
		queries = p.timer.pool
	}
	for i, part := range parts {
		native := p.barriers(part, timed)
		result := C.hxRecordSteps(d.table, object(commands[i]), unsafe.SliceData(native), C.uint32_t(len(native)), number(queries), 0)
		if err := d.check("vkEndCommandBuffer", vk.Result(result)); err != nil {
			return err
		}
		d.name(namedCommands, C.HxHandle(uintptr(unsafe.Pointer(object(commands[i])))), p.name)
	}
	for _, i := range once {
		p.order = append(p.order, commands[i])
	}
	return nil
}

func repeated(steps []step, times int) []step {
	all := make([]step, 0, len(steps)*times)
	for range times {
		all = append(all, steps...)
	}
	return all
}

// barriers decides which steps must wait for those before. Dispatches of one
// stage never need to; they do where each is timed, and where the validation
// layer would think so.
func (p *program) barriers(steps []step, timed bool) []C.HxStep {
	apart := timed || p.owner.options.Validation
	native := make([]C.HxStep, len(steps))
	var h hazards
	for first := 0; first < len(steps); {
		last := first + 1
		for !apart && last < len(steps) && steps[last].stage == steps[first].stage && steps[last].number > steps[last-1].number {
			last++
		}
		wait := timed
		for _, s := range steps[first:last] {
			wait = wait || h.meets(s.uses)
		}
		if wait && first > 0 {
			h.clear()
		}
		for i := first; i < last; i++ {
			native[i] = steps[i].native
			h.add(steps[i].uses)
		}
		if wait && first > 0 {
			native[first].barrier = 1
		}
		first = last
	}
	return native
}

// Run submits the command buffers and waits for them.
func (p *program) Run(ctx context.Context) error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	g := p.owner
	g.life.RLock()
	defer g.life.RUnlock()
	if p.closed || g.closed {
		return fmt.Errorf("vulkan: program %q is closed", p.name)
	}
	if p.closures != g.closures {
		for _, b := range p.buffers {
			if b.closed {
				return fmt.Errorf("vulkan: program %q uses a buffer that is closed", p.name)
			}
		}
		p.closures = g.closures
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if p.timer != nil {
		return p.runTimed()
	}
	if len(p.order) == 0 {
		return nil
	}
	return p.submit()
}

// submit runs everything once.
func (p *program) submit() error {
	d := p.owner.driver
	var none vk.Fence
	for first := 0; first < len(p.order); first += commandsPerSubmit {
		last := min(first+commandsPerSubmit, len(p.order))
		fence := none
		if last == len(p.order) {
			fence = p.fence
		}
		if err := d.submit(p.order[first:last], fence); err != nil {
			return fmt.Errorf("program %q: %w", p.name, err)
		}
	}
	if err := d.wait(p.fence); err != nil {
		return fmt.Errorf("program %q: %w", p.name, err)
	}
	return nil
}

// Timings are the times of the last run. A program that is timed runs its
// dispatches one after another, so that each time is the dispatch's own.
func (p *program) Timings() ([][][]time.Duration, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	switch {
	case p.timer == nil:
		return nil, fmt.Errorf("vulkan: program %q was not recorded with Timed set", p.name)
	case p.timer.times == nil:
		return nil, fmt.Errorf("vulkan: program %q has not been run", p.name)
	}
	return p.timer.times, nil
}

// Close frees the program; it waits for a run that is under way.
func (p *program) Close() error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	g := p.owner
	g.life.RLock()
	defer g.life.RUnlock()
	if p.closed || g.closed {
		p.closed = true
		return nil
	}
	p.closed = true
	g.mutex.Lock()
	defer g.mutex.Unlock()
	delete(g.programs, p)
	p.free()
	return nil
}

// free destroys what the program is made of; the device's mutex is held or nobody
// else is left.
func (p *program) free() {
	d := p.owner.driver
	vk.DestroyFence(d.handle, p.fence, nil)
	vk.DestroyCommandPool(d.handle, p.pool, nil)
	vk.DestroyDescriptorPool(d.handle, p.sets, nil)
	if p.timer != nil {
		vk.DestroyQueryPool(d.handle, p.timer.pool, nil)
	}
	for _, q := range p.pipelines {
		p.owner.pipelines.release(q)
	}
	for _, own := range p.owned {
		p.owner.heap.release(own)
	}
	p.pipelines, p.owned, p.buffers, p.order = nil, nil, nil, nil
}
