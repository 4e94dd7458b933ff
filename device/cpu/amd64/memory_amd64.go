//go:build linux || darwin || freebsd

package amd64

import (
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Supported reports whether code can be run here at all.
const Supported = true

// Memory is machine code that can be called.
type Memory struct{ code []byte }

// Load copies machine code into memory of its own and makes that executable. It is
// given back when nothing refers to it any more.
func Load(code []byte) (*Memory, error) {
	page := os.Getpagesize()
	size := (len(code) + page) / page * page
	memory, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return nil, fmt.Errorf("amd64: no memory for %d bytes of code: %w", len(code), err)
	}
	copy(memory, code)
	if err := unix.Mprotect(memory, unix.PROT_READ|unix.PROT_EXEC); err != nil {
		_ = unix.Munmap(memory)
		return nil, fmt.Errorf("amd64: memory cannot be made executable: %w", err)
	}
	m := &Memory{memory}
	runtime.AddCleanup(m, func(memory []byte) { _ = unix.Munmap(memory) }, memory)
	return m, nil
}

// Call enters the code with a pointer in RDI and gives what it leaves in RAX.
func (m *Memory) Call(arguments unsafe.Pointer) int {
	status := enter(unsafe.Pointer(&m.code[0]), arguments)
	runtime.KeepAlive(m)
	return status
}

// Prepared is code with the arguments of a call. Whoever holds it holds the code's Memory
// too.
type Prepared struct{ code, arguments unsafe.Pointer }

// Prepare prepares a call.
func (m *Memory) Prepare(arguments unsafe.Pointer) Prepared {
	return Prepared{unsafe.Pointer(&m.code[0]), arguments}
}

// CallAll makes calls one after the other until one leaves something in RAX: that, and
// the number of the call, or 0.
func CallAll(calls []Prepared) (status, number int) {
	if len(calls) == 0 {
		return 0, 0
	}
	status, left := enterAll(&calls[0], len(calls))
	return status, len(calls) - left
}

//go:noescape
func enter(code, arguments unsafe.Pointer) int

//go:noescape
func enterAll(calls *Prepared, n int) (status, left int)
