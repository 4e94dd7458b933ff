package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// sharedCommands are commands for every folder of real data, as they stand: @ is the
// tree and the traits of the folder, and a name after % a file of it.
var sharedCommands = []struct{ folder, args string }{
	{"anole", "loglik @ --trait SVL,HL,HLL,FLL,LAM,TL --set sigma_sq=0.02 --no-tip-noise"},
	{"anole", "sample @ --trait SVL --model ou --warmup 20 --draws 20 --chains 2"},
	{"anole", "sample @ --trait SVL,TL --model mvou --no-tip-noise --warmup 20 --draws 20 --chains 2"},
	{"anole", "sample @ --trait SVL --model eb --no-tip-noise --warmup 20 --draws 20 --chains 2"},
	{"caniformia", "sample @ --trait ln_body_size --model lambda --warmup 20 --draws 20 --chains 2"},
	{"birds_avonet", "loglik @ --trait log_Wing.Length,log_Tarsus.Length,log_Beak.Depth --errors sd_Wing.Length,sd_Tarsus.Length,sd_Beak.Depth --set sigma_sq=0.01 --set tau_sq=0.0025"},
	{"caniformia", "loglik @ --trait ln_body_size --model ou --set sigma_sq=0.12 --set alpha=0.01 --set theta=2.9 --set tau_sq=0.01 --root normal=3,1"},
	{"geospiza", "loglik @ --trait wingL --set sigma_sq=0.07 --no-tip-noise"},
	{"geospiza", "sample @ --trait wingL,tarsusL --warmup 20 --draws 20 --chains 2"},
	{"mammal_garland", "loglik @ --trait bodyMass,homeRange --set sigma_sq=900,90 --set tau_sq=1"},
	{"ornithodirans_fossil", "loglik @ --trait log_mass --set sigma_sq=0.2 --set tau_sq=0.01"},
	{"phyllostomid_landmarks", "loglik @ --trait log(BSL) --set sigma_sq=0.01 --set tau_sq=0.001"},
	{"phyllostomid_landmarks", "loglik @ --trait x1,y1,x2,y2 --set sigma_sq=0.001 --set tau_sq=0.001"},
	{"plants_gbotb", "simulate --tree %tree.nwk.gz --set sigma_sq=1 --set tau_sq=0.1 --root pinned=0 --out simulated --overwrite --quiet"},
	{"plethodon_landmarks", "sample @ --model kunita --algorithm rw --steps 3 --warmup 4 --draws 4 --chains 2 --edge-lengths unit"},
	{"revbayes_cont_traits", "loglik --tree %artiodactyla.tree --traits %artiodactyla_hypsodonty_index.nex --trait 1 --set sigma_sq=0.1 --set tau_sq=0.1"},
	{"revbayes_cont_traits", "loglik --tree %artiodactyla_character_history.tree --traits %artiodactyla_hypsodonty_index.nex --trait 1 --set sigma_sq=0.1 --set tau_sq=0.1"},
	{"revbayes_cont_traits", "sample --tree %artiodactyla_character_history.tree --traits %artiodactyla_hypsodonty_index.nex --trait 1 --model ou --regimes map --warmup 20 --draws 20 --chains 2"},
	{"revbayes_cont_traits", "loglik --tree %artiodactyla.tree --traits %artiodactyla_diet.nex --trait 1 --model rates --regimes factor=1 --set sigma_sq=0.1 --set tau_sq=0.1"},
	{"revbayes_cont_traits", "loglik --tree %artiodactyla.tree --traits %artiodactyla_diet.nex --trait 1 --set sigma_sq=0.1 --set tau_sq=0.1"},
	{"revbayes_cont_traits", "loglik --tree %haemulidae.nex --traits %haemulidae_trophic_traits.nex --trait 1,2,3,4,5,6,7,8,9 --set sigma_sq=0.1 --set tau_sq=0.1"},
	{"revbayes_cont_traits", "loglik --tree %haemulidae.nex --traits %haemulidae_habitat.nex --trait 1 --set sigma_sq=0.1 --set tau_sq=0.1"},
	{"revbayes_cont_traits", "sample --tree %haemulidae.nex --traits %haemulidae_trophic_traits.nex --trait 1 --warmup 20 --draws 20 --chains 2"},
	{"revbayes_cont_traits", "loglik --tree %trees.nex --tree-index 66 --traits %traits.nex --traits-index 66 --trait 1 --set sigma_sq=0.1 --set tau_sq=0.1"},
	{"whales", "loglik @ --trait lnlength --set sigma_sq=0.012 --no-tip-noise"},
}

// sharedData is the folder of real data; without it the test skips.
func sharedData(t *testing.T) string {
	root, err := filepath.Abs(filepath.Join("..", "..", "..", "shared", "data"))
	require.NoError(t, err)
	if _, err := os.Stat(root); err != nil {
		t.Skip("the folder of real data, ../shared/data beside the checkout, is missing")
	}
	return root
}

// sharedArguments are those of a command for a folder, written as in sharedCommands.
func sharedArguments(root, folder, args string) []string {
	args = strings.ReplaceAll(args, "@", "--tree %tree.nwk --traits %traits.csv")
	return strings.Fields(strings.ReplaceAll(args, "%", filepath.Join(root, folder)+string(filepath.Separator)))
}

