//go:build cgo

package vulkan

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/shaders"
	"github.com/hxgpu/hxgpu/shaders/spirv"
)

// arrangement says how the buffers bound to a kernel reach it: where each formal
// buffer is among the descriptors, and what the descriptors span.
type arrangement struct {
	buffers     []spirv.BufferLayout // by formal
	offsets     []uint32             // by formal: elements added to every index
	descriptors []part               // by binding
	written     []bool               // by binding
}

// layoutKey tells arrangements apart that need different modules.
func (a *arrangement) layoutKey() string {
	var key []byte
	for _, b := range a.buffers {
		key = binary.AppendUvarint(key, uint64(b.Bindings[0]))
		key = binary.AppendUvarint(key, uint64(len(b.Bindings)))
		key = binary.AppendUvarint(key, uint64(b.Elements))
	}
	return string(key)
}

// pipelineKey tells arrangements apart that need different pipelines.
func (a *arrangement) pipelineKey() string {
	key := []byte(a.layoutKey())
	for _, offset := range a.offsets {
		key = binary.LittleEndian.AppendUint32(key, offset)
	}
	return string(key)
}

// group is a set of formal buffers that share their descriptors.
type group struct {
	part    part
	formals []int
	written bool
}

// arranger knows the limits that arrangements must keep.
type arranger struct {
	adapter   string
	alignment uint64 // of a descriptor's start
	most      uint64 // bytes that a descriptor spans at most, a power of two
	bindings  int    // descriptors at most
}

func newArranger(a *adapter) arranger {
	return arranger{
		adapter:   a.Name,
		alignment: max(16, uint64(a.limits.MinStorageBufferOffsetAlignment)),
		most:      1 << (bits.Len64(uint64(a.BufferRange)) - 1),
		bindings:  a.Descriptors,
	}
}

// arrange lays out the buffers bound to a kernel. Buffers that may overlap, one
// of them written, share a descriptor as SPIR-V demands; if there are more
// descriptors than allowed, so do buffers that lie in one block.
func (r arranger) arrange(k *shaders.Kernel, bindings []device.Binding) (arrangement, error) {
	groups := r.apart(k, bindings)
	if r.count(groups) > r.bindings {
		groups = joinBlocks(groups)
	}
	if n := r.count(groups); n > r.bindings {
		return arrangement{}, fmt.Errorf("kernel %q needs %d descriptors for its %d buffers; %s has at most %d (maxPerStageDescriptorStorageBuffers)",
			k.Name, n, len(k.Buffers), r.adapter, r.bindings)
	}
	a := arrangement{buffers: make([]spirv.BufferLayout, len(bindings)), offsets: make([]uint32, len(bindings))}
	for _, g := range groups {
		first, n := len(a.descriptors), r.pieces(g.part.span)
		layout := make([]int, n)
		for i := range layout {
			layout[i] = first + i
			piece := g.part.span
			if n > 1 {
				piece = span{g.part.span.low + uint64(i)*r.most, min(g.part.span.low+uint64(i+1)*r.most, g.part.span.high)}
			}
			a.descriptors = append(a.descriptors, part{g.part.block, piece})
			a.written = append(a.written, g.written)
		}
		for _, i := range g.formals {
			b := bindings[i].Buffer.(*buffer)
			size := b.elementBytes()
			a.buffers[i] = spirv.BufferLayout{Bindings: layout}
			if n > 1 {
				a.buffers[i].Elements = int(r.most / size)
			}
			a.offsets[i] = uint32((b.elements(bindings[i].Offset, 0).span.low - g.part.span.low) / size)
		}
	}
	return a, nil
}

// apart makes a group of every formal buffer, and joins those that may overlap.
func (r arranger) apart(k *shaders.Kernel, bindings []device.Binding) []group {
	var groups []group
	of := map[device.Buffer][]int{}
	written := map[device.Buffer]bool{}
	for i, b := range bindings {
		of[b.Buffer] = append(of[b.Buffer], i)
		written[b.Buffer] = written[b.Buffer] || k.Buffers[i].Access&shaders.Write != 0
	}
	for i, b := range bindings {
		same := of[b.Buffer]
		if !written[b.Buffer] {
			groups = append(groups, group{part: r.bound(b), formals: []int{i}})
		} else if same[0] == i {
			g := group{part: r.bound(b), formals: same, written: true}
			for _, j := range same[1:] {
				g.part.span = g.part.span.cover(r.bound(bindings[j]).span)
			}
			groups = append(groups, g)
		}
	}
	return groups
}

// bound is what a binding spans, from an aligned start on.
func (r arranger) bound(b device.Binding) part {
	own := b.Buffer.(*buffer)
	p := own.elements(b.Offset, max(own.length-b.Offset, 1))
	p.span.low -= p.span.low % r.alignment
	return p
}

// joinBlocks joins the groups of each block.
func joinBlocks(groups []group) []group {
	var joined []group
	of := map[*block]int{}
	for _, g := range groups {
		at, known := of[g.part.block]
		if !known {
			of[g.part.block] = len(joined)
			joined = append(joined, g)
			continue
		}
		into := &joined[at]
		into.part.span = into.part.span.cover(g.part.span)
		into.formals = append(into.formals[:len(into.formals):len(into.formals)], g.formals...)
		into.written = into.written || g.written
	}
	return joined
}

// pieces is how many descriptors a span needs.
func (r arranger) pieces(s span) int {
	return int((s.size() + r.most - 1) / r.most)
}

func (r arranger) count(groups []group) int {
	n := 0
	for _, g := range groups {
		n += r.pieces(g.part.span)
	}
	return n
}
