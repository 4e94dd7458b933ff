package loo

import (
	"math"
	"slices"
)

// Stack gives the weights, which add up to 1, of the mixture of some models that predicts
// best: those that maximise the sum over the observations of log sum_k w_k p_k(y_i | y_-i)
// (Yao, Vehtari, Simpson & Gelman 2018, Bayesian Analysis 13(3)). The densities are
// logarithms, [model][observation]. It is a mixture's likelihood, whose maximum the EM
// algorithm finds: w_k becomes w_k times the mean of model k's density over the mixture's.
func Stack(elpd [][]float64) []float64 {
	k, n := len(elpd), len(elpd[0])
	p := make([][]float64, k) // over the largest of each observation
	for j := range p {
		p[j] = make([]float64, n)
	}
	for i := range n {
		largest := math.Inf(-1)
		for j := range elpd {
			largest = max(largest, elpd[j][i])
		}
		for j := range elpd {
			p[j][i] = math.Exp(elpd[j][i] - largest)
		}
	}
	w, ratio := make([]float64, k), make([]float64, k)
	for j := range w {
		w[j] = 1 / float64(k)
	}
	const most, gap = 100_000, 1e-7
	for range most {
		clear(ratio)
		for i := range n {
			mixture := 0.0
			for j := range w {
				mixture += w[j] * p[j][i]
			}
			for j := range w {
				ratio[j] += p[j][i] / mixture / float64(n)
			}
		}
		for j := range w {
			w[j] *= ratio[j]
		}
		// The mean log density lies at most log max ratio below its maximum.
		if slices.Max(ratio) < 1+gap {
			break
		}
	}
	return w
}
