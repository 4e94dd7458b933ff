//go:build cgo

package vulkan

import (
	"fmt"

	"github.com/hxgpu/hxgpu/device"
)

// Open opens an adapter as a device. Errors say what is missing: the loader, a
// driver, the adapter asked for, the validation layer, 64-bit floats.
func Open(o Options) (device.Device, error) { return open(thisMachine(), o) }

// List describes the adapters that kernels can run on, in the order of the
// driver; it may be empty.
func List() ([]Adapter, error) { return list(thisMachine()) }

func list(m machine) ([]Adapter, error) {
	i, err := newInstance(m, Options{})
	if err != nil {
		return nil, err
	}
	defer i.close()
	found, err := m.adapters(i)
	if err != nil {
		return nil, err
	}
	numberAdapters(found)
	all := make([]Adapter, len(found))
	for n, a := range found {
		all[n] = a.Adapter
	}
	return all, nil
}

func open(m machine, o Options) (device.Device, error) {
	if o.Precision != device.Float32 && o.Precision != device.Float64 {
		return nil, fmt.Errorf("vulkan: there is no precision %d", o.Precision)
	}
	i, err := newInstance(m, o)
	if err != nil {
		return nil, err
	}
	g, err := openOn(m, i, o)
	if err != nil {
		i.close()
		return nil, err
	}
	return g, nil
}

// openOn opens the adapter of an instance that the options ask for.
func openOn(m machine, i *instance, o Options) (*gpu, error) {
	all, err := m.adapters(i)
	if err != nil {
		return nil, err
	}
	numberAdapters(all)
	a, err := choose(all, o.Device)
	if err != nil {
		return nil, err
	}
	if o.Precision == device.Float64 && !a.Float64 {
		return nil, fmt.Errorf("vulkan: %s has no 64-bit floats (shaderFloat64): ask for float32, or for the cpu device", a.Name)
	}
	d, err := newDriver(m, i, a, o.Precision == device.Float64)
	if err != nil {
		return nil, err
	}
	g, err := newGPU(d, o)
	if err != nil {
		d.close()
		return nil, err
	}
	return g, nil
}
