package nuts

import (
	"math"
	"slices"
)

// MCSEMean is the Monte Carlo standard error of the mean, draws [chain][draw].
func MCSEMean(draws [][]float64) float64 {
	if !valid(draws) {
		return math.NaN()
	}
	return math.Sqrt(varianceOf(pool(draws)) / ESSMean(draws))
}

// MCSESD is the Monte Carlo standard error of the standard deviation, by the
// delta method on the mean of squared deviations.
func MCSESD(draws [][]float64) float64 {
	if !valid(draws) {
		return math.NaN()
	}
	mean := meanOf(pool(draws))
	squared := make([][]float64, len(draws))
	second, fourth := 0.0, 0.0
	for c, x := range draws {
		squared[c] = make([]float64, len(x))
		for i, v := range x {
			d := (v - mean) * (v - mean)
			squared[c][i] = d
			second += d
			fourth += d * d
		}
	}
	n := float64(len(draws) * len(draws[0]))
	second, fourth = second/n, fourth/n
	return math.Sqrt((fourth - second*second) / ESSMean(squared) / second / 4)
}

// HDI is the shortest interval with the given share of the draws.
func HDI(draws [][]float64, share float64) (low, high float64) {
	if !valid(draws) {
		return math.NaN(), math.NaN()
	}
	sorted := pool(draws)
	slices.Sort(sorted)
	width := int(math.Floor(share * float64(len(sorted))))
	best := 0
	for i := range len(sorted) - width {
		if sorted[i+width]-sorted[i] < sorted[best+width]-sorted[best] {
			best = i
		}
	}
	return sorted[best], sorted[best+width]
}

// EBFMI is the energy Bayesian fraction of missing information of one chain
// (Betancourt 2016, arXiv:1604.00695): below 0.3 the momenta explore the energies
// too slowly.
func EBFMI(energies []float64) float64 {
	if len(energies) < 4 {
		return math.NaN()
	}
	sum := 0.0
	for i := 1; i < len(energies); i++ {
		d := energies[i] - energies[i-1]
		sum += d * d
	}
	return sum / float64(len(energies)-1) / varianceOf(energies)
}

// Statistics describe the draws of one quantity.
type Statistics struct {
	Mean, SD         float64
	MCSEMean, MCSESD float64
	Q2_5, Median     float64
	Q97_5            float64
	Rhat             float64 // rank-normalised split R-hat
	ESSBulk, ESSTail float64
}

// Describe summarises draws [chain][draw].
func Describe(draws [][]float64) Statistics {
	nan := math.NaN()
	s := Statistics{nan, nan, nan, nan, nan, nan, nan, nan, nan, nan}
	var sorted []float64
	if valid(draws) {
		p := newPooled(draws)
		sorted = p.values
		s.Rhat, s.ESSBulk, s.ESSTail = p.rhat(), p.essBulk(), p.essTail()
		s.MCSEMean, s.MCSESD = MCSEMean(draws), MCSESD(draws)
	} else {
		sorted = pool(draws)
		slices.Sort(sorted)
	}
	if len(sorted) > 0 {
		s.Mean, s.SD = meanOf(sorted), math.Sqrt(varianceOf(sorted))
		s.Q2_5, s.Median, s.Q97_5 = sortedQuantile(sorted, 0.025), sortedQuantile(sorted, 0.5), sortedQuantile(sorted, 0.975)
	}
	return s
}
