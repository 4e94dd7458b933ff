package bench

import (
	"context"
	"fmt"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/cpu"
	"github.com/hxgpu/hxgpu/device/cpu/native"
	"github.com/hxgpu/hxgpu/nuts"
	"github.com/hxgpu/hxgpu/tree"
)

// The benchmarks of this file are what bench/compare runs. All are of float64 on one
// core, so that two runs differ by what the code does and not by who else wanted the
// second core. With -short the slowest cases are left out.

// engine is a way to run kernels on the processor.
type engine struct {
	name    string
	options cpu.Options
}

func engines() []engine {
	all := []engine{{"portable", cpu.Options{Portable: true}}}
	if native.Supported() == "" {
		all = append(all, engine{"AVX2", cpu.Options{AVX2: true}})
		if native.Wide() {
			all = append(all, engine{"AVX-512", cpu.Options{}})
		}
	}
	return all
}

func (e engine) open(t testing.TB, workers int) device.Device {
	o := e.options
	o.Workers = workers
	dev, err := cpu.Open(o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, dev.Close()) })
	return dev
}

// BenchmarkGradient: the log density of the built-in example and its gradient, all
// chains at once, on each engine of the processor.
func BenchmarkGradient(b *testing.B) {
	all := engines()
	if os.Getenv("HXGPU_CPU") != "" || testing.Short() {
		all = all[len(all)-1:] // HXGPU_CPU chooses one engine for all
	}
	for _, e := range all {
		for _, chains := range []int{1, 4, 64, 1024} {
			b.Run(fmt.Sprintf("engine=%s/chains=%d", e.name, chains), func(b *testing.B) {
				target, err := bffg.NewTarget(bffg.Seed(), bffg.SeedData())
				require.NoError(b, err)
				benchmarkGradient(b, e.open(b, 1), target, chains)
			})
		}
	}
}

// balanced is a balanced binary tree with a value at every tip.
func balanced(t testing.TB, depth int) bffg.Data {
	topology, err := tree.Symmetric(depth, 2)
	require.NoError(t, err)
	lengths := make([]float64, topology.Size())
	for v := 1; v < len(lengths); v++ {
		lengths[v] = 1
	}
	values := make([]float64, topology.LeafCount())
	for i := range values {
		values[i] = math.Sin(float64(i))
	}
	return bffg.Data{Topology: topology, Lengths: lengths, Values: [][]float64{values}}
}

// BenchmarkLargeTree: the same model on balanced trees, one chain.
func BenchmarkLargeTree(b *testing.B) {
	for _, depth := range []int{12, 17} {
		b.Run(fmt.Sprintf("leaves=%d", 1<<depth), func(b *testing.B) {
			if depth > 12 && testing.Short() {
				b.Skip("left out with -short")
			}
			target, err := bffg.NewTarget(bffg.Seed(), balanced(b, depth))
			require.NoError(b, err)
			benchmarkGradient(b, openOne(b), target, 1)
		})
	}
}

// BenchmarkShapes: the landmark model of hyperiax's notebook 07 (13 nodes, 16
// landmarks, 100 steps an edge), one chain: its forward map, and that with the
// gradient.
func BenchmarkShapes(b *testing.B) {
	b.Run("forward", func(b *testing.B) {
		target := shapesExample(b)
		values, err := target.OpenValue(openOne(b), 1)
		require.NoError(b, err)
		defer values.Close()
		q, density := point(target, 1), make([]float64, 1)
		for b.Loop() {
			require.NoError(b, values.Value(context.Background(), q, density))
		}
		require.True(b, finite(density))
	})
	b.Run("gradient", func(b *testing.B) {
		benchmarkGradient(b, openOne(b), shapesExample(b), 1)
	})
}

// BenchmarkSample: four chains of the built-in example, 200 transitions of warm-up and
// 800 draws each, once the program is compiled.
func BenchmarkSample(b *testing.B) {
	for _, algorithm := range []nuts.Algorithm{nuts.NUTS, nuts.HMC} {
		b.Run(algorithm.String(), func(b *testing.B) {
			target, err := bffg.NewTarget(bffg.Seed(), bffg.SeedData())
			require.NoError(b, err)
			dev := openOne(b)
			for b.Loop() {
				_, err := nuts.Sample(context.Background(), dev, target, nuts.Options{Chains: 4, Warmup: 200, Draws: 800, Seed: 1,
					Algorithm: algorithm, Groups: 1, Select: []int{0, 1}})
				require.NoError(b, err)
			}
		})
	}
}

// BenchmarkCompile: from a model to something that gives gradients, on a device of its
// own. From the second time on the process has the machine code.
func BenchmarkCompile(b *testing.B) {
	compile := func(b *testing.B, target func() *bffg.Target) {
		for b.Loop() {
			dev, err := cpu.Open(cpu.Options{Workers: 1})
			require.NoError(b, err)
			e, err := target().Open(dev, 4)
			require.NoError(b, err)
			require.NoError(b, e.Close())
			require.NoError(b, dev.Close())
		}
	}
	b.Run("example", func(b *testing.B) {
		compile(b, func() *bffg.Target {
			target, err := bffg.NewTarget(bffg.Seed(), bffg.SeedData())
			require.NoError(b, err)
			return target
		})
	})
	b.Run("shapes", func(b *testing.B) {
		compile(b, func() *bffg.Target { return shapesExample(b) })
	})
}

func openOne(b *testing.B) device.Device {
	return engine{}.open(b, 1)
}

func shapesExample(b *testing.B) *bffg.Target {
	m, data, err := bffg.KunitaExample(bffg.LandmarkOptions{})
	require.NoError(b, err)
	target, err := bffg.NewTarget(m, data)
	require.NoError(b, err)
	return target
}

// benchmarkGradient times the gradient of all chains.
func benchmarkGradient(b *testing.B, dev device.Device, target *bffg.Target, chains int) {
	e, err := target.Open(dev, chains)
	require.NoError(b, err)
	defer e.Close()
	q := point(target, chains)
	density, slope := make([]float64, chains), make([]float64, len(q))
	for b.Loop() {
		if err := e.Gradient(context.Background(), q, density, slope); err != nil {
			b.Fatal(err)
		}
	}
	require.True(b, finite(density) && finite(slope), "not finite: a gradient of nothing was timed")
}

// point is a point with noise from its prior and the parameters at small values.
func point(target *bffg.Target, chains int) []float64 {
	q := make([]float64, target.Dim()*chains)
	parameters := target.ParameterDim() * chains
	stream := nuts.NewStream(1, 0, 0, nuts.PurposeSimulation)
	stream.Normals(q[parameters:])
	for i := range parameters {
		q[i] = -1.5
	}
	return q
}

func finite(x []float64) bool {
	for _, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}
