package bffg_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

func checkPhyloMean(t *testing.T, run runner, tolerance float64) {
	var golden struct {
		Cases []struct {
			Topology  goldenTopology
			Lengths   []float64   `json:"edge_length"`
			Leaf      [][]float64 `json:"leaf"`
			Estimated [][]float64 `json:"estimated_value"`
		}
	}
	readGolden(t, "phylo_mean.json", &golden)
	require.NotEmpty(t, golden.Cases)
	for _, c := range golden.Cases {
		topology, _, err := tree.FromParents(c.Topology.Parents)
		require.NoError(t, err)
		d, n := len(c.Leaf[0]), topology.Size()
		schema, err := tree.NewSchema(tree.Field{Name: "value", Shape: tensor.Shape{d}}, tree.Field{Name: "length", Kind: tree.Data})
		require.NoError(t, err)
		p := tree.NewProgram(schema)
		bffg.AddPhyloMean(p, "value", "length")
		values := make([]float64, d*n)
		for i, v := range topology.Leaves() {
			for k := range d {
				values[k*n+v] = c.Leaf[i][k]
			}
		}
		got, err := run(p, topology, map[string][]float64{"value": values, "length": c.Lengths}, []string{"value"})
		require.NoError(t, err)
		for i, want := range byComponent(c.Estimated) {
			require.InDelta(t, want, got["value"][i], tolerance*max(1, want, -want))
		}
	}
}

func TestPhyloMeanGoldenReference(t *testing.T) { checkPhyloMean(t, reference, 1e-9) }
