// Package spirv turns kernels of package shaders into SPIR-V 1.3 modules for
// Vulkan 1.1 compute pipelines.
//
// [Encode] is the whole of it. A module has the entry point "main"; its buffers
// are storage buffers of descriptor set 0, see [BufferLayout]; the items of a
// dispatch come as push constants, see [PushBytes]; the size of a workgroup and
// the offsets into buffers are specialisation constants, see [SpecLanes] and
// [SpecOffset].
//
// Results do not depend on what a driver fuses or reorders: every sum, difference,
// product, quotient and negation is decorated NoContraction, and elementary
// functions are written out in them by [shaders.Expand].
//
// Reference: The Khronos Group, SPIR-V Specification, version 1.3; Vulkan
// environment for SPIR-V (appendix of the Vulkan 1.1 specification).
package spirv
