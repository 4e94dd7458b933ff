package main

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/bffg/mle"
	"github.com/hxgpu/hxgpu/internal/runstore"
)

// The files of a fit.
const (
	fitJSON  = "fit.json"
	fitCSV   = "fit.csv"
	fitStart = "start.csv"
)

// print writes a fit.
func (c *fitCommand) print(stdout, stderr, log io.Writer, f fitted, observed int) error {
	printWarnings(stderr, f.warnings())
	if c.json {
		return runstore.EncodeJSON(stdout, f.record(observed))
	}
	fmt.Fprintf(log, "model %s of %s: %s\n", f.model.Name, strings.Join(f.model.Traits, ", "), f.model.About)
	fmt.Fprintf(log, "  root        %s\n", rootText(f.model))
	for _, p := range f.model.Parameters {
		if p.Fixed != nil {
			fmt.Fprintf(log, "  %-11s = %s (fixed)   %s\n", p.Name, joinNumbers(p.Fixed), p.About)
		}
	}
	if f.model.TipNoise {
		fmt.Fprintln(log, "  tips        with noise, tau_sq")
	} else {
		fmt.Fprintln(log, "  tips        exact but for known errors")
	}
	fmt.Fprintf(log, "  search      %d of %d starts reach the maximum; %d gradients, %s\n\n", f.fit.Agreeing, f.fit.Starts, f.fit.Evaluations, seconds(runstore.Number(f.took.Seconds())))
	rows := [][]string{{"parameter", "estimate", "SE", "2.5 %", "97.5 %"}}
	for i, e := range f.fit.Estimates {
		row := []string{f.fit.Names[i], fitFigure(e.Value), "", "", ""}
		switch {
		case e.AtBound:
			row[2] = "at its bound"
		case e.Unidentified:
			row[2] = "not identified"
		case !math.IsNaN(e.Error):
			row[2], row[3], row[4] = figure(e.Error), fitFigure(e.Low), fitFigure(e.High)
		}
		rows = append(rows, row)
	}
	if err := printTable(stdout, rows); err != nil {
		return err
	}
	likelihood := "log likelihood"
	if f.model.Root == bffg.RootFlat {
		likelihood = "restricted log likelihood (REML)"
	}
	_, err := fmt.Fprintf(stdout, "%s %s with %s and %s; AIC %s, AICc %s, BIC %s\n", likelihood, strconv.FormatFloat(f.fit.LogLikelihood, 'f', 6, 64),
		plural(f.fit.Parameters(), "parameter"), plural(observed, "observed value"), information(f.fit.AIC()), information(f.fit.AICc(observed)), information(f.fit.BIC(observed)))
	return err
}

// fitFigure has more digits than a summary of draws, which has Monte Carlo errors.
func fitFigure(x float64) string { return strconv.FormatFloat(x, 'g', 7, 64) }

func information(x float64) string {
	if math.IsInf(x, 0) {
		return "none"
	}
	return strconv.FormatFloat(x, 'f', 3, 64)
}

// warnings say in words what a fit is not to be trusted for.
func (f fitted) warnings() []string {
	var warnings []string
	for i, e := range f.fit.Estimates {
		if e.AtBound {
			warnings = append(warnings, fmt.Sprintf("the likelihood rises towards %s = %.6g, the end of its range: its estimate is that bound and has no standard error; the other parameters' are those with it held there", f.fit.Names[i], e.Value))
		}
	}
	for _, names := range f.fit.Unidentified {
		if len(names) == 1 {
			warnings = append(warnings, fmt.Sprintf("the likelihood hardly depends on %s near the maximum: the data do not say what it is", names[0]))
		} else if len(names) > 1 {
			warnings = append(warnings, fmt.Sprintf("the likelihood hardly changes when %s move together: the data do not tell them apart; fix one of them, or take a simpler model", strings.Join(names, ", ")))
		}
	}
	if f.fit.Agreeing < 2 && f.fit.Starts > 1 {
		warnings = append(warnings, fmt.Sprintf("only 1 of %d starts reached the maximum; there may be a higher one: try --starts %d", f.fit.Starts, 10*f.fit.Starts))
	}
	return warnings
}

// fitRecord is fit.json.
type fitRecord struct {
	Model         string                       `json:"model"`
	Root          string                       `json:"root"`
	TipNoise      bool                         `json:"tip_noise"`
	Restricted    bool                         `json:"restricted_likelihood"`
	LogLikelihood runstore.Number              `json:"log_likelihood"`
	Parameters    int                          `json:"parameters"`
	Observed      int                          `json:"observed_values"`
	AIC           runstore.Number              `json:"aic"`
	AICc          runstore.Number              `json:"aicc"`
	BIC           runstore.Number              `json:"bic"`
	Fixed         map[string][]runstore.Number `json:"fixed,omitempty"`
	Estimates     []estimateRecord             `json:"estimates"`
	Unidentified  [][]string                   `json:"not_identified,omitempty"`
	Starts        int                          `json:"starts"`
	Agreeing      int                          `json:"starts_at_the_maximum"`
	Warnings      []string                     `json:"warnings,omitempty"`
}

