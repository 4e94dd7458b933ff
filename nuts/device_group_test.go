package nuts_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/cpu"
	"github.com/hxgpu/hxgpu/device/vulkan/vulkantest"
	"github.com/hxgpu/hxgpu/nuts"
	"github.com/hxgpu/hxgpu/shaders"
)

// funnel is Neal's funnel as a kernel: x0 ~ N(0, 3^2), the others N(0, exp(x0)).
// Its neck makes trajectories diverge.
type funnel struct{ dim int }

func (f funnel) Dim() int { return f.dim }

func (f funnel) Open(dev device.Device, chains int) (nuts.Evaluator, error) {
	return openEvaluator(dev, f.dim, chains, func(b *shaders.Builder, q, density, slope int) { f.add(b, chains, q, density, slope) })
}

func (f funnel) add(b *shaders.Builder, chains, q, density, slope int) {
	at := func(i int) shaders.Value { return b.AddInt(b.ConstInt(i*chains), b.Chain()) }
	mul := func(x, y shaders.Value) shaders.Value { return b.Binary(shaders.OpMul, x, y) }
	sub := func(x, y shaders.Value) shaders.Value { return b.Binary(shaders.OpSub, x, y) }
	x := make([]shaders.Value, f.dim)
	for i := range x {
		x[i] = b.Load(q, at(i))
	}
	precision := b.Unary(shaders.OpExp, b.Unary(shaders.OpNeg, x[0]))
	squares := b.Const(0)
	for _, y := range x[1:] {
		squares = b.Binary(shaders.OpAdd, squares, mul(y, y))
	}
	quadratic := mul(b.Const(0.5), mul(squares, precision))
	b.Store(density, b.Chain(), sub(sub(mul(b.Const(-1./18), mul(x[0], x[0])), mul(b.Const(0.5*float64(f.dim-1)), x[0])), quadratic))
	b.Store(slope, at(0), b.Binary(shaders.OpAdd, sub(mul(b.Const(-1./9), x[0]), b.Const(0.5*float64(f.dim-1))), quadratic))
	for i, y := range x[1:] {
		b.Store(slope, at(i+1), b.Unary(shaders.OpNeg, mul(y, precision)))
	}
}

// noisyFunnel is a funnel whose last coordinates are standard normal, and x0 is seen
// with them: x0 + their sum ~ N(1, 1).
type noisyFunnel struct {
	funnel
	noise int
}

func (f noisyFunnel) Dim() int { return f.dim + f.noise }

func (f noisyFunnel) Noise() (first, count int) { return f.dim, f.noise }

func (f noisyFunnel) Open(dev device.Device, chains int) (nuts.Evaluator, error) {
	return openEvaluator(dev, f.Dim(), chains, func(b *shaders.Builder, q, density, slope int) {
		f.add(b, chains, q, density, slope)
		at := func(i int) shaders.Value { return b.AddInt(b.ConstInt(i*chains), b.Chain()) }
		sum, squares := b.Load(q, at(0)), b.Const(0)
		for i := f.dim; i < f.Dim(); i++ {
			z := b.Load(q, at(i))
			sum, squares = b.Binary(shaders.OpAdd, sum, z), b.Binary(shaders.OpAdd, squares, b.Binary(shaders.OpMul, z, z))
		}
		miss := b.Binary(shaders.OpSub, b.Const(1), sum)
		squares = b.Binary(shaders.OpAdd, squares, b.Binary(shaders.OpMul, miss, miss))
		b.Store(density, b.Chain(), b.Binary(shaders.OpSub, b.Load(density, b.Chain()), b.Binary(shaders.OpMul, b.Const(0.5), squares)))
		b.Store(slope, at(0), b.Binary(shaders.OpAdd, b.Load(slope, at(0)), miss))
		for i := f.dim; i < f.Dim(); i++ {
			b.Store(slope, at(i), b.Binary(shaders.OpSub, miss, b.Load(q, at(i))))
		}
	})
}

