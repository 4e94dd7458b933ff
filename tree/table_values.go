package tree

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// column finds a column by its name.
func (t *Table) column(name string) (int, error) {
	at := slices.Index(t.Columns, name)
	if at < 0 {
		return 0, fmt.Errorf("%s: no column %s: the columns are %s", t.File, quote(name), quoteList(nearestNames(name, t.Columns), 10))
	}
	return at, nil
}

// Numbers returns a column as numbers, one per row. A cell that is empty, NA,
// NaN (whatever their case), ? or - is missing and becomes NaN.
func (t *Table) Numbers(column string) ([]float64, error) {
	at, err := t.column(column)
	if err != nil {
		return nil, err
	}
	numbers := make([]float64, len(t.Cells))
	for row, cells := range t.Cells {
		cell := cells[at]
		if isMissing(cell) {
			numbers[row] = math.NaN()
			continue
		}
		number, problem := parseNumber(cell)
		if problem != "" {
			return nil, t.ErrorAt(row, at, "taxon %s, column %s: %s %s; a missing value is empty, NA or ?", quote(t.Taxa[row]), quote(column), quote(cell), problem)
		}
		numbers[row] = number
	}
	return numbers, nil
}

// Factor is a column of states, such as regimes.
type Factor struct {
	Column string
	Levels []string // the states that occur, sorted
	Codes  []int    // per row of the table: its place in Levels, -1 where missing
}

// Factor returns a column as states, whatever they are called. It is an error where
// a cell of a NEXUS matrix has several states, and where every cell is missing.
func (t *Table) Factor(column string) (*Factor, error) {
	at, err := t.column(column)
	if err != nil {
		return nil, err
	}
	f := &Factor{Column: column, Codes: make([]int, len(t.Cells))}
	levels := map[string]bool{}
	for row, cells := range t.Cells {
		cell := cells[at]
		if t.symbols && len(cell) > 1 && strings.ContainsAny(cell[:1], "{(") {
			return nil, t.ErrorAt(row, at, "taxon %s, column %s: %s is several states: keep one, or ? for an unknown one", quote(t.Taxa[row]), quote(column), quote(cell))
		}
		if !isMissing(cell) {
			levels[cell] = true
		}
	}
	if f.Levels = slices.Sorted(maps.Keys(levels)); len(f.Levels) == 0 {
		return nil, t.ErrorAt(-1, at, "column %s has no value in any row: leave it out", quote(column))
	}
	for row, cells := range t.Cells {
		f.Codes[row] = -1
		if !isMissing(cells[at]) {
			f.Codes[row], _ = slices.BinarySearch(f.Levels, cells[at])
		}
	}
	return f, nil
}

// TextColumns are the columns with a cell that is neither a number nor missing, which
// Factor can read.
func (t *Table) TextColumns() []string {
	var columns []string
	for i, name := range t.Columns {
		if slices.ContainsFunc(t.Cells, func(cells []string) bool {
			_, problem := parseNumber(cells[i])
			return !isMissing(cells[i]) && problem != ""
		}) {
			columns = append(columns, name)
		}
	}
	return columns
}

// isMissing reports whether a cell stands for a value that is not known.
func isMissing(cell string) bool {
	return cell == "" || cell == "?" || cell == "-" || strings.EqualFold(cell, "NA") || strings.EqualFold(cell, "NaN")
}

// parseNumber reads a finite decimal number; the problem says what it is instead.
func parseNumber(text string) (value float64, problem string) {
	value, err := strconv.ParseFloat(text, 64)
	switch strings.ToLower(strings.TrimLeft(text, "+-")) {
	case "inf", "infinity", "nan":
		return 0, "is not finite: write a finite decimal number"
	}
	if errors.Is(err, strconv.ErrRange) {
		return 0, "is too large for a float64: write a finite decimal number"
	}
	if err != nil || strings.ContainsAny(text, "xXpP_") {
		if point := strings.Replace(text, ",", ".", 1); point != text && strings.Trim(point, "0123456789.+-eE") == "" {
			return 0, "has a decimal comma: write a decimal point, as in 0.5"
		}
		return 0, "is not a number: write a decimal number such as 0.5 or 1e-3"
	}
	return value, ""
}
