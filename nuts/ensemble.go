package nuts

import (
	"context"
	"errors"
	"math"
	"sync"
)

// ensemble is what chains adapt together: the metric, and for paths the step size
// and their length. Chains of all groups meet in it at set transitions of the
// warm-up; the last group to arrive adapts, in the order of the chains, so that
// nothing depends on how they are grouped. What chains then do apart from each other
// every group does for its own. A nil ensemble is for chains that adapt alone.
type ensemble struct {
	options *Options
	chains  []*chain
	groups  int // that meet
	shared

	mutex   sync.Mutex
	met     *sync.Cond
	arrived int
	meeting int // number of the next meeting
	verdict verdict
}

// verdict is how chains go on from a meeting.
type verdict struct {
	stepSize float64 // of all chains; 0 where each has its own
	search   bool    // they look for a step size
	counts   bool    // each chain is yet to adapt to its transition and to count it
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
// all stand still, and adapts. The chains of each group then go on by the verdict. A
// group that the context calls away has not met.
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
			e.arrived--
			return err
		}
	}
	return nil
}

// adapt finds how the chains, which are waiting, go on.
func (e *ensemble) adapt() {
	if e.sharesStep() && e.Searching {
		sum := 0.0
		for _, c := range e.chains {
			sum += math.Log(c.StepSize)
		}
		e.Averaging.restart(math.Exp(sum / float64(len(e.chains))))
		e.Searching = false
		e.settle(verdict{stepSize: e.stepSize()})
		return
	}
	transition := e.chains[0].Transition
	closes, last := e.chains[0].schedule.closes[transition], transition == e.options.Warmup-1
	// What is made of all chains at once needs them adapted first.
	later := e.sharesStep() && !closes
	accept := 0.0
	for _, c := range e.chains {
		if !later {
			c.adapt()
			c.Transition++
		}
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
		e.settle(verdict{stepSize, e.Searching, later})
	case last:
		sum := 0.0
		for _, c := range e.chains {
			sum += math.Log(c.StepSize)
		}
		e.settle(verdict{stepSize: math.Exp(sum / float64(len(e.chains)))})
	default:
		e.settle(verdict{search: true})
	}
}

func (e *ensemble) stepSize() float64 { return min(e.Averaging.stepSize(), e.chains[0].largest()) }

// pool makes one metric of what all chains have gathered.
func (e *ensemble) pool() {
	all := e.chains[0].estimate
	for _, c := range e.chains[1:] {
		all.merge(c.estimate)
	}
	first := e.chains[0].metric
	all.into(first)
	before := first
	for _, c := range e.chains {
		if c.metric != before { // that of another group
			copy(c.inverseMass, first.inverseMass)
			c.setCovariance(first.covariance)
			before = c.metric
		}
		c.refresh()
	}
}

func (e *ensemble) settle(v verdict) { e.StepSize, e.verdict = v.stepSize, v }
