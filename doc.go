// Package hxgpu is the root of the module; the library is in its folders. Start
// with package bffg (models), nuts (sampling) and device/cpu (where it runs), or
// with the command cmd/hxgpu. ARCHITECTURE.md follows the data from a file to
// posterior draws.
package hxgpu
