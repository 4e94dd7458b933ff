package nuts

import (
	"math"
	"slices"
)

// lengthening learns how long the paths of HMC should be, in units of the
// integrator's time. Every path of the warm-up passes through the points that
// shorter paths would have ended at, so each shows, for all lengths at once, how
// far a transition would have carried the parameters and whether it would have been
// accepted. From the correlations of the parameters, and of their squares, between
// start and end follows the autocorrelation time that a length would have; the
// length taken is the one with the least autocorrelation time per gradient. It
// needs far fewer transitions than a stochastic ascent on the length (Hoffman,
// Radul & Sountsov 2021, "An adaptive MCMC scheme for setting trajectory lengths in
// Hamiltonian Monte Carlo"), which sees one length a transition.
type lengthening struct {
	Best    float64 // the learnt mean length; 0 while there is none
	Reach   float64 // mean length of the paths of the warm-up; 0 before there is a metric
	Seen    float64 // transitions since the correlations were begun anew
	Look    float64 // how many there are to be when Best is next looked for
	Centre  []float64
	Passing []correlations // [bin*watched+k]: coordinate k at times of the bin
	Squares []correlations // the same of squared distances from the centre
	watched []int          // coordinates
	fixed   bool
}

const (
	firstSteps  = 5   // before there is a metric
	firstReach  = 2.2 // a little more than a quarter turn of a standard normal
	timeBins    = 48
	mostWatched = 32
	firstLook   = 25 // transitions
	// Paths of the warm-up are this much longer than the best ones, so that longer
	// ones can be seen to be better.
	margin = 1.25
)

func newLengthening(dim int, noise span, o *Options) lengthening {
	l := lengthening{Best: o.PathLength, fixed: o.PathLength > 0}
	var all []int
	for i := range dim {
		if !noise.holds(i) {
			all = append(all, i)
		}
	}
	if len(all) == 0 {
		all = noise.list()
	}
	n := min(len(all), mostWatched)
	for k := range n {
		l.watched = append(l.watched, all[k*len(all)/n])
	}
	l.Centre = make([]float64, n)
	return l
}

// jitter is a low-discrepancy sequence of factors between 0.5 and 1.5, so that no
// period of the dynamics is hit by every path.
func jitter(transition int) float64 {
	const golden = 0.6180339887498949
	_, u := math.Modf((float64(transition) + 0.5) * golden)
	return 0.5 + u
}

// steps is the number of steps of a transition's path.
func (l *lengthening) steps(transition int, stepSize float64, o *Options) int {
	mean := l.Best
	if transition < o.Warmup && !l.fixed {
		mean = l.Reach
	}
	if mean == 0 {
		mean = firstSteps * stepSize
	}
	return stepsOf(jitter(transition)*mean, stepSize, o.MaxSteps)
}

func stepsOf(length, stepSize float64, most int) int {
	return int(min(max(math.Round(length/stepSize), 1), float64(most)))
}

func (l *lengthening) clone() lengthening {
	c := *l
	c.Centre, c.Passing, c.Squares = slices.Clone(l.Centre), slices.Clone(l.Passing), slices.Clone(l.Squares)
	return c
}

// fits reports whether the correlations are those of a number of coordinates.
func (l *lengthening) fits(watched int) bool {
	n := len(l.Passing)
	return len(l.Centre) == watched && len(l.Squares) == n && (n == timeBins*watched || n == 0 && l.Reach == 0)
}

// restore takes over what an earlier run has learnt.
func (l *lengthening) restore(from *lengthening) {
	watched, fixed := l.watched, l.fixed
	*l = from.clone()
	l.watched, l.fixed = watched, fixed
}

// learning reports whether paths are to note what they pass.
func (l *lengthening) learning() bool { return !l.fixed && l.Reach > 0 }

// restart begins the correlations anew, for paths of a mean length.
func (l *lengthening) restart(reach float64) {
	for k := range l.Centre {
		if len(l.Passing) > 0 && l.Passing[k].Count > 0 {
			l.Centre[k] = l.Passing[k].Before / l.Passing[k].Count
		}
	}
	n := timeBins * len(l.watched)
	l.Reach, l.Seen, l.Look = reach, 0, firstLook
	l.Passing, l.Squares = make([]correlations, n), make([]correlations, n)
}

