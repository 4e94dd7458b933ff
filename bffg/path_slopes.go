package bffg

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// followed is the field of the derivative of another with respect to the log of a
// parameter.
func followed(field, parameter string) string { return fmt.Sprintf("%s by %s", field, parameter) }

// slope are the controls on both sides of the reference's value of a parameter.
type slope struct{ below, above [][]control }

// slopeStep is how far on the log scale.
const slopeStep = 0.05

// slopes are those of the parameters that the controls follow.
func (r *reference) slopes() (map[string]slope, error) {
	all := map[string]slope{}
	for _, name := range r.edges.Follows {
		if x := r.parameters[name]; len(x) != 1 || !(x[0] > 0) {
			return nil, fmt.Errorf("controls can follow parameters that are one positive number; %s is %v", name, x)
		}
		var sides [2][][]control
		for i, by := range []float64{-slopeStep, slopeStep} {
			other, err := r.beside(name, math.Exp(by))
			if err != nil {
				return nil, err
			}
			if _, err := other.backward(); err != nil {
				return nil, err
			}
			sides[i] = other.controls
		}
		all[name] = slope{sides[0], sides[1]}
	}
	return all, nil
}

// controlSlope is the derivative of a step's controls by the log of a parameter. The
// noise c z becomes c (z exp(d growth) + d turn z) with turn lower triangular without a
// diagonal, to first order the factor of the new covariance.
type controlSlope struct {
	growth               []float64
	turn, feedback, mean *mat.Dense
}

// at is the slope of a step in the directions of its gains.
func (s slope) at(v, k int, directions *mat.Dense, gains []float64) controlSlope {
	below, above := s.below[v][k], s.above[v][k]
	n := len(gains)
	turned := func(a, b *mat.Dense) *mat.Dense {
		var difference, x mat.Dense
		difference.Sub(b, a)
		difference.Scale(1/(2*slopeStep), &difference)
		x.Mul(directions.T(), &difference)
		return &x
	}
	var precision mat.Dense
	precision.Mul(turned(below.gain, above.gain), directions)
	x := controlSlope{growth: make([]float64, n), turn: mat.NewDense(n, n, nil), feedback: turned(below.feedback, above.feedback)}
	x.mean = turned(below.atZero(), above.atZero())
	for i := range n {
		for j := range i + 1 {
			// Of the covariance (P + d E)^-1 the factor is c (I + d T) with T + T' = -c E c.
			e := -precision.At(i, j) / math.Sqrt((1+gains[i])*(1+gains[j]))
			if i == j {
				x.growth[i] = e / 2
			} else {
				x.turn.Set(i, j, e)
			}
		}
	}
	return x
}
