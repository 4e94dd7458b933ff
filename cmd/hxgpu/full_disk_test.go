//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/internal/runstore"
)

// fullDiskRun writes some 700 kB of draws.
var fullDiskRun = strings.Fields("sample --quiet --checkpoint-every 20ms --device cpu --warmup 300 --draws 3000 --chains 2")

// notLost runs hxgpu in the folder full where there is room for a part of it, and
// then, when more has made room, goes on: the files are those of the folder whole.
func notLost(t *testing.T, start func(args ...string) *exec.Cmd, more func(), because string) {
	out, err := process(append(fullDiskRun, "--out", "whole")...).CombinedOutput()
	require.NoError(t, err, "%s", out)
	full := filepath.Join("full", "run")
	out, err = start(append(fullDiskRun, "--out", full)...).CombinedOutput()
	require.Error(t, err, "%s", out)
	require.Contains(t, string(out), because)
	require.Contains(t, string(out), "cannot be written")
	require.Contains(t, string(out), full+string(filepath.Separator), "it names the file")
	require.Contains(t, string(out), "nothing that was stored is lost: free space")
	require.Contains(t, string(out), "hxgpu sample --resume "+full)
	d, err := runstore.OpenDraws(filepath.Join(full, runstore.DrawsFile))
	require.NoError(t, err)
	had := d.Count
	d.Close()
	require.Less(t, had, 3000)

	// Without more room it cannot go on, and still nothing is lost.
	out, err = start("sample", "--quiet", "--resume", full).CombinedOutput()
	require.Error(t, err, "%s", out)
	require.Contains(t, string(out), because)
	more()
	out, err = process("sample", "--quiet", "--resume", full).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.NotContains(t, string(out), "starts over")
	sameRun(t, "whole", full)
}

// TestFileTooLarge: a limit on the size of files ends a run as a full disk does.
func TestFileTooLarge(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("no sh to set a limit with")
	}
	t.Chdir(t.TempDir())
	limited := func(args ...string) *exec.Cmd {
		cmd := process(args...)
		cmd.Args = append([]string{"sh", "-c", `ulimit -f 300; exec "$0" "$@"`, cmd.Path}, args...)
		cmd.Path, _ = exec.LookPath("sh")
		return cmd
	}
	notLost(t, limited, func() {}, "file too large")
}

// TestFullDisk: a file system that is full, which root alone can make.
func TestFullDisk(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.Mkdir("full", 0o755))
	if os.Geteuid() != 0 {
		t.Skip("only root can mount a small file system; TestFileTooLarge does without")
	}
	mount := func(options string) error {
		return exec.Command("mount", "-t", "tmpfs", "-o", options, "tmpfs", "full").Run()
	}
	if err := mount("size=256k"); err != nil {
		t.Skipf("no small file system can be mounted here: %v", err)
	}
	t.Cleanup(func() { exec.Command("umount", "-l", "full").Run() })
	notLost(t, process, func() { require.NoError(t, mount("remount,size=16m")) }, "no space left on device")
}
