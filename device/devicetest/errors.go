package devicetest

import (
	"context"
	"sync"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/shaders"
)

// testBuffers reads and writes parts of buffers and asks for more than there is.
func testBuffers(h *harness) {
	b, err := h.device.NewBuffer(shaders.Float, 10)
	require.NoError(h.t, err)
	require.Equal(h.t, 10, b.Len())
	got := make([]float64, 10)
	require.NoError(h.t, b.ReadFloats(0, got))
	require.Equal(h.t, make([]float64, 10), got, "a new buffer is zero")
	require.NoError(h.t, b.WriteFloats(7, []float64{1, 2, 3}))
	require.NoError(h.t, b.ReadFloats(6, got[:4]))
	require.Equal(h.t, []float64{0, 1, 2, 3}, got[:4])
	require.NoError(h.t, b.WriteFloats(10, nil))
	require.Error(h.t, b.WriteFloats(8, []float64{1, 2, 3}))
	require.Error(h.t, b.WriteFloats(-1, []float64{1}))
	require.Error(h.t, b.ReadFloats(1, got))
	require.Error(h.t, b.ReadFloats(-1, got[:1]))
	require.Error(h.t, b.ReadFloats(11, nil))
	require.Error(h.t, b.WriteInts(0, []int32{1}), "integers into floats")
	i, err := h.device.NewBuffer(shaders.Int, 4)
	require.NoError(h.t, err)
	require.Error(h.t, i.WriteFloats(0, []float64{1}), "floats into integers")
	require.Error(h.t, i.ReadFloats(0, got[:1]), "floats out of integers")
	require.Error(h.t, i.WriteInts(2, []int32{1, 2, 3}))
	require.NoError(h.t, i.WriteInts(1, []int32{-1 << 31, 1<<31 - 1}))
	whole := []int32{9, 9, 9, 9}
	require.NoError(h.t, i.ReadInts(0, whole))
	require.Equal(h.t, []int32{0, -1 << 31, 1<<31 - 1, 0}, whole)
	require.NoError(h.t, i.ReadInts(2, whole[3:]))
	require.Equal(h.t, []int32{0, -1 << 31, 1<<31 - 1, 1<<31 - 1}, whole)
	require.NoError(h.t, i.ReadInts(4, nil))
	require.Error(h.t, i.ReadInts(1, whole))
	require.Error(h.t, i.ReadInts(-1, whole[:1]))
	require.Error(h.t, i.ReadInts(5, nil))
	require.Error(h.t, b.ReadInts(0, whole[:1]), "integers out of floats")
	_, err = h.device.NewBuffer(shaders.Float, -1)
	require.Error(h.t, err)
	_, err = h.device.NewBuffer(shaders.Bool, 1)
	require.Error(h.t, err)
	require.NoError(h.t, b.Close())
	require.NoError(h.t, b.Close(), "closing twice")
	require.NoError(h.t, i.Close())
	require.Error(h.t, b.WriteFloats(0, nil))
	require.Error(h.t, b.ReadFloats(0, nil))
	require.Error(h.t, i.WriteInts(0, nil))
	require.Error(h.t, i.ReadInts(0, nil))
}

// testBadRecordings records dispatches that fit no kernel.
func testBadRecordings(h *harness) {
	down, _ := scan(1)
	kernel := h.compile(down)
	x, noise, parents := h.floats(h.numbers(4)), h.floats(h.numbers(4)), h.ints(make([]int32, 4))
	good := func() device.Dispatch {
		return device.Dispatch{Kernel: kernel, First: 1, Count: 3,
			Bindings: []device.Binding{{Buffer: x.buffer}, {Buffer: noise.buffer}, {Buffer: parents.buffer}}}
	}
	closed, err := h.device.NewBuffer(shaders.Float, 4)
	require.NoError(h.t, err)
	require.NoError(h.t, closed.Close())
	for name, change := range map[string]func(*device.Dispatch){
		"no kernel":         func(d *device.Dispatch) { d.Kernel = nil },
		"too few bindings":  func(d *device.Dispatch) { d.Bindings = d.Bindings[:2] },
		"too many bindings": func(d *device.Dispatch) { d.Bindings = append(d.Bindings, d.Bindings[0]) },
		"wrong type":        func(d *device.Dispatch) { d.Bindings[2] = d.Bindings[0] },
		"no buffer":         func(d *device.Dispatch) { d.Bindings[1].Buffer = nil },
		"closed buffer":     func(d *device.Dispatch) { d.Bindings[1].Buffer = closed },
		"negative offset":   func(d *device.Dispatch) { d.Bindings[1].Offset = -1 },
		"offset beyond":     func(d *device.Dispatch) { d.Bindings[1].Offset = 5 },
		"negative first":    func(d *device.Dispatch) { d.First = -1 },
		"negative count":    func(d *device.Dispatch) { d.Count = -1 },
	} {
		d := good()
		change(&d)
		_, err := h.device.Record(device.Recording{Name: name, Stages: [][]device.Dispatch{{d}}})
		require.Error(h.t, err, name)
	}
	p, err := h.device.Record(device.Recording{Stages: [][]device.Dispatch{{good()}}})
	require.NoError(h.t, err)
	require.NoError(h.t, p.Close())
}

