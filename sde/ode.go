package sde

import (
	"fmt"

	"github.com/hxgpu/hxgpu/tensor"
)

// Function is a coefficient of a differential equation: traced values of the time,
// a scalar, and the state.
type Function func(t, y tensor.Value) tensor.Value

// ODE is a one-step method for ordinary differential equations.
type ODE int

// The methods of order 1, 2, 2 and 4; package sde has their formulas.
const (
	Euler ODE = iota
	Heun
	Midpoint
	RK4
)

var odeNames = [...]string{"Euler", "Heun", "Midpoint", "RK4"}

// String is the method's name.
func (m ODE) String() string {
	if m < 0 || int(m) >= len(odeNames) {
		return fmt.Sprintf("ODE(%d)", int(m))
	}
	return odeNames[m]
}

// Step takes the state y from time t to t+h. The rate has the shape of y, t and h are
// scalars; h may be negative. Mistakes of shape stop the trace ([tensor.Fail]).
func (m ODE) Step(rate Function, t, y, h tensor.Value) tensor.Value {
	const operation = "ODE step"
	needScalar(operation, "the time", t)
	needScalar(operation, "the length of the step", h)
	needValue(operation, "the state", y)
	f := func(t, y tensor.Value) tensor.Value {
		k := rate(t, y)
		needShape(operation, "the rate", k, y.Shape())
		return k
	}
	half := h.Scale(0.5)
	switch m {
	case Euler:
		return y.Add(f(t, y).Mul(h))
	case Heun:
		k1 := f(t, y)
		k2 := f(t.Add(h), y.Add(k1.Mul(h)))
		return y.Add(k1.Add(k2).Mul(half))
	case Midpoint:
		k := f(t, y)
		return y.Add(f(t.Add(half), y.Add(k.Mul(half))).Mul(h))
	case RK4:
		middle, end := t.Add(half), t.Add(h)
		k1 := f(t, y)
		k2 := f(middle, y.Add(k1.Mul(half)))
		k3 := f(middle, y.Add(k2.Mul(half)))
		k4 := f(end, y.Add(k3.Mul(h)))
		return y.Add(k1.Add(k2.Add(k3).Scale(2)).Add(k4).Mul(h.Scale(1. / 6)))
	}
	tensor.Fail(operation, "there is no method %v: use Euler, Heun, Midpoint or RK4", m)
	return tensor.Value{}
}

// SolveODE takes y0 from time t0 to t1 in steps of equal length. The results are the
// state at t1, of the shape of y0, and the states at the steps' ends with y0 before
// them, of shape (steps+1, ...). t0 and t1 are scalars; t1 < t0 goes back in time.
// Mistakes of shape stop the trace ([tensor.Fail]).
func SolveODE(method ODE, rate Function, y0, t0, t1 tensor.Value, steps int) (final, path tensor.Value) {
	times := newGrid("SolveODE", t0, t1, steps)
	needValue("SolveODE", "the initial state", y0)
	ends, states := tensor.Loop(steps, []tensor.Value{y0}, nil, func(s tensor.Step) (next, stacked []tensor.Value) {
		y := method.Step(rate, times.at(s.Index), s.Carried[0], times.length)
		return []tensor.Value{y}, []tensor.Value{y}
	})
	return ends[0], withStart(y0, states[0])
}

// grid is the beginnings of steps of equal length.
type grid struct{ start, length tensor.Value }

func newGrid(operation string, t0, t1 tensor.Value, steps int) grid {
	needScalar(operation, "the first time", t0)
	needScalar(operation, "the last time", t1)
	if steps < 1 {
		tensor.Fail(operation, "%d steps; there must be at least 1", steps)
	}
	return grid{t0, t1.Sub(t0).Scale(1 / float64(steps))}
}

// at is the time at which a step begins.
func (g grid) at(step tensor.Value) tensor.Value { return g.start.Add(g.length.Mul(step)) }

// withStart puts the initial state before the states of the steps.
func withStart(start, states tensor.Value) tensor.Value {
	shape := append(tensor.Shape(nil), states.Shape()...)
	shape[0]++
	return tensor.Concat(start, states).Reshape(shape...)
}

func needValue(operation, what string, v tensor.Value) {
	if v.Node() == nil {
		tensor.Fail(operation, "%s is the zero Value", what)
	}
}

func needShape(operation, what string, v tensor.Value, shape tensor.Shape) {
	needValue(operation, what, v)
	if !v.Shape().Equal(shape) {
		tensor.Fail(operation, "%s has shape %v; it must have shape %v", what, v.Shape(), shape)
	}
}

func needScalar(operation, what string, v tensor.Value) {
	needShape(operation, what, v, tensor.Shape{})
}
