package landmarks

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// rotate turns a centred shape, in place, so that it is nearest to another one. It
// reports false if the decomposition that three dimensions need fails.
func rotate(shape, to []float64, dimensions int) bool {
	if dimensions == 2 {
		rotatePlane(shape, to)
		return true
	}
	return rotateSpace(shape, to, dimensions)
}

// rotatePlane turns by the angle of sum_i conj(z_i) w_i, with the points as complex
// numbers.
func rotatePlane(shape, to []float64) {
	cos, sin := 0.0, 0.0
	for k := 0; k < len(shape); k += 2 {
		x, y, u, v := shape[k], shape[k+1], to[k], to[k+1]
		cos += x*u + y*v
		sin += x*v - y*u
	}
	length := math.Hypot(cos, sin)
	if length == 0 { // every angle is as good
		return
	}
	cos, sin = cos/length, sin/length
	for k := 0; k < len(shape); k += 2 {
		x, y := shape[k], shape[k+1]
		shape[k], shape[k+1] = cos*x-sin*y, sin*x+cos*y
	}
}

// rotateSpace is Kabsch's solution, in any number of dimensions.
func rotateSpace(shape, to []float64, dimensions int) bool {
	n := len(shape) / dimensions
	from := mat.DenseCopyOf(mat.NewDense(n, dimensions, shape))
	var cross mat.Dense
	cross.Mul(from.T(), mat.NewDense(n, dimensions, to))
	var svd mat.SVD
	if !svd.Factorize(&cross, mat.SVDFull) {
		return false
	}
	var u, v, rotation mat.Dense
	svd.UTo(&u)
	svd.VTo(&v)
	rotation.Mul(&u, v.T())
	if mat.Det(&rotation) < 0 { // a mirror image: the least direction is turned round
		for d := range dimensions {
			u.Set(d, dimensions-1, -u.At(d, dimensions-1))
		}
		rotation.Mul(&u, v.T())
	}
	mat.NewDense(n, dimensions, shape).Mul(from, &rotation)
	return true
}
