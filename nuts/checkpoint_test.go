package nuts_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/cpu"
	"github.com/hxgpu/hxgpu/nuts"
)

// drawn collects what OnDraw gives, and the last checkpoint.
type drawn struct {
	draws map[[2]int][]float64
	stats map[[2]int]nuts.Stats
	last  []byte
	saves int
}

func (d *drawn) onDraw(chain, draw int, q []float64, s nuts.Stats) error {
	at := [2]int{chain, draw}
	d.draws[at], d.stats[at] = append([]float64(nil), q...), s
	return nil
}

func (d *drawn) onCheckpoint(c *nuts.Checkpoint) (err error) {
	d.saves++
	d.last, err = c.MarshalBinary()
	return err
}

// TestResume: a run that is stopped again and again, each time without a last
// checkpoint or with one, and goes on from its last checkpoint, makes the same
// draws as one that is never stopped, whatever the algorithm, however the chains
// are grouped; more draws can be added at the end.
func TestResume(t *testing.T) {
	dev := openCPU(t, device.Float64)
	one, err := cpu.Open(cpu.Options{Workers: 1})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, one.Close()) })
	target := noisyFunnel{funnel{3}, 4}
	for name, o := range map[string]nuts.Options{
		"nuts":          {Algorithm: nuts.NUTS},
		"nuts leapfrog": {Algorithm: nuts.NUTS, Integrator: nuts.Leapfrog, Metric: nuts.MetricGradient, StepJitter: 0.2},
		"nuts pooled":   {Algorithm: nuts.NUTS, Pooled: true, Metric: nuts.MetricDense},
		"nuts device":   {Algorithm: nuts.NUTS, Sampler: nuts.OnDevice, Groups: 2},
		"hmc":           {Algorithm: nuts.HMC},
		"hmc fixed":     {Algorithm: nuts.HMC, PathLength: 1.5, Metric: nuts.MetricDense},
		"hmc device":    {Algorithm: nuts.HMC, Sampler: nuts.OnDevice, Groups: 2},
		"pooled device": {Algorithm: nuts.NUTS, Pooled: true, Sampler: nuts.OnDevice, Groups: 2, Integrator: nuts.Rotation},
		"rw":            {Algorithm: nuts.RandomWalk, Blocks: 2},
	} {
		t.Run(name, func(t *testing.T) {
			o.Chains, o.Warmup, o.Draws, o.Seed, o.KeepWarmup, o.MaxTreeDepth, o.Discard = 3, 150, 120, 7, true, 5, true
			whole := &drawn{draws: map[[2]int][]float64{}, stats: map[[2]int]nuts.Stats{}}
			plain := o
			plain.OnDraw, plain.OnCheckpoint, plain.CheckpointEvery = whole.onDraw, whole.onCheckpoint, time.Hour
			finished, err := nuts.Sample(context.Background(), dev, target, plain)
			require.NoError(t, err)
			require.Len(t, whole.draws, 3*270)
			require.Equal(t, 1, whole.saves)

			parts := &drawn{draws: map[[2]int][]float64{}, stats: map[[2]int]nuts.Stats{}}
			random := nuts.NewStream(1, 0, 0, nuts.PurposeSimulation)
			stops := 0
			fewer := o
			fewer.Draws = 90
			for {
				part := fewer
				if parts.last != nil {
					part.Resume = &nuts.Checkpoint{}
					require.NoError(t, part.Resume.UnmarshalBinary(parts.last))
				}
				if o.Sampler != nuts.OnDevice {
					part.Groups = 1 + stops%3
				}
				on := dev
				if stops%4 > 1 {
					on = one // groups take turns
				}
				ctx, cancel := context.WithCancel(context.Background())
				killed := errors.New("killed")
				left := int(150 * random.Uniform())
				hard := stops%2 == 0 // nothing more is saved
				part.CheckpointEvery = 200 * time.Microsecond
				part.OnCheckpoint = parts.onCheckpoint
				part.OnDraw = func(chain, draw int, q []float64, s nuts.Stats) error {
					if left--; left == 0 && hard {
						return killed
					} else if left == 0 {
						cancel()
					}
					return parts.onDraw(chain, draw, q, s)
				}
				run, err := nuts.Sample(ctx, on, target, part)
				cancel()
				if err == nil && part.Draws == o.Draws {
					require.Equal(t, finished.Gradients, run.Gradients)
					require.Equal(t, finished.Values, run.Values)
					require.Equal(t, finished.StepSizes, run.StepSizes)
					break
				}
				if err == nil {
					fewer.Draws = o.Draws // more draws than were asked for at first
					continue
				}
				require.True(t, errors.Is(err, killed) || errors.Is(err, context.Canceled), "%v", err)
				stops++
				require.Less(t, stops, 200)
			}
			require.Greater(t, stops, 3)
			require.Equal(t, whole.draws, parts.draws)
			require.Equal(t, whole.stats, parts.stats)
		})
	}
}

// TestCheckpointFaults: a checkpoint of another run, a damaged one and one with more
// draws than are asked for are refused in words.
func TestCheckpointFaults(t *testing.T) {
	dev := openCPU(t, device.Float64)
	d := &drawn{}
	o := nuts.Options{Chains: 2, Warmup: 20, Draws: 20, Seed: 1, OnCheckpoint: d.onCheckpoint}
	_, err := nuts.Sample(context.Background(), dev, funnel{2}, o)
	require.NoError(t, err)
	resume := func(change func(o *nuts.Options), target nuts.Target) error {
		again := o
		again.OnCheckpoint = nil
		again.Resume = &nuts.Checkpoint{}
		require.NoError(t, again.Resume.UnmarshalBinary(d.last))
		change(&again)
		_, err := nuts.Sample(context.Background(), dev, target, again)
		return err
	}
	require.NoError(t, resume(func(o *nuts.Options) {}, funnel{2}))
	require.ErrorContains(t, resume(func(o *nuts.Options) { o.Seed = 2 }, funnel{2}), "a run with other settings")
	require.ErrorContains(t, resume(func(o *nuts.Options) {}, funnel{3}), "a run with other settings")
	require.ErrorContains(t, resume(func(o *nuts.Options) { o.Draws = 10 }, funnel{2}), "more than the 30 asked for")
	require.ErrorContains(t, resume(func(o *nuts.Options) { o.Resume.Transitions = nil }, funnel{2}), "damaged")
	require.ErrorContains(t, resume(func(o *nuts.Options) { o.Sampler = nuts.OnDevice }, funnel{2}), "or on the host")
	require.ErrorContains(t, resume(func(o *nuts.Options) { o.Resume.Chains = o.Resume.Chains[:1] }, funnel{2}), "damaged")
	for cut := range len(d.last) {
		require.Error(t, new(nuts.Checkpoint).UnmarshalBinary(d.last[:cut]), fmt.Sprint(cut))
	}
	o.OnCheckpoint = func(*nuts.Checkpoint) error { return errors.New("no space left") }
	_, err = nuts.Sample(context.Background(), dev, funnel{2}, o)
	require.ErrorContains(t, err, "OnCheckpoint: no space left")
}
