package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// simulated makes a tree and traits mass and size in the folder made.
func simulated(t *testing.T) {
	t.Helper()
	code, _, stderr := command(t, "simulate", "--tips", "12", "--random-tree", "--height", "3", "--trait", "mass,size", "--set", "R=[[1,.3],[.3,.5]]",
		"--set", "tau_sq=.05", "--root", "pinned=2,3", "--out", "made", "--quiet")
	require.Zero(t, code, stderr)
}

// sameDraws are the files of a run that are a function of settings and data alone.
var sameDraws = []string{"draws.bin", "chain_1.csv", "chain_2.csv", "summary.json", "ancestral.csv", "ancestral.nex"}

// TestRunFileRepeatsTheRun: run.yaml of a run gives the same draws byte by byte, and
// the same run.yaml, from another folder and although the inputs have gone.
func TestRunFileRepeatsTheRun(t *testing.T) {
	for name, args := range map[string]string{
		"built-in": "sample",
		"bm":       "sample --tree made/tree.nwk --traits made/traits.csv --trait mass,size --seed 7 --prior sigma_sq=lognormal(0,1) --state-draws 50 --save-warmup",
		"ou":       "sample --tree made/tree.nwk --traits made/traits.csv --trait mass --model ou --algorithm nuts --fix tau_sq=0.05 --edge-lengths unit --metric dense --precision f32",
		"root":     "sample --tree made/tree.nwk --traits made/traits.csv --trait mass --root estimated --start file=start.csv --no-tip-noise",
		"kunita":   "sample --model kunita --steps 2 --algorithm rw --state-draws 3",
		"shapes":   "sample --model kunita --tree t.nwk --traits shapes.csv --align --steps 2 --algorithm rw --root file=root.csv",
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			simulated(t)
			for file, text := range map[string]string{"start.csv": "chain,sigma_sq,root\nall,0.9,2\n", "t.nwk": badFiles["t.nwk"], "shapes.csv": badFiles["shapes.csv"],
				"root.csv": "taxon,x1,y1,x2,y2,x3,y3\nroot,0,0,1,0,0,1\n"} {
				require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
			}
			code, _, stderr := command(t, append(strings.Fields(args), "--chains", "2", "--warmup", "30", "--draws", "20", "--out", "first", "--quiet")...)
			require.Zero(t, code, stderr)
			require.NoError(t, os.RemoveAll("made"))
			require.NoError(t, os.Rename("first", "moved"))
			code, _, stderr = command(t, "sample", "--config", "moved/run.yaml", "--out", "second", "--quiet")
			require.Zero(t, code, stderr)
			for _, file := range sameDraws {
				want, err := os.ReadFile(filepath.Join("moved", file))
				require.NoError(t, err)
				got, err := os.ReadFile(filepath.Join("second", file))
				require.NoError(t, err)
				require.Equal(t, want, got, file)
			}
			// Nothing is lost where the run takes its own place, and nothing grows.
			before, err := os.ReadFile("second/chain_1.csv")
			require.NoError(t, err)
			code, _, stderr = command(t, "sample", "--config", "second/run.yaml", "--out", "second", "--overwrite", "--quiet")
			require.Zero(t, code, stderr)
			after, err := os.ReadFile("second/chain_1.csv")
			require.NoError(t, err)
			require.Equal(t, before, after)
			require.Equal(t, names(t, "moved/inputs"), names(t, "second/inputs"))

			// The command line wins.
			code, _, stderr = command(t, "sample", "--config", "moved/run.yaml", "--seed", "8", "--out", "third", "--quiet")
			require.Zero(t, code, stderr)
			want, err := os.ReadFile("moved/chain_1.csv")
			require.NoError(t, err)
			got, err := os.ReadFile("third/chain_1.csv")
			require.NoError(t, err)
			require.NotEqual(t, want, got)
		})
	}
}

// names are those of the files in a folder, none where it is not there.
func names(t *testing.T, folder string) (names []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	require.NoError(t, err)
	for _, file := range files {
		names = append(names, filepath.Base(file))
	}
	return names
}

