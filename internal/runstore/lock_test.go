package runstore

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestMain is also the other process of TestLock.
func TestMain(m *testing.M) {
	folder := os.Getenv("RUNSTORE_TEST_LOCK")
	if folder == "" {
		os.Exit(m.Run())
	}
	f, err := OpenFolder(folder, true)
	if err == nil {
		_, err = f.Lock()
	}
	if err != nil {
		os.Stdout.WriteString(err.Error() + "\n")
		os.Exit(1)
	}
	os.Stdout.WriteString("locked\n")
	time.Sleep(time.Minute)
}

// TestLock: one process writes to a folder at a time, and one that dies leaves it
// free.
func TestLock(t *testing.T) {
	switch runtime.GOOS {
	case "linux", "darwin", "freebsd", "openbsd", "netbsd", "dragonfly", "windows":
	default:
		t.Skipf("no locks on %s", runtime.GOOS)
	}
	f, err := OpenFolder(t.TempDir(), false)
	require.NoError(t, err)
	require.False(t, f.InUse())
	other := func() (*exec.Cmd, string) {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "RUNSTORE_TEST_LOCK="+f.Path("."))
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		line := make([]byte, 1000)
		n, _ := out.Read(line)
		return cmd, string(line[:n])
	}
	lock, err := f.Lock()
	require.NoError(t, err)
	require.True(t, f.InUse())
	cmd, said := other()
	require.Error(t, cmd.Wait())
	require.Contains(t, said, ErrInUse.Error())
	require.NoError(t, lock.Unlock())
	require.False(t, f.InUse())

	cmd, said = other()
	require.Equal(t, "locked", strings.TrimSpace(said))
	require.True(t, f.InUse())
	_, err = f.Lock()
	require.ErrorIs(t, err, ErrInUse)
	if runtime.GOOS != "windows" {
		require.ErrorContains(t, err, "process ")
	}
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait())
	require.False(t, f.InUse())
	lock, err = f.Lock()
	require.NoError(t, err)
	require.NoError(t, lock.Unlock())
}
