package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/internal/runstore"
)

// TestMain is hxgpu itself where a test runs it as a process of its own.
func TestMain(m *testing.M) {
	if os.Getenv("HXGPU_TEST_MAIN") != "" {
		main()
	}
	os.Exit(m.Run())
}

// process is hxgpu as a process of its own.
func process(args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), "HXGPU_TEST_MAIN=1")
	return cmd
}

// runFiles are the files of a run by name, run.json without what depends on when and
// in how many goes it was made.
func runFiles(t *testing.T, folder string) map[string]string {
	files := map[string]string{}
	require.NoError(t, filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || e.Name() == runstore.LockFile {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if e.Name() == runstore.RunFile {
			var r runstore.Run
			if err := json.Unmarshal(text, &r); err != nil {
				return err
			}
			r.Started, r.Sessions, r.Timings = "", nil, runstore.Timings{}
			if text, err = json.MarshalIndent(r, "", " "); err != nil {
				return err
			}
		}
		name, err := filepath.Rel(folder, path)
		files[name] = string(text)
		return err
	}))
	return files
}

// sameRun compares the files of two runs.
func sameRun(t *testing.T, want, got string) {
	t.Helper()
	a, b := runFiles(t, want), runFiles(t, got)
	for name := range a {
		if a[name] == b[name] {
			continue
		}
		at := 0
		for at < min(len(a[name]), len(b[name])) && a[name][at] == b[name][at] {
			at++
		}
		_, there := b[name]
		t.Errorf("%s differs: there %t, %d and %d bytes, from byte %d on", name, there, len(a[name]), len(b[name]), at)
		if name == runstore.RunFile {
			require.Equal(t, a[name], b[name])
		}
	}
	for name := range b {
		if _, ok := a[name]; !ok {
			t.Errorf("%s has %s too", got, name)
		}
	}
}

// killAndResume runs hxgpu, kills it at random moments, and goes on until it has
// been killed a number of times and then ends by itself. It returns how many times it
// was killed.
func killAndResume(t *testing.T, folder string, args []string, kills int, most time.Duration, random *rand.Rand) int {
	killed := 0
	for {
		all := args
		if _, err := os.Stat(filepath.Join(folder, runstore.RunFile)); err == nil {
			all = []string{"sample", "--resume", folder, "--quiet", "--checkpoint-every", "20ms"}
		}
		cmd := process(all...)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		require.NoError(t, cmd.Start())
		if killed < kills {
			time.AfterFunc(time.Duration(random.Int64N(int64(most))), func() { cmd.Process.Kill() })
		}
		err := cmd.Wait()
		if err == nil && killed >= min(kills, 1) {
			return killed
		}
		var exit *exec.ExitError
		if err == nil { // it ended before it was killed: once more, and quicker
			require.NoError(t, os.RemoveAll(folder))
			most /= 2
			continue
		}
		require.True(t, errors.As(err, &exit) && exit.ExitCode() == -1, "%v: %v\n%s", all, err, out.String())
		killed++
	}
}

// TestKilled: a run that is killed at any moment, again and again, ends with the files
// of one that never was, byte by byte.
func TestKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("kills processes for some seconds")
	}
	t.Chdir(t.TempDir())
	for i, args := range killedRuns[:2] {
		checkKilled(t, fmt.Sprint(i), args, 4, 500*time.Millisecond)
	}
}

// killedRuns are the runs that are killed.
var killedRuns = []string{
	"--warmup 400 --draws 4000 --chains 3 --save-warmup",
	"--model kunita --steps 4 --root flat --algorithm rw --warmup 300 --draws 700 --chains 2 --state-draws 60",
	"--algorithm hmc --warmup 400 --draws 3000 --chains 3 --save-noise",
	"--sampler device --schedule tree --warmup 400 --draws 3000 --chains 8",
	"--pooled --metric dense --warmup 400 --draws 3000 --chains 4 --step-jitter 0.1",
	"--algorithm rw --warmup 400 --draws 20000 --chains 3",
	"--model kunita --steps 2 --algorithm hmc --warmup 40 --draws 60 --chains 2 --max-steps 7 --save-warmup",
	"--precision f32 --metric gradient --warmup 400 --draws 4000",
}

// checkKilled compares a run that is killed with one that is not.
func checkKilled(t *testing.T, name, flags string, kills int, most time.Duration) {
	args := append([]string{"sample", "--quiet", "--checkpoint-every", "20ms", "--device", "cpu"}, strings.Fields(flags)...)
	out, err := process(append(args, "--out", "whole"+name)...).CombinedOutput()
	require.NoError(t, err, "%s", out)
	n := killAndResume(t, "killed"+name, append(args, "--out", "killed"+name), kills, most, rand.New(rand.NewPCG(uint64(len(flags)), 1)))
	sameRun(t, "whole"+name, "killed"+name)
	t.Logf("%s: killed %d times", flags, n)
}
