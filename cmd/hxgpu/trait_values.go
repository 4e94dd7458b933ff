package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/hxgpu/hxgpu/tree"
)

// transforms are the functions of a column that --trait takes.
var transforms = map[string]func(float64) float64{"log": math.Log, "log10": math.Log10, "sqrt": math.Sqrt}

// traitValues are the numbers of a column, or of a function of one: log(mass) is the
// natural logarithm of the column mass, where no column is called log(mass).
func traitValues(table *tree.Table, trait string) ([]float64, error) {
	name, rest, open := strings.Cut(trait, "(")
	transform := transforms[name]
	inner, closed := strings.CutSuffix(rest, ")")
	if !open || !closed || transform == nil || slices.Contains(table.Columns, trait) {
		return table.Numbers(trait)
	}
	values, err := table.Numbers(strings.TrimSpace(inner))
	if err != nil {
		return nil, err
	}
	result := make([]float64, len(values))
	for i, x := range values {
		result[i] = transform(x)
		if !math.IsNaN(x) && (math.IsNaN(result[i]) || math.IsInf(result[i], 0)) {
			column := slices.Index(table.Columns, strings.TrimSpace(inner))
			return nil, fmt.Errorf("--trait: %w", table.ErrorAt(i, column, "taxon %q: %s is not defined; it needs a positive value", table.Taxa[i], strings.Replace(trait, rest, table.Cells[i][column]+")", 1)))
		}
	}
	return result, nil
}
