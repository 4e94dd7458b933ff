package cpu

import (
	"sync"
	"sync/atomic"
)

// crew is the goroutines of a device that wait for parts of large dispatches.
// They start with the first program that has one and live until the device is
// closed.
type crew[T float] struct {
	jobs      chan job[T]
	quit      chan struct{}
	once      sync.Once
	dismissed atomic.Bool
}

// job is a part of a dispatch for one worker.
type job[T float] struct {
	program           *program[T]
	dispatch          *dispatch[T]
	worker, low, high int
}

func (j job[T]) run() {
	j.program.errs[j.worker] = j.program.part(j.dispatch, j.worker, j.low, j.high)
	j.program.group.Done()
}

func (c *crew[T]) start(workers int) {
	c.once.Do(func() {
		for range workers {
			go c.work()
		}
	})
}

func (c *crew[T]) work() {
	for {
		select {
		case j := <-c.jobs:
			j.run()
		case <-c.quit:
			return
		}
	}
}

// give hands a job to the next worker that is free. Once the crew is dismissed
// the caller does it.
func (c *crew[T]) give(j job[T]) {
	select {
	case c.jobs <- j:
	case <-c.quit:
		j.run()
	}
}

func (c *crew[T]) dismiss() {
	if !c.dismissed.Swap(true) {
		close(c.quit)
	}
}
