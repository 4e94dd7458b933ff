// Package nutstest holds densities whose expectations are known, for testing
// samplers: normal ones in many dimensions, a funnel, a banana, heavy tails, and a
// regression whose coordinates are partly noise. They are computed in Go and need no
// device.
//
// A [Known] says what the expectations are and draws independent points itself, so
// that a test of a sampler can first be tried on draws that are right.
package nutstest
