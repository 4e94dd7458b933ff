// Package tensor is the graph of small static-shape tensor operations that a
// traced Go function becomes.
//
// A [Value] is an immutable node of an expression graph: a constant, an input
// or an operation on other values. Calling methods of values traces; nothing is
// computed until the graph is compiled for a device or handed to [Evaluate],
// the plain Go float64 evaluator that every device is checked against. Shapes
// are static: () is a scalar, (n) a vector, (n,m) a matrix in row-major order.
// The chain and node axes of a tree program never appear in a shape.
//
// Operations on shapes that do not fit panic with an [*Error] that names the
// operation, the shapes and the line of the caller; [Trace] turns that panic
// into an ordinary error, and every function of hxgpu that takes a traced
// function calls it through Trace.
package tensor
