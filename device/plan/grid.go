package plan

import (
	"fmt"
	"strings"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/shaders"
)

// gridKernel is the kernel of a step.
type gridKernel struct {
	kernel   *shaders.Kernel
	bindings []binding
	compiled device.Kernel // once it is dispatched by itself
	work     *kernelWork   // once it is counted
}

// grid builds the kernel of a step. Steps of the same pieces share one.
func (c *compilation) grid(s *step) (*gridKernel, error) {
	var keys strings.Builder
	for _, x := range s.pieces {
		keys.WriteString(x.key)
		keys.WriteByte('\n')
	}
	if g := c.kernels[keys.String()]; g != nil {
		return g, nil
	}
	if emit := s.pieces[0].arrays; emit != nil {
		k := newArrayKernelBuilder(s.name(), c.planner)
		if err := emit(k); err != nil {
			return nil, fmt.Errorf("%s: %w", s.name(), err)
		}
		g := &gridKernel{kernel: k.Kernel(), bindings: k.bindings}
		c.kernels[keys.String()] = g
		return g, nil
	}
	k := newKernelBuilder(s.name(), c.planner)
	for _, x := range s.pieces {
		if err := x.emit(k); err != nil {
			return nil, fmt.Errorf("%s: %w", x.name, err)
		}
	}
	shaders.Trim(k.Kernel()) // of a sweep's results that no step loads, little may be left
	g := &gridKernel{kernel: k.Kernel(), bindings: k.bindings}
	c.kernels[keys.String()] = g
	return g, nil
}

// name is the name of the first piece, and how many others there are.
func (s *step) name() string {
	if n := len(s.pieces) - 1; n > 0 {
		return fmt.Sprintf("%s and %d more", s.pieces[0].name, n)
	}
	return s.pieces[0].name
}
