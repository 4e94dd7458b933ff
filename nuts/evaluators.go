package nuts

import (
	"errors"
	"io"
	"sync"

	"github.com/hxgpu/hxgpu/device"
)

// Copyable is an evaluator of which there can be another one on the same device, for as
// many chains, at less cost than opening the target again: an [Evaluator] or a
// [ValueEvaluator], E says which.
type Copyable[E any] interface{ Copy() (E, error) }

// opened is an evaluator of gradients or, for random walks, of values.
type opened struct {
	io.Closer
	gradient Evaluator
	value    ValueEvaluator
}

// evaluators are those of a run. Each group has one of its own or, where groups wait for
// turns, works with one of the worker that it has at the time.
type evaluators struct {
	sizes  []int            // the number of chains of each group
	bySize map[int][]opened // by number of chains
	own    bool
}

// of are the evaluators of a group, by worker.
func (e *evaluators) of(group int) []opened {
	all := e.bySize[e.sizes[group]]
	if !e.own {
		return all
	}
	before := 0
	for _, size := range e.sizes[:group] {
		if size == e.sizes[group] {
			before++
		}
	}
	return all[before : before+1]
}

func (e *evaluators) close() error {
	var errs []error
	for _, all := range e.bySize {
		for _, x := range all {
			if x.Closer != nil {
				errs = append(errs, x.Close())
			}
		}
	}
	return errors.Join(errs...)
}

// openEvaluators opens what groups of some sizes need: the first of each size side by
// side, the others as its copies where it can be copied.
func (s *sampling) openEvaluators(dev device.Device, target Target, sizes []int) error {
	e := evaluators{sizes: sizes, bySize: map[int][]opened{}, own: s.turns.workers() == 0 || s.options.Sampler == OnDevice}
	s.evaluators = e
	for _, size := range sizes {
		if e.own {
			e.bySize[size] = append(e.bySize[size], opened{})
		} else {
			e.bySize[size] = make([]opened, s.turns.workers())
		}
	}
	var all sync.WaitGroup
	var mutex sync.Mutex
	var errs []error
	try := func(to *opened, open func() (opened, error)) bool {
		x, err := open()
		if err != nil {
			mutex.Lock()
			defer mutex.Unlock()
			errs = append(errs, err)
			return false
		}
		*to = x
		return true
	}
	for size, same := range e.bySize {
		all.Go(func() {
			open := func() (opened, error) { return s.openEvaluator(dev, target, size) }
			if !try(&same[0], open) {
				return
			}
			for i := range same[1:] {
				if same[0].copyable() {
					try(&same[i+1], same[0].copy)
				} else {
					all.Go(func() { try(&same[i+1], open) })
				}
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

func (s *sampling) openEvaluator(dev device.Device, target Target, chains int) (opened, error) {
	if s.options.Algorithm == RandomWalk {
		e, err := openValue(dev, target, chains)
		return opened{Closer: e, value: e}, err
	}
	e, err := target.Open(dev, chains)
	return opened{Closer: e, gradient: e}, err
}

func (o opened) copyable() bool {
	_, gradient := o.gradient.(Copyable[Evaluator])
	_, value := o.value.(Copyable[ValueEvaluator])
	return gradient || value
}

// copy is another evaluator like one that is copyable.
func (o opened) copy() (opened, error) {
	if e, ok := o.value.(Copyable[ValueEvaluator]); ok {
		value, err := e.Copy()
		return opened{Closer: value, value: value}, err
	}
	gradient, err := o.gradient.(Copyable[Evaluator]).Copy()
	return opened{Closer: gradient, gradient: gradient}, err
}
