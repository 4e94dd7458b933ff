package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/vulkan/vulkantest"
	"github.com/hxgpu/hxgpu/tree"
)

type jsonSummary struct {
	Parameters map[string]struct {
		Mean, SD, Median, Rhat float64
		MCSEMean               float64 `json:"mcse_mean"`
		Low                    float64 `json:"q2.5"`
		High                   float64 `json:"q97.5"`
		Bulk                   float64 `json:"ess_bulk"`
		Tail                   float64 `json:"ess_tail"`
		Nested                 float64 `json:"nested_rhat"`
	}
	Divergences, Chains, Draws, Gradients int
	Device                                string
	Timings                               map[string]float64
}

func parseSummary(t *testing.T, text string) jsonSummary {
	t.Helper()
	var s jsonSummary
	require.NoError(t, json.Unmarshal([]byte(text), &s), text)
	return s
}

// TestAnalyticPosterior compares the quadrature with the golden moments. (The
// golden quantiles are read off a cumulative sum over a coarser grid, half a cell
// of which is 1 %.)
func TestAnalyticPosterior(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "bffg", "testdata", "seed.json"))
	require.NoError(t, err)
	var golden struct {
		Grid map[string]map[string]float64 `json:"analytic_wide_grid"`
	}
	require.NoError(t, json.Unmarshal(text, &golden))
	exact := analyticSeed(bffg.Seed(), bffg.SeedData(), 321)
	for name, want := range golden.Grid {
		require.InEpsilon(t, want["mean"], exact[name].Mean, 1e-3, name)
		require.InEpsilon(t, want["median"], exact[name].Median, 0.015, name)
		require.InEpsilon(t, want["q025"], exact[name].Q2_5, 0.015, name)
		require.InEpsilon(t, want["q975"], exact[name].Q97_5, 0.015, name)
	}
}

// TestSampleSeed runs the built-in example and reads its table and its JSON.
func TestSampleSeed(t *testing.T) {
	code, stdout, stderr := command(t, "sample", "--warmup", "300", "--draws", "500")
	require.Zero(t, code, stderr)
	for _, want := range []string{"sigma_sq", "tau_sq", "exact", "R-hat", "ESS bulk", "0 divergences in 2000 draws", "wall time: compile"} {
		require.Contains(t, stdout, want)
	}
	code, first, stderr := command(t, "sample", "--warmup", "300", "--draws", "500", "--json", "--quiet")
	require.Zero(t, code, stderr)
	require.Empty(t, stderr)
	s := parseSummary(t, first)
	require.Len(t, s.Parameters, 2)
	require.Equal(t, 4, s.Chains)
	require.Equal(t, 500, s.Draws)
	require.Positive(t, s.Gradients)
	for _, key := range []string{"compile_s", "warmup_s", "draws_s", "total_s"} {
		require.Contains(t, s.Timings, key)
	}
	exact := analyticSeed(bffg.Seed(), bffg.SeedData(), 321)
	for name, p := range s.Parameters {
		// 5 standard errors: a right sampler misses once in a million; the seed is fixed.
		require.InDelta(t, exact[name].Mean, p.Mean, 5*p.MCSEMean, name)
		require.Less(t, p.Rhat, 1.02)
	}
	// Equal seeds give equal draws, other seeds others; float32 gives about the same.
	_, again, _ := command(t, "sample", "--warmup", "300", "--draws", "500", "--json", "--quiet")
	require.Equal(t, s.Parameters, parseSummary(t, again).Parameters)
	_, other, _ := command(t, "sample", "--warmup", "300", "--draws", "500", "--json", "--quiet", "--seed", "2")
	require.NotEqual(t, s.Parameters, parseSummary(t, other).Parameters)
	_, single, _ := command(t, "sample", "--warmup", "300", "--draws", "500", "--json", "--quiet", "--precision", "f32")
	p := parseSummary(t, single).Parameters["sigma_sq"]
	require.InDelta(t, exact["sigma_sq"].Mean, p.Mean, 5*p.MCSEMean)
	// Where the sampler runs and how the sweeps are cut changes nothing.
	_, moved, _ := command(t, "sample", "--warmup", "300", "--draws", "500", "--json", "--quiet", "--sampler", "device", "--schedule", "tree")
	require.Equal(t, s.Parameters, parseSummary(t, moved).Parameters)
}

// The main job on Vulkan finds the same posterior.
func TestSampleOnVulkan(t *testing.T) {
	vulkantest.Open(t, device.Float32) // skips without a device
	code, stdout, stderr := command(t, "sample", "--device", "vulkan", "--chains", "64", "--warmup", "300", "--draws", "100", "--json", "--quiet")
	require.Zero(t, code, stderr)
	exact := analyticSeed(bffg.Seed(), bffg.SeedData(), 321)
	for name, p := range parseSummary(t, stdout).Parameters {
		require.InDelta(t, exact[name].Mean, p.Mean, 5*p.MCSEMean, name)
		require.Less(t, p.Rhat, 1.02)
	}
}

