package cpu_test

import (
	"context"
	"math"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/cpu"
	"github.com/hxgpu/hxgpu/device/cpu/native"
	"github.com/hxgpu/hxgpu/shaders"
)

// powers is a kernel that takes its time: 50 rounds of x = exp(-x) for each lane.
func powers(chains int) *shaders.Kernel {
	b := shaders.NewBuilder("powers", chains)
	in, out := b.Buffer("x", shaders.Float, shaders.Read), b.Buffer("y", shaders.Float, shaders.Write)
	lane := b.AddInt(b.MulInt(b.Item(), b.ConstInt(chains)), b.Chain())
	x := b.Variable(b.Load(in, lane))
	b.Loop(b.ConstInt(50), func(shaders.Value) { b.Set(x, b.Unary(shaders.OpExp, b.Unary(shaders.OpNeg, b.Get(x)))) })
	b.Store(out, lane, b.Get(x))
	return b.Kernel()
}

// TestNativeBesideGarbageCollection runs machine code while other goroutines keep the
// garbage collector busy, which looks at stacks and stops goroutines: what is
// computed stays the same, and nobody waits long.
func TestNativeBesideGarbageCollection(t *testing.T) {
	if reason := native.Supported(); reason != "" {
		t.Skip(reason)
	}
	defer debug.SetGCPercent(debug.SetGCPercent(1))
	const items, chains = 3001, 5
	values := make([]float64, items*chains)
	for i := range values {
		values[i] = float64(i%97) / 97
	}
	compute := func(dev device.Device, runs int) []float64 {
		k := powers(chains)
		in, out := buffer(t, dev, values), buffer(t, dev, make([]float64, len(values)))
		compiled, err := dev.Compile(k)
		require.NoError(t, err)
		p, err := dev.Record(device.Recording{Name: "powers", Stages: [][]device.Dispatch{{{Kernel: compiled, Count: items, Bindings: []device.Binding{{Buffer: in}, {Buffer: out}}}}}})
		require.NoError(t, err)
		for range runs {
			require.NoError(t, p.Run(context.Background()))
		}
		result := make([]float64, len(values))
		require.NoError(t, out.ReadFloats(0, result))
		return result
	}
	portable, err := cpu.Open(cpu.Options{Portable: true})
	require.NoError(t, err)
	want := compute(portable, 1)
	var stop atomic.Bool
	var busy sync.WaitGroup
	for range 3 {
		busy.Add(1)
		go func() {
			defer busy.Done()
			var rubbish [][]byte
			for !stop.Load() {
				rubbish = append(rubbish[max(0, len(rubbish)-20):], make([]byte, 10_000))
				growStack(30)
			}
		}()
	}
	for _, options := range engines() {
		dev, err := cpu.Open(options)
		require.NoError(t, err)
		var several sync.WaitGroup
		for range 4 {
			several.Add(1)
			go func() {
				defer several.Done()
				for i, x := range compute(dev, 20) {
					if math.Abs(x-want[i]) > 1e-13 {
						t.Errorf("element %d is %v, not %v", i, x, want[i])
						return
					}
				}
			}()
		}
		several.Wait()
		require.NoError(t, dev.Close())
	}
	stop.Store(true)
	busy.Wait()
	require.NoError(t, portable.Close())
}

func growStack(depth int) int {
	var room [256]int
	if depth > 0 {
		room[depth] = growStack(depth - 1)
	}
	return room[depth] + depth
}

func buffer(t *testing.T, dev device.Device, values []float64) device.Buffer {
	b, err := dev.NewBuffer(shaders.Float, len(values))
	require.NoError(t, err)
	require.NoError(t, b.WriteFloats(0, values))
	return b
}

