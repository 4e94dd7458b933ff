//go:build slow

package bench

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// alone says whether the test is the only one of its process, as a measurement of the
// memory it needs must be: a process keeps what earlier tests took. If it is not, alone
// runs it in a process of its own, whose result becomes this test's.
func alone(t *testing.T) bool {
	const name = "HXGPU_TEST_ALONE"
	if os.Getenv(name) == t.Name() {
		return true
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	child.Env = append(os.Environ(), name+"="+t.Name())
	text, err := child.CombinedOutput()
	t.Logf("in a process of its own:\n%s", text)
	require.NoError(t, err)
	if strings.Contains(string(text), "--- SKIP") {
		t.Skip("skipped there")
	}
	require.Contains(t, string(text), "--- PASS: "+t.Name())
	return false
}

// peakMemory is the largest resident size of the process so far, in GB.
func peakMemory(t testing.TB) float64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip("no /proc/self/status here to read the peak memory from")
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kilobytes, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
			require.NoError(t, err)
			return kilobytes * 1024 / 1e9
		}
	}
	t.Skip("/proc/self/status has no VmHWM")
	return 0
}
