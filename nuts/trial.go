package nuts

import (
	"context"
	"errors"
	"time"

	"github.com/hxgpu/hxgpu/device"
)

// trialTicks is how many gradients a trial submits at once where the sampler would
// run on the device.
const trialTicks = 16

// Trial measures how long a gradient of all chains takes on a device, submitted
// as [Sample] would, so that devices can be compared before one is chosen. It
// takes about as long as asked for, compilation not counted.
func Trial(ctx context.Context, dev device.Device, target Target, chains int, atLeast time.Duration) (_ time.Duration, err error) {
	e, err := target.Open(dev, chains)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	n := target.Dim() * chains
	q, slope, density := make([]float64, n), make([]float64, n), make([]float64, chains)
	once, gradients := func() error { return e.Gradient(ctx, q, density, slope) }, 1
	if err := once(); err != nil {
		return 0, err
	}
	if recordable, can := e.(Recordable); can && dev.Info().Fuses {
		program, err := dev.Record(device.Recording{Name: "trial", Stages: recordable.Stages(), ChainsIndependent: true, Repeat: trialTicks})
		if err != nil {
			return 0, err
		}
		defer func() { err = errors.Join(err, program.Close()) }()
		once, gradients = func() error { return program.Run(ctx) }, trialTicks
		if err := once(); err != nil {
			return 0, err
		}
	}
	began, runs := time.Now(), 0
	for runs == 0 || time.Since(began) < atLeast {
		if err := once(); err != nil {
			return 0, err
		}
		runs++
	}
	return time.Since(began) / time.Duration(runs*gradients), nil
}
