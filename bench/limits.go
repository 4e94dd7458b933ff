package bench

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/shaders"
)

// Limits are what a device could do at best: the best of some measurements, where
// results are medians.
type Limits struct {
	Device    string `json:"device"`
	Detail    string `json:"detail"`
	Precision string `json:"precision"`
	// Memory is bytes per second, read and written together, of a copy of large arrays;
	// Cache the same of arrays that stay in the caches of a processor, 0 on GPUs.
	Memory float64 `json:"memory_bytes_per_second"`
	Cache  float64 `json:"cache_bytes_per_second,omitempty"`
	// Flops is floating-point operations per second of a kernel of multiplications and
	// additions, which are not fused, as they are not in gradients.
	Flops float64 `json:"flops_per_second"`
	// Dispatch is seconds for a dispatch of one lane that waits for the one before.
	Dispatch float64 `json:"dispatch_seconds"`
}

// Time is the shortest time in seconds in which the device could do some work whose
// data do not stay in caches: what its memory or its arithmetic needs, whichever is
// more (Williams, Waterman & Patterson 2009, Roofline, doi:10.1145/1498765.1498785).
func (l Limits) Time(bytes, flops int) float64 {
	return max(float64(bytes)/l.Memory, float64(flops)/l.Flops)
}

// MeasureLimits measures a device's limits, each for about as long as asked.
func MeasureLimits(ctx context.Context, dev device.Device, atLeast time.Duration) (Limits, error) {
	info := dev.Info()
	l := Limits{Device: info.Name, Detail: info.Detail, Precision: precisionName(info.Precision)}
	var err error
	if l.Memory, err = deviceBandwidth(ctx, dev, atLeast); err != nil {
		return l, err
	}
	if l.Flops, err = deviceFlops(ctx, dev, atLeast); err != nil {
		return l, err
	}
	if l.Dispatch, err = dispatchTime(ctx, dev, atLeast); err != nil {
		return l, err
	}
	if info.Software {
		const large, small = 1 << 28, 1 << 18 // bytes of each of two arrays, small ones for each worker
		l.Memory = max(l.Memory, copyBandwidth(large/info.Workers, info.Workers, atLeast))
		l.Cache = copyBandwidth(small, info.Workers, atLeast)
	}
	return l, nil
}

// copyBandwidth copies an array of some bytes in each of some goroutines, and counts what
// is read and written per second.
func copyBandwidth(bytes, workers int, atLeast time.Duration) float64 {
	from, to := make([][]byte, workers), make([][]byte, workers)
	for w := range workers {
		from[w], to[w] = make([]byte, bytes), make([]byte, bytes)
		for i := 0; i < bytes; i += 1 << 10 {
			from[w][i], to[w][i] = 1, 1 // pages that were never written are all one page
		}
	}
	times := max(1, 1<<24/bytes) // starting goroutines is not to be timed
	once := func() error {
		var done sync.WaitGroup
		for w := range workers {
			done.Go(func() {
				for range times {
					copy(to[w], from[w])
				}
			})
		}
		done.Wait()
		return nil
	}
	samples, _ := timesOf(once, atLeast) // copying does not fail
	return 2 * float64(bytes*workers*times) / slices.Min(samples)
}

// buffers are arrays on a device.
type buffers []device.Buffer

// floats adds an array of n floats.
func (b *buffers) floats(dev device.Device, n int) error {
	x, err := dev.NewBuffer(shaders.Float, n)
	if err == nil {
		*b = append(*b, x)
	}
	return err
}

func (b buffers) bindings() []device.Binding {
	var all []device.Binding
	for _, x := range b {
		all = append(all, device.Binding{Buffer: x})
	}
	return all
}

func (b buffers) close() error {
	var err error
	for _, x := range b {
		err = errors.Join(err, x.Close())
	}
	return err
}

// timeKernel is the shortest time in seconds of a dispatch of some items that waits for
// the one before.
func timeKernel(ctx context.Context, dev device.Device, k *shaders.Kernel, bound buffers, items, repeat int, atLeast time.Duration) (_ float64, err error) {
	kernel, err := dev.Compile(k)
	if err != nil {
		return 0, err
	}
	stage := []device.Dispatch{{Kernel: kernel, Bindings: bound.bindings(), Count: items}}
	program, err := dev.Record(device.Recording{Name: k.Name, Stages: [][]device.Dispatch{stage}, Repeat: repeat})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, program.Close()) }()
	samples, err := timesOf(func() error { return program.Run(ctx) }, atLeast)
	if err != nil {
		return 0, err
	}
	return slices.Min(samples) / float64(repeat), nil
}

