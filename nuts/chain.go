package nuts

import "math"

// stage is what a chain needs its next gradient for.
type stage uint8

const (
	stageInitial  stage = iota // a starting position with a finite density
	stageSearch                // one leapfrog step of the search for a step size
	stageTransit               // a step of a trajectory
	stageFinished              // nothing more
)

// initialTries is how many starting positions are tried.
const initialTries = 100

// Step sizes beyond which the search for one gives up.
const (
	largestStep    = 1e7
	smallestStep   = 1e-300
	smallestStep32 = 1e-36 // in float32
)

// chain is one Markov chain as a state machine: it asks for the gradient at
// position(), is given it by advance, and so goes through its transitions
// without ever waiting for other chains.
type chain struct {
	number   int
	options  *Options
	schedule schedule
	random   Stream

	stage     stage
	tries     int
	tree      *trajectory
	variances variances
	averaging dualAveraging
	stepSize  float64

	search          phase // a leapfrog step from the current position
	searchEnergy    float64
	searchDirection int // 0 before the first step
	transition      int
	total           int
	leapfrogs       int64
	divergences     int

	// keep is called after each transition.
	keep func(transition int, q []float64, s Stats) error
}

func newChain(number, dim int, o *Options, noise span) *chain {
	c := &chain{number: number, options: o, schedule: newSchedule(o.Warmup), tree: newTrajectory(dim, o.MaxTreeDepth, noise),
		variances: newVariances(dim), search: newPhase(dim), stepSize: 1, total: o.Warmup + o.Draws}
	c.averaging.target = o.TargetAccept
	c.propose()
	return c
}

// propose puts a starting position into search.q.
func (c *chain) propose() { startPosition(c.options, c.number, c.tries, c.search.q, c.tree.noise) }

// startPosition is the position at which a chain starts, after some tries: noise
// drawn from its prior, everything else uniform.
func startPosition(o *Options, number, tries int, q []float64, noise span) {
	if o.Init != nil {
		copy(q, o.Init[number])
		return
	}
	random := NewStream(o.Seed, uint32(number), uint32(tries), purposeStart)
	for i := range q {
		if !noise.holds(i) {
			q[i] = 4*random.Uniform() - 2
		}
	}
	for i := noise.first; i < noise.end; i++ {
		q[i] = random.Normal()
	}
}

// pending is the point where the chain needs a gradient.
func (c *chain) pending() *phase {
	if c.stage == stageTransit {
		return c.tree.end()
	}
	return &c.search
}

// advance goes on after the gradient at pending() has been filled in.
func (c *chain) advance() error {
	switch c.stage {
	case stageInitial:
		return c.settle()
	case stageSearch:
		return c.searchStep()
	case stageTransit:
		if c.tree.absorb(c.stepSize, &c.random) {
			return c.finishTransition()
		}
		c.tree.kick(c.stepSize)
	}
	return nil
}

// settle takes a starting position if the density there is finite.
func (c *chain) settle() error {
	ok := !math.IsNaN(c.search.logDensity) && !math.IsInf(c.search.logDensity, 0)
	for _, g := range c.search.gradient {
		ok = ok && !math.IsNaN(g) && !math.IsInf(g, 0)
	}
	if !ok {
		c.tries++
		if c.options.Init != nil {
			return errBadStart(c.number)
		}
		if c.tries == initialTries {
			return errNoStart(c.number)
		}
		c.propose()
		return nil
	}
	start := &c.tree.proposal
	copy(start.q, c.search.q)
	copy(start.gradient, c.search.gradient)
	start.logDensity = c.search.logDensity
	if c.total == 0 {
		c.stage = stageFinished
		return nil
	}
	c.beginSearch()
	return nil
}

