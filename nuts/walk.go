package nuts

import (
	"math"
	"slices"
)

// What the steps of RandomWalk are adapted to, and where they start. A random walk
// in few dimensions moves best at an acceptance of 0.3 or so, one in many, such as
// the noise, at 0.23 (Roberts & Rosenthal 2001, "Optimal scaling for various
// Metropolis-Hastings algorithms").
const (
	walkAccept      = 0.3
	noiseAccept     = 0.25
	firstWalkScale  = 0.3
	firstBeta       = 0.2
	adaptationDecay = 0.6 // the k-th adaptation moves by k^-0.6
)

// walk is one chain of RandomWalk.
type walk struct {
	number   int
	options  *Options
	noise    span
	schedule schedule
	random   Stream
	moments  moments
	sd       []float64 // of the parameters

	walkProgress
	q, proposal []float64
	accept      []float64
	begin       walkProgress // where the transition under way began
	beginQ      []float64
}

// walkProgress is how far a walk is.
type walkProgress struct {
	Started     bool
	Transition  int
	LogDensity  float64
	Scale, Beta float64
	Count       int   // positions in the moments
	Updates     []int // accepted, by block, after warm-up
	Tries       int   // starting positions given up
	Values      int64 // evaluations
}

func newWalk(number, dim int, o *Options, noise span) *walk {
	w := &walk{number: number, options: o, noise: noise, schedule: newSchedule(o.Warmup), moments: newMoments(dim),
		sd: make([]float64, dim), q: make([]float64, dim), proposal: make([]float64, dim), walkProgress: walkProgress{Scale: firstWalkScale, Beta: firstBeta},
		beginQ: make([]float64, dim)}
	for i := range w.sd {
		w.sd[i] = 1
	}
	if o.WalkScale > 0 {
		w.Scale = o.WalkScale
	}
	if o.CrankNicolson > 0 {
		w.Beta = o.CrankNicolson
	}
	w.Updates, w.accept = make([]int, w.blocks()), make([]float64, w.blocks())
	startPosition(o, number, 0, w.proposal, noise)
	w.mark()
	return w
}

// mark notes that the walk is between two transitions.
func (w *walk) mark() {
	w.begin = w.walkProgress
	w.begin.Updates = slices.Clone(w.Updates)
	copy(w.beginQ, w.q)
}

func (w *walk) record() walkRecord {
	return walkRecord{Progress: w.begin, Q: slices.Clone(w.beginQ), SD: slices.Clone(w.sd), Moments: w.moments.clone()}
}

func (w *walk) restore(r *walkRecord) {
	if !r.Progress.Started || len(r.Progress.Updates) != len(w.Updates) {
		return // it starts again
	}
	w.walkProgress = r.Progress
	copy(w.q, r.Q)
	copy(w.sd, r.SD)
	w.moments.restore(&r.Moments)
	w.mark()
}

// hasParameters reports whether there are coordinates besides the noise.
func (w *walk) hasParameters() bool { return w.noise.size() < len(w.q) }

// blocks is the number of parts of a transition.
func (w *walk) blocks() int {
	n := 0
	if w.hasParameters() {
		n++
	}
	if w.noise.size() > 0 {
		n += w.options.Blocks
	}
	return n
}

// part is the noise of a block, empty for the block of parameters.
func (w *walk) part(block int) span {
	if w.hasParameters() {
		if block == 0 {
			return span{}
		}
		block--
	}
	n, size := w.options.Blocks, w.noise.size()
	return span{w.noise.first + size*block/n, w.noise.first + size*(block+1)/n}
}

// startAt takes the density at the starting point; false asks for another one.
func (w *walk) startAt(logDensity float64) (bool, error) {
	if !math.IsNaN(logDensity) && !math.IsInf(logDensity, 0) {
		copy(w.q, w.proposal)
		w.LogDensity, w.Started = logDensity, true
		return true, nil
	}
	w.Tries++
	if w.options.Init != nil {
		return false, errBadStart(w.number)
	}
	if w.Tries == initialTries {
		return false, errNoStart(w.number)
	}
	startPosition(w.options, w.number, w.Tries, w.proposal, w.noise)
	return false, nil
}

