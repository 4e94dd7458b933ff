package nuts

import "math"

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
	count    int
	sd       []float64 // of the parameters

	q, proposal []float64
	logDensity  float64
	scale, beta float64
	transition  int
	updates     []int // accepted, by block, after warm-up
	accept      []float64
	tries       int
	started     bool
}

func newWalk(number, dim int, o *Options, noise span) *walk {
	w := &walk{number: number, options: o, noise: noise, schedule: newSchedule(o.Warmup), moments: newMoments(dim),
		sd: make([]float64, dim), q: make([]float64, dim), proposal: make([]float64, dim), scale: firstWalkScale, beta: firstBeta}
	for i := range w.sd {
		w.sd[i] = 1
	}
	if o.WalkScale > 0 {
		w.scale = o.WalkScale
	}
	if o.CrankNicolson > 0 {
		w.beta = o.CrankNicolson
	}
	w.updates, w.accept = make([]int, w.blocks()), make([]float64, w.blocks())
	startPosition(o, number, 0, w.proposal, noise)
	return w
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

// begin takes the density at the starting point; false asks for another one.
func (w *walk) begin(logDensity float64) (bool, error) {
	if !math.IsNaN(logDensity) && !math.IsInf(logDensity, 0) {
		copy(w.q, w.proposal)
		w.logDensity, w.started = logDensity, true
		return true, nil
	}
	w.tries++
	if w.options.Init != nil {
		return false, errBadStart(w.number)
	}
	if w.tries == initialTries {
		return false, errNoStart(w.number)
	}
	startPosition(w.options, w.number, w.tries, w.proposal, w.noise)
	return false, nil
}

// propose changes one block.
func (w *walk) propose(block int) {
	if block == 0 {
		w.random = NewStream(w.options.Seed, uint32(w.number), uint32(w.transition), purposeWalk)
	}
	copy(w.proposal, w.q)
	part := w.part(block)
	if part.size() == 0 {
		for i := range w.q {
			if !w.noise.holds(i) {
				w.proposal[i] += w.scale * w.sd[i] * w.random.Normal()
			}
		}
		return
	}
	keep := math.Sqrt(1 - w.beta*w.beta)
	for i := part.first; i < part.end; i++ {
		w.proposal[i] = keep*w.q[i] + w.beta*w.random.Normal()
	}
}

// decide accepts or rejects the proposal of a block. A Crank-Nicolson step keeps
// the prior of the noise, so that the likelihood alone decides.
func (w *walk) decide(block int, logDensity float64) {
	part := w.part(block)
	ratio := logDensity - w.logDensity
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
		w.logDensity = logDensity
		if w.transition >= w.options.Warmup {
			w.updates[block]++
		}
	}
}

// finish ends a transition: it says what it was, and adapts.
func (w *walk) finish() Stats {
	mean := 0.0
	for _, a := range w.accept {
		mean += a / float64(len(w.accept))
	}
	s := Stats{AcceptProb: mean, StepSize: w.scale, Leapfrogs: len(w.accept), Energy: -w.logDensity, LogDensity: w.logDensity}
	if w.transition < w.options.Warmup {
		w.adapt()
	}
	w.transition++
	return s
}

// adapt moves the steps towards the acceptance that they should have, less and less
// (Andrieu & Thoms 2008, "A tutorial on adaptive MCMC"), and takes the parameters'
// standard deviations from the windows that NUTS takes its metric from.
func (w *walk) adapt() {
	rate := math.Pow(float64(w.transition+1), -adaptationDecay)
	block := 0
	if w.hasParameters() {
		if w.options.WalkScale == 0 {
			w.scale *= math.Exp(2 * rate * (w.accept[0] - walkAccept))
		}
		block = 1
	}
	if w.noise.size() > 0 && w.options.CrankNicolson == 0 {
		mean := 0.0
		for _, a := range w.accept[block:] {
			mean += a / float64(len(w.accept)-block)
		}
		logit := math.Log(w.beta/(1-w.beta)) + 2*rate*(mean-noiseAccept)
		w.beta = 1 / (1 + math.Exp(-min(max(logit, -20), 20)))
	}
	if w.schedule.inWindow(w.transition) {
		w.count++
		w.moments.add(w.q, float64(w.count))
	}
	if w.schedule.closes[w.transition] {
		before := w.meanSD()
		n := float64(w.count)
		for i, sum := range w.moments.Sums {
			w.sd[i] = math.Sqrt(n/(n+5)*(sum/max(n-1, 1)) + 1e-3*5/(n+5))
		}
		w.count = 0
		w.moments.clear()
		if w.options.WalkScale == 0 && w.hasParameters() {
			w.scale *= before / w.meanSD() // the steps keep their length
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
