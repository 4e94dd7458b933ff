//go:build cgo

package vulkan

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	vk "github.com/vulkan-go/vulkan"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/shaders"
	"github.com/hxgpu/hxgpu/tensor"
)

// changed is this machine with other properties of its adapters.
func changed(change func(a *adapter)) machine {
	m := thisMachine()
	m.adapters = func(i *instance) ([]*adapter, error) {
		all, err := i.adapters()
		for _, a := range all {
			change(a)
		}
		return all, err
	}
	return m
}

func openChanged(t *testing.T, p device.Precision, change func(a *adapter)) *gpu {
	t.Helper()
	available(t)
	d, err := openValidated(t, changed(change), Options{Precision: p})
	require.NoError(t, err)
	return d.(*gpu)
}

func TestNoLoader(t *testing.T) {
	m := thisMachine()
	m.openLibrary = func(name string) (uintptr, error) { return 0, errors.New(name + ": no such file") }
	for name, call := range map[string]func() error{
		"Open": func() error { _, err := open(m, Options{}); return err },
		"List": func() error { _, err := list(m); return err },
	} {
		err := call()
		require.ErrorContains(t, err, libraryNames()[0]+": no such file", name)
		require.ErrorContains(t, err, "install", name)
		if runtime.GOOS == "linux" {
			require.ErrorContains(t, err, "libvulkan1", name)
		}
	}
}

func TestNoAdapter(t *testing.T) {
	available(t)
	m := thisMachine()
	m.adapters = func(*instance) ([]*adapter, error) { return nil, nil }
	_, err := open(m, Options{})
	require.ErrorIs(t, err, errNoAdapter)
	all, err := list(m)
	require.NoError(t, err)
	require.Empty(t, all)
}

func TestNoLayer(t *testing.T) {
	available(t)
	m := thisMachine()
	m.layers = func(*loader) ([]string, error) { return []string{"VK_LAYER_other"}, nil }
	_, err := open(m, Options{Validation: true})
	require.ErrorContains(t, err, "VK_LAYER_KHRONOS_validation is not installed (there is VK_LAYER_other)")
	require.ErrorContains(t, err, "vulkan-validationlayers")
}

func TestNoFloat64(t *testing.T) {
	available(t)
	m := changed(func(a *adapter) { a.Float64 = false })
	_, err := openValidated(t, m, Options{Precision: device.Float64})
	require.ErrorContains(t, err, "shaderFloat64")
	_, err = openValidated(t, m, Options{Precision: device.Float32})
	require.NoError(t, err)
	_, err = open(m, Options{Precision: 9})
	require.ErrorContains(t, err, "precision 9")
}

func TestOutOfDeviceMemory(t *testing.T) {
	available(t)
	m := thisMachine()
	left := vk.DeviceSize(8 << 20)
	m.allocateMemory = func(d vk.Device, info *vk.MemoryAllocateInfo, memory *vk.DeviceMemory) vk.Result {
		if info.AllocationSize > left {
			return vk.ErrorOutOfDeviceMemory
		}
		left -= info.AllocationSize
		return thisMachine().allocateMemory(d, info, memory)
	}
	opened, err := openValidated(t, m, Options{Precision: device.Float32})
	require.NoError(t, err)
	small, err := opened.NewBuffer(shaders.Float, 1000)
	require.NoError(t, err)
	const n = 3 << 20
	_, err = opened.NewBuffer(shaders.Float, n)
	require.ErrorIs(t, err, errFull)
	for _, part := range []string{"12.0 MiB", fmt.Sprintf("a buffer of %d floats", n), opened.(*gpu).driver.adapter.Name, "3.9 KiB of it in use", "--device cpu"} {
		require.ErrorContains(t, err, part)
	}
	// What still fits is had even where a block of the usual size does not.
	for range 3 {
		_, err = opened.NewBuffer(shaders.Float, 300_000)
		require.NoError(t, err)
	}
	require.NoError(t, small.WriteFloats(0, []float64{1}))

	m = changed(func(a *adapter) { a.limits.MaxMemoryAllocationCount = 2 })
	opened, err = openValidated(t, m, Options{Precision: device.Float32})
	require.NoError(t, err)
	_, err = opened.NewBuffer(shaders.Float, 1<<18)
	require.NoError(t, err)
	_, err = opened.NewBuffer(shaders.Float, 1<<18)
	require.ErrorContains(t, err, "maxMemoryAllocationCount")

	opened = openChanged(t, device.Float32, func(a *adapter) { a.maxAllocation = 1 << 20 })
	_, err = opened.NewBuffer(shaders.Float, 1<<19)
	require.ErrorContains(t, err, "maxMemoryAllocationSize")
}

