// Package shaders is the kernel form between the graph of tensor operations and
// a device: straight-line typed code in static single assignment form, run once
// for every lane of a grid of items x chains.
//
// A [Builder] makes kernels and simplifies them on the way, [Lower] translates
// the tensor graph, [Verify] checks what any of them made, and Kernel.String
// lists it. What a kernel means is said at [Op] and [Kernel]; the oracle of
// package devicetest is the same in code.
package shaders
