package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// modelRuns are settings of the models of one and of two traits, with the parameters
// that sampling reports.
var modelRuns = []struct {
	model, traits, set string
	parameters         string
}{
	{"trend", "mass", "sigma_sq=0.2 drift=0.5 tau_sq=0.01", "sigma_sq drift tau_sq heritability root"},
	{"eb", "mass", "sigma_sq=0.2 b=-0.5 tau_sq=0.01", "sigma_sq b tau_sq present_rate root"},
	{"eb", "mass,length", "R=[[.2,.1],[.1,.3]] b=0.2 tau_sq=0.01", "sigma_sq[mass] sigma_sq[length] correlation[mass,length] b tau_sq[mass] tau_sq[length] present_rate[mass] present_rate[length] root[mass] root[length]"},
	{"lambda", "mass", "sigma_sq=0.2 lambda=0.7", "sigma_sq lambda root"},
	{"white", "mass,length", "sigma_sq=0.2", "sigma_sq[mass] sigma_sq[length] correlation[mass,length] root[mass] root[length]"},
	{"ou", "mass", "sigma_sq=0.2 alpha=1 theta=3;5 tau_sq=0.01", "sigma_sq alpha theta[forest] theta[open] tau_sq half_life stationary_variance repeatability root"},
	{"rates", "mass", "sigma_sq=0.2,1 tau_sq=0.01", "sigma_sq[forest] sigma_sq[open] tau_sq root"},
	{"rates", "mass,length", "sigma_sq=0.2,1;2,3 C=[[1,.5],[.5,1]] tau_sq=0.01", "sigma_sq[forest,mass] sigma_sq[forest,length] sigma_sq[open,mass] sigma_sq[open,length] correlation[mass,length] tau_sq[mass] tau_sq[length] root[mass] root[length]"},
	{"mvou", "mass,length", "sigma_sq=0.2 A=[[1,.5],[-.2,.8]] theta=3,4 tau_sq=0.01",
		"sigma_sq[mass] sigma_sq[length] correlation[mass,length] alpha[mass] alpha[length] pull_correlation[mass,length] rotation[mass,length] theta[mass] theta[length] tau_sq[mass] tau_sq[length] stationary_variance[mass] stationary_variance[length] repeatability[mass] repeatability[length] root[mass] root[length]"},
	{"mvou", "mass,length", "sigma_sq=0.2 alpha=1 theta=3,4,5,6 tau_sq=0.01",
		"sigma_sq[mass] sigma_sq[length] correlation[mass,length] alpha[mass] alpha[length] pull_correlation[mass,length] rotation[mass,length] theta[forest,mass] theta[forest,length] theta[open,mass] theta[open,length] tau_sq[mass] tau_sq[length] stationary_variance[mass] stationary_variance[length] repeatability[mass] repeatability[length] root[mass] root[length]"},
}

// regimeTree is a tree of two regimes, as a stochastic map.
const regimeTree = "(((a:{open,1},b:{open,0.5:forest,0.5})x:{forest,0.5},(c:{forest,1},d:{forest,1.5}):{forest,0.5}):{forest,0.7},((e:{open,1},f:{open,0.2:forest,1}):{open,0.5},g:{open,1:forest,1}):{forest,1});\n"

// TestModelsRun: every model simulates on a tree with regimes; what it wrote has a
// likelihood at the same parameters, samples, resumes, is checked, and has all
// parameters with finite summaries.
func TestModelsRun(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("map.nwk", []byte(regimeTree), 0o600))
	for i, c := range modelRuns {
		name := fmt.Sprintf("%s %s", c.model, c.traits)
		folder, run := fmt.Sprint("made", i), fmt.Sprint("run", i)
		var set []string
		for field := range strings.FieldsSeq(c.set) {
			set = append(set, "--set", field)
		}
		regimes := strings.Contains(c.parameters, "[forest")
		made := append([]string{"simulate", "--tree", "map.nwk", "--model", c.model, "--trait", c.traits, "--out", folder}, set...)
		files := []string{"--tree", filepath.Join(folder, "tree.nwk"), "--traits", filepath.Join(folder, "traits.csv"), "--model", c.model, "--trait", c.traits}
		if regimes {
			made, files = append(made, "--regimes", "map"), append(files, "--regimes", "annotation=regime")
		}
		code, _, stderr := command(t, made...)
		require.Zero(t, code, "%s\n%s", name, stderr)
		code, stdout, stderr := command(t, append(append([]string{"loglik", "--quiet", "--gradient", "--root", "pinned=1"}, files...), set...)...)
		require.Zero(t, code, "%s\n%s", name, stderr)
		value, _, _ := strings.Cut(stdout, "\n")
		l, err := strconv.ParseFloat(value, 64)
		require.NoError(t, err, name)
		require.Less(t, math.Abs(l), 1e4, name)
		code, stdout, stderr = command(t, append([]string{"sample", "--json", "--warmup", "60", "--draws", "40", "--out", run}, files...)...)
		require.Zero(t, code, "%s\n%s", name, stderr)
		var names []string
		for parameter, p := range parseSummary(t, stdout).Parameters {
			names = append(names, parameter)
			require.False(t, math.IsNaN(p.Mean) || math.IsInf(p.Mean, 0), name)
			require.Positive(t, p.SD, name)
		}
		require.ElementsMatch(t, strings.Fields(c.parameters), names, name)
		code, _, stderr = command(t, "sample", "--resume", run, "--draws", "50")
		require.Zero(t, code, "%s\n%s", name, stderr)
		checked := checkedRun(t, run)
		require.Len(t, checked.LeaveOneOut.Tips, 7, name)
		require.False(t, math.IsNaN(checked.LeaveOneOut.ELPD), name)
		require.NotEmpty(t, checked.Predictive.Statistics, name)
	}
}

