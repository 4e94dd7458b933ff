package landmarks

import (
	"math"
	"slices"
)

// Alignment is what [Align] found.
type Alignment struct {
	CentroidSizes []float64 // of each taxon, before the alignment, in the units of the data
	Mean          []float64 // the mean of the aligned shapes
	Rounds        int       // of turning all shapes to the mean
	Converged     bool      // the mean rested; if not, the rounds ran out
	SumOfSquares  float64   // of the aligned shapes around their mean
}

// AlignOptions are the settings of [Align].
type AlignOptions struct {
	KeepSize bool // shapes get their centroid sizes back once they are turned
}

const (
	alignTolerance  = 1e-14 // how far the mean, of size 1, may move in the last round
	mostAlignRounds = 1000
	// pointTolerance is the centroid size, relative to the coordinates, below which
	// rounding alone makes a shape of a point.
	pointTolerance = 1e-14
)

// Align superimposes shapes by generalised Procrustes analysis; the package's
// documentation says how. The result stands about as the first shape does. It is an
// error if a landmark is missing, or if all landmarks of a shape are one point.
func Align(s *Set, o AlignOptions) (*Set, *Alignment, error) {
	if err := s.check(); err != nil {
		return nil, nil, err
	}
	if err := s.checkComplete("shapes with missing landmarks cannot be aligned; leave them out"); err != nil {
		return nil, nil, err
	}
	aligned := &Set{File: s.File, Taxa: s.Taxa, Lines: s.Lines, Points: s.Points, Dimensions: s.Dimensions, Curves: s.Curves}
	report := &Alignment{}
	for i, shape := range s.Shapes {
		centred, size := centre(shape, s.Dimensions)
		switch {
		case math.IsInf(size, 1) || math.IsNaN(size):
			return nil, nil, s.fail(i, "the coordinates of taxon %q are too large: choose another unit", s.Taxa[i])
		case size <= pointTolerance*largest(shape):
			return nil, nil, s.fail(i, "all landmarks of taxon %q are one point", s.Taxa[i])
		}
		scale(centred, 1/size)
		report.CentroidSizes = append(report.CentroidSizes, size)
		aligned.Shapes = append(aligned.Shapes, centred)
	}
	mean := slices.Clone(aligned.Shapes[0])
	for report.Rounds < mostAlignRounds && !report.Converged {
		report.Rounds++
		for i, shape := range aligned.Shapes {
			if !rotate(shape, mean, s.Dimensions) {
				return nil, nil, s.fail(i, "the shape of taxon %q could not be turned: the singular value decomposition failed", s.Taxa[i])
			}
		}
		next := aligned.Mean()
		_, size := centre(next, s.Dimensions)
		if size <= pointTolerance {
			return nil, nil, s.fail(-1, "the shapes cancel out: they have no mean")
		}
		scale(next, 1/size)
		moved := 0.0
		for k := range next {
			moved = math.Hypot(moved, next[k]-mean[k])
		}
		mean, report.Converged = next, moved < alignTolerance
	}
	if o.KeepSize {
		for i, shape := range aligned.Shapes {
			scale(shape, report.CentroidSizes[i])
		}
	}
	report.Mean = aligned.Mean()
	for _, shape := range aligned.Shapes {
		for k, x := range shape {
			report.SumOfSquares += (x - report.Mean[k]) * (x - report.Mean[k])
		}
	}
	return aligned, report, nil
}

func scale(x []float64, factor float64) {
	for k := range x {
		x[k] *= factor
	}
}

func largest(x []float64) float64 {
	most := 0.0
	for _, value := range x {
		most = max(most, math.Abs(value))
	}
	return most
}

// centre returns the shape with its centroid at the origin, and its centroid size.
func centre(shape []float64, dimensions int) ([]float64, float64) {
	centroid := make([]float64, dimensions)
	n := float64(len(shape) / dimensions)
	for k, x := range shape {
		centroid[k%dimensions] += x / n
	}
	centred, size := make([]float64, len(shape)), 0.0
	for k, x := range shape {
		centred[k] = x - centroid[k%dimensions]
		size = math.Hypot(size, centred[k])
	}
	return centred, size
}
