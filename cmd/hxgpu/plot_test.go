package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/bffg/prior"
	"github.com/hxgpu/hxgpu/internal/runstore"
)

// requirePicture reads a picture as what its name says.
func requirePicture(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	switch filepath.Ext(path) {
	case ".png":
		image, err := png.Decode(bytes.NewReader(text))
		require.NoError(t, err, path)
		require.Greater(t, image.Bounds().Dx(), 100)
	case ".pdf":
		require.True(t, bytes.HasPrefix(text, []byte("%PDF-")), path)
	default:
		for decoder := xml.NewDecoder(bytes.NewReader(text)); ; {
			if _, err := decoder.Token(); errors.Is(err, io.EOF) {
				break
			} else {
				require.NoError(t, err, path)
			}
		}
	}
}

// plotted draws all pictures of a run, and returns the kinds that it has.
func plotted(t *testing.T, run string, flags ...string) (kinds string) {
	t.Helper()
	code, stdout, stderr := command(t, append([]string{"plot", run, "all"}, flags...)...)
	require.Zero(t, code, stderr)
	var names []string
	for line := range strings.Lines(stdout) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "no ") {
			requirePicture(t, line)
			names = append(names, strings.TrimSuffix(filepath.Base(line), filepath.Ext(line)))
		}
	}
	return strings.Join(names, " ")
}

const parameterKinds = "density trace rank autocorrelation pairs energy"

// TestPlot: all kinds of a run with one trait in all formats, and what flags do.
func TestPlot(t *testing.T) {
	args := stored(t, "--draws", "60")
	for _, format := range []string{"png", "svg", "pdf"} {
		require.Equal(t, parameterKinds+" tree phenogram", plotted(t, "run", "--format", format))
	}
	require.Equal(t, parameterKinds+" tree phenogram", plotted(t, "run", "--out", "pictures", "--size", "16x10cm", "--layout", "fan"))
	code, stdout, stderr := command(t, "plot", "run", "density", "--parameter", "sigma_sq", "--out", "deep/sigma.svg", "--size", "8x6cm")
	require.Zero(t, code, stderr)
	require.Equal(t, filepath.Join("deep", "sigma.svg")+"\n", stdout)
	text, err := os.ReadFile("deep/sigma.svg")
	require.NoError(t, err)
	require.Contains(t, string(text), "sigma_sq")
	require.NotContains(t, string(text), "tau_sq")
	code, stdout, stderr = command(t, "plot", "run", "tree", "--out", "tree", "--format", "pdf", "--quiet")
	require.Zero(t, code, stderr)
	require.Empty(t, stdout)
	first, err := os.ReadFile("run/plots/tree.svg")
	require.NoError(t, err)
	require.Equal(t, 9, len(regexp.MustCompile(`>t\d+<`).FindAll(first, -1)), "the names of the tips")
	plotted(t, "run", "--format", "svg")
	again, err := os.ReadFile("run/plots/tree.svg")
	require.NoError(t, err)
	require.Equal(t, first, again)

	// A run that takes another one's place takes its pictures and its report away.
	code, _, stderr = command(t, "report", "run")
	require.Zero(t, code, stderr)
	require.NoError(t, os.WriteFile("run/plots/mine.txt", nil, 0o644))
	code, _, stderr = command(t, append(args, "--draws", "60", "--out", "run", "--overwrite")...)
	require.Zero(t, code, stderr)
	require.NoFileExists(t, "run/report.html")
	left, err := os.ReadDir("run/plots")
	require.NoError(t, err)
	require.Len(t, left, 1)

	for args, want := range map[string]string{
		"":                                     "name the folder of a run and a kind of picture",
		"run":                                  "name a kind of picture, as in hxgpu plot run density: density, trace, rank",
		"run density trace":                    "one folder and one kind",
		"run densities":                        `there is no picture "densities" (did you mean density?); use density, trace`,
		"run phenogramm":                       "did you mean phenogram?",
		"nowhere density":                      "there is no folder nowhere",
		"made density":                         "made holds no run",
		"run density --format jpg":             "--format jpg: use png, svg, pdf",
		"run density --out a.jpg":              "--out a.jpg: end the name in .png, .svg or .pdf",
		"run density --out a.svg --format png": "--out a.svg ends in .svg, --format says png",
		"run density --size 10":                `--size "10" is no size`,
		"run tree --layout circular":           `--layout "circular" is no layout of a tree`,
		"run density --parameter sigma_s":      "--parameter sigma_s: the run has no such parameter (did you mean sigma_sq?); it has sigma_sq, tau_sq, heritability, root",
		"run tree --trait y":                   "--trait y: the run has no such trait",
		"run tree --parameter root":            "--parameter does not go with tree",
		"run density --trait x":                "--trait does not go with density",
		"run phylomorphospace":                 "run: phylomorphospace: the run has one trait",
		"run shapes":                           "run: shapes: the run is not on landmark shapes",
		"run density --out run/run.json/x.png": "run.json",
	} {
		code, _, stderr := command(t, append([]string{"plot"}, strings.Fields(args)...)...)
		require.NotZero(t, code, args)
		require.Contains(t, stderr, want, args)
	}
}

