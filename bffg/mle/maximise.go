package mle

import (
	"context"
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/nuts"
)

// Options say how to search.
type Options struct {
	// Starts is how many starting points are tried; 0 counts as 8. The first is a
	// typical position, the others are drawn around it.
	Starts int
	Seed   uint64
}

// purposeStarts is the purpose of the random numbers of starting points.
const purposeStarts = nuts.ReservedPurposes + 8

// Agreement is how close, in log likelihood, another end is that counts as the same.
const Agreement = 1e-3

// Maximise finds the maximum of a target's density over its parameters. The target is
// one of [bffg.NewLikelihood] whose model samples no noise; the device should have
// 64-bit floats. It fails where no starting point has a finite likelihood, where the
// context ends, and where the device does.
func Maximise(ctx context.Context, dev device.Device, target *bffg.Target, options Options) (*Fit, error) {
	if target.Model().SampleNoise {
		return nil, fmt.Errorf("mle: model %q has noise besides its parameters, whose likelihood is no closed form", target.Model().Name)
	}
	o, err := newObjective(ctx, dev, target)
	if err != nil {
		return nil, err
	}
	defer o.evaluator.Close()
	if options.Starts <= 0 {
		options.Starts = 8
	}
	f := &Fit{Names: target.Names()}
	var best []float64
	var ends []float64
	lowest := math.Inf(1)
	for start := range options.Starts {
		x, value := o.search(o.start(start, options.Seed))
		if o.err != nil {
			return nil, o.failure()
		}
		if x == nil {
			continue
		}
		ends = append(ends, value)
		if value < lowest {
			best, lowest = x, value
		}
	}
	if best == nil {
		return nil, errors.New("mle: the likelihood is not finite at any starting point: see whether values or edge lengths are extreme")
	}
	best = o.toBounds(best)
	best = o.polish(best)
	if o.err != nil {
		return nil, o.failure()
	}
	lowest = o.minus(best)
	f.LogLikelihood, f.Starts = -lowest, options.Starts
	for _, end := range ends {
		if end <= lowest+Agreement {
			f.Agreeing++
		}
	}
	for _, g := range o.gradient {
		f.Slope = max(f.Slope, math.Abs(g))
	}
	err = f.describe(ctx, dev, target, o, best)
	if o.err != nil {
		return nil, o.failure()
	}
	f.Evaluations = o.evaluations
	return f, err
}

func (o *objective) failure() error {
	if o.ctx.Err() != nil {
		return o.ctx.Err()
	}
	return fmt.Errorf("mle: evaluating the likelihood: %w", o.err)
}

// start is a starting point: the typical position, or one around it.
func (o *objective) start(number int, seed uint64) []float64 {
	x := make([]float64, len(o.coordinates))
	if number == 0 {
		return x
	}
	random := nuts.NewStream(seed, uint32(number), 0, purposeStarts)
	for i := range x {
		x[i] = 1.5 * random.Normal()
	}
	return x
}

// search goes downhill from a point; nil if that has no finite value.
func (o *objective) search(x []float64) ([]float64, float64) {
	if math.IsInf(o.minus(x), 1) {
		return nil, 0
	}
	problem := optimize.Problem{Func: o.minus, Grad: o.slope, Status: func() (optimize.Status, error) {
		if o.err != nil {
			return optimize.Failure, o.err
		}
		return optimize.NotTerminated, nil
	}}
	settings := &optimize.Settings{GradientThreshold: 1e-9, MajorIterations: 1000, Converger: &optimize.FunctionConverge{Absolute: 1e-11, Relative: 1e-14, Iterations: 20}}
	for range 4 { // a line search that fails is begun anew with a steepest descent
		before := o.minus(x)
		result, err := optimize.Minimize(problem, x, settings, &optimize.BFGS{Linesearcher: &optimize.Bisection{CurvatureFactor: 0.9}})
		if o.err != nil {
			return nil, 0
		}
		if result != nil && result.F <= before {
			x = append([]float64(nil), result.X...)
		}
		if err == nil || o.minus(x) > before-1e-9 {
			break
		}
	}
	return x, o.minus(x)
}

// polish takes Newton's steps while they lower the value or its slope.
func (o *objective) polish(x []float64) []float64 {
	free := o.free()
	if len(free) == 0 {
		return x
	}
	for range 6 {
		value, slope := o.minus(x), o.largest()
		if slope < 1e-10*(1+math.Abs(value)) {
			return x
		}
		gradient := mat.NewVecDense(len(free), nil)
		for k, i := range free {
			gradient.SetVec(k, o.gradient[i])
		}
		var factor mat.Cholesky
		if !factor.Factorize(o.hessian(x, free)) {
			return x
		}
		var step mat.VecDense
		if factor.SolveVecTo(&step, gradient) != nil {
			return x
		}
		next := append([]float64(nil), x...)
		for k, i := range free {
			next[i] -= step.AtVec(k)
		}
		if o.minus(next) > value+1e-9 || o.largest() >= slope {
			return x
		}
		x = next
	}
	return x
}

// largest is the largest element of the gradient evaluated last.
func (o *objective) largest() float64 {
	most := 0.0
	for _, g := range o.gradient {
		most = max(most, math.Abs(g))
	}
	return most
}

// hessian is the matrix of second derivatives over some coordinates, by central
// differences of the gradient with one step of extrapolation (Richardson).
func (o *objective) hessian(x []float64, free []int) *mat.SymDense {
	n := len(free)
	rows := mat.NewDense(n, n, nil)
	at := append([]float64(nil), x...)
	difference := func(i int, h float64) []float64 {
		d := make([]float64, n)
		for _, side := range []float64{1, -1} {
			at[i] = x[i] + side*h
			o.at(at)
			for k, j := range free {
				d[k] += side * o.gradient[j] / (2 * h)
			}
		}
		at[i] = x[i]
		return d
	}
	for k, i := range free {
		const h = 1e-3
		wide, narrow := difference(i, h), difference(i, h/2)
		for l := range n {
			rows.Set(k, l, (4*narrow[l]-wide[l])/3)
		}
	}
	symmetric := mat.NewSymDense(n, nil)
	for k := range n {
		for l := range k + 1 {
			symmetric.SetSym(k, l, (rows.At(k, l)+rows.At(l, k))/2)
		}
	}
	return symmetric
}
