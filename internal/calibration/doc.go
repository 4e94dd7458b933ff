// Package calibration is simulation-based calibration (Talts, Betancourt, Simpson,
// Vehtari & Gelman 2018, arXiv:1804.06788). Parameters are drawn from their prior, data
// simulated with them, and the model fitted to the data: then the true parameters and
// the draws of the posterior come from one distribution, so that the rank of the truth
// among L independent draws is uniform on 0, ..., L. Whatever is wrong with a density,
// a Jacobian, a sampler or a simulation makes ranks uneven. The same holds for
// quantities that depend on the data too, such as a state or the log likelihood; they
// see what parameters alone do not, for example a posterior that ignores its data
// (Modrák, Moon, Kim, Bürkner, Huurre, Faltejsková, Gelman & Vehtari 2023, "Simulation-
// based calibration checking for Bayesian computation: the choice of test quantities
// shapes sensitivity").
//
// A [Study] says what is ranked and how data are simulated and fitted; its [Result]
// holds the ranks, tests them and draws them.
package calibration
