package bffg

import (
	"fmt"
	"math"
	"strings"

	"github.com/hxgpu/hxgpu/tensor"
)

// Kernel is a correlation function of the distance between points, in units of
// the kernel's width.
type Kernel uint8

// The kernels. Laplace kernels are those of Sobolev norms, the Matern functions of
// half-integer order without their scaling of the distance: a polynomial of the
// kernel's order times exp(-r). LaplaceKernel4 is the kernel of hyperiax's
// notebook 07.
const (
	LaplaceKernel4 Kernel = iota // (1 + r + 45/105 r^2 + 10/105 r^3 + 1/105 r^4) exp(-r)
	LaplaceKernel0               // exp(-r)
	LaplaceKernel1               // (1 + r) exp(-r)
	LaplaceKernel2               // (1 + r + r^2/3) exp(-r)
	LaplaceKernel3               // (1 + r + 6/15 r^2 + 1/15 r^3) exp(-r)
	GaussianKernel               // exp(-r^2/2)
)

var kernelNames = []string{"laplace4", "laplace0", "laplace1", "laplace2", "laplace3", "gaussian"}

// String is the kernel's name on a command line.
func (k Kernel) String() string { return kernelNames[k] }

// ParseKernel reads a kernel's name.
func ParseKernel(name string) (Kernel, error) {
	for k, known := range kernelNames {
		if name == known {
			return Kernel(k), nil
		}
	}
	return 0, fmt.Errorf("there is no kernel %q; use %s", name, strings.Join(kernelNames, ", "))
}

var laplacePolynomials = [][]float64{{1, 1, 45. / 105, 10. / 105, 1. / 105}, {1}, {1, 1}, {1, 1, 1. / 3}, {1, 1, 6. / 15, 1. / 15}}

// softening keeps the distance of points that coincide differentiable; jitter
// keeps the kernel matrix of close points positive definite. Both are those of
// hyperiax's notebook 07.
const (
	softening = 1e-8
	jitter    = 1e-6
)

// at is the kernel at squared distances.
func (k Kernel) at(squared tensor.Value) tensor.Value {
	if k == GaussianKernel {
		return squared.Scale(-0.5).Exp()
	}
	r := squared.Shift(softening).Sqrt()
	c := laplacePolynomials[k]
	sum := tensor.Constant(c[len(c)-1])
	for i := len(c) - 2; i >= 0; i-- {
		sum = sum.Mul(r).Shift(c[i])
	}
	return sum.Mul(r.Neg().Exp())
}

// atZero is the kernel at distance 0.
func (k Kernel) atZero() float64 {
	if k == GaussianKernel {
		return 1
	}
	r, sum := math.Sqrt(softening), 0.0
	c := laplacePolynomials[k]
	for i := len(c) - 1; i >= 0; i-- {
		sum = sum*r + c[i]
	}
	return sum * math.Exp(-r)
}

// Factor is the lower Cholesky factor of the kernel matrix
// amplitude k(|x_i - x_j| / width) of points x (n,m), whose diagonal is raised by
// 1e-6 of the larger of it and 1.
func (k Kernel) Factor(x, amplitude, width tensor.Value) tensor.Value {
	n, m := x.Shape()[0], x.Shape()[1]
	// Only what is below the diagonal is computed, and only once.
	var rows, columns, places []int
	for i := range n {
		for j := range i {
			for c := range m {
				rows, columns = append(rows, i*m+c), append(columns, j*m+c)
			}
			places = append(places, i*n+j)
		}
	}
	diagonal := amplitude.Scalar().Scale(k.atZero())
	diagonal = diagonal.Add(diagonal.Max(tensor.Constant(1)).Scale(jitter))
	matrix := tensor.Identity(n).Mul(diagonal)
	if pairs := len(places); pairs > 0 {
		difference := x.Gather(rows, pairs*m).Sub(x.Gather(columns, pairs*m)).Div(width.Scalar()).Square()
		sums := make([]int, pairs*m)
		for i := range sums {
			sums[i] = i / m
		}
		below := k.at(difference.Scatter(sums, pairs)).Mul(amplitude.Scalar())
		matrix = matrix.Add(below.Scatter(places, n, n))
	}
	return matrix.Cholesky()
}

// The parameters of a landmark flow.
const (
	KernelAmplitude = "k_alpha" // chain (): variance of a landmark per unit of time
	KernelWidth     = "k_sigma" // chain (): distance over which landmarks move together
)

// Flow is the diffusion of landmarks in a stochastic flow (Kunita 1997; Sommer,
// Schauer & van der Meulen 2021, arXiv:2002.03885): nearby landmarks of a state
// (n,m) move together, by the kernel of their distance.
func (k Kernel) Flow(_, x tensor.Value, e Edge) tensor.Value {
	return k.Factor(x, e.Parameter(KernelAmplitude), e.Parameter(KernelWidth))
}

// landmarkAmplitude is the factor of [Kernel.Flow] that no state changes.
func landmarkAmplitude(e Edge) tensor.Value { return e.Parameter(KernelAmplitude).Sqrt() }