// TestSimulateAndSample goes the way of a new user: simulate, sample, read the files.
func TestSimulateAndSample(t *testing.T) {
	t.Chdir(t.TempDir())
	code, _, stderr := command(t, "simulate", "--tips", "12", "--random-tree", "--height", "3", "--trait", "mass,size", "--model", "ou",
		"--set", "R=[[1,.3],[.3,.5]]", "--set", "alpha=0.5,1", "--set", "theta=2,3", "--set", "tau_sq=.05", "--root", "pinned=2,3", "--out", "made")
	require.Zero(t, code, stderr)
	for _, name := range []string{"tree.nwk", "traits.csv", "states.csv", "truth.json"} {
		require.FileExists(t, filepath.Join("made", name))
	}
	args := []string{"sample", "--tree", "made/tree.nwk", "--traits", "made/traits.csv", "--trait", "mass,size", "--model", "bm",
		"--warmup", "200", "--draws", "100", "--chains", "3", "--out", "run"}
	code, stdout, stderr := command(t, args...)
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "correlation[mass,size]")
	require.Contains(t, stdout, "root[size]")

	for chain := 1; chain <= 3; chain++ {
		text, err := os.ReadFile(fmt.Sprintf("run/chain_%d.csv", chain))
		require.NoError(t, err)
		reader := csv.NewReader(bytes.NewReader(text))
		reader.Comment = '#'
		rows, err := reader.ReadAll()
		require.NoError(t, err)
		require.Len(t, rows, 101)
		require.Equal(t, []string{"lp__", "accept_stat__", "stepsize__", "treedepth__", "n_leapfrog__", "divergent__", "energy__",
			"sigma_sq_mass", "sigma_sq_size"}, rows[0][:9])
		for _, row := range rows[1:] {
			for _, cell := range row {
				_, err := strconv.ParseFloat(cell, 64)
				require.NoError(t, err)
			}
		}
	}
	summary, err := os.ReadFile("run/summary.json")
	require.NoError(t, err)
	require.Equal(t, 3, parseSummary(t, string(summary)).Chains)
	settings, err := os.ReadFile("run/run.json")
	require.NoError(t, err)
	require.True(t, json.Valid(settings))
	nexus, err := os.ReadFile("run/ancestral.nex")
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(nexus), "#NEXUS"))
	require.Contains(t, string(nexus), "[&")
	ancestral, err := os.ReadFile("run/ancestral.csv")
	require.NoError(t, err)
	rows, err := csv.NewReader(bytes.NewReader(ancestral)).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 1+2*23) // 12 tips, 11 inner nodes, 2 traits

	code, _, stderr = command(t, args...)
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "holds a run already")
	code, _, stderr = command(t, append(args, "--overwrite", "--quiet")...)
	require.Zero(t, code, stderr)
}

// TestLoglikByHand: three tips, against the density of a trivariate normal.
func TestLoglikByHand(t *testing.T) {
	folder := t.TempDir()
	t.Chdir(folder)
	require.NoError(t, os.WriteFile("t.nwk", []byte("((a:1,b:2):0.5,c:3);"), 0o644))
	require.NoError(t, os.WriteFile("c.csv", []byte("taxon,x\na,1.5\nb,-0.2\nc,0.7\nd,9\n"), 0o644))
	code, stdout, stderr := command(t, "loglik", "--tree", "t.nwk", "--traits", "c.csv", "--trait", "x", "--set", "sigma_sq=0.8",
		"--set", "tau_sq=0.1", "--root", "pinned=0.4", "--json")
	require.Zero(t, code, stderr)
	require.Contains(t, stderr, "d", "a taxon of the table alone is named")
	var result struct {
		Value float64 `json:"log_likelihood"`
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &result))
	// Covariance of a and b: 0.8*0.5; c is independent of them.
	va, vb, vc, cab := 0.8*1.5+0.1, 0.8*2.5+0.1, 0.8*3+0.1, 0.8*0.5
	ra, rb, rc := 1.5-0.4, -0.2-0.4, 0.7-0.4
	det := va*vb - cab*cab
	want := -1.5*math.Log(2*math.Pi) - 0.5*math.Log(det*vc) - 0.5*((vb*ra*ra-2*cab*ra*rb+va*rb*rb)/det+rc*rc/vc)
	require.InDelta(t, want, result.Value, 1e-12)
}

// shared is a folder of real data beside the checkout, or a skip.
func shared(t *testing.T, name string) []string {
	folder := filepath.Join("..", "..", "..", "shared", "data", name)
	if _, err := os.Stat(folder); err != nil {
		t.Skipf("the folder of real data, ../shared/data/%s beside the checkout, is missing", name)
	}
	return []string{"--tree", filepath.Join(folder, "tree.nwk"), "--traits", filepath.Join(folder, "traits.csv")}
}

