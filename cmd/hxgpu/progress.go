package main

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

// progress shows how far sampling is: a table that is drawn over itself on a
// terminal, a line now and then elsewhere.
type progress struct {
	out      io.Writer
	terminal bool
	every    time.Duration // between lines, off a terminal
	printed  int           // lines of the table on the terminal
	last     time.Duration
	rates    []rate
}

// rate follows a chain's speed.
type rate struct {
	transitions int
	at          time.Duration
	perSecond   float64
}

func newProgress(out io.Writer) *progress {
	file, ok := out.(*os.File)
	return &progress{out: out, terminal: ok && term.IsTerminal(int(file.Fd())), every: 2 * time.Second}
}

// show prints the state of sampling.
func (p *progress) show(s nuts.Progress) {
	p.update(s)
	if p.terminal {
		p.table(s)
	} else if s.Elapsed-p.last >= max(p.every, p.last/50) { // a long run need not fill a log
		p.last = s.Elapsed
		fmt.Fprintln(p.out, p.line(s))
	}
}

// fewestTransitions are enough to tell a chain's speed from.
const fewestTransitions = 5

// update averages each chain's speed over the last second or so, longer where
// transitions are rare.
func (p *progress) update(s nuts.Progress) {
	if p.rates == nil {
		p.rates = make([]rate, len(s.Chains))
	}
	for c, chain := range s.Chains {
		r := &p.rates[c]
		step, gained := s.Elapsed-r.at, chain.Transitions-r.transitions
		if step >= time.Second && gained >= fewestTransitions || r.perSecond == 0 && step > 0 && gained > 0 {
			now := float64(gained) / step.Seconds()
			if r.perSecond > 0 {
				now = (now + r.perSecond) / 2
			}
			r.transitions, r.at, r.perSecond = chain.Transitions, s.Elapsed, now
		}
	}
}

// left is the time that a chain still needs, as far as one can tell.
func (p *progress) left(c int, chain nuts.ChainProgress) string {
	switch todo := chain.Total - chain.Transitions; {
	case todo <= 0:
		return "done"
	case p.rates[c].perSecond <= 0:
		return "?"
	default:
		return shortDuration(time.Duration(float64(todo) / p.rates[c].perSecond * float64(time.Second)))
	}
}

func (p *progress) table(s nuts.Progress) {
	var out strings.Builder
	if p.printed > 0 {
		fmt.Fprintf(&out, "\x1b[%dA", p.printed)
	}
	fmt.Fprintf(&out, "\x1b[2K%5s  %-8s  %15s  %9s  %9s  %9s  %8s  %6s\n", "chain", "phase", "transitions", "step size", "leapfrogs", "divergent", "rate", "left")
	for c, chain := range s.Chains {
		phase := "draws"
		switch {
		case chain.Transitions >= chain.Total:
			phase = "done"
		case chain.Transitions < chain.Warmup:
			phase = "warm-up"
		}
		fmt.Fprintf(&out, "\x1b[2K%5d  %-8s  %15s  %9.3g  %9.1f  %9d  %6.0f/s  %6s\n", c+1, phase,
			fmt.Sprintf("%d/%d", chain.Transitions, chain.Total), chain.StepSize,
			float64(chain.Leapfrogs)/float64(max(chain.Transitions, 1)), chain.Divergences, p.rates[c].perSecond, p.left(c, chain))
	}
	p.printed = len(s.Chains) + 1
	io.WriteString(p.out, out.String())
}

// line sums the chains up; the slowest one sets the time.
func (p *progress) line(s nuts.Progress) string {
	done, total, divergences, leapfrogs := 0, 0, 0, int64(0)
	slowest := 0
	for c, chain := range s.Chains {
		done, total = done+chain.Transitions, total+chain.Total
		leapfrogs += chain.Leapfrogs
		divergences += chain.Divergences
		if chain.Total-chain.Transitions > s.Chains[slowest].Total-s.Chains[slowest].Transitions {
			slowest = c
		}
	}
	phase := "drawing"
	if slices.ContainsFunc(s.Chains, func(c nuts.ChainProgress) bool { return c.Transitions < c.Warmup }) {
		phase = "warming up"
	}
	return fmt.Sprintf("%s: %d of %d transitions (%d %%), %.1f leapfrogs each, %s, time left %s", phase, done, total, 100*done/max(total, 1),
		float64(leapfrogs)/float64(max(done, 1)), plural(divergences, "divergence"), p.left(slowest, s.Chains[slowest]))
}

// shortDuration writes a duration with two units at most.
func shortDuration(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d < time.Hour:
		return strings.TrimPrefix(d.Round(time.Second).String(), "0m")
	}
	return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
}
