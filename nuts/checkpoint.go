package nuts

import (
	"bytes"
	"encoding/gob"
	"errors"
	"fmt"
	"slices"
)

// Checkpoint is the state of all chains between transitions. A run that goes on
// from it, [Options].Resume, makes the same draws, bit by bit, as one that was
// never interrupted. It marshals to bytes of a private format.
type Checkpoint struct {
	// Transitions is how many each chain has finished, warm-up included.
	Transitions []int
	record
}

// record is what a checkpoint holds.
type record struct {
	Settings fingerprint
	Chains   []chainRecord  // of a sampler on the host
	Walks    []walkRecord   // of RandomWalk
	Device   []deviceRecord // of samplers on the device, by group
	Shared   *shared        // what the ensemble has learnt
}

// fingerprint is what a run must have in common with the checkpoint that it goes
// on from.
type fingerprint struct {
	Dim, Chains, Warmup, MaxTreeDepth, MaxSteps, Blocks int
	Seed                                                uint64
	TargetAccept, PathLength, StepJitter                float64
	WalkScale, CrankNicolson                            float64
	Algorithm, Integrator, Metric, Start                string
	Superchains                                         int
	Init                                                uint64 // digest of given positions
	Pooled, KeepWarmup, UnitNoise                       bool
}

func fingerprintOf(o *Options, dim int) fingerprint {
	return fingerprint{Dim: dim, Chains: o.Chains, Warmup: o.Warmup, MaxTreeDepth: o.MaxTreeDepth, MaxSteps: o.MaxSteps, Blocks: o.Blocks,
		Seed: o.Seed, TargetAccept: o.TargetAccept, PathLength: o.PathLength, StepJitter: o.StepJitter, WalkScale: o.WalkScale, CrankNicolson: o.CrankNicolson,
		Algorithm: o.Algorithm.String(), Integrator: o.Integrator.String(), Metric: o.Metric.String(), Start: o.Start.String(), Superchains: o.Superchains, Init: digest(o.given), Pooled: o.Pooled, KeepWarmup: o.KeepWarmup, UnitNoise: o.UnitNoise}
}

// chainRecord is a chain between two transitions.
type chainRecord struct {
	Progress    progress
	Q, Gradient []float64
	LogDensity  float64
	InverseMass []float64
	Covariance  []float64
	Estimate    estimate
}

// walkRecord is a chain of RandomWalk between two transitions.
type walkRecord struct {
	Progress walkProgress
	Q        []float64
	SD       []float64
	Moments  moments
}

// deviceRecord is a group of chains on a device between two ticks.
type deviceRecord struct {
	First, Chains              int
	Position, Vectors, Numbers []float64
	Counters                   []int32
	Leapfrogs                  []int64
}

// checkpointFormat begins the bytes of a checkpoint.
const checkpointFormat = "hxgpu checkpoint 1\n"

// MarshalBinary gives the checkpoint's bytes.
func (c *Checkpoint) MarshalBinary() ([]byte, error) {
	var out bytes.Buffer
	out.WriteString(checkpointFormat)
	encoder := gob.NewEncoder(&out)
	if err := errors.Join(encoder.Encode(c.Transitions), encoder.Encode(c.record)); err != nil {
		return nil, fmt.Errorf("nuts: encoding a checkpoint: %w", err)
	}
	return out.Bytes(), nil
}

// UnmarshalBinary reads a checkpoint's bytes. Bytes that are none are an error.
func (c *Checkpoint) UnmarshalBinary(data []byte) error {
	body, found := bytes.CutPrefix(data, []byte(checkpointFormat))
	if !found {
		return errors.New("nuts: this is no checkpoint, or one of another version of the program")
	}
	decoder := gob.NewDecoder(bytes.NewReader(body))
	var read Checkpoint
	if err := errors.Join(decoder.Decode(&read.Transitions), decoder.Decode(&read.record)); err != nil {
		return fmt.Errorf("nuts: the checkpoint is damaged: %w", err)
	}
	*c = read
	return nil
}

