package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hxgpu/hxgpu/internal/runstore"
	"github.com/hxgpu/hxgpu/nuts"
)

// printTable writes rows in columns, the first to the left and the rest to the
// right.
func printTable(w io.Writer, rows [][]string) error {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var out strings.Builder
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				line.WriteString(cell + pad)
			} else {
				line.WriteString("  " + pad + cell)
			}
		}
		out.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// figure writes a number with four digits.
func figure(x float64) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return "-"
	}
	return fmt.Sprintf("%.4g", x)
}

// printSummary writes the table of the parameters, with exact posteriors below
// those that have one.
func printSummary(w io.Writer, parameters runstore.Parameters, analytic map[string]exact) error {
	rows := [][]string{{"parameter", "mean", "sd", "mcse", "2.5 %", "median", "97.5 %", "R-hat", "ESS bulk", "ESS tail"}}
	nested := slices.ContainsFunc(parameters, func(p runstore.Parameter) bool { return p.NestedRhat != 0 })
	if nested {
		rows[0] = append(rows[0], "nested R-hat")
	}
	for _, p := range parameters {
		s := p.Statistics
		rows = append(rows, []string{p.Name, figure(s.Mean), figure(s.SD), fmt.Sprintf("%.2g", s.MCSEMean), figure(s.Q2_5), figure(s.Median),
			figure(s.Q97_5), fmt.Sprintf("%.4f", s.Rhat), fmt.Sprintf("%.0f", s.ESSBulk), fmt.Sprintf("%.0f", s.ESSTail)})
		if last := len(rows) - 1; nested {
			rows[last] = append(rows[last], fmt.Sprintf("%.4f", p.NestedRhat))
		}
		if e, ok := analytic[p.Name]; ok {
			rows = append(rows, []string{"  exact", figure(e.Mean), figure(e.SD), "", figure(e.Q2_5), figure(e.Median), figure(e.Q97_5)})
		}
	}
	if err := printTable(w, rows); err != nil {
		return err
	}
	if len(analytic) > 0 {
		_, err := fmt.Fprintln(w, "(exact: the analytic posterior, by quadrature)")
		return err
	}
	return nil
}

// printTimings writes where the time went.
func printTimings(w io.Writer, s runstore.Summary) {
	if s.Values > 0 {
		fmt.Fprintf(w, "%d draws; %d evaluations of the density\n", s.Chains*s.Draws, s.Values)
	} else {
		fmt.Fprintf(w, "%s in %d draws; %d gradients\n", plural(s.Divergences, "divergence"), s.Chains*s.Draws, s.Gradients)
	}
	fmt.Fprintf(w, "wall time: compile %s, warm-up %s, draws %s, in all %s\n", seconds(s.Timings.Compile), seconds(s.Timings.Warmup),
		seconds(s.Timings.Draws), seconds(s.Timings.Total))
}

// printAcceptance writes how often a random walk moved, and its steps.
func printAcceptance(w io.Writer, run *nuts.Run) {
	if len(run.Acceptance) == 0 {
		return
	}
	mean := make([]float64, len(run.Acceptance[0]))
	scale, beta := 0.0, 0.0
	n := float64(len(run.Acceptance))
	for c, rates := range run.Acceptance {
		for b, rate := range rates {
			mean[b] += rate / n
		}
		scale += run.WalkScales[c] / n
		beta += run.CrankNicolson[c] / n
	}
	var texts []string
	for _, rate := range mean {
		texts = append(texts, fmt.Sprintf("%.2f", rate))
	}
	fmt.Fprintf(w, "accepted: %s (parameters, then noise); steps of %.2g standard deviations, beta %.2g\n", strings.Join(texts, ", "), scale, beta)
}

// printPaths writes what HMC has learnt.
func printPaths(w io.Writer, run *nuts.Run) {
	if run.PathLength > 0 && len(run.StepSizes) > 0 {
		fmt.Fprintf(w, "paths of mean length %.2f, about %.1f steps of %.3g\n", run.PathLength, math.Max(run.PathLength/run.StepSizes[0], 1), run.StepSizes[0])
	}
}

func seconds(x runstore.Number) string {
	if x < 1 {
		return fmt.Sprintf("%.3f s", float64(x))
	}
	return fmt.Sprintf("%.2f s", float64(x))
}

// printWarnings writes warnings, one a line.
func printWarnings(w io.Writer, warnings []string) {
	for _, text := range warnings {
		fmt.Fprintf(w, "warning: %s\n", text)
	}
}

// inSeconds is a duration as a number for JSON.
func inSeconds(d time.Duration) runstore.Number { return runstore.Number(d.Seconds()) }
