package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/internal/runstore"
)

// pooledSummary is what the tests read of a set's summary.json.
type pooledSummary struct {
	Parameters map[string]struct {
		Mean, SD, Median float64
		MCSEMean         float64 `json:"mcse_mean"`
		Within           float64 `json:"mcse_mean_within_trees"`
		Low              float64 `json:"q2.5"`
		High             float64 `json:"q97.5"`
		Between          float64 `json:"share_between_trees"`
		Rhat             float64 `json:"worst_rhat"`
	}
	Trees []struct {
		Number, Divergences int
		Seed                uint64
		Findings            []string
	}
	Interrupted bool
}

func readPooled(t *testing.T, folder string) (s pooledSummary) {
	text, err := os.ReadFile(filepath.Join(folder, runstore.SummaryFile))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &s), string(text))
	return s
}

// writeTrees writes trees of the same tips, differing in their order, their topology
// and their lengths, and values of two traits.
func writeTrees(t *testing.T) {
	require.NoError(t, os.WriteFile("t.nex", []byte(`#NEXUS
begin trees;
  translate 1 a, 2 b_b, 3 'c c', 4 d, 5 e;
  tree first = [&R] (((1:1,2:1):1,3:2):1,(4:1.5,5:1.5):1.5);
  tree second = [&R] ((5:2,4:2):2,(3:3,(2:1,1:1):2):1);
  tree third = [&R] (((1:1,3:1):1,2:2):1,(4:1.5,5:1.5):1.5);
  tree fourth = [&R] [&W 1/4] ((1:1,2:1):2,(3:2,(4:1,5:1):1):1);
end;
`), 0o600))
	require.NoError(t, os.WriteFile("c.csv", []byte("taxon,x,y\ne,1,2\nd,1.5,1\nc c,-1,0\nb_b,-0.5,\na,0.2,1\n"), 0o600))
}

var shortTrees = []string{"sample", "--tree", "t.nex", "--traits", "c.csv", "--trait", "x", "--warmup", "80", "--draws", "60", "--chains", "2"}

func sameFile(t *testing.T, want, got string) {
	t.Helper()
	a, err := os.ReadFile(want)
	require.NoError(t, err)
	b, err := os.ReadFile(got)
	require.NoError(t, err)
	require.Equal(t, string(a), string(b), "%s and %s", want, got)
}