// TestConfigServesCommands: one file for sample, loglik and simulate, each of which
// takes what concerns it.
func TestConfigServesCommands(t *testing.T) {
	t.Chdir(t.TempDir())
	simulated(t)
	require.NoError(t, os.Mkdir("settings", 0o755))
	file := filepath.Join("settings", "all.yaml")
	require.NoError(t, os.WriteFile(file, []byte(`
tree: ../made/tree.nwk
traits: ../made/traits.csv
trait: [mass, size]
root: pinned=2,3
chains: 2
warmup: 20
draws: 10
set:
  R: [[1, .3], [.3, .5]]
  tau_sq: .05
quiet: true
`), 0o644))
	code, fromFile, stderr := command(t, "loglik", "--config", file)
	require.Zero(t, code, stderr)
	_, fromFlags, _ := command(t, "loglik", "--tree", "made/tree.nwk", "--traits", "made/traits.csv", "--trait", "mass,size", "--root", "pinned=2,3",
		"--set", "R=[[1,.3],[.3,.5]]", "--set", "tau_sq=.05", "--quiet")
	require.Equal(t, fromFlags, fromFile)
	_, other, _ := command(t, "loglik", "--config", file, "--set", "tau_sq=1")
	require.NotEqual(t, fromFile, other)
	code, stdout, stderr := command(t, "sample", "--config", file)
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "correlation[mass,size]")
	code, _, stderr = command(t, "sample", "--config", file, "--quiet=false", "--draws", "12")
	require.Zero(t, code, stderr)
	require.Contains(t, stderr, "note: "+file+": not for sample: set\n")
	code, _, stderr = command(t, "simulate", "--config", file, "--out", "more")
	require.Zero(t, code, stderr)
	require.FileExists(t, "more/traits.csv")
}

// TestBadConfig: mistakes in a file name the place in it, those that only show later
// too.
func TestBadConfig(t *testing.T) {
	t.Chdir(t.TempDir())
	simulated(t)
	for _, c := range []struct {
		text, args string
		code       int
		want       string
	}{
		{"chain: 3\n", "", 2, `hxgpu: bad.yaml:1:1: there is no setting "chain" (did you mean chains?): the keys are`},
		{"state_draws: 3\n", "", 2, `bad.yaml:1:1: there is no setting "state_draws" (did you mean state-draws?)`},
		{"\nchains: some\n", "", 2, `bad.yaml:2:9: chains: it must be a whole number, and not "some"`},
		{"chains: 0\n", "", 2, "bad.yaml:1:9: --chains 0: it must be 1 to 100000"},
		{"model: our\n", "", 2, "bad.yaml:1:8: --model our: there is no such model"},
		{"prior:\n  sigma: lkj(1)\n", "", 2, "bad.yaml:2:3: --prior sigma: model seed has no such parameter"},
		{"prior: [sigma_sq=lognormal(0,2)]\n", "", 2, `bad.yaml:1:8: --prior "2)": write name=value`},
		{"tree: none.nwk\ntraits: none.csv\ntrait: x\n", "", 1, "bad.yaml:1:7: --tree: open none.nwk: no such file"},
		{"resume: made\n", "", 2, "bad.yaml:1:1: resume is for the command line alone"},
		{"config: other.yaml\n", "", 2, "bad.yaml:1:1: config is for the command line alone"},
		{"a: [\n", "", 2, "bad.yaml"},
		{"chains: 2\n", "--chains 0", 2, "hxgpu: --chains 0: it must be"},
		{"chains: 2\n", "--resume made", 2, "--config: a run that is resumed goes on with its own settings"},
	} {
		require.NoError(t, os.WriteFile("bad.yaml", []byte(c.text), 0o644))
		code, stdout, stderr := command(t, append([]string{"sample", "--config", "bad.yaml"}, strings.Fields(c.args)...)...)
		require.Equal(t, c.code, code, "%s%s", c.text, stderr)
		require.Contains(t, stderr, c.want, c.text)
		require.Empty(t, stdout)
	}
	code, _, stderr := command(t, "sample", "--config", "none.yaml")
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "hxgpu: --config: open none.yaml: no such file")
}
