// Package pictures draws what a sampler found: the parameters' densities, traces,
// ranks, autocorrelations, pairs and energies, and states on a tree as colours along
// its edges, against time, or against each other.
//
// A picture is one panel or several in a grid, and becomes PNG, SVG or PDF. Nothing
// here reads files or knows of models: draws are [chain][draw], nodes stand as in
// tree.Topology, and lengths of edges are in the units of the tree.
//
// Colours: states by viridis (Smith & van der Walt 2015), which keeps its order in
// grey and for the colour-blind; chains and other groups by the palette of Okabe & Ito
// (2008). Rank plots follow Vehtari, Gelman, Simpson, Carpenter & Buerkner (2021),
// Bayesian Analysis 16(2); energies Betancourt (2016), arXiv:1604.00695; states along
// edges Revell (2013), Methods in Ecology and Evolution 4(8); phenograms Evans et al.
// (2009), Systematic Biology 58(5); phylomorphospaces Sidlauskas (2008), Evolution
// 62(12).
package pictures
