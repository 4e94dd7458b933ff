package bffg_test

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/tree"
)

// realData reads a tree and columns of its trait table from the folder of real
// data, or skips.
func realData(t *testing.T, name string, traits ...string) bffg.Data {
	t.Helper()
	folder := filepath.Join("..", "..", "shared", "data", name)
	if _, err := os.Stat(folder); err != nil {
		t.Skipf("the folder of real data, ../shared/data/%s beside the checkout, is missing", name)
	}
	phylogeny, err := tree.ReadNewickFile(filepath.Join(folder, "tree.nwk"))
	require.NoError(t, err)
	table, err := tree.ReadTableFile(filepath.Join(folder, "traits.csv"))
	require.NoError(t, err)
	matching, err := tree.Match(phylogeny, table)
	require.NoError(t, err)
	data := bffg.Data{Topology: phylogeny.Topology, Lengths: phylogeny.Lengths, Names: phylogeny.Names}
	for _, trait := range traits {
		values, err := table.Numbers(trait)
		require.NoError(t, err)
		data.Values = append(data.Values, matching.PerTip(values))
	}
	return data
}

// TestReferenceLikelihoods compares with log likelihoods computed by a dense
// Cholesky factorisation in R.
func TestReferenceLikelihoods(t *testing.T) {
	cases := []struct {
		name   string
		traits []string
		model  string
		root   []float64
		values map[string][]float64
		want   float64
	}{
		{"anole", []string{"SVL"}, "bm", []float64{4}, map[string][]float64{"R": {0.014}, "tau_sq": {0.001}}, 3.42633707182},
		{"ornithodirans_fossil", []string{"log_mass"}, "bm", []float64{5}, map[string][]float64{"R": {0.1}, "tau_sq": {0.05}}, -845.426141489},
		{"ornithodirans_fossil", []string{"log_mass"}, "ou", []float64{5},
			map[string][]float64{"R": {0.1}, "tau_sq": {0.05}, "alpha": {0.01}, "theta": {8}}, -911.973598956},
		{"birds_avonet", []string{"log_Wing.Length", "log_Tarsus.Length", "log_Beak.Depth"}, "bm", []float64{5, 3.2, 2},
			map[string][]float64{"R": {.01, .006, .006, .006, .008, .005, .006, .005, .012}, "tau_sq": {.0025, .0025, .0025}}, 5922.16945177},
	}
	for _, c := range cases {
		t.Run(c.name+"/"+c.model, func(t *testing.T) {
			data := realData(t, c.name, c.traits...)
			model := bffg.BrownianMotion(c.traits, data)
			if c.model == "ou" {
				model = bffg.OrnsteinUhlenbeck(c.traits, data)
			}
			model.Root, model.RootValue = bffg.RootPinned, c.root
			c.values[bffg.RootValue] = c.root
			began := time.Now()
			l, err := model.LogLikelihood(context.Background(), openCPU(t, device.Float64), data, c.values, true)
			require.NoError(t, err)
			t.Logf("%v for value and gradient", time.Since(began))
			require.InEpsilon(t, c.want, l.Value, 1e-8)
			for name, g := range l.Gradient {
				for _, x := range g {
					require.False(t, math.IsNaN(x) || math.IsInf(x, 0), name)
				}
			}
		})
	}
}
