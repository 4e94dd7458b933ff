package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestStartFlags: chains begin where --start says; a file's row is for one chain or
// for all, and is kept with the run.
func TestStartFlags(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("each.csv", []byte("chain,sigma_sq,tau_sq\n1,0.1,0.1\n2,3,0.001\n"), 0o600))
	require.NoError(t, os.WriteFile("all.csv", []byte("chain,tau_sq,sigma_sq\nall,0.2,0.4\n"), 0o600))
	for _, start := range []string{"prior", "ascent", "file=each.csv", "file=all.csv"} {
		code, stdout, stderr := command(t, "sample", "--chains", "2", "--warmup", "200", "--draws", "1000", "--start", start, "--device", "cpu", "--json")
		require.Zero(t, code, stderr)
		s := parseSummary(t, stdout).Parameters["sigma_sq"]
		require.InDelta(t, 0.467, s.Mean, 0.1)
		require.Less(t, s.Rhat, 1.05)
	}
	args := []string{"sample", "--chains", "2", "--warmup", "20", "--draws", "10", "--device", "cpu", "--quiet"}
	code, _, stderr := command(t, append(args, "--start", "file=each.csv", "--out", "run")...)
	require.Zero(t, code, stderr)
	require.NoError(t, os.Remove("each.csv"))
	code, _, stderr = command(t, "sample", "--resume", "run", "--draws", "20", "--quiet")
	require.Zero(t, code, stderr)
}

// TestSuperchains: the chains of a superchain begin at one point, and nested R-hat
// judges them, of merged runs too.
func TestSuperchains(t *testing.T) {
	t.Chdir(t.TempDir())
	args := []string{"sample", "--chains", "64", "--superchains", "8", "--warmup", "100", "--draws", "8", "--device", "cpu", "--json"}
	code, stdout, stderr := command(t, append(args, "--out", "run")...)
	require.Zero(t, code, stderr)
	require.NotContains(t, stderr, "R-hat")
	s := parseSummary(t, stdout).Parameters["sigma_sq"]
	require.Greater(t, s.Rhat, 1.01) // chains of 8 draws do not agree by themselves
	require.InDelta(t, 1, s.Nested, 0.01)
	require.Positive(t, s.Nested)
	code, _, stderr = command(t, append(args, "--out", "run2", "--seed", "2")...)
	require.Zero(t, code, stderr)
	code, stdout, stderr = command(t, "merge", "run", "run2", "--out", "both")
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "nested R-hat")

	// Without a warm-up superchains are still where they began.
	code, stdout, stderr = command(t, "sample", "--chains", "64", "--superchains", "8", "--algorithm", "rw", "--warmup", "0", "--draws", "4", "--device", "cpu", "--quiet")
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "nested R-hat")
	require.Contains(t, stderr, "nested R-hat is above 1.01 for")
}
