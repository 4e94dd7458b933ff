package nutstest

import (
	"fmt"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/hxgpu/hxgpu/nuts"
)

// Banana is x1 ~ N(0, sd^2) and x2 | x1 ~ N(b (x1^2 - sd^2), 1), a normal distribution
// bent along a parabola (Haario, Saksman & Tamminen 1999, "Adaptive proposal
// distribution for random walk Metropolis algorithm", section 4).
func Banana(sd, b float64) Known {
	square := sd * sd
	k := Known{Name: fmt.Sprintf("banana, sd %g, b %g", sd, b)}
	residual := func(q []float64) float64 { return q[1] - b*(q[0]*q[0]-square) }
	far := 1.5 * sd
	// The second moment of x2 has a standard error that is hard to estimate; the
	// residual says as much.
	k.Moments = []Moment{mean("x1", 0, 0), variance("x1", 0, 0, square), mean("x2", 1, 0),
		{"mean of the residual^2", func(q []float64) float64 { return residual(q) * residual(q) }, 1},
		{"mean of x1 times the residual", func(q []float64) float64 { return q[0] * residual(q) }, 0},
		probability(fmt.Sprintf("x1 > %g", far), func(q []float64) bool { return q[0] > far }, distuv.UnitNormal.CDF(-1.5))}
	k.Target = target{2, func(q, gradient []float64) float64 {
		r := residual(q)
		gradient[0] = -q[0]/square + 2*b*q[0]*r
		gradient[1] = -r
		return -q[0]*q[0]/(2*square) - r*r/2
	}}
	k.Draw = func(random *nuts.Stream, q []float64) {
		q[0] = sd * random.Normal()
		q[1] = b*(q[0]*q[0]-square) + random.Normal()
	}
	return k
}
