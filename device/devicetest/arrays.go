package devicetest

import (
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/shaders"
)

// arrays are the contents of a kernel's buffers, in their order; integers too
// are held as floats.
type arrays [][]float64

// oracle runs a kernel over arrays in float64 and leaves the results there.
func oracle(k *shaders.Kernel, contents arrays, first, count int) {
	o := NewOracle(device.Float64)
	arguments := make([]Argument, len(contents))
	for i, values := range contents {
		if k.Buffers[i].Type == shaders.Float {
			arguments[i].Array = o.Floats(values)
			continue
		}
		ints := make([]int32, len(values))
		for n, x := range values {
			ints[n] = int32(x)
		}
		arguments[i].Array = o.Ints(ints)
	}
	if err := o.Run(k, arguments, first, count); err != nil {
		panic("devicetest: a kernel of the suite is wrong: " + err.Error())
	}
	for i, values := range contents {
		for n, x := range arguments[i].Array.floats {
			values[n] = x.x
		}
	}
}
