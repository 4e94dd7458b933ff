package nuts

import (
	"context"
	"errors"
	"math"
	"sync"
)

// ensemble is what chains adapt together: the metric, and for paths the step size
// and their length. Chains of all groups meet in it at set transitions of the
// warm-up; the last one to arrive adapts, in the order of the chains, so that
// nothing depends on how they are grouped. A nil ensemble is for chains that adapt
// alone.
type ensemble struct {
	options *Options
	chains  []*chain
	groups  int // that meet
	shared

	mutex   sync.Mutex
	met     *sync.Cond
	arrived int
	meeting int // number of the next meeting
}

// shared is what the ensemble has learnt.
type shared struct {
	Averaging dualAveraging
	Length    lengthening
	Searching bool // chains look for a step size
	StepSize  float64
}

func newEnsemble(o *Options, dim int, noise span, groups int) *ensemble {
	e := &ensemble{options: o, chains: make([]*chain, o.Chains), groups: groups}
	e.met = sync.NewCond(&e.mutex)
	e.Searching = true
	e.Length = newLengthening(dim, noise, o)
	return e
}

// restore takes over what an earlier run has learnt.
func (e *ensemble) restore(from *shared) error {
	if from == nil || !from.Length.fits(len(e.Length.watched)) {
		return errors.New("nuts: the checkpoint is damaged: what chains have learnt together is missing")
	}
	e.Averaging, e.Searching, e.StepSize = from.Averaging, from.Searching, from.StepSize
	e.Length.restore(&from.Length)
	return nil
}

// sharesStep reports whether all chains have one step size.
func (e *ensemble) sharesStep() bool { return e != nil && e.options.Algorithm == HMC }

// meets reports whether the chains adapt together after a transition.
func (e *ensemble) meets(transition int, s schedule) bool {
	return e != nil && transition < s.warmup && (e.sharesStep() || s.closes[transition] || transition == s.warmup-1)
}

// plan sets the length of a transition's path.
func (e *ensemble) plan(h *path, transition int, stepSize float64) {
	h.steps, h.watched = e.Length.steps(transition, stepSize, e.options), nil
	if transition < e.options.Warmup && e.Length.learning() {
		h.watched = e.Length.watched
	}
}

// meet waits for the chains of all other groups; the last group calls before, while
// all stand still, and adapts.
func (e *ensemble) meet(ctx context.Context, before func() error) error {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	e.arrived++
	if e.arrived == e.groups {
		if err := before(); err != nil {
			return err
		}
		e.arrived = 0
		e.meeting++
		e.adapt()
		e.met.Broadcast()
		return nil
	}
	stop := context.AfterFunc(ctx, func() {
		e.mutex.Lock()
		defer e.mutex.Unlock()
		e.met.Broadcast()
	})
	defer stop()
	for meeting := e.meeting; meeting == e.meeting; e.met.Wait() {
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// adapt goes on with all chains, which are waiting.
func (e *ensemble) adapt() {
	if e.sharesStep() && e.Searching {
		sum := 0.0
		for _, c := range e.chains {
			sum += math.Log(c.StepSize)
		}
		e.Averaging.restart(math.Exp(sum / float64(len(e.chains))))
		e.Searching = false
		e.release(e.stepSize(), false)
		return
	}
	transition := e.chains[0].Transition
	closes, last := e.chains[0].schedule.closes[transition], transition == e.options.Warmup-1
	accept := 0.0
	for _, c := range e.chains {
		c.adapt()
		c.Transition++
		accept += c.accept() / float64(len(e.chains))
	}
	if e.sharesStep() {
		e.Length.learn(e.chains, closes, last, e.options)
	}
	if closes {
		e.pool()
	}
	switch {
	case e.sharesStep():
		e.Averaging.update(accept, e.options.TargetAccept)
		stepSize := e.stepSize()
		if last {
			stepSize = min(e.Averaging.final(), e.chains[0].largest())
		}
		e.Searching = closes && !last
		e.release(stepSize, e.Searching)
	case last:
		sum := 0.0
		for _, c := range e.chains {
			sum += math.Log(c.StepSize)
		}
		e.release(math.Exp(sum/float64(len(e.chains))), false)
	default:
		e.release(0, true)
	}
}

func (e *ensemble) stepSize() float64 { return min(e.Averaging.stepSize(), e.chains[0].largest()) }

// pool makes one metric of what all chains have gathered.
func (e *ensemble) pool() {
	all := e.chains[0].estimate
	for _, c := range e.chains[1:] {
		all.merge(c.estimate)
	}
	first := &e.chains[0].metric
	all.into(first)
	for _, c := range e.chains {
		copy(c.inverseMass, first.inverseMass)
		c.setCovariance(first.covariance)
		c.refresh()
	}
}

// release lets all chains go on with a step size, or each with its own if that is 0.
func (e *ensemble) release(stepSize float64, search bool) {
	e.StepSize = stepSize
	for _, c := range e.chains {
		if stepSize > 0 {
			c.StepSize = stepSize
		}
		c.goOn(search)
	}
}
