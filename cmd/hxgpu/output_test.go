package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/bffg/prior"
	"github.com/hxgpu/hxgpu/internal/runstore"
	"github.com/hxgpu/hxgpu/tree"
)

// writeExampleInputs makes files of other formats of the simulated ones.
func writeExampleInputs(t *testing.T) {
	p, err := tree.ReadTreeFile("T.nwk", 0)
	require.NoError(t, err)
	table, err := tree.ReadTableFile("C.csv")
	require.NoError(t, err)
	var trees, birds strings.Builder
	matrices := "#NEXUS\n"
	require.NoError(t, tree.WriteNexusTrees(&trees, []*tree.Phylogeny{p, p, p, p, p}))
	birds.WriteString("order,binomial,log_mass,sd_mass,n_mass,length,se_length\n")
	for range 5 {
		matrices += "begin data; dimensions nchar=2; format datatype=continuous; matrix\n"
		for row, taxon := range table.Taxa {
			matrices += fmt.Sprintln(taxon, table.Cells[row][0], table.Cells[row][1])
		}
		matrices += ";end;\n"
	}
	for row, taxon := range table.Taxa {
		fmt.Fprintf(&birds, "x,%s,%s,0.1,%d,%s,0.05\n", taxon, table.Cells[row][0], row+1, table.Cells[row][1])
	}
	for name, text := range map[string]string{"trees.nex": trees.String(), "traits.nex": matrices, "birds.csv": birds.String()} {
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	}
}

// TestExamplesRun runs every example of the help texts as it stands there, with
// shorter chains.
func TestExamplesRun(t *testing.T) {
	t.Chdir(t.TempDir())
	code, _, stderr := command(t, "simulate", "--tips", "8", "--height", "2", "--trait", "mass,length", "--set", "R=[[.2,.12],[.12,.1]]",
		"--set", "tau_sq=.01", "--root", "pinned=4,4.5", "--out", "made")
	require.Zero(t, code, stderr)
	require.NoError(t, os.Rename("made/tree.nwk", "T.nwk"))
	tree, err := os.ReadFile("T.nwk")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile("posterior.trees", bytes.Repeat(tree, 40), 0o600))
	traits, err := os.ReadFile("made/traits.csv")
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(traits)), "\n")
	for i := range lines { // a factor besides
		lines[i] += "," + []string{"habitat", "forest", "open"}[min(i, 1+i/5)]
	}
	require.NoError(t, os.WriteFile("C.csv", []byte(strings.Join(lines, "\n")+"\n"), 0o600))
	writeExampleInputs(t)
	var shapes strings.Builder
	for tip := range 8 {
		fmt.Fprintf(&shapes, "LM=3\n0 0\n1 0.%d\n0 1\nID=t%d\n", tip, tip+1)
	}
	require.NoError(t, os.WriteFile("shapes.tps", []byte(shapes.String()), 0o600))
	for seed, folder := range []string{"run1", "run2"} {
		code, _, stderr := command(t, "sample", "--warmup", "100", "--draws", "20", "--seed", fmt.Sprint(seed), "--out", folder)
		require.Zero(t, code, stderr)
	}
	root := newRootCommand()
	seen := map[string]bool{}
	examples := append([]*cobra.Command{root}, root.Commands()...)
	for _, model := range catalogue {
		examples = append(examples, &cobra.Command{Example: model.example})
	}
	for _, cmd := range examples {
		if cmd.Example == "" {
			continue
		}
		for line := range strings.Lines(strings.ReplaceAll(cmd.Example, "\\\n", " ")) {
			line, _, _ = strings.Cut(strings.TrimSpace(line), " >")
			if seen[line] {
				continue
			}
			seen[line] = true
			args := strings.Fields(strings.ReplaceAll(line, "'", ""))
			require.Equal(t, "hxgpu", args[0])
			if args[1] == "sample" && !strings.Contains(line, "--resume") {
				args = append(args, "--warmup", "100", "--draws", "20", "--chains", "2")
			}
			if strings.Contains(line, "kunita") {
				args = append(args, "--steps", "3")
			}
			if args[1] == "bench" { // on the device that is always there, and for a moment
				short := strings.NewReplacer("vulkan", "cpu", "4,64,1024", "2", "1024", "32", "all", "chains")
				for i := range args {
					args[i] = short.Replace(args[i])
				}
				args = append(args, "--seconds", "0.001")
				if slices.Contains(args, "--quick") && !slices.Contains(args, "--device") {
					args = append(args, "--device", "cpu")
				}
				if len(args) == 4 {
					args = append(args, "--device", "cpu", "--leaves", "16", "--chains", "2")
				}
			}
			code, _, stderr := command(t, args[1:]...)
			if args[1] == "diagnose" { // of so few draws
				require.Equal(t, exitWarnings, code, "%s\n%s", line, stderr)
				continue
			}
			require.Zero(t, code, "%s\n%s", line, stderr)
		}
	}
	require.Greater(t, len(seen), 8)
}

