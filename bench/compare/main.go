// Command compare measures two commits of the repository with the same benchmarks,
// taking turns, and says by benchstat what became slower or faster beyond noise.
// README.md says how to use it and what its verdict means.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"time"

	"github.com/spf13/pflag"
)

const usage = `Usage: go run ./bench/compare [flags] OLD [NEW]

Builds the benchmarks of two commits and runs them by turns, old and new, then
prints benchstat's table and a verdict. OLD and NEW are anything that git
understands (HEAD~3, a branch, a hash); without NEW it is the working tree as it
stands. Both are measured by the benchmarks of NEW, unless --own.

Something counts as slower or faster only where benchstat finds that chance alone
would show it in less than 5 % of comparisons (--alpha), all benchmarks of the
table taken together, and where it is at least 3 % (--least): smaller differences
come from where the linker happens to put the code.

  go run ./bench/compare HEAD                      the working tree against HEAD
  go run ./bench/compare --quick main my-branch    less than two minutes
  go run ./bench/compare HEAD~1 HEAD --bench Gradient --runs 20

Flags:
`

// leastRuns is what the tests of benchstat need to see small differences in many
// benchmarks: with 10 runs a side the smallest p of the U test is 1e-5.
const leastRuns = 10

// comparison is what to compare and how.
type comparison struct {
	root     string // of the repository; empty: of the current folder
	old, new string // commits; no new: the working tree

	packages []string
	bench    string
	runs     int
	time     time.Duration
	quick    bool
	own      bool
	alpha    float64
	least    float64 // percent
	keep     string
	check    bool

	stdout, stderr io.Writer
}

// errUsage marks mistakes in the command line.
var errUsage = errors.New("")

func usagef(format string, arguments ...any) error {
	return fmt.Errorf("%w"+format, append([]any{errUsage}, arguments...)...)
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	c := comparison{stdout: os.Stdout, stderr: os.Stderr}
	slower, err := c.main(ctx, os.Args[1:])
	stop()
	switch {
	case errors.Is(err, pflag.ErrHelp):
	case errors.Is(err, errUsage):
		fmt.Fprintf(os.Stderr, "compare: %v\n`go run ./bench/compare --help` says how\n", err)
		os.Exit(2)
	case err != nil:
		fmt.Fprintf(os.Stderr, "compare: %v\n", err)
		os.Exit(2)
	case slower && c.check:
		os.Exit(1)
	}
}

// main reads the command line and does what it says; slower says that some benchmark
// became slower.
func (c *comparison) main(ctx context.Context, arguments []string) (slower bool, err error) {
	f := pflag.NewFlagSet("compare", pflag.ContinueOnError)
	f.SetOutput(c.stderr)
	f.SortFlags = false
	f.Usage = func() { fmt.Fprint(c.stderr, usage, f.FlagUsages()) }
	f.StringArrayVar(&c.packages, "package", []string{"./bench"}, "folder with benchmarks; may be given several times")
	f.StringVar(&c.bench, "bench", ".", "run only benchmarks that match `regexp`, as go test -bench does")
	f.IntVar(&c.runs, "runs", leastRuns, "runs of each commit, at least 10")
	f.DurationVar(&c.time, "time", 200*time.Millisecond, "least time of a benchmark in a run")
	f.BoolVar(&c.quick, "quick", false, "leave out the slowest benchmarks, and --time 20ms unless it is given")
	f.BoolVar(&c.own, "own", false, "measure each commit by its own benchmarks")
	f.Float64Var(&c.alpha, "alpha", 0.05, "false alarms to allow in a whole table, a probability")
	f.Float64Var(&c.least, "least", 3, "smallest difference to count, in percent")
	f.StringVar(&c.keep, "keep", "", "keep the output of the benchmarks in `folder` as old.txt and new.txt")
	f.BoolVar(&c.check, "check", false, "exit with status 1 where something became slower (2: errors)")
	if err := f.Parse(arguments); err != nil {
		if errors.Is(err, pflag.ErrHelp) {
			return false, err
		}
		return false, usagef("%v", err)
	}
	if c.quick && !f.Changed("time") {
		c.time = 20 * time.Millisecond
	}
	switch f.NArg() {
	case 1:
		c.old = f.Arg(0)
	case 2:
		c.old, c.new = f.Arg(0), f.Arg(1)
	default:
		return false, usagef("%d commits given; give one, or two: the old and the new", f.NArg())
	}
	if err := c.checkFlags(); err != nil {
		return false, err
	}
	return c.run(ctx)
}

func (c *comparison) checkFlags() error {
	if c.runs < leastRuns {
		return usagef("--runs %d: fewer than %d cannot tell noise from a difference", c.runs, leastRuns)
	}
	if c.time <= 0 {
		return usagef("--time %v: it must be above 0", c.time)
	}
	if !(c.alpha > 0 && c.alpha < 1) {
		return usagef("--alpha %v: it is a probability, above 0 and below 1", c.alpha)
	}
	if !(c.least >= 0 && c.least < 100) {
		return usagef("--least %v: it is a percentage, from 0 and below 100", c.least)
	}
	if _, err := regexp.Compile(c.bench); err != nil {
		return usagef("--bench %s: %v", c.bench, err)
	}
	for _, name := range c.packages {
		if !filepath.IsLocal(name) {
			return usagef("--package %s: it must be a folder of the repository, such as ./bench", name)
		}
	}
	return nil
}
