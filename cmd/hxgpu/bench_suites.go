package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hxgpu/hxgpu/bench"
)

// suiteFlags are for suites only, tableFlags for the table without a suite only.
var (
	suiteFlags = []string{"quick", "out"}
	tableFlags = []string{"leaves", "chains", "traits", "schedule", "plot"}
)

// suiteNames are what bench can be asked for.
func suiteNames() []string {
	var names []string
	for _, suite := range bench.Suites() {
		names = append(names, suite.Name)
	}
	return append(names, "all")
}

// suitesHelp lists the suites for the help.
func suitesHelp() string {
	var b strings.Builder
	for _, suite := range bench.Suites() {
		fmt.Fprintf(&b, "  %-9s %s\n", suite.Name, suite.About)
	}
	b.WriteString("  all       these six\n")
	return b.String()
}

// suiteArguments refuses names that are no suites.
func suiteArguments(cmd *cobra.Command, args []string) error {
	for _, name := range args {
		if !slices.Contains(suiteNames(), name) {
			return usagef("bench: there is no suite %q%s; use %s", name, didYouMean(name, suiteNames()), strings.Join(suiteNames(), ", "))
		}
	}
	return nil
}

// runSuites measures suites, prints their tables and keeps what --out asks for.
func (c *benchCommand) runSuites(cmd *cobra.Command, suites []string) error {
	for _, name := range tableFlags {
		if cmd.Flags().Changed(name) {
			return usagef("--%s: a suite has its own; leave it out, or leave out %s", name, strings.Join(suites, " "))
		}
	}
	if err := c.check(); err != nil {
		return err
	}
	if c.out != "" { // before the time is spent
		if err := os.MkdirAll(c.out, 0o755); err != nil {
			return fmt.Errorf("--out %s: %w", c.out, err)
		}
	}
	o := bench.SuiteOptions{Quick: c.quick, Devices: c.devices, Precision: c.precision, Version: version,
		Log: func(text string) { fmt.Fprintf(c.stderr, "%s\n", text) }}
	if cmd.Flags().Changed("seconds") {
		o.AtLeast = time.Duration(c.seconds * float64(time.Second))
	}
	report, err := bench.RunSuites(cmd.Context(), suites, o)
	if err != nil {
		return err
	}
	interrupted := cmd.Context().Err() != nil
	if interrupted {
		fmt.Fprintln(c.stderr, "interrupted: these are the results so far")
	}
	if err := c.printSuites(report); err != nil {
		return err
	}
	if c.out != "" {
		if err := c.writeSuites(report); err != nil {
			return fmt.Errorf("--out %s: %w", c.out, err)
		}
	}
	switch {
	case interrupted:
		return errInterrupted
	case len(report.Failed) > 0:
		return fmt.Errorf("%d measurements failed, the first one: %s", len(report.Failed), report.Failed[0])
	}
	return nil
}

// printSuites prints a report, as tables or as JSON.
func (c *benchCommand) printSuites(report *bench.Report) error {
	if c.json {
		text, err := report.JSON()
		if err != nil {
			return err
		}
		_, err = c.stdout.Write(text)
		return err
	}
	commit := ""
	if report.Commit != "" {
		commit = ", commit " + report.Commit
	}
	fmt.Fprintf(c.stdout, "%v; hxgpu %s%s, %s, %s; %.0f s\n", report.Machine, report.Hxgpu, commit, report.Go, report.Platform, report.Seconds)
	for _, table := range report.Tables() {
		fmt.Fprintln(c.stdout)
		if err := table.Text(c.stdout); err != nil {
			return err
		}
	}
	return nil
}

// writeSuites writes a report and its pictures into the folder of --out.
func (c *benchCommand) writeSuites(report *bench.Report) error {
	text, err := report.JSON()
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(c.out, "bench.json"), text, 0o644); err != nil {
		return err
	}
	pictures, err := report.Plots(c.out)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.stderr, "written to %s: %s\n", c.out, strings.Join(append([]string{"bench.json"}, pictures...), ", "))
	return err
}
