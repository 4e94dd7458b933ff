package tree

import (
	"slices"
	"strings"
)

// taxonColumns are the names by which the column of the taxa is known, the
// first that a table has.
var taxonColumns = []string{"taxon", "species", "name", "tip"}

// taxonColumn finds the column of the taxa: the one that was asked for, the one that
// is named so, or the one that holds the most tips.
func (r *cellReader) taxonColumn(header cellRow, rows []cellRow, options TableOptions) (int, error) {
	if wanted := options.TaxonColumn; wanted != "" {
		at := slices.Index(header.cells, wanted)
		if at < 0 {
			at = slices.IndexFunc(header.cells, func(name string) bool { return strings.EqualFold(name, wanted) })
		}
		if at < 0 {
			return 0, r.fail(header.places[0], "there is no column %s for the taxa: the columns are %s", quote(wanted), quoteList(nearestNames(wanted, header.cells), 10))
		}
		return at, nil
	}
	named := -1
	for _, known := range slices.Backward(taxonColumns) {
		if i := slices.IndexFunc(header.cells, func(name string) bool { return strings.EqualFold(name, known) }); i >= 0 {
			named = i
		}
	}
	if len(options.Tips) == 0 {
		return max(named, 0), nil
	}
	tips := make(map[string]bool, len(options.Tips))
	for _, tip := range options.Tips {
		tips[spaced(tip)] = true
	}
	best, most := max(named, 0), 0
	for i := range header.cells {
		found := 0
		for _, row := range rows {
			if tips[spaced(row.cells[i])] {
				found++
			}
		}
		if found > 0 && i == named {
			return named, nil
		}
		if found > most {
			best, most = i, found
		}
	}
	return best, nil
}
