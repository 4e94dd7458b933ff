//go:build cgo

package vulkan

/*
#include "native.h"
*/
import "C"

import (
	"fmt"
	"sync"
	"sync/atomic"
	"unsafe"

	vk "github.com/vulkan-go/vulkan"
)

const (
	portabilitySubset = "VK_KHR_portability_subset"
	floatControls     = "VK_KHR_shader_float_controls"
)

// driver is a logical device with one queue, and the calls to it.
type driver struct {
	machine  machine
	instance *instance
	adapter  *adapter
	handle   vk.Device
	table    *C.HxTable
	queue    vk.Queue
	mutex    sync.Mutex // guards the queue
	lost     atomic.Bool
}

func newDriver(m machine, i *instance, a *adapter, float64s bool) (*driver, error) {
	var extensions []string
	if a.extensions[portabilitySubset] {
		extensions = append(extensions, portabilitySubset) // must be enabled where it is
	}
	if !a.core12 && a.extensions[floatControls] {
		extensions = append(extensions, floatControls)
	}
	names, count, free := cStrings(extensions)
	defer free()
	lookup := i.loader.lookup
	var created C.HxObject
	result := C.hxCreateDevice(lookup, object(i.handle), object(a.handle), C.uint32_t(a.family), names, count, flag(a.robust), flag(float64s), &created)
	if err := check("vkCreateDevice", vk.Result(result)); err != nil {
		return nil, fmt.Errorf("%w (adapter %q)", err, a.Name)
	}
	d := &driver{machine: m, instance: i, adapter: a, handle: vk.Device(created)}
	d.table = (*C.HxTable)(C.calloc(1, C.size_t(unsafe.Sizeof(C.HxTable{}))))
	if C.hxLoadTable(lookup, object(i.handle), created, flag(i.names), d.table) == 0 {
		d.close()
		return nil, fmt.Errorf("vulkan: the driver of %q lacks functions of Vulkan 1.0: install it anew", a.Name)
	}
	var queue vk.Queue // calls may not be given a place among Go pointers
	vk.GetDeviceQueue(d.handle, a.family, 0, &queue)
	d.queue = queue
	return d, nil
}

func (d *driver) close() {
	vk.DestroyDevice(d.handle, nil)
	C.free(unsafe.Pointer(d.table))
}

// submit hands command buffers to the queue; fence is signalled when they have run.
func (d *driver) submit(commands []vk.CommandBuffer, fence vk.Fence) error {
	if d.lost.Load() {
		return errLost
	}
	d.mutex.Lock()
	result := d.machine.submit(d, commands, fence)
	d.mutex.Unlock()
	return d.settle("vkQueueSubmit", result)
}

// wait waits for a fence and resets it.
func (d *driver) wait(fence vk.Fence) error {
	return d.settle("vkWaitForFences", d.machine.wait(d, fence))
}

// settle checks a result; after a failure nothing runs any more, so that what
// was in use can be freed.
func (d *driver) settle(call string, result vk.Result) error {
	err := d.check(call, result)
	if err != nil {
		d.mutex.Lock()
		vk.DeviceWaitIdle(d.handle)
		d.mutex.Unlock()
	}
	return err
}

func (d *driver) check(call string, result vk.Result) error {
	if result == vk.ErrorDeviceLost {
		d.lost.Store(true)
	}
	return check(call, result)
}

func (d *driver) submitNow(commands []vk.CommandBuffer, fence vk.Fence) vk.Result {
	list := (*C.HxObject)(unsafe.Pointer(unsafe.SliceData(commands)))
	return vk.Result(C.hxSubmit(d.table, object(d.queue), list, C.uint32_t(len(commands)), number(fence)))
}

func (d *driver) waitNow(fence vk.Fence) vk.Result {
	return vk.Result(C.hxWait(d.table, object(d.handle), number(fence)))
}

// The kinds of objects that are given names.
const (
	namedBuffer   = 9
	namedPipeline = 19
	namedCommands = 6
)

// name gives an object a name that debug tools show.
func (d *driver) name(kind uint32, object_ C.HxHandle, name string) {
	if !d.instance.names || name == "" {
		return
	}
	text := C.CString(name)
	C.hxSetName(d.table, object(d.handle), C.uint32_t(kind), object_, text)
	C.free(unsafe.Pointer(text))
}

func (d *driver) newFence() (vk.Fence, error) {
	info := vk.FenceCreateInfo{SType: vk.StructureTypeFenceCreateInfo}
	defer info.Free()
	var fence vk.Fence
	return fence, d.check("vkCreateFence", vk.CreateFence(d.handle, &info, nil, &fence))
}

// newCommands makes a pool with n command buffers.
func (d *driver) newCommands(n int) (vk.CommandPool, []vk.CommandBuffer, error) {
	info := vk.CommandPoolCreateInfo{
		SType:            vk.StructureTypeCommandPoolCreateInfo,
		Flags:            vk.CommandPoolCreateFlags(vk.CommandPoolCreateResetCommandBufferBit),
		QueueFamilyIndex: d.adapter.family,
	}
	defer info.Free()
	var pool vk.CommandPool
	if err := d.check("vkCreateCommandPool", vk.CreateCommandPool(d.handle, &info, nil, &pool)); err != nil {
		return pool, nil, err
	}
	commands := make([]vk.CommandBuffer, n)
	allocation := vk.CommandBufferAllocateInfo{
		SType:              vk.StructureTypeCommandBufferAllocateInfo,
		CommandPool:        pool,
		Level:              vk.CommandBufferLevelPrimary,
		CommandBufferCount: uint32(n),
	}
	defer allocation.Free()
	err := d.check("vkAllocateCommandBuffers", vk.AllocateCommandBuffers(d.handle, &allocation, commands))
	if err != nil {
		vk.DestroyCommandPool(d.handle, pool, nil)
	}
	return pool, commands, err
}
