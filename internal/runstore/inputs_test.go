package runstore

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestInputs: copies are the files byte by byte under safe names; one that was
// changed is refused.
func TestInputs(t *testing.T) {
	f, err := OpenFolder(t.TempDir(), false)
	require.NoError(t, err)
	text := []byte("taxon\tx\r\na\t1\x00\xff")
	for given, copy := range map[string]string{
		"/data/T.nwk": "inputs/tree-T.nwk", "../../etc/passwd": "inputs/tree-passwd", "a b/ü:*?.tps.gz": "inputs/tree-____.tps.gz",
		"..": "inputs/tree-", "con": "inputs/tree-con", strings.Repeat("x", 300) + ".csv": "inputs/tree-" + strings.Repeat("x", 76) + ".csv",
		"/dev/fd/63": "inputs/tree-63",
	} {
		in := NewInputFile("tree", given, text)
		require.Equal(t, copy, in.Copy, given)
		require.NoError(t, f.WriteInput(in, text))
		path, err := f.CheckInput(in)
		require.NoError(t, err)
		got, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, text, got)
		require.EqualValues(t, len(text), in.Bytes)
	}
	in := NewInputFile("traits", "c.csv", []byte("abc"))
	require.Equal(t, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", in.SHA256)
	_, err = f.CheckInput(in)
	require.ErrorContains(t, err, "the copy of --traits c.csv is missing")
	require.NoError(t, f.WriteInput(in, []byte("abd")))
	require.ErrorContains(t, f.WriteInput(in, []byte("abc")), "is there already")
	_, err = f.CheckInput(in)
	require.ErrorContains(t, err, "it is not the copy of --traits that the run made")
	in.Copy = "../c.csv"
	_, err = f.CheckInput(in)
	require.ErrorContains(t, err, "not in the folder")
	in.Copy = filepath.Join(t.TempDir(), "c.csv")
	_, err = f.CheckInput(in)
	require.ErrorContains(t, err, "not in the folder")
}
