// Package runstore writes what a run of the sampler leaves behind into a folder:
//
//	chain_1.csv ...  the draws of each chain, in CmdStan's CSV format
//	summary.json     mean, sd, quantiles and diagnostics of every parameter
//	ancestral.csv    mean, sd and interval of every node's state
//	ancestral.nex    the same as an annotated tree
//	run.json         every setting, the versions, the data, the device, timings
//
// Every file is written beside its place and then moved there, so that none is
// ever half written; run.json comes last, so that a folder that has one is
// complete.
package runstore
