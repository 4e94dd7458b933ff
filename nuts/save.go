package nuts

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// saving gathers a checkpoint from the groups, each of which gives the state of its
// chains between two of its ticks, so that no group waits for another.
type saving struct {
	every time.Duration
	next  atomic.Int64 // nanoseconds since the start at which the next one is due

	underWay  atomic.Bool
	mutex     sync.Mutex
	pending   []bool // groups that are still to give their chains; nil between checkpoints
	left      []bool // groups that have ended: their chains do not change any more
	record    *record
	resumable []int // transitions by chain
}

// offer is called by a group between its ticks: it begins a checkpoint if one is
// due, and gives what one under way still needs of the group.
func (s *sampling) offer(i int) error {
	if s.options.OnCheckpoint == nil {
		return nil
	}
	if !s.checkpointDue() {
		return nil
	}
	v := &s.saving
	v.mutex.Lock()
	defer v.mutex.Unlock()
	if v.pending == nil && int64(time.Since(s.began)) >= v.next.Load() {
		s.beginCheckpoint()
	}
	if v.pending == nil || !v.pending[i] {
		return nil
	}
	return s.give(i)
}

// checkpointDue reports whether a checkpoint is due or under way.
func (s *sampling) checkpointDue() bool {
	v := &s.saving
	return s.options.OnCheckpoint != nil && (v.underWay.Load() || int64(time.Since(s.began)) >= v.next.Load())
}

// beginCheckpoint asks all groups for their chains.
func (s *sampling) beginCheckpoint() {
	v := &s.saving
	v.underWay.Store(true)
	v.pending = make([]bool, len(s.groups))
	for i := range v.pending {
		v.pending[i] = true
	}
	v.record = &record{Settings: fingerprintOf(s.options, s.dim)}
	v.resumable = make([]int, s.options.Chains)
	for i, left := range v.left {
		if left {
			v.pending[i] = false
			if err := s.groups[i].save(v.record, v.resumable); err != nil {
				v.pending = nil
				v.underWay.Store(false) // the group cannot be saved any more; there will be no checkpoint
				return
			}
		}
	}
}

// give adds a group to the checkpoint under way and completes it with the last one.
func (s *sampling) give(i int) error {
	v := &s.saving
	if err := s.groups[i].save(v.record, v.resumable); err != nil {
		return err
	}
	v.pending[i] = false
	if slices.Contains(v.pending, true) {
		return nil
	}
	return s.complete()
}

// giveAll completes a checkpoint under way while all groups stand still.
func (s *sampling) giveAll() error {
	v := &s.saving
	v.mutex.Lock()
	defer v.mutex.Unlock()
	for i := 0; i < len(v.pending); i++ { // give sets pending to nil in the end
		if v.pending[i] {
			if err := s.give(i); err != nil {
				return err
			}
		}
	}
	return nil
}

// leave says that a group has ended.
func (s *sampling) leave(i int) error {
	if s.options.OnCheckpoint == nil {
		return nil
	}
	v := &s.saving
	v.mutex.Lock()
	defer v.mutex.Unlock()
	v.left[i] = true
	if v.pending != nil && v.pending[i] {
		return s.give(i)
	}
	return nil
}

// complete hands the checkpoint over.
func (s *sampling) complete() error {
	v := &s.saving
	v.pending = nil
	v.underWay.Store(false)
	if s.ensemble != nil {
		learnt := s.ensemble.shared
		learnt.Length = learnt.Length.clone()
		v.record.Shared = &learnt
	}
	slices.SortFunc(v.record.Device, func(a, b deviceRecord) int { return a.First - b.First })
	checkpoint := &Checkpoint{Transitions: v.resumable, record: *v.record}
	v.record = nil
	began := time.Now()
	s.drawing.Lock()
	err := s.options.OnCheckpoint(checkpoint)
	s.drawing.Unlock()
	if err != nil {
		return &callbackError{fmt.Errorf("nuts: OnCheckpoint: %w", err)}
	}
	// A checkpoint that takes long is made rarely.
	v.next.Store(int64(time.Since(s.began) + max(v.every, 20*time.Since(began))))
	return nil
}

// callbackError is what a caller's function says; it ends a run without a last
// checkpoint.
type callbackError struct{ error }

func (e *callbackError) Unwrap() error { return e.error }

// last makes the checkpoint of a run that has ended.
func (s *sampling) last() error {
	s.saving.mutex.Lock()
	defer s.saving.mutex.Unlock()
	s.saving.pending = nil
	s.saving.left = make([]bool, len(s.groups))
	s.beginCheckpoint()
	for i := range s.groups {
		if err := s.give(i); err != nil {
			return err
		}
	}
	return nil
}
