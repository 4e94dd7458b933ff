//go:build cgo

package vulkan

/*
#include "native.h"
*/
import "C"

import (
	"encoding/binary"
	"fmt"
	"math"

	vk "github.com/vulkan-go/vulkan"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/shaders"
)

// step is a dispatch that is ready to be written into a command buffer.
type step struct {
	native        C.HxStep
	stage, number int // its place in the recording
	uses          []use
}

// recorder turns a recording into steps.
type recorder struct {
	gpu      *gpu
	arranger arranger
	program  *program
	steps    []step

	scratch []*buffer // of the array kernels of a stage
	inStage int       // dispatches of array kernels so far
	arrays  map[*kernel]arrayBuffers

	sets        map[string]int // by layout and descriptors: its place in the list
	setLayouts  []C.HxHandle
	descriptors []C.HxDescriptor // set holds a place in the list until there are sets
}

func (g *gpu) Record(r device.Recording) (device.Program, error) {
	g.life.RLock()
	defer g.life.RUnlock()
	if g.closed {
		return nil, errClosed
	}
	if r.Repeat < 0 {
		return nil, fmt.Errorf("vulkan: recording %q is to be repeated %d times", r.Name, r.Repeat)
	}
	if r.Timed && g.driver.adapter.validBits == 0 {
		return nil, fmt.Errorf("vulkan: recording %q is to be timed; the queue of %s has no timestamps", r.Name, g.driver.adapter.Name)
	}
	g.mutex.Lock()
	defer g.mutex.Unlock()
	p := &program{owner: g, name: r.Name, repeat: max(r.Repeat, 1), closures: g.closures}
	c := recorder{gpu: g, arranger: newArranger(g.driver.adapter), program: p, arrays: map[*kernel]arrayBuffers{}, sets: map[string]int{}}
	if err := c.record(r); err != nil {
		p.free()
		return nil, err
	}
	g.programs[p] = true
	return p, nil
}

func (c *recorder) record(r device.Recording) error {
	bound := map[*buffer]bool{}
	c.program.shape = make([]int, len(r.Stages))
	if err := c.planScratch(r); err != nil {
		return fmt.Errorf("recording %q: %w", r.Name, err)
	}
	for s, stage := range r.Stages {
		c.program.shape[s] = len(stage)
		c.inStage = 0
		for n, d := range stage {
			if err := c.dispatch(s, n, d); err != nil {
				return fmt.Errorf("vulkan: recording %q, stage %d: %w", r.Name, s, err)
			}
			for _, b := range d.Bindings {
				bound[b.Buffer.(*buffer)] = true
			}
		}
	}
	for b := range bound {
		c.program.buffers = append(c.program.buffers, b)
	}
	if err := c.allocateSets(); err != nil {
		return err
	}
	return c.program.write(c.steps, r.Timed)
}

// dispatch checks a dispatch and adds its steps.
func (c *recorder) dispatch(stage, n int, d device.Dispatch) error {
	k, err := c.gpu.check(d)
	if err != nil || d.Count == 0 {
		return err
	}
	if k.spread != nil {
		return c.dispatchArrays(stage, n, k, d)
	}
	return c.add(stage, n, k, d.Bindings, d.First, d.Count)
}

// add adds a step: items of a kernel with its buffers bound.
func (c *recorder) add(stage, n int, k *kernel, bindings []device.Binding, first, count int) error {
	a, err := c.arranger.arrange(k.source, bindings)
	if err != nil {
		return err
	}
	p, err := c.gpu.pipelines.use(k, a, c.gpu.lanes)
	if err != nil {
		return err
	}
	c.program.pipelines = append(c.program.pipelines, p)
	groups := count
	if k.source.Lanes == 0 {
		groups = (count*k.source.Chains + c.gpu.lanes - 1) / c.gpu.lanes
	}
	x, y, err := c.gpu.workgroups(groups)
	if err != nil {
		return fmt.Errorf("kernel %q: %w", k.source.Name, err)
	}
	s := step{stage: stage, number: n, uses: c.uses(k.source, bindings, a)}
	s.native = C.HxStep{pipeline: p.handle, layout: p.layout.pipeline, set: c.set(p.layout.set, a.descriptors),
		x: C.uint32_t(x), y: C.uint32_t(y), first: C.uint32_t(first), count: C.uint32_t(count)}
	c.steps = append(c.steps, s)
	return nil
}

