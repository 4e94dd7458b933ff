package nuts

import (
	"fmt"
	"math"
	"time"
)

// Sampler says where the sampler runs; gradients are always the device's. The
// same seed gives the same chains up to rounding.
type Sampler uint8

// The places of a sampler.
const (
	Auto     Sampler = iota // on devices that a host should not talk to often
	OnHost                  // one gradient at a time is asked of the device
	OnDevice                // the device is given many ticks at a time
)

// Options say how to sample. The zero value of a field means its default.
type Options struct {
	Chains int // default 4
	Warmup int // transitions of adaptation, not kept; 0 means none
	Draws  int // transitions kept per chain
	Seed   uint64
	// TargetAccept is the acceptance statistic that the step size is adapted to;
	// default 0.8, for HMC 0.9.
	TargetAccept float64
	MaxTreeDepth int // of NUTS; default 10
	// PathLength is the mean length of HMC's paths, in units of the integrator's
	// time; 0 learns it during the warm-up.
	PathLength float64
	MaxSteps   int // of HMC's paths; default 1,023
	Integrator Integrator
	Metric     Metric
	// UnitNoise keeps the masses of a Whitened target's noise at 1, whatever the
	// metric.
	UnitNoise bool
	// Pooled makes chains adapt one metric together, and end the warm-up with one
	// step size. HMC always does.
	Pooled bool
	// StepJitter changes the step size of every transition by a random share of at
	// most this, 0 to 1.
	StepJitter float64
	// Start says where chains begin, Init gives a position for each instead.
	Start Start
	Init  [][]float64
	// Superchains, if not 0, is a number of groups of chains that start at one point
	// each, for [NestedRhat]; it divides the number of chains.
	Superchains int
	// Groups is the number of groups that the chains are run in, each with a goroutine
	// of its own. Results do not depend on it. The default on a processor is so many
	// that a cache holds what the chains of a group work on, and that those of NUTS do
	// not wait long for each other: for 1,024 chains of 33 coordinates on two workers
	// 64 by NUTS and 8 by HMC; elsewhere it is one per worker of the device. However
	// many there are, on a processor no more of them work at a time than the device
	// has workers; the others wait for turns of some 10 ms.
	Groups    int
	Algorithm Algorithm
	Sampler   Sampler
	// WalkScale and CrankNicolson fix the scale of RandomWalk's steps, in units of
	// the parameters' standard deviations, and beta of its Crank-Nicolson steps
	// z' = sqrt(1-beta^2) z + beta xi; 0 adapts them during the warm-up.
	WalkScale, CrankNicolson float64
	// Blocks is the number of parts that RandomWalk updates the noise in, one after
	// the other; default 1.
	Blocks int
	// Select lists the coordinates to keep of each draw; nil keeps all.
	Select []int
	// KeepWarmup keeps the transitions of the warm-up too, apart from the draws.
	KeepWarmup bool
	// OnDraw, if set, is called for every kept draw, in order for each chain and
	// from one goroutine at a time; with KeepWarmup also for the transitions of the
	// warm-up, which have negative numbers. It is given all coordinates, whatever
	// Select says; the slice is the sampler's and is not to be changed or held on
	// to. An error ends the run.
	OnDraw func(chain, draw int, q []float64, s Stats) error
	// Discard keeps no draws in the Run; OnDraw is given them.
	Discard bool
	// OnCheckpoint, if set, is given the state of all chains from time to time, when
	// the run ends, and when the context or a fault of the device ends it. The calls
	// of OnDraw for the transitions that it counts have returned before; it is not
	// called together with OnDraw. An error ends the run.
	OnCheckpoint func(*Checkpoint) error
	// CheckpointEvery is the least time between two checkpoints; default 2 s.
	CheckpointEvery time.Duration
	// Resume goes on from a checkpoint of a run of the same target with the same
	// settings, but for Draws, which may be more, and Groups. Draws that were given
	// to OnDraw after the checkpoint was made are made again.
	Resume *Checkpoint
	// Progress, if set, is called now and then while sampling goes on, from one
	// goroutine at a time.
	Progress func(Progress)
	given    [][]float64 // Init as it was given
	centre   []float64   // of a Centred target
	spread   []float64
	// ProgressEvery is the least time between two calls; default 100 ms.
	ProgressEvery time.Duration
}

// Progress is how far each chain is.
type Progress struct {
	Chains  []ChainProgress
	Elapsed time.Duration
	Done    bool // the last call
}

// ChainProgress is how far one chain is.
type ChainProgress struct {
	Transitions int // finished, warm-up included
	Warmup      int
	Total       int
	StepSize    float64
	Leapfrogs   int64 // since the start
	Divergences int   // after warm-up
}

