package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/internal/runstore"
	"github.com/hxgpu/hxgpu/nuts"
)

// diagnosed reads what diagnose says as JSON.
func diagnosed(t *testing.T, folder string) (code int, r report) {
	t.Helper()
	code, stdout, stderr := command(t, "diagnose", folder, "--json")
	require.Empty(t, stderr)
	var parameters struct{ Parameters map[string]map[string]float64 }
	require.NoError(t, json.Unmarshal([]byte(stdout), &parameters), stdout)
	var raw map[string]json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(stdout), &raw))
	delete(raw, "parameters")
	rest, err := json.Marshal(raw)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(rest, &r))
	for name, p := range parameters.Parameters {
		r.Parameters = append(r.Parameters, runstore.Parameter{Name: name, Statistics: nuts.Statistics{Mean: p["mean"], Rhat: p["rhat"]}})
	}
	return code, r
}

// TestDiagnose: of a run that is in order, one that is too short, and folders that
// are cut off in all ways.
func TestDiagnose(t *testing.T) {
	stored(t, "--draws", "4000", "--warmup", "300")
	code, stdout, stderr := command(t, "diagnose", "run")
	require.Zero(t, code, stdout+stderr)
	for _, want := range []string{"run is finished: 4000 draws in each of 2 chains\n", "ESS tail", "E-BFMI", "nothing to complain about"} {
		require.Contains(t, stdout, want)
	}
	code, r := diagnosed(t, "run")
	require.Zero(t, code)
	require.Equal(t, runstore.Finished, r.State)
	require.Equal(t, []int{4000, 4000}, r.Each)
	require.Len(t, r.Parameters, 4) // sigma_sq, tau_sq, heritability, root
	require.Len(t, r.Chains, 2)
	require.Empty(t, r.Findings)
	summary, err := os.ReadFile("run/summary.json")
	require.NoError(t, err)
	for _, p := range r.Parameters {
		require.Equal(t, parseSummary(t, string(summary)).Parameters[p.Name].Mean, p.Statistics.Mean)
	}

	// A run that was killed: run.json says that it is running, and no process is.
	text, err := os.ReadFile("run/run.json")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile("run/run.json", []byte(strings.Replace(string(text), `"finished"`, `"running"`, 1)), 0o644))
	draws, err := os.ReadFile("run/draws.bin")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile("run/draws.bin", draws[:len(draws)-8*9], 0o644)) // within the last rows of chain 2
	_, stdout, _ = command(t, "diagnose", "run")
	require.Contains(t, stdout, "run was killed; hxgpu sample --resume run goes on: 2 chains with 3999 to 4000 draws, of which the first 3999 of each are taken of the 4000 asked for")
	require.NoError(t, os.WriteFile("run/draws.bin", draws[:len(draws)*60/100], 0o644))
	code, r = diagnosed(t, "run")
	require.Zero(t, code%exitWarnings)
	require.Equal(t, r.Draws, min(r.Each[0], r.Each[1]))
	require.True(t, r.Draws > 0 && r.Draws < 3999)

	lock, err := mustFolder(t, "run").Lock()
	require.NoError(t, err)
	_, r = diagnosed(t, "run")
	require.True(t, r.InUse)
	_, stdout, _ = command(t, "diagnose", "run")
	require.Contains(t, stdout, "run is under way")
	require.NoError(t, lock.Unlock())

	require.NoError(t, os.WriteFile("run/draws.bin", draws[:4000], 0o644)) // rows of one chain alone
	code, r = diagnosed(t, "run")
	require.Equal(t, exitWarnings, code)
	require.Equal(t, "no_draws", r.Findings[0].Code)
	require.NoError(t, os.Remove("run/draws.bin"))
	code, r = diagnosed(t, "run")
	require.Equal(t, exitWarnings, code)
	require.Equal(t, []int{0, 0}, r.Each)

	require.NoError(t, os.WriteFile("run/draws.bin", []byte("a text of more than sixteen bytes"), 0o644))
	code, _, stderr = command(t, "diagnose", "run")
	require.Equal(t, exitError, code)
	require.Contains(t, stderr, "run/draws.bin: it is no table of draws")
	for args, want := range map[string]string{"diagnose": "name the folder of a run", "diagnose a b": "takes one folder", "diagnose nowhere": "there is no folder nowhere",
		"diagnose made": "made holds no run", "export run": "--format is missing", "export run --format nexus": "--format nexus: use cmdstan, tracer or zarr",
		"merge run": "name the folders of two runs", "merge run run2": "--out is missing"} {
		code, _, stderr := command(t, strings.Fields(args)...)
		require.NotZero(t, code)
		require.Contains(t, stderr, want, args)
	}
}

