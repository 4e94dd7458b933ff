package landmarks

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// axes are the names of the dimensions.
const axes = "xyz"

var (
	plainColumn  = regexp.MustCompile(`^([xyzXYZ])([0-9]{1,6})$`)
	dottedColumn = regexp.MustCompile(`^([0-9]{1,6})\.([xyzXYZ])$`)
)

// column is the coordinate that a table's column holds, both counted from 0.
type column struct{ point, dimension int }

// parseColumn recognises the head of a column of coordinates, x1 or (dotted) 1.X,
// whatever its case. The point of x0 is -1.
func parseColumn(name string) (c column, dotted, ok bool) {
	axis, number := "", ""
	if m := plainColumn.FindStringSubmatch(name); m != nil {
		axis, number = m[1], m[2]
	} else if m := dottedColumn.FindStringSubmatch(name); m != nil {
		axis, number, dotted = m[2], m[1], true
	} else {
		return c, false, false
	}
	point, err := strconv.Atoi(number)
	return column{point - 1, strings.Index(axes, strings.ToLower(axis))}, dotted, err == nil
}

// columnName is the head of a coordinate's column: x1 or (dotted) 1.X.
func columnName(c column, dotted bool) string {
	axis := axes[c.dimension : c.dimension+1]
	if dotted {
		return fmt.Sprintf("%d.%s", c.point+1, strings.ToUpper(axis))
	}
	return fmt.Sprintf("%s%d", axis, c.point+1)
}
