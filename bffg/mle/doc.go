// Package mle finds maximum likelihood estimates of a model's parameters, with standard
// errors from the observed information.
//
// The log likelihood l(q) is that of [bffg.NewLikelihood] on the unconstrained scale: logs
// of positive parameters, logits of those in an interval, partial correlations by tanh.
// It is maximised by BFGS with gradients from several starting points, and the best end is
// polished by Newton's steps. With J = -l”(q) at the maximum, taken by central differences
// of the gradient, the estimates' covariance is inv(J) on the unconstrained scale and
// D inv(J) D' on the natural one, D being the derivative of the map between the two (the
// delta method); intervals are Wald's on the unconstrained scale, carried over.
//
// A likelihood may have its supremum at the edge of the parameters' range: a variance of
// 0, a lambda of 1, an attraction of 0. Such a parameter is moved to its bound and has no
// standard error. Directions along which the likelihood does not change, or rises, are
// reported as not identified.
package mle
