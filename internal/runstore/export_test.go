package runstore

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// exampleMeta has a scalar, a vector, correlations and elements that make neither.
func exampleMeta(warmup int) TableMeta {
	m := TableMeta{Chains: 2, Warmup: warmup, Stride: 1, Sampler: SamplerColumns, Coordinates: 3, Block: 3}
	m.Parameters = []Column{{Name: "alpha", Of: "alpha"}, {"sigma_sq[a]", "sigma_sq", []string{"a"}}, {"sigma_sq[b c]", "sigma_sq", []string{"b c"}}, {"sigma_sq[ü]", "sigma_sq", []string{"ü"}},
		{"correlation[a,b c]", "correlation", []string{"a", "b c"}}, {"correlation[a,ü]", "correlation", []string{"a", "ü"}}, {"correlation[b c,ü]", "correlation", []string{"b c", "ü"}},
		{"odd[x]", "odd", []string{"x"}}, {"odd[x,y]", "odd", []string{"x", "y"}}}
	return m
}

// exampleDraws fills a table.
func exampleDraws(t *testing.T, f *Folder, warmup, draws int) *Draws {
	m := exampleMeta(warmup)
	w, err := CreateTable(f.Path(DrawsFile), m)
	require.NoError(t, err)
	for chain := range m.Chains {
		for row := range warmup + draws {
			values := rowOf(m, chain, row)
			copy(values, []float64{-1.5 - float64(row), 0.75, 0.5, 2, 3, float64(row % 2), 4.25})
			require.NoError(t, w.Put(chain, row, values))
		}
	}
	require.NoError(t, w.Flush())
	require.NoError(t, w.Close())
	d, err := OpenDraws(f.Path(DrawsFile))
	require.NoError(t, err)
	t.Cleanup(func() { d.Close() })
	require.Equal(t, draws, d.Count)
	return d
}

func TestEncodeChain(t *testing.T) {
	f, err := OpenFolder(t.TempDir(), false)
	require.NoError(t, err)
	d := exampleDraws(t, f, 1, 2)
	var out bytes.Buffer
	require.NoError(t, EncodeChain(&out, d, 1, [][2]string{{"seed", "7"}, {"name", "a\nb"}}, &Adaptation{0.25, []float64{1, math.Inf(1), 0.5}}))
	lines := strings.Split(out.String(), "\n")
	require.Equal(t, []string{"# seed = 7", "# name = a b", "# num_samples = 2", "# save_warmup = true", "# thin = 1", "# metric = diag_e", "# id = 2",
		"lp__,accept_stat__,stepsize__,treedepth__,n_leapfrog__,divergent__,energy__,alpha,sigma_sq_a,sigma_sq_b_c,sigma_sq_ü,correlation_a_b_c,correlation_a_ü,correlation_b_c_ü,odd_x,odd_x_y",
		"-1.5,0.75,0.5,2,3,0,4.25,701,801,901,1001,1101,1201,1301,1401,1501",
		"# Adaptation terminated", "# Step size = 0.25", "# Diagonal elements of inverse mass matrix:", "# 1, inf, 0.5",
		"-2.5,0.75,0.5,2,3,1,4.25,701.001,801.001,901.001,1001.001,1101.001,1201.001,1301.001,1401.001,1501.001"}, lines[:14])
	require.Equal(t, []string{"# ", "#  Elapsed Time: in run.json", "# ", ""}, lines[15:])
	out.Reset()
	require.NoError(t, EncodeChain(&out, d, 0, nil, nil)) // of a run that was killed
	require.Contains(t, out.String(), "# metric = unit_e\n")
	require.Contains(t, out.String(), "# Adaptation terminated\n# Step size = 0.5\n-2.5")
}

func TestEncodeTrace(t *testing.T) {
	f, err := OpenFolder(t.TempDir(), false)
	require.NoError(t, err)
	d := exampleDraws(t, f, 2, 2)
	require.NoError(t, f.ExportTracer(d, "hxgpu 0"))
	text, err := os.ReadFile(f.Path("chain_2.log"))
	require.NoError(t, err)
	lines := strings.Split(string(text), "\n")
	require.True(t, strings.HasPrefix(lines[0], "# hxgpu 0; chain 2; "))
	require.True(t, strings.HasPrefix(lines[1], "state\tlp\talpha\tsigma_sq_a\t"))
	require.True(t, strings.HasPrefix(lines[2], "0\t-3.5\t701.002\t"))
	require.True(t, strings.HasPrefix(lines[3], "1\t-4.5\t701.003\t"))
	require.Equal(t, len(strings.Split(lines[1], "\t")), len(strings.Split(lines[3], "\t")))
	require.Equal(t, []string{""}, lines[4:])
}

// TestAdaptation: what the warm-up found is read back; without the file, or with a
// damaged one, it is not known.
func TestAdaptation(t *testing.T) {
	f, err := OpenFolder(t.TempDir(), false)
	require.NoError(t, err)
	got, err := f.ReadAdaptation()
	require.NoError(t, err)
	require.Nil(t, got)
	want := []Adaptation{{0.5, []float64{1, 2}}, {0.25, []float64{3, 4}}}
	require.NoError(t, f.WriteAdaptation(want))
	got, err = f.ReadAdaptation()
	require.NoError(t, err)
	require.Equal(t, want, got)
	info, err := os.Stat(f.Path(AdaptationFile))
	require.NoError(t, err)
	require.NoError(t, os.Truncate(f.Path(AdaptationFile), info.Size()-1))
	got, err = f.ReadAdaptation()
	require.NoError(t, err)
	require.Nil(t, got)
}

