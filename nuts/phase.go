package nuts

// phase is a position, its momentum and gradient.
type phase struct {
	q, p, gradient []float64
	logDensity     float64
}

func newPhase(dim int) phase {
	all := make([]float64, 3*dim) // together, as they are used
	return phase{q: all[:dim:dim], p: all[dim : 2*dim : 2*dim], gradient: all[2*dim:]}
}

func (x *phase) copyFrom(y *phase) {
	copy(x.p, y.p)
	x.takePoint(y)
}

// takePoint copies all but the momentum.
func (x *phase) takePoint(y *phase) {
	copy(x.q, y.q)
	copy(x.gradient, y.gradient)
	x.logDensity = y.logDensity
}
