// Package bffg is backward filtering forward guiding on trees (van der Meulen &
// Sommer 2025, JMLR 26(281), arXiv:2505.18239): a sweep from the leaves to the
// root gathers what the data say as Gaussian messages, a guided sweep back draws
// the states of all nodes, and an importance weight corrects what the Gaussian
// approximation missed.
//
// A [Discrete] model says how a node's state depends on its parent's. Its
// methods add the sweeps to a tree program; [Model] adds parameters with priors,
// and [NewTarget] binds it to a tree and data as something that package nuts can
// sample. Ready-made are [BrownianMotion], [Trend], [EarlyBurst], [PagelLambda],
// [WhiteNoise], [RateShifts], [OrnsteinUhlenbeck], [SeveralOptima], [MultivariateOU],
// [MultivariateOUSeveralOptima] and [Seed].
package bffg
