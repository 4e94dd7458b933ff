//go:build cgo

package vulkan

/*
#include "native.h"
*/
import "C"

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unsafe"

	vk "github.com/vulkan-go/vulkan"

	"github.com/hxgpu/hxgpu/device"
)

// adapter is a physical device and what is known of it.
type adapter struct {
	Adapter
	handle      vk.PhysicalDevice
	extensions  map[string]bool
	properties  vk.PhysicalDeviceProperties // values only
	limits      vk.PhysicalDeviceLimits     // values only
	memoryTypes []memoryType
	heaps       []uint64 // bytes
	family      uint32   // of the queue
	validBits   uint32   // of that queue's timestamps
	robust      bool     // robustBufferAccess
	core12      bool     // Vulkan 1.2 can be used
	// preserve32 and preserve64 say whether kernels can ask for signed zeros,
	// infinities and NaNs to be kept.
	preserve32, preserve64 bool
	maxAllocation          uint64 // bytes of one allocation
}

type memoryType struct {
	flags vk.MemoryPropertyFlags
	heap  uint32
}

// queueFamily is a VkQueueFamilyProperties.
type queueFamily struct {
	Flags, Count, ValidBits uint32
	Granularity             [3]uint32
}

// adapters lists the physical devices that can run kernels.
func (i *instance) adapters() ([]*adapter, error) {
	var count uint32
	if err := check("vkEnumeratePhysicalDevices", vk.EnumeratePhysicalDevices(i.handle, &count, nil)); err != nil {
		return nil, err
	}
	handles := make([]vk.PhysicalDevice, count)
	if count > 0 {
		if err := check("vkEnumeratePhysicalDevices", vk.EnumeratePhysicalDevices(i.handle, &count, handles)); err != nil {
			return nil, err
		}
	}
	var all []*adapter
	for _, handle := range handles[:count] {
		a, err := i.adapter(handle)
		if err != nil {
			return nil, err
		}
		if a != nil {
			all = append(all, a)
		}
	}
	return all, nil
}

// adapter describes a physical device, nil if it cannot run kernels.
func (i *instance) adapter(physical vk.PhysicalDevice) (*adapter, error) {
	a := &adapter{handle: physical, extensions: map[string]bool{}}
	var properties vk.PhysicalDeviceProperties
	vk.GetPhysicalDeviceProperties(physical, &properties)
	properties.Deref()
	properties.Limits.Deref()
	a.properties, a.limits = properties, properties.Limits
	properties.Free()
	if a.properties.ApiVersion < apiNeeded || !a.chooseFamily(i) {
		return nil, nil
	}
	list, err := enumerate[property]("vkEnumerateDeviceExtensionProperties", func(count *C.uint32_t, list unsafe.Pointer) C.HxResult {
		return C.hxDeviceExtensions(i.loader.lookup, object(i.handle), object(physical), count, list)
	})
	if err != nil {
		return nil, err
	}
	for n := range list {
		a.extensions[vk.ToString(list[n].Name[:])] = true
	}
	var features vk.PhysicalDeviceFeatures
	vk.GetPhysicalDeviceFeatures(physical, &features)
	features.Deref()
	a.robust, a.Float64 = features.RobustBufferAccess.B(), features.ShaderFloat64.B()
	features.Free()
	a.memory()
	a.describe(i)
	return a, nil
}

// chooseFamily takes a queue family that computes, one that does nothing else if
// there is one.
func (a *adapter) chooseFamily(i *instance) bool {
	const graphics, compute = 1, 2
	families, _ := enumerate[queueFamily]("", func(count *C.uint32_t, list unsafe.Pointer) C.HxResult {
		C.hxQueueFamilies(i.loader.lookup, object(i.handle), object(a.handle), count, list)
		return 0
	})
	best := -1
	for n, f := range families {
		if f.Flags&compute == 0 || f.Count == 0 {
			continue
		}
		if best < 0 || (families[best].Flags&graphics != 0 && f.Flags&graphics == 0) {
			best = n
		}
	}
	if best < 0 {
		return false
	}
	a.family, a.validBits = uint32(best), families[best].ValidBits
	return true
}

