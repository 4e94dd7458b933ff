package prior

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/stat/distuv"
)

// Draw draws a value on the natural scale; not for lkj.
func (d Distribution) Draw(source rand.Source) float64 {
	p := d.Parameters
	normal := func(mean, sd float64) float64 { return distuv.Normal{Mu: mean, Sigma: sd, Src: source}.Rand() }
	gamma := func(shape, rate float64) float64 {
		return distuv.Gamma{Alpha: shape, Beta: rate, Src: source}.Rand()
	}
	uniform := func(low, high float64) float64 {
		return distuv.Uniform{Min: low, Max: high, Src: source}.Rand()
	}
	switch d.Family {
	case "normal":
		return normal(p[0], p[1])
	case "lognormal":
		return math.Exp(normal(p[0], p[1]))
	case "half_normal":
		return math.Abs(normal(0, p[0]))
	case "exponential":
		return distuv.Exponential{Rate: p[0], Src: source}.Rand()
	case "gamma":
		return gamma(p[0], p[1])
	case "inverse_gamma":
		return 1 / gamma(p[0], p[1])
	case "uniform":
		return uniform(p[0], p[1])
	case "log_uniform":
		return math.Exp(uniform(math.Log(p[0]), math.Log(p[1])))
	}
	panic("prior: Draw is for distributions of one number")
}

// DrawCorrelation draws a correlation matrix of n traits from lkj, as the
// unconstrained values of [Distribution.CorrelationFactor]: the partial correlation
// of two traits given the first j others is 2 B - 1 with B ~ Beta(b, b),
// b = shape + (n-2-j)/2 (Lewandowski, Kurowicka & Joe 2009, section 2.4).
func (d Distribution) DrawCorrelation(n int, source rand.Source) []float64 {
	var u []float64
	for i := range n {
		for j := range i {
			b := d.Parameters[0] + float64(n-2-j)/2
			u = append(u, math.Atanh(2*distuv.Beta{Alpha: b, Beta: b, Src: source}.Rand()-1))
		}
	}
	return u
}
