// Package shaders is the kernel form between the tensor graph and devices:
// straight-line code in static single assignment form that a device runs once
// for every lane of a grid of items x chains.
//
// A [Builder] makes kernels, sharing equal instructions and folding constants;
// [Lower] unrolls a tensor graph into one; [Verify] checks a kernel, and its
// String method lists it.
package shaders
