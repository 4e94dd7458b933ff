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
// which a step solves by rotations. Chains of one metric and step size may share an
// integrator, as long as one goroutine moves them.
type integrator struct {
	*metric
	noise    span
	angled   float64   // the step size that the rotations below are for
	cos, sin []float64 // of each noise coordinate's angle
	v        []float64 // scratch
}

func newIntegrator(m *metric, noise span) *integrator {
	if noise.size() == 0 {
		noise = span{len(m.inverseMass), len(m.inverseMass)}
	}
	n := noise.size()
	return &integrator{metric: m, noise: noise, cos: make([]float64, n), sin: make([]float64, n), v: make([]float64, len(m.inverseMass))}
}

// firstHalf moves the momenta by half a step and the positions by a whole one, to a
// point whose gradient is to be computed. The gradient includes the prior's -z, which
// the rotation takes care of.
func (n *integrator) firstHalf(x *phase, stepSize float64) {
	first, end := n.noise.first, n.noise.end
	if n.covariance == nil {
		n.straight(x, stepSize, 0, first)
		n.straight(x, stepSize, end, len(x.q))
	} else {
		n.dense(x, stepSize)
	}
	if first == end {
		return
	}
	n.turnTo(stepSize)
	half := 0.5 * stepSize
	q := x.q[first:end]
	p, gradient, root := x.p[first:end][:len(q)], x.gradient[first:end][:len(q)], n.root[first:end][:len(q)]
	cos, sin := n.cos[:len(q)], n.sin[:len(q)]
	for i, z := range q {
		w := (p[i] + half*gradient[i] + half*z) * root[i]
		q[i] = cos[i]*z + sin[i]*w
		p[i] = (cos[i]*w - sin[i]*z) / root[i]
	}
}

// straight is the first half for coordinates that are not noise.
func (n *integrator) straight(x *phase, stepSize float64, from, to int) {
	half := 0.5 * stepSize
	q := x.q[from:to]
	p, gradient, inverseMass := x.p[from:to][:len(q)], x.gradient[from:to][:len(q)], n.inverseMass[from:to][:len(q)]
	for i := range q {
		kicked := p[i] + half*gradient[i]
		p[i] = kicked
		q[i] += stepSize * inverseMass[i] * kicked
	}
}

// dense is straight where there is a covariance matrix.
func (n *integrator) dense(x *phase, stepSize float64) {
	for i := range x.p {
		if !n.noise.holds(i) {
			x.p[i] += 0.5 * stepSize * x.gradient[i]
		}
	}
	n.velocity(n.v, x.p)
	for i, v := range n.v {
		if !n.noise.holds(i) {
			x.q[i] += stepSize * v
		}
	}
}

// secondHalf moves the momenta by the other half of a step, now that the gradient is
// known, and gives the kinetic energy.
func (n *integrator) secondHalf(x *phase, stepSize float64) float64 {
	half, sum := 0.5*stepSize, 0.0
	q := x.q
	p, gradient, inverseMass := x.p[:len(q)], x.gradient[:len(q)], n.inverseMass[:len(q)]
	first, end := n.noise.first, n.noise.end
	for i := range first {
		kicked := p[i] + half*gradient[i]
		p[i] = kicked
		sum += kicked * kicked * inverseMass[i]
	}
	for i := first; i < end; i++ {
		kicked := p[i] + half*gradient[i] + half*q[i]
		p[i] = kicked
		sum += kicked * kicked * inverseMass[i]
	}
	for i := end; i < len(q); i++ {
		kicked := p[i] + half*gradient[i]
		p[i] = kicked
		sum += kicked * kicked * inverseMass[i]
	}
	return n.withBlock(sum, p)
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
			n.sin[k], n.cos[k] = math.Sincos(stepSize * n.root[n.noise.first+k])
			continue
		}
		n.sin[k], n.cos[k] = n.sin[k-1], n.cos[k-1]
	}
}

// refresh forgets what was prepared for an earlier metric.
func (n *integrator) refresh() {
	n.angled = 0
	n.metric.refresh()
}

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