func TestDeviceLost(t *testing.T) {
	available(t)
	for name, lose := range map[string]func(m *machine, now *bool){
		"submit": func(m *machine, now *bool) {
			m.submit = func(d *driver, commands []vk.CommandBuffer, fence vk.Fence) vk.Result {
				if *now {
					return vk.ErrorDeviceLost
				}
				return d.submitNow(commands, fence)
			}
		},
		"wait": func(m *machine, now *bool) {
			m.wait = func(d *driver, fence vk.Fence) vk.Result {
				if *now {
					return vk.ErrorDeviceLost
				}
				return d.waitNow(fence)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			m, now := thisMachine(), false
			lose(&m, &now)
			opened, err := openValidated(t, m, Options{Precision: device.Float32})
			require.NoError(t, err)
			g := opened.(*gpu)
			b := floats(t, g, 1, 2, 3)
			p := record(t, g, device.Recording{Name: "counting", Stages: [][]device.Dispatch{{increment(t, g, b, 0, 3)}}})
			require.NoError(t, p.Run(context.Background()))
			now = true
			err = p.Run(context.Background())
			require.ErrorIs(t, err, errLost)
			require.ErrorContains(t, err, `program "counting"`)
			require.ErrorContains(t, err, "VK_ERROR_DEVICE_LOST")
			now = false
			require.ErrorIs(t, p.Run(context.Background()), errLost, "it stays lost")
			require.ErrorIs(t, b.WriteFloats(0, []float64{1}), errLost)
			require.ErrorIs(t, b.ReadFloats(0, make([]float64, 1)), errLost)
			_, err = g.NewBuffer(shaders.Float, 1)
			require.ErrorIs(t, err, errLost)
			require.NoError(t, p.Close())
			require.NoError(t, b.Close())
		})
	}
}

func TestOtherFailures(t *testing.T) {
	require.NoError(t, check("vkQueueSubmit", vk.Success))
	require.NoError(t, check("vkEnumeratePhysicalDevices", vk.Incomplete))
	require.ErrorContains(t, check("vkCreateInstance", vk.ErrorIncompatibleDriver), "vkCreateInstance: VK_ERROR_INCOMPATIBLE_DRIVER")
	require.ErrorContains(t, check("vkCreateFence", -12345), "vkCreateFence: result -12345")
}

func TestSmallGroups(t *testing.T) {
	g := openChanged(t, device.Float32, func(a *adapter) {
		a.Limits = device.Limits{GroupLanes: 128, SharedBytes: 16 << 10, SubgroupLanes: 4}
	})
	require.Equal(t, device.Limits{GroupLanes: 128, SharedBytes: 16 << 10, SubgroupLanes: 4}, g.Info().Limits)
	_, err := g.Compile(reversal(129, 1))
	require.ErrorContains(t, err, "groups of 129 lanes")
	require.ErrorContains(t, err, "at most 128")
	_, err = g.Compile(reversal(16, 16<<10/4+1))
	require.ErrorContains(t, err, "shares 16.0 KiB")
	require.ErrorContains(t, err, "maxComputeSharedMemorySize")
	_, err = g.Compile(reversal(128, 16<<10/4))
	require.NoError(t, err)
}

// TestSubgroups runs groups of lanes that exchange values, smaller and larger
// than what the processor runs in step, and of sizes that are no multiple of it.
func TestSubgroups(t *testing.T) {
	for _, subgroup := range []int{1, 8, 32, 64} {
		g := openChanged(t, device.Float32, func(a *adapter) { a.Limits.SubgroupLanes = subgroup })
		require.Equal(t, subgroup, g.Info().Limits.SubgroupLanes)
		for _, lanes := range []int{1, subgroup, subgroup + 1, 3*subgroup - 1} {
			const groups = 5
			b := floats(t, g, ascending(groups*lanes)...)
			k, err := g.Compile(reversal(lanes, lanes))
			require.NoError(t, err)
			p := record(t, g, device.Recording{Stages: [][]device.Dispatch{{{Kernel: k, Bindings: []device.Binding{{Buffer: b}}, First: 1, Count: groups - 1}}}})
			require.NoError(t, p.Run(context.Background()))
			got := read(t, b)
			for i, x := range got {
				want := i
				if group := i / lanes; group > 0 {
					want = group*lanes + lanes - 1 - i%lanes
				}
				require.EqualValues(t, want, x, "lanes %d, element %d", lanes, i)
			}
		}
	}
}