// propose changes one block.
func (w *walk) propose(block int) {
	if block == 0 {
		w.random = NewStream(w.options.Seed, uint32(w.number), uint32(w.Transition), purposeWalk)
	}
	copy(w.proposal, w.q)
	part := w.part(block)
	if part.size() == 0 {
		for i := range w.q {
			if !w.noise.holds(i) {
				w.proposal[i] += w.Scale * w.sd[i] * w.random.Normal()
			}
		}
		return
	}
	keep := math.Sqrt(1 - w.Beta*w.Beta)
	for i := part.first; i < part.end; i++ {
		w.proposal[i] = keep*w.q[i] + w.Beta*w.random.Normal()
	}
}

// decide accepts or rejects the proposal of a block. A Crank-Nicolson step keeps
// the prior of the noise, so that the likelihood alone decides.
func (w *walk) decide(block int, logDensity float64) {
	part := w.part(block)
	ratio := logDensity - w.LogDensity
	for i := part.first; i < part.end; i++ {
		ratio += 0.5 * (w.proposal[i] - w.q[i]) * (w.proposal[i] + w.q[i])
	}
	w.random.align()
	accept := 0.0
	if !math.IsNaN(ratio) && !math.IsInf(logDensity, 0) {
		accept = math.Min(1, math.Exp(ratio))
	}
	w.accept[block] = accept
	if w.random.Uniform() < accept {
		copy(w.q, w.proposal)
		w.LogDensity = logDensity
		if w.Transition >= w.options.Warmup {
			w.Updates[block]++
		}
	}
}

// finish ends a transition: it says what it was, and adapts.
func (w *walk) finish() Stats {
	mean := 0.0
	for _, a := range w.accept {
		mean += a / float64(len(w.accept))
	}
	s := Stats{AcceptProb: mean, StepSize: w.Scale, Leapfrogs: len(w.accept), Energy: -w.LogDensity, LogDensity: w.LogDensity}
	if w.Transition < w.options.Warmup {
		w.adapt()
	}
	w.Transition++
	return s
}

// adapt moves the steps towards the acceptance that they should have, less and less
// (Andrieu & Thoms 2008, "A tutorial on adaptive MCMC"), and takes the parameters'
// standard deviations from the windows that NUTS takes its metric from.
func (w *walk) adapt() {
	rate := math.Pow(float64(w.Transition+1), -adaptationDecay)
	block := 0
	if w.hasParameters() {
		if w.options.WalkScale == 0 {
			w.Scale *= math.Exp(2 * rate * (w.accept[0] - walkAccept))
		}
		block = 1
	}
	if w.noise.size() > 0 && w.options.CrankNicolson == 0 {
		mean := 0.0
		for _, a := range w.accept[block:] {
			mean += a / float64(len(w.accept)-block)
		}
		logit := math.Log(w.Beta/(1-w.Beta)) + 2*rate*(mean-noiseAccept)
		w.Beta = 1 / (1 + math.Exp(-min(max(logit, -20), 20)))
	}
	if w.schedule.inWindow(w.Transition) {
		w.Count++
		w.moments.add(w.q, float64(w.Count))
	}
	if w.schedule.closes[w.Transition] {
		before := w.meanSD()
		n := float64(w.Count)
		for i, sum := range w.moments.Sums {
			w.sd[i] = math.Sqrt(n/(n+5)*(sum/max(n-1, 1)) + 1e-3*5/(n+5))
		}
		w.Count = 0
		w.moments.clear()
		if w.options.WalkScale == 0 && w.hasParameters() {
			w.Scale *= before / w.meanSD() // the steps keep their length
		}
	}
}

// meanSD is the geometric mean of the parameters' standard deviations.
func (w *walk) meanSD() float64 {
	sum, n := 0.0, 0
	for i, sd := range w.sd {
		if !w.noise.holds(i) {
			sum += math.Log(sd)
			n++
		}
	}
	return math.Exp(sum / float64(max(n, 1)))
}