// openEvaluator makes an evaluator of one kernel.
func openEvaluator(dev device.Device, dim, chains int, body func(b *shaders.Builder, q, density, slope int)) (nuts.Evaluator, error) {
	b := shaders.NewBuilder("target", chains)
	body(b, b.Buffer("q", shaders.Float, shaders.Read), b.Buffer("log density", shaders.Float, shaders.ReadWrite), b.Buffer("gradient", shaders.Float, shaders.ReadWrite))
	kernel, err := dev.Compile(b.Kernel())
	if err != nil {
		return nil, err
	}
	e := &kernelEvaluator{}
	for i, n := range []int{dim * chains, chains, dim * chains} {
		if e.buffers[i], err = dev.NewBuffer(shaders.Float, n); err != nil {
			return nil, err
		}
	}
	d := device.Dispatch{Kernel: kernel, Count: 1}
	for _, buffer := range e.buffers {
		d.Bindings = append(d.Bindings, device.Binding{Buffer: buffer})
	}
	e.stages = [][]device.Dispatch{{d}}
	e.program, err = dev.Record(device.Recording{Name: "target", Stages: e.stages})
	return e, err
}

type kernelEvaluator struct {
	buffers [3]device.Buffer
	stages  [][]device.Dispatch
	program device.Program
}

func (e *kernelEvaluator) Gradient(ctx context.Context, q, density, slope []float64) error {
	if err := e.buffers[0].WriteFloats(0, q); err != nil {
		return err
	}
	if err := e.program.Run(ctx); err != nil {
		return err
	}
	if err := e.buffers[1].ReadFloats(0, density); err != nil {
		return err
	}
	return e.buffers[2].ReadFloats(0, slope)
}

func (e *kernelEvaluator) Stages() [][]device.Dispatch { return e.stages }
func (e *kernelEvaluator) Position() device.Binding    { return device.Binding{Buffer: e.buffers[0]} }
func (e *kernelEvaluator) LogDensity() device.Binding  { return device.Binding{Buffer: e.buffers[1]} }
func (e *kernelEvaluator) Slope() device.Binding       { return device.Binding{Buffer: e.buffers[2]} }

func (e *kernelEvaluator) Close() error {
	err := e.program.Close()
	for _, b := range e.buffers {
		err = errors.Join(err, b.Close())
	}
	return err
}

func openCPU(t *testing.T, p device.Precision) device.Device {
	dev, err := cpu.Open(cpu.Options{Precision: p})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, dev.Close()) })
	return dev
}

// The sampler's kernel does what the sampler in Go does, bit by bit: the same
// adaptation, trajectories, divergences and draws. The portable engine has the
// exponential function and the logarithm of package math, as the sampler in Go has.
func TestSamplerOnDeviceIsTheSameSampler(t *testing.T) {
	dev, err := cpu.Open(cpu.Options{Portable: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, dev.Close()) })
	for _, dim := range []int{1, 2, 3, 4, 7, -2, -6} {
		for _, chains := range []int{1, 3, 8} {
			var target nuts.Target = funnel{dim}
			if dim < 0 {
				dim = -dim
				target = noisyFunnel{funnel{2}, dim}
			}
			t.Run(fmt.Sprintf("%T %d, %d chains", target, dim, chains), func(t *testing.T) {
				for _, algorithm := range []nuts.Algorithm{nuts.NUTS, nuts.HMC} {
					sample := func(where nuts.Sampler, groups int) *nuts.Run {
						o := nuts.Options{Chains: chains, Warmup: 130, Draws: 70, Seed: 1 << 40 >> uint(dim), KeepWarmup: dim%2 == 0, Sampler: where, Groups: groups, MaxTreeDepth: 6, Algorithm: algorithm, Integrator: nuts.Rotation}
						if dim == 3 {
							o.Select = []int{2, 0}
						}
						run, err := nuts.Sample(context.Background(), dev, target, o)
						require.NoError(t, err)
						return run
					}
					host, on := sample(nuts.OnHost, 1), sample(nuts.OnDevice, 2)
					require.Equal(t, host.Stats, on.Stats)
					require.Equal(t, host.Positions, on.Positions)
					require.Equal(t, host.WarmupStats, on.WarmupStats)
					require.Equal(t, host.WarmupPositions, on.WarmupPositions)
					require.Equal(t, host.StepSizes, on.StepSizes)
					require.Equal(t, host.InverseMass, on.InverseMass)
					require.Equal(t, host.Gradients, on.Gradients)
					require.Positive(t, on.Submissions)
					require.GreaterOrEqual(t, on.Ticks, 64*on.Submissions)
				}
			})
		}
	}
}

