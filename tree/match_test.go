package tree_test

import (
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/tree"
)

func TestMatch(t *testing.T) {
	p := parse(t, "((a_1,'b 2'),(c_3,'d_4 x',e),('f g',f_g));")
	table := parseTable(t, "taxon,x\nz,0\ne,1\nd 4_x,2\nc_3,3\nc 3,9\nb_2,4\na 1,5\nf_g,6\nf g,7\n")
	m, err := tree.Match(p, table)
	require.NoError(t, err)
	assert.Equal(t, []string{"a_1", "b 2", "c_3", "d_4 x", "e", "f g", "f_g"}, p.Tips())
	assert.Equal(t, []int{6, 5, 3, 2, 1, 8, 7}, m.Row)
	assert.Empty(t, m.TreeOnly)
	assert.Equal(t, []string{"z", "c 3"}, m.TableOnly)
	assert.Equal(t, 7, m.Matched())
	values, err := table.Numbers("x")
	require.NoError(t, err)
	assert.Equal(t, []float64{5, 4, 3, 2, 1, 7, 6}, m.PerTip(values))
}

func TestMatchInPart(t *testing.T) {
	m, err := tree.Match(parse(t, "(a,b,c)r;"), parseTable(t, "taxon,x\nr,1\nc,2\nd,3\n"))
	require.NoError(t, err)
	assert.Equal(t, []int{-1, -1, 1}, m.Row)
	assert.Equal(t, []string{"a", "b"}, m.TreeOnly)
	assert.Equal(t, []string{"r", "d"}, m.TableOnly, "inner nodes are not matched")
	assert.Equal(t, 1, m.Matched())
	values := m.PerTip([]float64{1, 2, 3})
	assert.True(t, math.IsNaN(values[0]) && math.IsNaN(values[1]) && values[2] == 2)
}

func TestMatchErrors(t *testing.T) {
	for _, c := range []struct{ name, tree, table, want string }{
		{"nothing in common", "(a,b,c,d,e,f);", "taxon,x\nu,1\nv,2\n",
			`t.csv:2:1: no taxon of the table is a tip of the tree: the tree has "a", "b", "c", "d" and 2 more; the table has "u", "v"`},
		{"another case", "(Homo_sapiens,b);", "taxon,x\nu,1\nhomo sapiens,2\n",
			`t.csv:2:1: no taxon of the table is a tip of the tree: the tree has "Homo_sapiens", "b"; the table has "u", "homo sapiens"; "Homo_sapiens" and "homo sapiens" differ only in upper and lower case: write them alike`},
		{"two rows for a tip", "('a b c',d);", "taxon,x\na_b c,1\na b_c,2\n",
			`t.csv:2:1: the tip "a b c" may be the taxon "a_b c" or "a b_c", with underscores read as spaces: write the taxon exactly as in the tree`},
		{"two tips for a row", "('a_b c','a b_c');", "taxon,x\nq,0\na b c,1\n",
			`t.csv:3:1: the taxon "a b c" may be the tip "a_b c" or "a b_c", with underscores read as spaces: write the taxon exactly as in the tree`},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := tree.Match(parse(t, c.tree), parseTable(t, c.table))
			require.EqualError(t, err, c.want)
			assert.Nil(t, m)
		})
	}
}

// dataFolder holds real trees and traits, which are no part of the project.
func dataFolder(t *testing.T) string {
	t.Helper()
	folder := filepath.Join("..", "..", "shared", "data")
	if _, err := os.Stat(folder); err != nil {
		t.Skip("the folder shared/data beside the checkout is missing")
	}
	return folder
}

func TestRealData(t *testing.T) {
	folder := dataFolder(t)
	for _, c := range []struct {
		name                                      string
		tips, nodes, zero, rows, columns, matched int // nodes 0: not known
		height                                    float64
		column                                    string
	}{
		{name: "anole", tips: 82, nodes: 163, rows: 82, columns: 6, matched: 82, height: 6, column: "SVL"},
		{name: "birds_avonet", tips: 9993, nodes: 19985, rows: 8546, columns: 24, matched: 8546, height: 114.895845706, column: "log_Wing.Length"},
		{name: "caniformia", tips: 135, rows: 135, columns: 1, matched: 135, column: "ln_body_size"},
		{name: "geospiza", tips: 14, rows: 13, columns: 5, matched: 13, column: "wingL"},
		{name: "mammal_garland", tips: 49, zero: 1, rows: 49, columns: 2, matched: 49, column: "bodyMass"},
		{name: "ornithodirans_fossil", tips: 419, zero: 28, rows: 419, columns: 2, matched: 419, height: 180, column: "log_mass"},
		{name: "phyllostomid_landmarks", tips: 49, nodes: 97, rows: 49, columns: 77, matched: 49, height: 1, column: "y36"},
		{name: "plethodon_landmarks", tips: 9, nodes: 17, rows: 9, columns: 22, matched: 9, height: 15.170987, column: "x1"},
		{name: "whales", tips: 84, rows: 75, columns: 2, matched: 75, column: "lnlength"},
	} {
		t.Run(c.name, func(t *testing.T) {
			start := time.Now()
			p, err := tree.ReadNewickFile(filepath.Join(folder, c.name, "tree.nwk"))
			require.NoError(t, err)
			t.Logf("read %d nodes in %v", p.Topology.Size(), time.Since(start))
			requireLevelOrder(t, p.Topology)
			requireRoundTrip(t, p)
			require.NoError(t, p.RequireLengths())
			assert.Equal(t, c.tips, p.Topology.LeafCount())
			if c.nodes > 0 {
				assert.Equal(t, c.nodes, p.Topology.Size())
			}
			if c.height > 0 {
				assert.InDelta(t, c.height, p.Height(), 0.001*c.height)
			}
			zero := 0
			for v, length := range p.Lengths {
				if p.HasLength[v] && length == 0 {
					zero++
				}
			}
			assert.Equal(t, c.zero, zero)

			start = time.Now()
			table, err := tree.ReadTableFile(filepath.Join(folder, c.name, "traits.csv"))
			require.NoError(t, err)
			t.Logf("read %d rows in %v", len(table.Taxa), time.Since(start))
			requireTable(t, table)
			assert.Len(t, table.Taxa, c.rows)
			assert.Len(t, table.Columns, c.columns)
			_, err = table.Numbers(c.column)
			require.NoError(t, err)
			start = time.Now()
			m, err := tree.Match(p, table)
			require.NoError(t, err)
			t.Logf("matched in %v", time.Since(start))
			assert.Equal(t, c.matched, m.Matched())
			assert.Empty(t, m.TableOnly)
			assert.Len(t, m.TreeOnly, c.tips-c.matched)
		})
	}
	t.Run("birds with data", func(t *testing.T) {
		table, err := tree.ReadTableFile(filepath.Join(folder, "birds_avonet", "traits.csv"))
		require.NoError(t, err)
		numbers, err := table.Numbers("log_Wing.Length")
		require.NoError(t, err)
		present := 0
		for _, number := range numbers {
			if !math.IsNaN(number) {
				present++
			}
		}
		assert.Equal(t, 8509, present)
	})
	t.Run("words in a column of numbers", func(t *testing.T) {
		table, err := tree.ReadTableFile(filepath.Join(folder, "ornithodirans_fossil", "traits.csv"))
		require.NoError(t, err)
		_, err = table.Numbers("state")
		assert.ErrorContains(t, err, `traits.csv:2:38: taxon "Pisanosaurus_mertii", column "state": "B" is not a number`)
	})
}