// check holds a dispatch against its kernel.
func (g *gpu) check(d device.Dispatch) (*kernel, error) {
	k, ok := d.Kernel.(*kernel)
	if !ok || k.owner != g {
		return nil, fmt.Errorf("a kernel of another device")
	}
	name := k.source.Name
	if len(d.Bindings) != len(k.source.Buffers) {
		return nil, fmt.Errorf("kernel %q has %d buffers, %d are bound", name, len(k.source.Buffers), len(d.Bindings))
	}
	per := 1
	if k.source.Lanes == 0 {
		per = k.source.Chains
	}
	switch {
	case d.First < 0 || d.Count < 0:
		return nil, fmt.Errorf("kernel %q: items from %d, %d of them", name, d.First, d.Count)
	case d.First > math.MaxInt32-d.Count || d.Count > math.MaxInt32/per:
		return nil, fmt.Errorf("kernel %q: items from %d, %d of them, for %d chains: more than 2^31-1", name, d.First, d.Count, per)
	}
	for i, b := range d.Bindings {
		formal := k.source.Buffers[i]
		own, ok := b.Buffer.(*buffer)
		switch {
		case !ok || own.owner != g:
			return nil, fmt.Errorf("kernel %q: buffer %q is of another device", name, formal.Name)
		case own.kind != formal.Type:
			return nil, fmt.Errorf("kernel %q: buffer %q has the wrong element type", name, formal.Name)
		case own.closed:
			return nil, fmt.Errorf("kernel %q: buffer %q is closed", name, formal.Name)
		case b.Offset < 0 || b.Offset > own.length:
			return nil, fmt.Errorf("kernel %q: buffer %q of %d elements is bound from %d on", name, formal.Name, own.length, b.Offset)
		}
	}
	return k, nil
}

// workgroups spreads n workgroups over two axes.
func (g *gpu) workgroups(n int) (x, y int, err error) {
	most := g.driver.adapter.limits.MaxComputeWorkGroupCount
	y = (n + int(most[0]) - 1) / int(most[0])
	if y > int(most[1]) {
		return 0, 0, fmt.Errorf("%d workgroups; %s allows %d x %d (maxComputeWorkGroupCount): dispatch fewer items at a time",
			n, g.driver.adapter.Name, most[0], most[1])
	}
	return (n + y - 1) / y, y, nil
}

// uses lists what a dispatch reads and writes. The validation layer knows only
// descriptors, so it is given barriers for those.
func (c *recorder) uses(k *shaders.Kernel, bindings []device.Binding, a arrangement) []use {
	var uses []use
	if c.gpu.options.Validation {
		for i, d := range a.descriptors {
			uses = append(uses, use{d, a.written[i]})
		}
		return uses
	}
	for i, b := range bindings {
		own := b.Buffer.(*buffer)
		uses = append(uses, use{own.elements(b.Offset, own.length-b.Offset), k.Buffers[i].Access&shaders.Write != 0})
	}
	return uses
}

// set finds or plans a descriptor set, and gives its place in the list plus one; 0
// if nothing is bound.
func (c *recorder) set(layout C.HxHandle, descriptors []part) C.HxHandle {
	if len(descriptors) == 0 {
		return 0
	}
	key := binary.NativeEndian.AppendUint64(nil, uint64(layout))
	for _, d := range descriptors {
		key = binary.NativeEndian.AppendUint64(key, uint64(number(d.block.buffer)))
		key = binary.NativeEndian.AppendUint64(key, d.span.low)
		key = binary.NativeEndian.AppendUint64(key, d.span.high)
	}
	place, known := c.sets[string(key)]
	if !known {
		place = len(c.setLayouts)
		c.sets[string(key)] = place
		c.setLayouts = append(c.setLayouts, layout)
		for i, d := range descriptors {
			c.descriptors = append(c.descriptors, C.HxDescriptor{set: C.HxHandle(place), buffer: number(d.block.buffer),
				offset: C.uint64_t(d.span.low), _range: C.uint64_t(d.span.size()), binding: C.uint32_t(i)})
		}
	}
	return C.HxHandle(place + 1)
}

// allocateSets makes the planned sets and puts them in their places.
func (c *recorder) allocateSets() error {
	if len(c.setLayouts) == 0 {
		return nil
	}
	d := c.gpu.driver
	var pool C.HxHandle
	result := C.hxCreateSetPool(d.table, object(d.handle), C.uint32_t(len(c.setLayouts)), C.uint32_t(len(c.descriptors)), &pool)
	if err := d.check("vkCreateDescriptorPool", vk.Result(result)); err != nil {
		return err
	}
	c.program.sets = handle[vk.DescriptorPool](pool)
	layouts := make([]vk.DescriptorSetLayout, len(c.setLayouts))
	for i, l := range c.setLayouts {
		layouts[i] = handle[vk.DescriptorSetLayout](l)
	}
	info := vk.DescriptorSetAllocateInfo{SType: vk.StructureTypeDescriptorSetAllocateInfo, DescriptorPool: c.program.sets,
		DescriptorSetCount: uint32(len(layouts)), PSetLayouts: layouts}
	defer info.Free()
	sets := make([]vk.DescriptorSet, len(layouts))
	if err := d.check("vkAllocateDescriptorSets", vk.AllocateDescriptorSets(d.handle, &info, &sets[0])); err != nil {
		return err
	}
	for i := range c.descriptors {
		c.descriptors[i].set = number(sets[c.descriptors[i].set])
	}
	C.hxUpdateDescriptors(d.table, object(d.handle), &c.descriptors[0], C.uint32_t(len(c.descriptors)))
	for i := range c.steps {
		if place := c.steps[i].native.set; place > 0 {
			c.steps[i].native.set = number(sets[place-1])
		}
	}
	return nil
}
