package nuts

// phase is a position, its momentum and gradient.
type phase struct {
	q, p, gradient []float64
	logDensity     float64
}

func newPhase(dim int) phase {
	return phase{q: make([]float64, dim), p: make([]float64, dim), gradient: make([]float64, dim)}
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
