//go:build unix

package main

import (
	"bytes"
	"io"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/creack/pty"
	"github.com/stretchr/testify/require"
)

// onTerminal runs hxgpu with its standard error on a terminal of so many columns and
// returns what arrives there.
func onTerminal(t *testing.T, width uint16, environment []string, args ...string) string {
	t.Helper()
	host, terminal, err := pty.Open()
	require.NoError(t, err)
	defer host.Close()
	require.NoError(t, pty.Setsize(terminal, &pty.Winsize{Cols: width, Rows: 24}))
	var cmd *exec.Cmd = process(args...)
	cmd.Env = append(append(cmd.Env, "CI=", "NO_COLOR=", "TERM=xterm"), environment...)
	cmd.Stderr = terminal
	require.NoError(t, cmd.Start())
	require.NoError(t, terminal.Close())
	var out bytes.Buffer
	io.Copy(&out, host) //nolint:errcheck // a terminal ends with an error
	require.NoError(t, cmd.Wait(), out.String())
	return out.String()
}

// TestProgressOnTerminal: a table that is as wide as the terminal on one, lines or
// nothing where that is wanted.
func TestProgressOnTerminal(t *testing.T) {
	args := []string{"sample", "--chains", "40", "--warmup", "20", "--draws", "20", "--json"}
	out := onTerminal(t, 40, nil, args...)
	require.Contains(t, out, "chain  done     rate  divergent    left")
	require.Contains(t, out, "+23 more")
	table := out[strings.LastIndex(out, "chain  done"):]
	require.Contains(t, table, "  all  100%")
	plain := regexp.MustCompile(`\x1b\[\d*[A-Za-z]`)
	for line := range strings.Lines(plain.ReplaceAllString(table, "")) {
		if strings.HasPrefix(line, "warning:") {
			break
		}
		require.Less(t, len(strings.TrimRight(line, "\r\n")), 40)
	}
	for _, environment := range []string{"TERM=dumb", "CI=true"} {
		require.NotContains(t, onTerminal(t, 40, []string{environment}, args...), "\x1b", environment)
	}
	require.Contains(t, onTerminal(t, 40, []string{"TERM=dumb"}, append(args, "--progress", "table")...), "chain  done")
	for _, flags := range [][]string{{"--quiet"}, {"--quiet", "--progress", "table"}, {"--progress", "none"}, {"--progress", "lines"}} {
		require.NotContains(t, onTerminal(t, 40, nil, append(args, flags...)...), "chain  done", flags)
	}
	code, _, stderr := command(t, "sample", "--progress", "bar")
	require.Equal(t, 2, code)
	require.Contains(t, stderr, "--progress bar: use auto, table, lines or none")
}
