package nuts

import "math"

// moments are means and sums of squared deviations of every coordinate, while
// values come in (Welford 1962).
type moments struct {
	Mean, Sums []float64
}

func newMoments(dim int) moments { return moments{make([]float64, dim), make([]float64, dim)} }

// add takes the count-th value.
func (v *moments) add(x []float64, count float64) {
	for i, x := range x {
		delta := x - v.Mean[i]
		v.Mean[i] += delta / count
		v.Sums[i] += delta * (x - v.Mean[i])
	}
}

// merge takes the moments of m more values to those of n (Chan, Golub & LeVeque
// 1979).
func (v *moments) merge(w *moments, n, m float64) {
	for i := range v.Mean {
		delta := w.Mean[i] - v.Mean[i]
		v.Mean[i] += delta * m / (n + m)
		v.Sums[i] += w.Sums[i] + delta*delta*n*m/(n+m)
	}
}

func (v *moments) clear() {
	clear(v.Mean)
	clear(v.Sums)
}

// denseDraws is how many draws a coordinate of a dense metric needs. With fewer the
// matrix is nearly singular: chains then hardly move along its short axes, and so do
// not learn that these are longer; the metric stays diagonal.
const denseDraws = 3

// estimate gathers from a window of the warm-up what the metric is made of.
type estimate struct {
	Count    int
	Position moments
	Gradient moments   // for MetricGradient
	Products []float64 // sums of products of deviations within the block, for MetricDense
	kind     Metric
	unit     span // coordinates whose masses stay 1
	block    []int
	before   []float64 // scratch
}

func newEstimate(kind Metric, dim int, block []int) *estimate {
	e := &estimate{kind: kind, Position: newMoments(dim)}
	switch kind {
	case MetricGradient:
		e.Gradient = newMoments(dim)
	case MetricDense:
		e.block, e.Products, e.before = block, make([]float64, len(block)*len(block)), make([]float64, len(block))
	}
	return e
}

func (e *estimate) add(x *phase) {
	e.Count++
	n := float64(e.Count)
	for a, i := range e.block {
		e.before[a] = x.q[i] - e.Position.Mean[i]
	}
	e.Position.add(x.q, n)
	for a, i := range e.block {
		after := x.q[i] - e.Position.Mean[i]
		row := e.Products[a*len(e.block) : (a+1)*len(e.block)]
		for b := range row {
			row[b] += after * e.before[b]
		}
	}
	if e.kind == MetricGradient {
		e.Gradient.add(x.gradient, n)
	}
}

// merge takes in what another chain has gathered, and empties it.
func (e *estimate) merge(other *estimate) {
	n, m := float64(e.Count), float64(other.Count)
	if other.Count == 0 {
		return
	}
	k := len(e.block)
	for a, i := range e.block {
		for b, j := range e.block {
			delta := (other.Position.Mean[i] - e.Position.Mean[i]) * (other.Position.Mean[j] - e.Position.Mean[j])
			e.Products[a*k+b] += other.Products[a*k+b] + delta*n*m/(n+m)
		}
	}
	e.Position.merge(&other.Position, n, m)
	if e.kind == MetricGradient {
		e.Gradient.merge(&other.Gradient, n, m)
	}
	e.Count += other.Count
	other.clear()
}

func (e *estimate) clear() {
	e.Count = 0
	e.Position.clear()
	e.Gradient.clear()
	clear(e.Products)
}

// The bounds of an inverse mass made of gradients.
const (
	leastInverseMass = 1e-20
	mostInverseMass  = 1e20
)

// into sets the metric, variances shrunk towards 1e-3 as Stan does, and starts
// anew.
func (e *estimate) into(m *metric) {
	n := float64(e.Count)
	shrink := func(sum float64) float64 { return n / (n + 5) * (sum / max(n-1, 1)) }
	floor := 1e-3 * 5 / (n + 5)
	for i := range m.inverseMass {
		switch {
		case e.kind == MetricUnit || e.unit.holds(i):
		case e.kind == MetricGradient:
			if ratio := math.Sqrt(e.Position.Sums[i] / e.Gradient.Sums[i]); ratio > 0 { // false for NaN
				m.inverseMass[i] = min(max(ratio, leastInverseMass), mostInverseMass)
			}
		default:
			m.inverseMass[i] = shrink(e.Position.Sums[i]) + floor
		}
	}
	if e.kind == MetricDense {
		k := len(e.block)
		var covariance []float64
		if e.Count >= denseDraws*k {
			covariance = make([]float64, k*k)
			for a := range k {
				for b := range k {
					covariance[a*k+b] = shrink((e.Products[a*k+b] + e.Products[b*k+a]) / 2)
				}
				covariance[a*k+a] += floor
			}
		}
		m.setCovariance(covariance)
	}
	e.clear()
}
