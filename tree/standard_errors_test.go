package tree_test

import (
	"math"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/tree"
)

func TestErrorColumns(t *testing.T) {
	table := parseTable(t, "taxon,x,SE_x,y,sd_y,N_y,log_z,sd_z,n_z,ln_w,se_w,log_v,sd_v,u\na,1,1,1,1,1,1,1,1,1,1,1,1,1\n")
	for column, want := range map[string][]string{"x": {"SE_x"}, "y": {"sd_y", "N_y"}, "log_z": nil, "ln_w": nil, "log_v": nil, "u": nil} {
		from, guess := table.ErrorColumns(column)
		require.Equal(t, want, from, column)
		require.Equal(t, map[string]string{"log_z": "sd_z", "ln_w": "se_w"}[column], guess, column)
	}
	for column, want := range map[string]string{"sd_y": "N_y", "sd_z": "n_z", "SE_x": "", "u": ""} {
		count, err := table.CountColumn(column)
		require.NoError(t, err)
		require.Equal(t, want, count)
	}
	_, err := table.CountColumn("sd_v")
	require.EqualError(t, err, `t.csv: column "sd_v" needs a column "n_v" with the number of specimens: add it, or give standard errors in "se_v"`)
}

func TestStandardErrors(t *testing.T) {
	table := parseTable(t, "taxon,x,se_x,sd_x,n_x\na,1,0.5,2,4\nb,2,0,3,9\nc,,,,\nd,4,1,0,1\ne,5,1,NA,1\n")
	e, err := table.StandardErrors("x", "se_x")
	require.NoError(t, err)
	require.True(t, math.IsNaN(e.Values[2]))
	e.Values[2] = -1
	require.Equal(t, []float64{0.5, 0, -1, 1, 1}, e.Values)
	require.True(t, math.IsNaN(e.Pooled))

	e, err = table.StandardErrors("x", "sd_x", "n_x")
	require.NoError(t, err)
	pooled := math.Sqrt((3*4 + 8*9) / 11.0)
	e.Values[2] = -1
	require.Equal(t, []float64{1, 1, -1, pooled, pooled}, e.Values)
	require.Equal(t, pooled, e.Pooled)
	require.Equal(t, 2, e.Singles)

	for _, c := range []struct {
		text, want string
		from       []string
	}{
		{"taxon,x,se_x\na,1,\n", `t.csv:2:5: taxon "a" has a value of "x" and none of "se_x": give it, or remove the value`, []string{"se_x"}},
		{"taxon,x,se_x\na,1,-1\n", `t.csv:2:5: taxon "a", column "se_x": -1 must be 0 or more`, []string{"se_x"}},
		{"taxon,x,se_x\na,1,z\n", `t.csv:2:5: taxon "a", column "se_x": "z" is not a number: write a decimal number such as 0.5 or 1e-3; a missing value is empty, NA or ?`, []string{"se_x"}},
		{"taxon,x,sd_x,n_x\na,1,1,0\n", `t.csv:2:7: taxon "a", column "n_x": 0 must be 1 or more`, []string{"sd_x", "n_x"}},
		{"taxon,x,sd_x,n_x\na,1,1,\n", `t.csv:2:7: taxon "a" has a value of "x" and none of "n_x": give it, or remove the value`, []string{"sd_x", "n_x"}},
		{"taxon,x,sd_x,n_x\na,1,,2\n", `t.csv:2:5: taxon "a" has a value of "x" and none of "sd_x": give it, or remove the value`, []string{"sd_x", "n_x"}},
		{"taxon,x,sd_x,n_x\na,1,,1\nb,2,,1\n", `t.csv:3:6: every taxon has a single specimen, taxon "b" the last: the deviation within taxa cannot be told; give standard errors in a column "se_x"`, []string{"sd_x", "n_x"}},
		{"taxon,x\na,1\n", `t.csv: no column "se_x": the columns are "x"`, []string{"se_x"}},
		{"taxon,x\na,1\n", `t.csv: 0 columns for the standard errors of "x": give one of standard errors, or one of standard deviations and one of counts`, nil},
	} {
		_, err := parseTable(t, c.text).StandardErrors("x", c.from...)
		require.EqualError(t, err, c.want)
	}
}

func TestRealStandardErrors(t *testing.T) {
	table, err := tree.ReadTableFile(filepath.Join(dataFolder(t), "birds_avonet", "traits.csv"))
	require.NoError(t, err)
	_, guess := table.ErrorColumns("log_Wing.Length")
	require.Equal(t, "sd_Wing.Length", guess)
	e, err := table.StandardErrors("log_Wing.Length", "sd_Wing.Length", "n_Wing.Length")
	require.NoError(t, err)
	require.Equal(t, 216, e.Singles)
	require.InDelta(t, 0.05, e.Pooled, 0.02)
}

func TestFactor(t *testing.T) {
	table := parseTable(t, "taxon,diet,n,none\na,meat,2,\nb,,1,?\nc,fruit,2,NA\nd,meat,10,-\n")
	f, err := table.Factor("diet")
	require.NoError(t, err)
	require.Equal(t, &tree.Factor{Column: "diet", Levels: []string{"fruit", "meat"}, Codes: []int{1, -1, 0, 1}}, f)
	f, err = table.Factor("n")
	require.NoError(t, err)
	require.Equal(t, []string{"1", "10", "2"}, f.Levels)
	_, err = table.Factor("none")
	require.EqualError(t, err, `t.csv:1:14: column "none" has no value in any row: leave it out`)
	_, err = table.Factor("dite")
	require.EqualError(t, err, `t.csv: no column "dite": the columns are "diet", "none", "n"`)
	require.Equal(t, []string{"diet"}, table.TextColumns())

	m, err := tree.Match(parse(t, "(d,(x,a));"), table)
	require.NoError(t, err)
	require.Equal(t, []int{7, -1, 5}, m.CodesPerTip([]int{5, 6, -1, 7}))
}
