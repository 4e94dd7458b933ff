// Package prior holds the prior distributions of parameters: their log
// densities as traced functions, and the way they are written, for example
// lognormal(0,2).
package prior

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/hxgpu/hxgpu/tensor"
)

// Support is where a distribution lives; it decides the scale on which a
// parameter is sampled.
type Support uint8

// The supports.
const (
	Real        Support = iota // sampled as it is
	Positive                   // sampled on the log scale
	Interval                   // sampled on the logit scale of the interval
	Correlation                // Cholesky factor of a correlation matrix
)

// Distribution is a prior. The zero Distribution is not valid.
type Distribution struct {
	Family     string
	Parameters []float64
}

type family struct {
	parameters []string
	positive   []bool // which parameters must be positive
	support    Support
	logDensity func(x tensor.Value, p []float64) tensor.Value
}

var families = map[string]family{
	"normal": {[]string{"mean", "sd"}, []bool{false, true}, Real, func(x tensor.Value, p []float64) tensor.Value {
		return normal(x.Shift(-p[0]), p[1])
	}},
	"lognormal": {[]string{"mean of log", "sd of log"}, []bool{false, true}, Positive, func(x tensor.Value, p []float64) tensor.Value {
		return normal(x.Log().Shift(-p[0]), p[1]).Sub(x.Log())
	}},
	"half_normal": {[]string{"sd"}, []bool{true}, Positive, func(x tensor.Value, p []float64) tensor.Value {
		return normal(x, p[0]).Shift(math.Ln2)
	}},
	"exponential": {[]string{"rate"}, []bool{true}, Positive, func(x tensor.Value, p []float64) tensor.Value {
		return x.Scale(-p[0]).Shift(math.Log(p[0]))
	}},
	"gamma": {[]string{"shape", "rate"}, []bool{true, true}, Positive, func(x tensor.Value, p []float64) tensor.Value {
		g, _ := math.Lgamma(p[0])
		return x.Log().Scale(p[0] - 1).Sub(x.Scale(p[1])).Shift(p[0]*math.Log(p[1]) - g)
	}},
	"inverse_gamma": {[]string{"shape", "scale"}, []bool{true, true}, Positive, func(x tensor.Value, p []float64) tensor.Value {
		g, _ := math.Lgamma(p[0])
		return x.Log().Scale(-p[0] - 1).Sub(tensor.Constant(p[1]).Div(x)).Shift(p[0]*math.Log(p[1]) - g)
	}},
	"uniform": {[]string{"lower", "upper"}, []bool{false, false}, Interval, func(x tensor.Value, p []float64) tensor.Value {
		return x.Scale(0).Shift(-math.Log(p[1] - p[0]))
	}},
	"log_uniform": {[]string{"lower", "upper"}, []bool{true, true}, Interval, func(x tensor.Value, p []float64) tensor.Value {
		return x.Log().Neg().Shift(-math.Log(math.Log(p[1] / p[0])))
	}},
	"lkj": {[]string{"shape"}, []bool{true}, Correlation, nil},
}

func normal(residual tensor.Value, sd float64) tensor.Value {
	return residual.Scale(1 / sd).Square().Scale(-0.5).Shift(-math.Log(sd) - 0.5*math.Log(2*math.Pi))
}

// names of the families in the order that help and errors list them.
var names = []string{"normal(mean,sd)", "lognormal(mu,sd)", "half_normal(sd)", "exponential(rate)", "gamma(shape,rate)",
	"inverse_gamma(shape,scale)", "uniform(lower,upper)", "log_uniform(lower,upper)", "lkj(shape)"}

// Families lists how every distribution is written.
func Families() []string { return append([]string(nil), names...) }

// New makes a distribution and checks its parameters.
func New(name string, parameters ...float64) (Distribution, error) {
	f, ok := families[name]
	if !ok {
		return Distribution{}, fmt.Errorf("there is no distribution %q; use one of %s", name, strings.Join(names, ", "))
	}
	if len(parameters) != len(f.parameters) {
		return Distribution{}, fmt.Errorf("%s takes %d numbers (%s), has %d", name, len(f.parameters), strings.Join(f.parameters, ", "), len(parameters))
	}
	for i, x := range parameters {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return Distribution{}, fmt.Errorf("%s: %s is %v; it must be a finite number", name, f.parameters[i], x)
		}
		if f.positive[i] && x <= 0 {
			return Distribution{}, fmt.Errorf("%s: %s is %v; it must be positive", name, f.parameters[i], x)
		}
	}
	if f.support == Interval && parameters[0] >= parameters[1] {
		return Distribution{}, fmt.Errorf("%s: the lower bound %v is not below the upper bound %v", name, parameters[0], parameters[1])
	}
	return Distribution{name, append([]float64(nil), parameters...)}, nil
}

// LogNormal is exp of a normal with the given mean and sd; it panics where sd is
// not positive.
func LogNormal(mean, sd float64) Distribution { return must(New("lognormal", mean, sd)) }

// Normal is the normal distribution; it panics where sd is not positive.
func Normal(mean, sd float64) Distribution { return must(New("normal", mean, sd)) }

