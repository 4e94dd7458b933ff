package bffg_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/cpu"
	"github.com/hxgpu/hxgpu/tree"
)

// balancedData is the seed model's kind of data on a larger tree.
func balancedData(t testing.TB, depth int) bffg.Data {
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

// BenchmarkGradient times the gradient of the seed model's log density per node
// and chain.
func BenchmarkGradient(b *testing.B) {
	for _, c := range []struct{ depth, chains, workers int }{{4, 1, 1}, {4, 2, 1}, {4, 4, 1}, {4, 64, 1}, {4, 1024, 1}, {10, 1, 1}, {17, 1, 1}, {17, 1, 2}, {20, 1, 2}} {
		b.Run(fmt.Sprintf("leaves=%d/chains=%d/workers=%d", 1<<c.depth, c.chains, c.workers), func(b *testing.B) {
			dev, err := cpu.Open(cpu.Options{Precision: device.Float64, Workers: c.workers})
			require.NoError(b, err)
			defer dev.Close()
			data := bffg.SeedData()
			if c.depth != 4 {
				data = balancedData(b, c.depth)
			}
			target, err := bffg.NewTarget(bffg.Seed(), data)
			require.NoError(b, err)
			e, err := target.Open(dev, c.chains)
			require.NoError(b, err)
			defer e.Close()
			q, grad := make([]float64, target.Dim()*c.chains), make([]float64, target.Dim()*c.chains)
			logp := make([]float64, c.chains)
			b.ResetTimer()
			for b.Loop() {
				if err := e.Gradient(context.Background(), q, logp, grad); err != nil {
					b.Fatal(err)
				}
			}
			work := float64(b.N) * float64(data.Topology.Size()*c.chains)
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/work, "ns/node")
			b.ReportMetric(float64(e.(*bffg.Evaluator).Cost.Dispatches), "dispatches")
		})
	}
}
