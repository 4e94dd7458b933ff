//go:build cgo

package vulkan

import (
	"errors"
	"fmt"
	"math/bits"
	"sync"

	vk "github.com/vulkan-go/vulkan"
)

// errFull is a part of every error that says that device memory has run out.
var errFull = errors.New("out of device memory")

// Blocks grow from the first size to the last as more memory is used, so that
// small programs stay small and large ones make few allocations.
const (
	firstBlock = 1 << 20
	lastBlock  = 64 << 20
)

// block is one allocation of device memory and the Vulkan buffer that spans it.
type block struct {
	memory vk.DeviceMemory
	buffer vk.Buffer
	size   uint64
	free   freeList
}

// heap hands out parts of blocks.
type heap struct {
	driver    *driver
	mutex     sync.Mutex
	alignment uint64
	blocks    []*block
	used      uint64 // bytes handed out
}

func newHeap(d *driver) *heap {
	// At least 64, so that parts do not share cache lines.
	return &heap{driver: d, alignment: max(64, uint64(d.adapter.limits.MinStorageBufferOffsetAlignment))}
}

// part is a span of a block; those that are handed out begin and end aligned.
type part struct {
	block *block
	span  span
}

// allocate finds room for size bytes; what names what it is for in errors.
func (h *heap) allocate(size uint64, what string) (part, error) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	rounded := alignUp(size, h.alignment)
	for _, b := range h.blocks {
		if s, ok := b.free.take(rounded); ok {
			h.used += rounded
			return part{b, s}, nil
		}
	}
	b, err := h.grow(rounded)
	if err != nil {
		return part{}, fmt.Errorf("vulkan: %w: asked for %s for %s; %s", err, inWords(size), what, h.state())
	}
	s, _ := b.free.take(rounded)
	h.used += rounded
	return part{b, s}, nil
}

// grow adds a block with room for size bytes: a large one if possible, one that
// just fits otherwise.
func (h *heap) grow(size uint64) (*block, error) {
	limits := &h.driver.adapter.limits
	if len(h.blocks)+stagingAllocations >= int(limits.MaxMemoryAllocationCount) {
		return nil, fmt.Errorf("%w: the driver allows %d allocations (maxMemoryAllocationCount)", errFull, limits.MaxMemoryAllocationCount)
	}
	// A block is no larger than a descriptor's range, so that one descriptor can
	// span what lies in it.
	wanted := min(max(firstBlock, uint64(1)<<bits.Len64(h.used)), lastBlock, uint64(limits.MaxStorageBufferRange))
	wanted = max(wanted/h.alignment*h.alignment, size)
	b, err := h.newBlock(wanted)
	if err != nil && wanted > size {
		b, err = h.newBlock(size)
	}
	if err != nil {
		return nil, err
	}
	h.blocks = append(h.blocks, b)
	return b, nil
}

func (h *heap) newBlock(size uint64) (*block, error) {
	d := h.driver
	if most := d.adapter.maxAllocation; most > 0 && size > most {
		return nil, fmt.Errorf("%w: the driver allows %s in one allocation (maxMemoryAllocationSize)", errFull, inWords(most))
	}
	usage := vk.BufferUsageStorageBufferBit | vk.BufferUsageTransferSrcBit | vk.BufferUsageTransferDstBit
	memory, buffer, _, err := d.newMemory(size, usage, vk.MemoryPropertyDeviceLocalBit, 0)
	if err != nil {
		return nil, err
	}
	d.name(namedBuffer, number(buffer), "hxgpu memory")
	return &block{memory: memory, buffer: buffer, size: size, free: freeList{{0, size}}}, nil
}

// release gives a part back, and its block to the driver if that is empty.
func (h *heap) release(p part) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.used -= p.span.size()
	p.block.free.put(p.span)
	if p.block.free[0].size() < p.block.size {
		return
	}
	for i, b := range h.blocks {
		if b == p.block {
			h.blocks = append(h.blocks[:i], h.blocks[i+1:]...)
			break
		}
	}
	h.driver.freeMemory(p.block.memory, p.block.buffer)
}

