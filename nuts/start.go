package nuts

import "math"

// initialTries is how many starting positions are tried.
const initialTries = 100

// startPosition is the position at which a chain starts, after some tries: noise
// drawn from its prior, everything else uniform.
func startPosition(o *Options, number, tries int, q []float64, noise span) {
	if o.Init != nil {
		copy(q, o.Init[number])
		return
	}
	random := NewStream(o.Seed, uint32(number), uint32(tries), purposeStart)
	normal := NewStream(o.Seed, uint32(number), uint32(tries), purposeStartNoise)
	for i := range q {
		u, z := random.Uniform(), 0.0
		if noise.size() > 0 {
			z = normal.Normal()
		}
		if q[i] = 4*u - 2; noise.holds(i) {
			q[i] = z
		}
	}
}

// finite reports whether the density and its gradient are numbers.
func (x *phase) finite() bool {
	fine := !math.IsNaN(x.logDensity) && !math.IsInf(x.logDensity, 0)
	for _, g := range x.gradient {
		fine = fine && !math.IsNaN(g) && !math.IsInf(g, 0)
	}
	return fine
}
