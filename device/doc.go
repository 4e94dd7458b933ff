// Package device is the seam between what is computed and where: a small
// interface to open buffers, compile kernels, record dispatches and run them.
// Implementations are in its folders; package devicetest is the suite that each
// of them passes.
package device