// TestTreeSet: every tree of a set has the run that it would have alone, and the
// pooled figures are those of all their draws.
func TestTreeSet(t *testing.T) {
	t.Chdir(t.TempDir())
	writeTrees(t)
	code, stdout, stderr := command(t, append(shortTrees, "--tree-index", "1,2,4", "--out", "set", "--trait", "x,y")...)
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "3 of the 4 in t.nex, numbers 1, 2, 4")
	require.Contains(t, stdout, "between")
	require.Contains(t, stderr, "the trees have weights, as [&W 1/4] of tree 4")

	// The run of a tree is an ordinary one, with the priors of the first tree.
	folder := mustFolder(t, "set/tree_0002")
	record, err := folder.ReadRun()
	require.NoError(t, err)
	require.Equal(t, runstore.Finished, record.Phase)
	alone := append(slices.Clone(shortTrees), "--tree-index", "2", "--trait", "x,y", "--out", "alone", "--seed", fmt.Sprint(record.Settings.Seed), "--root", record.Settings.Root)
	for _, p := range record.Parameters {
		alone = append(alone, "--prior", p.Name+"="+p.Prior)
	}
	code, _, stderr = command(t, alone...)
	require.Zero(t, code, stderr)
	for _, name := range []string{runstore.DrawsFile, "chain_1.csv", runstore.StatesFile, runstore.TreeFile, runstore.SummaryFile} {
		sameFile(t, filepath.Join("alone", name), folder.Path(name))
	}

	// So is the run of the file that repeats it, and the set of that of the set.
	for from, to := range map[string]string{"set/tree_0002": "repeated", "set": "repeated set"} {
		code, _, stderr = command(t, "sample", "--config", filepath.Join(from, runstore.SettingsFile), "--out", to, "--quiet")
		require.Zero(t, code, stderr)
	}
	for _, name := range []string{runstore.DrawsFile, runstore.StatesFile, runstore.SummaryFile} {
		sameFile(t, folder.Path(name), filepath.Join("repeated", name))
		sameFile(t, folder.Path(name), filepath.Join("repeated set", "tree_0002", name))
	}
	sameFile(t, "set/"+runstore.PooledDrawsFile, "repeated set/"+runstore.PooledDrawsFile)

	code, stdout, _ = command(t, "diagnose", "set")
	require.Equal(t, exitWarnings, code) // of so few draws
	require.Contains(t, stdout, "set is finished: 3 of 3 trees are finished")
	require.Regexp(t, `(?m)^4 +finished +2 x 60 .* ess_bulk`, stdout)
	code, stdout, _ = command(t, "diagnose", "set", "--json")
	require.Equal(t, exitWarnings, code)
	var judged struct {
		Trees []struct{ Run struct{ Draws int } }
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &judged))
	require.Len(t, judged.Trees, 3)
	require.Equal(t, 60, judged.Trees[2].Run.Draws)
	code, _, stderr = command(t, "export", "set", "--format", "zarr")
	require.Equal(t, exitError, code)
	require.Contains(t, stderr, "set holds no run of its own, but those of a set of 3 trees: name the folder of one, such as set/tree_0001")

	// The pooled figures, from the pooled draws.
	file, err := os.Open("set/" + runstore.PooledDrawsFile)
	require.NoError(t, err)
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 1+3*2*60)
	require.Equal(t, []string{"tree", "chain", "draw", "sigma_sq_x", "sigma_sq_y", "correlation_x_y", "tau_sq_x", "tau_sq_y", "heritability_x", "heritability_y", "root_x", "root_y"}, rows[0])
	sums := map[string]float64{}
	all := []float64{}
	for _, row := range rows[1:] {
		value, err := strconv.ParseFloat(row[3], 64)
		require.NoError(t, err)
		sums[row[0]] += value / 120
		all = append(all, value)
	}
	require.Len(t, sums, 3)
	s := readPooled(t, "set")
	p := s.Parameters["sigma_sq[x]"]
	mean := (sums["1"] + sums["2"] + sums["4"]) / 3
	require.InEpsilon(t, mean, p.Mean, 1e-12)
	slices.Sort(all)
	require.InDelta(t, (all[179]+all[180])/2, p.Median, 1e-12)
	require.Less(t, p.Within, p.MCSEMean+1e-15)
	require.Len(t, s.Trees, 3)
	require.NotEqual(t, s.Trees[0].Seed, s.Trees[1].Seed)

	// Clades: a and b are together in all three trees, the next one in two.
	text, err := os.ReadFile("set/" + runstore.StatesFile)
	require.NoError(t, err)
	states, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	require.NoError(t, err)
	posterior := map[string]string{}
	for _, row := range states[1:] {
		if row[3] != "" {
			tips := []string{row[2], row[3]}
			slices.Sort(tips)
			posterior[strings.Join(tips, "+")] = row[10]
		} else if row[4] == "x" {
			require.Equal(t, "1", row[10])
		}
	}
	require.Equal(t, map[string]string{"a+e": "1", "a+b_b": "1", "a+c c": "0.6666666666666666", "d+e": "1"}, posterior)

	// How many trees run at once changes nothing, nor which others are chosen.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	code, _, stderr = command(t, append(shortTrees, "--tree-index", "1-2", "--out", "fewer", "--trait", "x,y", "--quiet")...)
	require.Zero(t, code, stderr)
	sameRun(t, "set/tree_0002", "fewer/tree_0002")

	// Without a folder the figures are the same.
	code, stdout, stderr = command(t, append(shortTrees, "--tree-index", "1,2,4", "--trait", "x,y", "--json")...)
	require.Zero(t, code, stderr)
	var again pooledSummary
	require.NoError(t, json.Unmarshal([]byte(stdout), &again))
	require.Equal(t, s, again)
}