// TestDiagnoseShort: exit code 3 and the reasons in words.
func TestDiagnoseShort(t *testing.T) {
	stored(t, "--draws", "50")
	code, stdout, _ := command(t, "diagnose", "run")
	require.Equal(t, exitWarnings, code)
	require.Contains(t, stdout, "warning: few independent draws, the bulk effective sample size is below 400")
	code, r := diagnosed(t, "run")
	require.Equal(t, exitWarnings, code)
	require.NotEmpty(t, r.Findings)
}

// TestExport: what export writes of a killed run; of a finished one it writes what
// sample wrote.
func TestExport(t *testing.T) {
	stored(t, "--draws", "60", "--save-warmup")
	before := runFiles(t, "run")
	require.NoError(t, os.Remove("run/chain_1.csv"))
	code, stdout, stderr := command(t, "export", "run", "--format", "cmdstan")
	require.Zero(t, code, stderr)
	require.Equal(t, "cmdstan: 60 draws of 2 chains\n", stdout)
	require.Equal(t, before, runFiles(t, "run"))
	code, stdout, stderr = command(t, "export", "run", "--format", "tracer,zarr", "--quiet")
	require.Zero(t, code, stderr)
	require.Empty(t, stdout)
	require.FileExists(t, "run/chain_2.log")
	require.FileExists(t, filepath.Join("run", runstore.ZarrFolder, ".zmetadata"))
	require.Contains(t, before["chain_1.csv"], "# save_warmup = true\n")

	require.NoError(t, os.Remove("run/adaptation.bin"))
	require.NoError(t, os.Truncate("run/draws.bin", int64(len(before["draws.bin"])-100)))
	code, stdout, stderr = command(t, "export", "run", "--format", "cmdstan")
	require.Zero(t, code, stderr)
	require.Equal(t, "cmdstan: 59 draws of 2 chains\n", stdout)
	text, err := os.ReadFile("run/chain_1.csv")
	require.NoError(t, err)
	require.Contains(t, string(text), "# metric = unit_e\n")
	require.NoError(t, os.Truncate("run/draws.bin", 5000))
	code, _, stderr = command(t, "export", "run", "--format", "cmdstan")
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "there is nothing to export")

	// Everything goes with --overwrite.
	require.NoError(t, os.WriteFile("run/mine.txt", nil, 0o644))
	code, _, stderr = command(t, "sample", "--warmup", "50", "--draws", "20", "--chains", "1", "--quiet", "--overwrite", "--out", "run")
	require.Zero(t, code, stderr)
	left := runFiles(t, "run")
	require.Contains(t, left, "mine.txt")
	require.NotContains(t, left, "chain_2.csv")
	require.NotContains(t, left, "chain_1.log")
	require.NoDirExists(t, filepath.Join("run", runstore.ZarrFolder))
	require.NoDirExists(t, "run/inputs")
}

