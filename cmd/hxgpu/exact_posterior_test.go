package main

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/hxgpu/hxgpu/internal/runstore"
	"github.com/hxgpu/hxgpu/nuts"
)

// TestExactPosteriors: sigma_sq of two real data sets, whose posteriors are inverse
// gamma, by the default sampler: mean, standard deviation, median and the bounds of the
// interval within 4 Monte Carlo errors. The 10 comparisons would fail by chance once in
// a thousand runs; the seed is fixed, so that a pass stays a pass.
func TestExactPosteriors(t *testing.T) {
	root := sharedData(t)
	t.Chdir(t.TempDir())
	for _, c := range []struct {
		folder, args string
		shape, scale float64
	}{
		// Of 233 primates; log_uniform(1e-5,0.1) leaves no more than 1e-16 outside.
		{"revbayes_cont_traits", "--tree %primates_tree.nex --traits %primates_cont_traits.nex --trait 1 --prior sigma_sq=log_uniform(1e-5,0.1)", 116, 0.0062220555 * 115},
		{"anole", "@ --trait SVL --prior sigma_sq=inverse_gamma(2,0.01)", 42.5, 0.7571578535},
	} {
		args := append(sharedArguments(root, c.folder, "sample "+c.args), "--root", "flat", "--no-tip-noise", "--quiet", "--out", c.folder)
		code, _, stderr := command(t, args...)
		require.Zero(t, code, stderr)
		d, err := openDrawn(mustFolder(t, c.folder), runstore.Run{Settings: runstore.Settings{Chains: 4}})
		require.NoError(t, err)
		defer d.close()
		require.Equal(t, "sigma_sq", d.Parameters[0].Name)
		columns, err := d.Columns(d.FirstParameter())
		require.NoError(t, err)
		draws := columns[0]
		s := nuts.Describe(draws)
		mean := c.scale / (c.shape - 1)
		sd := mean / math.Sqrt(c.shape-2)
		require.InDelta(t, mean, s.Mean, 4*s.MCSEMean)
		require.InDelta(t, sd, s.SD, 4*s.MCSESD)
		// 1/sigma_sq has a gamma distribution.
		inverse := distuv.Gamma{Alpha: c.shape, Beta: c.scale}
		for p, got := range map[float64]float64{0.025: s.Q2_5, 0.5: s.Median, 0.975: s.Q97_5} {
			want := 1 / inverse.Quantile(1-p)
			density := inverse.Prob(1/want) / (want * want)
			mcse := math.Sqrt(p*(1-p)/nuts.ESSQuantile(draws, p)) / density
			require.InDelta(t, want, got, 4*mcse, "quantile %v", p)
			t.Logf("%s: quantile %v is %.7g, %.2f errors from %.7g", c.folder, p, got, (got-want)/mcse, want)
		}
		t.Logf("%s: mean %.2f and standard deviation %.2f errors off", c.folder, (s.Mean-mean)/s.MCSEMean, (s.SD-sd)/s.MCSESD)
	}
}
