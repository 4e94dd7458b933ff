package runstore

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/nuts"
	"github.com/hxgpu/hxgpu/tree"
)

func names(t *testing.T, folder string) []string {
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// TestClear removes the files of a run and no others.
func TestClear(t *testing.T) {
	path := filepath.Join(t.TempDir(), "odd [name]")
	f, err := OpenFolder(path, false)
	require.NoError(t, err)
	own := NewInputFile("tree", "T.nwk", []byte("(a:1,b:1);"))
	require.NoError(t, f.WriteInput(own, []byte("(a:1,b:1);")))
	for _, name := range []string{"chain_1.csv", "chain_12.csv", "chain_1.log", "chain_mine.csv", "tree.nwk", "inputs/mine-1.csv", SummaryFile, StatesFile, TreeFile,
		CheckpointFile, DrawsFile, PositionsFile, AdaptationFile} {
		require.NoError(t, f.WriteJSON(name, 1))
	}
	require.NoError(t, f.WriteRun(Run{Phase: Finished, Settings: Settings{Chains: 1}, Data: DataFiles{Files: []InputFile{own, {Copy: "../a"}, {Copy: "tree.nwk"}}}}))
	require.NoError(t, os.Mkdir(f.Path(ZarrFolder), 0o755))
	_, err = newZarrStore(f.Path(ZarrFolder))
	require.NoError(t, err)
	require.NoError(t, f.Clear())
	require.Equal(t, []string{"chain_mine.csv", "inputs", "tree.nwk"}, names(t, path))
	require.Equal(t, []string{"mine-1.csv"}, names(t, f.Path(InputsFolder)))
}

func TestOddColumnNames(t *testing.T) {
	require.Equal(t, []string{"sigma_sq", "sigma_sq_SVL", "correlation_a_b", "sigma_sq_log_Wing_Length", "sigma_sq_log_Wing_Length_2", "tau_sq_Flügel_länge", "tau_sq_a", "a_2", "a", "a_3"},
		ColumnNames([]string{"sigma_sq", "sigma_sq[SVL]", "correlation[a,b]", "sigma_sq[log_Wing.Length]", "sigma_sq[log Wing\"Length]", "tau_sq[Flügel länge]", "tau_sq[a__]", "a_2", "a", "a__"}))
}

// TestSummaryJSON: the keys, in order, with null for what is not finite.
func TestSummaryJSON(t *testing.T) {
	text, err := json.Marshal(Summary{Parameters: Parameters{{Name: "z", Statistics: nuts.Statistics{Mean: 1, Rhat: math.NaN(), ESSBulk: math.Inf(1)}}, {Name: "a"}},
		Chains: 2, Draws: 3, Gradients: 4, Device: "cpu", Timings: &Timings{}})
	require.NoError(t, err)
	require.Equal(t, `{"parameters":{"z":{"mean":1,"sd":0,"mcse_mean":0,"q2.5":0,"median":0,"q97.5":0,"rhat":null,"ess_bulk":null,"ess_tail":0},`+
		`"a":{"mean":0,"sd":0,"mcse_mean":0,"q2.5":0,"median":0,"q97.5":0,"rhat":0,"ess_bulk":0,"ess_tail":0}},`+
		`"divergences":0,"chains":2,"draws":3,"gradients":4,"device":"cpu","timings":{"compile_s":0,"warmup_s":0,"draws_s":0,"total_s":0}}`, string(text))
	var x Number
	require.NoError(t, json.Unmarshal([]byte("null"), &x))
	require.True(t, math.IsNaN(float64(x)))
	require.NoError(t, json.Unmarshal([]byte("1e-3"), &x))
	require.Equal(t, Number(1e-3), x)
	require.Error(t, json.Unmarshal([]byte(`"a"`), &x))
}

func TestDescribeState(t *testing.T) {
	draws := make([]float64, 101)
	for i := range draws {
		draws[i] = float64((i * 37) % 101)
	}
	s := DescribeState(draws)
	require.InDelta(t, 50, s.Mean, 1e-12)
	require.InDelta(t, math.Sqrt(850*101.0/100), s.SD, 1e-12)
	require.Equal(t, []float64{2.5, 50, 97.5}, []float64{s.Q2_5, s.Median, s.Q97_5})
	require.True(t, math.IsNaN(DescribeState(nil).Mean))
	require.Equal(t, State{Mean: 3, Q2_5: 3, Median: 3, Q97_5: 3}, DescribeState([]float64{3}))
}

// TestWriteStates: inner nodes without a name are named by their index and by two
// tips; traits may have any names.
func TestWriteStates(t *testing.T) {
	p, err := tree.ParseNewick("t", []byte("((a:1,'b c':1):1,(d:1)named:1);"))
	require.NoError(t, err)
	n := p.Topology.Size()
	traits := []string{"a b", "a b_sd"} // the second is what the first one's sd is called
	values := make([][]State, len(traits))
	for k := range values {
		for v := range n {
			values[k] = append(values[k], State{Mean: float64(v), SD: 1, Q2_5: float64(v) - 2, Median: float64(v), Q97_5: float64(v) + 2})
		}
	}
	f, err := OpenFolder(t.TempDir(), false)
	require.NoError(t, err)
	require.NoError(t, f.WriteStates(States{Tree: p, Traits: traits, Values: values}))
	table, err := os.ReadFile(f.Path(StatesFile))
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(table)), "\n")
	require.Len(t, lines, 1+2*n)
	require.Equal(t, "0,node_0,a,d,a b,0,1,-2,0,2", lines[1])
	require.Equal(t, "1,node_1,a,b c,a b,1,1,-1,1,3", lines[3])
	require.Equal(t, "2,named,d,d,a b,2,1,0,2,4", lines[5])
	require.Equal(t, "3,a,,,a b,3,1,1,3,5", lines[7])
	nexus, err := os.ReadFile(f.Path(TreeFile))
	require.NoError(t, err)
	require.Contains(t, string(nexus), "a[&a_b=3.0,a_b_sd=1.0,a_b_95%={1.0,5.0},a_b_sd_trait_2=3.0,a_b_sd_trait_2_sd=1.0,")
}

// TestSpansOfCaterpillar: the tips below every node of a deep tree take one pass.
func TestSpansOfCaterpillar(t *testing.T) {
	n := 200_001
	parents := make([]int, n)
	parents[0] = -1
	for v := 1; v < n; v++ {
		parents[v] = (v - 1) / 2 * 2
	}
	topology, _, err := tree.FromParents(parents)
	require.NoError(t, err)
	first, last := Spans(topology)
	require.True(t, topology.IsLeaf(first[0]) && topology.IsLeaf(last[0]) && first[0] != last[0])
}
