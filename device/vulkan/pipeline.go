//go:build cgo

package vulkan

/*
#include "native.h"
*/
import "C"

import (
	"fmt"
	"unsafe"

	vk "github.com/vulkan-go/vulkan"

	"github.com/hxgpu/hxgpu/shaders/spirv"
)

// layout is what pipelines with a number of descriptors have in common.
type layout struct{ set, pipeline C.HxHandle }

// pipeline is a kernel ready to run for an arrangement of its buffers. Programs
// share it; the last one that uses it frees it.
type pipeline struct {
	key    pipelineKey
	handle C.HxHandle
	layout layout
	users  int
}

type pipelineKey struct {
	kernel *kernel
	rest   string
}

// pipelines are a device's pipelines, guarded by the device's mutex.
type pipelines struct {
	driver  *driver
	cache   *cache
	layouts map[int]layout // by number of descriptors
	all     map[pipelineKey]*pipeline
}

func newPipelines(d *driver, folder string) (*pipelines, error) {
	c, err := openCache(d, folder)
	if err != nil {
		return nil, err
	}
	return &pipelines{driver: d, cache: c, layouts: map[int]layout{}, all: map[pipelineKey]*pipeline{}}, nil
}

// layout makes the layouts for a number of descriptors, or finds them.
func (p *pipelines) layout(descriptors int) (layout, error) {
	if l, ok := p.layouts[descriptors]; ok {
		return l, nil
	}
	d := p.driver
	var l layout
	if err := d.check("vkCreateDescriptorSetLayout", vk.Result(C.hxCreateSetLayout(d.table, object(d.handle), C.uint32_t(descriptors), &l.set))); err != nil {
		return l, err
	}
	if err := d.check("vkCreatePipelineLayout", vk.Result(C.hxCreatePipelineLayout(d.table, object(d.handle), l.set, spirv.PushBytes, &l.pipeline))); err != nil {
		vk.DestroyDescriptorSetLayout(d.handle, handle[vk.DescriptorSetLayout](l.set), nil)
		return l, err
	}
	p.layouts[descriptors] = l
	return l, nil
}

// use makes a pipeline, or finds it, and counts the user.
func (p *pipelines) use(k *kernel, a arrangement, lanes int) (*pipeline, error) {
	key := pipelineKey{k, a.pipelineKey()}
	if found := p.all[key]; found != nil {
		found.users++
		return found, nil
	}
	words, err := k.module(a)
	if err != nil {
		return nil, err
	}
	l, err := p.layout(len(a.descriptors))
	if err != nil {
		return nil, err
	}
	d := p.driver
	info := vk.ShaderModuleCreateInfo{SType: vk.StructureTypeShaderModuleCreateInfo, CodeSize: uint(4 * len(words)), PCode: words}
	defer info.Free()
	var module vk.ShaderModule
	if err := d.check("vkCreateShaderModule", vk.CreateShaderModule(d.handle, &info, nil, &module)); err != nil {
		return nil, fmt.Errorf("%w (kernel %q)", err, k.source.Name)
	}
	defer vk.DestroyShaderModule(d.handle, module, nil)
	values := []C.HxSpecialization{{spirv.SpecLanes, C.uint32_t(lanes)}}
	for i, offset := range a.offsets {
		values = append(values, C.HxSpecialization{C.uint32_t(spirv.SpecOffset + i), C.uint32_t(offset)})
	}
	made := &pipeline{key: key, layout: l, users: 1}
	result := C.hxCreatePipeline(d.table, object(d.handle), number(p.cache.handle), l.pipeline, number(module),
		unsafe.SliceData(values), C.uint32_t(len(values)), &made.handle)
	if err := d.check("vkCreateComputePipelines", vk.Result(result)); err != nil {
		return nil, fmt.Errorf("%w (kernel %q)", err, k.source.Name)
	}
	d.name(namedPipeline, made.handle, k.source.Name)
	p.all[key] = made
	p.cache.grown = true
	return made, nil
}

// release ends one use of a pipeline.
func (p *pipelines) release(q *pipeline) {
	if q.users--; q.users == 0 {
		delete(p.all, q.key)
		vk.DestroyPipeline(p.driver.handle, handle[vk.Pipeline](q.handle), nil)
	}
}

func (p *pipelines) close() {
	for _, q := range p.all {
		vk.DestroyPipeline(p.driver.handle, handle[vk.Pipeline](q.handle), nil)
	}
	for _, l := range p.layouts {
		vk.DestroyPipelineLayout(p.driver.handle, handle[vk.PipelineLayout](l.pipeline), nil)
		vk.DestroyDescriptorSetLayout(p.driver.handle, handle[vk.DescriptorSetLayout](l.set), nil)
	}
	p.cache.close()
}
