package landmarks

import (
	"math"

	"github.com/hxgpu/hxgpu/tree"
)

// FromTable takes the shapes from the columns of a table that are headed x1, y1,
// x2, ... or 1.X, 1.Y, 2.X, ... (with z or Z in three dimensions), whatever their
// order and case. A landmark is missing where all its cells are empty, NA or ?. The
// second result lists the other columns, which are ignored. It is an error if a
// landmark lacks a column, if two columns hold one coordinate, if both forms of
// heads are used, or if there are fewer than three landmarks.
func FromTable(t *tree.Table) (*Set, []string, error) {
	places := map[column]string{}
	var others []string
	forms := map[bool]string{}
	set := &Set{File: t.File, Taxa: t.Taxa, Lines: t.Lines, Dimensions: 2}
	for at, name := range t.Columns {
		c, dotted, ok := parseColumn(name)
		if !ok {
			others = append(others, name)
			continue
		}
		if c.point < 0 {
			return nil, nil, t.ErrorAt(-1, at, "the column %q is of landmark 0: number landmarks from 1", name)
		}
		if before, twice := places[c]; twice {
			return nil, nil, t.ErrorAt(-1, at, "the columns %q and %q hold the same coordinate: keep one", before, name)
		}
		places[c], forms[dotted] = name, name
		set.Points = max(set.Points, c.point+1)
		set.Dimensions = max(set.Dimensions, c.dimension+1)
	}
	switch {
	case len(places) == 0:
		return nil, nil, t.ErrorAt(-1, 0, "there are no columns of landmarks: head them x1,y1,x2,y2 and so on, or 1.X,1.Y,2.X,2.Y")
	case len(forms) == 2:
		return nil, nil, t.ErrorAt(-1, 0, "the columns %q and %q are of two forms: head all as x1,y1 or all as 1.X,1.Y", forms[false], forms[true])
	case set.Points < fewestPoints:
		return nil, nil, t.ErrorAt(-1, 0, "there are %d landmarks; a shape needs at least %d", set.Points, fewestPoints)
	}
	_, dotted := forms[true]
	set.Shapes = make([][]float64, len(t.Taxa))
	for p := range set.Points {
		for d := range set.Dimensions {
			name, ok := places[column{p, d}]
			if !ok {
				return nil, nil, t.ErrorAt(-1, 0, "there is no column %s: every landmark from 1 to %d needs its %d coordinates", columnName(column{p, d}, dotted), set.Points, set.Dimensions)
			}
			values, err := t.Numbers(name)
			if err != nil {
				return nil, nil, err
			}
			for row, x := range values {
				set.Shapes[row] = append(set.Shapes[row], x)
			}
		}
	}
	if err := set.checkPoints(t); err != nil {
		return nil, nil, err
	}
	return set, others, nil
}

// checkPoints finds landmarks that have only some of their coordinates.
func (s *Set) checkPoints(t *tree.Table) error {
	for i, shape := range s.Shapes {
		for p := range s.Points {
			missing := 0
			for _, x := range shape[p*s.Dimensions : (p+1)*s.Dimensions] {
				if math.IsNaN(x) {
					missing++
				}
			}
			if missing > 0 && missing < s.Dimensions {
				return t.ErrorAt(i, -1, "landmark %d of taxon %q has some of its coordinates and lacks others: give all or none", p+1, s.Taxa[i])
			}
		}
	}
	return nil
}