// check refuses a checkpoint of another run.
func (c *Checkpoint) check(o *Options, dim int) error {
	is, was := fingerprintOf(o, dim), c.Settings
	if is != was {
		return fmt.Errorf("nuts: the checkpoint is of a run with other settings: %+v, not %+v", was, is)
	}
	damaged := len(c.Transitions) != o.Chains
	held := make([]int, o.Chains) // how often each chain is there
	hold := func(chain, count int) {
		if chain < 0 || chain+count > o.Chains || count < 0 {
			damaged = true
			return
		}
		for i := chain; i < chain+count; i++ {
			held[i]++
		}
	}
	for i, x := range c.Chains {
		if x.Q == nil {
			continue // a device has it
		}
		hold(i, 1)
		damaged = damaged || len(x.Q) != dim || len(x.Gradient) != dim || len(x.InverseMass) != dim || len(x.Estimate.Position.Mean) != dim || len(x.Estimate.Position.Sums) != dim
	}
	for i, x := range c.Walks {
		hold(i, 1)
		damaged = damaged || len(x.Q) != dim || len(x.SD) != dim || len(x.Moments.Mean) != dim || len(x.Moments.Sums) != dim
	}
	for _, d := range c.Device {
		hold(d.First, d.Chains)
	}
	damaged = damaged || slices.ContainsFunc(held, func(n int) bool { return n != 1 }) || (o.Algorithm == RandomWalk) != (len(c.Walks) > 0)
	if damaged {
		return errors.New("nuts: the checkpoint is damaged: it does not hold what its settings ask for")
	}
	for chain, n := range c.Transitions {
		if n > o.Warmup+o.Draws {
			return fmt.Errorf("nuts: chain %d of the checkpoint has %d transitions, more than the %d asked for; ask for as many draws at least", chain+1, n, o.Warmup+o.Draws)
		}
	}
	return nil
}

// onHost reports whether a checkpoint has chains of a sampler on the host.
func (c *Checkpoint) onHost(first, end int) bool {
	return len(c.Chains) >= end && !slices.ContainsFunc(c.Chains[first:end], func(r chainRecord) bool { return r.Q == nil })
}

// record is the chain as it was at its last boundary.
func (c *chain) record() chainRecord {
	at := &c.begin
	return chainRecord{Progress: at.progress, Q: slices.Clone(at.point.q), Gradient: slices.Clone(at.point.gradient), LogDensity: at.point.logDensity,
		InverseMass: slices.Clone(c.inverseMass), Covariance: slices.Clone(c.covariance), Estimate: c.estimate.clone()}
}

// restore goes on from a record.
func (c *chain) restore(r *chainRecord) {
	if r.Progress.Stage == stageInitial {
		return // it starts again
	}
	c.progress = r.Progress
	copy(c.state.q, r.Q)
	copy(c.state.gradient, r.Gradient)
	c.state.logDensity = r.LogDensity
	if !slices.Equal(c.inverseMass, r.InverseMass) || !slices.Equal(c.covariance, r.Covariance) { // or it shares a metric that is restored
		copy(c.inverseMass, r.InverseMass)
		c.setCovariance(r.Covariance)
	}
	c.refresh()
	c.estimate.restore(&r.Estimate)
	c.goOn(c.Stage == stageSearch)
}

func (e *estimate) clone() estimate {
	return estimate{Count: e.Count, Position: e.Position.clone(), Gradient: e.Gradient.clone(), Products: slices.Clone(e.Products)}
}

func (e *estimate) restore(from *estimate) {
	e.Count = from.Count
	e.Position.restore(&from.Position)
	e.Gradient.restore(&from.Gradient)
	copy(e.Products, from.Products)
}

func (v *moments) clone() moments { return moments{slices.Clone(v.Mean), slices.Clone(v.Sums)} }

func (v *moments) restore(from *moments) {
	copy(v.Mean, from.Mean)
	copy(v.Sums, from.Sums)
}
