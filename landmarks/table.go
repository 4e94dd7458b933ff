package landmarks

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/hxgpu/hxgpu/tree"
)

// fewestPoints is the least number of landmarks that make a shape.
const fewestPoints = 3

var (
	shortColumn  = regexp.MustCompile(`^([xyzXYZ])([1-9][0-9]{0,4})$`)
	dottedColumn = regexp.MustCompile(`^([1-9][0-9]{0,4})\.([xyzXYZ])$`)
)

// column is a coordinate that a table's column holds.
type column struct{ point, dimension int } // from 0

// parseColumn recognises the head of a column of coordinates.
func parseColumn(name string) (c column, dotted, ok bool) {
	axis, number := "", ""
	if m := shortColumn.FindStringSubmatch(name); m != nil {
		axis, number = m[1], m[2]
	} else if m := dottedColumn.FindStringSubmatch(name); m != nil {
		axis, number, dotted = m[2], m[1], true
	} else {
		return c, false, false
	}
	point, err := strconv.Atoi(number)
	if err != nil {
		return c, false, false
	}
	return column{point - 1, strings.Index("xyz", strings.ToLower(axis))}, dotted, true
}

// ReadFile reads shapes from a TPS file, if its name ends in .tps, or else from a
// table (see [FromTable]). The second result lists the columns of the table that
// hold no coordinates.
func ReadFile(path string) (*Set, []string, error) {
	if strings.HasSuffix(strings.ToLower(path), ".tps") {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, nil, err
		}
		set, err := ParseTPS(path, text)
		return set, nil, err
	}
	table, err := tree.ReadTableFile(path)
	if err != nil {
		return nil, nil, err
	}
	return FromTable(table)
}

// FromTable takes the shapes from the columns of a table that are headed x1, y1,
// x2, ... or 1.X, 1.Y, 2.X, ..., whatever their order and case. Cells that are
// empty or NA are missing. The second result lists the other columns.
func FromTable(t *tree.Table) (*Set, []string, error) {
	places := map[column]string{}
	var others []string
	forms := map[bool]string{}
	set := &Set{File: t.File, Taxa: t.Taxa, Dimensions: 2}
	for _, name := range t.Columns {
		c, dotted, ok := parseColumn(name)
		if !ok {
			others = append(others, name)
			continue
		}
		if before, twice := places[c]; twice {
			return nil, nil, fmt.Errorf("%s: the columns %q and %q hold the same coordinate: keep one", t.File, before, name)
		}
		places[c], forms[dotted] = name, name
		set.Points = max(set.Points, c.point+1)
		set.Dimensions = max(set.Dimensions, c.dimension+1)
	}
	switch {
	case len(places) == 0:
		return nil, nil, fmt.Errorf("%s: there are no columns of landmarks: head them x1,y1,x2,y2 and so on, or 1.X,1.Y,2.X,2.Y", t.File)
	case len(forms) == 2:
		return nil, nil, fmt.Errorf("%s: the columns %q and %q are of two forms: head all as x1,y1 or all as 1.X,1.Y", t.File, forms[false], forms[true])
	case set.Points < fewestPoints:
		return nil, nil, fmt.Errorf("%s: there are %d landmarks; a shape needs at least %d", t.File, set.Points, fewestPoints)
	}
	shapes := make([][]float64, len(t.Taxa))
	for p := range set.Points {
		for d := range set.Dimensions {
			name, ok := places[column{p, d}]
			if !ok {
				return nil, nil, fmt.Errorf("%s: landmark %d has no %c coordinate: every landmark needs a column for each of its %d", t.File, p+1, "xyz"[d], set.Dimensions)
			}
			values, err := t.Numbers(name)
			if err != nil {
				return nil, nil, err
			}
			for row, x := range values {
				shapes[row] = append(shapes[row], x)
			}
		}
	}
	set.Shapes = shapes
	return set, others, set.checkPoints()
}

// checkPoints finds points that have some of their coordinates.
func (s *Set) checkPoints() error {
	for i, shape := range s.Shapes {
		for p := range s.Points {
			missing := 0
			for d := range s.Dimensions {
				if x := shape[p*s.Dimensions+d]; x != x {
					missing++
				}
			}
			if missing > 0 && missing < s.Dimensions {
				return fmt.Errorf("%s: landmark %d of taxon %q has some of its coordinates and lacks others: give all or none", s.File, p+1, s.Taxa[i])
			}
		}
	}
	return nil
}
