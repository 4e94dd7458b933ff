//go:build slow

package bench

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/cpu"
	"github.com/hxgpu/hxgpu/nuts"
	"github.com/hxgpu/hxgpu/tree"
)

// fastest is the shortest of some runs of a function.
func fastest(t testing.TB, runs int, f func()) time.Duration {
	best := time.Duration(math.MaxInt64)
	for range runs {
		began := time.Now()
		f()
		best = min(best, time.Since(began))
	}
	return best
}

func oneWorker(t testing.TB) device.Device {
	dev, err := cpu.Open(cpu.Options{Workers: 1})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, dev.Close()) })
	return dev
}

// gradientOf opens a target for some chains at a point drawn from the prior of its
// noise, and returns what evaluates the gradient.
func gradientOf(t testing.TB, dev device.Device, target *bffg.Target, chains int) func() {
	e, err := target.Open(dev, chains)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	n := target.Dim() * chains
	q, slope, density := make([]float64, n), make([]float64, n), make([]float64, chains)
	stream := nuts.NewStream(1, 0, 0, nuts.PurposeSimulation)
	for i := target.ParameterDim() * chains; i < n; i++ {
		q[i] = stream.Normal()
	}
	q[0] = math.Log(0.1)
	for c := range chains {
		q[c], q[chains+c] = math.Log(0.1), math.Log(0.25)
	}
	return func() {
		require.NoError(t, e.Gradient(context.Background(), q, density, slope))
		require.False(t, math.IsNaN(density[0]))
	}
}

// TestShapeSpeed measures the model of hyperiax's notebook 07 (13 nodes, 16
// landmarks in the plane, 100 steps per edge, float64) on one core, one chain, with both
// bridges: as machine code the forward map in at most 7 ms, the gradient in at most 25
// ms; with the portable engine in 25 and 90 ms.
func TestShapeSpeed(t *testing.T) {
	dev := oneWorker(t)
	mostForward, mostGradient := 7*time.Millisecond, 25*time.Millisecond
	if strings.HasPrefix(dev.Info().Detail, "portable") {
		mostForward, mostGradient = 25*time.Millisecond, 90*time.Millisecond
	}
	for _, bridge := range []bffg.Bridge{bffg.StepwiseBridge, bffg.EulerBridge} {
		m, data, err := bffg.KunitaExample(bffg.LandmarkOptions{Bridge: bridge})
		require.NoError(t, err)
		target, err := bffg.NewTarget(m, data)
		require.NoError(t, err)
		values, err := target.OpenValue(dev, 1)
		require.NoError(t, err)
		q, density := make([]float64, target.Dim()), make([]float64, 1)
		q[0], q[1] = math.Log(0.1), math.Log(0.25)
		forward := fastest(t, 20, func() { require.NoError(t, values.Value(context.Background(), q, density)) })
		require.NoError(t, values.Close())
		gradient := fastest(t, 20, gradientOf(t, dev, target, 1))
		t.Logf("%v bridge: forward map %v, gradient %v", bridge, forward, gradient)
		require.Less(t, forward, mostForward)
		require.Less(t, gradient, mostGradient)
	}
}

// shapesOn is a model of shapes on a symmetric tree.
func shapesOn(t testing.TB, depth, degree, points, steps int) *bffg.Target {
	topology, err := tree.Symmetric(depth, degree)
	require.NoError(t, err)
	return shapes(t, topology, points, steps)
}

// pathShapes is the same with 25 steps an edge, guided by a path.
func pathShapes(t testing.TB, depth, degree, points int) *bffg.Target {
	topology, err := tree.Symmetric(depth, degree)
	require.NoError(t, err)
	return shapesBy(t, topology, points, bffg.LandmarkOptions{Steps: 25, Bridge: bffg.PathBridge})
}

func shapes(t testing.TB, topology *tree.Topology, points, steps int) *bffg.Target {
	return shapesBy(t, topology, points, bffg.LandmarkOptions{Steps: steps})
}

func shapesBy(t testing.TB, topology *tree.Topology, points int, o bffg.LandmarkOptions) *bffg.Target {
	var coordinates []string
	data := bffg.Data{Topology: topology, Lengths: make([]float64, topology.Size())}
	for v := range data.Lengths {
		data.Lengths[v] = 0.2
	}
	stream := nuts.NewStream(2, 0, 0, nuts.PurposeSimulation)
	for k := range 2 * points {
		angle := 2 * math.Pi * float64(k/2) / float64(points)
		at := math.Cos(angle)
		if k%2 == 1 {
			at = math.Sin(angle)
		}
		coordinates = append(coordinates, fmt.Sprintf("%c%d", "xy"[k%2], k/2+1))
		values := make([]float64, topology.LeafCount())
		for i := range values {
			values[i] = at + 0.05*stream.Normal()
		}
		data.Values = append(data.Values, values)
	}
	m, err := bffg.Kunita(coordinates, 2, data, o)
	require.NoError(t, err)
	target, err := bffg.NewTarget(m, data)
	require.NoError(t, err)
	return target
}

// TestShapeGrowth: the cost of a gradient grows with the number of edges and of
// steps, over a factor of 16 with an exponent within 10 % of 1. (The filters cost each
// edge as much as some steps, so that few steps would make it less.)
func TestShapeGrowth(t *testing.T) {
	dev := oneWorker(t)
	slope := func(small, large func(), factor float64) float64 {
		small()
		large()
		a, b := fastest(t, 9, small), fastest(t, 5, large)
		t.Logf("%v and %v", a, b)
		return math.Log(float64(b)/float64(a)) / math.Log(factor)
	}
	steps := slope(gradientOf(t, dev, shapesOn(t, 3, 2, 16, 64), 1), gradientOf(t, dev, shapesOn(t, 3, 2, 16, 1024), 1), 16)
	edges := slope(gradientOf(t, dev, shapesOn(t, 3, 2, 16, 16), 1), gradientOf(t, dev, shapesOn(t, 7, 2, 16, 16), 1), 254./14)
	t.Logf("exponent of steps %.3f, of edges %.3f", steps, edges)
	require.InDelta(t, 1, steps, 0.1)
	require.InDelta(t, 1, edges, 0.1)
}

// TestShapeMemory: 100 nodes, 36 landmarks, 100 steps and 4 chains need less than
// 2 GB for a gradient.
func TestShapeMemory(t *testing.T) {
	if !alone(t) {
		return
	}
	parents := make([]int, 100)
	for v := 1; v < len(parents); v++ {
		parents[v] = (v - 1) / 2
	}
	topology, _, err := tree.FromParents(parents)
	require.NoError(t, err)
	gradient := gradientOf(t, openCPU(t), shapes(t, topology, 36, 100), 4)
	began := time.Now()
	gradient()
	peak := peakMemory(t)
	t.Logf("peak memory %.2f GB; %v a gradient", peak, time.Since(began))
	require.Less(t, peak, 2.0)
}
