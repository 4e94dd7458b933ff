package nuts_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/cpu"
	"github.com/hxgpu/hxgpu/nuts"
	"github.com/hxgpu/hxgpu/shaders"
)

// funnel is Neal's funnel as a kernel: x0 ~ N(0, 3^2), the others N(0, exp(x0)).
// Its neck makes trajectories diverge.
type funnel struct{ dim int }

func (f funnel) Dim() int { return f.dim }

func (f funnel) Open(dev device.Device, chains int) (nuts.Evaluator, error) {
	b := shaders.NewBuilder("funnel", chains)
	q, density, slope := b.Buffer("q", shaders.Float, shaders.Read), b.Buffer("log density", shaders.Float, shaders.Write), b.Buffer("gradient", shaders.Float, shaders.Write)
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
	kernel, err := dev.Compile(b.Kernel())
	if err != nil {
		return nil, err
	}
	e := &kernelEvaluator{}
	for i, n := range []int{f.dim * chains, chains, f.dim * chains} {
		if e.buffers[i], err = dev.NewBuffer(shaders.Float, n); err != nil {
			return nil, err
		}
	}
	d := device.Dispatch{Kernel: kernel, Count: 1}
	for _, buffer := range e.buffers {
		d.Bindings = append(d.Bindings, device.Binding{Buffer: buffer})
	}
	e.stages = [][]device.Dispatch{{d}}
	e.program, err = dev.Record(device.Recording{Name: "funnel", Stages: e.stages})
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
	for _, b := range e.buffers {
		if err := b.Close(); err != nil {
			return err
		}
	}
	return e.program.Close()
}

func openCPU(t *testing.T, p device.Precision) device.Device {
	dev, err := cpu.Open(cpu.Options{Precision: p})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, dev.Close()) })
	return dev
}

// The sampler's kernel does what the sampler in Go does, bit by bit: the same
// adaptation, trajectories, divergences and draws.
func TestSamplerOnDeviceIsTheSameSampler(t *testing.T) {
	dev := openCPU(t, device.Float64)
	for _, dim := range []int{1, 2, 3, 4, 7} {
		for _, chains := range []int{1, 3, 8} {
			t.Run(fmt.Sprintf("%d coordinates, %d chains", dim, chains), func(t *testing.T) {
				sample := func(where nuts.Sampler, groups int) *nuts.Run {
					o := nuts.Options{Chains: chains, Warmup: 130, Draws: 70, Seed: 1 << 40 >> uint(dim), KeepWarmup: dim%2 == 0, Sampler: where, Groups: groups, MaxTreeDepth: 6}
					if dim == 3 {
						o.Select = []int{2, 0}
					}
					run, err := nuts.Sample(context.Background(), dev, funnel{dim}, o)
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
			})
		}
	}
}
