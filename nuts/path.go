package nuts

import "math"

// path is a Hamiltonian trajectory of a given number of steps, whose end is
// accepted or not (Duane, Kennedy, Pendleton & Roweth 1987).
type path struct {
	*dynamics
	x       phase
	steps   int
	watched []int     // coordinates to note on the way, if any
	passed  []float64 // their values at the start and after every step
	accepts []float64 // the acceptance that every step would have had as the last one
}

func newPath(d *dynamics) *path { return &path{dynamics: d, x: newPhase(len(d.state.q)), steps: 1} }

func (h *path) start(random *Stream) {
	h.launch(&h.x, random)
	h.passed, h.accepts = h.passed[:0], h.accepts[:0]
	h.note()
}

// note keeps the watched coordinates.
func (h *path) note() {
	for _, i := range h.watched {
		h.passed = append(h.passed, h.x.q[i])
	}
}

func (h *path) pending() *phase { return &h.x }

func (h *path) kick(stepSize float64) { h.firstHalf(&h.x, stepSize) }

func (h *path) absorb(stepSize float64, random *Stream) (ended bool) {
	energy, delta := h.arrive(&h.x, stepSize)
	if h.divergent {
		h.acceptSum = 0
		return true
	}
	probability := math.Min(1, math.Exp(delta))
	if h.watched != nil {
		h.note()
		h.accepts = append(h.accepts, probability)
	}
	if h.leapfrogs < h.steps {
		return false
	}
	h.acceptSum = probability * float64(h.leapfrogs) // accept() is that of the end
	if random.Uniform() < probability {
		h.state.takePoint(&h.x)
		h.energy = energy
	}
	return true
}