// InverseGamma is the inverse gamma distribution; it panics where a parameter is
// not positive.
func InverseGamma(shape, scale float64) Distribution { return must(New("inverse_gamma", shape, scale)) }

// Uniform is the uniform distribution between two bounds; it panics where the lower is
// not below the upper.
func Uniform(lower, upper float64) Distribution { return must(New("uniform", lower, upper)) }

// LKJ is the distribution over correlation matrices with density proportional to
// det^(shape-1) (Lewandowski, Kurowicka & Joe 2009); shape 1 is uniform. It
// panics where shape is not positive.
func LKJ(shape float64) Distribution { return must(New("lkj", shape)) }

func must(d Distribution, err error) Distribution {
	if err != nil {
		panic("prior: invalid parameters of a distribution")
	}
	return d
}

// Parse reads a distribution as it is written, for example inverse_gamma(2, 0.01).
func Parse(text string) (Distribution, error) {
	text = strings.TrimSpace(text)
	open := strings.IndexByte(text, '(')
	if open < 0 || !strings.HasSuffix(text, ")") {
		return Distribution{}, fmt.Errorf("%q is not a distribution; write one of %s", text, strings.Join(names, ", "))
	}
	var parameters []float64
	for _, field := range strings.Split(text[open+1:len(text)-1], ",") {
		x, err := strconv.ParseFloat(strings.TrimSpace(field), 64)
		if err != nil {
			return Distribution{}, fmt.Errorf("%q: %q is not a number", text, strings.TrimSpace(field))
		}
		parameters = append(parameters, x)
	}
	return New(strings.TrimSpace(text[:open]), parameters...)
}

// String writes the distribution as [Parse] reads it.
func (d Distribution) String() string {
	fields := make([]string, len(d.Parameters))
	for i, x := range d.Parameters {
		fields[i] = strconv.FormatFloat(x, 'g', -1, 64)
	}
	return d.Family + "(" + strings.Join(fields, ",") + ")"
}

// Support is where the distribution lives.
func (d Distribution) Support() Support { return families[d.Family].support }

// LogDensity is the elementwise log density, on the natural scale; not for lkj.
func (d Distribution) LogDensity(x tensor.Value) tensor.Value {
	return families[d.Family].logDensity(x, d.Parameters)
}

// Constrain maps an unconstrained value to the support and gives the log of the
// derivative of the map, elementwise; not for lkj.
func (d Distribution) Constrain(u tensor.Value) (x, logJacobian tensor.Value) {
	switch d.Support() {
	case Positive:
		return u.Exp(), u
	case Interval:
		low, width := d.Parameters[0], d.Parameters[1]-d.Parameters[0]
		// x = low + width * logistic(u), through tanh(u/2), which does not overflow.
		t := u.Scale(0.5).Tanh()
		logistic := t.Scale(0.5).Shift(0.5)
		soft := u.Abs().Neg().Exp().Log1p() // log(1+exp(-|u|))
		return logistic.Scale(width).Shift(low), u.Abs().Neg().Sub(soft.Scale(2)).Shift(math.Log(width))
	}
	return u, tensor.Zeros(u.Shape()...)
}

// Unconstrain is the inverse of [Distribution.Constrain] on a number.
func (d Distribution) Unconstrain(x float64) float64 {
	switch d.Support() {
	case Positive:
		return math.Log(x)
	case Interval:
		p := (x - d.Parameters[0]) / (d.Parameters[1] - d.Parameters[0])
		return math.Log(p) - math.Log1p(-p)
	}
	return x
}

// CorrelationFactor maps d(d-1)/2 unconstrained values to the Cholesky factor
// (d,d) of a correlation matrix through partial correlations tanh(u), and gives
// the log density of the LKJ distribution (up to its constant) plus the log
// Jacobian (Lewandowski, Kurowicka & Joe 2009; Stan reference manual, "Cholesky
// factors of correlation matrices").
func (d Distribution) CorrelationFactor(u tensor.Value, n int) (factor, logDensity tensor.Value) {
	z := u.Tanh()
	elements := make([]tensor.Value, n*n)
	logDensity = tensor.Constant(0)
	next := 0
	for i := range n {
		rest := tensor.Constant(1)
		for j := range n {
			switch {
			case j < i:
				partial := z.At(next)
				next++
				elements[i*n+j] = partial.Mul(rest.Sqrt())
				logDensity = logDensity.Add(rest.Log().Scale(0.5)).Add(tensor.Constant(1).Sub(partial.Square()).Log())
				rest = rest.Mul(tensor.Constant(1).Sub(partial.Square()))
			case j == i:
				elements[i*n+j] = rest.Sqrt()
				if i > 0 {
					power := float64(n-i-1) + 2*d.Parameters[0] - 2
					logDensity = logDensity.Add(rest.Log().Scale(0.5 * power))
				}
			default:
				elements[i*n+j] = tensor.Constant(0)
			}
		}
	}
	return tensor.Matrix(n, n, elements...), logDensity
}
