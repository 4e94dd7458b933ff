package nuts

import "math"

// NestedRhat is R-hat for many short chains, draws [chain][draw], whose starting
// points are shared: chains come in superchains, one after the other, each of which
// starts at one point. It compares the means of superchains with what chains of one
// superchain scatter, so that chains of few draws, even one, can be judged; with
// superchains of one chain it is the R-hat of the chains as they are. NaN for fewer
// than two superchains. (Margossian, Hoffman, Sountsov, Riou-Durand, Vehtari & Gelman
// 2024, "Nested R-hat: assessing the convergence of Markov chain Monte Carlo when
// running many short chains", Bayesian Analysis, equation 8.)
func NestedRhat(draws [][]float64, superchains int) float64 {
	if superchains < 2 || len(draws)%superchains != 0 || len(draws[0]) == 0 {
		return math.NaN()
	}
	each := len(draws) / superchains
	var centres []float64
	within := 0.0
	for k := range superchains {
		var means []float64
		for _, x := range draws[k*each : (k+1)*each] {
			means = append(means, meanOf(x))
			if len(x) > 1 {
				within += varianceOf(x) / float64(len(draws))
			}
		}
		centres = append(centres, meanOf(means))
		if each > 1 {
			within += varianceOf(means) / float64(superchains)
		}
	}
	return math.Sqrt(1 + varianceOf(centres)/within)
}
