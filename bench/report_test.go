package bench

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// made is a report with known figures.
func made() *Report {
	l := Limits{Device: "cpu", Detail: "AVX2 engine, float64, 2 workers", Precision: "f64", Memory: 1e10, Cache: 1e11, Flops: 1e10, Dispatch: 1e-6}
	r := &Report{Suites: []string{"seed", "scaling", "chains", "shapes", "devices", "startup"}, Machine: Machine{Processor: "Abacus", Processors: 2}, Limits: []Limits{l}}
	add := func(x Result) {
		x.Device, x.Detail, x.Precision, x.Nodes = l.Device, l.Detail, l.Precision, 2*x.Leaves-1
		x.PerNode = x.seconds() * 1e9 / float64(x.Nodes*x.Chains)
		x.Limit = float64(x.Chains) / l.Time(x.Bytes, x.Flops)
		r.Results = append(r.Results, x)
	}
	for _, leaves := range powers(4, 20, 4) {
		seconds := 1e-8 * math.Pow(float64(leaves), 1.1)
		add(Result{Suite: "scaling", Tree: Balanced, Leaves: leaves, Traits: 1, Chains: 1, Bytes: 50 * leaves, Flops: 20 * leaves, Gradients: 1 / seconds})
	}
	for _, chains := range powers(0, 12, 3) {
		seconds := 1e-8 * math.Pow(float64(chains), 1.4)
		add(Result{Suite: "chains", Tree: Balanced, Leaves: 16, Traits: 1, Chains: chains, Bytes: 50 * chains, Flops: 20 * chains, Gradients: float64(chains) / seconds})
		add(Result{Suite: "devices", Tree: Balanced, Leaves: 16, Traits: 1, Chains: chains, Bytes: 50 * chains, Flops: 20 * chains, Dispatches: 3, Gradients: float64(chains) / seconds})
	}
	for _, landmarks := range []int{4, 16, 64} {
		add(Result{Suite: "shapes", Leaves: 9, Landmarks: landmarks, Steps: 100, Chains: 1, Bytes: 10, Flops: landmarks * landmarks, Gradients: 1e6 / float64(landmarks*landmarks)})
	}
	r.Sampling = []Sampling{{Device: l.Device, Detail: l.Detail, Precision: "f64", Algorithm: "hmc", Chains: 4, Seconds: 0.5, Effective: 1234, Limit: 5000}}
	r.Startups = []Startup{{What: floor, Command: "hxgpu version", Runs: 3, Seconds: 0.01, Fastest: 0.009}, {What: "more", Command: "hxgpu sample", Runs: 3, Seconds: 0.2, Fastest: 0.19}}
	r.Growth = growth(r)
	return r
}

// TestGrowth: exponents are found again, and held against the bar.
func TestGrowth(t *testing.T) {
	r := made()
	by := map[string]Growth{}
	for _, g := range r.Growth {
		by[g.By] = g
	}
	require.InDelta(t, 1.1, by["leaves"].Exponent, 1e-9)
	require.Equal(t, []int{1 << 12, 1 << 20}, []int{by["leaves"].From, by["leaves"].To}, "from 2^10 on")
	require.InEpsilon(t, math.Pow(1<<8, 0.1), by["leaves"].Ratio, 1e-9)
	require.True(t, by["leaves"].Bar && by["leaves"].Linear())
	require.InDelta(t, 1.4, by["chains"].Exponent, 1e-9)
	require.Equal(t, 64, by["chains"].From)
	require.True(t, by["chains"].Bar && !by["chains"].Linear())
	require.InDelta(t, 2, by["landmarks"].Exponent, 1e-9)
	require.False(t, by["landmarks"].Bar)
	require.NotContains(t, by, "steps", "with one number of steps nothing grows")
	require.False(t, Growth{Exponent: 0.74}.Linear())
	require.True(t, Growth{Exponent: 0.76}.Linear())
}