// TestReferenceLikelihoods: the fixed-parameter likelihoods that were computed in R.
func TestReferenceLikelihoods(t *testing.T) {
	for _, c := range []struct {
		data, args string
		want       float64
	}{
		{"anole", "--trait SVL --model bm --root pinned=4 --set sigma_sq=0.014 --set tau_sq=0.001", 3.42633707182},
		{"ornithodirans_fossil", "--trait log_mass --model bm --root pinned=5 --set sigma_sq=0.1 --set tau_sq=0.05", -845.426141489},
		{"ornithodirans_fossil", "--trait log_mass --model ou --root pinned=5 --set sigma_sq=0.1 --set alpha=0.01 --set theta=8 --set tau_sq=0.05", -911.973598956},
		{"anole", "--trait SVL,TL --model mvou --root pinned=4,4.5 --set A=[[.3,.1],[-.05,.2]] --set R=[[.02,.015],[.015,.03]] --set theta=4.2,4.8 --set tau_sq=.001,.002", -62.4830190126},
		{"birds_avonet", "--trait log_Wing.Length,log_Tarsus.Length,log_Beak.Depth --model bm --root pinned=5,3.2,2 --set R=[[.01,.006,.006],[.006,.008,.005],[.006,.005,.012]] --set tau_sq=0.0025", 5922.16945177},
	} {
		args := append(append([]string{"loglik", "--json"}, shared(t, c.data)...), strings.Fields(c.args)...)
		code, stdout, stderr := command(t, args...)
		require.Zero(t, code, stderr)
		var result struct {
			Value float64 `json:"log_likelihood"`
		}
		require.NoError(t, json.Unmarshal([]byte(stdout), &result))
		require.InEpsilon(t, c.want, result.Value, 1e-8, c.args)
	}
}

// TestAnolePosterior: with a flat root, exact tips and an inverse-gamma(2,0.01)
// prior the rate's posterior is inverse-gamma(42.5, 0.7571578535). Within 4 Monte
// Carlo standard errors, which a right sampler misses once in 16,000 comparisons.
func TestAnolePosterior(t *testing.T) {
	args := append([]string{"sample", "--json", "--quiet", "--trait", "SVL", "--model", "bm", "--no-tip-noise", "--prior", "sigma_sq=inverse_gamma(2,0.01)",
		"--draws", "2000"}, shared(t, "anole")...)
	code, stdout, stderr := command(t, args...)
	require.Zero(t, code, stderr)
	s := parseSummary(t, stdout)
	p := s.Parameters["sigma_sq"]
	require.InDelta(t, 0.01824476756, p.Mean, 4*p.MCSEMean)
	require.InEpsilon(t, 0.002866888635, p.SD, 0.06)
	root := s.Parameters["root"]
	require.InDelta(t, 4.0535071, root.Mean, 4*root.MCSEMean) // the GLS root
	require.Zero(t, s.Divergences)
}

// TestInterrupt: what has been drawn is summarised and written.
func TestInterrupt(t *testing.T) {
	t.Chdir(t.TempDir())
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var stdout, stderr bytes.Buffer
	go whenDrawn("run/draws.bin", cancel)
	code := run(ctx, []string{"sample", "--warmup", "100", "--draws", "1000000", "--out", "run"}, &stdout, &stderr)
	require.Equal(t, 130, code, stderr.String())
	require.Contains(t, stdout.String(), "sigma_sq")
	require.FileExists(t, "run/chain_4.csv")
	require.FileExists(t, "run/summary.json")
}

func TestDevicesVersionHelp(t *testing.T) {
	code, stdout, _ := command(t, "devices")
	require.Zero(t, code)
	require.Regexp(t, `(?m)^cpu\s+ready`, stdout)
	require.Regexp(t, `(?m)^vulkan(:\d+\s+ready\s+\S|\s+not available\s+\S)`, stdout)
	code, stdout, _ = command(t, "version")
	require.Zero(t, code)
	require.Regexp(t, `^hxgpu \d`, stdout)
	for _, name := range []string{"sample", "loglik", "simulate", "devices"} {
		code, stdout, _ = command(t, name, "--help")
		require.Zero(t, code)
		require.Contains(t, stdout, "Usage:")
	}
}

// TestSimulatedTreeIsRead: the tree that simulate writes is the one it drew on.
func TestSimulatedTreeIsRead(t *testing.T) {
	t.Chdir(t.TempDir())
	code, _, stderr := command(t, "simulate", "--tips", "30", "--random-tree", "--height", "7", "--set", "sigma_sq=1", "--set", "tau_sq=0.1", "--root", "pinned=0", "--out", "made")
	require.Zero(t, code, stderr)
	phylogeny, err := tree.ReadNewickFile("made/tree.nwk")
	require.NoError(t, err)
	require.Equal(t, 30, phylogeny.Topology.LeafCount())
	require.InDelta(t, 7, phylogeny.Height(), 1e-9)
}
