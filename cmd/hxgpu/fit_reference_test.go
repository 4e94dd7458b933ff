package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// maximumLikelihood are phylolm's maximum likelihood fits (R 4.2.2, ape 5.7-1, phylolm
// 2.6.7); a name and a value of 0 stand for no further parameter. Of birds under ou it
// gives -576.752012 at the same parameters, where a Cholesky factor of the dense covariance
// of all 8,509 tips gives the figure below.
var maximumLikelihood = []struct {
	folder, args   string
	parameter      string
	value          float64
	sigmaSq, mean  float64 // the root, or the optimum
	logLikelihood  float64
	meanParameters string
}{
	{"geospiza", "--trait wingL --model bm", "", 0, 0.070545679, 4.2059526, 8.243268624, "root"},
	{"geospiza", "--trait wingL --model lambda", "lambda", 0.6262254, 0.029501682, 4.2117374, 9.729565009, "root"},
	{"anole", "--trait SVL --model bm", "", 0, 0.018223362, 4.0535071, 5.256120741, "root"},
	{"anole", "--trait SVL --model eb", "b", -0.220668, 0.047021934, 4.0548053, 6.617709565, "root"},
	{"caniformia", "--trait ln_body_size --model bm", "", 0, 0.12353068, 2.8649758, -168.6034833, "root"},
	{"caniformia", "--trait ln_body_size --model ou --root optimum", "alpha", 0.008074277, 0.13107131, 2.8597805, -168.2770114, "theta"},
	{"caniformia", "--trait ln_body_size --model ou --root stationary", "alpha", 0.01207805, 0.13536518, 2.8546815, -169.0146428, "theta"},
	{"caniformia", "--trait ln_body_size --model lambda", "lambda", 0.988788, 0.099101797, 2.8613591, -165.2822297, "root"},
	{"mammal_garland", "--trait log(bodyMass) --model bm", "", 0, 0.077990438, 4.6168639, -75.07850819, "root"},
	{"mammal_garland", "--trait log(bodyMass) --model ou", "alpha", 0.007980643, 0.090508096, 4.5773575, -74.6409139, "theta"},
	{"ornithodirans_fossil", "--trait log_mass --model bm", "", 0, 0.20626154, 9.6417266, -795.3957191, "root"},
	{"ornithodirans_fossil", "--trait log_mass --model ou", "alpha", 0.008932223, 0.22930655, 11.71879, -784.5536789, "theta"},
	{"whales", "--trait lnlength --model bm", "", 0, 0.011976413, 1.708561, -23.16811871, "root"},
	{"birds_avonet", "--trait log_Wing.Length --model bm", "", 0, 0.0096885324, 5.1976927, -1065.891207, "root"},
	{"birds_avonet", "--trait log_Wing.Length --model ou", "alpha", 0.02789524, 0.011608404, 5.132793, -576.7776710529, "theta"},
	{"birds_avonet", "--trait log_Wing.Length --model lambda", "lambda", 0.9765106, 0.0021939694, 5.1930313, 3080.40179, "root"},
	{"revbayes_cont_traits", "--trait 1 --model bm", "", 0, 0.0061419432, 2.9883842, 50.97664929, "root"},
}

// TestMaximumLikelihood: log likelihoods within 1e-4 of phylolm's or better, parameters
// within a thousandth where the likelihood is not better.
func TestMaximumLikelihood(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", "..", "..", "shared", "data"))
	require.NoError(t, err)
	if _, err := os.Stat(root); err != nil {
		t.Skip("the folder of real data, ../shared/data beside the checkout, is missing")
	}
	for _, tt := range maximumLikelihood {
		t.Run(tt.folder+" "+tt.args, func(t *testing.T) {
			files := "--tree %/tree.nwk --traits %/traits.csv"
			if tt.folder == "revbayes_cont_traits" {
				files = "--tree %/primates_tree.nex --traits %/primates_cont_traits.nex"
			}
			args := strings.Fields(strings.ReplaceAll("fit --json "+files, "%", filepath.Join(root, tt.folder)) + " " + tt.args)
			began := time.Now()
			code, stdout, stderr := command(t, args...)
			require.Zero(t, code, stderr)
			took := time.Since(began)
			var record fitRecord
			require.NoError(t, json.Unmarshal([]byte(stdout), &record))
			found := map[string]float64{}
			for _, e := range record.Estimates {
				found[e.Name] = float64(e.Estimate)
			}
			got := float64(record.LogLikelihood)
			t.Logf("log likelihood %.8f, listed %.8f; %v; %v", got, tt.logLikelihood, found, took.Round(time.Millisecond))
			require.GreaterOrEqual(t, got, tt.logLikelihood-1e-4)
			if got > tt.logLikelihood+1e-4 {
				t.Logf("better than listed by %.3g", got-tt.logLikelihood)
				return
			}
			require.InEpsilon(t, tt.sigmaSq, found["sigma_sq"], 1e-3)
			require.InEpsilon(t, tt.mean, found[tt.meanParameters], 1e-3)
			if tt.parameter != "" {
				require.InEpsilon(t, tt.value, found[tt.parameter], 1e-3)
			}
		})
	}
}

// TestMaximumLikelihoodOfSeveralTraits: six traits of anoles, Brownian motion.
func TestMaximumLikelihoodOfSeveralTraits(t *testing.T) {
	folder, err := filepath.Abs(filepath.Join("..", "..", "..", "shared", "data", "anole"))
	require.NoError(t, err)
	if _, err := os.Stat(folder); err != nil {
		t.Skip("the folder of real data, ../shared/data beside the checkout, is missing")
	}
	code, stdout, stderr := command(t, "fit", "--json", "--tree", filepath.Join(folder, "tree.nwk"), "--traits", filepath.Join(folder, "traits.csv"), "--trait", "SVL,HL,HLL,FLL,LAM,TL")
	require.Zero(t, code, stderr)
	var record fitRecord
	require.NoError(t, json.Unmarshal([]byte(stdout), &record))
	require.InDelta(t, 502.798914813, float64(record.LogLikelihood), 1e-4)
	want := map[string]float64{"root[SVL]": 4.05350706, "root[HL]": 2.915545179, "root[HLL]": 3.741872335, "root[FLL]": 3.168409637, "root[LAM]": 2.987099262, "root[TL]": 4.631802390}
	for _, e := range record.Estimates {
		if x, ok := want[e.Name]; ok {
			require.InEpsilon(t, x, float64(e.Estimate), 1e-3, e.Name)
			delete(want, e.Name)
		}
		require.False(t, math.IsNaN(float64(e.Error)), "%s has no standard error", e.Name)
	}
	require.Empty(t, want)
}
