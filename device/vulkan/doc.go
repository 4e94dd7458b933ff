// Package vulkan is the device that runs kernels as Vulkan compute shaders, on
// any vendor's GPU or on a software driver.
//
// A buffer of the device is a part of a larger block of device memory; floats
// and integers reach it through a small ring of host-visible memory. A kernel
// becomes SPIR-V when it is recorded, since its descriptors follow from what is
// bound to it: each formal buffer gets a descriptor of exactly its range, or
// several if the range is larger than one descriptor may be, or shares one with
// others where they alias or where there are more buffers than descriptors. A
// recording becomes command buffers once, with a barrier only where a stage
// meets what an earlier one stored or read, and is replayed by each run.
//
// The Vulkan library is opened when it is first needed. The package needs cgo;
// without it [Open] and [List] give an error that says so.
package vulkan
