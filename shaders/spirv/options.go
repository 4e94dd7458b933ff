package spirv

import (
	"fmt"
	"math"

	"github.com/hxgpu/hxgpu/shaders"
)

// The interface between a module and who runs it.
//
// A grid kernel is dispatched in enough workgroups (x and y axis; z is 1) for
// Count*Chains lanes, which is at most 2^31; lanes beyond return at once. A group
// kernel is dispatched in at least Count workgroups; workgroups beyond return at
// once. In both, workgroups are numbered x first.
const (
	// SpecLanes is the id of the specialisation constant that is the size of a
	// grid kernel's workgroups on the x axis (default [DefaultLanes]). A group
	// kernel's size is fixed, Kernel.Lanes.
	SpecLanes = 0
	// SpecOffset + i is the id of the specialisation constant that is added to
	// every index of formal buffer i: an element offset, uint32, default 0. A
	// buffer that the kernel does not use has none.
	SpecOffset = 16
	// PushBytes is the size of the push constants: uint32 First, uint32 Count, of
	// the dispatch's items.
	PushBytes = 8
	// DefaultLanes is the size of a grid kernel's workgroups unless specialised.
	DefaultLanes = 64
)

// BufferLayout says where a formal buffer lies among the descriptor bindings of
// set 0. Formal buffers that may overlap in memory, one of them being written,
// must share a binding.
type BufferLayout struct {
	Bindings []int // usually one; several if the buffer is larger than one descriptor may be
	Elements int   // elements per binding when there are several (the last may be shorter)
}

// Options of [Encode].
type Options struct {
	// Bits of the type Float, 32 or 64.
	Bits int
	// Buffers is the layout of every formal buffer; nil puts formal i at binding
	// i. Several formals may share a binding.
	Buffers []BufferLayout
	// PreserveSpecial declares through SPV_KHR_float_controls that the device must
	// keep signed zeros, infinities and NaN; for devices that report
	// shaderSignedZeroInfNanPreserve for the type.
	PreserveSpecial bool
}

// Limits of SPIR-V (section 2.17 of its specification).
const (
	maxBindings  = 1 << 12 // per formal buffer; far below the 16,383 branches of a switch
	maxDepth     = 1000    // of nested regions; 1,023 with our own within them
	maxIDs       = 4_194_303
	maxVariables = 524_287
	maxGlobals   = 65_000 // 65,535 with the inputs and push constants
)

// layouts checks the options against a kernel and gives the layout of its formal
// buffers.
func (o Options) layouts(k *shaders.Kernel) ([]BufferLayout, error) {
	if o.Bits != 32 && o.Bits != 64 {
		return nil, fmt.Errorf("floats of %d bits; there are floats of 32 and of 64", o.Bits)
	}
	if k.Chains > math.MaxInt32 {
		return nil, fmt.Errorf("%d chains; a dispatch has at most 2^31 lanes", k.Chains)
	}
	if k.Lanes > math.MaxInt32 {
		return nil, fmt.Errorf("groups of %d lanes; the most is 2^31-1", k.Lanes)
	}
	for i, s := range k.Shared {
		if s.Size > math.MaxInt32/8 {
			return nil, fmt.Errorf("shared array %d (%q) has %d elements; the most is 2^28-1", i, s.Name, s.Size)
		}
	}
	if o.Buffers == nil {
		all := make([]BufferLayout, len(k.Buffers))
		for i := range all {
			all[i].Bindings = []int{i}
		}
		return all, nil
	}
	if len(o.Buffers) != len(k.Buffers) {
		return nil, fmt.Errorf("%d buffer layouts for %d buffers; give one for each, or none at all", len(o.Buffers), len(k.Buffers))
	}
	for i, layout := range o.Buffers {
		switch n := len(layout.Bindings); {
		case n == 0:
			return nil, fmt.Errorf("buffer %d (%q) has no binding", i, k.Buffers[i].Name)
		case n > maxBindings:
			return nil, fmt.Errorf("buffer %d (%q) has %d bindings; the most is %d", i, k.Buffers[i].Name, n, maxBindings)
		case n > 1 && (layout.Elements < 1 || layout.Elements > math.MaxInt32):
			return nil, fmt.Errorf("buffer %d (%q) has %d bindings of %d elements; a binding holds 1 to 2^31-1", i, k.Buffers[i].Name, n, layout.Elements)
		}
		for _, binding := range layout.Bindings {
			if binding < 0 || binding > math.MaxInt32 {
				return nil, fmt.Errorf("buffer %d (%q) has binding %d; bindings are 0 to 2^31-1", i, k.Buffers[i].Name, binding)
			}
		}
	}
	return o.Buffers, nil
}
