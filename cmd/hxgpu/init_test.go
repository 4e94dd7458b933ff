package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// suggested are the lines of a run file with settings that are not in use.
var suggested = regexp.MustCompile(`(?m)^#([a-z][a-z-]*:|  [a-z_]+: [a-z]+\()`)

// surveyed is a table of which init has much to say.
const surveyed = "taxon,se_mass,diet,mass,log_size,sd_size,n_size,label\na,.1,x,1,2,.2,3,q\nb,.1,y,2,,.2,3,w\nc,.2,x,3,4,.2,3,\nd,,x,,9,.2,3,e\n"

// TestInit: the file runs as it stands, from anywhere, and with all its settings in
// use it makes the same draws.
func TestInit(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.Mkdir("data", 0o755))
	require.NoError(t, os.WriteFile("data/t.nwk", []byte("((a:1,b:0,e:1):1,c:1.5);"), 0o644))
	require.NoError(t, os.WriteFile("data/c.csv", []byte(surveyed), 0o644))
	code, stdout, stderr := command(t, "init", "--tree", "data/t.nwk", "--traits", "data/c.csv", "--chains", "2", "--draws", "8", "--out", "settings/run.yaml")
	require.Zero(t, code, stderr)
	require.Equal(t, "written to settings/run.yaml: hxgpu sample --config settings/run.yaml runs it\n", stdout)
	text, err := os.ReadFile("settings/run.yaml")
	require.NoError(t, err)
	for _, want := range []string{"#   4 tips, 6 nodes, height 2; the tips lie 1 to 2 from the root", "#   1 node with more than two children (polytomies)", "#   1 edge of length 0",
		"#   3 of 4 tips have a row", "#   1 row of the table without a tip in the tree, ignored: d", "#   se_mass: known errors of mass", "#   diet: a factor of 2 states: x (2), y (1)",
		"#   mass: numbers, 3 at tips, mean 2, sd 1", "#   log_size: numbers, 2 at tips", "# All that may stand here: mass, log_size, sd_size, n_size.",
		"\ntrait: mass\n", "\nmodel: bm\n", "\nerrors: auto\n", "\ntree: ../data/t.nwk\n", "\n#root: flat\n", "\n#prior:\n#  sigma_sq: lognormal(", "\n#warmup: 500\n", "\nchains: 2\n", "\ndraws: 8\n", "\nout: run\n"} {
		require.Contains(t, string(text), want)
	}
	require.Regexp(t, `#   sigma_sq ~ lognormal\([^)]*\): rate of evolution`, string(text))

	code, _, stderr = command(t, "sample", "--config", "settings/run.yaml", "--quiet")
	require.Zero(t, code, stderr)
	used := suggested.ReplaceAllString(string(text), "$1")
	require.Contains(t, used, "\nprior:\n  sigma_sq: lognormal(")
	require.NotContains(t, used, "\n#w")
	require.NoError(t, os.WriteFile("settings/used.yaml", []byte(used), 0o644))
	code, _, stderr = command(t, "sample", "--config", "settings/used.yaml", "--out", "settings/again", "--quiet")
	require.Zero(t, code, stderr+used)
	want, err := os.ReadFile("settings/run/draws.bin")
	require.NoError(t, err)
	got, err := os.ReadFile("settings/again/draws.bin")
	require.NoError(t, err)
	require.Equal(t, want, got)

	// What is there is not lost, and the run's folder is a free one.
	args := []string{"init", "--tree", "data/t.nwk", "--traits", "data/c.csv", "--trait", "mass,log_size", "--model", "ou", "--errors", "none", "--fix", "tau_sq=0.1",
		"--prior", "alpha=lognormal(0,1)", "--out", "settings/run.yaml"}
	code, _, stderr = command(t, args...)
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "--out: settings/run.yaml is there already: name another file, or add --overwrite")
	code, _, stderr = command(t, append(args, "--overwrite", "--quiet")...)
	require.Zero(t, code, stderr)
	text, err = os.ReadFile("settings/run.yaml")
	require.NoError(t, err)
	for _, want := range []string{"\nout: run_2\n", "\ntrait: mass,log_size\n", "\nmodel: ou\n", "\nerrors: none\n", "\nfix:\n  tau_sq: \"0.1\"\n", "\nprior:\n  alpha: lognormal(0,1)\n", "#   theta ~ normal("} {
		require.Contains(t, string(text), want)
	}
	code, _, stderr = command(t, "sample", "--config", "settings/run.yaml", "--chains", "2", "--warmup", "5", "--draws", "5", "--quiet")
	require.Zero(t, code, stderr)
}

