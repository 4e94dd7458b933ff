//go:build slow

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// sharedFits fit every folder of real data, as it stands, with one command each: as
// sharedCommands, with a short warm-up and few draws.
var sharedFits = []struct{ folder, args string }{
	{"anole", "sample @ --trait SVL,HL,HLL,FLL,LAM,TL --no-tip-noise"},
	{"anole", "sample @ --trait SVL --model ou"},
	{"birds_avonet", "sample @ --trait log_Wing.Length,log_Tarsus.Length,log_Beak.Depth --errors sd_Wing.Length,sd_Tarsus.Length,sd_Beak.Depth"},
	{"caniformia", "sample @ --trait ln_body_size --model ou"},
	{"geospiza", "sample @ --trait wingL,tarsusL,culmenL,beakD,gonysW"},
	{"mammal_garland", "sample @ --trait bodyMass,homeRange"},
	{"ornithodirans_fossil", "sample @ --trait log_mass"},
	{"phyllostomid_landmarks", "sample @ --trait log(BSL)"},
	{"phyllostomid_landmarks", "sample @ --trait x1,y1,x2,y2"},
	{"plants_gbotb", "simulate --tree %tree.nwk.gz --set sigma_sq=1 --set tau_sq=0.1 --root pinned=0 --out plants --overwrite --quiet"},
	{"plants_gbotb", "sample --tree plants/tree.nwk --traits plants/traits.csv --trait x"},
	{"plethodon_landmarks", "sample @ --model kunita --align --edge-lengths unit --steps 3"},
	{"revbayes_cont_traits", "sample --tree %primates_tree.nex --traits %primates_cont_traits.nex --trait 1,4,5,11"},
	{"revbayes_cont_traits", "sample --tree %artiodactyla.tree --traits %artiodactyla_hypsodonty_index.nex --trait 1"},
	{"revbayes_cont_traits", "sample --tree %haemulidae.nex --traits %haemulidae_trophic_traits.nex --trait 1,2,3,4,5,6,7,8,9"},
	{"revbayes_cont_traits", "sample --tree %trees.nex --tree-index 66 --traits %traits.nex --traits-index 66 --trait 1"},
	{"whales", "sample @ --trait lnlength"},
}

// TestSharedFits: every folder of real data is fitted by one command, no editing.
func TestSharedFits(t *testing.T) {
	root := sharedData(t)
	entries, err := os.ReadDir(root)
	require.NoError(t, err)
	t.Chdir(t.TempDir())
	ran := map[string]bool{}
	for i, c := range sharedFits {
		ran[c.folder] = true
		args := sharedArguments(root, c.folder, c.args)
		if args[0] == "sample" {
			args = append(args, "--out", filepath.Join("runs", string(rune('a'+i))), "--chains", "2", "--warmup", "60", "--draws", "40")
		}
		began := time.Now()
		code, stdout, stderr := command(t, args...)
		require.Zero(t, code, "%s: %s\n%s", c.folder, c.args, stderr)
		require.NotContains(t, stdout, "NaN", c.args)
		t.Logf("%5.1f s  %s: hxgpu %s", time.Since(began).Seconds(), c.folder, c.args)
	}
	for _, entry := range entries {
		if entry.IsDir() && !ran[entry.Name()] {
			t.Errorf("no command fits the data of the folder %s", entry.Name())
		}
	}
}

// TestBirdsPosterior: three traits of 9,993 birds with known errors, to a posterior
// that the diagnosis has nothing to say about: every R-hat below 1.01, every
// effective sample size above 400.
func TestBirdsPosterior(t *testing.T) {
	root := sharedData(t)
	t.Chdir(t.TempDir())
	began := time.Now()
	code, stdout, stderr := command(t, sharedArguments(root, "birds_avonet", birdsArguments)...)
	require.Zero(t, code, stderr)
	s := parseSummary(t, stdout)
	require.Len(t, s.Parameters, 12)
	for name, p := range s.Parameters {
		require.Less(t, p.Rhat, 1.01, name)
		require.Greater(t, min(p.Bulk, p.Tail), 400.0, name)
	}
	require.Zero(t, s.Divergences)
	t.Logf("%.0f s: hxgpu %s; of these %v", time.Since(began).Seconds(), strings.ReplaceAll(birdsArguments, "--json --quiet ", ""), s.Timings)
}

const birdsArguments = "sample --json --quiet @ --trait log_Wing.Length,log_Tarsus.Length,log_Beak.Depth --errors sd_Wing.Length,sd_Tarsus.Length,sd_Beak.Depth --draws 500"
