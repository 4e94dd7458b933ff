package nutstest

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/hxgpu/hxgpu/nuts"
)

// StudentT is a product of Student's t distributions of more than 4 degrees of
// freedom, so that the second moment and its standard error exist.
func StudentT(dim, freedom int) Known {
	if freedom <= 4 {
		panic("nutstest: a t distribution needs more than 4 degrees of freedom here")
	}
	const far = 3.0
	n := float64(freedom)
	last := dim - 1
	outside := 2 * distuv.StudentsT{Sigma: 1, Nu: n}.CDF(-far)
	k := Known{Name: fmt.Sprintf("t %d, %d degrees of freedom", dim, freedom)}
	k.Moments = []Moment{mean("x1", 0, 0), variance("x1", 0, 0, n/(n-2)),
		probability(fmt.Sprintf("|x1| > %g", far), func(q []float64) bool { return math.Abs(q[0]) > far }, outside),
		probability(fmt.Sprintf("|x%d| > %g", dim, far), func(q []float64) bool { return math.Abs(q[last]) > far }, outside)}
	k.Target = target{dim, func(q, gradient []float64) float64 {
		sum := 0.0
		for i, x := range q {
			sum -= (n + 1) / 2 * math.Log1p(x*x/n)
			gradient[i] = -(n + 1) * x / (n + x*x)
		}
		return sum
	}}
	k.Draw = func(random *nuts.Stream, q []float64) {
		for i := range q {
			squares := 0.0
			for range freedom {
				z := random.Normal()
				squares += z * z
			}
			q[i] = random.Normal() / math.Sqrt(squares/n)
		}
	}
	return k
}