// TestInitShapes: a file of shapes, and errors that cannot be used.
func TestInitShapes(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("t.nwk", []byte(badFiles["t.nwk"]), 0o644))
	require.NoError(t, os.WriteFile("shapes.tps", []byte("LM=3\n0 0\n1 0\n0 1\nID=a\nLM=3\n0 0\n1 0\n0 1.1\nID=b\nLM=3\n0 0\n1.2 0\n0 1\nID=c\n"), 0o644))
	require.NoError(t, os.WriteFile("shapes.csv", []byte(badFiles["shapes.csv"]), 0o644))
	require.NoError(t, os.WriteFile("errors.csv", []byte("taxon,x,se_x\na,1,.1\nb,2,\nc,3,.1\n"), 0o644))
	for _, file := range []string{"shapes.tps", "shapes.csv"} {
		code, stdout, stderr := command(t, "init", "--tree", "t.nwk", "--traits", file, "--steps", "2", "--algorithm", "rw", "--out", "-")
		require.Zero(t, code, stderr)
		for _, want := range []string{"3 shapes with 3 landmarks in 2 dimensions", "\nmodel: kunita\n", "\n#kernel: laplace4\n", "\nsteps: 2\n", "\nalgorithm: rw\n"} {
			require.Contains(t, stdout, want)
		}
		require.NoError(t, os.WriteFile("run.yaml", []byte(stdout), 0o644))
		code, _, stderr = command(t, "sample", "--config", "run.yaml", "--warmup", "4", "--draws", "4", "--quiet", "--overwrite")
		require.Zero(t, code, stderr)
	}
	code, stdout, stderr := command(t, "init", "--tree", "t.nwk", "--traits", "errors.csv", "--out", "-")
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "\n#errors: none\n")
	require.Contains(t, stdout, "which cannot be used: --errors: errors.csv:3:5")
}

// TestInitRefuses: mistakes are found before anything is written.
func TestInitRefuses(t *testing.T) {
	folder := t.TempDir()
	t.Chdir(folder)
	for _, name := range []string{"t.nwk", "c.csv", "strangers.csv", "open.nwk"} {
		require.NoError(t, os.WriteFile(name, []byte(badFiles[name]), 0o644))
	}
	require.NoError(t, os.WriteFile("words.csv", []byte("taxon,s\na,q\nb,w\nc,e\n"), 0o644))
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"", 2, "--tree is missing"},
		{"--tree t.nwk", 2, "--traits is missing"},
		{"--tree t.nwk --traits none.csv", 1, "--traits: open none.csv: no such file"},
		{"--tree open.nwk --traits c.csv", 1, "open.nwk:1:1: the parenthesis that opens here is not closed"},
		{"--tree t.nwk --traits strangers.csv", 1, "no taxon of the table is a tip of the tree"},
		{"--tree t.nwk --traits words.csv", 1, "--traits: words.csv has no column of numbers"},
		{"--tree t.nwk --traits c.csv --trait s", 1, `"q" is not a number`},
		{"--tree t.nwk --traits c.csv --trait x --model our", 2, "--model our: there is no such model"},
		{"--tree t.nwk --traits c.csv --draws 1", 2, "--draws 1: it must be"},
		{"--tree t.nwk --traits c.csv --prior sigma_sq=lkj(1)", 2, "lkj is for correlations"},
		{"--tree t.nwk --traits c.csv --out c.csv/run.yaml", 1, "--out: c.csv"},
		{"--tree t.nwk --traits c.csv --out=", 2, "--out: name the file"},
	} {
		code, stdout, stderr := command(t, append([]string{"init"}, strings.Fields(c.args)...)...)
		require.Equal(t, c.code, code, "%s\n%s", c.args, stderr)
		require.Contains(t, stderr, c.want, c.args)
		require.Empty(t, stdout)
	}
	left, err := filepath.Glob("*.yaml")
	require.NoError(t, err)
	require.Empty(t, left)
}
