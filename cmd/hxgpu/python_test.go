package main

import (
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/internal/runstore"
)

// pythons are the interpreters that HXGPU_PYTHON names (several as in PATH), or
// python3, as far as they have ArviZ and Zarr. Without one the test skips, saying
// why; with python in HXGPU_REQUIRE it fails.
func pythons(t *testing.T) []string {
	names := filepath.SplitList(os.Getenv("HXGPU_PYTHON"))
	if len(names) == 0 {
		names = []string{"python3"}
	}
	required := strings.Contains(os.Getenv("HXGPU_REQUIRE"), "python")
	var found []string
	why := ""
	for _, name := range names {
		out, err := exec.Command(name, "-W", "ignore", "-c", "import arviz, zarr, xarray").CombinedOutput()
		if err == nil {
			found = append(found, name)
			continue
		}
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		why = name + ": " + err.Error() + ": " + lines[len(lines)-1]
		require.False(t, required, "%s", why)
	}
	if len(found) == 0 {
		t.Skipf("no Python with arviz and zarr (HXGPU_PYTHON names one): %s", why)
	}
	return found
}

// TestPython: ArviZ and cmdstanpy read what a run leaves, and find the same figures.
func TestPython(t *testing.T) {
	interpreters := pythons(t)
	script, err := filepath.Abs("testdata/read_run.py")
	require.NoError(t, err)
	t.Chdir(t.TempDir())
	require.Zero(t, first3(command(t, "simulate", "--tips", "9", "--height", "3", "--trait", "mass,wing length__,ü", "--set", "R=[[1,.3,.1],[.3,.5,.1],[.1,.1,.4]]",
		"--set", "tau_sq=.05", "--root", "pinned=2,3,4", "--out", "made")))
	code, _, stderr := command(t, "sample", "--tree", "made/tree.nwk", "--traits", "made/traits.csv", "--trait", "mass,wing length__,ü", "--warmup", "150", "--draws", "100",
		"--chains", "11", "--out", "run", "--save-warmup", "--quiet")
	require.Zero(t, code, stderr)
	code, _, stderr = command(t, "export", "run", "--format", "zarr,tracer")
	require.Zero(t, code, stderr)
	d, err := openDrawn(mustFolder(t, "run"), runstore.Run{Settings: runstore.Settings{Chains: 11}})
	require.NoError(t, err)
	defer d.close()
	require.NoError(t, d.describe(runstore.Settings{Algorithm: "nuts"}))
	plain := runstore.ColumnNames(d.ParameterNames())
	for _, python := range interpreters {
		cmd := exec.Command(python, script, "run")
		var errors strings.Builder
		cmd.Stderr = &errors
		out, err := cmd.Output()
		require.NoError(t, err, errors.String())
		var result struct {
			Versions map[string]string
			Readers  map[string]map[string]map[string]float64
			Groups   []string
			Stats    map[string][2]any
			ZarrBy   string `json:"zarr_by"`
			Observed struct {
				Dims []string
				Taxa []string
			}
			Warmup int
			Metric string
		}
		require.NoError(t, json.Unmarshal(out, &result), "%s", out)
		t.Logf("%v, Zarr by %s", result.Versions, result.ZarrBy)
		require.Equal(t, []string{"observed_data", "posterior", "sample_stats", "warmup_posterior", "warmup_sample_stats"}, result.Groups)
		require.Equal(t, []string{"taxon", "trait"}, result.Observed.Dims)
		require.Len(t, result.Observed.Taxa, 9)
		require.Equal(t, "bool", result.Stats["diverging"][0])
		require.Equal(t, "int64", result.Stats["tree_depth"][0])
		require.Len(t, result.Stats, 7)
		if result.Versions["cmdstanpy"] != "" {
			require.Equal(t, 150, result.Warmup)
			require.Equal(t, "diag_e", result.Metric)
		} else {
			require.NotContains(t, os.Getenv("HXGPU_REQUIRE"), "python", "cmdstanpy is missing")
		}
		for reader, figures := range result.Readers {
			for i, p := range d.found.Parameters {
				name := plain[i]
				if reader == "zarr" {
					name = p.Name
				}
				got, ok := figures[name]
				require.True(t, ok, "%s has no %s", reader, name)
				for key, want := range map[string]float64{"mean": p.Mean, "sd": p.SD, "ess_bulk": p.ESSBulk, "ess_tail": p.ESSTail, "rhat": p.Statistics.Rhat} {
					require.InDelta(t, want, got[key], 1e-6*max(1, math.Abs(want)), "%s: %s of %s", reader, key, name)
				}
			}
		}
	}
}

// first3 is the exit code of a command.
func first3(code int, _, _ string) int { return code }

func mustFolder(t *testing.T, path string) *runstore.Folder {
	f, err := runstore.ExistingFolder(path)
	require.NoError(t, err)
	return f
}
