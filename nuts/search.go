package nuts

import "math"

// Step sizes beyond which the search for one gives up.
const (
	largestStep    = 1e7
	smallestStep   = 1e-300
	smallestStep32 = 1e-36 // in float32
)

// beginSearch looks for a step size from which adaptation can start: doubled or
// halved until the acceptance of one step crosses 0.8 (Hoffman & Gelman 2014,
// algorithm 4).
func (c *chain) beginSearch() {
	c.Stage = stageSearch
	c.mark()
	c.random = NewStream(c.options.Seed, uint32(c.number), uint32(c.Transition), purposeSearch)
	c.searchDirection = 0
	c.searchLeap()
}

func (c *chain) searchLeap() {
	c.search.takePoint(&c.state)
	c.random.align() // a coordinate's momentum comes from a block of its own pair
	c.momentum(c.search.p, &c.random)
	c.searchEnergy = c.kinetic(c.search.p) - c.state.logDensity
	c.firstHalf(&c.search, c.StepSize)
}

func (c *chain) searchStep() error {
	kinetic := c.secondHalf(&c.search, c.StepSize)
	c.Leapfrogs++
	delta := c.searchEnergy - (kinetic - c.search.logDensity)
	direction := -1
	if delta > math.Log(0.8) { // false for NaN
		direction = 1
	}
	if c.searchDirection == 0 {
		c.searchDirection = direction
	}
	if direction != c.searchDirection {
		c.found()
		return nil
	}
	c.StepSize *= math.Pow(2, float64(direction))
	if largest := c.largest(); c.StepSize > largest && largest < largestStep {
		c.StepSize = largest // the likelihood hardly bends the noise's own motion
		c.found()
		return nil
	}
	if c.StepSize > largestStep {
		return errTooLarge(c.number)
	}
	if c.StepSize < smallestStep {
		return errTooSmall(c.number)
	}
	c.searchLeap()
	return nil
}

// found ends the search.
func (c *chain) found() {
	if c.ensemble.sharesStep() {
		c.Stage = stageWaiting
		return
	}
	c.Averaging.restart(c.StepSize)
	c.beginTransition()
}