// TestTreeSetExact: of n tips on a star with edges of length t, without tip noise and
// from a flat root, sigma_sq has the posterior inverse_gamma(2+(n-1)/2, 0.01+S/2t).
// On two stars the pooled posterior is the mean of the two, within 4 Monte Carlo
// errors for mean, half of them in the share of the variance between; a chance failure
// has a probability below 1e-3, the seed is fixed.
func TestTreeSetExact(t *testing.T) {
	t.Chdir(t.TempDir())
	values := []float64{1, 2, 4, -1, 0.5, 3, 2.5, 1.1}
	table := "taxon,x\n"
	var star []string
	mean, squares := 0.0, 0.0
	for i, x := range values {
		table += fmt.Sprintf("t%d,%v\n", i, x)
		star = append(star, fmt.Sprintf("t%d:1", i))
		mean += x / float64(len(values))
	}
	for _, x := range values {
		squares += (x - mean) * (x - mean)
	}
	one := "(" + strings.Join(star, ",") + ");\n"
	require.NoError(t, os.WriteFile("c.csv", []byte(table), 0o600))
	require.NoError(t, os.WriteFile("t.nwk", []byte(one+strings.ReplaceAll(one, ":1", ":4")), 0o600))
	code, _, stderr := command(t, "sample", "--tree", "t.nwk", "--tree-index", "all", "--traits", "c.csv", "--trait", "x", "--no-tip-noise",
		"--prior", "sigma_sq=inverse_gamma(2,0.01)", "--out", "set", "--quiet", "--draws", "4000")
	require.Zero(t, code, stderr)
	a := 2 + float64(len(values)-1)/2
	var means, variances [2]float64
	for i, length := range []float64{1, 4} {
		b := 0.01 + squares/2/length
		means[i] = b / (a - 1)
		variances[i] = b * b / ((a - 1) * (a - 1) * (a - 2))
	}
	p := readPooled(t, "set").Parameters["sigma_sq"]
	require.InDelta(t, (means[0]+means[1])/2, p.Mean, 4*p.Within)
	between := (means[0] - means[1]) * (means[0] - means[1]) / 2 // of a sample of two
	within := (variances[0] + variances[1]) / 2
	require.InEpsilon(t, between/(between+within), p.Between, 0.05)
	require.InEpsilon(t, math.Sqrt(within+between/2), p.SD, 0.05)
	require.InEpsilon(t, math.Sqrt(between/2), p.MCSEMean, 0.05)
	require.Less(t, p.Rhat, 1.01) // of a tree: over both it would be about 2
}

// TestTreeSetResumes: a set that is killed or interrupted at random moments and goes on ends with the
// files of one that never was.
func TestTreeSetResumes(t *testing.T) {
	t.Chdir(t.TempDir())
	writeTrees(t)
	args := append(slices.Clone(shortTrees), "--tree-index", "2-", "--quiet", "--warmup", "300", "--draws", "2000", "--checkpoint-every", "20ms")
	began := time.Now()
	code, _, stderr := command(t, append(args, "--out", "whole")...)
	require.Zero(t, code, stderr)
	took := time.Since(began)
	random := rand.New(rand.NewPCG(1, 2))
	killed := 0
	for ended := false; !ended; {
		all := append(slices.Clone(args), "--out", "broken")
		if _, err := os.Stat(filepath.Join("broken", runstore.TreesFile)); err == nil {
			all = []string{"sample", "--resume", "broken", "--quiet", "--checkpoint-every", "20ms"}
		}
		cmd := process(all...)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		require.NoError(t, cmd.Start())
		if killed < 12 {
			stop := cmd.Process.Kill
			if killed%2 == 1 { // by Ctrl-C
				stop = func() error { return cmd.Process.Signal(os.Interrupt) }
			}
			timer := time.AfterFunc(time.Duration(random.Int64N(int64(took/3))), func() { stop() }) //nolint:errcheck // it may have ended
			defer timer.Stop()
		}
		err := cmd.Wait()
		var exit *exec.ExitError
		if ended = err == nil; !ended {
			require.True(t, errors.As(err, &exit) && (exit.ExitCode() == -1 || exit.ExitCode() == exitInterrupted), "%v: %v\n%s", all, err, out.String())
			killed++
		}
	}
	t.Logf("killed %d times", killed)
	require.Positive(t, killed)
	sameRun(t, "whole", "broken")

	// More draws of a finished set.
	code, _, stderr = command(t, "sample", "--resume", "broken", "--draws", "2100", "--quiet")
	require.Zero(t, code, stderr)
	code, _, stderr = command(t, append(args, "--out", "whole", "--overwrite", "--draws", "2100")...)
	require.Zero(t, code, stderr)
	sameRun(t, "whole", "broken")

	// A run takes the place of a set, and leaves nothing of it.
	code, _, stderr = command(t, append(slices.Clone(shortTrees), "--tree-index", "1", "--out", "whole")...)
	require.Equal(t, exitError, code)
	require.Contains(t, stderr, "whole holds a run already (trees.json)")
	code, _, stderr = command(t, append(slices.Clone(shortTrees), "--tree-index", "1", "--out", "whole", "--overwrite")...)
	require.Zero(t, code, stderr)
	entries, err := os.ReadDir("whole")
	require.NoError(t, err)
	for _, e := range entries {
		require.NotContains(t, e.Name(), "tree_")
		require.NotContains(t, []string{runstore.TreesFile, runstore.PooledDrawsFile, runstore.PooledTableFile}, e.Name())
	}
}

