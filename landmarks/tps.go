package landmarks

import (
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/hxgpu/hxgpu/tree"
)

// tpsParser reads a TPS file line by line.
type tpsParser struct {
	file  string
	lines []string
	at    int // the line that is next
	set   *Set
	seen  map[string]int // the line of each taxon's LM
}

// ParseTPS reads shapes in the TPS format: for every taxon a line LM=n (or LM3=n),
// n lines of coordinates, and lines such as ID=, IMAGE= and SCALE=, the last of
// which the coordinates are multiplied by. The taxon's name is the ID, or else the
// name of the image. Curves are not read. The name stands for the file in errors,
// which are of type *tree.SyntaxError.
func ParseTPS(name string, text []byte) (*Set, error) {
	plain := strings.ReplaceAll(strings.ReplaceAll(strings.TrimPrefix(string(text), "\ufeff"), "\r\n", "\n"), "\r", "\n")
	p := &tpsParser{file: name, lines: strings.Split(plain, "\n"), set: &Set{File: name}, seen: map[string]int{}}
	for p.skipBlank(); p.at < len(p.lines); p.skipBlank() {
		if err := p.shape(); err != nil {
			return nil, err
		}
	}
	if len(p.set.Taxa) == 0 {
		return nil, p.fail(1, 0, "the file has no shapes: a TPS file begins with a line such as LM=16")
	}
	return p.set, nil
}

func (p *tpsParser) fail(line, column int, format string, values ...any) error {
	return &tree.SyntaxError{File: p.file, Line: line, Column: column, Message: fmt.Sprintf(format, values...)}
}

func (p *tpsParser) skipBlank() {
	for p.at < len(p.lines) && strings.TrimSpace(p.lines[p.at]) == "" {
		p.at++
	}
}

// key splits a line NAME=value.
func key(line string) (name, value string, ok bool) {
	name, value, ok = strings.Cut(line, "=")
	return strings.ToUpper(strings.TrimSpace(name)), strings.TrimSpace(value), ok
}

// shape reads one taxon.
func (p *tpsParser) shape() error {
	first := p.at + 1
	name, value, ok := key(p.lines[p.at])
	if !ok || name != "LM" && name != "LM3" {
		return p.fail(first, 1, "here should be a line such as LM=16, the number of landmarks of the next shape")
	}
	dimensions := map[string]int{"LM": 2, "LM3": 3}[name]
	points, err := strconv.Atoi(value)
	if err != nil || points < fewestPoints || points > 99999 {
		return p.fail(first, 1, "%q is no number of landmarks; a shape needs at least %d", value, fewestPoints)
	}
	if len(p.set.Taxa) == 0 {
		p.set.Points, p.set.Dimensions = points, dimensions
	} else if points != p.set.Points || dimensions != p.set.Dimensions {
		return p.fail(first, 1, "the shape has %d landmarks in %d dimensions, those before it %d in %d: all must be alike", points, dimensions, p.set.Points, p.set.Dimensions)
	}
	p.at++
	var shape []float64
	for range points {
		row, err := p.row(dimensions, first)
		if err != nil {
			return err
		}
		shape = append(shape, row...)
	}
	return p.attributes(shape, first)
}

// row reads the coordinates of one landmark.
func (p *tpsParser) row(dimensions, first int) ([]float64, error) {
	if p.at >= len(p.lines) || strings.Contains(p.lines[p.at], "=") || strings.TrimSpace(p.lines[p.at]) == "" {
		return nil, p.fail(min(p.at+1, len(p.lines)), 0, "the shape that begins on line %d has fewer rows of coordinates than its LM says", first)
	}
	line := p.lines[p.at]
	p.at++
	fields := strings.Fields(line)
	if len(fields) != dimensions {
		return nil, p.fail(p.at, 0, "the row has %d numbers; a landmark in %d dimensions has %d", len(fields), dimensions, dimensions)
	}
	var row []float64
	for _, field := range fields {
		x, err := strconv.ParseFloat(field, 64)
		if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
			return nil, p.fail(p.at, strings.Index(line, field)+1, "%q is not a finite number", field)
		}
		row = append(row, x)
	}
	return row, nil
}

// attributes reads what follows the coordinates, and adds the shape to the set.
func (p *tpsParser) attributes(shape []float64, first int) error {
	id, image, scale := "", "", 1.0
	for ; p.at < len(p.lines); p.at++ {
		line := strings.TrimSpace(p.lines[p.at])
		name, value, ok := key(line)
		if name == "LM" || name == "LM3" {
			break
		}
		switch {
		case line == "" || !ok && p.isCurve(line):
		case !ok:
			return p.fail(p.at+1, 1, "the shape that begins on line %d has %d landmarks, and here is more: a line such as ID=name was due", first, p.set.Points)
		case name == "ID":
			id = value
		case name == "IMAGE":
			image = strings.TrimSuffix(value, filepath.Ext(value))
		case name == "SCALE":
			var err error
			if scale, err = strconv.ParseFloat(value, 64); err != nil || !(scale > 0) || math.IsInf(scale, 1) {
				return p.fail(p.at+1, 1, "the scale %q is not a positive number", value)
			}
		}
	}
	taxon := id
	if taxon == "" {
		taxon = image
	}
	if taxon == "" {
		return p.fail(first, 1, "the shape has no name: add a line ID= with the taxon's name as in the tree")
	}
	if before, twice := p.seen[taxon]; twice {
		return p.fail(first, 1, "the taxon %q has a shape already, on line %d: keep one shape per taxon, such as their mean", taxon, before)
	}
	p.seen[taxon] = first
	for k := range shape {
		shape[k] *= scale
		if math.IsInf(shape[k], 0) {
			return p.fail(first, 1, "the scale %v makes coordinates of the shape infinite", scale)
		}
	}
	p.set.Taxa, p.set.Shapes = append(p.set.Taxa, taxon), append(p.set.Shapes, shape)
	return nil
}

// isCurve reports whether a line of coordinates belongs to a curve: one begins with
// a line POINTS=.
func (p *tpsParser) isCurve(line string) bool {
	for k := p.at - 1; k >= 0; k-- {
		name, _, ok := key(p.lines[k])
		if ok {
			if name != "POINTS" && name != "POINTS3" {
				return false
			}
			for _, field := range strings.Fields(line) {
				if _, err := strconv.ParseFloat(field, 64); err != nil {
					return false
				}
			}
			return true
		}
	}
	return false
}
