package main

import (
	"math"

	"github.com/spf13/cobra"

	"github.com/hxgpu/hxgpu/nuts"
)

// algorithmFlags say how the sampler moves and what it adapts.
type algorithmFlags struct {
	algorithm, integrator, metric, sampler string
	start                                  string
	targetAccept, pathLength, stepJitter   float64
	maxTreeDepth, maxSteps, superchains    int
	pooled, unitNoise                      bool
}

func (f *algorithmFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.algorithm, "algorithm", "auto", "hmc (paths whose length all chains learn together), nuts (No-U-Turn sampler), rw\n(random walk and Crank-Nicolson steps, no gradients) or auto: hmc")
	flags.StringVar(&f.integrator, "integrator", "auto", "nuts, hmc: leapfrog, rotation (solves the prior of the noise exactly) or auto,\nrotation with hmc where noise is sampled")
	flags.StringVar(&f.metric, "metric", "variance", "nuts, hmc: what the masses are adapted to: variance, dense (the parameters'\ncovariance matrix), gradient (variances of positions and gradients) or unit")
	flags.BoolVar(&f.unitNoise, "unit-noise", false, "nuts, hmc: keep the masses of the sampled noise at 1, whatever the metric\n(kunita by a path: unless =false)")
	flags.BoolVar(&f.pooled, "pooled", false, "nuts: all chains adapt one metric and step size together, for many short chains\n(hmc always does)")
	flags.Float64Var(&f.targetAccept, "target-accept", 0.8, "acceptance that the step size is adapted to, between 0 and 1 (hmc: 0.9,\nkunita by a path: 0.8)")
	flags.IntVar(&f.maxTreeDepth, "max-treedepth", 10, "nuts: at most 2^this steps in a transition (kunita, but not by a path: 6)")
	flags.Float64Var(&f.pathLength, "path-length", 0, "hmc: mean length of the paths in units of the integrator's time, not steps\n(0: learnt; kunita by a path: 1.5)")
	flags.IntVar(&f.maxSteps, "max-steps", 1023, "hmc: at most this many steps in a transition (kunita, but not by\na path: 63)")
	flags.Float64Var(&f.stepJitter, "step-jitter", 0, "nuts, hmc: change every transition's step size by up to this share, 0 to 1")
	flags.StringVar(&f.start, "start", "uniform", "where chains begin: uniform (on -2 to 2, unconstrained), prior, ascent (after\nclimbing the density for a while) or file=F, a table with a column chain and one\nfor each parameter, and a row for all chains or one for each")
	flags.IntVar(&f.superchains, "superchains", 0, "chains begin together in this many groups, for the nested R-hat of many short\nchains (0: each by itself)")
	flags.StringVar(&f.sampler, "sampler", "auto", "where the sampler runs: host, device (many steps per submission) or auto,\nthe device where it is a GPU")
}

// samplers are the values of --sampler.
var samplers = map[string]nuts.Sampler{"auto": nuts.Auto, "host": nuts.OnHost, "device": nuts.OnDevice}

// check finds impossible settings.
func (f *algorithmFlags) check() error {
	algorithm, err := nuts.ParseAlgorithm(f.algorithm)
	if err != nil {
		return usagef("--algorithm %s: use auto, hmc, nuts or rw", f.algorithm)
	}
	if _, err := nuts.ParseIntegrator(f.integrator); err != nil {
		return usagef("--integrator %s: use auto, leapfrog or rotation", f.integrator)
	}
	if _, err := nuts.ParseMetric(f.metric); err != nil {
		return usagef("--metric %s: use variance, dense, gradient or unit", f.metric)
	}
	if _, known := samplers[f.sampler]; !known {
		return usagef("--sampler %s: use auto, host or device", f.sampler)
	}
	if _, err := nuts.ParseStart(f.start); err != nil {
		if path, named := f.startFile(); !named || path == "" {
			return usagef("--start %s: use uniform, prior, ascent or file=F", f.start)
		}
	}
	switch {
	case f.superchains < 0:
		return usagef("--superchains %d: it must be 0 or more", f.superchains)
	case !(f.targetAccept > 0 && f.targetAccept < 1):
		return usagef("--target-accept %v: it must lie between 0 and 1, such as 0.8", f.targetAccept)
	case f.maxTreeDepth < 1 || f.maxTreeDepth > 20:
		return usagef("--max-treedepth %d: it must be 1 to 20", f.maxTreeDepth)
	case f.maxSteps < 1 || f.maxSteps > 1<<20:
		return usagef("--max-steps %d: it must be 1 to %d", f.maxSteps, 1<<20)
	case !(f.pathLength >= 0) || math.IsInf(f.pathLength, 1):
		return usagef("--path-length %v: it must be positive, or 0 to learn it", f.pathLength)
	case !(f.stepJitter >= 0 && f.stepJitter <= 1):
		return usagef("--step-jitter %v: it must lie between 0 and 1", f.stepJitter)
	case f.pathLength > 0 && algorithm != nuts.HMC:
		return usagef("--path-length %v: only --algorithm hmc has paths of a set length", f.pathLength)
	}
	o := f.options()
	if reason := o.HostOnly(); reason != "" && f.sampler == "device" {
		return usagef("--sampler device: %s runs on the host", reason)
	}
	return nil
}

// options are the sampler's.
func (f *algorithmFlags) options() nuts.Options {
	o := nuts.Options{TargetAccept: f.targetAccept, MaxTreeDepth: f.maxTreeDepth, PathLength: f.pathLength, MaxSteps: f.maxSteps,
		StepJitter: f.stepJitter, Pooled: f.pooled, UnitNoise: f.unitNoise, Superchains: f.superchains, Sampler: samplers[f.sampler]}
	o.Algorithm, _ = nuts.ParseAlgorithm(f.algorithm) // checked
	o.Integrator, _ = nuts.ParseIntegrator(f.integrator)
	o.Metric, _ = nuts.ParseMetric(f.metric)
	o.Start, _ = nuts.ParseStart(f.start) // a file gives positions
	return o
}
