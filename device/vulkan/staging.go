//go:build cgo

package vulkan

/*
#include "native.h"
*/
import "C"

import (
	"sync"
	"unsafe"

	vk "github.com/vulkan-go/vulkan"
)

const (
	stagingSlots       = 2
	stagingBytes       = 1 << 20 // per slot
	stagingAllocations = 1
)

// staging is the ring of host-visible memory through which data goes to device
// memory and back: while one slot is copied by the device the next is filled or
// emptied.
type staging struct {
	driver *driver
	mutex  sync.Mutex // one transfer at a time
	memory vk.DeviceMemory
	buffer vk.Buffer
	pool   vk.CommandPool
	slots  [stagingSlots]slot
}

type slot struct {
	commands vk.CommandBuffer
	fence    vk.Fence
	offset   uint64 // in the staging buffer
	bytes    []byte
}

func newStaging(d *driver) (*staging, error) {
	s := &staging{driver: d}
	var err error
	s.memory, s.buffer, _, err = d.newMemory(stagingSlots*stagingBytes, vk.BufferUsageTransferSrcBit|vk.BufferUsageTransferDstBit,
		vk.MemoryPropertyHostCachedBit, vk.MemoryPropertyHostVisibleBit|vk.MemoryPropertyHostCoherentBit)
	if err != nil {
		return nil, err
	}
	if err := s.prepare(); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *staging) prepare() error {
	d := s.driver
	var mapped unsafe.Pointer
	result := vk.MapMemory(d.handle, s.memory, 0, vk.DeviceSize(vk.WholeSize), 0, &mapped)
	if err := d.check("vkMapMemory", result); err != nil {
		return err
	}
	pool, commands, err := d.newCommands(stagingSlots)
	if err != nil {
		return err
	}
	s.pool = pool
	for i := range s.slots {
		fence, err := d.newFence()
		if err != nil {
			return err
		}
		offset := uint64(i) * stagingBytes
		s.slots[i] = slot{commands[i], fence, offset, unsafe.Slice((*byte)(unsafe.Add(mapped, offset)), stagingBytes)}
	}
	return nil
}

func (s *staging) close() {
	d := s.driver
	for _, slot := range s.slots {
		vk.DestroyFence(d.handle, slot.fence, nil)
	}
	vk.DestroyCommandPool(d.handle, s.pool, nil)
	d.freeMemory(s.memory, s.buffer)
}

// zero fills a span of a block with zeros.
func (s *staging) zero(p part) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	at, d := &s.slots[0], s.driver
	result := C.hxRecordZero(d.table, object(at.commands), number(p.block.buffer), C.uint64_t(p.span.low), C.uint64_t(p.span.size()))
	if err := d.check("vkCmdFillBuffer", vk.Result(result)); err != nil {
		return err
	}
	if err := d.submit([]vk.CommandBuffer{at.commands}, at.fence); err != nil {
		return err
	}
	return d.wait(at.fence)
}

// write copies a span to the device; fill puts n bytes from offset on of what is
// copied into memory.
func (s *staging) write(p part, fill func(offset uint64, memory []byte)) error {
	return s.transfer(p, func(at *slot, offset, n uint64) C.HxResult {
		fill(offset, at.bytes[:n])
		return C.hxRecordCopy(s.driver.table, object(at.commands), number(s.buffer), C.uint64_t(at.offset),
			number(p.block.buffer), C.uint64_t(p.span.low+offset), C.uint64_t(n))
	}, func(*slot, uint64, uint64) {})
}

// read copies a span from the device; empty takes n bytes from offset on of what
// is copied out of memory.
func (s *staging) read(p part, empty func(offset uint64, memory []byte)) error {
	return s.transfer(p, func(at *slot, offset, n uint64) C.HxResult {
		return C.hxRecordCopy(s.driver.table, object(at.commands), number(p.block.buffer), C.uint64_t(p.span.low+offset),
			number(s.buffer), C.uint64_t(at.offset), C.uint64_t(n))
	}, func(at *slot, offset, n uint64) { empty(offset, at.bytes[:n]) })
}

// transfer goes through a span slot by slot: record prepares the copy of n bytes
// at an offset of the span, done is called when it has been made.
func (s *staging) transfer(p part, record func(at *slot, offset, n uint64) C.HxResult, done func(at *slot, offset, n uint64)) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	d, size := s.driver, p.span.size()
	finish := func(i uint64) error {
		at := &s.slots[i%stagingSlots]
		if err := d.wait(at.fence); err != nil {
			return err
		}
		done(at, i*stagingBytes, min(size-i*stagingBytes, stagingBytes))
		return nil
	}
	chunks := (size + stagingBytes - 1) / stagingBytes
	finished := uint64(0)
	var err error
	for i := range chunks {
		if i >= stagingSlots {
			if err = finish(finished); err != nil {
				return err
			}
			finished++
		}
		at := &s.slots[i%stagingSlots]
		offset := i * stagingBytes
		if err = d.check("vkCmdCopyBuffer", vk.Result(record(at, offset, min(size-offset, stagingBytes)))); err != nil {
			chunks = i
			break
		}
		if err = d.submit([]vk.CommandBuffer{at.commands}, at.fence); err != nil {
			chunks = i
			break
		}
	}
	for ; finished < chunks; finished++ {
		if wait := finish(finished); wait != nil {
			return wait
		}
	}
	return err
}