func testBadKernels(h *harness) {
	_, err := h.device.Compile(&shaders.Kernel{Name: "no chains"})
	require.ErrorContains(h.t, err, "no chains")
	a := assemble("bad operand", 1)
	a.float(shaders.OpNeg, 3)
	_, err = h.device.Compile(a.k)
	require.ErrorContains(h.t, err, "bad operand")
}

// testOutOfRange loads beyond a buffer, in a grid kernel and in a branch. What a
// device then loads is its own affair unless it [ChecksIndices]. None crashes, and
// the device works on.
func testOutOfRange(h *harness) {
	kernel := func(name string, guard func(a assembler, at shaders.Value, then func())) *shaders.Kernel {
		a := assemble(name, 1)
		x, table, out := a.in("x"), a.ints("table"), a.out("out")
		at := a.loadInt(table, a.item())
		guard(a, at, func() { a.store(out, a.item(), a.load(x, at)) })
		return a.k
	}
	kernels := []*shaders.Kernel{
		kernel("straight", func(_ assembler, _ shaders.Value, then func()) { then() }),
		kernel("in a branch", func(a assembler, at shaders.Value, then func()) { a.branch(a.less(a.constInt(0), at), then) }),
	}
	for _, n := range []int{3, 100_000} {
		numbers := make([]int32, n)
		numbers[n-1] = 1 << 20
		arguments := []*memory{h.floats(h.numbers(4)), h.ints(numbers), h.floats(marked(n))}
		for _, k := range kernels {
			err := h.runOnce(work{k, 0, n, arguments})
			if h.able[ChecksIndices] {
				require.ErrorContains(h.t, err, "out of range")
			}
		}
		h.close()
	}
	testEmpty(h)
}

func testClosed(h *harness) {
	down, _ := scan(1)
	x, noise, parents := h.floats(h.numbers(4)), h.floats(h.numbers(4)), h.ints(make([]int32, 4))
	record := func() device.Program {
		return h.record(h.recording("closed", [][]work{{{down, 1, 3, []*memory{x, noise, parents}}}}))
	}
	ctx := context.Background()
	p := record()
	require.NoError(h.t, p.Run(ctx))
	require.NoError(h.t, p.Close())
	require.NoError(h.t, p.Close(), "closing twice")
	require.Error(h.t, p.Run(ctx), "a closed program")
	p = record()
	require.NoError(h.t, noise.buffer.Close())
	require.Error(h.t, p.Run(ctx), "a closed buffer")
	require.NoError(h.t, p.Close())
	h.memory = []*memory{x, parents}
	noise = h.floats(h.numbers(4))
	p = record()
	compiled := h.compile(down)
	require.NoError(h.t, h.device.Close())
	require.Error(h.t, p.Run(ctx), "a closed device")
	_, err := h.device.NewBuffer(shaders.Float, 1)
	require.Error(h.t, err)
	_, err = h.device.Compile(down)
	require.Error(h.t, err)
	_, err = h.device.Record(device.Recording{Stages: [][]device.Dispatch{{{Kernel: compiled}}}})
	require.Error(h.t, err)
	require.Error(h.t, x.buffer.WriteFloats(0, []float64{1}))
	require.NoError(h.t, p.Close())
}

func testCancelled(h *harness) {
	for _, depth := range []int{2, 14} {
		stages := sweeps(h, depth, 2)
		p := h.record(h.recording("cancelled", stages))
		ctx, cancel := context.WithCancel(context.Background())
		require.NoError(h.t, p.Run(ctx))
		cancel()
		require.ErrorIs(h.t, p.Run(ctx), context.Canceled)
		require.NoError(h.t, p.Run(context.Background()), "a cancelled run leaves the program usable")
		require.NoError(h.t, p.Close())
		h.close()
	}
}

// testGoroutines runs programs of one device side by side.
func testGoroutines(h *harness) {
	const programs = 4
	var (
		all   [programs][][]work
		built [programs]device.Program
		errs  [programs]error
		group sync.WaitGroup
	)
	for i := range all {
		all[i] = sweeps(h, []int{4, 14}[i%2], 1+i)
		built[i] = h.record(h.recording("side by side", all[i]))
	}
	for i := range all {
		group.Go(func() {
			for range 3 {
				if err := built[i].Run(context.Background()); err != nil {
					errs[i] = err
				}
			}
		})
	}
	group.Wait()
	for i := range all {
		require.NoError(h.t, errs[i])
		for range 3 {
			h.oracleRun(all[i])
		}
		require.NoError(h.t, built[i].Close())
	}
	h.compare(nil)
}
