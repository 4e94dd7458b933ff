// Package diagnosis says in words what is wrong with the draws of a sampler, and
// what to do about it.
//
// The limits are those of Vehtari, Gelman, Simpson, Carpenter & Buerkner (2021),
// "Rank-normalization, folding, and localization: an improved R-hat", Bayesian
// Analysis 16(2), and of Betancourt (2016), arXiv:1604.00695, for the energies.
package diagnosis
