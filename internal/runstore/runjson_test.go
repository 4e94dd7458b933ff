package runstore

import (
	"errors"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRunFile: run.json is read as it was written, and refused in words where it is
// not one of ours.
func TestRunFile(t *testing.T) {
	f, err := OpenFolder(t.TempDir(), false)
	require.NoError(t, err)
	_, err = f.ReadRun()
	require.ErrorIs(t, err, ErrNoRun)
	want := Run{Phase: Running, Flags: map[string][]string{"prior": {"a=normal(0,1)", "b=x"}}, Settings: Settings{Chains: 2, Seed: 1 << 63},
		Sessions: []Session{{Started: "x", Timings: &Timings{Total: 1}}}}
	require.NoError(t, f.WriteRun(want))
	got, err := f.ReadRun()
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.Equal(t, []Origin{{1 << 63, 1}, {1 << 63, 2}}, got.ChainOrigins())
	for text, message := range map[string]string{
		"": "it cannot be read", "{": "it cannot be read", `{"versions":{}}`: "sample again",
		`{"state":"asleep"}`: `the state of the run is "asleep"`, `{"state":"running"}`: "0 chains",
		`{"state":"merged","settings":{"chains":2},"origins":[{"seed":1,"number":1}]}`: "2 chains and the origins of 1",
	} {
		require.NoError(t, os.WriteFile(f.Path(RunFile), []byte(text), 0o644))
		_, err := f.ReadRun()
		var damaged *DamagedError
		require.True(t, errors.As(err, &damaged), "%v", err)
		require.ErrorContains(t, err, message)
	}
}

func FuzzRunFile(f *testing.F) {
	f.Add([]byte(`{"state":"running","settings":{"chains":2},"timings":{"total_s":null}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if r, err := decodeRun(text); err == nil && len(r.ChainOrigins()) != r.Settings.Chains {
			t.Fatal("chains without an origin")
		}
	})
}