// TestZarr reads the store back by the letter of the format, in small chunks.
func TestZarr(t *testing.T) {
	f, err := OpenFolder(t.TempDir(), false)
	require.NoError(t, err)
	d := exampleDraws(t, f, 2, 5)
	require.NoError(t, f.ExportZarr(d, Observed{Traits: []string{"a", "b c", "ü"}, Taxa: []string{"t1", "long name"}, Values: [][]float64{{1, 2}, {3, math.NaN()}, {5, 6}}}, "1.2"))
	read := func(path string, value any) {
		text, err := os.ReadFile(filepath.Join(f.Path(ZarrFolder), path))
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, value))
	}
	var all struct {
		Format   int `json:"zarr_consolidated_format"`
		Metadata map[string]json.RawMessage
	}
	read(".zmetadata", &all)
	require.Equal(t, 1, all.Format)
	for path, text := range all.Metadata {
		var own json.RawMessage
		read(path, &own)
		require.JSONEq(t, string(own), string(text))
	}
	array := func(path string) (a zarrArray, dims []string) {
		read(path+"/.zarray", &a)
		var attributes map[string][]string
		read(path+"/.zattrs", &attributes)
		return a, attributes["_ARRAY_DIMENSIONS"]
	}
	a, dims := array("posterior/correlation")
	require.Equal(t, []string{"chain", "draw", "trait", "trait_bis"}, dims)
	require.Equal(t, []int{2, 5, 3, 3}, a.Shape)
	text, err := os.ReadFile(filepath.Join(f.Path(ZarrFolder), "posterior/correlation/0.0.0.0"))
	require.NoError(t, err)
	require.Len(t, text, 2*5*9*8)
	matrix := make([]float64, 9)
	for k := range matrix { // chain 1, draw 2, which is row 4
		matrix[k] = math.Float64frombits(binary.LittleEndian.Uint64(text[8*((5+2)*9+k):]))
	}
	ab, ac, bc := value(1, 4, 11), value(1, 4, 12), value(1, 4, 13)
	require.Equal(t, []float64{1, ab, ac, ab, 1, bc, ac, bc, 1}, matrix)
	_, dims = array("posterior/alpha")
	require.Equal(t, []string{"chain", "draw"}, dims)
	_, dims = array("posterior/odd_x_y")
	require.Equal(t, []string{"chain", "draw"}, dims)
	a, _ = array("warmup_sample_stats/diverging")
	require.Equal(t, "|b1", a.Type)
	text, err = os.ReadFile(filepath.Join(f.Path(ZarrFolder), "warmup_sample_stats/diverging/0.0"))
	require.NoError(t, err)
	require.Equal(t, []byte{0, 1, 0, 1}, text)
	a, _ = array("observed_data/taxon")
	require.Equal(t, "<U9", a.Type)

	// Without a warm-up there are no groups of it, and the store replaces the old one.
	d = exampleDraws(t, f, 0, 3)
	require.NoError(t, f.ExportZarr(d, Observed{}, "1.2"))
	require.NoDirExists(t, filepath.Join(f.Path(ZarrFolder), "warmup_posterior"))
	require.NoDirExists(t, filepath.Join(f.Path(ZarrFolder), "observed_data"))
	a, dims = array("posterior/sigma_sq")
	require.Equal(t, []int{2, 3, 3}, a.Shape)
	require.Equal(t, "sigma_sq_dim", dims[2])
	require.Equal(t, []string{ZarrFolder, DrawsFile}, names(t, f.Path(".")))
}

// TestZarrChunks: arrays of several chunks, the last ones filled up.
func TestZarrChunks(t *testing.T) {
	path := filepath.Join(t.TempDir(), DrawsFile)
	const chains, rows = 3, chunkNumbers/2 + 10
	m := TableMeta{Chains: chains, Stride: 1, Parameters: []Column{{Name: "a", Of: "a"}, {"b[x]", "b", []string{"x"}}, {"b[y]", "b", []string{"y"}}}}.WithBlock()
	w, err := CreateTable(path, m)
	require.NoError(t, err)
	for c := range chains {
		for r := range rows {
			require.NoError(t, w.Put(c, r, rowOf(m, c, r)))
		}
	}
	require.NoError(t, w.Flush())
	require.NoError(t, w.Close())
	table, err := OpenTable(path)
	require.NoError(t, err)
	defer table.Close()
	s, err := newZarrStore(t.TempDir())
	require.NoError(t, err)
	require.NoError(t, s.group("g", nil))
	for i, v := range parameterVariables(m, nil) {
		require.NoError(t, s.variable("g", table, v, 0, rows))
		a := s.metadata["g/"+v.name+"/.zarray"].(zarrArray)
		require.Equal(t, [][]int{{1, rows}, {1, chunkNumbers / 2, 2}}[i], a.Chunks)
		size := len(v.columns)
		for c := range chains {
			for row := 0; row < rows; row += 1009 {
				place := []string{"0", "0"}
				place[0] = string(rune('0' + c/a.Chunks[0]))
				place[1] = string(rune('0' + row/a.Chunks[1]))
				if size > 1 {
					place = append(place, "0")
				}
				text, err := os.ReadFile(filepath.Join(s.root, "g", v.name, strings.Join(place, ".")))
				require.NoError(t, err)
				require.Len(t, text, 8*a.Chunks[0]*a.Chunks[1]*size)
				for k := range size {
					at := (c%a.Chunks[0]*a.Chunks[1]+row%a.Chunks[1])*size + k
					require.Equal(t, value(c, row, v.columns[k]), math.Float64frombits(binary.LittleEndian.Uint64(text[8*at:])))
				}
			}
		}
	}
}