// fusing is the CPU with the description of a device on which lanes are many.
type fusing struct{ device.Device }

func (f fusing) Info() device.Info {
	info := f.Device.Info()
	info.Fuses = true
	return info
}

// Where a group of lanes shares a chain's coordinates, sums are added in another
// order than on the host; the first transitions are the same up to rounding.
func TestSamplerWithSeveralLanesPerChain(t *testing.T) {
	devices := map[string]func(t *testing.T) device.Device{
		"cpu":    func(t *testing.T) device.Device { return fusing{openCPU(t, device.Float64)} },
		"vulkan": func(t *testing.T) device.Device { return vulkantest.Open(t, device.Float64) },
	}
	for name, open := range devices {
		t.Run(name, func(t *testing.T) {
			dev := open(t)
			o := nuts.Options{Chains: 3, Warmup: 25, Draws: 5, Seed: 4, KeepWarmup: true, MaxTreeDepth: 5, Groups: 1, Sampler: nuts.OnHost}
			host, err := nuts.Sample(context.Background(), openCPU(t, device.Float64), funnel{70}, o)
			require.NoError(t, err)
			o.Sampler = nuts.OnDevice
			on, err := nuts.Sample(context.Background(), dev, funnel{70}, o)
			require.NoError(t, err)
			for chain := range host.WarmupPositions {
				for d := range 10 {
					require.InDeltaSlice(t, host.WarmupPositions[chain][d], on.WarmupPositions[chain][d], 1e-6)
					require.Equal(t, host.WarmupStats[chain][d].Leapfrogs, on.WarmupStats[chain][d].Leapfrogs)
				}
			}
		})
	}
}

// Faults of a target end a run on the device with the words that they have on the
// host.
func TestSamplerOnDeviceFindsFaults(t *testing.T) {
	dev := openCPU(t, device.Float64)
	for name, target := range map[string]nuts.Target{"nowhere finite": broken{math.NaN()}, "flat": broken{0}} {
		t.Run(name, func(t *testing.T) {
			var texts []string
			for _, where := range []nuts.Sampler{nuts.OnHost, nuts.OnDevice} {
				_, err := nuts.Sample(context.Background(), dev, target, nuts.Options{Chains: 2, Warmup: 10, Draws: 10, Sampler: where, Groups: 1})
				require.Error(t, err)
				texts = append(texts, err.Error())
			}
			require.Equal(t, texts[0], texts[1])
		})
	}
	_, err := nuts.Sample(context.Background(), dev, funnel{2}, nuts.Options{Chains: 1, Draws: 5, Init: [][]float64{{-2000, 1}}, Sampler: nuts.OnDevice})
	require.ErrorContains(t, err, "starting position of chain 1")
}

// broken has the same log density everywhere, and no gradient.
type broken struct{ density float64 }

func (b broken) Dim() int { return 2 }

func (b broken) Open(dev device.Device, chains int) (nuts.Evaluator, error) {
	return openEvaluator(dev, 2, chains, func(k *shaders.Builder, q, density, slope int) {
		k.Store(density, k.Chain(), k.Const(b.density))
		for i := range 2 {
			k.Store(slope, k.AddInt(k.ConstInt(i*chains), k.Chain()), k.Const(0))
		}
	})
}