type estimateRecord struct {
	Name     string          `json:"name"`
	Estimate runstore.Number `json:"estimate"`
	Error    runstore.Number `json:"standard_error"`
	Low      runstore.Number `json:"q2.5"`
	High     runstore.Number `json:"q97.5"`
	AtBound  bool            `json:"at_bound,omitempty"`
}

func (f fitted) record(observed int) fitRecord {
	r := fitRecord{Model: f.model.Name, Root: rootText(f.model), TipNoise: f.model.TipNoise, Restricted: f.model.Root == bffg.RootFlat,
		LogLikelihood: runstore.Number(f.fit.LogLikelihood), Parameters: f.fit.Parameters(), Observed: observed, AIC: runstore.Number(f.fit.AIC()),
		AICc: runstore.Number(f.fit.AICc(observed)), BIC: runstore.Number(f.fit.BIC(observed)), Unidentified: f.fit.Unidentified,
		Starts: f.fit.Starts, Agreeing: f.fit.Agreeing, Warnings: f.warnings()}
	for _, p := range f.model.Parameters {
		if p.Fixed != nil {
			if r.Fixed == nil {
				r.Fixed = map[string][]runstore.Number{}
			}
			r.Fixed[p.Name] = runstore.Numbers(p.Fixed)
		}
	}
	for i, e := range f.fit.Estimates {
		r.Estimates = append(r.Estimates, estimateRecord{f.fit.Names[i], runstore.Number(e.Value), runstore.Number(e.Error), runstore.Number(e.Low), runstore.Number(e.High), e.AtBound})
	}
	return r
}

// writeFit writes the files of a fit.
func writeFit(folder *runstore.Folder, f fitted, observed int) error {
	exact := func(x float64) string {
		if math.IsNaN(x) {
			return ""
		}
		return strconv.FormatFloat(x, 'g', -1, 64)
	}
	table := func(rows [][]string) func(w io.Writer) error {
		return func(w io.Writer) error {
			out := csv.NewWriter(w)
			if err := out.WriteAll(rows); err != nil {
				return err
			}
			return out.Error()
		}
	}
	rows := [][]string{{"parameter", "estimate", "standard_error", "q2.5", "q97.5"}}
	start := [][]string{{"chain"}, {"1"}}
	for i, e := range f.fit.Estimates {
		rows = append(rows, []string{f.fit.Names[i], exact(e.Value), exact(e.Error), exact(e.Low), exact(e.High)})
		start[0] = append(start[0], f.fit.Names[i])
		start[1] = append(start[1], exact(inRange(f.model, f.fit.Names[i], e)))
	}
	if err := folder.WriteJSON(fitJSON, f.record(observed)); err != nil {
		return err
	}
	if err := folder.Write(fitCSV, table(rows)); err != nil {
		return err
	}
	return folder.Write(fitStart, table(start))
}

// inRange is an estimate that a chain can start at: within the range of its parameter.
func inRange(m *bffg.Model, name string, e mle.Estimate) float64 {
	base, _, _ := strings.Cut(name, "[")
	p, err := m.Parameter(base)
	if err != nil || !e.AtBound || len(p.Prior.Parameters) == 0 {
		return e.Value
	}
	d := p.Prior.Parameters
	switch p.Prior.Family {
	case "uniform", "log_uniform":
		return min(max(e.Value, d[0]+0.01*(d[1]-d[0])), d[1]-0.01*(d[1]-d[0]))
	case "lognormal":
		return math.Exp(d[0] - 2*d[1])
	}
	return 1e-6
}

// printComparison writes the fits by AICc.
func (c *fitCommand) printComparison(stdout, stderr io.Writer, all []fitted, observed int) error {
	slices.SortStableFunc(all, func(a, b fitted) int {
		return cmp.Compare(a.fit.AICc(observed), b.fit.AICc(observed))
	})
	for _, f := range all {
		for _, w := range f.warnings() {
			printWarnings(stderr, []string{"model " + f.model.Name + ": " + w})
		}
	}
	best := all[0].fit.AICc(observed)
	weight := func(f fitted) float64 { return math.Exp(-(f.fit.AICc(observed) - best) / 2) }
	total := 0.0
	for _, f := range all {
		total += weight(f)
	}
	if c.json {
		type compared struct {
			fitRecord
			Weight runstore.Number `json:"akaike_weight"`
		}
		var records []compared
		for _, f := range all {
			records = append(records, compared{f.record(observed), runstore.Number(weight(f) / total)})
		}
		return runstore.EncodeJSON(stdout, records)
	}
	rows := [][]string{{"model", "root", "log likelihood", "parameters", "AICc", "difference", "weight"}}
	for _, f := range all {
		root, _, _ := strings.Cut(rootText(f.model), "=")
		rows = append(rows, []string{f.model.Name, root, strconv.FormatFloat(f.fit.LogLikelihood, 'f', 4, 64), strconv.Itoa(f.fit.Parameters()),
			information(f.fit.AICc(observed)), information(f.fit.AICc(observed) - best), fmt.Sprintf("%.4f", weight(f)/total)})
	}
	return printTable(stdout, rows)
}
