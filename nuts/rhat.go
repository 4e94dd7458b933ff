package nuts

import "math"

// potentialScaleReduction is the R-hat of Gelman & Rubin (1992) of chains as they are.
func potentialScaleReduction(draws [][]float64) float64 {
	n := float64(len(draws[0]))
	var means []float64
	within := 0.0
	for _, x := range draws {
		means = append(means, meanOf(x))
		within += varianceOf(x) / float64(len(draws))
	}
	between := n * varianceOf(means)
	return math.Sqrt((between/within + n - 1) / n)
}

// RhatSplit is R-hat of split chains, draws [chain][draw]; NaN for a single
// chain or constant draws.
func RhatSplit(draws [][]float64) float64 {
	if !valid(draws) || len(draws) < 2 {
		return math.NaN()
	}
	return potentialScaleReduction(split(draws))
}

// Rhat is rank-normalised split R-hat, the larger of that of the draws and that
// of their distances from the median (Vehtari et al. 2021); NaN for a single
// chain or constant draws.
func Rhat(draws [][]float64) float64 {
	if !valid(draws) || len(draws) < 2 {
		return math.NaN()
	}
	return newPooled(draws).rhat()
}
