//go:build cgo

package vulkan

import (
	"fmt"
	"sync"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/shaders"
	"github.com/hxgpu/hxgpu/shaders/spirv"
)

// kernel is a verified kernel and its modules for the layouts met so far.
type kernel struct {
	owner  *gpu
	source *shaders.Kernel
	spread *spread // of an array kernel, which has no modules itself

	mutex   sync.Mutex
	modules map[string][]uint32 // by layout
}

func (k *kernel) Source() *shaders.Kernel { return k.source }

// Compile checks that the device can run the kernel, and translates it for the
// case that its buffers are apart from each other. Array kernels are written as
// group kernels first.
func (g *gpu) Compile(source *shaders.Kernel) (device.Kernel, error) {
	g.life.RLock()
	defer g.life.RUnlock()
	if g.closed {
		return nil, errClosed
	}
	if err := shaders.Verify(source); err != nil {
		return nil, err
	}
	if source.Arrays == nil {
		return g.compile(source)
	}
	s, err := g.compileArrays(source)
	if err != nil {
		return nil, err
	}
	return &kernel{owner: g, source: source, spread: s}, nil
}

// compile is [gpu.Compile] for a kernel that has been verified and has no arrays.
func (g *gpu) compile(source *shaders.Kernel) (*kernel, error) {
	limits := g.driver.adapter.Limits
	if source.Lanes > limits.GroupLanes {
		return nil, fmt.Errorf("vulkan: kernel %q has groups of %d lanes; %s has at most %d (maxComputeWorkGroupInvocations)",
			source.Name, source.Lanes, g.driver.adapter.Name, limits.GroupLanes)
	}
	shared := 0
	for _, s := range source.Shared {
		shared += s.Size * int(g.elementBytes(shaders.Float))
	}
	if shared > limits.SharedBytes {
		return nil, fmt.Errorf("vulkan: kernel %q shares %s per group; %s has %s (maxComputeSharedMemorySize)",
			source.Name, inWords(uint64(shared)), g.driver.adapter.Name, inWords(uint64(limits.SharedBytes)))
	}
	k := &kernel{owner: g, source: source, modules: map[string][]uint32{}}
	apart := arrangement{buffers: make([]spirv.BufferLayout, len(source.Buffers))}
	for i := range apart.buffers {
		apart.buffers[i] = spirv.BufferLayout{Bindings: []int{i}}
	}
	if _, err := k.module(apart); err != nil {
		return nil, err
	}
	return k, nil
}

// module is the kernel's SPIR-V for an arrangement.
func (k *kernel) module(a arrangement) ([]uint32, error) {
	k.mutex.Lock()
	defer k.mutex.Unlock()
	key := a.layoutKey()
	if words := k.modules[key]; words != nil {
		return words, nil
	}
	adapter := k.owner.driver.adapter
	o := spirv.Options{Bits: 64, Buffers: a.buffers, PreserveSpecial: adapter.preserve64}
	if k.owner.options.Precision == device.Float32 {
		o.Bits, o.PreserveSpecial = 32, adapter.preserve32
	}
	words, err := spirv.Encode(k.source, o)
	if err != nil {
		return nil, fmt.Errorf("vulkan: %w", err)
	}
	k.modules[key] = words
	return words, nil
}
