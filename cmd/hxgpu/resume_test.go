package main

import (
	"bytes"
	"context"
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
		if e.Name() == runstore.TreesFile {
			var r runstore.TreeSet
			if err := json.Unmarshal(text, &r); err != nil {
				return err
			}
			r.Started = ""
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

// killAndResume runs hxgpu, kills it at random moments and goes on. Whenever it ends
// by itself its files are those of the folder whole; and it starts anew, until it has
// been killed a number of times.
func killAndResume(t *testing.T, whole, folder string, args []string, kills int, most time.Duration, random *rand.Rand) (ended int) {
	for killed := 0; ; {
		all := args
		if _, err := os.Stat(filepath.Join(folder, runstore.RunFile)); err == nil {
			all = []string{"sample", "--resume", folder, "--quiet", "--checkpoint-every", "20ms"}
		}
		cmd := process(all...)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		require.NoError(t, cmd.Start())
		if killed < kills {
			timer := time.AfterFunc(time.Duration(random.Int64N(int64(most))), func() { cmd.Process.Kill() })
			defer timer.Stop()
		}
		err := cmd.Wait()
		var exit *exec.ExitError
		require.NotContains(t, out.String(), "starts over")
		if err != nil {
			require.True(t, errors.As(err, &exit) && exit.ExitCode() == -1, "%v: %v\n%s", all, err, out.String())
			killed++
			continue
		}
		ended++
		sameRun(t, whole, folder)
		if killed >= kills {
			return ended
		}
		require.NoError(t, os.RemoveAll(folder))
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
	"--algorithm nuts --warmup 400 --draws 4000 --chains 3 --save-warmup",
	"--model kunita --steps 2 --root flat --algorithm rw --warmup 60 --draws 150 --chains 2 --state-draws 60",
	"--algorithm hmc --warmup 400 --draws 8000 --chains 3 --save-noise",
	"--algorithm nuts --sampler device --schedule tree --warmup 400 --draws 3000 --chains 8",
	"--algorithm hmc --sampler device --warmup 400 --draws 3000 --chains 8 --superchains 2",
	"--algorithm nuts --pooled --metric dense --warmup 400 --draws 3000 --chains 4 --step-jitter 0.1 --start ascent",
	"--algorithm rw --warmup 400 --draws 20000 --chains 3 --start prior",
	"--model kunita --steps 2 --algorithm hmc --warmup 40 --draws 60 --chains 2 --max-steps 7 --save-warmup",
	"--algorithm nuts --precision f32 --metric gradient --warmup 400 --draws 4000",
}

// checkKilled compares a run that is killed with one that is not.
func checkKilled(t *testing.T, name, flags string, kills int, most time.Duration) {
	args := append([]string{"sample", "--quiet", "--checkpoint-every", "20ms", "--device", "cpu"}, strings.Fields(flags)...)
	out, err := process(append(args, "--out", "whole"+name)...).CombinedOutput()
	require.NoError(t, err, "%s", out)
	ended := killAndResume(t, "whole"+name, "killed"+name, append(args, "--out", "killed"+name), kills, most, rand.New(rand.NewPCG(uint64(len(flags)), 1)))
	t.Logf("%s: killed %d times, ended %d times", flags, kills, ended)
}

// stored makes a run of Brownian motion on simulated traits in the folder run.
func stored(t *testing.T, flags ...string) (args []string) {
	t.Helper()
	t.Chdir(t.TempDir())
	code, _, stderr := command(t, "simulate", "--tips", "9", "--height", "3", "--trait", "x", "--set", "sigma_sq=1", "--set", "tau_sq=.1", "--root", "pinned=2", "--out", "made")
	require.Zero(t, code, stderr)
	args = append([]string{"sample", "--tree", "made/tree.nwk", "--traits", "made/traits.csv", "--trait", "x", "--warmup", "100", "--chains", "2", "--quiet", "--device", "cpu"}, flags...)
	code, _, stderr = command(t, append(args, "--out", "run")...)
	require.Zero(t, code, stderr)
	return args
}

// TestMoreDraws: a finished run goes on to more draws, and becomes the run that was
// asked for as many at once, though the user's files have changed.
func TestMoreDraws(t *testing.T) {
	args := stored(t, "--draws", "60")
	code, _, stderr := command(t, append(args, "--draws", "150", "--out", "whole")...)
	require.Zero(t, code, stderr)
	require.NoError(t, os.WriteFile("made/traits.csv", []byte("nothing"), 0o644))
	require.NoError(t, os.Remove("made/tree.nwk"))
	code, stdout, stderr := command(t, "sample", "--resume", "run/", "--draws", "150", "--json")
	require.Zero(t, code, stderr)
	require.NotContains(t, stderr, "starts over")
	require.Equal(t, 150, parseSummary(t, stdout).Draws)
	require.Contains(t, stderr, "made/tree.nwk", "the files are called as the user called them")
	sameRun(t, "whole", "run")

	// What is missing is made again; a run with all its draws draws no more.
	require.NoError(t, os.Remove("run/chain_1.csv"))
	require.NoError(t, os.Remove("run/summary.json"))
	code, _, stderr = command(t, "sample", "--resume", "run", "--quiet")
	require.Zero(t, code, stderr)
	sameRun(t, "whole", "run")
}

// TestResumeRefuses says in words why a run cannot go on.
func TestResumeRefuses(t *testing.T) {
	stored(t, "--draws", "60")
	require.NoError(t, os.Mkdir("empty", 0o755))
	for _, c := range []struct {
		code int
		args string
		want string
	}{
		{2, "--resume run --seed 3", "--seed: a run that is resumed goes on with its own settings"},
		{2, "--resume run --out run2 --overwrite", "--out, --overwrite: a run that is resumed"},
		{2, "--resume run --draws 59", "--draws 59: the run in run has or was to have 60 already"},
		{1, "--resume nowhere", "--resume: there is no folder nowhere"},
		{1, "--resume run/run.json", "run/run.json is a file: name the folder of a run"},
		{1, "--resume empty", "--resume: empty holds no run: it has no run.json"},
		{2, "--save-warmup", "--save-warmup goes with --out"},
		{2, "--save-noise", "--save-noise goes with --out"},
		{2, "--checkpoint-every 0s", "--checkpoint-every 0s: it must be positive"},
		{1, "--out run", "name another folder, add --overwrite, or go on with that run by hxgpu sample --resume run"},
	} {
		code, stdout, stderr := command(t, append([]string{"sample"}, strings.Fields(c.args)...)...)
		require.Equal(t, c.code, code, c.args)
		require.Contains(t, stderr, c.want, c.args)
		require.Empty(t, stdout)
	}
	lock, err := mustFolder(t, "run").Lock()
	require.NoError(t, err)
	code, _, stderr := command(t, "sample", "--resume", "run", "--draws", "70")
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "another process is writing to the folder")
	require.NoError(t, lock.Unlock())

	text, err := os.ReadFile("run/run.json")
	require.NoError(t, err)
	for from, to := range map[string]string{
		`"state": "finished"`: `"state": "merged"`, `"chains": [`: `"chians": [`, `"chains": 2`: `"chains": 0`, `"draws": [`: `"draws": ["x"], "fix": [`,
		`"copy": "inputs/tree-tree.nwk"`: `"copy": "../tree.nwk"`, `"flag": "tree"`: `"flag": "three"`, `"flags": {`: `"flags": {"out": ["x"],`,
	} {
		changed := strings.Replace(string(text), from, to, 1)
		require.NotEqual(t, string(text), changed, from)
		require.NoError(t, os.WriteFile("run/run.json", []byte(changed), 0o644))
		code, _, stderr := command(t, "sample", "--resume", "run", "--draws", "70")
		require.NotZero(t, code, to)
		require.Contains(t, stderr, "hxgpu: --resume: run", to)
	}
	require.NoError(t, os.WriteFile("run/run.json", text, 0o644))
	require.NoError(t, os.WriteFile("run/inputs/tree-tree.nwk", []byte("(a:1,b:1);"), 0o644))
	code, _, stderr = command(t, "sample", "--resume", "run", "--draws", "70")
	require.Equal(t, 1, code)
	require.Contains(t, stderr, "it is not the copy of --tree that the run made")
}

// TestResumeDamaged: where a table or the checkpoint is damaged the run starts over,
// says so, and makes the same files.
func TestResumeDamaged(t *testing.T) {
	args := stored(t, "--draws", "60")
	code, _, stderr := command(t, append(args, "--draws", "90", "--out", "whole")...)
	require.Zero(t, code, stderr)
	draws, err := os.ReadFile("run/draws.bin")
	require.NoError(t, err)
	checkpoint, err := os.ReadFile("run/checkpoint.bin")
	require.NoError(t, err)
	flipped := bytes.Clone(draws)
	flipped[2000] ^= 4 // in an early row of the first chain
	for _, c := range []struct {
		name string
		text []byte
		want string
	}{
		{"draws.bin", flipped, "is damaged or missing; the run starts over"},
		{"draws.bin", draws[:len(draws)-1], "row 60 of chain 2 is damaged or missing"},
		{"draws.bin", draws[:30], "its head is cut short"},
		{"draws.bin", nil, "draws.bin: no such file"},
		{"draws.bin", append(bytes.Clone(draws), 1, 2, 3), ""},
		{"checkpoint.bin", checkpoint[:len(checkpoint)-1], "checkpoint.bin: the checkpoint is cut short"},
		{"checkpoint.bin", nil, ""},
	} {
		require.NoError(t, os.RemoveAll("copy"))
		require.NoError(t, os.CopyFS("copy", os.DirFS("run")))
		require.NoError(t, os.Remove("copy/"+c.name))
		if c.text != nil {
			require.NoError(t, os.WriteFile("copy/"+c.name, c.text, 0o644))
		}
		code, _, stderr := command(t, "sample", "--resume", "copy", "--draws", "90", "--quiet")
		require.Zero(t, code, stderr)
		require.Contains(t, stderr, c.want)
		if c.want == "" {
			require.NotContains(t, stderr, "starts over")
		}
		sameRun(t, "whole", "copy")
	}
}

// whenDrawn does something when every chain has a draw in a table.
func whenDrawn(path string, do func()) {
	defer do()
	for range 10_000 {
		time.Sleep(5 * time.Millisecond)
		d, err := runstore.OpenDraws(path)
		if err != nil {
			continue
		}
		d.Close()
		if d.Count > 0 {
			return
		}
	}
}

// TestInterruptAndResume: Ctrl-C keeps what there is and says how to go on; the run
// that went on is the one that was not interrupted. Another version says so.
func TestInterruptAndResume(t *testing.T) {
	args := []string{"sample", "--warmup", "300", "--draws", "6000", "--chains", "2", "--device", "cpu", "--state-draws", "50"}
	t.Chdir(t.TempDir())
	ctx, cancel := context.WithCancel(context.Background())
	var stdout, stderr bytes.Buffer
	go whenDrawn("run/draws.bin", cancel)
	code := run(ctx, append(args, "--out", "run", "--checkpoint-every", "10ms"), &stdout, &stderr)
	require.Equal(t, exitInterrupted, code, stderr.String())
	require.Contains(t, stderr.String(), "hxgpu sample --resume run goes on")
	require.FileExists(t, "run/chain_2.csv")
	code, said, _ := command(t, "diagnose", "run")
	require.Contains(t, []int{exitOK, exitWarnings}, code)
	require.Contains(t, said, "run was interrupted; hxgpu sample --resume run goes on")

	text, err := os.ReadFile("run/run.json")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile("run/run.json", bytes.Replace(text, []byte(`"hxgpu": "`+version), []byte(`"hxgpu": "0.0.1`), 1), 0o644))
	code, _, again := command(t, "sample", "--resume", "run")
	require.Zero(t, code, again)
	require.Contains(t, again, "the run was begun by hxgpu 0.0.1 (")
	code, _, again = command(t, append(args, "--out", "whole")...)
	require.Zero(t, code, again)
	a, b := runFiles(t, "whole"), runFiles(t, "run")
	require.Equal(t, a["draws.bin"], b["draws.bin"])
	require.Equal(t, a["positions.bin"], b["positions.bin"])
	require.Equal(t, a["summary.json"], b["summary.json"])

	// Before the first draw there is nothing to summarise, and nothing is lost.
	ctx, cancel = context.WithCancel(context.Background())
	cancel()
	code = run(ctx, append(args, "--out", "early"), &stdout, &stderr)
	require.Equal(t, exitInterrupted, code)
	require.Contains(t, stderr.String(), "interrupted before every chain had a draw; hxgpu sample --resume early goes on")
	code, said, _ = command(t, "diagnose", "early")
	require.Equal(t, exitWarnings, code)
	require.Contains(t, said, "not every chain has a draw yet")
	code, _, again = command(t, "sample", "--resume", "early", "--quiet")
	require.Zero(t, code, again)
	sameRun(t, "whole", "early")
}
