package nutstest

import (
	"fmt"

	"gonum.org/v1/gonum/mat"

	"github.com/hxgpu/hxgpu/nuts"
)

// whitened is a target whose last coordinates are noise.
type whitened struct {
	target
	first int
}

func (w whitened) Noise() (first, count int) { return w.first, w.dim - w.first }

// Regression is the posterior of two parameters ~ N(0, 2^2) and of noise that is
// standard normal a priori, given observations ~ N(X q, 1): a normal distribution.
// Its target is [nuts.Whitened]; design and observations are always the same.
func Regression(noise, observations int) Known {
	const parameters, priorVariance = 2, 4.0
	dim := parameters + noise
	random := nuts.NewStream(19640214, 0, 0, nuts.ReservedPurposes)
	design, y := mat.NewDense(observations, dim, nil), mat.NewVecDense(observations, nil)
	for i := range observations {
		for j := range dim {
			scale := 1.0
			if j >= parameters {
				scale = 1 / float64(1+(j-parameters)%10) // some of the noise matters more
			}
			design.Set(i, j, scale*random.Normal())
		}
		y.SetVec(i, 3*random.Normal())
	}
	priorPrecision := func(j int) float64 {
		if j < parameters {
			return 1 / priorVariance
		}
		return 1
	}
	precision := mat.NewSymDense(dim, nil)
	precision.SymOuterK(1, design.T())
	for j := range dim {
		precision.SetSym(j, j, precision.At(j, j)+priorPrecision(j))
	}
	var center mat.VecDense
	center.MulVec(design.T(), y)
	var factor mat.Cholesky
	if !factor.Factorize(precision) {
		panic("nutstest: a precision is not positive definite")
	}
	if err := factor.SolveVecTo(&center, &center); err != nil {
		panic("nutstest: a precision is nearly singular")
	}
	moments, draw := gaussian(&center, precision, 0, parameters)
	return Known{Name: fmt.Sprintf("regression with %d noise", noise), Moments: moments, Draw: draw,
		Target: whitened{target{dim, func(q, gradient []float64) float64 {
			sum := 0.0
			for j, x := range q {
				gradient[j] = -priorPrecision(j) * x
				sum += x * gradient[j] / 2
			}
			for i := range observations {
				row, residual := design.RawRowView(i), y.AtVec(i)
				for j, x := range q {
					residual -= row[j] * x
				}
				sum -= residual * residual / 2
				for j := range q {
					gradient[j] += row[j] * residual
				}
			}
			return sum
		}}, parameters}}
}