// copyKernel copies one float per lane.
func copyKernel() *shaders.Kernel {
	b := shaders.NewBuilder("copy", 1)
	from, to := b.Buffer("from", shaders.Float, shaders.Read), b.Buffer("to", shaders.Float, shaders.Write)
	b.Store(to, b.Item(), b.Load(from, b.Item()))
	return b.Kernel()
}

// deviceBandwidth copies as large an array as the device gives, up to 2^25 floats.
func deviceBandwidth(ctx context.Context, dev device.Device, atLeast time.Duration) (rate float64, err error) {
	width := 8
	if dev.Info().Precision == device.Float32 {
		width = 4
	}
	for n := 1 << 25; ; n /= 2 {
		var arrays buffers
		err = errors.Join(arrays.floats(dev, n), arrays.floats(dev, n))
		var seconds float64
		if err == nil {
			seconds, err = timeKernel(ctx, dev, copyKernel(), arrays, n, 1, atLeast)
		}
		if err = errors.Join(err, arrays.close()); err == nil {
			return float64(2*n*width) / seconds, nil
		}
		if n <= 1<<20 || ctx.Err() != nil { // smaller ones would measure caches
			return 0, err
		}
	}
}

// flopsPerLane is what a lane of flopsKernel computes: of each of ten sums, which do not
// wait for each other, twenty multiplications and as many additions, and their total.
const (
	sums         = 10
	rounds       = 20
	flopsPerLane = sums*(2*rounds+1) + sums - 1
)

// flopsKernel repeats x -> a x + b on ten values per lane, in registers.
func flopsKernel() *shaders.Kernel {
	b := shaders.NewBuilder("flops", 1)
	in := b.Buffer("coefficients", shaders.Float, shaders.Read)
	from, to := b.Buffer("from", shaders.Float, shaders.Read), b.Buffer("to", shaders.Float, shaders.Write)
	scale, shift := b.Load(in, b.ConstInt(0)), b.Load(in, b.ConstInt(1))
	x := b.Load(from, b.Item())
	var values [sums]shaders.Value
	for i := range values {
		values[i] = b.Binary(shaders.OpAdd, x, b.Const(float64(i+1)))
	}
	for range rounds {
		for i := range values {
			values[i] = b.Binary(shaders.OpMul, values[i], scale)
		}
		for i := range values {
			values[i] = b.Binary(shaders.OpAdd, values[i], shift)
		}
	}
	total := values[0]
	for _, v := range values[1:] {
		total = b.Binary(shaders.OpAdd, total, v)
	}
	b.Store(to, b.Item(), total)
	return b.Kernel()
}

// deviceFlops runs flopsKernel on enough lanes to fill the device.
func deviceFlops(ctx context.Context, dev device.Device, atLeast time.Duration) (rate float64, err error) {
	lanes := 1 << 16
	if !dev.Info().Software {
		lanes = 1 << 22
	}
	var arrays buffers
	defer func() { err = errors.Join(err, arrays.close()) }()
	if err := errors.Join(arrays.floats(dev, 2), arrays.floats(dev, lanes), arrays.floats(dev, lanes)); err != nil {
		return 0, err
	}
	if err := arrays[0].WriteFloats(0, []float64{0.5, 1}); err != nil {
		return 0, err
	}
	seconds, err := timeKernel(ctx, dev, flopsKernel(), arrays, lanes, ticks, atLeast)
	return flopsPerLane * float64(lanes) / seconds, err
}

// dispatchTime runs dispatches of one lane, each waiting for the one before.
func dispatchTime(ctx context.Context, dev device.Device, atLeast time.Duration) (_ float64, err error) {
	const dispatches = 256
	var arrays buffers
	defer func() { err = errors.Join(err, arrays.close()) }()
	if err := errors.Join(arrays.floats(dev, 1), arrays.floats(dev, 1)); err != nil {
		return 0, err
	}
	return timeKernel(ctx, dev, copyKernel(), arrays, 1, dispatches, atLeast)
}
