package runstore

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCheckpoint: what is written is read; a file that is cut, longer or has a wrong
// bit is refused in words.
func TestCheckpoint(t *testing.T) {
	f, err := OpenFolder(t.TempDir(), false)
	require.NoError(t, err)
	_, err = f.ReadCheckpoint()
	require.ErrorIs(t, err, fs.ErrNotExist)
	for _, state := range []string{"the state of all chains", ""} {
		require.NoError(t, f.WriteCheckpoint([]byte(state)))
		got, err := f.ReadCheckpoint()
		require.NoError(t, err)
		require.Equal(t, state, string(got))
		text, err := os.ReadFile(f.Path(CheckpointFile))
		require.NoError(t, err)
		refused := func(broken []byte) {
			require.NoError(t, os.WriteFile(f.Path(CheckpointFile), broken, 0o644))
			_, err := f.ReadCheckpoint()
			var damaged *DamagedError
			require.True(t, errors.As(err, &damaged))
			require.ErrorContains(t, err, CheckpointFile+": ")
		}
		for i := range text {
			refused(text[:i])
			broken := bytes.Clone(text)
			broken[i] ^= 1 << (i % 8)
			refused(broken)
		}
		refused(append(bytes.Clone(text), 0))
	}
	left, err := os.ReadDir(f.Path("."))
	require.NoError(t, err)
	require.Len(t, left, 1)
}

func FuzzCheckpoint(f *testing.F) {
	f.Add(encodeCheckpoint([]byte("state")))
	f.Fuzz(func(t *testing.T, text []byte) {
		if state, err := decodeCheckpoint(text); err == nil && !bytes.Equal(encodeCheckpoint(state), text) {
			t.Fatal("read what would not be written")
		}
	})
}
