package nuts

import (
	"errors"
	"fmt"
	"slices"
)

// save reads the sampler's state between two batches.
func (g *deviceGroup) save(r *record, transitions []int) error {
	d := deviceRecord{First: g.first, Chains: g.n, Position: make([]float64, g.dim*g.n), Vectors: make([]float64, g.vectors.Len()),
		Numbers: make([]float64, g.numbers.Len()), Counters: make([]int32, g.counters.Len()), Leapfrogs: slices.Clone(g.leapfrogs)}
	at := g.evaluator.Position()
	if err := errors.Join(at.Buffer.ReadFloats(at.Offset, d.Position), g.vectors.ReadFloats(0, d.Vectors), g.numbers.ReadFloats(0, d.Numbers),
		g.counters.ReadInts(0, d.Counters)); err != nil {
		return fmt.Errorf("nuts: reading the state of the sampler on the device: %w", err)
	}
	for k := range g.n {
		transitions[g.first+k] = int(d.Counters[int(transitionsDone)*g.n+k])
	}
	r.Device = append(r.Device, d)
	return nil
}

// take goes on with chains that the host has warmed up.
func (g *deviceGroup) take(chains []*chain) error {
	o := g.sampling.options
	firstKept := o.Warmup
	if o.KeepWarmup {
		firstKept = 0
	}
	position, slope, inverse := make([]float64, g.dim*g.n), make([]float64, g.dim*g.n), make([]float64, g.dim*g.n)
	values, state := make([]float64, int(numbers)*g.n), make([]int32, int(counters)*g.n)
	for k, c := range chains {
		scatter(position, k, g.n, c.state.q)
		scatter(slope, k, g.n, c.state.gradient)
		scatter(inverse, k, g.n, c.inverseMass)
		for n, x := range map[number]float64{stepSize: c.StepSize, proposalDensity: c.state.logDensity, largestAllowed: c.largest()} {
			values[int(n)*g.n+k] = x
		}
		for n, x := range map[counter]int{chainStage: int(stageGoOn), transitionsDone: c.Transition, written: c.Transition - firstKept, divergences: c.Divergences, tries: c.Tries} {
			state[int(n)*g.n+k] = int32(x)
		}
		g.leapfrogs[k], g.drained[k], g.warm[k] = c.Leapfrogs, c.Transition-firstKept, true
	}
	copy(g.state, state)
	at, size := g.evaluator.Position(), g.dim*g.n
	return errors.Join(at.Buffer.WriteFloats(at.Offset, position), g.vectors.WriteFloats(slotProposal*size, position), g.vectors.WriteFloats(slotProposalSlope*size, slope),
		g.vectors.WriteFloats(slotInverseMass*size, inverse), g.numbers.WriteFloats(0, values), g.counters.WriteInts(0, state))
}

// restore writes the sampler's state back.
func (g *deviceGroup) restore(c *Checkpoint) error {
	i := slices.IndexFunc(c.Device, func(d deviceRecord) bool { return d.First == g.first && d.Chains == g.n })
	if i < 0 {
		return fmt.Errorf("nuts: the checkpoint was made with chains grouped in another way, or on the host; resume on the device that it was made on")
	}
	d := c.Device[i]
	if len(d.Position) != g.dim*g.n || len(d.Vectors) != g.vectors.Len() || len(d.Numbers) != g.numbers.Len() || len(d.Counters) != g.counters.Len() || len(d.Leapfrogs) != g.n {
		return errors.New("nuts: the checkpoint is damaged: the state of the sampler on the device has another size")
	}
	counters := slices.Clone(d.Counters)
	for k := range g.n {
		if at := int(chainStage)*g.n + k; stage(counters[at]) == stageFinished && int(counters[int(transitionsDone)*g.n+k]) < g.sampling.options.Warmup+g.sampling.options.Draws {
			counters[at] = int32(stageGoOn)
		}
	}
	copy(g.state, counters)
	copy(g.leapfrogs, d.Leapfrogs)
	for k := range g.n {
		g.drained[k] = g.counter(written, k)
	}
	at := g.evaluator.Position()
	return errors.Join(at.Buffer.WriteFloats(at.Offset, d.Position), g.vectors.WriteFloats(0, d.Vectors), g.numbers.WriteFloats(0, d.Numbers), g.counters.WriteInts(0, counters))
}