// beginSearch looks for a step size from which adaptation can start: doubled or
// halved until the acceptance of one step crosses 0.8 (Hoffman & Gelman 2014,
// algorithm 4).
func (c *chain) beginSearch() {
	c.random = NewStream(c.options.Seed, uint32(c.number), uint32(c.transition), purposeSearch)
	c.searchDirection = 0
	c.stage = stageSearch
	c.searchLeap()
}

func (c *chain) searchLeap() {
	start := &c.tree.proposal
	copy(c.search.q, start.q)
	copy(c.search.gradient, start.gradient)
	c.random.align() // a coordinate's momentum comes from a block of its own pair
	for i := range c.search.p {
		c.search.p[i] = c.random.Normal() / math.Sqrt(c.tree.inverseMass[i])
	}
	c.searchEnergy = c.tree.kinetic(c.search.p) - start.logDensity
	c.tree.halfKick(&c.search, c.stepSize)
	c.tree.drift(&c.search, c.stepSize)
}

func (c *chain) searchStep() error {
	c.tree.halfKick(&c.search, c.stepSize)
	c.leapfrogs++
	delta := c.searchEnergy - (c.tree.kinetic(c.search.p) - c.search.logDensity)
	direction := -1
	if delta > math.Log(0.8) { // false for NaN
		direction = 1
	}
	if c.searchDirection == 0 {
		c.searchDirection = direction
	}
	factor := math.Pow(2, float64(c.searchDirection))
	if direction != c.searchDirection {
		c.averaging.restart(c.stepSize)
		c.beginTransition()
		return nil
	}
	c.stepSize *= factor
	if largest := c.tree.largest(); c.stepSize > largest && largest < largestStep {
		c.stepSize = largest // the likelihood hardly bends the noise's own motion
		c.averaging.restart(c.stepSize)
		c.beginTransition()
		return nil
	}
	if c.stepSize > largestStep {
		return errTooLarge(c.number)
	}
	if c.stepSize < smallestStep {
		return errTooSmall(c.number)
	}
	c.searchLeap()
	return nil
}

func (c *chain) beginTransition() {
	c.stage = stageTransit
	c.random = NewStream(c.options.Seed, uint32(c.number), uint32(c.transition), purposeTransition)
	c.tree.start(&c.random)
	c.tree.kick(c.stepSize)
}

// finishTransition records the draw, adapts, and begins the next transition.
func (c *chain) finishTransition() error {
	t := c.tree
	c.leapfrogs += int64(t.leapfrogs)
	accept := t.acceptSum / float64(max(t.leapfrogs, 1))
	if c.transition >= c.options.Warmup && t.divergent {
		c.divergences++
	}
	if err := c.keep(c.transition, t.proposal.q, Stats{AcceptProb: accept, StepSize: c.stepSize, TreeDepth: t.depth, Leapfrogs: t.leapfrogs,
		Energy: t.proposalEnergy, Divergent: t.divergent, LogDensity: t.proposal.logDensity}); err != nil {
		return err
	}
	search := c.adapt(accept)
	c.transition++
	switch {
	case c.transition == c.total:
		c.stage = stageFinished
	case search:
		c.beginSearch()
	default:
		c.beginTransition()
	}
	return nil
}

// adapt moves step size and mass matrix after a warm-up transition, and reports
// whether the step size is to be searched for anew.
func (c *chain) adapt(accept float64) (search bool) {
	if c.transition >= c.options.Warmup {
		return false
	}
	c.averaging.update(accept)
	c.stepSize = min(c.averaging.stepSize(), c.tree.largest())
	if c.schedule.inWindow(c.transition) {
		c.variances.add(c.tree.proposal.q)
	}
	if c.schedule.closes[c.transition] {
		c.variances.into(c.tree.inverseMass)
		for i := c.tree.noise.first; i < c.tree.noise.end; i++ {
			c.tree.inverseMass[i] = 1
		}
		search = true
	}
	if c.transition == c.options.Warmup-1 {
		c.stepSize = min(c.averaging.final(), c.tree.largest())
		search = false
	}
	return search
}
