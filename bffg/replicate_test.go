package bffg_test

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/nuts"
	"github.com/hxgpu/hxgpu/tensor"
)

// TestReplicates: new data are those that Simulate makes of the same noise, from the
// root's state that the guided sweep draws by it, with the noise of the observations on
// top, missing where the data are, and the same however many are made together.
func TestReplicates(t *testing.T) {
	ctx, dev := context.Background(), openCPU(t, device.Float64)
	data := raggedData(t, 3, 30, 2)
	known := data
	for k := range 2 {
		known.Variances = append(known.Variances, make([]float64, len(data.Values[k])))
		for i := range known.Variances[k] {
			known.Variances[k][i] = 0.05 * float64(1+i%4)
		}
	}
	stream := func(draw int) nuts.Stream { return nuts.NewStream(5, 1, uint32(draw), nuts.PurposeReplication) }
	names := []string{"a", "b"}
	for _, root := range []bffg.Root{bffg.RootFlat, bffg.RootPinned, bffg.RootNormal} {
		for _, data := range []bffg.Data{data, known} {
			model := bffg.OrnsteinUhlenbeck(names, data)
			if root == bffg.RootFlat {
				model = bffg.BrownianMotion(names, data)
			}
			model.Root, model.RootValue = root, []float64{1, 2}
			target, err := bffg.NewTarget(model, data)
			require.NoError(t, err)
			positions := make([][]float64, 5)
			for s := range positions {
				for i := range target.ParameterDim() {
					positions[s] = append(positions[s], 0.4*math.Sin(float64(3*i+s)))
				}
			}
			states, err := target.OpenStates(dev, 1)
			require.NoError(t, err)
			defer states.Close()
			nodes := data.Topology.Size()
			var first [][]float64
			for _, batch := range []int{1, 3, 5} {
				replicates, err := target.OpenReplicates(dev, batch)
				require.NoError(t, err)
				visited := 0
				require.NoError(t, replicates.Draw(ctx, positions, stream, func(s int, y [][]float64) error {
					require.Equal(t, visited, s)
					visited++
					if batch > 1 {
						for k := range y {
							require.Equal(t, bits(first[2*s+k]), bits(y[k]))
						}
						return nil
					}
					random := stream(s)
					z := make([]float64, 4*nodes)
					random.Normals(z)
					reached := make([]float64, 2*nodes)
					require.NoError(t, states.Draw(ctx, append(append([]float64(nil), positions[s]...), z[:2*nodes]...), reached))
					values := naturalValues(t, target, positions[s])
					x, err := model.Simulate(ctx, dev, data, values, []float64{reached[0], reached[nodes]}, z[:2*nodes])
					require.NoError(t, err)
					for k := range y {
						first = append(first, append([]float64(nil), y[k]...))
						for i, v := range data.Topology.Leaves() {
							if math.IsNaN(data.Values[k][i]) {
								require.True(t, math.IsNaN(y[k][i]))
								continue
							}
							variance := values[bffg.TipNoise][k]
							if data.Variances != nil {
								variance += data.Variances[k][i]
							}
							require.InDelta(t, x[k*nodes+v]+math.Sqrt(variance)*z[(2+k)*nodes+v], y[k][i], 1e-10)
						}
					}
					return nil
				}))
				require.Equal(t, 5, visited)
				require.NoError(t, replicates.Close())
			}
		}
	}

	// Where the root's state is not known by the parameters it must follow from the data.
	model := bffg.Seed()
	model.Discrete.Mean = func(x tensor.Value, e bffg.Edge) tensor.Value { return x.Add(x.Sin().Scale(0.1)) }
	target, err := bffg.NewTarget(model, bffg.SeedData())
	require.NoError(t, err)
	require.NoError(t, target.CheckReplicates(), "the root is pinned")
	model.Root, model.RootMean, model.RootSD = bffg.RootNormal, []float64{0}, []float64{1}
	target, err = bffg.NewTarget(model, bffg.SeedData())
	require.NoError(t, err)
	require.ErrorContains(t, target.CheckReplicates(), "pin the root or estimate it")
}

// bits are numbers as they stand in memory, NaN included.
func bits(x []float64) []uint64 {
	b := make([]uint64, len(x))
	for i, v := range x {
		b[i] = math.Float64bits(v)
	}
	return b
}
