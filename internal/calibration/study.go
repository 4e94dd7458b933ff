package calibration

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/cpu"
)

// Study is what is calibrated.
type Study struct {
	// Quantities are what is ranked: parameters, and functions of parameters, states
	// and data.
	Quantities []string
	// Draws is how many draws a truth is ranked among.
	Draws int
	// Fit draws parameters from the prior, simulates a data set and fits it. It gives
	// the true value of every quantity and its nearly independent draws,
	// draws[quantity][draw]. Nothing but the number of the data set decides its random
	// numbers. It is called from several goroutines, each with a device of its own.
	Fit func(ctx context.Context, dev device.Device, dataSet int) (truth []float64, draws [][]float64, err error)
}

// Run fits a number of data sets, so many at a time.
func (s Study) Run(ctx context.Context, dataSets, workers int) (*Result, error) {
	r := &Result{Quantities: s.Quantities, Draws: s.Draws, Ranks: make([][]int, len(s.Quantities))}
	for q := range r.Ranks {
		r.Ranks[q] = make([]int, dataSets)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var next atomic.Int64
	errs := make([]error, workers)
	var wait sync.WaitGroup
	for w := range workers {
		wait.Add(1)
		go func() {
			defer wait.Done()
			dev, err := cpu.Open(cpu.Options{Workers: 1})
			if err != nil {
				errs[w] = err
				return
			}
			for i := int(next.Add(1)) - 1; i < dataSets && err == nil; i = int(next.Add(1)) - 1 {
				err = s.rank(ctx, dev, i, r)
			}
			if err != nil {
				cancel() // the others need not go on
			}
			errs[w] = errors.Join(err, dev.Close())
		}()
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil && !errors.Is(err, context.Canceled) {
			return nil, err // the one that stopped the others
		}
	}
	return r, errors.Join(errs...)
}

// rank fits one data set and ranks its truth.
func (s Study) rank(ctx context.Context, dev device.Device, dataSet int, r *Result) error {
	truth, draws, err := s.Fit(ctx, dev, dataSet)
	if err != nil {
		return fmt.Errorf("calibration: data set %d: %w", dataSet, err)
	}
	if len(truth) != len(s.Quantities) || len(draws) != len(s.Quantities) {
		return fmt.Errorf("calibration: data set %d: %d truths and draws of %d quantities, there are %d", dataSet, len(truth), len(draws), len(s.Quantities))
	}
	for q, values := range draws {
		if len(values) != s.Draws {
			return fmt.Errorf("calibration: data set %d: %d draws of %s, not %d", dataSet, len(values), s.Quantities[q], s.Draws)
		}
		for _, x := range values {
			if math.IsNaN(x) || math.IsNaN(truth[q]) {
				return fmt.Errorf("calibration: data set %d: a draw of %s is %v, the truth %v", dataSet, s.Quantities[q], x, truth[q])
			}
			if x < truth[q] {
				r.Ranks[q][dataSet]++
			}
		}
	}
	return nil
}

// Result are the ranks of a study.
type Result struct {
	Quantities []string
	Draws      int     // ranks are 0 to Draws
	Ranks      [][]int // [quantity][data set]
}