func (a *adapter) memory() {
	var memory vk.PhysicalDeviceMemoryProperties
	vk.GetPhysicalDeviceMemoryProperties(a.handle, &memory)
	memory.Deref()
	for n := range memory.MemoryTypeCount {
		t := memory.MemoryTypes[n]
		t.Deref()
		a.memoryTypes = append(a.memoryTypes, memoryType{t.PropertyFlags, t.HeapIndex})
	}
	for n := range memory.MemoryHeapCount {
		h := memory.MemoryHeaps[n]
		h.Deref()
		a.heaps = append(a.heaps, uint64(h.Size))
		if vk.MemoryHeapFlagBits(h.Flags)&vk.MemoryHeapDeviceLocalBit != 0 {
			a.Memory = max(a.Memory, int64(h.Size))
		}
	}
	memory.Free()
}

// describe fills what users see.
func (a *adapter) describe(i *instance) {
	p, limits := &a.properties, &a.limits
	a.core12 = min(p.ApiVersion, i.loader.api) >= vk.MakeVersion(1, 2, 0)
	controls, driver := a.core12 || a.extensions[floatControls], a.core12 || a.extensions["VK_KHR_driver_properties"]
	var d C.HxDetails
	C.hxDetails(i.loader.lookup, object(i.handle), object(a.handle), 1, flag(controls), flag(driver), &d)
	a.preserve32, a.preserve64, a.maxAllocation = d.preserve32 != 0, d.preserve64 != 0, uint64(d.maxAllocation)
	a.Name = strings.TrimSpace(vk.ToString(p.DeviceName[:]))
	a.Kind = kinds[p.DeviceType]
	if a.Kind == "" {
		a.Kind = "other"
	}
	a.Driver = strings.TrimSpace(C.GoString(&d.driverName[0]) + " " + C.GoString(&d.driverInfo[0]))
	if a.Driver == "" {
		a.Driver = fmt.Sprintf("%#x", p.DriverVersion)
	}
	a.API = vk.Version(p.ApiVersion).String()
	a.Software = p.DeviceType == vk.PhysicalDeviceTypeCpu
	a.Limits = device.Limits{
		GroupLanes:    int(min(limits.MaxComputeWorkGroupInvocations, limits.MaxComputeWorkGroupSize[0])),
		SharedBytes:   int(limits.MaxComputeSharedMemorySize),
		SubgroupLanes: max(int(d.subgroup), 1),
	}
	if a.Software {
		a.Limits.LaneRounds = softwareRounds
	}
	a.BufferRange = int64(limits.MaxStorageBufferRange)
	a.Descriptors = int(min(limits.MaxPerStageDescriptorStorageBuffers, limits.MaxDescriptorSetStorageBuffers, limits.MaxPerStageResources))
}

// softwareRounds is how many rounds of loops Mesa's llvmpipe lets a lane go
// through, over all loops; then it leaves them without a word.
const softwareRounds = 65_000

var kinds = map[vk.PhysicalDeviceType]string{
	vk.PhysicalDeviceTypeDiscreteGpu:   "discrete",
	vk.PhysicalDeviceTypeIntegratedGpu: "integrated",
	vk.PhysicalDeviceTypeVirtualGpu:    "virtual",
	vk.PhysicalDeviceTypeCpu:           "cpu",
	vk.PhysicalDeviceTypeOther:         "other",
}

// numberAdapters gives adapters their indices.
func numberAdapters(all []*adapter) {
	for n, a := range all {
		a.Index = n
	}
}

// choose picks an adapter as [Options].Device says.
func choose(all []*adapter, wanted string) (*adapter, error) {
	if len(all) == 0 {
		return nil, errNoAdapter
	}
	if wanted == "" {
		order := []string{"discrete", "integrated", "virtual", "other", "cpu"}
		return slices.MinFunc(all, func(a, b *adapter) int { return slices.Index(order, a.Kind) - slices.Index(order, b.Kind) }), nil
	}
	number, notNumber := strconv.Atoi(wanted)
	var names []string
	for _, a := range all {
		if notNumber == nil && a.Index == number {
			return a, nil
		}
		if notNumber != nil && strings.Contains(strings.ToLower(a.Name), strings.ToLower(wanted)) {
			return a, nil
		}
		names = append(names, fmt.Sprintf("%d %s", a.Index, a.Name))
	}
	return nil, fmt.Errorf("vulkan: there is no adapter %q; there is %s", wanted, strings.Join(names, ", "))
}
