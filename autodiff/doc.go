// Package autodiff is reverse mode: vector-Jacobian products of tensor graphs,
// and the reversal of tree programs.
//
// The adjoint of a sweep from the leaves to the root is a sweep from the root
// to the leaves, and the other way round; inner values of a statement are
// recomputed from its inputs, not stored. So the gradient of a tree program is
// again a tree program, which compiles for a device like any other.
package autodiff