// TestRegimesOfAllKinds: a map, the same as annotations of the cut tree, and a factor
// give the likelihoods that they must; the report counts edges and lengths.
func TestRegimesOfAllKinds(t *testing.T) {
	t.Chdir(t.TempDir())
	write := func(name, text string) { require.NoError(t, os.WriteFile(name, []byte(text), 0o600)) }
	write("map.nwk", regimeTree)
	write("cut.nwk", "(((a[&w=open]:1,(b[&w=open]:0.5)[&w=forest]:0.5)x[&w=forest]:0.5,(c[&w=forest]:1,d[&w=forest]:1.5)[&w=forest]:0.5)[&w=forest]:0.7,"+
		"((e[&w=open]:1,(f[&w=open]:0.2)[&w=forest]:1)[&w=open]:0.5,(g[&w=open]:1)[&w=forest]:1)[&w=forest]:1);")
	write("plain.nwk", "((a:1,b:1)x:0.5,(c:1,d:1.5):0.5);")
	write("parsimony.nwk", "((a[&w=open]:1,b[&w=open]:1)x[&w=open]:0.5,(c[&w=forest]:1,d[&w=forest]:1.5)[&w=forest]:0.5)[&w=forest];")
	write("c.csv", "taxon,m,h\na,1,open\nb,2,open\nc,0.5,forest\nd,1,?\ne,3,open\nf,2,open\ng,1,\n")
	loglik := func(args ...string) (value float64, header string) {
		code, stdout, stderr := command(t, append([]string{"loglik", "--traits", "c.csv", "--trait", "m", "--model", "ou", "--root", "optimum", "--set", "sigma_sq=1",
			"--set", "alpha=0.7", "--set", "theta=1,3", "--set", "tau_sq=0.1"}, args...)...)
		require.Zero(t, code, stderr)
		_, number, _ := strings.Cut(stdout, "= ")
		_, err := fmt.Sscan(number, &value)
		require.NoError(t, err)
		return value, stdout
	}
	mapped, header := loglik("--tree", "map.nwk", "--regimes", "map")
	require.Contains(t, header, "by the tree's stochastic map, edges cut at 3 places")
	require.Contains(t, header, "forest: 9 edges, total length 7.7")
	require.Contains(t, header, "open: 6 edges, total length 4.2")
	cut, _ := loglik("--tree", "cut.nwk", "--regimes", "annotation=w")
	require.InDelta(t, cut, mapped, 1e-12)
	factor, header := loglik("--tree", "plain.nwk", "--regimes", "factor=h")
	require.Contains(t, header, "by the column h, inner edges by parsimony, as those of 1 tip without a state; 1 change, beginning with forest")
	same, _ := loglik("--tree", "parsimony.nwk", "--regimes", "annotation=w")
	require.InDelta(t, same, factor, 1e-12)

	star, table := "", "taxon,m\n"
	for i := range 60 {
		star += fmt.Sprintf(",t%d:1", i)
		table += fmt.Sprintf("t%d,0.%d\n", i, i)
	}
	write("star.nwk", "("+star[1:]+");")
	write("star.csv", table)
	code, _, stderr := command(t, "sample", "--tree", "star.nwk", "--traits", "star.csv", "--trait", "m", "--model", "rates", "--regimes", "factor=m")
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "--regimes factor=m: there are 60 regimes, 0.0, 0.1,")
}

