package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/internal/runstore"
	"github.com/hxgpu/hxgpu/tree"
)

// dendropyTree is what testdata/read_tree.py finds in a tree.
type dendropyTree struct {
	Version string
	Rooted  bool
	Taxa    []string
	Nodes   []struct {
		Tips        []string
		Length      *float64
		Annotations map[string]any
	}
}

// nastyNames are names of taxa that need quotes, or look as if they did.
var nastyNames = []string{"Homo sapiens", "under_score", "mixed_up name", "it's", `quo"te`, "Ærø ü", "猫", "a(b)", "[c]", "x:y;z", "1,5", "42", "-", "&R", "plain"}

// TestDendroPy: a real reader of annotated NEXUS finds the topology, the lengths, the
// names and the figures of every node, of a run on one tree and of a set.
func TestDendroPy(t *testing.T) {
	var readers []string
	for _, python := range pythons(t) {
		if exec.Command(python, "-c", "import dendropy").Run() == nil {
			readers = append(readers, python)
		}
	}
	if len(readers) == 0 {
		require.NotContains(t, os.Getenv("HXGPU_REQUIRE"), "python", "dendropy is missing")
		t.Skip("no Python with dendropy (HXGPU_PYTHON names one)")
	}
	script, err := filepath.Abs("testdata/read_tree.py")
	require.NoError(t, err)
	t.Chdir(t.TempDir())
	quoted := make([]string, len(nastyNames))
	var table bytes.Buffer
	out := csv.NewWriter(&table)
	require.NoError(t, out.Write([]string{"taxon", "log mass (kg)", "log mass (kg)_sd"}))
	for i, name := range nastyNames {
		quoted[i] = "'" + strings.ReplaceAll(name, "'", "''") + "'"
		require.NoError(t, out.Write([]string{name, strconv.Itoa(i % 4), strconv.Itoa(i % 5)}))
	}
	out.Flush()
	require.NoError(t, os.WriteFile("c.csv", table.Bytes(), 0o600))
	ladder := quoted[0] + "[&rate=0.5,other={1,2}]:0.5"
	for i, name := range quoted[1:] {
		ladder = "(" + ladder + "," + name + ":" + strconv.FormatFloat(0.5+float64(i)/7, 'g', -1, 64) + "):0.25"
	}
	ladder = strings.TrimSuffix(ladder, ":0.25") + ";\n"
	require.NoError(t, os.WriteFile("t.nwk", []byte(ladder+strings.Replace(ladder, "0.25", "0.125", 1)), 0o600))
	common := []string{"sample", "--tree", "t.nwk", "--traits", "c.csv", "--trait", "log mass (kg),log mass (kg)_sd", "--warmup", "50", "--draws", "30", "--chains", "2", "--quiet"}
	for folder, index := range map[string]string{"run": "1", "set": "all"} {
		code, _, stderr := command(t, append(common, "--tree-index", index, "--out", folder)...)
		require.Zero(t, code, stderr)
		path := filepath.Join(folder, runstore.TreeFile)
		want, err := tree.ReadTreeFile(path, 0)
		require.NoError(t, err)
		given, err := tree.ReadTreeFile("t.nwk", 1)
		require.NoError(t, err)
		require.Equal(t, given.Names, want.Names)
		require.Equal(t, given.Lengths, want.Lengths)
		states := readStates(t, filepath.Join(folder, runstore.StatesFile))
		for _, python := range readers {
			cmd := exec.Command(python, script, path)
			cmd.Env = append(os.Environ(), "PYTHONIOENCODING=utf-8", "PYTHONUTF8=1")
			var errors strings.Builder
			cmd.Stderr = &errors
			text, err := cmd.Output()
			require.NoError(t, err, errors.String())
			var read dendropyTree
			require.NoError(t, json.Unmarshal(text, &read), "%s", text)
			t.Logf("DendroPy %s reads %s", read.Version, path)
			checkDendroPy(t, want, states, read)
		}
	}
}

// readStates reads the table of states by node and trait: mean, sd, the bounds of the
// interval and, of a set, the posterior of the clade.
func readStates(t *testing.T, path string) map[int]map[string][]float64 {
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	require.NoError(t, err)
	states := map[int]map[string][]float64{}
	for _, row := range rows[1:] {
		node, err := strconv.Atoi(row[0])
		require.NoError(t, err)
		if states[node] == nil {
			states[node] = map[string][]float64{}
		}
		for _, column := range slices.Concat([]string{row[5], row[6], row[7], row[9]}, row[10:]) {
			x, err := strconv.ParseFloat(column, 64)
			require.NoError(t, err)
			states[node][row[4]] = append(states[node][row[4]], x)
		}
	}
	return states
}

// checkDendroPy compares a tree and the states of its nodes with what DendroPy read.
func checkDendroPy(t *testing.T, want *tree.Phylogeny, states map[int]map[string][]float64, read dendropyTree) {
	require.True(t, read.Rooted)
	require.ElementsMatch(t, nastyNames, read.Taxa)
	n := want.Topology.Size()
	require.Len(t, read.Nodes, n)
	tips := make([][]string, n)
	found := map[string]int{}
	for v := n - 1; v >= 0; v-- {
		if want.Topology.IsLeaf(v) {
			tips[v] = []string{want.Names[v]}
		}
		slices.Sort(tips[v])
		found[strings.Join(tips[v], "\x00")] = v
		if v > 0 {
			parent := want.Topology.Parents()[v]
			tips[parent] = append(tips[parent], tips[v]...)
		}
	}
	number := func(x any) float64 {
		text, ok := x.(string)
		require.True(t, ok, "%v", x)
		value, err := strconv.ParseFloat(text, 64)
		require.NoError(t, err)
		return value
	}
	for _, node := range read.Nodes {
		slices.Sort(node.Tips) // by bytes, as here
		v, ok := found[strings.Join(node.Tips, "\x00")]
		require.True(t, ok, "%v", node.Tips)
		delete(found, strings.Join(node.Tips, "\x00"))
		if v > 0 {
			require.NotNil(t, node.Length)
			require.Equal(t, want.Lengths[v], *node.Length)
		}
		for trait, key := range map[string]string{"log mass (kg)": "log_mass__kg_", "log mass (kg)_sd": "log_mass__kg__sd_trait_2"} {
			figures := states[v][trait]
			require.Equal(t, figures[0], number(node.Annotations[key]), "%v", node.Annotations)
			require.Equal(t, figures[1], number(node.Annotations[key+"_sd"]))
			interval, ok := node.Annotations[key+"_95%"].([]any)
			require.True(t, ok, "%v", node.Annotations)
			require.Equal(t, []float64{figures[2], figures[3]}, []float64{number(interval[0]), number(interval[1])})
			if len(figures) > 4 {
				require.Equal(t, figures[4], number(node.Annotations["posterior"]))
			}
		}
		if len(node.Tips) == 1 && node.Tips[0] == nastyNames[0] {
			require.Equal(t, 0.5, number(node.Annotations["rate"]))
			require.Equal(t, []any{"1", "2"}, node.Annotations["other"])
		}
	}
	require.Empty(t, found)
}