// TestSimulateRoot: the root is 0 unless it is said otherwise, whatever the model.
func TestSimulateRoot(t *testing.T) {
	t.Chdir(t.TempDir())
	read := func(folder string) (root []float64) {
		text, err := os.ReadFile(filepath.Join(folder, "truth.json"))
		require.NoError(t, err)
		var truth struct{ Root []float64 }
		require.NoError(t, json.Unmarshal(text, &truth))
		return truth.Root
	}
	args := []string{"simulate", "--tips", "4", "--model", "ou", "--set", "sigma_sq=1", "--set", "tau_sq=1", "--set", "alpha=1", "--set", "theta=5", "--out"}
	code, _, stderr := command(t, append(args, "zero")...)
	require.Zero(t, code, stderr)
	require.Equal(t, []float64{0}, read("zero"))
	code, _, stderr = command(t, append(args, "drawn", "--root", "normal=100,1")...)
	require.Zero(t, code, stderr)
	require.InDelta(t, 100, read("drawn")[0], 6)
	code, _, stderr = command(t, append(args, "zero")...)
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "name another folder, or add --overwrite")
	code, _, stderr = command(t, append(args, "zero", "--overwrite", "--root", "pinned=3")...)
	require.Zero(t, code, stderr)
	require.Equal(t, []float64{3}, read("zero"))
}

// TestTaxaAreReported: those on one side only are named, ten at most in the
// terminal and all in run.json; a column of one value is warned of.
func TestTaxaAreReported(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("t.nwk", []byte("((a:1,b:1):1,(c:1,lonely:1):1);"), 0o644))
	table := "taxon,x\na,1\nb,1\nc,1\n"
	for _, name := range strings.Fields("s01 s02 s03 s04 s05 s06 s07 s08 s09 s10 s11 s12") {
		table += name + ",2\n"
	}
	require.NoError(t, os.WriteFile("c.csv", []byte(table), 0o644))
	args := []string{"sample", "--tree", "t.nwk", "--traits", "c.csv", "--trait", "x", "--warmup", "50", "--draws", "10", "--out", "run"}
	code, stdout, stderr := command(t, args...)
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "1 tip of the tree without a row in the table, kept as missing: lonely")
	require.Contains(t, stdout, "12 rows of the table without a tip in the tree, ignored: s01, s02, s03, s04, s05, s06, s07, s08, s09, s10 and 2 more")
	require.Contains(t, stderr, `every value of trait "x" is the same`)
	text, err := os.ReadFile("run/run.json")
	require.NoError(t, err)
	var record runstore.Run
	require.NoError(t, json.Unmarshal(text, &record))
	require.Equal(t, []string{"lonely"}, record.Data.TreeOnly)
	require.Len(t, record.Data.TableOnly, 12)
	require.Equal(t, "flat", record.Settings.Root)
	require.Equal(t, uint64(1), record.Settings.Seed)
	require.NotEmpty(t, record.Parameters[0].Prior)

	code, stdout, stderr = command(t, append(args, "--overwrite", "--json")...)
	require.Zero(t, code, stderr)
	require.True(t, json.Valid([]byte(stdout)), stdout)
	require.Contains(t, stderr, "kept as missing: lonely")
	_, stdout, stderr = command(t, append(args, "--overwrite", "--quiet")...)
	require.NotContains(t, stdout+stderr, "lonely")
}

// TestAnalyticGrid: the quantiles do not depend on the grid, hold with other
// priors, and are not given where the formula does not apply.
func TestAnalyticGrid(t *testing.T) {
	data := bffg.SeedData()
	coarse, fine := analyticSeed(bffg.Seed(), data, 321), analyticSeed(bffg.Seed(), data, 1281)
	for name := range fine {
		require.InEpsilon(t, fine[name].Mean, coarse[name].Mean, 1e-9)
		require.InEpsilon(t, fine[name].SD, coarse[name].SD, 1e-9)
		for _, pair := range [][2]float64{{fine[name].Q2_5, coarse[name].Q2_5}, {fine[name].Median, coarse[name].Median}, {fine[name].Q97_5, coarse[name].Q97_5}} {
			require.InEpsilon(t, pair[0], pair[1], 1e-4, name) // fourth order in the step
		}
	}
	m := bffg.Seed()
	m.Parameters[0].Prior = prior.LogNormal(math.Log(3), 1e-3) // all but fixed
	require.InEpsilon(t, 3, analyticSeed(m, data, 321)["sigma_sq"].Median, 1e-4)
	m.Parameters[0].Prior = prior.InverseGamma(2, 1)
	require.Nil(t, analyticSeed(m, data, 321))
	m = bffg.Seed()
	m.Root = bffg.RootFlat
	require.Nil(t, analyticSeed(m, data, 321))
}

// TestLoglikGradient compares the derivatives with differences.
func TestLoglikGradient(t *testing.T) {
	value := func(sigma, tau string) (l struct {
		Value    float64              `json:"log_likelihood"`
		Gradient map[string][]float64 `json:"gradient"`
	}) {
		code, stdout, stderr := command(t, "loglik", "--set", "sigma_sq="+sigma, "--set", "tau_sq="+tau, "--gradient", "--json", "--quiet")
		require.Zero(t, code, stderr)
		require.NoError(t, json.Unmarshal([]byte(stdout), &l))
		return l
	}
	g := value("0.5", "0.1").Gradient
	require.InEpsilon(t, (value("0.500001", "0.1").Value-value("0.499999", "0.1").Value)/2e-6, g["sigma_sq"][0], 1e-6)
	require.InEpsilon(t, (value("0.5", "0.100001").Value-value("0.5", "0.099999").Value)/2e-6, g["tau_sq"][0], 1e-6)
}