func TestRealPlants(t *testing.T) {
	folder := dataFolder(t)
	start := time.Now()
	p, err := tree.ReadNewickFile(filepath.Join(folder, "plants_gbotb", "tree.nwk.gz"))
	require.NoError(t, err)
	t.Logf("unpacked and read %d nodes in %v", p.Topology.Size(), time.Since(start))
	assert.Equal(t, 74_531, p.Topology.LeafCount())
	assert.Equal(t, 74_531+74_474, p.Topology.Size())
	require.NoError(t, p.RequireLengths())
	requireRoundTrip(t, p)
	depths, height := p.NodeDepths(), p.Height()
	for _, v := range p.Topology.Leaves() {
		require.InDelta(t, height, depths[v], 1e-3, "the tree is ultrametric")
	}
}

func TestRealRevBayes(t *testing.T) {
	folder := filepath.Join(dataFolder(t), "revbayes_cont_traits")
	p, err := tree.ReadNewickFile(filepath.Join(folder, "artiodactyla.tree"))
	require.NoError(t, err)
	assert.Equal(t, 82, p.Topology.LeafCount())
	assert.True(t, p.HasLength[0])
	requireRoundTrip(t, p)

	p, err = tree.ReadTreeFile(filepath.Join(folder, "artiodactyla_character_history.tree"), 0)
	require.NoError(t, err)
	assert.Equal(t, 82, p.Topology.LeafCount())
	require.NoError(t, p.RequireLengths())
	requireRoundTrip(t, p)
	// Maps run from the tip to the root: what an edge begins with is what its parent's
	// ends with.
	for v := 1; v < p.Topology.Size(); v++ {
		if parent := p.Topology.Parent(v); parent > 0 {
			require.Equal(t, p.Maps[parent][0].State, p.Maps[v][len(p.Maps[v])-1].State, p.Describe(v))
		}
	}

	for _, c := range []struct {
		file               string
		trees, tips, nodes int // of the first tree
	}{{"haemulidae.nex", 1, 49, 97}, {"primates_tree.nex", 1, 233, 465}, {"trees.nex", 66, 58, 115}} {
		trees, err := tree.ReadTreesFile(filepath.Join(folder, c.file))
		require.NoError(t, err)
		require.Len(t, trees, c.trees)
		assert.Equal(t, c.tips, trees[0].Topology.LeafCount())
		assert.Equal(t, c.nodes, trees[0].Topology.Size())
		requireNexusRoundTrip(t, trees)
		for _, p := range trees {
			require.NoError(t, p.RequireLengths(), p.Name)
		}
	}
	p, err = tree.ReadTreeFile(filepath.Join(folder, "haemulidae.nex"), 0)
	require.NoError(t, err)
	assert.Equal(t, "TREE1", p.Name)
	ages, err := p.NodeValues("age_95%_HPD")
	require.NoError(t, err)
	assert.Equal(t, "{1,1}", ages[0])
	p, err = tree.ReadTreeFile(filepath.Join(folder, "primates_tree.nex"), 0)
	require.NoError(t, err)
	assert.True(t, p.Default)
	assert.Contains(t, p.Tips(), "Ateles_chamek")
	p, err = tree.ReadTreeFile(filepath.Join(folder, "trees.nex"), 66)
	require.NoError(t, err)
	assert.Equal(t, "vespertilionidae", p.Name)
	_, err = tree.ReadTreeFile(filepath.Join(folder, "trees.nex"), 0)
	assert.ErrorContains(t, err, `trees.nex:5:1: the file has 66 trees, "acanthuridae", "accipitridae", "agamidae", "anatinae" and 62 more: choose one by its number, 1 to 66`)
	_, err = tree.ReadTreeFile(filepath.Join(folder, "trees.nex"), 67)
	assert.ErrorContains(t, err, `trees.nex:69:1: there is no tree 67: the file has 66, this one the last`)
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return text
}
