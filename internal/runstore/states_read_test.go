package runstore

import (
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/tree"
)

// TestReadStates: states come back as they were written, and a table that is not whole
// is refused with the reason.
func TestReadStates(t *testing.T) {
	p, err := tree.ParseTree("t.nwk", []byte("((a:1,b:1)'x, y':1,c:2);"), 0)
	require.NoError(t, err)
	f, err := OpenFolder(t.TempDir(), false)
	require.NoError(t, err)
	traits := []string{"mass", "length, total"}
	_, err = f.ReadStates(traits, 5)
	require.ErrorIs(t, err, fs.ErrNotExist)
	want := make([][]State, 2)
	for k := range want {
		for v := range 5 {
			x := float64(10*k+v) / 3
			want[k] = append(want[k], State{x, x / 7, x - 1, x + 1e-17, x + 1e10})
		}
	}
	require.NoError(t, f.WriteStates(States{p, traits, want}))
	got, err := f.ReadStates(traits, 5)
	require.NoError(t, err)
	require.Equal(t, want, got)

	whole, err := os.ReadFile(f.Path(StatesFile))
	require.NoError(t, err)
	lines := strings.SplitAfter(string(whole), "\n")
	for name, c := range map[string]struct{ text, want string }{
		"empty":    {"", "no table of states"},
		"header":   {strings.Replace(string(whole), "median", "middle", 1), "no table of states"},
		"cut":      {strings.Join(lines[:6], ""), "it has 5 rows; 5 nodes and 2 traits need 10"},
		"half":     {string(whole[:len(whole)-60]), "ancestral.csv"},
		"stranger": {strings.Replace(string(whole), "mass", "weight", 1), `line 2 is of node "0" and trait "weight"`},
		"number":   {strings.Replace(string(whole), "mass,0,", "mass,zero,", 1), `line 2: "zero" is not a number`},
		"twice":    {strings.Replace(string(whole), lines[3], lines[1], 1), "line 4 is of node 0 and trait mass, as another one is"},
		"node":     {strings.Replace(string(whole), "\n4,", "\n9,", 1), `node "9"`},
	} {
		require.NoError(t, os.WriteFile(f.Path(StatesFile), []byte(c.text), 0o644))
		_, err := f.ReadStates(traits, 5)
		var damaged *DamagedError
		require.ErrorAs(t, err, &damaged, name)
		require.Contains(t, err.Error(), c.want, name)
	}
}
