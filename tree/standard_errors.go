package tree

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// StandardErrors are how far the values of a column may lie from the truth, one
// standard deviation, as other columns of the table say.
type StandardErrors struct {
	Column string   // whose errors they are
	From   []string // the columns that say so: a standard error, or a standard deviation and a count
	// Values has one standard error per row, NaN where the column itself has no value.
	Values []float64
	// Pooled is the standard deviation within taxa over all taxa with several
	// specimens, which those with a single specimen take; NaN where none does.
	Pooled float64
	// Singles is the number of taxa that take it.
	Singles int
}

// ErrorColumns finds the columns that hold the standard errors of one: se_X, or sd_X
// and n_X, where X is the column's own name; the case of the prefix does not count. The
// second result is a guess, empty if there is none: where X is called log_Y or ln_Y,
// the column se_Y or sd_Y, which may hold errors of the logarithms or not.
func (t *Table) ErrorColumns(column string) (from []string, guess string) {
	find := func(prefix, name string) string {
		for _, other := range t.Columns {
			if len(other) == len(prefix)+len(name) && strings.EqualFold(other[:len(prefix)], prefix) && other[len(prefix):] == name {
				return other
			}
		}
		return ""
	}
	if se := find("se_", column); se != "" {
		return []string{se}, ""
	}
	if sd, n := find("sd_", column), find("n_", column); sd != "" && n != "" {
		return []string{sd, n}, ""
	}
	for _, prefix := range []string{"log_", "ln_", "log10_"} {
		if len(column) <= len(prefix) || !strings.EqualFold(column[:len(prefix)], prefix) {
			continue
		}
		name := column[len(prefix):]
		if se := find("se_", name); se != "" {
			return nil, se
		}
		if sd := find("sd_", name); sd != "" && find("n_", name) != "" {
			return nil, sd
		}
	}
	return nil, ""
}

// CountColumn is the column n_X that goes with a column sd_X; "" for a column that
// is not called so.
func (t *Table) CountColumn(column string) (string, error) {
	if len(column) < 4 || !strings.EqualFold(column[:3], "sd_") {
		return "", nil
	}
	for _, other := range t.Columns {
		if len(other) > 2 && strings.EqualFold(other[:2], "n_") && other[2:] == column[3:] {
			return other, nil
		}
	}
	return "", fmt.Errorf("%s: column %s needs a column %s with the number of specimens: add it, or give standard errors in %s",
		t.File, quote(column), quote("n_"+column[3:]), quote("se_"+column[3:]))
}

// StandardErrors reads the standard errors of a column from a column of standard
// errors, or from one of standard deviations and one of counts: sd/sqrt(n). A taxon
// with a single specimen tells nothing of its deviation, whatever is written: it takes
// the one pooled over all taxa with more, the square root of sum (n-1) sd^2 over
// sum (n-1). It is an error where a taxon has a value and no error.
func (t *Table) StandardErrors(column string, from ...string) (*StandardErrors, error) {
	values, err := t.Numbers(column)
	if err != nil {
		return nil, err
	}
	e := &StandardErrors{Column: column, From: slices.Clone(from), Values: make([]float64, len(values)), Pooled: math.NaN()}
	switch len(from) {
	case 1:
		err = t.standardErrors(e, values)
	case 2:
		err = t.pooledErrors(e, values)
	default:
		err = t.badErrors(column, len(from))
	}
	if err != nil {
		return nil, err
	}
	return e, nil
}

// badErrors says how many columns hold standard errors.
func (t *Table) badErrors(column string, n int) error {
	return fmt.Errorf("%s: %d columns for the standard errors of %s: give one of standard errors, or one of standard deviations and one of counts", t.File, n, quote(column))
}

// positive reads a column of errors, deviations or counts, at least least where there
// is a value.
func (t *Table) positive(column, of string, values []float64, least float64, optional func(row int) bool) ([]float64, error) {
	numbers, err := t.Numbers(column)
	if err != nil {
		return nil, err
	}
	at, err := t.column(column)
	if err != nil {
		return nil, err
	}
	for row, x := range numbers {
		switch {
		case math.IsNaN(values[row]) || optional(row):
		case math.IsNaN(x):
			return nil, t.ErrorAt(row, at, "taxon %s has a value of %s and none of %s: give it, or remove the value", quote(t.Taxa[row]), quote(of), quote(column))
		case x < least:
			return nil, t.ErrorAt(row, at, "taxon %s, column %s: %v must be %v or more", quote(t.Taxa[row]), quote(column), x, least)
		}
	}
	return numbers, nil
}

func (t *Table) standardErrors(e *StandardErrors, values []float64) error {
	given, err := t.positive(e.From[0], e.Column, values, 0, func(int) bool { return false })
	if err != nil {
		return err
	}
	for row := range values {
		e.Values[row] = math.NaN()
		if !math.IsNaN(values[row]) {
			e.Values[row] = given[row] + 0 // no -0
		}
	}
	return nil
}

func (t *Table) pooledErrors(e *StandardErrors, values []float64) error {
	counts, err := t.positive(e.From[1], e.Column, values, 1, func(int) bool { return false })
	if err != nil {
		return err
	}
	deviations, err := t.positive(e.From[0], e.Column, values, 0, func(row int) bool { return counts[row] == 1 })
	if err != nil {
		return err
	}
	squares, freedom, single := 0.0, 0.0, -1
	for row, n := range counts {
		switch {
		case math.IsNaN(values[row]):
		case n == 1:
			e.Singles++
			single = row
		default:
			squares += (n - 1) * deviations[row] * deviations[row]
			freedom += n - 1
		}
	}
	if single >= 0 {
		if freedom == 0 {
			at, _ := t.column(e.From[1])
			return t.ErrorAt(single, at, "every taxon has a single specimen, taxon %s the last: the deviation within taxa cannot be told; give standard errors in a column %s", quote(t.Taxa[single]), quote("se_"+e.Column))
		}
		e.Pooled = math.Sqrt(squares / freedom)
	}
	for row, n := range counts {
		switch {
		case math.IsNaN(values[row]):
			e.Values[row] = math.NaN()
		case n == 1:
			e.Values[row] = e.Pooled
		default:
			e.Values[row] = deviations[row] / math.Sqrt(n)
		}
	}
	return nil
}
