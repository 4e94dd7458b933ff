package bench

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/nuts"
)

// Sampling is a run of the sampler on the built-in example.
type Sampling struct {
	Device    string  `json:"device"`
	Detail    string  `json:"detail"`
	Precision string  `json:"precision"`
	Algorithm string  `json:"algorithm"`
	Chains    int     `json:"chains"`
	Warmup    int     `json:"warmup"`
	Draws     int     `json:"draws"`           // kept of each chain
	Compile   float64 `json:"compile_seconds"` // of the target
	Seconds   float64 `json:"seconds"`         // of warm-up and draws
	Gradients float64 `json:"chain_gradients_per_second"`
	// Transitions is those of all chains per second, warm-up included; Effective the
	// effective draws (bulk, of the worse parameter) per second of the whole.
	Transitions float64 `json:"transitions_per_second"`
	Effective   float64 `json:"effective_draws_per_second"`
	PerGradient float64 `json:"effective_draws_per_gradient"`
	Rhat        float64 `json:"rhat"` // the larger of the two parameters'
	// What the planner counts for a gradient of all chains.
	Bytes int `json:"bytes"`
	Flops int `json:"flops"`
	// Limit is Effective if gradients ran at the device's limit and nothing else took time.
	Limit float64 `json:"limit_effective_draws_per_second,omitempty"`
}

func (x Sampling) device() string { return deviceName(x.Device, x.Detail, x.Precision) }

// seedSuite samples the built-in example by each algorithm with momenta.
func (s *session) seedSuite(ctx context.Context) error {
	for _, dev := range s.fast() {
		for _, o := range []nuts.Options{
			{Algorithm: nuts.HMC, Chains: 4, Warmup: 500, Draws: 4000},
			{Algorithm: nuts.NUTS, Chains: 4, Warmup: 1000, Draws: 4000},
			{Algorithm: nuts.HMC, Chains: 64, Warmup: 200, Draws: 200},
			{Algorithm: nuts.NUTS, Chains: 64, Warmup: 200, Draws: 200},
			{Algorithm: nuts.HMC, Chains: 1024, Warmup: 200, Draws: 200},
			{Algorithm: nuts.NUTS, Chains: 1024, Warmup: 200, Draws: 200},
		} {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err := s.sample(ctx, dev, o); err != nil {
				return err
			}
		}
	}
	return nil
}

// sample runs the sampler a few times and keeps the run of median time.
func (s *session) sample(ctx context.Context, dev device.Device, o nuts.Options) error {
	if _, err := s.limits(ctx, dev); err != nil {
		return err
	}
	info, repeats := dev.Info(), 5
	if s.Quick {
		repeats = 1
	}
	what := fmt.Sprintf("%s: %s, %v, %d chains", s.suite, deviceName(info.Name, info.Detail, precisionName(info.Precision)), o.Algorithm, o.Chains)
	s.Log(what)
	var runs []Sampling
	for range repeats {
		run, err := sampleOnce(ctx, dev, o)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			s.fail(what, err)
			return nil
		}
		runs = append(runs, run)
	}
	slices.SortFunc(runs, func(a, b Sampling) int { return int(math.Copysign(1, a.Seconds-b.Seconds)) })
	s.report.Sampling = append(s.report.Sampling, runs[len(runs)/2])
	return nil
}

func sampleOnce(ctx context.Context, dev device.Device, o nuts.Options) (Sampling, error) {
	target, err := bffg.NewTarget(bffg.Seed(), bffg.SeedData())
	if err != nil {
		return Sampling{}, err
	}
	o.Seed, o.Select = 1, parameters(target)
	run, err := nuts.Sample(ctx, dev, target, o)
	if err != nil {
		return Sampling{}, err
	}
	info := dev.Info()
	x := Sampling{Device: info.Name, Detail: info.Detail, Precision: precisionName(info.Precision), Algorithm: o.Algorithm.String(),
		Chains: o.Chains, Warmup: o.Warmup, Draws: o.Draws, Compile: run.CompileTime.Seconds(), Seconds: (run.WarmupTime + run.DrawsTime).Seconds()}
	effective := math.Inf(1)
	for i := range target.ParameterDim() {
		d := nuts.Describe(run.Coordinate(i))
		effective, x.Rhat = min(effective, d.ESSBulk), max(x.Rhat, d.Rhat)
	}
	if math.IsNaN(effective) || math.IsNaN(x.Rhat) {
		return x, fmt.Errorf("bench: the chains did not move; there are no effective draws")
	}
	gradients := float64(run.Gradients)
	x.Gradients, x.Transitions = gradients/x.Seconds, float64(o.Chains*(o.Warmup+o.Draws))/x.Seconds
	x.Effective, x.PerGradient = effective/x.Seconds, effective/gradients
	e, err := target.Open(dev, o.Chains)
	if err != nil {
		return x, err
	}
	cost := e.(*bffg.Evaluator).Cost
	x.Bytes, x.Flops = cost.Bytes, cost.Operations
	return x, e.Close()
}
