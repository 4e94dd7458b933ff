package nuts

// stage is what a chain needs its next gradient for.
type stage uint8

const (
	stageInitial  stage = iota // a starting position with a finite density
	stageSearch                // one leapfrog step of the search for a step size
	stageTransit               // a step of a transition
	stageWaiting               // nothing until the ensemble has adapted; the transition is not counted yet
	stageFinished              // nothing more
)

// chain is one Markov chain as a state machine: it asks for the gradient at
// pending(), is given it by advance, and so goes through its transitions
// without ever waiting for other chains, unless they adapt together.
type chain struct {
	number   int
	options  *Options
	schedule schedule
	random   Stream
	*dynamics
	move     move
	path     *path // the move, where that is a path
	estimate *estimate
	ensemble *ensemble // nil where chains adapt alone
	total    int

	progress
	begin boundary // where the transition or search under way began

	search          phase // a step from the current state
	searchEnergy    float64
	searchDirection int // 0 before the first step

	// keep is called after each transition.
	keep func(transition int, q []float64, s Stats) error
}

// progress is how far a chain is.
type progress struct {
	Stage       stage
	Transition  int // finished ones
	StepSize    float64
	Averaging   dualAveraging
	Leapfrogs   int64
	Divergences int // after warm-up
	Tries       int // starting positions given up
}

// boundary is a chain between two transitions.
type boundary struct {
	progress
	point phase
}

func newChain(number int, by *integrator, s *sampling) *chain {
	o, dim := s.options, s.dim
	c := &chain{number: number, options: o, schedule: newSchedule(o.Warmup), dynamics: newDynamics(by),
		estimate: newEstimate(o.Metric, dim, s.block), search: newPhase(dim), ensemble: s.ensemble}
	if o.UnitNoise {
		c.estimate.unit = s.whitened
	}
	c.StepSize = 1
	c.begin.point = newPhase(dim)
	if o.Algorithm == HMC {
		c.path = newPath(c.dynamics)
		c.move = c.path
	} else {
		c.move = newTrajectory(c.dynamics, o.MaxTreeDepth)
	}
	c.propose()
	c.mark()
	return c
}

// propose puts a starting position into search.q.
func (c *chain) propose() { startPosition(c.options, c.number, c.Tries, c.search.q, c.noise) }

// pending is the point where the chain needs a gradient.
func (c *chain) pending() *phase {
	if c.Stage == stageTransit {
		return c.move.pending()
	}
	return &c.search
}

// advance goes on after the gradient at pending() has been filled in.
func (c *chain) advance() error {
	switch c.Stage {
	case stageInitial:
		return c.settle()
	case stageSearch:
		return c.searchStep()
	case stageTransit:
		if c.move.absorb(c.jittered(), &c.random) {
			return c.finishTransition()
		}
		c.move.kick(c.jittered())
	}
	return nil
}

// idle reports whether the chain needs no gradient.
func (c *chain) idle() bool { return c.Stage == stageWaiting || c.Stage == stageFinished }

// mark notes that the chain is between two transitions, for a checkpoint.
func (c *chain) mark() {
	if c.options.OnCheckpoint == nil {
		return
	}
	c.begin.progress = c.progress
	c.begin.point.takePoint(&c.state)
}

// settle takes a starting position if the density there is finite.
func (c *chain) settle() error {
	if !c.search.finite() {
		c.Tries++
		if c.options.Init != nil {
			return errBadStart(c.number)
		}
		if c.Tries == initialTries {
			return errNoStart(c.number)
		}
		c.propose()
		return nil
	}
	c.state.takePoint(&c.search)
	if c.options.Warmup+c.options.Draws == 0 {
		c.Stage = stageFinished
		c.mark()
		return nil
	}
	c.beginSearch()
	return nil
}

func (c *chain) beginTransition() {
	c.Stage = stageTransit
	c.mark()
	c.random = NewStream(c.options.Seed, uint32(c.number), uint32(c.Transition), purposeTransition)
	if c.path != nil {
		c.ensemble.plan(c.path, c.Transition, c.StepSize)
	}
	c.move.start(&c.random)
	c.move.kick(c.jittered())
}

// jittered is the step size of the transition under way.
func (c *chain) jittered() float64 {
	if c.options.StepJitter == 0 {
		return c.StepSize
	}
	random := NewStream(c.options.Seed, uint32(c.number), uint32(c.Transition), purposeJitter)
	return c.StepSize * (1 + c.options.StepJitter*(2*random.Uniform()-1))
}

// finishTransition records the draw, adapts, and begins the next transition.
func (c *chain) finishTransition() error {
	c.Leapfrogs += int64(c.leapfrogs)
	warming := c.Transition < c.options.Warmup
	if !warming && c.divergent {
		c.Divergences++
	}
	if err := c.keep(c.Transition, c.state.q, Stats{AcceptProb: c.accept(), StepSize: c.StepSize, TreeDepth: c.depth, Leapfrogs: c.leapfrogs,
		Energy: c.energy, Divergent: c.divergent, LogDensity: c.state.logDensity}); err != nil {
		return err
	}
	if c.ensemble.meets(c.Transition, c.schedule) {
		c.Stage = stageWaiting
		return nil
	}
	search := warming && c.adapt()
	c.Transition++
	c.goOn(search)
	return nil
}

// follow goes on from a meeting of the ensemble.
func (c *chain) follow(v verdict) {
	if v.counts {
		c.adapt()
		c.Transition++
	}
	if v.stepSize > 0 {
		c.StepSize = v.stepSize
	}
	c.goOn(v.search)
}

// goOn begins what follows a transition.
func (c *chain) goOn(search bool) {
	switch {
	case c.Transition >= c.total:
		c.Stage = stageFinished
		c.mark()
	case search:
		c.beginSearch()
	default:
		c.beginTransition()
	}
}

// adapt moves step size and mass matrix after a warm-up transition, and reports
// whether the step size is to be searched for anew. What chains adapt together is
// left to the ensemble.
func (c *chain) adapt() (search bool) {
	if c.schedule.inWindow(c.Transition) {
		c.estimate.add(&c.state)
	}
	if c.ensemble.sharesStep() {
		return false
	}
	c.Averaging.update(c.accept(), c.options.TargetAccept)
	c.StepSize = min(c.Averaging.stepSize(), c.largest())
	if c.schedule.closes[c.Transition] && c.ensemble == nil {
		c.estimate.into(c.metric)
		c.refresh()
		search = true
	}
	if c.Transition == c.options.Warmup-1 {
		c.StepSize = min(c.Averaging.final(), c.largest())
		search = false
	}
	return search
}
