//go:build cgo

package vulkan

import (
	"crypto/sha256"
	"fmt"
	"sync"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/shaders"
)

// gpu is an open device.
type gpu struct {
	options Options
	driver  *driver
	heap    *heap
	staging *staging
	lanes   int // of a workgroup of grid kernels

	// life is read-locked by whatever uses buffers or programs and locked by what
	// frees them.
	life     sync.RWMutex
	closed   bool
	closures int // how many buffers have been closed

	mutex     sync.Mutex // guards what follows
	buffers   map[*buffer]bool
	programs  map[*program]bool
	pipelines *pipelines
	parts     map[[sha256.Size]byte]*kernel // of array kernels, by what they do
}

var _ device.Device = (*gpu)(nil)

func newGPU(d *driver, o Options) (*gpu, error) {
	staging, err := newStaging(d)
	if err != nil {
		return nil, err
	}
	g := &gpu{options: o, driver: d, heap: newHeap(d), staging: staging,
		buffers: map[*buffer]bool{}, programs: map[*program]bool{}, parts: map[[sha256.Size]byte]*kernel{}}
	g.lanes = 64
	if d.adapter.Software {
		g.lanes = softwareLanes
	}
	g.lanes = min(g.lanes, d.adapter.Limits.GroupLanes)
	if g.pipelines, err = newPipelines(d, o.CacheDir); err != nil {
		staging.close()
		return nil, err
	}
	return g, nil
}

// softwareLanes is the size of workgroups on the processor, which starts a
// thread's job for each of them.
const softwareLanes = 256

func (g *gpu) Info() device.Info {
	a := g.driver.adapter
	precision := "float64"
	if g.options.Precision == device.Float32 {
		precision = "float32"
	}
	return device.Info{
		Name:      "vulkan",
		Detail:    fmt.Sprintf("%s (%s), driver %s, Vulkan %s, %s", a.Name, a.Kind, a.Driver, a.API, precision),
		Precision: g.options.Precision,
		Workers:   1,
		Software:  a.Software,
		Fuses:     true,
		Limits:    a.Limits,
	}
}

func (g *gpu) elementBytes(t shaders.Type) uint64 {
	if t == shaders.Float && g.options.Precision == device.Float64 {
		return 8
	}
	return 4
}

// Close waits for what runs and frees everything.
func (g *gpu) Close() error {
	g.life.Lock()
	defer g.life.Unlock()
	if g.closed {
		return nil
	}
	g.closed = true
	for p := range g.programs {
		p.free()
	}
	g.buffers, g.programs = nil, nil
	g.pipelines.close()
	g.heap.close()
	g.staging.close()
	g.driver.close()
	g.driver.instance.close()
	return nil
}