// TestArrayBatches: groups of an array kernel that the scratch has no room for run
// one batch after the other.
func TestArrayBatches(t *testing.T) {
	const items, chains, elements = 7, 3, 10
	b := shaders.NewArrayBuilder("squares", chains)
	place := shaders.Place{PlaceStride: chains, ChainStride: 1, ElementStride: items * chains, Count: -1}
	loaded := b.Load(b.Buffer("x", shaders.Float, shaders.Read), place, elements)
	x := tensor.Input("x", elements)
	results, err := b.Lower([]tensor.Value{x.Square().Sum().Mul(x)}, func(*tensor.Node) (shaders.ArrayValue, error) { return loaded, nil })
	require.NoError(t, err)
	b.Store(b.Buffer("y", shaders.Float, shaders.Write), place, results[0], elements)
	source := b.Kernel()
	for _, room := range []int{1, 4, items * chains} { // groups
		g := openChanged(t, device.Float32, func(a *adapter) { a.Memory = int64(scratchShare * room * source.Arrays.Size * 4) })
		from := floats(t, g, ascending(items*chains*elements)...)
		to := floats(t, g, make([]float64, items*chains*elements)...)
		k, err := g.Compile(source)
		require.NoError(t, err)
		d := device.Dispatch{Kernel: k, Bindings: []device.Binding{{Buffer: from}, {Buffer: to}}, First: 1, Count: items - 1}
		require.Equal(t, min(room, (items-1)*chains), g.slots(k.(*kernel), d))
		require.NoError(t, record(t, g, device.Recording{Stages: [][]device.Dispatch{{d}}}).Run(context.Background()))
		for at, y := range read(t, to) {
			lane := at % (items * chains)
			sum := 0.0
			for e := range elements {
				sum += math.Pow(float64(e*items*chains+lane), 2)
			}
			if lane < chains { // the item before the first
				sum = 0
			}
			require.InEpsilon(t, 1+sum*float64(at), 1+y, 1e-5, "room for %d groups, element %d", room, at)
		}
	}
}

// reversal is a kernel that turns around what each group of lanes finds, through
// a shared array.
func reversal(lanes, shared int) *shaders.Kernel {
	b := shaders.NewBuilder("reversal", 1)
	b.Groups(lanes)
	x := b.Buffer("x", shaders.Float, shaders.ReadWrite)
	s := b.SharedArray("s", shared)
	at := b.AddInt(b.MulInt(b.Item(), b.ConstInt(lanes)), b.Local())
	b.StoreShared(s, b.Local(), b.Load(x, at))
	b.Barrier()
	b.Store(x, at, b.LoadShared(s, b.Integer(shaders.OpSubInt, b.ConstInt(lanes-1), b.Local())))
	return b.Kernel()
}

func TestWorkgroupCounts(t *testing.T) {
	g := openChanged(t, device.Float32, func(a *adapter) { a.limits.MaxComputeWorkGroupCount = [3]uint32{7, 11, 1} })
	most := 7 * 11 * g.lanes
	b := floats(t, g, ascending(most)...)
	for _, n := range []int{1, 7*g.lanes + 1, most - 5*g.lanes, most} {
		p := record(t, g, device.Recording{Stages: [][]device.Dispatch{{increment(t, g, b, 0, n)}}})
		before := read(t, b)
		require.NoError(t, p.Run(context.Background()))
		for i, x := range read(t, b) {
			if i < n {
				before[i]++
			}
			require.Equal(t, before[i], x, "%d lanes, element %d", n, i)
		}
	}
	k, err := g.Compile(reversal(1, 1))
	require.NoError(t, err)
	_, err = g.Record(device.Recording{Stages: [][]device.Dispatch{{{Kernel: k, Bindings: []device.Binding{{Buffer: b}}, Count: 78}}}})
	require.ErrorContains(t, err, "78 workgroups")
	require.ErrorContains(t, err, "maxComputeWorkGroupCount")
}
