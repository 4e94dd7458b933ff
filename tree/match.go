package tree

import (
	"fmt"
	"math"
	"strings"
)

// Matching says which row of a table belongs to which tip of a tree.
type Matching struct {
	Row       []int    // per tip, in the order of Topology.Leaves: its row, or -1
	TreeOnly  []string // the tips without a row, in that order
	TableOnly []string // the taxa without a tip, in the order of the table
}

// Match finds the row of each tip: first the one with exactly its name, then,
// of the rows and tips left, the one whose name is the same when underscores
// are read as spaces. It fails when that is ambiguous, and when not one tip
// has a row.
func Match(p *Phylogeny, t *Table) (*Matching, error) {
	tips := p.Tips()
	m := &Matching{Row: make([]int, len(tips))}
	exact := make(map[string]int, len(t.Taxa))
	for row, taxon := range t.Taxa {
		exact[taxon] = row
	}
	taken := make([]bool, len(t.Taxa))
	matched := 0
	for i, tip := range tips {
		row, ok := exact[tip]
		if !ok {
			m.Row[i] = -1
			continue
		}
		m.Row[i], taken[row] = row, true
		matched++
	}

	loose := map[string][]int{} // the rows left, by loose name
	for row, taxon := range t.Taxa {
		if !taken[row] {
			loose[spaced(taxon)] = append(loose[spaced(taxon)], row)
		}
	}
	asked := map[int]int{} // row: the tip that took it by its loose name
	for i, tip := range tips {
		if m.Row[i] >= 0 {
			continue
		}
		rows := loose[spaced(tip)]
		if len(rows) == 0 {
			continue
		}
		row := rows[0]
		if len(rows) > 1 {
			return nil, t.ErrorAt(row, -1, "the tip %s may be the taxon %s or %s, with underscores read as spaces: write the taxon exactly as in the tree",
				quote(tip), quote(t.Taxa[row]), quote(t.Taxa[rows[1]]))
		}
		if other, ok := asked[row]; ok {
			return nil, t.ErrorAt(row, -1, "the taxon %s may be the tip %s or %s, with underscores read as spaces: write the taxon exactly as in the tree",
				quote(t.Taxa[row]), quote(tips[other]), quote(tip))
		}
		m.Row[i], taken[row], asked[row] = row, true, i
		matched++
	}

	for i, tip := range tips {
		if m.Row[i] < 0 {
			m.TreeOnly = append(m.TreeOnly, tip)
		}
	}
	for row, taxon := range t.Taxa {
		if !taken[row] {
			m.TableOnly = append(m.TableOnly, taxon)
		}
	}
	if matched == 0 {
		return nil, t.ErrorAt(0, -1, "no taxon of the table is a tip of the tree: the tree has %s; the table has %s%s",
			quoteList(tips, 4), quoteList(t.Taxa, 4), caseHint(tips, t.Taxa))
	}
	return m, nil
}

// spaced returns a name with its underscores read as spaces.
func spaced(name string) string {
	return strings.TrimSpace(strings.ReplaceAll(name, "_", " "))
}

// caseHint says when names differ in upper and lower case alone.
func caseHint(tips, taxa []string) string {
	folded := map[string]string{}
	for _, taxon := range taxa {
		folded[strings.ToLower(spaced(taxon))] = taxon
	}
	for _, tip := range tips {
		if taxon, ok := folded[strings.ToLower(spaced(tip))]; ok {
			return fmt.Sprintf("; %s and %s differ only in upper and lower case: write them alike", quote(tip), quote(taxon))
		}
	}
	return ""
}

// Matched is the number of tips that have a row.
func (m *Matching) Matched() int { return len(m.Row) - len(m.TreeOnly) }

// PerTip returns the values of a column, one per row of the table, as one per
// tip in the order of Topology.Leaves; a tip without a row gets NaN.
func (m *Matching) PerTip(values []float64) []float64 {
	tips := make([]float64, len(m.Row))
	for i, row := range m.Row {
		tips[i] = math.NaN()
		if row >= 0 {
			tips[i] = values[row]
		}
	}
	return tips
}

// CodesPerTip does the same with the codes of a factor; a tip without a row gets -1.
func (m *Matching) CodesPerTip(codes []int) []int {
	tips := make([]int, len(m.Row))
	for i, row := range m.Row {
		tips[i] = -1
		if row >= 0 {
			tips[i] = codes[row]
		}
	}
	return tips
}
