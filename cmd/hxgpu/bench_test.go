package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/bench"
)

func TestBench(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bench.svg")
	code, stdout, stderr := command(t, "bench", "--device", "cpu", "--leaves", "16,128", "--chains", "2,3", "--seconds", "0.001", "--json", "--plot", file)
	require.Zero(t, code, stderr)
	var report benchReport
	require.NoError(t, json.Unmarshal([]byte(stdout), &report))
	require.Empty(t, report.Failed)
	require.Len(t, report.Results, 4)
	for _, r := range report.Results {
		require.Equal(t, "cpu", r.Device)
		require.Positive(t, r.Gradients)
		require.Equal(t, r.Leaves == 16, r.Draws > 0, "draws are measured on small trees")
		require.Positive(t, r.Dispatches)
		require.Positive(t, r.Bytes)
		require.Positive(t, r.Flops)
	}
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Contains(t, string(text), "cpu f64, 128 leaves")
	code, stdout, stderr = command(t, "bench", "--device", "cpu", "--precision", "f32", "--leaves", "256", "--chains", "1", "--traits", "2", "--seconds", "0.001")
	require.Zero(t, code, stderr)
	require.Regexp(t, `cpu f32 +256 +2 +1 .* - +slab`, stdout)
}

// TestBenchSuites: a table, JSON and pictures of the suite that runs hxgpu itself.
func TestBenchSuites(t *testing.T) {
	t.Setenv("HXGPU_TEST_MAIN", "1") // in the processes that the suite starts
	folder := filepath.Join(t.TempDir(), "new", "bench")
	code, stdout, stderr := command(t, "bench", "startup", "--quick", "--device", "cpu", "--out", folder)
	require.Zero(t, code, stderr)
	require.Regexp(t, `(?m)^ *nothing but start +0\.\d+ +0\.\d+ +3 +hxgpu version$`, stdout)
	require.Contains(t, stdout, "first draws of shapes")
	require.FileExists(t, filepath.Join(folder, "startup.svg"))
	report, err := bench.ReadReport(filepath.Join(folder, "bench.json"))
	require.NoError(t, err)
	require.Equal(t, version, report.Hxgpu)
	require.Empty(t, report.Failed)
	require.GreaterOrEqual(t, len(report.Startups), 6)
	for _, x := range report.Startups {
		require.GreaterOrEqual(t, x.Seconds, x.Fastest)
		require.Positive(t, x.Fastest)
	}
}