// check fills in defaults and finds impossible settings.
func (o *Options) check(dim int) error {
	if o.Chains == 0 {
		o.Chains = 4
	}
	if o.TargetAccept == 0 {
		o.TargetAccept = 0.8
		if o.Algorithm == HMC {
			o.TargetAccept = 0.9
		}
	}
	if o.MaxTreeDepth == 0 {
		o.MaxTreeDepth = 10
	}
	if o.Blocks == 0 {
		o.Blocks = 1
	}
	if o.MaxSteps == 0 {
		o.MaxSteps = 1023
	}
	if o.CheckpointEvery == 0 {
		o.CheckpointEvery = 2 * time.Second
	}
	if o.ProgressEvery == 0 {
		o.ProgressEvery = 100 * time.Millisecond
	}
	switch {
	case dim < 1:
		return fmt.Errorf("nuts: the target has dimension %d; there is nothing to sample", dim)
	case o.Chains < 1:
		return fmt.Errorf("nuts: %d chains; there must be at least 1", o.Chains)
	case o.Warmup < 0:
		return fmt.Errorf("nuts: %d warm-up transitions; the number cannot be negative", o.Warmup)
	case o.Draws < 0:
		return fmt.Errorf("nuts: %d draws; the number cannot be negative", o.Draws)
	case !(o.TargetAccept > 0 && o.TargetAccept < 1):
		return fmt.Errorf("nuts: target acceptance %v; it must lie between 0 and 1", o.TargetAccept)
	case int(o.Start) >= len(startNames):
		return fmt.Errorf("nuts: there is no %v", o.Start)
	case o.Superchains < 0 || o.Superchains > 0 && o.Chains%o.Superchains != 0:
		return fmt.Errorf("nuts: %d chains in %d superchains; the one must be a multiple of the other", o.Chains, o.Superchains)
	case o.MaxTreeDepth < 1 || o.MaxTreeDepth > 20:
		return fmt.Errorf("nuts: maximal tree depth %d; it must be 1 to 20", o.MaxTreeDepth)
	case int(o.Algorithm) >= len(algorithmNames):
		return fmt.Errorf("nuts: there is no %v", o.Algorithm)
	case int(o.Integrator) >= len(integratorNames):
		return fmt.Errorf("nuts: there is no %v", o.Integrator)
	case int(o.Metric) >= len(metricNames):
		return fmt.Errorf("nuts: there is no %v", o.Metric)
	case !(o.PathLength >= 0) || math.IsInf(o.PathLength, 1):
		return fmt.Errorf("nuts: paths of length %v; it must be positive, or 0 to learn it", o.PathLength)
	case o.MaxSteps < 1:
		return fmt.Errorf("nuts: at most %d steps a path; there must be at least 1", o.MaxSteps)
	case !(o.StepJitter >= 0 && o.StepJitter <= 1):
		return fmt.Errorf("nuts: step sizes jittered by %v; it must lie between 0 and 1", o.StepJitter)
	case o.Sampler == OnDevice && o.HostOnly() != "":
		return fmt.Errorf("nuts: %s runs on the host only; use another sampler place", o.HostOnly())
	case !(o.WalkScale >= 0) || math.IsInf(o.WalkScale, 1):
		return fmt.Errorf("nuts: a random walk of scale %v; it must be positive, or 0 to adapt it", o.WalkScale)
	case !(o.CrankNicolson >= 0 && o.CrankNicolson <= 1):
		return fmt.Errorf("nuts: Crank-Nicolson steps with beta %v; it must lie in (0,1], or be 0 to be adapted", o.CrankNicolson)
	case o.Blocks < 0:
		return fmt.Errorf("nuts: the noise in %d blocks; there must be at least 1", o.Blocks)
	case o.Init != nil && len(o.Init) != o.Chains:
		return fmt.Errorf("nuts: %d starting positions for %d chains", len(o.Init), o.Chains)
	}
	for c, q := range o.Init {
		if len(q) != dim {
			return fmt.Errorf("nuts: the starting position of chain %d has %d coordinates, the target %d", c+1, len(q), dim)
		}
		for i, x := range q {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				return fmt.Errorf("nuts: coordinate %d of the starting position of chain %d is %v", i, c+1, x)
			}
		}
	}
	for _, i := range o.Select {
		if i < 0 || i >= dim {
			return fmt.Errorf("nuts: coordinate %d is selected, the target has %d", i, dim)
		}
	}
	return nil
}

// HostOnly names the setting that the sampler on the device does not know, or
// nothing.
func (o *Options) HostOnly() string {
	switch {
	case o.Algorithm == RandomWalk:
		return fmt.Sprintf("algorithm %v", o.Algorithm)
	case o.Metric == MetricDense:
		return fmt.Sprintf("metric %v", o.Metric)
	case o.StepJitter != 0:
		return "jitter of the step size"
	}
	return ""
}

// rotates reports whether the prior of the noise is used.
func (o *Options) rotates() bool {
	return o.Algorithm == RandomWalk || o.Integrator == Rotation || o.Integrator == AutoIntegrator && o.Algorithm == HMC
}

// relays reports whether the warm-up is the host's, though the draws may be the
// device's.
func (o *Options) relays() bool {
	return o.Algorithm == HMC || o.Pooled || o.Metric != MetricVariance || o.UnitNoise || len(o.centre) > 0
}
