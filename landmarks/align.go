package landmarks

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Alignment is what [Align] found.
type Alignment struct {
	CentroidSizes []float64 // of each taxon, before the alignment
	Mean          []float64 // the mean shape, of centroid size 1 unless sizes are kept
	Rounds        int       // until the mean rested
	SumOfSquares  float64   // of the aligned shapes around their mean
}

// AlignOptions are the settings of [Align].
type AlignOptions struct {
	KeepSize bool // shapes keep their centroid sizes
}

const (
	alignTolerance  = 1e-14
	mostAlignRounds = 200
)

// Align superimposes shapes by generalised Procrustes analysis. No landmark may be
// missing, and no shape may be a single point.
func Align(s *Set, o AlignOptions) (*Set, *Alignment, error) {
	if len(s.Shapes) == 0 {
		return nil, nil, fmt.Errorf("%s: there are no shapes to align", s.File)
	}
	aligned := &Set{File: s.File, Taxa: s.Taxa, Points: s.Points, Dimensions: s.Dimensions}
	report := &Alignment{}
	for i, shape := range s.Shapes {
		for k, x := range shape {
			if math.IsNaN(x) {
				return nil, nil, fmt.Errorf("%s: landmark %d of taxon %q is missing: shapes with missing landmarks cannot be aligned; leave them out", s.File, k/s.Dimensions+1, s.Taxa[i])
			}
		}
		centred, size := centre(shape, s.Dimensions)
		if size == 0 {
			return nil, nil, fmt.Errorf("%s: all landmarks of taxon %q are one point", s.File, s.Taxa[i])
		}
		scale(centred, 1/size)
		report.CentroidSizes = append(report.CentroidSizes, size)
		aligned.Shapes = append(aligned.Shapes, centred)
	}
	mean := append([]float64(nil), aligned.Shapes[0]...)
	for report.Rounds = 1; report.Rounds <= mostAlignRounds; report.Rounds++ {
		next := make([]float64, len(mean))
		for _, shape := range aligned.Shapes {
			rotate(shape, mean, s.Dimensions)
			for k, x := range shape {
				next[k] += x
			}
		}
		_, size := centre(next, s.Dimensions)
		if size == 0 {
			return nil, nil, fmt.Errorf("%s: the shapes cancel out: they have no mean", s.File)
		}
		scale(next, 1/size)
		moved := 0.0
		for k := range next {
			moved += (next[k] - mean[k]) * (next[k] - mean[k])
		}
		mean = next
		if moved < alignTolerance*alignTolerance {
			break
		}
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

// centre moves a shape's centroid to the origin; the second result is its centroid
// size.
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

// rotate turns a shape so that it fits another one best.
func rotate(shape, to []float64, dimensions int) {
	n := len(shape) / dimensions
	var cross mat.Dense
	cross.Mul(mat.NewDense(n, dimensions, shape).T(), mat.NewDense(n, dimensions, to))
	var svd mat.SVD
	if !svd.Factorize(&cross, mat.SVDFull) {
		return
	}
	var u, v, rotation mat.Dense
	svd.UTo(&u)
	svd.VTo(&v)
	rotation.Mul(&u, v.T())
	if mat.Det(&rotation) < 0 { // a mirror image: turn the least direction round
		for d := range dimensions {
			u.Set(d, dimensions-1, -u.At(d, dimensions-1))
		}
		rotation.Mul(&u, v.T())
	}
	var turned mat.Dense
	turned.Mul(mat.NewDense(n, dimensions, append([]float64(nil), shape...)), &rotation)
	copy(shape, turned.RawMatrix().Data)
}
