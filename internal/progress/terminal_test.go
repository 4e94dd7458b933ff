//go:build unix

package progress

import (
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/stretchr/testify/require"
)

// TestTerminal: a real terminal is found, measured each time, and left alone where the
// surroundings say so.
func TestTerminal(t *testing.T) {
	for _, variable := range []string{"CI", "NO_COLOR", "TERM"} {
		t.Setenv(variable, "")
	}
	host, terminal, err := pty.Open()
	require.NoError(t, err)
	defer host.Close()
	defer terminal.Close()
	// shown is what arrives at the terminal until the end of the table.
	shown := func(r *Reporter, at float64) string {
		r.gap = 0
		r.Show(state(4, at, 900))
		require.NoError(t, host.SetReadDeadline(time.Now().Add(10*time.Second)))
		var text strings.Builder
		buffer := make([]byte, 1<<16)
		for want := r.drawn; strings.Count(text.String(), "\n") < want; {
			n, err := host.Read(buffer)
			require.NoError(t, err)
			text.Write(buffer[:n])
		}
		return text.String()
	}
	size := func(width, height uint16) {
		require.NoError(t, pty.Setsize(terminal, &pty.Winsize{Cols: width, Rows: height}))
	}
	r := New(terminal, Auto)
	require.Equal(t, Table, r.Mode())
	size(80, 24)
	require.Contains(t, shown(r, 1), "leapfrogs  divergent    left")
	size(20, 24)
	narrow := shown(r, 2)
	require.Contains(t, narrow, "\x1b[6A", "over the six lines of the first")
	require.Contains(t, narrow, "chain  done    left\r")
	size(80, 4)
	require.Equal(t, 3, strings.Count(shown(r, 3), "\n"), "three lines and the cursor's")
	require.Contains(t, shown(r, 4), "\x1b[33m")

	t.Setenv("NO_COLOR", "1")
	require.NotContains(t, shown(New(terminal, Auto), 5), "\x1b[33m")
	t.Setenv("TERM", "dumb")
	require.Equal(t, Lines, New(terminal, Auto).Mode())
	t.Setenv("TERM", "xterm")
	t.Setenv("CI", "true")
	require.Equal(t, Lines, New(terminal, Auto).Mode())
	require.Equal(t, Table, New(terminal, Table).Mode(), "as it was asked for")
}