// TestTreeSetRefuses: what is wrong with a set of trees is said in words.
func TestTreeSetRefuses(t *testing.T) {
	t.Chdir(t.TempDir())
	writeTrees(t)
	require.NoError(t, os.WriteFile("other.nwk", []byte("((a:1,b:1):1,c:2);\n((a:1,b:1):1,d:2);\n"), 0o600))
	require.NoError(t, os.WriteFile("lengths.nwk", []byte("((a:1,b_b:1):1,'c c':2);\n((a:1,b_b:1):1,'c c');\n"), 0o600))
	require.NoError(t, os.WriteFile("broken.nwk", []byte("((a:1,b_b:1):1,'c c':2);\n((a:1,b_b:1:1,'c c');\n"), 0o600))
	for _, c := range []struct {
		code         int
		args, wanted string
	}{
		{2, "--tree t.nex --tree-index 1,5", "--tree-index 1,5: there is no tree 5, the file of --tree has 4 trees"},
		{2, "--tree t.nex --tree-index 1-3,2", "it takes tree 2 twice"},
		{2, "--tree t.nex --tree-index 1-1", "it takes 1 tree of the 4 in the file of --tree; a set has two at least"},
		{2, "--tree t.nex --tree-index 3-1", `"1" does not end a range from 3`},
		{2, "--tree t.nex --tree-index 1-3:0", "the step behind the colon is not a number from 1"},
		{2, "--tree t.nex --tree-index 1:2", "a step goes with a range"},
		{2, "--tree t.nex --tree-index every", `"every" is not a number`},
		{2, "--tree t.nex --tree-index 1,,2", `--tree-index 1,,2: trees are numbered from 1`},
		{2, "--tree t.nex --tree-index 1,2 --burnin-trees 1", "--burnin-trees goes with --tree-index all"},
		{2, "--tree t.nex --tree-index all --burnin-trees 100%", "--burnin-trees 100%: write how many"},
		{2, "--tree t.nex --tree-index all --burnin-trees 4", "--burnin-trees 4: t.nex has only 4 trees"},
		{2, "--tree t.nex --tree-index all --burnin-trees 75%", "it takes 1 tree of the 4"},
		{2, "--tree t.nex --tree-index all --draws 90000000", "more than 100000000 draws in all"},
		{2, "--tree-index all", "--tree-index goes with --tree"},
		{1, "--tree other.nwk --tree-index all", "other.nwk: tree 2: its tips are not those of tree 1: it has d, which that has not, and it lacks c"},
		{1, "--tree lengths.nwk --tree-index all", "tree 2: --tree: lengths.nwk: tree: 1 of 4 edges have no length"},
		{1, "--tree broken.nwk --tree-index all", "broken.nwk:2:"},
	} {
		code, _, stderr := command(t, append([]string{"sample", "--traits", "c.csv", "--trait", "x", "--warmup", "10", "--draws", "10", "--quiet"}, strings.Fields(c.args)...)...)
		require.Equal(t, c.code, code, "%s: %s", c.args, stderr)
		require.Contains(t, stderr, c.wanted, c.args)
	}
	code, _, stderr := command(t, "loglik", "--tree", "t.nex", "--tree-index", "all", "--traits", "c.csv", "--trait", "x", "--set", "sigma_sq=1")
	require.Equal(t, exitUsage, code)
	require.Contains(t, stderr, "this command takes one tree, by its number; hxgpu sample takes several")
}
