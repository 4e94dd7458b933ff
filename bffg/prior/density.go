package prior

import (
	"math"

	"github.com/hxgpu/hxgpu/tensor"
)

// Density is the distribution's density at a number on the natural scale, 0 outside
// its support. Of lkj it is that of one correlation in a matrix of n variables, which
// is a Beta(a,a) on (-1,1) with a = shape - 1 + n/2 (Lewandowski, Kurowicka & Joe
// 2009); n is read for lkj alone.
func (d Distribution) Density(x float64, n int) float64 {
	switch d.Support() {
	case Positive:
		if !(x > 0) {
			return 0
		}
	case Interval:
		if !(x > d.Parameters[0] && x < d.Parameters[1]) {
			return 0
		}
	case Correlation:
		if !(x > -1 && x < 1) {
			return 0
		}
		a := d.Parameters[0] - 1 + float64(n)/2
		one, _ := math.Lgamma(a)
		two, _ := math.Lgamma(2 * a)
		return math.Exp((a-1)*math.Log((1-x*x)/4) + two - 2*one - math.Ln2)
	}
	out, err := tensor.Evaluate([]tensor.Value{d.LogDensity(tensor.Constant(x))}, nil)
	if err != nil {
		return math.NaN() // a graph of constants has values
	}
	return math.Exp(out[0][0])
}