// TestPlotUnfinished: a run that was killed has its parameters' pictures, from as many
// draws as all chains have, and says why it has no states; one without draws has none.
func TestPlotUnfinished(t *testing.T) {
	stored(t, "--draws", "60")
	text, err := os.ReadFile("run/run.json")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile("run/run.json", []byte(strings.Replace(string(text), `"finished"`, `"running"`, 1)), 0o644))
	require.NoError(t, os.Remove("run/ancestral.csv"))
	draws, err := os.ReadFile("run/draws.bin")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile("run/draws.bin", draws[:len(draws)-5*len(draws)/150], 0o644))
	require.Equal(t, parameterKinds, plotted(t, "run"))
	code, _, stderr := command(t, "plot", "run", "tree")
	require.Equal(t, exitError, code)
	require.Contains(t, stderr, "run has no states of the nodes yet, which are drawn at the end: hxgpu sample --resume run goes on")
	code, _, stderr = command(t, "report", "run")
	require.Zero(t, code, stderr)
	words := reportWords(t, "run/report.html")
	require.Contains(t, words, "The run was killed; hxgpu sample --resume run goes on")
	require.Contains(t, words, "Run has no states of the nodes yet")
	require.Contains(t, words, "of the 60 draws of each chain that were asked for")

	require.NoError(t, os.WriteFile("run/ancestral.csv", []byte("nonsense"), 0o644))
	for _, args := range []string{"plot run tree", "report run"} {
		code, _, stderr = command(t, strings.Fields(args)...)
		require.Equal(t, exitError, code, args)
		require.Contains(t, stderr, "ancestral.csv: it is no table of states")
	}
	require.NoError(t, os.WriteFile("run/draws.bin", draws[:2000], 0o644))
	for _, args := range []string{"plot run all", "report run"} {
		code, _, stderr = command(t, strings.Fields(args)...)
		require.Equal(t, exitError, code, args)
		require.Contains(t, stderr, "not every chain has a draw yet")
	}
	require.NoError(t, os.Remove("run/draws.bin"))
	for args, want := range map[string]string{"plot run all": "there is nothing to draw", "report run": "there is nothing to report"} {
		code, _, stderr = command(t, strings.Fields(args)...)
		require.Equal(t, exitError, code, args)
		require.Contains(t, stderr, want)
	}
}

// TestPlotSeveralTraits: a run with two traits, missing values and one chain, random
// walks and fixed parameters.
func TestPlotSeveralTraits(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("t.nwk", []byte("((a:1,b:1)clade:1,(c:1,(d:0.5,e:0.5):0.5):1);"), 0o600))
	require.NoError(t, os.WriteFile("c.csv", []byte("taxon,mass,body length\na,1,2\nb,1.5,\nc,3,4\nd,2.5,3\ne,,5\nzz,1,1\n"), 0o600))
	args := []string{"sample", "--tree", "t.nwk", "--traits", "c.csv", "--trait", "mass,body length", "--quiet", "--device", "cpu", "--draws", "40"}
	code, _, stderr := command(t, append(args, "--chains", "1", "--warmup", "50", "--out", "run")...)
	require.Zero(t, code, stderr)
	require.Equal(t, parameterKinds+" tree phenogram phylomorphospace", plotted(t, "run"))
	require.Equal(t, parameterKinds+" tree phenogram phylomorphospace", plotted(t, "run", "--trait", "body length,mass", "--parameter", "correlation", "--parameter", "sigma_sq[mass]"))
	code, _, stderr = command(t, "plot", "run", "phylomorphospace", "--trait", "mass")
	require.Equal(t, exitUsage, code)
	require.Contains(t, stderr, "takes two traits")
	code, _, stderr = command(t, "report", "run")
	require.Zero(t, code, stderr)
	words := reportWords(t, "run/report.html")
	for _, want := range []string{"Model bm of mass, body length", "4 tips have a value, 1 missing", "1 row, ignored: zz", "clade", "a and b", "--trait 'mass,body length'", "Rings: tips without a value.", "lkj(", "Lewandowski", "correlation[mass,body length]"} {
		require.Contains(t, words, want)
	}

	code, _, stderr = command(t, append(args, "--chains", "2", "--warmup", "50", "--algorithm", "rw", "--fix", "tau_sq=0.1", "--state-draws", "0", "--out", "walk")...)
	require.Zero(t, code, stderr)
	require.Equal(t, "density trace rank autocorrelation pairs", plotted(t, "walk"))
	code, _, stderr = command(t, "plot", "walk", "energy")
	require.Equal(t, exitError, code)
	require.Contains(t, stderr, "a random walk, which has no energies")
	code, _, stderr = command(t, "plot", "walk", "tree")
	require.Equal(t, exitError, code)
	require.Contains(t, stderr, "made with --state-draws 0")
	code, _, stderr = command(t, "report", "walk")
	require.Zero(t, code, stderr)
	require.Contains(t, reportWords(t, "walk/report.html"), "fixed at 0.1")

	// What is fixed altogether has nothing but states to draw.
	code, _, _ = command(t, "sample", "--tree", "t.nwk", "--traits", "c.csv", "--trait", "mass", "--quiet", "--device", "cpu", "--draws", "40", "--chains", "2", "--warmup", "10",
		"--root", "pinned=1", "--fix", "sigma_sq=1", "--fix", "tau_sq=0.1", "--out", "fixed")
	if code == exitOK {
		plotted(t, "fixed")
		code, _, stderr = command(t, "report", "fixed")
		require.Zero(t, code, stderr)
	}
}