// TestSimulateSettled: the root is at the optimum, or is drawn from what the process
// settles to: of 120 seeds the squared distance in standard deviations has the mean 1
// within 4.5 of its own (a right one fails once in 150,000 runs), and of two traits it
// is chi-squared of 2.
func TestSimulateSettled(t *testing.T) {
	t.Chdir(t.TempDir())
	root := func(seed int, args ...string) (root []float64) {
		code, _, stderr := command(t, append([]string{"simulate", "--tips", "2", "--no-tip-noise", "--overwrite", "--quiet", "--out", "made", "--seed", fmt.Sprint(seed)}, args...)...)
		require.Zero(t, code, stderr)
		text, err := os.ReadFile(filepath.Join("made", "truth.json"))
		require.NoError(t, err)
		var truth struct{ Root []float64 }
		require.NoError(t, json.Unmarshal(text, &truth))
		return truth.Root
	}
	ou := strings.Fields("--model ou --set sigma_sq=2 --set alpha=0.5 --set theta=7 --root")
	require.Equal(t, []float64{7}, root(1, append(ou, "optimum")...))
	const n = 120
	sum := 0.0
	for seed := range n {
		x := root(seed, append(ou, "stationary")...)[0]
		sum += (x - 7) * (x - 7) / 2 // the variance is sigma_sq / (2 alpha)
	}
	require.InDelta(t, n, sum, 4.5*math.Sqrt(2*n))
	// A = I/2 + rotation keeps R = I as it is: the stationary covariance is I.
	mvou := strings.Fields("--model mvou --trait x,y --set sigma_sq=1 --set A=[[.5,3],[-3,.5]] --set theta=7,1 --root stationary")
	sum = 0
	for seed := range n {
		x := root(seed, mvou...)
		sum += (x[0]-7)*(x[0]-7) + (x[1]-1)*(x[1]-1)
	}
	require.InDelta(t, 2*n, sum, 4.5*math.Sqrt(4*n))
}

// TestModelsExplained: every model is listed and explained, and for data its priors are
// those that sampling takes.
func TestModelsExplained(t *testing.T) {
	t.Chdir(t.TempDir())
	code, list, stderr := command(t, "models")
	require.Zero(t, code, stderr)
	require.NoError(t, os.WriteFile("map.nwk", []byte(regimeTree), 0o600))
	require.NoError(t, os.WriteFile("c.csv", []byte("taxon,m\na,1\nb,2\nc,0.5\nd,1\ne,3\nf,2\ng,1\n"), 0o600))
	for _, e := range catalogue {
		require.Contains(t, list, "  "+e.name+" ")
		code, text, stderr := command(t, "models", e.name)
		require.Zero(t, code, stderr)
		require.Contains(t, text, e.short)
		require.Contains(t, text, "Example:\n  hxgpu sample")
		for line := range strings.Lines(text) {
			require.LessOrEqual(t, len(line), 112, "%s: %s", e.name, line)
		}
		if e.build == nil && e.withRegimes == nil {
			continue
		}
		require.Contains(t, text, "  sigma_sq ")
		require.Contains(t, text, "Roots (--root): flat")
		files := []string{"--tree", "map.nwk", "--traits", "c.csv", "--trait", "m"}
		if e.withRegimes != nil {
			files = append(files, "--regimes", "map")
		}
		code, text, stderr = command(t, append([]string{"models", e.name}, files...)...)
		require.Zero(t, code, stderr)
		code, header, stderr := command(t, append([]string{"sample", "--model", e.name, "--warmup", "20", "--draws", "4", "--chains", "2"}, files...)...)
		require.Zero(t, code, stderr)
		found := 0
		for line := range strings.Lines(header) {
			if strings.Contains(line, " ~ ") && strings.HasPrefix(line, " ") {
				require.Contains(t, text, line)
				found++
			}
		}
		require.Positive(t, found)
	}
}

// TestTrendWarning: on an ultrametric tree the drift is not known, and it is said.
func TestTrendWarning(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("even.nwk", []byte("((a:1,b:1):1,c:2);"), 0o600))
	require.NoError(t, os.WriteFile("odd.nwk", []byte("((a:1,b:1.5):1,c:2);"), 0o600))
	require.NoError(t, os.WriteFile("c.csv", []byte("taxon,m\na,1\nb,2\nc,0.5\n"), 0o600))
	const warning = "warning: all tips are as far from the root"
	for _, c := range []struct {
		args string
		want bool
	}{{"--tree even.nwk", true}, {"--tree even.nwk --root pinned=0", false}, {"--tree odd.nwk", false}} {
		code, _, stderr := command(t, append(strings.Fields("sample --model trend --traits c.csv --trait m --warmup 20 --draws 4"), strings.Fields(c.args)...)...)
		require.Zero(t, code, stderr)
		require.Equal(t, c.want, strings.Contains(stderr, warning), c.args)
	}
}
