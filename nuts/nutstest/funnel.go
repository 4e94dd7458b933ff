package nutstest

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/hxgpu/hxgpu/nuts"
)

// Funnel is v ~ N(0, sd^2) followed by dim-1 coordinates x ~ N(0, exp(v)) (Neal 2003,
// "Slice sampling", section 8, with sd = 3 and 9 of them). Where v is small the others
// are narrow: with a large sd no step size suits the whole of it, and a sampler that
// adapts one leaves out the narrow end.
func Funnel(dim int, sd float64) Known {
	low := -1.5 * sd
	k := Known{Name: fmt.Sprintf("funnel %d, sd %g", dim, sd)}
	k.Moments = []Moment{mean("v", 0, 0), variance("v", 0, 0, sd*sd),
		probability(fmt.Sprintf("v < %g", low), func(q []float64) bool { return q[0] < low }, distuv.UnitNormal.CDF(-1.5)),
		mean("x1", 1, 0),
		// The second moment of x1 itself has no useful standard error.
		probability("|x1| < exp(v/2)", func(q []float64) bool { return math.Abs(q[1]) < math.Exp(q[0]/2) }, 1-2*distuv.UnitNormal.CDF(-1))}
	k.Target = target{dim, func(q, gradient []float64) float64 {
		v, precision, squares := q[0], math.Exp(-q[0]), 0.0
		for i, x := range q[1:] {
			gradient[1+i] = -x * precision
			squares += x * x
		}
		n := float64(dim - 1)
		gradient[0] = -v/(sd*sd) - n/2 + squares*precision/2
		return -v*v/(2*sd*sd) - n*v/2 - squares*precision/2
	}}
	k.Draw = func(random *nuts.Stream, q []float64) {
		q[0] = sd * random.Normal()
		for i := range q[1:] {
			q[1+i] = math.Exp(q[0]/2) * random.Normal()
		}
	}
	return k
}
