//go:build cgo

package vulkan

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	vk "github.com/vulkan-go/vulkan"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/shaders"
)

func floats(t *testing.T, g *gpu, values ...float64) device.Buffer {
	t.Helper()
	b, err := g.NewBuffer(shaders.Float, len(values))
	require.NoError(t, err)
	require.NoError(t, b.WriteFloats(0, values))
	return b
}

func read(t *testing.T, b device.Buffer) []float64 {
	t.Helper()
	values := make([]float64, b.Len())
	require.NoError(t, b.ReadFloats(0, values))
	return values
}

func ascending(n int) []float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = float64(i)
	}
	return values
}

func record(t *testing.T, g *gpu, r device.Recording) *program {
	t.Helper()
	p, err := g.Record(r)
	require.NoError(t, err)
	return p.(*program)
}

// dispatch runs a kernel on buffers.
func dispatch(t *testing.T, g *gpu, k *shaders.Kernel, first, count int, buffers ...device.Buffer) device.Dispatch {
	t.Helper()
	compiled, err := g.Compile(k)
	require.NoError(t, err)
	d := device.Dispatch{Kernel: compiled, First: first, Count: count}
	for _, b := range buffers {
		d.Bindings = append(d.Bindings, device.Binding{Buffer: b})
	}
	return d
}

// increment adds 1 to elements of a buffer.
func increment(t *testing.T, g *gpu, b device.Buffer, first, count int) device.Dispatch {
	t.Helper()
	k := shaders.NewBuilder("increment", 1)
	x := k.Buffer("x", shaders.Float, shaders.ReadWrite)
	k.Store(x, k.Item(), k.Binary(shaders.OpAdd, k.Load(x, k.Item()), k.Const(1)))
	return dispatch(t, g, k.Kernel(), first, count, b)
}

// successor stores from[item] + 1 in to[item].
func successor() *shaders.Kernel {
	k := shaders.NewBuilder("successor", 1)
	from, to := k.Buffer("from", shaders.Float, shaders.Read), k.Buffer("to", shaders.Float, shaders.Write)
	k.Store(to, k.Item(), k.Binary(shaders.OpAdd, k.Load(from, k.Item()), k.Const(1)))
	return k.Kernel()
}

func TestRepeat(t *testing.T) {
	g := openTest(t, device.Float32)
	a, b := floats(t, g, 0, 0), floats(t, g, 0, 0)
	forth, back := dispatch(t, g, successor(), 0, 2, a, b), dispatch(t, g, successor(), 0, 2, b, a)
	for _, c := range []struct{ stages, repeat int }{{2, 0}, {2, 1}, {2, 7}, {2, 1024}, {2, 2500}, {1500, 3}, {4098, 2}} {
		t.Run(fmt.Sprintf("%d stages, %d times", c.stages, c.repeat), func(t *testing.T) {
			var stages [][]device.Dispatch
			for range c.stages / 2 {
				stages = append(stages, []device.Dispatch{forth}, []device.Dispatch{back})
			}
			p := record(t, g, device.Recording{Stages: stages, Repeat: c.repeat})
			require.NoError(t, a.WriteFloats(0, []float64{0, 1}))
			for run := range 2 {
				require.NoError(t, p.Run(context.Background()))
				steps := float64(c.stages * max(c.repeat, 1) * (run + 1))
				require.Equal(t, []float64{steps, steps + 1}, read(t, a))
				require.Equal(t, []float64{steps - 1, steps}, read(t, b))
			}
			require.NoError(t, p.Close())
		})
	}
	_, err := g.Record(device.Recording{Name: "backwards", Repeat: -1})
	require.ErrorContains(t, err, "-1 times")
}