// TestPlotShapes: landmarks have their own picture, and single coordinates on request.
func TestPlotShapes(t *testing.T) {
	t.Chdir(t.TempDir())
	code, _, stderr := command(t, "sample", "--model", "kunita", "--steps", "4", "--chains", "2", "--warmup", "10", "--draws", "10", "--algorithm", "rw", "--device", "cpu", "--quiet", "--out", "run")
	require.Zero(t, code, stderr)
	require.Equal(t, "density trace rank autocorrelation pairs shapes", plotted(t, "run"))
	code, _, stderr = command(t, "plot", "run", "tree")
	require.Equal(t, exitError, code)
	require.Contains(t, stderr, "the run is on landmark shapes: shapes draws them, and --trait x1 takes one coordinate")
	code, stdout, stderr := command(t, "plot", "run", "tree", "--trait", "x1")
	require.Zero(t, code, stderr)
	requirePicture(t, strings.TrimSpace(stdout))
	code, _, stderr = command(t, "report", "run")
	require.Zero(t, code, stderr)
	words := reportWords(t, "run/report.html")
	require.Contains(t, words, "Model kunita of 16 landmarks")
	require.Contains(t, words, "Shapes on the tree")
}

// TestPlotMerged: a merged run has pictures and a report.
func TestPlotMerged(t *testing.T) {
	args := stored(t, "--draws", "40")
	code, _, stderr := command(t, append(args, "--seed", "2", "--out", "run2")...)
	require.Zero(t, code, stderr)
	code, _, stderr = command(t, "merge", "run", "run2", "--out", "both", "--quiet")
	require.Zero(t, code, stderr)
	require.Equal(t, parameterKinds+" tree phenogram", plotted(t, "both"))
	code, _, stderr = command(t, "report", "both")
	require.Zero(t, code, stderr)
	require.Contains(t, reportWords(t, "both/report.html"), "hxgpu merge run run2 --out both-again")
}

// TestPlotHugeTree: a run on 10,000 tips is drawn and reported in seconds.
func TestPlotHugeTree(t *testing.T) {
	if testing.Short() {
		t.Skip("draws trees of 10,000 tips")
	}
	t.Chdir(t.TempDir())
	code, _, stderr := command(t, "simulate", "--tips", "10000", "--random-tree", "--height", "10", "--trait", "mass", "--set", "sigma_sq=0.1", "--set", "tau_sq=0.01", "--root", "pinned=2", "--out", "made")
	require.Zero(t, code, stderr)
	code, _, stderr = command(t, "sample", "--tree", "made/tree.nwk", "--traits", "made/traits.csv", "--trait", "mass", "--chains", "2", "--warmup", "10", "--draws", "10", "--state-draws", "20", "--device", "cpu", "--quiet", "--out", "run")
	require.Zero(t, code, stderr)
	began := time.Now()
	require.Equal(t, parameterKinds+" tree phenogram", plotted(t, "run"))
	drawn := time.Since(began)
	code, _, stderr = command(t, "report", "run")
	require.Zero(t, code, stderr)
	t.Logf("all pictures of 10,000 tips in %v, the report in %v", drawn, time.Since(began)-drawn)
	words := reportWords(t, "run/report.html")
	require.Contains(t, words, " nodes; ancestral.csv has all, tips too")
	info, err := os.Stat("run/report.html")
	require.NoError(t, err)
	require.Less(t, info.Size(), int64(20<<20))
}

