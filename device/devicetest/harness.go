package devicetest

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/shaders"
)

// harness runs the same work on a device and on the oracle.
type harness struct {
	t         *testing.T
	device    device.Device
	able      map[Ability]bool
	precision device.Precision
	oracle    *Oracle
	compiled  map[*shaders.Kernel]device.Kernel
	memory    []*memory
	random    *rand.Rand
}

// memory is a buffer of the device and its image in the oracle.
type memory struct {
	buffer device.Buffer
	array  *Array
	bound  int // offset that dispatches bind it with
}

// from is the same memory, bound from another offset on.
func (m *memory) from(offset int) *memory { return &memory{m.buffer, m.array, offset} }

// work is a dispatch of a kernel to a range of items.
type work struct {
	kernel       *shaders.Kernel
	first, count int
	bindings     []*memory
}

func newHarness(t *testing.T, d device.Device, able map[Ability]bool, p device.Precision) *harness {
	return &harness{t: t, device: d, able: able, precision: p, oracle: NewOracle(p), compiled: map[*shaders.Kernel]device.Kernel{}, random: rand.New(rand.NewPCG(1, 2))}
}

func (h *harness) floats(values []float64) *memory {
	h.t.Helper()
	b, err := h.device.NewBuffer(shaders.Float, len(values))
	require.NoError(h.t, err)
	require.NoError(h.t, b.WriteFloats(0, values))
	m := &memory{buffer: b, array: h.oracle.Floats(values)}
	h.memory = append(h.memory, m)
	return m
}

func (h *harness) ints(values []int32) *memory {
	h.t.Helper()
	b, err := h.device.NewBuffer(shaders.Int, len(values))
	require.NoError(h.t, err)
	require.NoError(h.t, b.WriteInts(0, values))
	m := &memory{buffer: b, array: h.oracle.Ints(values)}
	h.memory = append(h.memory, m)
	return m
}

// numbers are n floats of moderate size, both signs, none near zero.
func (h *harness) numbers(n int) []float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = 0.25 + 1.5*h.random.Float64()
		if h.random.IntN(2) == 0 {
			values[i] = -values[i]
		}
	}
	return values
}

// whole are n integers, low <= x < high.
func (h *harness) whole(n, low, high int) []int32 {
	values := make([]int32, n)
	for i := range values {
		values[i] = int32(low + h.random.IntN(high-low))
	}
	return values
}

// marked are n floats that no kernel of the suite computes.
func marked(n int) []float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = -777.25
	}
	return values
}

// compile compiles a kernel once for the whole test.
func (h *harness) compile(k *shaders.Kernel) device.Kernel {
	h.t.Helper()
	if compiled := h.compiled[k]; compiled != nil {
		return compiled
	}
	compiled, err := h.device.Compile(k)
	require.NoError(h.t, err, "%v", k)
	require.Same(h.t, k, compiled.Source())
	h.compiled[k] = compiled
	return compiled
}

func (h *harness) recording(name string, stages [][]work) device.Recording {
	h.t.Helper()
	r := device.Recording{Name: name}
	for _, stage := range stages {
		var dispatches []device.Dispatch
		for _, w := range stage {
			d := device.Dispatch{Kernel: h.compile(w.kernel), First: w.first, Count: w.count}
			for _, m := range w.bindings {
				d.Bindings = append(d.Bindings, device.Binding{Buffer: m.buffer, Offset: m.bound})
			}
			dispatches = append(dispatches, d)
		}
		r.Stages = append(r.Stages, dispatches)
	}
	return r
}

func (h *harness) record(r device.Recording) device.Program {
	h.t.Helper()
	p, err := h.device.Record(r)
	require.NoError(h.t, err)
	return p
}

// arguments are the oracle's images of what a dispatch binds.
func (h *harness) arguments(w work) (arguments []Argument) {
	for _, m := range w.bindings {
		arguments = append(arguments, Argument{m.array, m.bound})
	}
	return arguments
}

// oracleRun runs the stages on the oracle's arrays.
func (h *harness) oracleRun(stages [][]work) {
	h.t.Helper()
	for _, stage := range stages {
		for _, w := range stage {
			require.NoError(h.t, h.oracle.Run(w.kernel, h.arguments(w), w.first, w.count))
		}
	}
}

// oracleRepeat runs the stages as often as one run of the recording does.
func (h *harness) oracleRepeat(r device.Recording, stages [][]work) {
	h.t.Helper()
	for range max(r.Repeat, 1) {
		h.oracleRun(stages)
	}
}

// check runs the stages as often as asked on both and compares all memory.
func (h *harness) check(times int, stages ...[]work) {
	h.t.Helper()
	h.checkRecording(h.recording(h.t.Name(), stages), times, stages)
}

func (h *harness) checkRecording(r device.Recording, times int, stages [][]work) {
	h.t.Helper()
	p := h.record(r)
	for range times {
		require.NoError(h.t, p.Run(context.Background()))
		h.oracleRepeat(r, stages)
	}
	h.compare(stages)
	require.NoError(h.t, p.Close())
}

// compare holds the device's memory against the oracle's and returns how many
// numbers it could say something about.
func (h *harness) compare(stages [][]work) (checked int) {
	h.t.Helper()
	for n, m := range h.memory {
		if m.array.floats == nil {
			got := make([]int32, m.buffer.Len())
			require.NoError(h.t, m.buffer.ReadInts(0, got))
			if at := firstDifference(got, m.array.ints); at >= 0 {
				h.list(stages)
				h.t.Fatalf("buffer %d, element %d: device has %d, oracle %d", n, at, got[at], m.array.ints[at])
			}
			continue
		}
		got := make([]float64, m.buffer.Len())
		require.NoError(h.t, m.buffer.ReadFloats(0, got))
		for i, want := range m.array.floats {
			if math.IsInf(want.bound, 1) {
				continue
			}
			checked++
			if !agrees(got[i], want) {
				h.list(stages)
				h.t.Fatalf("buffer %d, element %d: device has %v, oracle %v within %g", n, i, got[i], want.x, want.bound)
			}
		}
	}
	return checked
}

// list logs what has been run.
func (h *harness) list(stages [][]work) {
	h.t.Helper()
	for _, stage := range stages {
		for _, w := range stage {
			h.t.Logf("items %d+%d\n%v", w.first, w.count, w.kernel)
		}
	}
}

// firstDifference is where two slices of one length differ first, -1 if nowhere.
func firstDifference(x, y []int32) int {
	for i := range x {
		if x[i] != y[i] {
			return i
		}
	}
	return -1
}

func agrees(got float64, want number) bool {
	switch {
	case math.IsNaN(want.x):
		return math.IsNaN(got)
	case got == want.x:
		return true
	}
	return math.Abs(got-want.x) <= want.bound
}

// close frees the buffers.
func (h *harness) close() {
	for _, m := range h.memory {
		require.NoError(h.t, m.buffer.Close())
	}
	h.memory = nil
}
