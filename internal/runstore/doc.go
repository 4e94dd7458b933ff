// Package runstore keeps what a run of the sampler leaves behind in a folder:
//
//	run.json         settings, flags, versions, data, device, sessions, timings
//	run.yaml         the settings once more, as a file that repeats the run
//	inputs/          copies of the files that the run was given
//	draws.bin        a row for each draw: sampler, parameters, unconstrained coordinates
//	positions.bin    whole positions of some draws, where the noise is sampled
//	checkpoint.bin   the state of all chains, from which the run goes on
//	adaptation.bin   step size and inverse masses of each chain
//	lock             held by the process that writes to the folder
//
// and what is made from these:
//
//	chain_1.csv ...  the draws of each chain, in CmdStan's CSV format
//	chain_1.log ...  the same for Tracer
//	arviz.zarr       the same for ArviZ
//	summary.json     mean, sd, quantiles and diagnostics of every parameter
//	ancestral.csv    mean, sd and interval of every node's state
//	ancestral.nex    the same as an annotated tree
//	plots/           pictures
//	report.html      what was run and what came of it
//
// run.json is there first, so that a run that was killed can be read and go on.
// Tables grow in place, and their records have checksums; every other file is written
// beside its place and then moved there, so that none is ever half written. Sessions
// and timings in run.json apart, all files are a function of settings and data: not
// of when, in how many goes, or in which order of chains the run was made.
package runstore
