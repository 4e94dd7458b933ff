package nuts

import "math"

// largestAngle bounds the step of an integrator that rotates: a quarter turn
// exchanges noise and momentum, more would turn back.
const largestAngle = math.Pi / 2

// integrator takes leapfrog steps of the Hamiltonian dynamics. The coordinates of
// noise, if there are any, have unit mass; their prior and kinetic energy together
// are a harmonic oscillator, which a step solves by a rotation, so that only the
// gradient of the likelihood kicks them.
type integrator struct {
	inverseMass []float64
	noise       span
}

// halfKick moves the momenta by half a step.
func (n *integrator) halfKick(x *phase, stepSize float64) {
	for i := range x.p {
		x.p[i] += 0.5 * stepSize * x.gradient[i]
	}
	// The gradient includes the prior's -z, which the drift takes care of.
	for i := n.noise.first; i < n.noise.end; i++ {
		x.p[i] += 0.5 * stepSize * x.q[i]
	}
}

// drift moves the positions by a step.
func (n *integrator) drift(x *phase, stepSize float64) {
	for i := range x.q {
		if !n.noise.holds(i) {
			x.q[i] += stepSize * n.inverseMass[i] * x.p[i]
		}
	}
	if n.noise.size() == 0 {
		return
	}
	sin, cos := math.Sincos(stepSize)
	for i := n.noise.first; i < n.noise.end; i++ {
		q, p := x.q[i], x.p[i]
		x.q[i], x.p[i] = cos*q+sin*p, cos*p-sin*q
	}
}

// largest is the largest step size.
func (n *integrator) largest() float64 {
	if n.noise.size() > 0 {
		return largestAngle
	}
	return largestStep
}
