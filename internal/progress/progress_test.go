package progress

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/nuts"
)

var updateGolden = flag.Bool("update", false, "write the golden files anew")

// state is how far n chains are after some seconds, the first at the given number of
// transitions, the others a little behind or ahead.
func state(n int, seconds float64, transitions int) nuts.Progress {
	s := nuts.Progress{Elapsed: time.Duration(seconds * float64(time.Second))}
	for c := range n {
		done := min(max(transitions+c*37%101-50*min(c, 1), 0), 4500)
		chain := nuts.ChainProgress{Transitions: done, Warmup: 500, Total: 4500, StepSize: 0.5 / float64(1+c%7), Leapfrogs: int64(done * (7 + c%5))}
		if done > 500 && c%3 == 1 {
			chain.Divergences = c % 11
		}
		s.Chains = append(s.Chains, chain)
	}
	return s
}

// TestTables holds the tables of several widths and numbers of chains, in the warm-up,
// while drawing and at the end, against files.
func TestTables(t *testing.T) {
	for _, n := range []int{1, 4, 1024} {
		for _, width := range []int{20, 40, 80, 200} {
			var out strings.Builder
			var r rates
			for _, at := range []nuts.Progress{state(n, 0, 0), state(n, 2, 400), state(n, 4, 900), state(n, 60, 4500)} {
				r.update(at)
				for _, line := range (table{at, &r, false}).render(width, 24) {
					require.Less(t, len(line), width)
					out.WriteString(line + "\n")
				}
				out.WriteString("\n")
			}
			path := filepath.Join("testdata", fmt.Sprintf("chains_%d_width_%d.txt", n, width))
			if *updateGolden {
				require.NoError(t, os.WriteFile(path, []byte(out.String()), 0o644))
			}
			want, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, string(want), out.String(), path)
		}
	}
}

// TestTableFits: whatever the terminal's size and the numbers, no line reaches its
// edge, there are no more lines than it has, and colours change nothing but colours.
func TestTableFits(t *testing.T) {
	colours := regexp.MustCompile(`\x1b\[\d+m`)
	for _, n := range []int{1, 2, 5, 30, 1000, 100_000} {
		s := state(n, 7, 1234)
		s.Chains[0] = nuts.ChainProgress{Transitions: 1, Total: 100_000_000, StepSize: 1.23456e-300, Leapfrogs: 1 << 60, Divergences: 1 << 40}
		var r rates
		r.update(s)
		for _, width := range []int{1, 2, 5, 9, 12, 19, 20, 21, 33, 47, 80, 300} {
			for _, height := range []int{1, 2, 3, 7, 24, 50} {
				lines := table{s, &r, false}.render(width, height)
				require.NotEmpty(t, lines)
				require.LessOrEqual(t, len(lines), max(height-1, 1))
				for _, line := range lines {
					require.Less(t, len(line), width, "%d chains, %d by %d", n, width, height)
				}
				coloured := strings.Join(table{s, &r, true}.render(width, height), "\n")
				require.Equal(t, strings.Join(lines, "\n"), colours.ReplaceAllString(coloured, ""))
			}
		}
	}
}

// TestLines: off a terminal a line now and then, in a long run less often.
func TestLines(t *testing.T) {
	at := func(seconds float64, transitions int) nuts.Progress {
		return nuts.Progress{Elapsed: time.Duration(seconds * float64(time.Second)), Chains: []nuts.ChainProgress{
			{Transitions: transitions, Warmup: 200, Total: 1100, StepSize: 0.5, Leapfrogs: int64(7 * transitions), Divergences: 2},
			{Transitions: 1100, Warmup: 100, Total: 1100, StepSize: 0.4, Leapfrogs: 3300}}}
	}
	var out bytes.Buffer
	r := New(&out, Auto)
	for i := range 30 {
		r.Show(at(0.1*float64(i+1), 5*(i+1)))
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, 1, "one line in three seconds")
	require.Contains(t, lines[0], "warming up: 1200 of 2200 transitions (54 %)")
	require.Contains(t, lines[0], "time left 20s") // 1000 transitions at 50 a second
	require.NotContains(t, out.String(), "\x1b")

	out.Reset()
	r = New(&out, Lines)
	for i := range 200 {
		r.Show(at(float64(i+1), i/3)) // a transition every three seconds
	}
	lines = strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Contains(t, lines[len(lines)-1], "time left 51m")
	require.Less(t, len(lines), 90)

	out.Reset()
	r = New(&out, None)
	r.Show(at(5, 100))
	require.Empty(t, out.String())
}

// TestRedraw: the table goes over itself four times a second at most, and the last
// state is always shown.
func TestRedraw(t *testing.T) {
	var out bytes.Buffer
	r := New(&out, Table)
	var screen screen
	screen.width, screen.height = 80, 24
	screen.write("before\r\n")
	for i := range 100 {
		s := state(4, 0.1*float64(i), 10*i)
		out.Reset()
		r.gap = shortestGap // although the machine of the test may be slow
		r.Show(s)
		if i%3 != 0 { // every 300 ms, as states come
			require.Empty(t, out.String(), i)
			continue
		}
		screen.write(out.String())
		require.Equal(t, "before\n"+strings.Join(table{s, &r.rates, false}.render(80, 24), "\n"), screen.text())
	}
	s := state(4, 9.95, 4500)
	s.Done = true
	out.Reset()
	r.Show(s)
	screen.write(out.String())
	require.Equal(t, "before\n"+strings.Join(table{s, &r.rates, false}.render(80, 24), "\n"), screen.text())
	require.Zero(t, screen.wrapped)
}

// TestTimes: six characters whatever the time.
func TestTimes(t *testing.T) {
	for seconds, want := range map[float64]string{0: "done", 0.04: "0.0s", 9.94: "9.9s", 9.96: "10s", 59.7: "1m0s", 3599: "59m59s", 3599.7: "1h0m", 86399: "24h0m", 4 * 86400: "4d", 1e300: ">9999d"} {
		require.Equal(t, want, leftText(seconds))
		require.LessOrEqual(t, len(want), 6)
	}
	require.Equal(t, "1m30s", Left(90*time.Second))
	for rate, want := range map[float64]string{0: "-", 1234567: "1235k/s", 99_400: "99400/s", 12.3: "12/s", 9.94: "9.9/s", 0.5: "0.5/s", 0.05: "3/min", 0.001: "3.6/h"} {
		require.Equal(t, want, rateText(rate))
	}
}

func TestParseMode(t *testing.T) {
	for _, mode := range Modes {
		got, err := ParseMode(string(mode))
		require.NoError(t, err)
		require.Equal(t, mode, got)
	}
	_, err := ParseMode("bar")
	require.ErrorContains(t, err, `"bar"`)
}