// TestSetLimits: engines of one processor share the best of what was measured of its
// memory, a GPU has its own, and every result gets the limit of its device.
func TestSetLimits(t *testing.T) {
	r := &Report{
		Limits: []Limits{{Detail: "a", Memory: 10, Cache: 50, Flops: 1000}, {Detail: "b", Memory: 20, Cache: 40, Flops: 5}, {Detail: "gpu", Memory: 7, Flops: 1000}},
		Results: []Result{{Detail: "a", Chains: 4, Bytes: 40, Flops: 10}, {Detail: "b", Chains: 4, Bytes: 40, Flops: 20}, {Detail: "gpu", Chains: 4, Bytes: 14, Flops: 10},
			{Detail: "none", Chains: 4, Bytes: 14, Flops: 10}},
		Sampling: []Sampling{{Detail: "a", Chains: 4, Bytes: 40, PerGradient: 0.5}},
	}
	r.setLimits()
	require.Equal(t, Limits{Detail: "a", Memory: 20, Cache: 50, Flops: 1000}, r.Limits[0])
	require.Equal(t, Limits{Detail: "b", Memory: 20, Cache: 50, Flops: 5}, r.Limits[1])
	require.Equal(t, Limits{Detail: "gpu", Memory: 7, Flops: 1000}, r.Limits[2])
	for i, want := range []float64{2, 1, 2, 0} {
		require.Equal(t, want, r.Results[i].Limit)
	}
	require.Equal(t, 1.0, r.Sampling[0].Limit)
}

func TestTables(t *testing.T) {
	r := made()
	var text strings.Builder
	for _, table := range r.Tables() {
		require.NoError(t, table.Text(&text))
		for _, row := range table.Rows {
			require.Len(t, row, len(table.Header), table.Title)
		}
	}
	for _, want := range []string{
		`cpu AVX2 f64 +10 +100 +10 +1\b`,                      // limits: GB/s, GB/s, Gflop/s, us
		`cpu AVX2 f64 +hmc +4 .* 1,234 .* 24\.7 %`,            // seed
		`balanced +2\^20 +1 .* 52\.4 +21\.0 +\d`,              // scaling
		`cpu AVX2 f64, 16 leaves +chains .* 1\.400 .* NO`,     // growth
		`nothing but start +0\.0100 +0\.00900 +3 +hxgpu vers`, // startup
	} {
		require.Regexp(t, want, text.String())
	}
	require.Contains(t, r.Headlines(), "| gradient, 2^20 leaves, 1 chain |")
	require.Contains(t, r.Document(), "![scaling](benchmarks/scaling.svg)")
	require.Contains(t, r.provenance(), "hxgpu bench all")
}

func TestFigure(t *testing.T) {
	for x, want := range map[float64]string{0: "0", 1: "1", 0.00123456: "0.00123", 12.345: "12.3", 999.96: "1,000", 1234.5: "1,230", 1234567: "1,230,000", -1234567: "-1,230,000",
		4096: "4,096", 0.5: "0.500", 99999: "99,999", 100001: "100,000", math.Inf(1): "+Inf"} {
		require.Equal(t, want, figure(x))
	}
	require.Equal(t, "2^20", size(1<<20))
	require.Equal(t, "1,024", size(1024))
	require.Equal(t, "-", percent(1, 0))
	require.Equal(t, "50 %", percent(1, 2))
}

func TestPlots(t *testing.T) {
	folder := t.TempDir()
	files, err := made().Plots(folder)
	require.NoError(t, err)
	require.Equal(t, []string{"seed.svg", "scaling.svg", "chains.svg", "shapes.svg", "devices.svg", "startup.svg", "roofline.svg"}, files)
	for file, want := range map[string]string{"scaling.svg": "as measured", "chains.svg": "16 leaves", "startup.svg": "nothing but start", "roofline.svg": "memory and arithmetic", "seed.svg": "hmc"} {
		text, err := os.ReadFile(filepath.Join(folder, file))
		require.NoError(t, err)
		require.Contains(t, string(text), want, file)
		require.NotContains(t, string(text), "NaN", file)
	}
	files, err = (&Report{}).Plots(t.TempDir())
	require.NoError(t, err)
	require.Empty(t, files)
}

func TestReportFile(t *testing.T) {
	r := made()
	text, err := r.JSON()
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "bench.json")
	require.NoError(t, os.WriteFile(file, text, 0o644))
	again, err := ReadReport(file)
	require.NoError(t, err)
	require.Equal(t, r, again)
	for bad, want := range map[string]string{"{}": "names no suites", "[": "not a report"} {
		require.NoError(t, os.WriteFile(file, []byte(bad), 0o644))
		_, err := ReadReport(file)
		require.ErrorContains(t, err, want)
	}
	_, err = ReadReport(filepath.Join(t.TempDir(), "none.json"))
	require.ErrorIs(t, err, os.ErrNotExist)
}
