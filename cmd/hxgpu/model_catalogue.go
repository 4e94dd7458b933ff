package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hxgpu/hxgpu/bffg"
)

// modelEntry is what the commands know of a model.
type modelEntry struct {
	name  string
	short string // in a line
	// build makes the model, and withRegimes the one for data with regimes; nil where
	// there is no such model. shapes and the built-in example are built elsewhere.
	build, withRegimes func(traits []string, data bffg.Data) *bffg.Model
	text               string // formula and what to know, in paragraphs
	example            string
}

// catalogue are the models in the order that messages list them.
var catalogue = []modelEntry{
	{name: "bm", short: "Brownian motion", build: bffg.BrownianMotion, text: `x_v | x ~ N(x, R t)

for a node v at the end of an edge of length t whose beginning has the state x. R is the
rate matrix: sigma_sq for one trait; for several R_ij = correlation_ij
sqrt(sigma_sq_i sigma_sq_j), and --set R=[[..],[..]] sets it as a whole.

On a tree of few tips rates and tip noise are hard to tell apart: --no-tip-noise takes the
tips' values as exact, as phylolm and geiger do.

Felsenstein 1985, Am. Nat. 125:1.`,
		example: "hxgpu sample --tree T.nwk --traits C.csv --trait mass,length"},
	{name: "trend", short: "Brownian motion with a trend of the mean", build: bffg.Trend, text: `x_v | x ~ N(x + drift t, R t)

with R as in bm.

Only tips at different distances from the root (fossils) say what the drift is. On an
ultrametric tree the data say no more than root + drift * height: give the root an
informative prior or pin it, or else expect the prior of drift back.`,
		example: "hxgpu sample --tree T.nwk --traits C.csv --trait mass --model trend --root normal=3,1"},
	{name: "eb", short: "early burst (ACDC): a rate that changes exponentially from the root", build: bffg.EarlyBurst, text: `x_v | x ~ N(x, R (exp(b (s+t)) - exp(b s)) / b)

on an edge that begins at distance s from the root: the rate is R at the root and
R exp(b s) further on. b < 0 is an early burst, b = 0 Brownian motion, b > 0 an
acceleration. geiger calls b a, phylolm rate; ln 2 / |b| is the time in which the rate
halves or doubles.

b > 0 and ou are the same for the tips of an ultrametric tree with exact values; tip noise
looks like a late rise of the rate.

Blomberg, Garland & Ives 2003, Evolution 57:717; Harmon et al. 2010, Evolution 64:2385.`,
		example: "hxgpu sample --tree T.nwk --traits C.csv --trait mass --model eb --no-tip-noise"},
	{name: "lambda", short: "Pagel's lambda: phylogenetic signal", build: bffg.PagelLambda, text: `Brownian motion with the covariances between different tips multiplied by lambda, the
variances staying as they are: inner edges have the length lambda t, a tip's edge
lambda t + (1-lambda) T, T being the tip's distance from the root.

lambda = 0 is white noise, lambda = 1 Brownian motion. It lies between 0 and 1; phylolm
allows a little more than 1 on some trees, hxgpu does not.

There is no tip noise: where all tips are as far from the root it would be the same as
a smaller lambda. Known errors of the tips (--errors) add to their variance. The states of
ancestors are those on the tree with its edges changed so.

Pagel 1999, Nature 401:877; Freckleton, Harvey & Pagel 2002, Am. Nat. 160:712.`,
		example: "hxgpu sample --tree T.nwk --traits C.csv --trait mass --model lambda"},
	{name: "white", short: "white noise: independent tips, no tree", build: bffg.WhiteNoise, text: `x_tip ~ N(root, R), independently for every tip

with R as in bm, but sigma_sq are variances, not rates: they do not depend on edge
lengths. It is what data without phylogenetic signal look like. There is no tip noise
besides, which would be the same again; known errors of the tips (--errors) add to it.`,
		example: "hxgpu sample --tree T.nwk --traits C.csv --trait mass --model white"},
	{name: "ou", short: "Ornstein-Uhlenbeck, with one optimum or one per regime", build: bffg.OrnsteinUhlenbeck, withRegimes: bffg.SeveralOptima,
		text: `dX = -alpha (X - theta) dt + dW, dW of covariance R dt

with alpha and theta per trait, and R as in bm; the exact transition, not an Euler step:
mean theta + exp(-alpha t)(x - theta), covariance R_ij (1 - exp(-(alpha_i+alpha_j) t)) /
(alpha_i+alpha_j). ln 2 / alpha is the half-life, R_ii / (2 alpha_i) the stationary
variance.

With --regimes there is a theta for each regime of edges, theta[regime] or
theta[regime,trait]. A regime says something of its theta where its edges are about
as long as the half-life at least.

Where alpha is small theta lies far away from the data and is known by the prior alone;
where it is large, sigma_sq and alpha are known by their quotient alone, which then looks
like tip noise too. The root's prior is normal by default: a flat one would make the
posterior improper.

Hansen 1997, Evolution 51:1341; Butler & King 2004, Am. Nat. 164:683.`,
		example: "hxgpu sample --tree T.nwk --traits C.csv --trait mass --model ou --root stationary"},
	{name: "mvou", short: "multivariate Ornstein-Uhlenbeck: traits that pull each other", build: bffg.MultivariateOU, withRegimes: bffg.MultivariateOUSeveralOptima,
		text: `dX = -A (X - theta) dt + dW, dW of covariance R dt

with a full attraction matrix A, theta per trait and R as in bm; the exact transition:
mean theta + exp(-A t)(x - theta), covariance the integral of exp(-A s) R exp(-A' s) over
s from 0 to t. With --regimes there is a theta for each regime.

For sampling A = S + K, so that the process is stable: S_ij = pull_correlation_ij
sqrt(alpha_i alpha_j), symmetric and positive definite, and K_ij = rotation[i,j] =
-K_ji. So A_ii = alpha_i. Stable matrices A whose A + A' is not positive definite are left
out. hxgpu loglik takes any A by --set A=[[..],[..]], or alpha for a diagonal one.

Many tips are needed: the elements of A off its diagonal are hard to tell from the
correlations of R where the half-lives are long, and see ou.

Bartoszek et al. 2012, J. Theor. Biol. 314:204.`,
		example: "hxgpu sample --tree T.nwk --traits C.csv --trait mass,length --model mvou"},
	{name: "rates", short: "Brownian motion whose rates shift between regimes", withRegimes: bffg.RateShifts, text: `x_v | x ~ N(x, R_r t) on an edge of regime r

with variances per unit of edge length sigma_sq[regime] or sigma_sq[regime,trait], and one
correlation matrix C for all regimes: R_r,ij = C_ij sqrt(sigma_sq_r,i sigma_sq_r,j). It
needs --regimes. hxgpu loglik takes C by --set C=[[1,.3],[.3,1]] (default: no
correlation).

A regime of few edges says little of its rate, and nothing where its edges have length 0.

O'Meara et al. 2006, Evolution 60:922.`,
		example: "hxgpu sample --tree T.nwk --traits C.csv --trait mass --model rates --regimes factor=habitat"},
	{name: "seed", short: "Brownian motion of one trait from a root pinned at 0, noise sampled too", text: `x_v | x ~ N(x, sigma_sq t)

for one trait, with tip noise and the root pinned at 0. The noise of the guided sweep is
sampled along with the parameters, as in hyperiax's notebooks 05 and 06; it is the
built-in example, whose exact posterior is known. For data of your own use bm.`,
		example: "hxgpu sample"},
	{name: shapeModel, short: "landmark shapes in a stochastic flow (sample only)", text: `dX = sigma(X) dW, sigma sigma' = k_alpha K(|x_i - x_j| / k_sigma) for landmarks i and j

Nearby landmarks move together. The kernel K is chosen by --kernel; edges are solved in
--steps Euler steps, guided by --bridge. Parameters: k_alpha, the variance of a landmark
per unit of time; k_sigma, the distance over which landmarks move together; tau_sq, the
variance of the observed landmarks. Their default priors take their scale from the
shapes. The root is the tips' mean by default; --root file=F takes a shape.

Sommer, Schauer & van der Meulen 2021, arXiv:2002.03885.`,
		example: "hxgpu sample --model kunita --tree T.nwk --traits shapes.tps --align --edge-lengths unit"},
}

// modelNames are those of the catalogue.
func modelNames() []string {
	var names []string
	for _, e := range catalogue {
		names = append(names, e.name)
	}
	return names
}

// findModel finds an entry by its name.
func findModel(name string) (*modelEntry, bool) {
	i := slices.IndexFunc(catalogue, func(e modelEntry) bool { return e.name == name })
	if i < 0 {
		return nil, false
	}
	return &catalogue[i], true
}

// modelList lists the models in a line each.
func modelList() string {
	var text strings.Builder
	for _, e := range catalogue {
		fmt.Fprintf(&text, "  %-7s %s\n", e.name, e.short)
	}
	return text.String()
}

// modelHelp explains the models to the readers of help.
func modelHelp() string {
	return `Models (hxgpu models NAME explains one: formula, parameters, priors, roots):
` + modelList() + `Tips are observed with noise of variance tau_sq per trait unless --no-tip-noise, or
the model has none.`
}
