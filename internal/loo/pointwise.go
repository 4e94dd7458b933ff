package loo

import "math"

// Point is what leave-one-out says of one observation.
type Point struct {
	ELPD float64 // log p(y_i | y_-i), the density that the other observations give it
	LPD  float64 // the same under the posterior that has seen it
	// Shape is the Pareto k of the importance ratios: below [Good] the ELPD is reliable.
	Shape float64
	// LogWeights of the draws, which make the posterior one that has not seen the
	// observation, and add up to 1.
	LogWeights []float64
}

// Leave computes a point from the log densities of an observation given the others and
// each draw's parameters, and the number of independent draws for each draw.
func Leave(logDensities []float64, efficiency float64) Point {
	ratios := make([]float64, len(logDensities))
	for i, l := range logDensities {
		ratios[i] = -l
	}
	p := Point{LPD: LogMean(logDensities)}
	p.LogWeights, p.Shape = Smooth(ratios, efficiency)
	for i, l := range logDensities {
		ratios[i] = p.LogWeights[i] + l
	}
	p.ELPD = logSumExp(ratios)
	return p
}

// Good is the largest Pareto k at which so many draws give a reliable estimate:
// min(1 - 1/log10 draws, 0.7).
func Good(draws int) float64 { return min(1-1/math.Log10(float64(draws)), 0.7) }

// Sum is the sum of some figures with its standard error, sqrt(n var), as if they were
// independent.
func Sum(x []float64) (sum, standardError float64) {
	n := float64(len(x))
	for _, v := range x {
		sum += v
	}
	variance := 0.0
	for _, v := range x {
		variance += (v - sum/n) * (v - sum/n)
	}
	return sum, math.Sqrt(variance) // n times the variance, which divides by n
}

// LogMean is the logarithm of the mean of numbers whose logarithms are given.
func LogMean(logs []float64) float64 { return logSumExp(logs) - math.Log(float64(len(logs))) }
