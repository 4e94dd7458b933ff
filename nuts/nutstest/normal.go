package nutstest

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/hxgpu/hxgpu/nuts"
)

// ends are the means and variances of the first and the last coordinate of a normal
// distribution, and the covariance of the first two.
func ends(dim int, center, square, product float64) []Moment {
	moments := []Moment{mean("x1", 0, center), variance("x1", 0, center, square)}
	if dim > 1 {
		last := fmt.Sprintf("x%d", dim)
		moments = append(moments, mean(last, dim-1, center), variance(last, dim-1, center, square), covariance("x1, x2", 0, 1, center, center, product))
	}
	return moments
}

// Normal is the standard normal distribution.
func Normal(dim int) Known {
	k := Known{Name: fmt.Sprintf("normal %d", dim), Moments: ends(dim, 0, 1, 0)}
	k.Target = target{dim, func(q, gradient []float64) float64 {
		sum := 0.0
		for i, x := range q {
			gradient[i] = -x
			sum -= x * x / 2
		}
		return sum
	}}
	k.Draw = func(random *nuts.Stream, q []float64) {
		for i := range q {
			q[i] = random.Normal()
		}
	}
	return k
}

// Autoregressive is a stationary autoregressive sequence: normal with mean 2, unit
// variances and correlation rho^|i-j|. Its precision is tridiagonal.
func Autoregressive(dim int, rho float64) Known {
	const center = 2.0
	innovation := 1 - rho*rho // the variance of a coordinate given the one before
	k := Known{Name: fmt.Sprintf("autoregressive %d, rho %g", dim, rho), Moments: ends(dim, center, 1, rho)}
	k.Target = target{dim, func(q, gradient []float64) float64 {
		before := q[0] - center
		sum := -before * before / 2
		gradient[0] = -before
		for i := 1; i < len(q); i++ {
			residual := q[i] - center - rho*before
			sum -= residual * residual / (2 * innovation)
			gradient[i] = -residual / innovation
			gradient[i-1] += rho * residual / innovation
			before = q[i] - center
		}
		return sum
	}}
	k.Draw = func(random *nuts.Stream, q []float64) {
		q[0] = center + random.Normal()
		for i := 1; i < len(q); i++ {
			q[i] = center + rho*(q[i-1]-center) + math.Sqrt(innovation)*random.Normal()
		}
	}
	return k
}

// Wishart is a normal distribution with mean 0 and a dense precision, a Wishart
// matrix G G'/n with n columns of G for every dimension; fewer make the scales of its
// axes more unequal: with 2 they differ by a factor of 6 or so, with 1 without bound.
// The matrix is always the same.
func Wishart(dim, columns int) Known {
	random := nuts.NewStream(20140408, 0, 0, nuts.ReservedPurposes)
	g := mat.NewDense(dim, columns*dim, nil)
	for i := range dim {
		for j := range columns * dim {
			g.Set(i, j, random.Normal())
		}
	}
	precision := mat.NewSymDense(dim, nil)
	precision.SymOuterK(1/float64(columns*dim), g)
	moments, draw := gaussian(mat.NewVecDense(dim, nil), precision, 0, dim-1)
	full := mat.DenseCopyOf(precision)
	return Known{Name: fmt.Sprintf("Wishart %d", dim), Moments: moments, Draw: draw, Target: target{dim, func(q, gradient []float64) float64 {
		sum := 0.0
		for i, x := range q {
			g := 0.0
			for j, p := range full.RawRowView(i) {
				g -= p * q[j]
			}
			gradient[i] = g
			sum += x * g / 2
		}
		return sum
	}}}
}

// gaussian are the means and covariances of two coordinates of a normal distribution,
// and its independent draws.
func gaussian(center *mat.VecDense, precision *mat.SymDense, i, j int) ([]Moment, func(*nuts.Stream, []float64)) {
	var factor, rootFactor mat.Cholesky
	if !factor.Factorize(precision) {
		panic("nutstest: a precision is not positive definite")
	}
	var inverse mat.SymDense
	if err := factor.InverseTo(&inverse); err != nil || !rootFactor.Factorize(&inverse) {
		panic("nutstest: a precision is nearly singular")
	}
	var root mat.TriDense
	rootFactor.LTo(&root)
	nameI, nameJ, meanI, meanJ := fmt.Sprintf("x%d", i+1), fmt.Sprintf("x%d", j+1), center.AtVec(i), center.AtVec(j)
	moments := []Moment{mean(nameI, i, meanI), variance(nameI, i, meanI, inverse.At(i, i)), mean(nameJ, j, meanJ), variance(nameJ, j, meanJ, inverse.At(j, j)),
		covariance(nameI+", "+nameJ, i, j, meanI, meanJ, inverse.At(i, j))}
	return moments, func(random *nuts.Stream, q []float64) {
		z, x := mat.NewVecDense(len(q), nil), mat.NewVecDense(len(q), q)
		for i := range q {
			z.SetVec(i, random.Normal())
		}
		x.MulVec(&root, z)
		x.AddVec(x, center)
	}
}
