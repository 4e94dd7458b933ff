package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os/exec"
	"slices"
	"strconv"
	"strings"
)

// benchstatVersion pins the program that decides.
const benchstatVersion = "golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da"

// row is what benchstat says of one benchmark.
type row struct {
	name  string
	both  bool    // both commits have it
	delta float64 // percent of the old time; 0 where benchstat sees none
	wide  float64 // the wider of the two intervals, percent of the median on either side
}

// judge prints benchstat's table and the verdict.
func (c *comparison) judge(ctx context.Context, older, newer *build) (slower bool, err error) {
	stat := func(alpha float64, format string) ([]byte, error) {
		run := exec.CommandContext(ctx, "go", "run", benchstatVersion, "-alpha", fmt.Sprint(alpha), "-format", format,
			column("old", older), column("new", newer))
		run.Dir = c.root
		var out, errs bytes.Buffer
		run.Stdout, run.Stderr = &out, &errs
		if err := run.Run(); err != nil {
			return nil, fmt.Errorf("go run %s: %w\n%s", benchstatVersion, err, errs.Bytes())
		}
		return out.Bytes(), nil
	}
	text, err := stat(c.alpha, "csv")
	if err != nil {
		return false, err
	}
	rows, err := parseRows(bytes.NewReader(text))
	if err != nil {
		return false, err
	}
	compared := 0
	for _, r := range rows {
		if r.both {
			compared++
		}
	}
	if compared == 0 {
		return false, errors.New("the two commits have no benchmark in common; without --own both run those of the newer one")
	}
	each := c.alpha / float64(compared) // Bonferroni's, so that alpha holds for the table
	table, err := stat(each, "text")
	if err != nil {
		return false, err
	}
	if text, err = stat(each, "csv"); err != nil {
		return false, err
	}
	if rows, err = parseRows(bytes.NewReader(text)); err != nil {
		return false, err
	}
	fmt.Fprintf(c.stdout, "%s\n", table)
	return c.verdict(rows, each), nil
}

// column is an argument of benchstat: what to call a build, up to the first =, and its
// file.
func column(which string, b *build) string {
	return strings.ReplaceAll(which+" "+b.label, "=", "-") + "=" + b.output
}

// parseRows reads benchstat's CSV: tables of times, each a header that names the unit
// and a row for each benchmark. Tables of other units are left out.
func parseRows(r io.Reader) ([]row, error) {
	lines := csv.NewReader(r)
	lines.FieldsPerRecord, lines.LazyQuotes = -1, true
	var rows []row
	timed := false
	for {
		f, err := lines.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, fmt.Errorf("benchstat's CSV: %w", err)
		}
		switch {
		case len(f) >= 3 && f[0] == "" && f[2] == "CI":
			timed = f[1] == "sec/op"
		case len(f) < 3 || f[0] == "" || f[0] == "geomean" || !timed:
			// keys, names of files, and what sums up
		case len(f) < 7 || f[1] == "":
			rows = append(rows, row{name: f[0]})
		default:
			o := row{name: f[0], both: true}
			for _, cell := range []string{f[2], f[4]} {
				o.wide = max(o.wide, percent(cell))
			}
			if f[5] != "~" {
				if o.delta = percent(f[5]); math.IsInf(o.delta, 0) {
					return nil, fmt.Errorf("benchstat's CSV: %s changes by %q, which is not a percentage", f[0], f[5])
				}
			}
			rows = append(rows, o)
		}
	}
}

// percent reads "3%" or "-12.5%"; anything else, such as the ∞ of too few runs, is
// infinite.
func percent(s string) float64 {
	x, err := strconv.ParseFloat(strings.TrimPrefix(strings.TrimSuffix(s, "%"), "±"), 64)
	if err != nil || !strings.HasSuffix(s, "%") || math.IsNaN(x) {
		return math.Inf(1)
	}
	return x
}

// verdict says in words what the rows mean.
func (c *comparison) verdict(rows []row, each float64) (slower bool) {
	var worse, better, small, same, alone []row
	for _, r := range rows {
		switch {
		case !r.both:
			alone = append(alone, r)
		case r.delta == 0:
			same = append(same, r)
		case math.Abs(r.delta) < c.least:
			small = append(small, r)
		case r.delta > 0:
			worse = append(worse, r)
		default:
			better = append(better, r)
		}
	}
	compared := len(rows) - len(alone)
	fmt.Fprintf(c.stdout, "Verdict on %d benchmarks, %d runs of each commit: a difference counts from p < %.2g (%v for all together) and %v %% on.\n",
		compared, c.runs, each, c.alpha, c.least)
	list := func(what string, rows []row) {
		slices.SortStableFunc(rows, func(a, b row) int { return cmp.Compare(math.Abs(b.delta), math.Abs(a.delta)) })
		for _, r := range rows {
			fmt.Fprintf(c.stdout, "  %-7s %+7.1f %%  %s\n", what, r.delta, r.name)
		}
	}
	list("SLOWER", worse)
	list("faster", better)
	list("alike", small)
	if len(same) > 0 {
		widest := slices.MaxFunc(same, func(a, b row) int { return cmp.Compare(a.wide, b.wide) })
		fmt.Fprintf(c.stdout, "  no difference found in %d; the widest interval there is ±%.0f %% (%s): less than that may have stayed hidden\n", len(same), widest.wide, widest.name)
	}
	for _, r := range alone {
		fmt.Fprintf(c.stdout, "  in one commit only: %s\n", r.name)
	}
	switch {
	case len(worse) > 0:
		fmt.Fprintf(c.stdout, "%d of %d slower, %d faster.\n", len(worse), compared, len(better))
	case len(better) > 0:
		fmt.Fprintf(c.stdout, "None slower, %d of %d faster.\n", len(better), compared)
	default:
		fmt.Fprintln(c.stdout, "Neither slower nor faster.")
	}
	return len(worse) > 0
}
