//go:build cgo

package vulkan

import (
	vk "github.com/vulkan-go/vulkan"
)

// machine is what can fail, or differ, for reasons of the machine: tests put
// faults and small limits in its place.
type machine struct {
	openLibrary    func(name string) (uintptr, error)
	layers         func(l *loader) ([]string, error)
	adapters       func(i *instance) ([]*adapter, error)
	allocateMemory func(d vk.Device, info *vk.MemoryAllocateInfo, m *vk.DeviceMemory) vk.Result
	submit         func(d *driver, commands []vk.CommandBuffer, fence vk.Fence) vk.Result
	wait           func(d *driver, fence vk.Fence) vk.Result
}

func thisMachine() machine {
	return machine{
		openLibrary: openLibrary,
		layers:      (*loader).layers,
		adapters:    (*instance).adapters,
		allocateMemory: func(d vk.Device, info *vk.MemoryAllocateInfo, m *vk.DeviceMemory) vk.Result {
			return vk.AllocateMemory(d, info, nil, m)
		},
		submit: (*driver).submitNow,
		wait:   (*driver).waitNow,
	}
}
