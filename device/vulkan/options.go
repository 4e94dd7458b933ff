package vulkan

import "github.com/hxgpu/hxgpu/device"

// Options say how to open a device.
type Options struct {
	// Device picks an adapter: "" the best one (discrete before integrated,
	// virtual, other and software ones), a number the adapter of that index in
	// [List], anything else the first adapter whose name contains it, whatever
	// the case.
	Device string
	// Precision of Float values. Float64 needs an adapter with 64-bit floats.
	Precision device.Precision
	// Validation loads the Khronos validation layer, which must be installed, and
	// has it check synchronisation too. It also puts a barrier between dispatches
	// of one stage whose buffers overlap, which the layer could not tell apart.
	Validation bool
	// Message is given what the validation layer finds. It may be called from any
	// thread and must not use the device.
	Message func(string)
	// CacheDir is the folder that keeps compiled pipelines from one run to the
	// next: "" for hxgpu in the user's cache folder, "-" for none.
	CacheDir string
}

// Adapter describes a Vulkan implementation that kernels can run on.
type Adapter struct {
	Index    int    // its place in [List], as [Options].Device takes it
	Name     string // as the driver gives it
	Kind     string // "discrete", "integrated", "virtual", "cpu" or "other"
	Driver   string // name and version, as far as known
	API      string // the version of Vulkan
	Float64  bool   // whether it has 64-bit floats
	Software bool   // whether it runs on the processor
	Memory   int64  // bytes of its largest device-local heap
	Limits   device.Limits
	// BufferRange is how many bytes one descriptor spans at most, and Descriptors
	// how many of them a kernel has at most.
	BufferRange int64
	Descriptors int
}
