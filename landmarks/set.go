package landmarks

import (
	"fmt"
	"math"
	"strings"

	"github.com/hxgpu/hxgpu/tree"
)

// fewestPoints is the least number of landmarks that make a shape.
const fewestPoints = 3

// Set is the shapes of several taxa.
type Set struct {
	File       string // for messages
	Taxa       []string
	Lines      []int       // of the file, where each taxon's shape begins; may be empty
	Points     int         // n, at least 3
	Dimensions int         // m, 2 or 3
	Shapes     [][]float64 // of each taxon: x1, y1, [z1,] x2, ...; NaN where missing
	Curves     int         // curves and outlines of a TPS file; they are not read
}

// Coordinates are the names of a shape's components: x1, y1, x2, ...
func (s *Set) Coordinates() []string {
	var names []string
	for p := range s.Points {
		for d := range s.Dimensions {
			names = append(names, columnName(column{p, d}, false))
		}
	}
	return names
}

// Mean is the mean of every coordinate over the taxa that have it; NaN where none
// does.
func (s *Set) Mean() []float64 {
	mean := make([]float64, s.Points*s.Dimensions)
	for k := range mean {
		sum, n := 0.0, 0
		for _, shape := range s.Shapes {
			if x := shape[k]; !math.IsNaN(x) {
				sum += x
				n++
			}
		}
		mean[k] = sum / float64(n)
	}
	return mean
}

// check finds sets whose parts do not go together, which only a caller can make,
// and coordinates that are infinite.
func (s *Set) check() error {
	switch {
	case s.Dimensions != 2 && s.Dimensions != 3:
		return s.fail(-1, "shapes have 2 or 3 dimensions, not %d", s.Dimensions)
	case s.Points < fewestPoints:
		return s.fail(-1, "there are %d landmarks; a shape needs at least %d", s.Points, fewestPoints)
	case len(s.Shapes) == 0:
		return s.fail(-1, "there are no shapes")
	case len(s.Taxa) != len(s.Shapes):
		return s.fail(-1, "there are %d taxa and %d shapes", len(s.Taxa), len(s.Shapes))
	}
	seen := map[string]bool{}
	for i, shape := range s.Shapes {
		taxon := s.Taxa[i]
		switch {
		case taxon == "" || strings.TrimSpace(taxon) != taxon:
			return s.fail(i, "the taxon %q has no name, or spaces around it", taxon)
		case seen[taxon]:
			return s.fail(i, "the taxon %q has two shapes: keep one, such as their mean", taxon)
		case len(shape) != s.Points*s.Dimensions:
			return s.fail(i, "the shape of taxon %q has %d coordinates; %d landmarks in %d dimensions have %d", taxon, len(shape), s.Points, s.Dimensions, s.Points*s.Dimensions)
		}
		seen[taxon] = true
		for k, x := range shape {
			if math.IsInf(x, 0) {
				return s.fail(i, "landmark %d of taxon %q is infinite", k/s.Dimensions+1, taxon)
			}
		}
	}
	return nil
}

// checkComplete finds landmarks that are missing; the purpose ends the message.
func (s *Set) checkComplete(purpose string) error {
	for i, shape := range s.Shapes {
		for k, x := range shape {
			if math.IsNaN(x) {
				return s.fail(i, "landmark %d of taxon %q is missing: %s", k/s.Dimensions+1, s.Taxa[i], purpose)
			}
		}
	}
	return nil
}

// fail makes an error about the shape of a taxon, or of the whole set if that is
// negative, and says where in the file it is if that is known.
func (s *Set) fail(taxon int, format string, values ...any) error {
	message := fmt.Sprintf(format, values...)
	switch {
	case s.File == "":
		return fmt.Errorf("landmarks: %s", message)
	case taxon < 0 || taxon >= len(s.Lines):
		return fmt.Errorf("%s: %s", s.File, message)
	}
	return &tree.SyntaxError{File: s.File, Line: s.Lines[taxon], Message: message}
}
