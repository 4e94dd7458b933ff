package bffg

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// The steps of the differences that give the curvature at a maximum are chosen so that
// the log density falls by about 1, and are at most this.
const (
	firstStep   = 0.1
	largestStep = 0.5
)

// curvature looks at a function near its minimum x: it gives the minimum of the
// quadratic that central differences make of it, at most a standard deviation away in
// each coordinate, and the standard deviations of the normal density that this is minus
// the log of. Where the differences are those of no minimum they are largestStep.
func curvature(minus func([]float64) float64, x []float64) (minimum, sds []float64) {
	n := len(x)
	at := func(moves ...float64) float64 { // coordinate, by, coordinate, by, ...
		y := append([]float64(nil), x...)
		for k := 0; k < len(moves); k += 2 {
			y[int(moves[k])] += moves[k+1]
		}
		return minus(y)
	}
	here, h, g, hessian := minus(x), make([]float64, n), make([]float64, n), mat.NewSymDense(n, nil)
	for i := range n {
		h[i] = firstStep
		for range 4 {
			up, down := at(float64(i), h[i]), at(float64(i), -h[i])
			second := (up + down - 2*here) / (h[i] * h[i])
			g[i] = (up - down) / (2 * h[i])
			hessian.SetSym(i, i, second)
			ideal := largestStep
			if second > 0 {
				ideal = min(1/math.Sqrt(second), largestStep)
			}
			if ideal < 2*h[i] && ideal > h[i]/2 {
				break
			}
			h[i] = max(ideal, h[i]/8) // infinities are left behind in the end
		}
	}
	for i := range n {
		for j := range i {
			a, b := float64(i), float64(j)
			mixed := at(a, h[i], b, h[j]) + at(a, -h[i], b, -h[j]) - at(a, h[i], b, -h[j]) - at(a, -h[i], b, h[j])
			hessian.SetSym(i, j, mixed/(4*h[i]*h[j]))
		}
	}
	minimum, sds = append([]float64(nil), x...), make([]float64, n)
	var factor mat.Cholesky
	var covariance mat.SymDense
	if !finite(hessian) || !factor.Factorize(hessian) || factor.InverseTo(&covariance) != nil {
		for i := range sds {
			sds[i] = largestStep
		}
		return minimum, sds
	}
	var move mat.VecDense
	move.MulVec(&covariance, mat.NewVecDense(n, g))
	for i := range n {
		sds[i] = math.Sqrt(covariance.At(i, i))
		minimum[i] -= min(max(move.AtVec(i), -sds[i]), sds[i])
	}
	return minimum, sds
}

// finite tells whether all elements are finite.
func finite(a *mat.SymDense) bool {
	for _, x := range a.RawSymmetric().Data {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return false
		}
	}
	return true
}