func (h *heap) close() {
	for _, b := range h.blocks {
		h.driver.freeMemory(b.memory, b.buffer)
	}
	h.blocks = nil
}

// state says in words what memory there is and how much of it is used.
func (h *heap) state() string {
	a := h.driver.adapter
	return fmt.Sprintf("%s has %s, %s of it in use here; use fewer chains or --device cpu", a.Name, inWords(uint64(a.Memory)), inWords(h.used))
}

// newMemory makes a Vulkan buffer on memory of its own, of a type with all
// needed properties and preferably the wanted ones.
func (d *driver) newMemory(size uint64, usage vk.BufferUsageFlagBits, wanted, needed vk.MemoryPropertyFlagBits) (vk.DeviceMemory, vk.Buffer, memoryType, error) {
	var memory vk.DeviceMemory
	var buffer vk.Buffer
	info := vk.BufferCreateInfo{
		SType:       vk.StructureTypeBufferCreateInfo,
		Size:        vk.DeviceSize(size),
		Usage:       vk.BufferUsageFlags(usage),
		SharingMode: vk.SharingModeExclusive,
	}
	defer info.Free()
	if err := d.check("vkCreateBuffer", vk.CreateBuffer(d.handle, &info, nil, &buffer)); err != nil {
		return memory, buffer, memoryType{}, err
	}
	var requirements vk.MemoryRequirements
	vk.GetBufferMemoryRequirements(d.handle, buffer, &requirements)
	requirements.Deref()
	bytes, types := requirements.Size, requirements.MemoryTypeBits
	requirements.Free()
	fail := func(err error) (vk.DeviceMemory, vk.Buffer, memoryType, error) {
		vk.DestroyBuffer(d.handle, buffer, nil)
		return memory, buffer, memoryType{}, err
	}
	index, ok := d.adapter.memoryType(types, wanted, needed)
	if !ok {
		return fail(fmt.Errorf("vulkan: %s has no memory with the properties %#x", d.adapter.Name, needed))
	}
	allocation := vk.MemoryAllocateInfo{SType: vk.StructureTypeMemoryAllocateInfo, AllocationSize: bytes, MemoryTypeIndex: index}
	defer allocation.Free()
	result := d.machine.allocateMemory(d.handle, &allocation, &memory)
	if result == vk.ErrorOutOfDeviceMemory || result == vk.ErrorOutOfHostMemory {
		return fail(errFull)
	}
	if err := d.check("vkAllocateMemory", result); err != nil {
		return fail(err)
	}
	if err := d.check("vkBindBufferMemory", vk.BindBufferMemory(d.handle, buffer, memory, 0)); err != nil {
		vk.FreeMemory(d.handle, memory, nil)
		return fail(err)
	}
	return memory, buffer, d.adapter.memoryTypes[index], nil
}

func (d *driver) freeMemory(memory vk.DeviceMemory, buffer vk.Buffer) {
	vk.DestroyBuffer(d.handle, buffer, nil)
	vk.FreeMemory(d.handle, memory, nil)
}

// memoryType finds a type among those of a mask, the first (drivers list faster
// ones first) with all wanted properties, or else with the needed ones.
func (a *adapter) memoryType(mask uint32, wanted, needed vk.MemoryPropertyFlagBits) (uint32, bool) {
	for _, flags := range []vk.MemoryPropertyFlags{vk.MemoryPropertyFlags(wanted | needed), vk.MemoryPropertyFlags(needed)} {
		for i, t := range a.memoryTypes {
			if mask>>i&1 == 1 && t.flags&flags == flags {
				return uint32(i), true
			}
		}
	}
	return 0, false
}

func inWords(bytes uint64) string {
	switch {
	case bytes >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(bytes)/(1<<30))
	case bytes >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20))
	}
	return fmt.Sprintf("%.1f KiB", float64(bytes)/(1<<10))
}