// TestMerge: the chains of several runs become one run; runs that do not go together
// are told apart.
func TestMerge(t *testing.T) {
	args := stored(t, "--draws", "80")
	code, _, stderr := command(t, append(args, "--seed", "2", "--draws", "60", "--chains", "3", "--out", "run2")...)
	require.Zero(t, code, stderr)
	code, stdout, stderr := command(t, "merge", "run", "run2", "--out", "both")
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "5 chains, of which the first 60 draws of each are taken")
	require.Contains(t, stdout, "written to both")
	a, b, both := runFiles(t, "run"), runFiles(t, "run2"), runFiles(t, "both")
	draws := func(text string, most int) (rows []string) {
		for line := range strings.Lines(text) {
			if !strings.HasPrefix(line, "#") && len(rows) <= most { // and the header
				rows = append(rows, line)
			}
		}
		return rows
	}
	require.Equal(t, draws(a["chain_2.csv"], 60), draws(both["chain_2.csv"], 60))
	require.Equal(t, draws(b["chain_3.csv"], 60), draws(both["chain_5.csv"], 60))
	require.Contains(t, both["chain_5.csv"], "# seed = 2\n# chain_of_seed = 3\n")
	require.Contains(t, both, "ancestral.nex")
	require.Equal(t, a["inputs/tree-tree.nwk"], both["inputs/tree-tree.nwk"])
	_, r := diagnosed(t, "both")
	require.Equal(t, []int{80, 80, 60, 60, 60}, r.Each)
	require.Equal(t, runstore.Merged, r.State)
	code, _, stderr = command(t, "export", "both", "--format", "tracer,zarr,cmdstan", "--quiet")
	require.Zero(t, code, stderr)
	require.Equal(t, both["chain_4.csv"], runFiles(t, "both")["chain_4.csv"])

	// A merged run can be merged again, and cannot be resumed.
	code, _, stderr = command(t, append(args, "--seed", "3", "--draws", "60", "--out", "run3")...)
	require.Zero(t, code, stderr)
	code, _, stderr = command(t, "merge", "both", "run3", "--out", "all", "--quiet")
	require.Zero(t, code, stderr)
	_, r = diagnosed(t, "all")
	require.Len(t, r.Each, 7)
	code, _, stderr = command(t, "sample", "--resume", "both")
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "both is a merged run, which has no state to go on from: resume the runs that it was made of, run, run2")

	traits, err := os.ReadFile("made/traits.csv")
	require.NoError(t, err)
	for flags, want := range map[string]string{
		"":                                "run2 and other cannot be merged: the file of --traits differs: made/traits.csv and made/traits.csv do not hold the same",
		"--model ou":                      "the model differs: bm and ou",
		"--root pinned=2":                 "the root differs: flat and pinned=2",
		"--fix tau_sq=0.1":                "the prior of tau_sq differs",
		"--prior sigma_sq=lognormal(0,1)": "the prior of sigma_sq differs",
		"--edge-lengths unit --prior sigma_sq=lognormal(-0.3,2)": "the value of --edge-lengths differs: [raw] and [unit]",
	} {
		table := traits
		if flags == "" {
			table = append(slices.Clone(traits), "zz,1\n"...)
		}
		require.NoError(t, os.WriteFile("made/traits.csv", table, 0o644))
		code, _, stderr := command(t, append(append(args, strings.Fields(flags)...), "--seed", "7", "--draws", "60", "--out", "other", "--overwrite")...)
		require.Zero(t, code, stderr)
		code, _, stderr = command(t, "merge", "run2", "other", "--out", "never")
		require.Equal(t, 1, code, flags)
		require.Contains(t, stderr, want)
	}
	code, _, stderr = command(t, "merge", "run", "run3", "both", "--out", "never")
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "run and both both have chain 1 of seed 1, which is the same chain twice")
	require.NoDirExists(t, "never")
	code, _, stderr = command(t, "merge", "run", "run2", "--out", "both")
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "both holds a run already")
	code, _, stderr = command(t, "merge", "run", "run2", "--out", "both", "--overwrite", "--quiet")
	require.Zero(t, code, stderr)
	require.Equal(t, both, runFiles(t, "both"))
}

// TestMergeNoise: whole positions are merged too, for the states of the nodes.
func TestMergeNoise(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, seed := range []string{"1", "2"} {
		code, _, stderr := command(t, "sample", "--model", "kunita", "--algorithm", "rw", "--steps", "2", "--warmup", "20", "--draws", "40", "--chains", "2", "--root", "flat", "--seed", seed, "--out", "run"+seed, "--quiet")
		require.Zero(t, code, stderr)
	}
	code, _, stderr := command(t, "merge", "run1", "run2", "--out", "both", "--quiet")
	require.Zero(t, code, stderr)
	for _, name := range []string{"positions.bin", "ancestral.csv", "shapes.svg", "root.svg"} {
		require.FileExists(t, filepath.Join("both", name))
	}
}