func TestTimings(t *testing.T) {
	g := openTest(t, device.Float32)
	small, large := floats(t, g, 1), floats(t, g, ascending(1<<20)...)
	quick, slow := increment(t, g, small, 0, 1), increment(t, g, large, 0, 1<<20)
	nothing := quick
	nothing.Count = 0
	p := record(t, g, device.Recording{Name: "timed", Repeat: 3, Timed: true, Stages: [][]device.Dispatch{{quick, slow}, {}, {nothing, slow}}})
	_, err := p.Timings()
	require.ErrorContains(t, err, "has not been run")
	require.NoError(t, p.Run(context.Background()))
	times, err := p.Timings()
	require.NoError(t, err)
	require.Len(t, times, 3)
	var all time.Duration
	for _, stages := range times {
		require.Len(t, stages, 3)
		require.Len(t, stages[0], 2)
		require.Empty(t, stages[1])
		require.Len(t, stages[2], 2)
		require.Zero(t, stages[2][0], "an empty dispatch takes no time")
		all += stages[0][1] + stages[2][1]
	}
	require.Greater(t, all, 6*10*time.Microsecond, "a million lanes take time")
	require.Equal(t, 4.0, read(t, small)[0])
	require.Equal(t, 7.0, read(t, large)[1])

	empty := record(t, g, device.Recording{Timed: true})
	require.NoError(t, empty.Run(context.Background()))
	times, err = empty.Timings()
	require.NoError(t, err)
	require.Len(t, times, 1)
	untimed := record(t, g, device.Recording{Name: "untimed", Stages: [][]device.Dispatch{{quick}}})
	require.NoError(t, untimed.Run(context.Background()))
	_, err = untimed.Timings()
	require.ErrorContains(t, err, `"untimed" was not recorded with Timed`)

	none := openChanged(t, device.Float32, func(a *adapter) { a.validBits = 0 })
	_, err = none.Record(device.Recording{Name: "timed", Timed: true})
	require.ErrorContains(t, err, "no timestamps")
}

func TestTicks(t *testing.T) {
	require.Equal(t, 50*time.Nanosecond, ticks(100, 150, 64, 1))
	require.Equal(t, 4160*time.Nanosecond, ticks(100, 150, 64, 83.2))
	require.Equal(t, 20*time.Nanosecond, ticks(1<<36-5, 15, 36, 1), "36 bits have wrapped around")
}

// TestBarriers holds barriers to where they are needed.
func TestBarriers(t *testing.T) {
	available(t)
	opened, err := Open(Options{Precision: device.Float32, CacheDir: "-"})
	require.NoError(t, err)
	g := opened.(*gpu)
	t.Cleanup(func() { require.NoError(t, g.Close()) })
	a, b, c, d := floats(t, g, 1, 2), floats(t, g, 1, 2), floats(t, g, 1, 2), floats(t, g, 1, 2)
	move := func(from, to device.Buffer) device.Dispatch { return dispatch(t, g, successor(), 0, 2, from, to) }
	ab, cd, bc, ac, ba := move(a, b), move(c, d), move(b, c), move(a, c), move(b, a)
	half := func(first int) device.Dispatch { return increment(t, g, a, first, 1) }
	for name, test := range map[string]struct {
		stages [][]device.Dispatch
		want   int
	}{
		"one dispatch":        {[][]device.Dispatch{{ab}}, 0},
		"nothing shared":      {[][]device.Dispatch{{ab}, {cd}}, 0},
		"read twice":          {[][]device.Dispatch{{ab}, {ac}}, 0},
		"read after write":    {[][]device.Dispatch{{ab}, {bc}}, 1},
		"write after read":    {[][]device.Dispatch{{ab}, {ba}}, 1},
		"write after write":   {[][]device.Dispatch{{ab}, {ab}}, 1},
		"a stage of parts":    {[][]device.Dispatch{{half(0), half(1)}}, 0},
		"once for both":       {[][]device.Dispatch{{ab, cd}, {ba, bc}}, 1},
		"after it all is new": {[][]device.Dispatch{{ab}, {bc}, {ab}}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			p := &program{owner: g}
			r := recorder{gpu: g, arranger: newArranger(g.driver.adapter), program: p, sets: map[string]int{}}
			defer p.free()
			for s, stage := range test.stages {
				for n, dispatch := range stage {
					require.NoError(t, r.dispatch(s, n, dispatch))
				}
			}
			barriers := 0
			for _, step := range p.barriers(r.steps, false) {
				barriers += int(step.barrier)
			}
			require.Equal(t, test.want, barriers)
		})
	}
}