// TestExactDensity: the density of the built-in example's exact posterior integrates to
// 1 and has the mean of its table.
func TestExactDensity(t *testing.T) {
	s := builtIn()
	c := modelFlags{model: "seed"}
	m, err := c.build(s.traits, s.data)
	require.NoError(t, err)
	for name, e := range analyticSeed(m, s.data, 321) {
		sum, mean := 0.0, 0.0
		const n, top = 400_000, 40.0
		for i := range n {
			x := top * (float64(i) + 0.5) / n
			w := e.density(x) * top / n
			sum, mean = sum+w, mean+x*w
		}
		require.InDelta(t, 1, sum, 2e-3, name)
		require.InEpsilon(t, e.Mean, mean, 0.01, name)
		require.Zero(t, e.density(-1))
	}
}

// TestPicturedPriors: what is drawn of a parameter has its prior and bounds.
func TestPicturedPriors(t *testing.T) {
	stored(t, "--draws", "40", "--root", "normal=1,2", "--prior", "sigma_sq=uniform(0.1,50)")
	r, err := openStoredRun("run")
	require.NoError(t, err)
	defer r.close()
	chosen, every, err := r.pictured(nil, 10, thinned)
	require.NoError(t, err)
	require.Equal(t, 1, every)
	require.Equal(t, 4, chosen.count)
	sigma, tau, heritability, root := chosen.shown[0], chosen.shown[1], chosen.shown[2], chosen.shown[3]
	require.Nil(t, heritability.Prior)
	require.Equal(t, [2]float64{0, math.Inf(1)}, [2]float64{heritability.Low, heritability.High})
	require.Equal(t, [2]float64{0.1, 50}, [2]float64{sigma.Low, sigma.High})
	require.InEpsilon(t, 1/49.9, sigma.Prior(3), 1e-9)
	of, err := r.model.Parameter("tau_sq")
	require.NoError(t, err)
	require.Equal(t, of.Prior.Density(0.3, 1), tau.Prior(0.3))
	require.Equal(t, prior.Normal(1, 2).Density(0.5, 1), root.Prior(0.5))
	require.Nil(t, tau.Exact)
	require.Len(t, root.Draws, 2)
	require.Len(t, root.Draws[0], 40)
}

// TestTake takes one draw in every.
func TestTake(t *testing.T) {
	x := []float64{0, 1, 2, 3, 4, 5, 6}
	require.Equal(t, x, take(x, 1, 7))
	require.Equal(t, []float64{0, 3, 6}, take(x, 3, 3))
}

// TestPlotHelp: help has a line for every kind.
func TestPlotHelp(t *testing.T) {
	code, stdout, _ := command(t, "plot", "--help")
	require.Zero(t, code)
	for _, name := range kindNames() {
		require.Contains(t, stdout, fmt.Sprintf("\n  %-18s", name))
	}
	require.Equal(t, append(slices.Clone(runstore.Plots), allKinds), kindNames(), "what --overwrite removes")
}

// TestPlotSharedData: runs on real data of all kinds are drawn and reported.
func TestPlotSharedData(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", "..", "..", "shared", "data"))
	require.NoError(t, err)
	if _, err := os.Stat(root); err != nil {
		t.Skip("the folder of real data, ../shared/data beside the checkout, is missing")
	}
	t.Chdir(t.TempDir())
	for _, c := range sharedCommands {
		if !strings.HasPrefix(c.args, "sample") {
			continue
		}
		args := strings.ReplaceAll(c.args, "@", "--tree %tree.nwk --traits %traits.csv")
		args = strings.ReplaceAll(args, "%", filepath.Join(root, c.folder)+string(filepath.Separator))
		code, _, stderr := command(t, append(strings.Fields(args), "--out", "run", "--overwrite", "--quiet", "--device", "cpu")...)
		require.Zero(t, code, "%s: %s", c.args, stderr)
		kinds := plotted(t, "run")
		require.Contains(t, kinds, "density trace rank autocorrelation pairs", c.args)
		require.True(t, strings.HasSuffix(kinds, " shapes") || strings.Contains(kinds, " tree phenogram"), c.args)
		code, _, stderr = command(t, "report", "run", "--quiet")
		require.Zero(t, code, "%s: %s", c.args, stderr)
		require.Contains(t, reportWords(t, "run/report.html"), "The run is finished")
	}
}
