// Package loo estimates how well a model predicts observations that it has not seen, by
// leave-one-out cross-validation from the draws of one run: Pareto-smoothed importance
// sampling takes the place of a run for each observation.
//
// A draw theta of the posterior counts for the posterior without observation i as much as
// 1/p(y_i | y_-i, theta). Those ratios can have heavy tails: the largest are replaced by
// the order statistics of a generalized Pareto distribution fitted to them, whose shape k
// says whether the estimate is to be trusted (Vehtari, Simpson, Gelman, Yao & Gabry 2024,
// Journal of Machine Learning Research 25(72)). Observations that depend on each other
// given the parameters, as tips of a tree do, take the conditional density of each given
// all others (Buerkner, Gabry & Vehtari 2021, Computational Statistics 36).
package loo
