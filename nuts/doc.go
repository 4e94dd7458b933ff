// Package nuts samples a density whose gradient a device computes: the
// No-U-Turn sampler with multinomial trajectories, Hamiltonian Monte Carlo with paths
// of learnt length, random walks, adaptation of step size and mass matrix,
// checkpoints, and the diagnostics that say whether to believe the result.
//
// The sampler moves a position q with a momentum p along the Hamiltonian
// H(q,p) = -log density(q) + p'M^-1 p/2 by leapfrog steps. NUTS doubles the
// trajectory until it turns back on itself, and draws the next position from it with
// probability proportional to exp(-H) (Hoffman & Gelman 2014, JMLR 15; Betancourt
// 2017, arXiv:1701.02434); HMC takes a number of steps and accepts the end with
// probability min(1, exp(H before - H after)).
//
// All chains of a group share one [Evaluator], which computes their gradients
// together; each chain is a state machine that takes from every such tick what
// it needs next, so that no chain waits for a longer trajectory of another. Every
// random number is keyed by (seed, chain, draw): results do not depend on how
// chains are grouped.
package nuts
