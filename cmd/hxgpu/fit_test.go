package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFit fits simulated traits, compares models, writes files and begins sampling there.
func TestFit(t *testing.T) {
	t.Chdir(t.TempDir())
	code, _, stderr := command(t, strings.Fields("simulate --tips 60 --random-tree --height 10 --trait mass --set sigma_sq=0.3 --set tau_sq=0.2 --root pinned=2 --seed 3 --out example --quiet")...)
	require.Zero(t, code, stderr)
	files := []string{"--tree", "example/tree.nwk", "--traits", "example/traits.csv", "--trait", "mass"}
	code, stdout, stderr := command(t, append([]string{"fit", "--tip-noise", "--out", "fitted"}, files...)...)
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "sigma_sq")
	require.Contains(t, stdout, "with 3 parameters and 60 observed values")
	text, err := os.ReadFile(filepath.Join("fitted", fitJSON))
	require.NoError(t, err)
	var record fitRecord
	require.NoError(t, json.Unmarshal(text, &record))
	// The likelihood at the estimates, and no higher around them.
	at := func(sigma, tau, root float64) float64 {
		_, stdout, _ := command(t, append([]string{"loglik", "--quiet", "--root", "pinned=" + fitFigureExact(root), "--set", "sigma_sq=" + fitFigureExact(sigma), "--set", "tau_sq=" + fitFigureExact(tau)}, files...)...)
		var value float64
		require.NoError(t, json.Unmarshal([]byte(strings.TrimSpace(stdout)), &value))
		return value
	}
	var x []float64
	for _, e := range record.Estimates {
		x = append(x, float64(e.Estimate))
		require.Less(t, float64(e.Low), float64(e.Estimate))
		require.Greater(t, float64(e.High), float64(e.Estimate))
	}
	most := at(x[0], x[1], x[2])
	require.InDelta(t, float64(record.LogLikelihood), most, 1e-9)
	for i := range x {
		for _, f := range []float64{0.98, 1.02} {
			y := append([]float64(nil), x...)
			y[i] *= f
			require.Less(t, at(y[0], y[1], y[2]), most)
		}
	}
	code, _, stderr = command(t, append(strings.Fields("sample --root estimated --start file=fitted/start.csv --warmup 20 --draws 20 --chains 2 --quiet"), files...)...)
	require.Zero(t, code, stderr)
	code, _, stderr = command(t, append([]string{"fit", "--out", "fitted"}, files...)...)
	require.Equal(t, exitError, code)
	require.Contains(t, stderr, "add --overwrite")

	code, stdout, stderr = command(t, append([]string{"fit", "--compare", "bm,ou,white,lambda", "--json"}, files...)...)
	require.Zero(t, code, stderr)
	var records []struct {
		fitRecord
		Weight float64 `json:"akaike_weight"`
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &records))
	require.Len(t, records, 4)
	total := 0.0
	for i, r := range records {
		total += r.Weight
		if i > 0 {
			require.GreaterOrEqual(t, float64(r.AICc), float64(records[i-1].AICc))
		}
	}
	require.InDelta(t, 1, total, 1e-12)
	// Nested models: lambda holds bm and white.
	likelihoods := map[string]float64{}
	for _, r := range records {
		likelihoods[r.Model] = float64(r.LogLikelihood)
	}
	require.GreaterOrEqual(t, likelihoods["lambda"], math.Max(likelihoods["bm"], likelihoods["white"])-1e-9)

	for args, message := range map[string]string{
		"--model eb --compare bm,ou":      "keep one",
		"--compare bm":                    "two models or more",
		"--compare bm,oz":                 "there is no such model (did you mean",
		"--compare bm,ou --root flat":     "--root estimated",
		"--starts 0":                      "--starts 0",
		"--overwrite":                     "goes with --out",
		"--model kunita":                  "use hxgpu sample",
		"--fix sigma=1":                   "no such parameter",
		"--model bm --root optimum":       "has no optimum",
		"--compare bm,ou --fix alpha=0.1": "not with --compare",
	} {
		code, _, stderr := command(t, append(append([]string{"fit"}, files...), strings.Fields(args)...)...)
		require.Equal(t, exitUsage, code, args)
		require.Contains(t, stderr, message, args)
	}
}

func fitFigureExact(x float64) string { return joinNumbers([]float64{x}) }

// TestFitOfZeroLengths: exact tips on edges of length 0 have a likelihood through the
// little variance that is given to them, and the command says so.
func TestFitOfZeroLengths(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("T.nwk", []byte("(((a:0,b:1):1,c:2):1,(d:1,e:1.5):1,f:3);"), 0o644))
	require.NoError(t, os.WriteFile("C.csv", []byte("taxon,x,y\na,1,2\nb,1.5,1\nc,3,\nd,2,0\ne,2.5,-3\nf,4,8\n"), 0o644))
	code, stdout, stderr := command(t, "fit", "--tree", "T.nwk", "--traits", "C.csv", "--trait", "x")
	require.Zero(t, code, stderr)
	require.Contains(t, stderr, "edges of length 0")
	require.Contains(t, stdout, "log likelihood")
	// Two exact tips at one place have no likelihood; with noise they do.
	require.NoError(t, os.WriteFile("Z.nwk", []byte("(((a:0,b:0):1,c:2):1,(d:1,e:1.5):1,f:3);"), 0o644))
	code, _, stderr = command(t, "fit", "--tree", "Z.nwk", "--traits", "C.csv", "--trait", "x")
	require.Equal(t, exitError, code)
	require.Contains(t, stderr, `the tips "a" and "b" are at no distance`)
	code, _, stderr = command(t, "fit", "--tree", "Z.nwk", "--traits", "C.csv", "--trait", "x", "--tip-noise", "--quiet")
	require.Zero(t, code, stderr)
	// A logarithm of a column, and of one that has none.
	code, _, stderr = command(t, "fit", "--tree", "T.nwk", "--traits", "C.csv", "--trait", "log(x)", "--quiet")
	require.Zero(t, code, stderr)
	code, _, stderr = command(t, "fit", "--tree", "T.nwk", "--traits", "C.csv", "--trait", "log(y)")
	require.Equal(t, exitError, code)
	require.Contains(t, stderr, `C.csv:5:5: taxon "d": log(0) is not defined`)
	// Below the root: the tips without values are as good as dropped.
	require.NoError(t, os.WriteFile("D.csv", []byte("taxon,x\na,1\nb,1.5\nc,3\n"), 0o644))
	code, stdout, stderr = command(t, "fit", "--tree", "T.nwk", "--traits", "D.csv", "--trait", "x")
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "last common ancestor")
	require.NoError(t, os.WriteFile("E.csv", []byte("taxon,x\na,1\n"), 0o644))
	code, _, stderr = command(t, "fit", "--tree", "T.nwk", "--traits", "E.csv", "--trait", "x")
	require.Equal(t, exitError, code)
	require.Contains(t, stderr, "a single tip has values")
}
