package nutstest

import "github.com/hxgpu/hxgpu/nuts"

// Known is a density with known expectations.
type Known struct {
	Name    string
	Target  nuts.Target
	Moments []Moment
	// Draw writes an independent draw into q, which has a place for every coordinate.
	Draw func(random *nuts.Stream, q []float64)
}

// Moment is the expectation of a function of the position.
type Moment struct {
	Name string
	Of   func(q []float64) float64
	Mean float64 // E Of(q)
}

// mean is the expectation of a coordinate.
func mean(name string, i int, value float64) Moment {
	return Moment{"mean of " + name, func(q []float64) float64 { return q[i] }, value}
}

// covariance is that of two coordinates with given means.
func covariance(name string, i, j int, meanI, meanJ, value float64) Moment {
	return Moment{"covariance of " + name, func(q []float64) float64 { return (q[i] - meanI) * (q[j] - meanJ) }, value}
}

// variance is that of a coordinate with a given mean.
func variance(name string, i int, mean, value float64) Moment {
	return Moment{"variance of " + name, func(q []float64) float64 { return (q[i] - mean) * (q[i] - mean) }, value}
}

// probability is that of an event.
func probability(name string, event func(q []float64) bool, value float64) Moment {
	return Moment{"P(" + name + ")", func(q []float64) float64 {
		if event(q) {
			return 1
		}
		return 0
	}, value}
}
