package main

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/hxgpu/hxgpu/tree"
)

// knownErrors reads the columns of --errors, and gives the data the variances.
func (f *dataFlags) knownErrors(in *inputs, table *tree.Table) error {
	if f.errors == "none" {
		return nil
	}
	from, err := f.errorColumns(in.traits, table)
	if err != nil {
		return err
	}
	matching, err := tree.Match(in.phylogeny, table)
	if err != nil {
		return err
	}
	for k, trait := range in.traits {
		variances := make([]float64, len(in.data.Values[k]))
		in.data.Variances, in.errors = append(in.data.Variances, variances), append(in.errors, nil)
		if len(from[k]) == 0 {
			continue
		}
		e, err := table.StandardErrors(trait, from[k]...)
		if err != nil {
			return fmt.Errorf("--errors: %w", err)
		}
		in.errors[k] = e
		for i, x := range matching.PerTip(e.Values) {
			variances[i] = x * x
		}
	}
	return nil
}

// errorColumns finds the columns with the errors of every trait, none for a trait that
// has none.
func (f *dataFlags) errorColumns(traits []string, table *tree.Table) ([][]string, error) {
	from := make([][]string, len(traits))
	if f.errors == "auto" {
		found, hint := false, ""
		for k, trait := range traits {
			var guess string
			if from[k], guess = table.ErrorColumns(trait); from[k] != nil {
				found = true
			} else if guess != "" && hint == "" {
				hint = fmt.Sprintf("; %s may hold those of %s: if they are errors of its logarithms, and not of what was measured, say --errors %s", guess, trait, guess)
			}
		}
		if !found {
			return nil, fmt.Errorf("--errors auto: %s has no column se_%s, nor sd_%s and n_%s%s", f.traits, traits[0], traits[0], traits[0], hint)
		}
		return from, nil
	}
	columns, err := splitNames("errors", f.errors)
	if err != nil {
		return nil, err
	}
	if len(columns) != len(traits) {
		return nil, usagef("--errors %s: %s for %s: name one column per trait, or auto, or none", f.errors, plural(len(columns), "column"), plural(len(traits), "trait"))
	}
	for k, column := range columns {
		from[k] = []string{column}
		count, err := table.CountColumn(column)
		if err != nil {
			return nil, fmt.Errorf("--errors: %w", err)
		}
		if count != "" {
			from[k] = append(from[k], count)
		}
	}
	return from, nil
}

// reportErrors says which errors are known.
func (in *inputs) reportErrors(w io.Writer) {
	for k, e := range in.errors {
		if e == nil {
			fmt.Fprintf(w, "  errors      %s: none known\n", in.traits[k])
			continue
		}
		sum, n := 0.0, 0
		for i, v := range in.data.Variances[k] {
			if !math.IsNaN(in.data.Values[k][i]) {
				sum += math.Sqrt(v)
				n++
			}
		}
		how := strings.Join(e.From, " / sqrt ")
		fmt.Fprintf(w, "  errors      %s: known from %s, mean %.4g", in.traits[k], how, sum/float64(max(n, 1)))
		if e.Singles > 0 {
			fmt.Fprintf(w, "; the pooled deviation %.4g for %s of one specimen", e.Pooled, plural(e.Singles, "row"))
		}
		fmt.Fprintln(w)
	}
}
