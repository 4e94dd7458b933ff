package nuts

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/device"
)

// counted is a target that counts its evaluators.
type counted struct {
	hostTarget
	opened, copied, closed *atomic.Int32
	most                   int32 // that can be opened
}

func (c counted) Open(dev device.Device, chains int) (Evaluator, error) {
	if c.opened.Add(1) > c.most {
		return nil, errors.New("no more")
	}
	e, err := c.hostTarget.Open(dev, chains)
	return &countedEvaluator{e.(*hostEvaluator), c}, err
}

type countedEvaluator struct {
	*hostEvaluator
	of counted
}

func (e *countedEvaluator) Close() error {
	e.of.closed.Add(1)
	return nil
}

// copyable is a counted target whose evaluators can be copied.
type copyable struct{ counted }

func (c copyable) Open(dev device.Device, chains int) (Evaluator, error) {
	e, err := c.counted.Open(dev, chains)
	if err != nil {
		return nil, err
	}
	return &copyableEvaluator{e.(*countedEvaluator)}, nil
}

type copyableEvaluator struct{ *countedEvaluator }

func (e *copyableEvaluator) Copy() (Evaluator, error) {
	e.of.copied.Add(1)
	another := *e.hostEvaluator
	another.q, another.gradient = make([]float64, e.dim), make([]float64, e.dim)
	return &copyableEvaluator{&countedEvaluator{&another, e.of}}, nil
}

// TestEvaluators: a run has an evaluator for each group or, where groups wait for turns,
// one for each worker and number of chains; they are copies where they can be, and all of
// them are closed, also where one cannot be opened.
func TestEvaluators(t *testing.T) {
	for _, c := range []struct {
		chains, groups, workers          int
		algorithm                        Algorithm
		opened, openedIfCopyable, copied int32
	}{
		{4, 2, 2, NUTS, 2, 1, 1},
		{3, 2, 2, NUTS, 2, 2, 0},
		{8, 4, 2, NUTS, 2, 1, 1},
		{8, 4, 2, HMC, 2, 1, 1},
		{7, 4, 2, NUTS, 4, 2, 2},
		{8, 8, 1, RandomWalk, 1, 1, 0},
	} {
		o := Options{Algorithm: c.algorithm, Chains: c.chains, Groups: c.groups, Warmup: 5, Draws: 5}
		target := counted{normalTarget(1, 2), new(atomic.Int32), new(atomic.Int32), new(atomic.Int32), 100}
		_, err := Sample(context.Background(), processor{workers: c.workers}, target, o)
		require.NoError(t, err)
		require.Equal(t, []int32{c.opened, c.opened}, []int32{target.opened.Load(), target.closed.Load()}, "%+v", c)
		target = counted{target.hostTarget, new(atomic.Int32), new(atomic.Int32), new(atomic.Int32), 100}
		_, err = Sample(context.Background(), processor{workers: c.workers}, copyable{target}, o)
		require.NoError(t, err)
		require.Equal(t, []int32{c.openedIfCopyable, c.copied, c.openedIfCopyable + c.copied},
			[]int32{target.opened.Load(), target.copied.Load(), target.closed.Load()}, "%+v", c)
	}
	target := counted{normalTarget(1, 2), new(atomic.Int32), new(atomic.Int32), new(atomic.Int32), 1}
	_, err := Sample(context.Background(), processor{workers: 2}, target, Options{Chains: 4, Groups: 2})
	require.ErrorContains(t, err, "no more")
	require.Equal(t, []int32{2, 1}, []int32{target.opened.Load(), target.closed.Load()})
}
