//go:build !amd64 || !(linux || darwin || freebsd)

package amd64

import (
	"errors"
	"unsafe"
)

// Supported reports whether code can be run here at all.
const Supported = false

// Memory is machine code that can be called.
type Memory struct{}

// Load fails here.
func Load([]byte) (*Memory, error) {
	return nil, errors.New("amd64: machine code does not run on this system")
}

// Prepared is code with the arguments of a call.
type Prepared struct{}

// Prepare is never reached here.
func (m *Memory) Prepare(unsafe.Pointer) Prepared {
	panic("amd64: machine code does not run on this system")
}

// CallAll is never reached here.
func CallAll([]Prepared) (status, number int) {
	panic("amd64: machine code does not run on this system")
}

// Call is never reached here.
func (m *Memory) Call(unsafe.Pointer) int { panic("amd64: machine code does not run on this system") }
