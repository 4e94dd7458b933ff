package sde

import (
	"fmt"

	"github.com/hxgpu/hxgpu/autodiff"
	"github.com/hxgpu/hxgpu/tensor"
)

// SDE is a one-step method for stochastic differential equations.
type SDE int

// The methods of strong order 1/2 and 1; package sde has their formulas. Milstein
// needs [Diagonal] noise.
const (
	EulerMaruyama SDE = iota
	Milstein
)

// String is the method's name.
func (m SDE) String() string {
	switch m {
	case EulerMaruyama:
		return "Euler-Maruyama"
	case Milstein:
		return "Milstein"
	}
	return fmt.Sprintf("SDE(%d)", int(m))
}

// Diffusion is the coefficient of the noise, made by [Diagonal] or [General].
type Diffusion struct {
	coefficient Function
	diagonal    bool
}

// Diagonal is a diffusion of which every component of the state has its own noise:
// sigma has the shape of the state, and so has the noise. Element i of sigma may
// depend on the time and on element i of the state only; Milstein's scheme takes
// that for granted.
func Diagonal(sigma Function) Diffusion { return Diffusion{sigma, true} }

// General is a diffusion with a matrix sigma of shape (n,k). A state of shape (n) has
// noise of shape (k); one of shape (n,m), such as n points in m dimensions, has noise
// of shape (k,m).
func General(sigma Function) Diffusion { return Diffusion{sigma, false} }

// Step takes the state x from time t to t+h by standard normal z, whose shape the
// diffusion says. The drift has the shape of x; t and h are scalars, h >= 0. Mistakes
// of shape stop the trace ([tensor.Fail]).
func (m SDE) Step(drift Function, diffusion Diffusion, t, x, h, z tensor.Value) tensor.Value {
	const operation = "SDE step"
	needScalar(operation, "the time", t)
	needScalar(operation, "the length of the step", h)
	needValue(operation, "the state", x)
	needValue(operation, "the noise", z)
	b := drift(t, x)
	needShape(operation, "the drift", b, x.Shape())
	mean := x.Add(b.Mul(h))
	switch {
	case m != EulerMaruyama && m != Milstein:
		tensor.Fail(operation, "there is no method %v: use EulerMaruyama or Milstein", m)
	case diffusion.coefficient == nil:
		tensor.Fail(operation, "the diffusion is the zero Diffusion: make it by Diagonal or General")
	case m == Milstein && !diffusion.diagonal:
		tensor.Fail(operation, "Milstein's scheme needs diagonal noise: use Diagonal, or EulerMaruyama")
	case !diffusion.diagonal:
		return mean.Add(diffusion.general(operation, t, x, z).Mul(h.Sqrt()))
	}
	needShape(operation, "the noise", z, x.Shape())
	if m == EulerMaruyama {
		sigma := diffusion.coefficient(t, x)
		needShape(operation, "the diffusion", sigma, x.Shape())
		return mean.Add(sigma.Mul(z).Mul(h.Sqrt()))
	}
	sigma, derivative := diffusion.differentiated(operation, t, x)
	correction := sigma.Mul(derivative).Mul(z.Square().Shift(-1)).Mul(h.Scale(0.5))
	return mean.Add(sigma.Mul(z).Mul(h.Sqrt())).Add(correction)
}

// general is the product of sigma and the noise.
func (d Diffusion) general(operation string, t, x, z tensor.Value) tensor.Value {
	sigma := d.coefficient(t, x)
	needValue(operation, "the diffusion", sigma)
	state, columns := x.Shape(), len(sigma.Shape())
	if len(state) < 1 || len(state) > 2 || columns != 2 || sigma.Shape()[0] != state[0] {
		tensor.Fail(operation, "a diffusion of shape %v does not fit a state of shape %v: a matrix with a row for every row of the state is needed, or Diagonal", sigma.Shape(), state)
	}
	needShape(operation, "the noise", z, append(tensor.Shape{sigma.Shape()[1]}, state[1:]...))
	return sigma.MatMul(z)
}

// differentiated is sigma and the derivative of each element in its own element of
// the state. The derivative of the sum of all elements gives it, since the others do
// not depend on that element. It is taken in an input of its own: the state may be
// any value, and the time may depend on it.
func (d Diffusion) differentiated(operation string, t, x tensor.Value) (sigma, derivative tensor.Value) {
	own := tensor.Input("state", x.Shape()...)
	sigma = d.coefficient(t, own)
	needShape(operation, "the diffusion", sigma, x.Shape())
	derivative = autodiff.VJP([]tensor.Value{sigma}, []tensor.Value{tensor.Fill(1, x.Shape()...)}, []tensor.Value{own})[0]
	both := tensor.Substitute([]tensor.Value{sigma, derivative}, map[*tensor.Node]tensor.Value{own.Node(): x})
	return both[0], both[1]
}

// SolveSDE takes x0 from time t0 to t1 in steps of equal length, one for every row of
// the standard normal z, which has shape (steps, ...) with the noise of a step in its
// rows. The results are the state at t1, of the shape of x0, and the states at the
// steps' ends with x0 before them, of shape (steps+1, ...). t0 <= t1 are scalars.
// Mistakes of shape stop the trace ([tensor.Fail]).
func SolveSDE(method SDE, drift Function, diffusion Diffusion, x0, t0, t1, z tensor.Value) (final, path tensor.Value) {
	needValue("SolveSDE", "the initial state", x0)
	needValue("SolveSDE", "the noise", z)
	if len(z.Shape()) == 0 {
		tensor.Fail("SolveSDE", "the noise is a scalar; it needs a row for every step")
	}
	steps := z.Shape()[0]
	times := newGrid("SolveSDE", t0, t1, steps)
	ends, states := tensor.Loop(steps, []tensor.Value{x0}, []tensor.Value{z}, func(s tensor.Step) (next, stacked []tensor.Value) {
		x := method.Step(drift, diffusion, times.at(s.Index), s.Carried[0], times.length, s.Sliced[0])
		return []tensor.Value{x}, []tensor.Value{x}
	})
	return ends[0], withStart(x0, states[0])
}
