package bffg_test

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/device"
)

// TestCommonAncestor: with a flat root the likelihood is that of the tips with values
// alone, whatever lies above their last common ancestor.
func TestCommonAncestor(t *testing.T) {
	dev := openCPU(t, device.Float64)
	below := 0
	for seed := range uint64(20) {
		data := raggedData(t, seed, 30, 2)
		known := make([][]float64, 2)
		for k := range known {
			for i := range data.Values[k] {
				known[k] = append(known[k], 0.1+0.01*float64(i))
				if i%3 != int(seed%3) {
					data.Values[k][i] = math.NaN()
				}
			}
		}
		data.Variances = known
		for v := range data.Topology.Size() {
			data.Names = append(data.Names, string(rune('A'+v)))
		}
		ancestor := data.CommonAncestor()
		if data.Topology.IsLeaf(ancestor) {
			continue
		}
		part, err := data.Below(ancestor)
		require.NoError(t, err)
		require.Equal(t, data.Names[ancestor], part.Names[0])
		require.Zero(t, part.CommonAncestor())
		if ancestor > 0 {
			below++
			require.Less(t, part.Topology.Size(), data.Topology.Size())
		}
		values := map[string][]float64{"R": {0.7, 0.2, 0.2, 0.5}, bffg.TipNoise: {0.1, 0.2}}
		m := bffg.BrownianMotion([]string{"a", "b"}, data)
		whole, err := m.LogLikelihood(context.Background(), dev, data, values, false)
		if err != nil { // a trait without any value
			continue
		}
		of, err := m.LogLikelihood(context.Background(), dev, part, values, false)
		require.NoError(t, err)
		require.InDelta(t, whole.Value, of.Value, 1e-9*(1+math.Abs(whole.Value)))
	}
	require.Greater(t, below, 2)
}
