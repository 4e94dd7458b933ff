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

//go:noescape
func enter(code, arguments unsafe.Pointer) int
