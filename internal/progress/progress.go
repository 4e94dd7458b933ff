package progress

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/hxgpu/hxgpu/nuts"
)

// Mode is a way of showing progress.
type Mode string

// The modes.
const (
	Auto  Mode = "auto"  // Table on a terminal that can show one and nobody's log, Lines elsewhere
	Table Mode = "table" // by chain, drawn over itself
	Lines Mode = "lines" // over all chains, a line now and then
	None  Mode = "none"
)

// Modes are all of them.
var Modes = []Mode{Auto, Table, Lines, None}

// ParseMode reads the name of a mode.
func ParseMode(name string) (Mode, error) {
	if mode := Mode(name); slices.Contains(Modes, mode) {
		return mode, nil
	}
	return "", fmt.Errorf("there is no way %q of showing progress: use auto, table, lines or none", name)
}

// Reporter shows the progress of one run.
type Reporter struct {
	out   io.Writer
	mode  Mode
	rates rates
	last  time.Duration // when something was shown
	began bool
	// Of the table.
	size   func() (width, height int)
	colour bool
	gap    time.Duration // between two drawings
	drawn  int           // lines that stand on the terminal
}

// New returns a reporter that writes to out. NO_COLOR keeps the table without
// colours; TERM=dumb and CI make lines of [Auto].
func New(out io.Writer, mode Mode) *Reporter {
	r := &Reporter{out: out, mode: mode, gap: shortestGap}
	file, isFile := out.(*os.File)
	terminal := isFile && term.IsTerminal(int(file.Fd()))
	dumb := os.Getenv("TERM") == "dumb"
	if mode == Auto {
		r.mode = Lines
		if terminal && !dumb && os.Getenv("CI") == "" {
			r.mode = Table
		}
	}
	r.colour = terminal && !dumb && os.Getenv("NO_COLOR") == ""
	r.size = func() (int, int) {
		if terminal {
			if width, height, err := term.GetSize(int(file.Fd())); err == nil && width > 0 && height > 0 {
				return width, height
			}
		}
		return usualWidth, usualHeight
	}
	return r
}

// Mode is how the reporter shows progress, never Auto.
func (r *Reporter) Mode() Mode { return r.mode }

// The size of a terminal that does not tell it.
const usualWidth, usualHeight = 80, 24

// Two drawings of the table are this far apart, further where drawing is slow: it
// takes a hundredth of the time at most.
const (
	shortestGap = 250 * time.Millisecond
	costShare   = 100
)

// shortestPause is between lines at first; in a long run they are a fiftieth of the
// time that has gone apart, so that they do not fill a log.
const (
	shortestPause = 2 * time.Second
	pauseShare    = 50
)

// Show takes the state of sampling, and shows it if it is time. The last state is
// always shown in a table.
func (r *Reporter) Show(s nuts.Progress) {
	if r.mode == None || len(s.Chains) == 0 {
		return
	}
	r.rates.update(s)
	if r.mode == Lines {
		if s.Elapsed-r.last >= max(shortestPause, r.last/pauseShare) {
			r.last = s.Elapsed
			fmt.Fprintln(r.out, r.line(s))
		}
		return
	}
	if r.began && !s.Done && s.Elapsed-r.last < r.gap {
		return
	}
	started := time.Now()
	r.draw(s)
	r.began, r.last, r.gap = true, s.Elapsed, max(shortestGap, costShare*time.Since(started))
}

// draw draws the table over the one that stands there, all in one write.
func (r *Reporter) draw(s nuts.Progress) {
	width, height := r.size()
	lines := table{s, &r.rates, r.colour}.render(width, height)
	var out strings.Builder
	if r.drawn > 0 {
		fmt.Fprintf(&out, "\x1b[%dA\r", r.drawn)
	}
	for _, line := range lines {
		out.WriteString("\x1b[2K" + line + "\r\n")
	}
	if r.drawn > 0 {
		out.WriteString("\x1b[J") // what is left of a table that was longer, or of lines that a narrower terminal broke
	}
	r.drawn = len(lines)
	io.WriteString(r.out, out.String()) //nolint:errcheck // a run does not end for its progress
}

// line sums the chains up; the slowest one sets the time.
func (r *Reporter) line(s nuts.Progress) string {
	t := sum(s, &r.rates)
	phase := "drawing"
	if slices.ContainsFunc(s.Chains, func(c nuts.ChainProgress) bool { return c.Transitions < c.Warmup }) {
		phase = "warming up"
	}
	divergences := fmt.Sprintf("%d divergences", t.divergences)
	if t.divergences == 1 {
		divergences = "1 divergence"
	}
	return fmt.Sprintf("%s: %d of %d transitions (%d %%), %.1f leapfrogs each, %s, time left %s", phase, t.done, t.total, 100*t.done/max(t.total, 1),
		float64(t.leapfrogs)/float64(max(t.done, 1)), divergences, leftText(t.left))
}