// learn takes in the paths of a transition.
func (l *lengthening) learn(chains []*chain, closes, last bool, o *Options) {
	if l.fixed {
		return
	}
	if l.learning() {
		for _, c := range chains {
			l.add(c.path, c.StepSize)
		}
		l.Seen++
		if l.Seen >= l.Look || closes || last {
			l.Look *= 2
			l.Best = l.best(chains[0].StepSize, o.MaxSteps)
		}
	}
	switch reach := max(l.Best*margin, chains[0].StepSize); {
	case closes && l.Reach == 0:
		l.restart(firstReach)
	case l.Best > 0 && l.Seen >= firstLook && (reach > l.Reach*1.2 || closes && reach < l.Reach/1.2):
		l.restart(reach)
	}
}

// width is the time that a bin covers; the longest path is 1.5 times the mean.
func (l *lengthening) width() float64 { return 1.5 * l.Reach / (timeBins - 1) }

// add takes in what a path has passed.
func (l *lengthening) add(h *path, stepSize float64) {
	n := len(l.watched)
	for step, accept := range h.accepts {
		bin := int(math.Round(float64(step+1) * stepSize / l.width()))
		if bin >= timeBins {
			break
		}
		for k, centre := range l.Centre {
			before, after := h.passed[k]-centre, h.passed[(step+1)*n+k]-centre
			l.Passing[bin*n+k].add(before, before+accept*(after-before))
			before, after = before*before, after*after
			l.Squares[bin*n+k].add(before, before+accept*(after-before))
		}
	}
}

// best is the mean length with the least autocorrelation time per gradient.
func (l *lengthening) best(stepSize float64, most int) float64 {
	const candidates, jitters = 60, 16
	best, least := l.Best, math.Inf(1)
	for i := range candidates {
		length := l.Reach * math.Pow(0.95, float64(i))
		if length < stepSize && i > 0 {
			break
		}
		cost, bins := 0.0, [jitters]float64{}
		for j := range bins {
			n := float64(stepsOf((0.5+(float64(j)+0.5)/jitters)*length, stepSize, most))
			cost += n / jitters
			bins[j] = n * stepSize / l.width()
		}
		worst := 0.0
		for k := range l.watched {
			linear, squares := 0.0, 0.0
			for _, at := range bins {
				linear += l.correlation(l.Passing, at, k) / jitters
				squares += l.correlation(l.Squares, at, k) / jitters
			}
			worst = max(worst, math.Sqrt(autocorrelationTime(linear)*autocorrelationTime(squares)))
		}
		if cost*worst < least {
			best, least = length, cost*worst
		}
	}
	return best
}

// autocorrelationTime is that of draws whose neighbours have a correlation, by a
// first-order autoregression.
func autocorrelationTime(correlation float64) float64 {
	correlation = min(max(correlation, -0.9), 0.999)
	return (1 + correlation) / (1 - correlation)
}

// correlation interpolates between the bins that paths have passed.
func (l *lengthening) correlation(of []correlations, at float64, k int) float64 {
	n := len(l.watched)
	low, high := int(math.Floor(at)), int(math.Floor(at))+1
	for low > 0 && (low >= timeBins || of[low*n+k].Count < 4) {
		low--
	}
	for high < timeBins && of[high*n+k].Count < 4 {
		high++
	}
	below := 1.0 // a path of no length
	if low > 0 {
		below = of[low*n+k].value()
	}
	if high >= timeBins {
		return below
	}
	share := (at - float64(low)) / float64(high-low)
	return below + share*(of[high*n+k].value()-below)
}

// correlations are the sums that give the correlation of two quantities.
type correlations struct{ Count, Before, After, Before2, After2, Product float64 }

func (c *correlations) add(before, after float64) {
	c.Count++
	c.Before += before
	c.After += after
	c.Before2 += before * before
	c.After2 += after * after
	c.Product += before * after
}

func (c *correlations) value() float64 {
	x, y := c.Before/c.Count, c.After/c.Count
	r := (c.Product/c.Count - x*y) / math.Sqrt((c.Before2/c.Count-x*x)*(c.After2/c.Count-y*y))
	if math.IsNaN(r) {
		return 1
	}
	return r
}