// TestValidationSeesHazards leaves out a barrier that is needed: without a message
// of the validation layer here, its silence elsewhere would say nothing.
func TestValidationSeesHazards(t *testing.T) {
	available(t)
	if !layered() {
		t.Skip("the validation layer is not installed")
	}
	var messages []string
	opened, err := Open(Options{Precision: device.Float32, CacheDir: "-", Validation: true,
		Message: func(text string) { messages = append(messages, text) }})
	require.NoError(t, err)
	g := opened.(*gpu)
	a, b := floats(t, g, 1), floats(t, g, 1)
	forth, back := dispatch(t, g, successor(), 0, 1, a, b), dispatch(t, g, successor(), 0, 1, b, a)
	record(t, g, device.Recording{Stages: [][]device.Dispatch{{forth}, {back}}})
	require.Empty(t, messages)
	g.options.Validation = false // no barriers for its sake
	record(t, g, device.Recording{Stages: [][]device.Dispatch{{forth, back}}})
	require.NoError(t, g.Close())
	require.NotEmpty(t, messages)
	require.Contains(t, messages[0], "SYNC-HAZARD")
}

// TestSideBySide runs programs while others, and buffers, come and go.
func TestSideBySide(t *testing.T) {
	g := openTest(t, device.Float32)
	const workers, rounds = 4, 20
	errs := make(chan error, workers)
	for w := range workers {
		b := floats(t, g, 0, 0, 0)
		d := increment(t, g, b, w%2, 2)
		go func() {
			errs <- func() error {
				for range rounds {
					p, err := g.Record(device.Recording{Stages: [][]device.Dispatch{{d}}, Repeat: 3})
					if err != nil {
						return err
					}
					extra, err := g.NewBuffer(shaders.Float, 1000)
					if err != nil {
						return err
					}
					if err := errors.Join(p.Run(context.Background()), extra.WriteFloats(0, ascending(1000)), extra.Close(), p.Close()); err != nil {
						return err
					}
				}
				got := make([]float64, 3)
				if err := b.ReadFloats(0, got); err != nil {
					return err
				}
				if want := 3.0 * rounds; got[1] != want || got[2*(w%2)] != want || got[2-2*(w%2)] != 0 {
					return fmt.Errorf("worker %d has counted to %v, must be %v", w, got, want)
				}
				return nil
			}()
		}()
	}
	for range workers {
		require.NoError(t, <-errs)
	}
}

func TestConstantMemory(t *testing.T) {
	available(t)
	if testing.Short() {
		t.Skip("a thousand programs take a while")
	}
	m := thisMachine()
	allocations := 0
	m.allocateMemory = func(d vk.Device, info *vk.MemoryAllocateInfo, memory *vk.DeviceMemory) vk.Result {
		allocations++
		return thisMachine().allocateMemory(d, info, memory)
	}
	opened, err := open(m, Options{Precision: device.Float32, CacheDir: "-"})
	require.NoError(t, err)
	g := opened.(*gpu)
	defer func() { require.NoError(t, g.Close()) }()
	keep := floats(t, g, 1, 2, 3)
	kernel := successor()
	one := func() {
		b := floats(t, g, 4, 5, 6)
		p := record(t, g, device.Recording{Name: "one of many", Repeat: 3, Stages: [][]device.Dispatch{
			{dispatch(t, g, kernel, 0, 3, keep, b)}, {dispatch(t, g, kernel, 0, 3, b, keep)}}})
		require.NoError(t, p.Run(context.Background()))
		require.NoError(t, p.Close())
		require.NoError(t, b.Close())
	}
	for range 300 {
		one()
	}
	before, allocated := resident(t), allocations
	for range 1000 {
		one()
	}
	require.Equal(t, 1+2*3*1300.0, read(t, keep)[0])
	require.Equal(t, allocated, allocations, "no more device memory")
	require.Len(t, g.buffers, 1)
	require.Empty(t, g.programs)
	require.Empty(t, g.pipelines.all)
	require.Equal(t, g.heap.alignment, g.heap.used)
	if before > 0 {
		require.Less(t, resident(t)-before, 3<<20, "bytes more are in use after 1,000 programs")
	}
}

// resident is how many bytes of memory the process uses, 0 where that is unknown.
func resident(t *testing.T) int {
	t.Helper()
	if runtime.GOOS != "linux" {
		return 0
	}
	runtime.GC()
	debug.FreeOSMemory()
	content, err := os.ReadFile("/proc/self/statm")
	require.NoError(t, err)
	var size, pages int
	_, err = fmt.Sscan(strings.TrimSpace(string(content)), &size, &pages)
	require.NoError(t, err)
	return pages * os.Getpagesize()
}
