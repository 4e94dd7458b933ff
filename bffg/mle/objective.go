package mle

import (
	"context"
	"math"
	"slices"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/bffg/prior"
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/nuts"
)

// coordinate is one unconstrained coordinate of the parameters.
type coordinate struct {
	element int // of the target
	support prior.Support
	low     float64 // bounds of the natural scale, where the support has them
	high    float64
	center  float64 // a typical position
	scale   float64 // of what counts as a step
}

// coordinates lists those of a model, in the order of positions.
func coordinates(m *bffg.Model) []coordinate {
	var all []coordinate
	element := 0
	for _, p := range m.Parameters {
		if p.Fixed != nil {
			continue
		}
		c := coordinate{support: p.Prior.Support(), low: math.Inf(-1), high: math.Inf(1), scale: 1}
		n := len(p.Labels)
		switch d := p.Prior.Parameters; c.support {
		case prior.Correlation:
			n = n * (n - 1) / 2
			c.low, c.high = -1, 1
		case prior.Positive:
			c.low = 0
			if p.Prior.Family == "lognormal" {
				c.center = d[0]
			}
		case prior.Interval:
			c.low, c.high = d[0], d[1]
		case prior.Real:
			if p.Prior.Family == "normal" { // default priors are some standard deviations of the data wide
				c.center, c.scale = d[0], d[1]/5
			}
		}
		for range n {
			c.element = element
			all = append(all, c)
			element++
		}
	}
	return all
}

// farthest is how far from its center, in its scale, a coordinate may go: exp(40) is as
// good as infinity.
const farthest = 40

// objective is minus the log likelihood in scaled coordinates, for a minimiser.
type objective struct {
	ctx         context.Context
	evaluator   nuts.Evaluator
	coordinates []coordinate
	held        []bool // coordinates that stay at their bounds
	q, gradient []float64
	value       [1]float64
	last        []float64 // the scaled position that q, gradient and value are of
	evaluations int
	err         error // of the device
}

func newObjective(ctx context.Context, dev device.Device, target *bffg.Target) (*objective, error) {
	e, err := target.Open(dev, 1)
	if err != nil {
		return nil, err
	}
	n := target.Dim()
	return &objective{ctx: ctx, evaluator: e, coordinates: coordinates(target.Model()), held: make([]bool, n), q: make([]float64, n), gradient: make([]float64, n)}, nil
}

// position is the unconstrained position of a scaled one.
func (o *objective) position(x, q []float64) {
	for i, c := range o.coordinates {
		q[i] = c.center + c.scale*x[i]
	}
}

// at evaluates; the value is +Inf where the likelihood is none, and beyond where
// coordinates may go.
func (o *objective) at(x []float64) {
	if o.last != nil && slices.Equal(x, o.last) {
		return
	}
	o.last = append(o.last[:0], x...)
	o.position(x, o.q)
	o.value[0] = math.NaN()
	inside := o.err == nil
	for i, c := range o.coordinates {
		inside = inside && math.Abs(x[i]) <= farthest*max(1, 1/c.scale)
	}
	if inside {
		o.evaluations++
		if o.err = o.evaluator.Gradient(o.ctx, o.q, o.value[:], o.gradient); o.err != nil {
			o.value[0] = math.NaN()
		}
	}
	o.value[0] = -o.value[0]
	for i, c := range o.coordinates {
		o.gradient[i] *= -c.scale
		if o.held[i] {
			o.gradient[i] = 0
		}
		if math.IsNaN(o.gradient[i]) || math.IsInf(o.gradient[i], 0) {
			o.value[0] = math.Inf(1)
		}
	}
	if math.IsNaN(o.value[0]) || math.IsInf(o.value[0], -1) {
		o.value[0] = math.Inf(1)
	}
	if math.IsInf(o.value[0], 1) {
		clear(o.gradient)
	}
}

// minus is the value at x.
func (o *objective) minus(x []float64) float64 {
	o.at(x)
	return o.value[0]
}

// slope fills in the gradient at x.
func (o *objective) slope(gradient, x []float64) {
	o.at(x)
	copy(gradient, o.gradient)
}

// free lists the coordinates that are not held.
func (o *objective) free() []int {
	var free []int
	for i, held := range o.held {
		if !held {
			free = append(free, i)
		}
	}
	return free
}
