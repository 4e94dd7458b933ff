package nuts

import "math"

// divergenceThreshold is the error of the energy beyond which a trajectory is
// given up as divergent.
const divergenceThreshold = 1000

// move is one transition of a chain, a step of the integrator at a time: start,
// then a kick, a gradient at the point that it left pending, and absorb, until
// absorb says that the transition has ended.
type move interface {
	// start begins a transition at the chain's state with a new momentum.
	start(random *Stream)
	// pending is the point where the gradient is needed.
	pending() *phase
	// kick moves on, to a point without its gradient.
	kick(stepSize float64)
	// absorb takes the gradient there.
	absorb(stepSize float64, random *Stream) (ended bool)
}

// dynamics are the state of a chain and what the moves have in common.
type dynamics struct {
	*integrator
	state phase // the current draw; its momentum is not used
	tally
}

// tally is what a transition was.
type tally struct {
	energy0   float64 // Hamiltonian at its start
	energy    float64 // and of the draw
	acceptSum float64
	leapfrogs int
	depth     int
	divergent bool
}

func newDynamics(by *integrator) *dynamics {
	return &dynamics{integrator: by, state: newPhase(len(by.inverseMass))}
}

// launch puts a particle at the state, with a new momentum.
func (d *dynamics) launch(x *phase, random *Stream) {
	d.momentum(x.p, random)
	random.align()
	x.takePoint(&d.state)
	d.tally = tally{energy0: d.kinetic(x.p) - x.logDensity}
	d.energy = d.energy0
}

// arrive ends a step whose gradient is known and counts its acceptance. It gives
// the energy and what that is below the initial one.
func (d *dynamics) arrive(x *phase, stepSize float64) (energy, delta float64) {
	energy = d.secondHalf(x, stepSize) - x.logDensity
	d.leapfrogs++
	delta = d.energy0 - energy
	if !(delta >= -divergenceThreshold) || math.IsInf(delta, 1) { // NaN included
		d.divergent = true
	}
	return energy, delta
}

// accept is the mean acceptance probability of the transition's steps.
func (d *dynamics) accept() float64 { return d.acceptSum / float64(max(d.leapfrogs, 1)) }
