package bffg_test

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
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

// maximum likelihoods of phylolm for data of one trait and exact tips, checked in R by a
// dense factorisation: parameters to 7 or 8 digits, so that the log likelihood, flat at
// its maximum, agrees to 1e-6 and better.
var maxima = []struct {
	data, trait string
	model       func(traits []string, data bffg.Data) *bffg.Model
	values      map[string][]float64
	root        float64
	want        float64
}{
	{"geospiza", "wingL", bffg.BrownianMotion, map[string][]float64{"R": {0.070545679}}, 4.2059526, 8.243268624},
	{"geospiza", "wingL", bffg.PagelLambda, map[string][]float64{"R": {0.029501682}, "lambda": {0.6262254}}, 4.2117374, 9.729565009},
	{"anole", "SVL", bffg.EarlyBurst, map[string][]float64{"R": {0.047021934}, "b": {-0.220668}}, 4.0548053, 6.617709565},
	{"caniformia", "ln_body_size", bffg.PagelLambda, map[string][]float64{"R": {0.099101797}, "lambda": {0.988788}}, 2.8613591, -165.2822297},
	{"birds_avonet", "log_Wing.Length", bffg.PagelLambda, map[string][]float64{"R": {0.0021939694}, "lambda": {0.9765106}}, 5.1930313, 3080.40179},
}

// withoutStem are the lengths of a tree that begins at the last common ancestor of the
// tips that have data, as phylolm cuts it (geospiza's outgroup has none): edges above it
// have length 0.
func withoutStem(data bffg.Data) []float64 {
	t, below := data.Topology, make([]int, data.Topology.Size()) // tips with data
	for i, v := range t.Leaves() {
		if !math.IsNaN(data.Values[0][i]) {
			below[v] = 1
		}
	}
	for v := t.Size() - 1; v > 0; v-- {
		below[t.Parent(v)] += below[v]
	}
	lengths := slices.Clone(data.Lengths)
	for v := 1; v < t.Size(); v++ {
		if below[v] == below[0] {
			lengths[v] = 0
		}
	}
	return lengths
}

// TestMaximumLikelihoods: the log likelihood at phylolm's estimates is the one that it
// gives, and the estimates are where the gradient vanishes.
func TestMaximumLikelihoods(t *testing.T) {
	for _, c := range maxima {
		data := realData(t, c.data, c.trait)
		data.Lengths = withoutStem(data)
		m := c.model([]string{c.trait}, data)
		t.Run(c.data+"/"+m.Name, func(t *testing.T) {
			m.TipNoise, m.Root, m.RootValue = false, bffg.RootPinned, []float64{c.root}
			c.values[bffg.RootValue] = m.RootValue
			l, err := m.LogLikelihood(context.Background(), openCPU(t, device.Float64), data, c.values, true)
			require.NoError(t, err)
			t.Logf("%.10f, want %.10f", l.Value, c.want)
			require.InDelta(t, c.want, l.Value, 1e-6+5e-10*math.Abs(c.want))
			// A step of one percent of a rate moves the log likelihood by n/2 times that; at
			// the maximum by less than a thousandth of it.
			n := float64(data.Topology.LeafCount())
			require.InDelta(t, 0, l.Gradient["R"][0]*c.values["R"][0]/n, 1e-4)
		})
	}
}

// TestReferenceAttraction: two traits that pull each other, against a dense
// factorisation in R.
func TestReferenceAttraction(t *testing.T) {
	traits := []string{"SVL", "TL"}
	data := realData(t, "anole", traits...)
	m := bffg.MultivariateOU(traits, data)
	m.Root, m.RootValue = bffg.RootPinned, []float64{4, 4.5}
	l, err := m.LogLikelihood(context.Background(), openCPU(t, device.Float64), data, map[string][]float64{"A": {.3, .1, -.05, .2}, "R": {.02, .015, .015, .03},
		"theta": {4.2, 4.8}, bffg.TipNoise: {.001, .002}, bffg.RootValue: m.RootValue}, false)
	require.NoError(t, err)
	require.InDelta(t, -62.4830190126, l.Value, 1e-8)
}