// TestSharedData: every folder of real data loads with one command, no editing, and a
// model runs on it.
func TestSharedData(t *testing.T) {
	root := sharedData(t)
	entries, err := os.ReadDir(root)
	require.NoError(t, err)
	t.Chdir(t.TempDir())
	ran := map[string]bool{}
	for _, c := range sharedCommands {
		ran[c.folder] = true
		began := time.Now()
		code, stdout, stderr := command(t, sharedArguments(root, c.folder, c.args)...)
		require.Zero(t, code, "%s: %s\n%s", c.folder, c.args, stderr)
		if strings.HasPrefix(c.args, "loglik") {
			require.NotContains(t, stdout, "NaN")
		}
		t.Logf("%s: hxgpu %s: %.1f s", c.folder, c.args, time.Since(began).Seconds())
	}
	for _, entry := range entries {
		if entry.IsDir() && !ran[entry.Name()] {
			t.Errorf("no command reads the folder %s", entry.Name())
		}
	}
}

// TestPrimatesLikelihood: four traits with 154 missing cells, against a dense
// factorisation in R.
func TestPrimatesLikelihood(t *testing.T) {
	folder := filepath.Join("..", "..", "..", "shared", "data", "revbayes_cont_traits")
	if _, err := os.Stat(folder); err != nil {
		t.Skip("the folder of real data, ../shared/data/revbayes_cont_traits beside the checkout, is missing")
	}
	code, stdout, stderr := command(t, "loglik", "--json", "--tree", filepath.Join(folder, "primates_tree.nex"), "--traits", filepath.Join(folder, "primates_cont_traits.nex"),
		"--trait", "1,4,5,11", "--root", "pinned=3,1.5,1.2,1", "--set", "R=[[.01,.005,.005,.005],[.005,.01,.005,.005],[.005,.005,.01,.005],[.005,.005,.005,.01]]", "--set", "tau_sq=.01")
	require.Zero(t, code, stderr)
	var result struct {
		Value float64 `json:"log_likelihood"`
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &result))
	require.InEpsilon(t, 122.033138004, result.Value, 1e-8)
}

// TestKnownErrors: known errors add to the tips' variance, so that those that are all
// equal are the same as that much more tip noise.
func TestKnownErrors(t *testing.T) {
	t.Chdir(t.TempDir())
	write := func(name, text string) { require.NoError(t, os.WriteFile(name, []byte(text), 0o600)) }
	write("t.nwk", "((a:1,b:2):1,c:3);")
	write("c.csv", "id,sp,x,se_x,y,sd_y,n_y,log_z,sd_z,n_z\n1,a,1,0.5,1,1,4,1,1,4\n2,b,2,0.5,2,2,16,2,2,16\n3,c,0.5,0.5,0.5,,1,0.5,,1\n")
	loglik := func(args ...string) (value float64, header string) {
		code, stdout, stderr := command(t, append([]string{"loglik", "--tree", "t.nwk", "--traits", "c.csv", "--set", "sigma_sq=1"}, args...)...)
		require.Zero(t, code, stderr)
		_, number, _ := strings.Cut(stdout, "= ")
		_, err := fmt.Sscan(number, &value)
		require.NoError(t, err)
		return value, stdout
	}
	plain, header := loglik("--trait", "x", "--set", "tau_sq=0.35")
	require.Contains(t, header, "taxa        the column sp of the table")
	known, header := loglik("--trait", "x", "--errors", "auto", "--set", "tau_sq=0.1")
	require.InDelta(t, plain, known, 1e-12)
	require.Contains(t, header, "errors      x: known from se_x, mean 0.5")
	alone, _ := loglik("--trait", "x", "--errors", "se_x", "--no-tip-noise", "--taxon-column", "SP")
	same, _ := loglik("--trait", "x", "--set", "tau_sq=0.25")
	require.InDelta(t, same, alone, 1e-12)

	// The pooled deviation is sqrt((3*1 + 15*4) / 18), which c takes.
	_, header = loglik("--trait", "x,y", "--errors", "auto", "--set", "tau_sq=0.1")
	require.Contains(t, header, "errors      y: known from sd_y / sqrt n_y, mean 0.9569; the pooled deviation 1.871 for 1 row of one specimen")
	_, header = loglik("--trait", "x,log_z", "--errors", "auto", "--set", "tau_sq=0.1")
	require.Contains(t, header, "errors      log_z: none known")
	_, header = loglik("--trait", "x,log_z", "--errors", "se_x,sd_z", "--set", "tau_sq=0.1")
	require.Contains(t, header, "errors      log_z: known from sd_z / sqrt n_z")

	code, _, stderr := command(t, "loglik", "--tree", "t.nwk", "--traits", "c.csv", "--trait", "log_z", "--errors", "auto", "--set", "sigma_sq=1", "--no-tip-noise")
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "sd_z may hold those of log_z: if they are errors of its logarithms, and not of what was measured, say --errors sd_z")

	// A run resumes with them, and keeps the annotations of the tree it was given.
	write("t.nex", "#NEXUS\nbegin trees;\ntree one = (a:1,b:1);\ntree two = [&U] ((a[&old=1,x=2]:1[&edge=2],b:2)[&x_sd=7,note=\"q\"]:1,c:3);\nend;")
	code, _, stderr = command(t, "sample", "--tree", "t.nex", "--tree-index", "2", "--traits", "c.csv", "--taxon-column", "sp", "--trait", "x", "--errors", "se_x", "--warmup", "20", "--draws", "20", "--out", "run")
	require.Zero(t, code, stderr)
	require.Contains(t, stderr, "warning: the tree is marked as unrooted")
	code, _, stderr = command(t, "sample", "--resume", "run", "--draws", "40")
	require.Zero(t, code, stderr)
	text, err := os.ReadFile(filepath.Join("run", "ancestral.nex"))
	require.NoError(t, err)
	require.Contains(t, string(text), "TREE two = [&U] ((a[&old=1,x=")
	require.Contains(t, string(text), ":1[&edge=2],")
	require.Contains(t, string(text), `[&note="q",x=`)
}
