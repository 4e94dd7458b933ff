package landmarks

import (
	"fmt"
	"math"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/hxgpu/hxgpu/tree"
)

// mostPoints bounds what a broken file can make us ask for.
const mostPoints = 999_999

// tpsParser reads a TPS file line by line.
type tpsParser struct {
	file  string
	lines []string
	at    int // the line that is next
	set   *Set
	seen  map[string]int // the line where each taxon's shape begins
}

// ParseTPS reads shapes in the TPS format: for every taxon a line LM=n (LM3=n in
// three dimensions), n lines of coordinates, and lines such as ID=, IMAGE= and
// SCALE=, the last of which the coordinates are multiplied by. The taxon's name is
// the ID, or else the name of the image without its folder and ending. All shapes
// have the same landmarks. Curves and outlines are counted and not kept; other
// lines NAME=value are passed over. The name stands for the file in errors, which
// are of type *tree.SyntaxError.
func ParseTPS(name string, text []byte) (*Set, error) {
	plain := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.TrimPrefix(string(text), "\ufeff"))
	p := &tpsParser{file: name, lines: strings.Split(plain, "\n"), set: &Set{File: name}, seen: map[string]int{}}
	for p.skipBlank(); p.at < len(p.lines); p.skipBlank() {
		if err := p.shape(); err != nil {
			return nil, err
		}
	}
	if len(p.set.Taxa) == 0 {
		return nil, p.fail(1, 1, "the file has no shapes: a TPS file begins with a line such as LM=16")
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

// attribute is a line NAME=value.
type attribute struct {
	name, value string
	column      int // where the value begins, from 1
}

func parseAttribute(line string) (a attribute, ok bool) {
	name, value, ok := strings.Cut(line, "=")
	value = strings.TrimLeft(value, " \t")
	return attribute{strings.ToUpper(strings.TrimSpace(name)), strings.TrimSpace(value), len(line) - len(value) + 1}, ok
}

// shape reads one taxon.
func (p *tpsParser) shape() error {
	first := p.at + 1
	head, _ := parseAttribute(p.lines[p.at])
	dimensions, ok := map[string]int{"LM": 2, "LM3": 3}[head.name]
	if !ok {
		return p.fail(first, 1, "here should be a line such as LM=16, the number of landmarks of the next shape")
	}
	points, err := strconv.Atoi(head.value)
	if err != nil || points < fewestPoints || points > mostPoints {
		return p.fail(first, head.column, "%q is no number of landmarks; a shape needs at least %d", head.value, fewestPoints)
	}
	if len(p.set.Taxa) == 0 {
		p.set.Points, p.set.Dimensions = points, dimensions
	} else if points != p.set.Points || dimensions != p.set.Dimensions {
		return p.fail(first, head.column, "the shape has %d landmarks in %d dimensions, those before it %d in %d: all must be alike", points, dimensions, p.set.Points, p.set.Dimensions)
	}
	p.at++
	var shape []float64
	for range points {
		row, err := p.row(head.name, first)
		if err != nil {
			return err
		}
		if len(row) != dimensions {
			return p.fail(p.at, 1, "the row has %d numbers; a landmark in %d dimensions has %d", len(row), dimensions, dimensions)
		}
		shape = append(shape, row...)
	}
	return p.attributes(shape, first)
}

var word = regexp.MustCompile(`\S+`)

// row reads the coordinates of one point, of those that a line LM= or POINTS= has
// announced.
func (p *tpsParser) row(announced string, first int) ([]float64, error) {
	if p.at >= len(p.lines) || strings.Contains(p.lines[p.at], "=") || strings.TrimSpace(p.lines[p.at]) == "" {
		return nil, p.fail(min(p.at+1, len(p.lines)), 1, "the shape that begins on line %d has fewer rows of coordinates than its %s says", first, announced)
	}
	line := p.lines[p.at]
	p.at++
	var row []float64
	for _, at := range word.FindAllStringIndex(line, -1) {
		field := line[at[0]:at[1]]
		x, err := strconv.ParseFloat(field, 64)
		if err != nil || math.IsNaN(x) || math.IsInf(x, 0) || strings.ContainsAny(field, "xXpP_") {
			return nil, p.fail(p.at, at[0]+1, "%q is not a finite decimal number", field)
		}
		row = append(row, x)
	}
	return row, nil
}

// attributes reads what follows the coordinates, and adds the shape to the set.
func (p *tpsParser) attributes(shape []float64, first int) error {
	taxon, image, scaling := "", "", 1.0
	named, scaled := first, first // the lines that say so
	for p.skipBlank(); p.at < len(p.lines); p.skipBlank() {
		line := p.at + 1
		a, ok := parseAttribute(p.lines[p.at])
		if !ok {
			return p.fail(line, 1, "the shape that begins on line %d has all its %d landmarks: here should be a line such as ID=name", first, p.set.Points)
		}
		if a.name == "LM" || a.name == "LM3" {
			break
		}
		p.at++
		switch a.name {
		case "ID":
			taxon, named = a.value, line
		case "IMAGE":
			image = a.value[strings.LastIndexAny(a.value, `/\`)+1:]
			image = strings.TrimSpace(strings.TrimSuffix(image, filepath.Ext(image)))
			if taxon == "" {
				named = line
			}
		case "SCALE":
			var err error
			scaled = line
			if scaling, err = strconv.ParseFloat(a.value, 64); err != nil || !(scaling > 0) || math.IsInf(scaling, 1) {
				return p.fail(line, a.column, "the scale %q is not a positive number", a.value)
			}
		case "POINTS", "POINTS3":
			if err := p.curve(a, first); err != nil {
				return err
			}
		}
	}
	if taxon == "" {
		taxon = image
	}
	if taxon == "" {
		return p.fail(first, 1, "the shape has no name: add a line ID= with the taxon's name as in the tree")
	}
	if before, twice := p.seen[taxon]; twice {
		return p.fail(named, 1, "the taxon %q has a shape already, on line %d: keep one shape per taxon, such as their mean", taxon, before)
	}
	p.seen[taxon] = first
	for k := range shape {
		shape[k] *= scaling
		if math.IsInf(shape[k], 0) {
			return p.fail(scaled, 1, "the scale %v makes coordinates of the shape infinite", scaling)
		}
	}
	p.set.Taxa, p.set.Lines, p.set.Shapes = append(p.set.Taxa, taxon), append(p.set.Lines, first), append(p.set.Shapes, shape)
	return nil
}

// curve passes over the points of a curve or an outline.
func (p *tpsParser) curve(head attribute, first int) error {
	points, err := strconv.Atoi(head.value)
	if err != nil || points < 0 {
		return p.fail(p.at, head.column, "%q is no number of points of a curve", head.value)
	}
	for range points {
		if _, err := p.row(head.name, first); err != nil {
			return err
		}
	}
	p.set.Curves++
	return nil
}
