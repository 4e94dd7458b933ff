package mle

import (
	"context"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/bffg/prior"
	"github.com/hxgpu/hxgpu/device"
)

// Estimate is what is found of one parameter.
type Estimate struct {
	Value float64
	// Error is the standard error, Low and High the 95 % interval; NaN where there are
	// none.
	Error, Low, High float64
	AtBound          bool // of its range
	Unidentified     bool // the likelihood hardly changes in a direction that it takes part in
}

// Fit is a maximum of a likelihood.
type Fit struct {
	LogLikelihood float64
	Names         []string // of the parameters, as Target.Names has them
	Estimates     []Estimate
	Position      []float64 // unconstrained
	// Unidentified are the directions in which the likelihood does not fall: the
	// parameters that take part in each.
	Unidentified [][]string
	Slope        float64 // the largest derivative that is left, in units of the coordinates' scales
	Starts       int
	Agreeing     int // starts that ended within Agreement of the maximum
	Evaluations  int // of the likelihood and its gradient
}

// Parameters is the number of free parameters, those at their bounds included, as in
// AIC.
func (f *Fit) Parameters() int { return len(f.Position) }

// AIC is Akaike's information criterion, 2k - 2l.
func (f *Fit) AIC() float64 { return 2*float64(f.Parameters()) - 2*f.LogLikelihood }

// AICc is AIC corrected for n observations (Hurvich & Tsai 1989); infinite where n is no
// more than k + 1.
func (f *Fit) AICc(n int) float64 {
	k := float64(f.Parameters())
	if rest := float64(n) - k - 1; rest > 0 {
		return f.AIC() + 2*k*(k+1)/rest
	}
	return math.Inf(1)
}

// BIC is the Bayesian information criterion, k log n - 2l, of n observations.
func (f *Fit) BIC(n int) float64 {
	return float64(f.Parameters())*math.Log(float64(n)) - 2*f.LogLikelihood
}

// flat is the curvature, relative to the largest when every coordinate's is scaled to 1,
// below which a direction counts as not identified.
const flat = 1e-7

// describe fills in the estimates at the scaled position x of the maximum.
func (f *Fit) describe(ctx context.Context, dev device.Device, target *bffg.Target, o *objective, x []float64) error {
	dim := len(x)
	f.Position = make([]float64, dim)
	o.position(x, f.Position)
	natural, err := target.Natural(ctx, dev, [][]float64{f.Position})
	if err != nil {
		return err
	}
	f.Estimates = make([]Estimate, len(f.Names))
	for i := range f.Estimates {
		nan := math.NaN()
		f.Estimates[i] = Estimate{Value: natural[0][i], Error: nan, Low: nan, High: nan}
	}
	for i, c := range o.coordinates {
		if o.held[i] {
			e := &f.Estimates[c.element]
			e.AtBound = true
			if c.support != prior.Correlation {
				e.Value = c.low
				if x[i] > 0 {
					e.Value = c.high
				}
			}
		}
	}
	free := o.free()
	if len(free) == 0 {
		return nil
	}
	covariance := f.information(o, x, free)
	return f.errors(ctx, dev, target, o, free, covariance)
}

// information gives the covariance of the free coordinates, unscaled, and notes the
// directions that are not identified. Of those the covariance has nothing; what takes
// part in them is marked.
func (f *Fit) information(o *objective, x []float64, free []int) *mat.SymDense {
	n := len(free)
	h := o.hessian(x, free)
	root := make([]float64, n) // of every coordinate's own curvature
	for k := range n {
		root[k] = math.Sqrt(math.Max(h.At(k, k), 1e-300))
		if !(h.At(k, k) > 1e-9) {
			root[k] = 1
		}
	}
	scaled := mat.NewSymDense(n, nil)
	for k := range n {
		for l := range k + 1 {
			scaled.SetSym(k, l, h.At(k, l)/(root[k]*root[l]))
		}
	}
	covariance := mat.NewSymDense(n, nil)
	var eigen mat.EigenSym
	if !eigen.Factorize(scaled, true) {
		return covariance
	}
	values := eigen.Values(nil)
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)
	for e, lambda := range values {
		if lambda <= flat*values[n-1] {
			f.unidentified(o, free, mat.Col(nil, e, &vectors))
			continue
		}
		for k := range n {
			for l := range k + 1 {
				part := vectors.At(k, e) * vectors.At(l, e) / (lambda * root[k] * root[l])
				covariance.SetSym(k, l, covariance.At(k, l)+part*o.coordinates[free[k]].scale*o.coordinates[free[l]].scale)
			}
		}
	}
	return covariance
}

// unidentified notes a direction.
func (f *Fit) unidentified(o *objective, free []int, direction []float64) {
	var names []string
	for k, d := range direction {
		if math.Abs(d) < 0.1 {
			continue
		}
		element := o.coordinates[free[k]].element
		f.Estimates[element].Unidentified = true
		names = append(names, f.Names[element])
	}
	slices.Sort(names)
	f.Unidentified = append(f.Unidentified, slices.Compact(names))
}

// normal975 is the 97.5 % quantile of the standard normal distribution.
const normal975 = 1.959963984540054

// errors fills in standard errors by the delta method and intervals. The derivative of
// the natural parameters is taken by differences.
func (f *Fit) errors(ctx context.Context, dev device.Device, target *bffg.Target, o *objective, free []int, covariance *mat.SymDense) error {
	n := len(free)
	var points [][]float64
	steps := make([]float64, n)
	for k, i := range free {
		steps[k] = 1e-4 * o.coordinates[i].scale
		for _, side := range []float64{1, -1} {
			q := append([]float64(nil), f.Position...)
			q[i] += side * steps[k]
			points = append(points, q)
		}
	}
	natural, err := target.Natural(ctx, dev, points)
	if err != nil {
		return err
	}
	derivative := mat.NewDense(len(f.Names), n, nil)
	for k := range n {
		for j := range f.Names {
			derivative.Set(j, k, (natural[2*k][j]-natural[2*k+1][j])/(2*steps[k]))
		}
	}
	var left, all mat.Dense
	left.Mul(derivative, covariance)
	all.Mul(&left, derivative.T())
	of := map[int]int{} // free coordinates of elements
	for k, i := range free {
		of[o.coordinates[i].element] = k
	}
	for j := range f.Estimates {
		e := &f.Estimates[j]
		if variance := all.At(j, j); variance > 0 && !e.AtBound && !e.Unidentified {
			e.Error = math.Sqrt(variance)
			e.Low, e.High = f.interval(o, j, of, covariance)
		}
	}
	return nil
}

// interval is Wald's on the unconstrained scale, or for a correlation on that of Fisher's
// z, carried over.
func (f *Fit) interval(o *objective, element int, of map[int]int, covariance *mat.SymDense) (low, high float64) {
	e := f.Estimates[element]
	k, ok := of[element]
	c := o.coordinates[0]
	if ok {
		c = o.coordinates[o.free()[k]]
	}
	if !ok || c.support == prior.Correlation {
		z, width := math.Atanh(e.Value), normal975*e.Error/(1-e.Value*e.Value)
		return math.Tanh(z - width), math.Tanh(z + width)
	}
	q, width := f.Position[o.free()[k]], normal975*math.Sqrt(covariance.At(k, k))
	at := func(u float64) float64 {
		switch c.support {
		case prior.Positive:
			return math.Exp(u)
		case prior.Interval:
			return c.low + (c.high-c.low)/(1+math.Exp(-u))
		}
		return u
	}
	return at(q - width), at(q + width)
}
