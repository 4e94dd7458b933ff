package nuts

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Metric says what the masses of the momenta are adapted to during the warm-up.
type Metric uint8

// The metrics.
const (
	// MetricVariance takes each coordinate's variance as its inverse mass, as Stan
	// does.
	MetricVariance Metric = iota
	// MetricDense takes the covariance matrix of the parameters, and the variances
	// of the noise of a [Whitened] target. It pays where parameters are strongly
	// correlated; its cost grows with the square of their number.
	MetricDense
	// MetricGradient takes sqrt(variance of the position / variance of the
	// gradient), the diagonal that brings position and gradient to one scale
	// (nuts-rs; Seyboldt, Carlson & Carpenter 2026, "Preconditioning Hamiltonian
	// Monte Carlo by minimizing Fisher divergence").
	MetricGradient
	// MetricUnit keeps all masses at 1.
	MetricUnit
)

var metricNames = [...]string{"variance", "dense", "gradient", "unit"}

// String is the metric's name on a command line.
func (m Metric) String() string {
	if int(m) < len(metricNames) {
		return metricNames[m]
	}
	return fmt.Sprintf("metric %d", uint8(m))
}

// ParseMetric reads a metric's name.
func ParseMetric(name string) (Metric, error) {
	for m, known := range metricNames {
		if name == known {
			return Metric(m), nil
		}
	}
	return MetricVariance, fmt.Errorf("nuts: there is no metric %q; use variance, dense, gradient or unit", name)
}

// largestDense is the most coordinates with a dense metric: their covariance
// matrix takes 32 MB a chain.
const largestDense = 2048

// metric is the kinetic energy p'M^-1 p/2. M^-1 is diagonal but for a block of
// coordinates that may have a covariance matrix of their own.
type metric struct {
	inverseMass []float64
	root        []float64 // its square roots, by refresh
	block       []int     // coordinates of the covariance matrix
	covariance  []float64 // of the block, row by row; nil while it is diagonal
	factor      mat.TriDense
	in, out     []float64 // scratch of the block
}

func newMetric(dim int, block []int) *metric {
	m := &metric{inverseMass: make([]float64, dim), root: make([]float64, dim), block: block, in: make([]float64, len(block)), out: make([]float64, len(block))}
	for i := range m.inverseMass {
		m.inverseMass[i], m.root[i] = 1, 1
	}
	return m
}

// startMetric is the metric before anything is adapted: unit masses, but for the
// coordinates that a [Centred] target knows about.
func (s *sampling) startMetric() *metric {
	m := newMetric(s.dim, s.block)
	for i, sd := range s.options.spread {
		m.inverseMass[i] = sd * sd
	}
	m.refresh()
	return m
}

// refresh brings up to date what follows from the inverse masses.
func (m *metric) refresh() {
	for i, v := range m.inverseMass {
		m.root[i] = math.Sqrt(v)
	}
}

// setCovariance gives the block a covariance matrix. One that is not positive
// definite leaves the block with its diagonal.
func (m *metric) setCovariance(covariance []float64) {
	m.covariance = nil
	k := len(m.block)
	if k == 0 || covariance == nil {
		return
	}
	var cholesky mat.Cholesky
	if !cholesky.Factorize(mat.NewSymDense(k, append([]float64(nil), covariance...))) {
		return
	}
	m.factor.Reset()
	cholesky.LTo(&m.factor)
	m.covariance = covariance
}

// velocity is v = M^-1 p.
func (m *metric) velocity(v, p []float64) {
	for i, x := range p {
		v[i] = x * m.inverseMass[i]
	}
	if m.covariance == nil {
		return
	}
	k := len(m.block)
	for a, i := range m.block {
		m.in[a] = p[i]
	}
	for a, i := range m.block {
		sum := 0.0
		for b, x := range m.covariance[a*k : a*k+k] {
			sum += x * m.in[b]
		}
		v[i] = sum
	}
}

// kinetic is p'M^-1 p/2.
func (m *metric) kinetic(p []float64) float64 {
	sum := 0.0
	for i, x := range p {
		sum += x * x * m.inverseMass[i]
	}
	return m.withBlock(sum, p)
}

// withBlock is the kinetic energy, of p'M^-1 p as it would be without a covariance
// matrix.
func (m *metric) withBlock(sum float64, p []float64) float64 {
	if m.covariance == nil {
		return sum / 2
	}
	k := len(m.block)
	for a, i := range m.block {
		m.in[a] = p[i]
		sum -= p[i] * p[i] * m.inverseMass[i]
	}
	for a, x := range m.in {
		for b, y := range m.in {
			sum += x * y * m.covariance[a*k+b]
		}
	}
	return sum / 2
}

// momentum draws p ~ N(0, M). Coordinate i takes the i-th normal number.
func (m *metric) momentum(p []float64, random *Stream) {
	random.Normals(p)
	root := m.root[:len(p)]
	for i := range p {
		p[i] /= root[i]
	}
	if m.covariance == nil {
		return
	}
	// With M^-1 = L L', p = L'^-1 n.
	for a, i := range m.block {
		m.in[a] = p[i] * m.root[i]
	}
	for a := len(m.block) - 1; a >= 0; a-- {
		sum := m.in[a]
		for b := a + 1; b < len(m.block); b++ {
			sum -= m.factor.At(b, a) * m.out[b]
		}
		m.out[a] = sum / m.factor.At(a, a)
	}
	for a, i := range m.block {
		p[i] = m.out[a]
	}
}
