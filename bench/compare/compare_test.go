package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// toy is a repository with a module that has a benchmark of some rounds of
// arithmetic. It returns a function that commits another number of rounds.
func toy(t *testing.T) (folder string, commit func(rounds int)) {
	for _, program := range []string{"git", "go"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("no %s on the path", program)
		}
	}
	folder = t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(folder, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	call := func(arguments ...string) {
		_, err := git(t.Context(), folder, append([]string{"-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"}, arguments...)...)
		require.NoError(t, err)
	}
	call("init", "--quiet")
	write("go.mod", "module example.com/toy\n\ngo 1.26.0\n")
	write("bench/toy_test.go", `package bench

import "testing"

func BenchmarkSum(b *testing.B) {
	for b.Loop() {
		x := uint64(b.N)
		for range Rounds {
			x = x*6364136223846793005 + 1442695040888963407
		}
		sink = x
	}
}

var sink uint64
`)
	return folder, func(rounds int) {
		write("bench/toy.go", fmt.Sprintf("package bench\n\nconst Rounds = %d\n", rounds))
		call("add", ".")
		call("commit", "--quiet", "-m", "toy: rounds")
	}
}

// TestCompare: a commit with three times the work is slower, one with a third is
// faster. The U test on 10 runs a side misses a factor of three only where other
// programs make times vary by as much.
func TestCompare(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds programs and runs them")
	}
	folder, commit := toy(t)
	// benchstat comes from the module proxy; without one, and none cached, there is
	// nothing to test.
	if usage, _ := exec.Command("go", "run", benchstatVersion, "-h").CombinedOutput(); !bytes.Contains(usage, []byte("Usage: benchstat")) {
		t.Skipf("benchstat cannot be had here: %s", usage)
	}
	commit(3000)
	commit(9000)
	for _, c := range []struct {
		commits []string
		slower  bool
		says    string
	}{
		{[]string{"HEAD~1", "HEAD"}, true, "1 of 1 slower, 0 faster."},
		{[]string{"HEAD", "HEAD~1"}, false, "None slower, 1 of 1 faster."},
		{[]string{"HEAD~1"}, true, "1 of 1 slower, 0 faster."}, // the working tree
	} {
		var out, errs bytes.Buffer
		kept := t.TempDir()
		comparison := comparison{root: folder, stdout: &out, stderr: &errs}
		slower, err := comparison.main(t.Context(), append([]string{"--keep", kept, "--time", "2ms"}, c.commits...))
		require.NoError(t, err, "%s", errs.String())
		require.Equal(t, c.slower, slower, "%s", out.String())
		require.Contains(t, out.String(), c.says)
		for _, name := range []string{"old.txt", "new.txt"} {
			text, err := os.ReadFile(filepath.Join(kept, name))
			require.NoError(t, err)
			require.Equal(t, 10, bytes.Count(text, []byte("\nBenchmarkSum")))
		}
	}
	left, err := git(t.Context(), folder, "status", "--porcelain")
	require.NoError(t, err)
	require.Empty(t, left, "the repository is as it was")
}

// TestMistakes: errors name the flag or the commit, before anything is measured.
func TestMistakes(t *testing.T) {
	folder, commit := toy(t)
	commit(1)
	for _, c := range []struct {
		arguments []string
		says      string
	}{
		{nil, "0 commits given"},
		{[]string{"HEAD", "HEAD", "HEAD"}, "3 commits given"},
		{[]string{"HEAD", "--runs", "9"}, "--runs 9"},
		{[]string{"HEAD", "--time", "-1s"}, "--time -1s"},
		{[]string{"HEAD", "--alpha", "NaN"}, "--alpha NaN"},
		{[]string{"HEAD", "--alpha", "1"}, "--alpha 1"},
		{[]string{"HEAD", "--least", "-1"}, "--least -1"},
		{[]string{"HEAD", "--least", "NaN"}, "--least NaN"},
		{[]string{"HEAD", "--bench", "("}, "--bench ("},
		{[]string{"HEAD", "--package", "/tmp"}, "--package /tmp"},
		{[]string{"HEAD", "--package", "../x"}, "--package ../x"},
		{[]string{"HEAD", "--wrong"}, "unknown flag: --wrong"},
		{[]string{"nothing"}, "nothing is not a commit"},
		{[]string{"--", "--help"}, "--help is not a commit"},
		{[]string{"HEAD", "nothing"}, "nothing is not a commit"},
		{[]string{"HEAD", "--package", "./nothing"}, "--package ./nothing: there are no tests"},
	} {
		var out, errs bytes.Buffer
		comparison := comparison{root: folder, stdout: &out, stderr: &errs}
		_, err := comparison.main(t.Context(), c.arguments)
		require.ErrorIs(t, err, errUsage, "%v", c.arguments)
		require.ErrorContains(t, err, c.says)
		require.Empty(t, out.String())
	}
}
