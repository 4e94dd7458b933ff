//go:build slow

package bench

import (
	"context"
	"math"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/device/cpu/native"
)

// TestEngines measures the engines of the processor side by side, float64: the built-in
// example's value and gradient per node and chain, large trees beside a copy of as many
// bytes, the shapes of notebook 07, and compilation. Machine code is to be twice as
// fast as the portable engine at the least; the figures themselves are logged.
func TestEngines(t *testing.T) {
	if os.Getenv("HXGPU_CPU") != "" {
		t.Skip("HXGPU_CPU chooses one engine for all")
	}
	gradients := map[string]time.Duration{}
	for _, e := range engines() {
		t.Run(e.name, func(t *testing.T) {
			for _, chains := range []int{1, 4, 8, 64, 1024} {
				began := time.Now()
				target, err := bffg.NewTarget(bffg.Seed(), bffg.SeedData())
				require.NoError(t, err)
				dev := e.open(t, 1)
				values, err := target.OpenValue(dev, chains)
				require.NoError(t, err)
				evaluator, err := target.Open(dev, chains)
				require.NoError(t, err)
				compiled := time.Since(began)
				n := target.Dim() * chains
				q, slope, density := make([]float64, n), make([]float64, n), make([]float64, chains)
				value := fastest(t, 500, func() { require.NoError(t, values.Value(context.Background(), q, density)) })
				gradient := fastest(t, 500, func() { require.NoError(t, evaluator.Gradient(context.Background(), q, density, slope)) })
				perNode := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / float64(31*chains) }
				t.Logf("example, %4d chains, 1 core: value %.2f, gradient %.2f ns per node and chain; both compiled in %v", chains, perNode(value), perNode(gradient), compiled)
				if chains == 64 {
					gradients[e.name] = gradient
				}
				require.NoError(t, values.Close())
				require.NoError(t, evaluator.Close())
			}
			for _, depth := range []int{17, 20} {
				data := balanced(t, depth)
				target, err := bffg.NewTarget(bffg.Seed(), data)
				require.NoError(t, err)
				opened, err := target.Open(e.open(t, 0), 1)
				require.NoError(t, err)
				q, slope, density := make([]float64, target.Dim()), make([]float64, target.Dim()), make([]float64, 1)
				gradient := fastest(t, 12, func() { require.NoError(t, opened.Gradient(context.Background(), q, density, slope)) })
				bytes := opened.(*bffg.Evaluator).Cost.Bytes
				t.Logf("2^%d leaves, 2 cores: gradient %.1f ns per node; %.1f times a copy of its %d MB", depth,
					float64(gradient.Nanoseconds())/float64(data.Topology.Size()), float64(gradient)/float64(copying(bytes)), bytes>>20)
				require.NoError(t, opened.Close())
			}
			m, data, err := bffg.KunitaExample(bffg.LandmarkOptions{})
			require.NoError(t, err)
			target, err := bffg.NewTarget(m, data)
			require.NoError(t, err)
			dev := e.open(t, 1)
			values, err := target.OpenValue(dev, 1)
			require.NoError(t, err)
			q, density := make([]float64, target.Dim()), make([]float64, 1)
			q[0], q[1] = math.Log(0.1), math.Log(0.25)
			forward := fastest(t, 30, func() { require.NoError(t, values.Value(context.Background(), q, density)) })
			require.NoError(t, values.Close())
			began := time.Now()
			run := gradientOf(t, dev, target, 1)
			compiled := time.Since(began)
			t.Logf("shapes of notebook 07, 1 core: forward map %v, gradient %v, compiled in %v", forward, fastest(t, 30, run), compiled)
		})
	}
	if native.Supported() == "" {
		require.Less(t, 2*gradients["AVX2"], gradients["portable"])
	}
}

// copying is how long it takes 2 cores to read half of some bytes and write the other.
func copying(bytes int) time.Duration {
	half := bytes / 2 / 8
	from, to := make([]float64, half), make([]float64, half)
	best := time.Duration(math.MaxInt64)
	for range 5 {
		began := time.Now()
		done := make(chan struct{})
		go func() {
			copy(to[:half/2], from[:half/2])
			close(done)
		}()
		copy(to[half/2:], from[half/2:])
		<-done
		best = min(best, time.Since(began))
	}
	return best
}
