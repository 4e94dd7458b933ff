package nuts

import (
	"fmt"
	"math"
)

// Integrator says how a step of the Hamiltonian dynamics is made.
type Integrator uint8

// The integrators.
const (
	// AutoIntegrator is Rotation for HMC on a [Whitened] target that has noise,
	// otherwise Leapfrog.
	AutoIntegrator Integrator = iota
	// Leapfrog kicks with the gradient of the log density.
	Leapfrog
	// Rotation solves the standard-normal prior of a [Whitened] target's noise
	// exactly, by a rotation, and kicks with the gradient of the likelihood alone.
	// Its step size does not shrink with the number of noise coordinates that the
	// data say little of (Beskos, Pinski, Sanz-Serna & Stuart 2011, "Hybrid Monte
	// Carlo on Hilbert spaces"; Shahbaba, Lan, Johnson & Neal 2014, "Split
	// Hamiltonian Monte Carlo"). A coordinate of inverse mass v turns by the angle
	// sqrt(v) times the step.
	Rotation
)

var integratorNames = [...]string{"auto", "leapfrog", "rotation"}

// String is the integrator's name on a command line.
func (n Integrator) String() string {
	if int(n) < len(integratorNames) {
		return integratorNames[n]
	}
	return fmt.Sprintf("integrator %d", uint8(n))
}

// ParseIntegrator reads an integrator's name.
func ParseIntegrator(name string) (Integrator, error) {
	for n, known := range integratorNames {
		if name == known {
			return Integrator(n), nil
		}
	}
	return AutoIntegrator, fmt.Errorf("nuts: there is no integrator %q; use auto, leapfrog or rotation", name)
}

// largestAngle bounds the step of an integrator that rotates: a quarter turn
// exchanges noise and momentum, more would turn back.
const largestAngle = math.Pi / 2

// integrator takes steps of the Hamiltonian dynamics. The prior and the kinetic
// energy of the coordinates of noise, if there are any, are harmonic oscillators,
// which a step solves by rotations.
type integrator struct {
	metric
	noise    span
	angled   float64   // the step size that the rotations below are for
	cos, sin []float64 // of each noise coordinate's angle
	root     []float64 // square roots of its inverse mass
	v        []float64 // scratch
}

func newIntegrator(dim int, noise span, block []int) integrator {
	n := noise.size()
	return integrator{metric: newMetric(dim, block), noise: noise, cos: make([]float64, n), sin: make([]float64, n), root: make([]float64, n), v: make([]float64, dim)}
}

// halfKick moves the momenta by half a step.
func (n *integrator) halfKick(x *phase, stepSize float64) {
	p, gradient := x.p, x.gradient[:len(x.p)]
	for i := range p {
		p[i] += 0.5 * stepSize * gradient[i]
	}
	// The gradient includes the prior's -z, which the drift takes care of.
	for i := n.noise.first; i < n.noise.end; i++ {
		p[i] += 0.5 * stepSize * x.q[i]
	}
}

// drift moves the positions by a step.
func (n *integrator) drift(x *phase, stepSize float64) {
	if n.covariance != nil {
		n.velocity(n.v, x.p)
		n.straight(x, stepSize, n.v, false)
	} else {
		n.straight(x, stepSize, n.inverseMass, true)
	}
	if n.noise.size() == 0 {
		return
	}
	n.turnTo(stepSize)
	q, p := x.q[n.noise.first:n.noise.end], x.p[n.noise.first:n.noise.end]
	for k, root := range n.root[:len(q)] {
		z, w := q[k], p[k]*root
		q[k], p[k] = n.cos[k]*z+n.sin[k]*w, (n.cos[k]*w-n.sin[k]*z)/root
	}
}

// straight moves the coordinates that are not noise, by velocities or by inverse
// masses times momenta.
func (n *integrator) straight(x *phase, stepSize float64, v []float64, masses bool) {
	move := func(from, to int) {
		q, v, p := x.q[from:to], v[from:to], x.p[from:to]
		if masses {
			for i := range q {
				q[i] += stepSize * v[i] * p[i]
			}
			return
		}
		for i := range q {
			q[i] += stepSize * v[i]
		}
	}
	if n.noise.size() == 0 {
		move(0, len(x.q))
		return
	}
	move(0, n.noise.first)
	move(n.noise.end, len(x.q))
}

// turnTo prepares the rotations of a step size.
func (n *integrator) turnTo(stepSize float64) {
	if n.angled == stepSize {
		return
	}
	if n.angled == -stepSize {
		n.angled = stepSize
		for k := range n.sin {
			n.sin[k] = -n.sin[k]
		}
		return
	}
	n.angled = stepSize
	inverseMass := n.inverseMass[n.noise.first:n.noise.end]
	for k, v := range inverseMass {
		if k == 0 || v != inverseMass[k-1] {
			n.root[k] = math.Sqrt(v)
			n.sin[k], n.cos[k] = math.Sincos(stepSize * n.root[k])
			continue
		}
		n.root[k], n.sin[k], n.cos[k] = n.root[k-1], n.sin[k-1], n.cos[k-1]
	}
}

// refresh forgets what was prepared for an earlier metric.
func (n *integrator) refresh() { n.angled = 0 }

// largest is the largest step size.
func (n *integrator) largest() float64 {
	if n.noise.size() == 0 {
		return largestStep
	}
	most := 0.0
	for _, v := range n.inverseMass[n.noise.first:n.noise.end] {
		most = max(most, v)
	}
	return largestAngle / math.Sqrt(most)
}
