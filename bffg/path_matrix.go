package bffg

import (
	"errors"
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/mat"
)

// identity is the n by n identity.
func identity(n int) *mat.Dense {
	a := mat.NewDense(n, n, nil)
	for i := range n {
		a.Set(i, i, 1)
	}
	return a
}

// symmetric is (a + a')/2.
func symmetric(a *mat.Dense) *mat.SymDense {
	n, _ := a.Dims()
	s := mat.NewSymDense(n, nil)
	for i := range n {
		for j := range i + 1 {
			s.SetSym(i, j, 0.5*(a.At(i, j)+a.At(j, i)))
		}
	}
	return s
}

// factorShifted is the lower Cholesky factor of the symmetric part of a + shift I, and
// the log of its determinant, half that of the matrix's.
func factorShifted(a *mat.Dense, shift float64) (lower *mat.TriDense, logDet float64, err error) {
	n, _ := a.Dims()
	s := symmetric(a)
	for i := range n {
		s.SetSym(i, i, s.At(i, i)+shift)
	}
	var c mat.Cholesky
	if !c.Factorize(s) {
		return nil, 0, errors.New("a precision is not positive definite")
	}
	lower = mat.NewTriDense(n, mat.Lower, nil)
	c.LTo(lower)
	for i := range n {
		logDet += math.Log(lower.At(i, i))
	}
	return lower, logDet, nil
}

// solveLower replaces b by L^-1 b.
func solveLower(l *mat.TriDense, b *mat.Dense) {
	blas64.Trsm(blas.Left, blas.NoTrans, 1, l.RawTriangular(), b.RawMatrix())
}

// solveLowerTransposed replaces b by L'^-1 b.
func solveLowerTransposed(l *mat.TriDense, b *mat.Dense) {
	blas64.Trsm(blas.Left, blas.Trans, 1, l.RawTriangular(), b.RawMatrix())
}

// squares is the sum of the squares of the elements.
func squares(a *mat.Dense) float64 {
	norm := mat.Norm(a, 2)
	return norm * norm
}
