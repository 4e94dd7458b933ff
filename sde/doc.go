// Package sde solves ordinary and stochastic differential equations with a fixed
// number of steps, on traced values. The steps are a [tensor.Loop], so solutions
// are differentiable with package autodiff, in the initial value, the ends of the
// interval, the noise and everything that the coefficients use, and run wherever
// loops do.
//
// # Ordinary differential equations
//
// For y' = f(t, y) and a step from t to t+h (Hairer, Norsett & Wanner 1993,
// Solving Ordinary Differential Equations I, sections II.1 and II.2):
//
//	Euler     y + h f(t, y)                                            order 1
//	Heun      y + h/2 (k1 + k2), k1 = f(t, y), k2 = f(t+h, y + h k1)    order 2
//	Midpoint  y + h f(t + h/2, y + h/2 f(t, y))                        order 2
//	RK4       y + h/6 (k1 + 2 k2 + 2 k3 + k4)                          order 4
//	          k1 = f(t, y), k2 = f(t + h/2, y + h/2 k1),
//	          k3 = f(t + h/2, y + h/2 k2), k4 = f(t+h, y + h k3)
//
// # Stochastic differential equations
//
// For dX = b(t, X) dt + sigma(t, X) dW in the sense of Itô and standard normal z
// (Kloeden & Platen 1992, Numerical Solution of Stochastic Differential Equations,
// sections 10.2 and 10.3):
//
//	EulerMaruyama  x + b h + sigma sqrt(h) z                strong order 1/2, weak order 1
//	Milstein       ... + sigma sigma' h (z^2 - 1) / 2       strong order 1
//
// Milstein's scheme is for diagonal noise, where sigma_i depends on t and x_i alone
// and sigma' is the vector of d sigma_i / d x_i. Where sigma does not depend on x the
// two schemes are the same.
//
// An interval of length zero leaves the initial value as it is, with finite
// gradients.
package sde
