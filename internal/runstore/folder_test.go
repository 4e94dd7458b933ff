package runstore

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWriteIsWholeOrNothing: a file that fails half-way leaves the one before it
// as it was, and nothing else behind.
func TestWriteIsWholeOrNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "run")
	f, err := OpenFolder(path, false)
	require.NoError(t, err)
	text := func(s string, fail error) func(io.Writer) error {
		return func(w io.Writer) error {
			_, err := io.WriteString(w, s)
			return errors.Join(err, fail)
		}
	}
	require.NoError(t, f.Write("x.csv", text("first", nil)))
	full := errors.New("no space left on device")
	err = f.Write("x.csv", text("second", full))
	require.ErrorIs(t, err, full)
	require.ErrorContains(t, err, filepath.Join(path, "x.csv")+": cannot be written")
	got, err := os.ReadFile(f.Path("x.csv"))
	require.NoError(t, err)
	require.Equal(t, "first", string(got))
	require.NoError(t, f.Write("x.csv", text("third", nil)))
	files, err := os.ReadDir(path)
	require.NoError(t, err)
	require.Len(t, files, 1)
}

func TestOpenFolder(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	_, err := OpenFolder(file, false)
	require.ErrorContains(t, err, "is a file: name a folder")
	_, err = OpenFolder(filepath.Join(file, "below"), false)
	require.ErrorContains(t, err, "cannot make the folder")
	require.NoError(t, os.WriteFile(filepath.Join(folder, RunFile), nil, 0o644))
	_, err = OpenFolder(folder, false, RunFile)
	require.ErrorIs(t, err, ErrHasRun)
	_, err = OpenFolder(folder, true, RunFile)
	require.NoError(t, err)
}

// TestNumbers: JSON has no infinities and no NaN.
func TestNumbers(t *testing.T) {
	text, err := json.Marshal(Numbers([]float64{1.5, math.NaN(), math.Inf(1), -0.1}))
	require.NoError(t, err)
	require.JSONEq(t, "[1.5,null,null,-0.1]", string(text))
	var back []Number
	require.NoError(t, json.Unmarshal(text, &back))
	require.Equal(t, 1.5, float64(back[0]))
	require.True(t, math.IsNaN(float64(back[1])))
}

// TestColumnNames: names of parameters become CmdStan's, and stay apart.
func TestColumnNames(t *testing.T) {
	names := ColumnNames([]string{"sigma_sq", "sigma_sq[SVL]", "correlation[SVL,TL]", "root[a b]", "root[a,b]"})
	require.Equal(t, []string{"sigma_sq", "sigma_sq_SVL", "correlation_SVL_TL"}, names[:3])
	seen := map[string]bool{}
	for _, name := range names {
		require.NotContains(t, name, ",")
		require.False(t, seen[name], name)
		seen[name] = true
	}
}