// TestNativeGivesWay: a dispatch that takes long is cut into calls that do not, so
// that a goroutine which needs all others to stop gets its turn.
func TestNativeGivesWay(t *testing.T) {
	if reason := native.Supported(); reason != "" {
		t.Skip(reason)
	}
	const items = 2_000_000
	dev, err := cpu.Open(cpu.Options{Workers: 1})
	require.NoError(t, err)
	compiled, err := dev.Compile(powers(1))
	require.NoError(t, err)
	in, out := buffer(t, dev, make([]float64, items)), buffer(t, dev, make([]float64, items))
	p, err := dev.Record(device.Recording{Stages: [][]device.Dispatch{{{Kernel: compiled, Count: items, Bindings: []device.Binding{{Buffer: in}, {Buffer: out}}}}}})
	require.NoError(t, err)
	done := make(chan time.Duration)
	go func() {
		began := time.Now()
		assertRun(t, p)
		done <- time.Since(began)
	}()
	longest := time.Duration(0)
	for {
		began := time.Now()
		debug.FreeOSMemory() // stops the world
		longest = max(longest, time.Since(began))
		select {
		case took := <-done:
			t.Logf("the run took %v; the longest collection %v", took, longest)
			require.Less(t, longest, took/2)
			require.NoError(t, dev.Close())
			return
		default:
		}
	}
}

func assertRun(t *testing.T, p device.Program) {
	if err := p.Run(context.Background()); err != nil {
		t.Error(err)
	}
}

// TestBurst: small dispatches that run in one call do so in order, also where one kernel
// has several, and the one that fails is named; what stands before it is done, what
// stands behind is not.
func TestBurst(t *testing.T) {
	if reason := native.Supported(); reason != "" {
		t.Skip(reason)
	}
	const items, chains = 7, 3
	copying := func(name string, shift int) *shaders.Kernel {
		b := shaders.NewBuilder(name, chains)
		in, out := b.Buffer("x", shaders.Float, shaders.Read), b.Buffer("y", shaders.Float, shaders.Write)
		lane := b.AddInt(b.MulInt(b.Item(), b.ConstInt(chains)), b.Chain())
		b.Store(out, lane, b.Binary(shaders.OpAdd, b.Load(in, b.AddInt(lane, b.ConstInt(shift))), b.Const(1)))
		return b.Kernel()
	}
	dev, err := cpu.Open(cpu.Options{Workers: 1})
	require.NoError(t, err)
	defer dev.Close()
	good, err := dev.Compile(copying("good", 0))
	require.NoError(t, err)
	bad, err := dev.Compile(copying("bad", 1))
	require.NoError(t, err)
	var buffers []device.Buffer
	for range 5 {
		buffers = append(buffers, buffer(t, dev, make([]float64, items*chains)))
	}
	step := func(k device.Kernel, from, first, count int) []device.Dispatch {
		return []device.Dispatch{{Kernel: k, First: first, Count: count, Bindings: []device.Binding{{Buffer: buffers[from]}, {Buffer: buffers[from+1]}}}}
	}
	read := func(b int) []float64 {
		x := make([]float64, items*chains)
		require.NoError(t, buffers[b].ReadFloats(0, x))
		return x
	}
	all := func(x float64) []float64 {
		filled := make([]float64, items*chains)
		for i := range filled {
			filled[i] = x
		}
		return filled
	}
	p, err := dev.Record(device.Recording{Name: "good", Stages: [][]device.Dispatch{step(good, 0, 0, items), step(good, 1, 0, items), step(good, 2, 2, 3), step(good, 2, 0, 2), step(good, 2, 5, 2)}})
	require.NoError(t, err)
	require.NoError(t, p.Run(context.Background()))
	require.Equal(t, all(1), read(1))
	require.Equal(t, all(3), read(3))
	p, err = dev.Record(device.Recording{Name: "bad", Stages: [][]device.Dispatch{step(good, 0, 0, items), step(bad, 2, 0, items), step(good, 3, 0, items)}})
	require.NoError(t, err)
	require.ErrorContains(t, p.Run(context.Background()), `kernel "bad"`)
	require.Equal(t, all(0), read(4))
}
