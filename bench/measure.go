package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/plan"
	"github.com/hxgpu/hxgpu/nuts"
)

// Result is what was measured of a case on a device, and what the planner counted.
type Result struct {
	Suite     string `json:"suite,omitempty"`
	Device    string `json:"device"`
	Detail    string `json:"detail"`
	Precision string `json:"precision"`
	Tree      string `json:"tree"`
	Leaves    int    `json:"leaves"`
	Nodes     int    `json:"nodes"`
	Traits    int    `json:"traits,omitempty"`
	Landmarks int    `json:"landmarks,omitempty"`
	Steps     int    `json:"steps,omitempty"`
	Chains    int    `json:"chains"`
	Schedule  string `json:"schedule"`
	// Compile is the seconds from the model and its data to a gradient ready to run.
	Compile float64 `json:"compile_seconds"`
	// Gradients is chain-gradients per second; PerNode the nanoseconds per node and
	// chain.
	Gradients float64 `json:"chain_gradients_per_second"`
	PerNode   float64 `json:"ns_per_node_and_chain"`
	// Draws is draws per second, warm-up not counted; 0 where it was not measured.
	Draws float64 `json:"draws_per_second,omitempty"`
	// What the planner counts for a gradient of all chains.
	Dispatches int `json:"dispatches"`
	Barriers   int `json:"barriers"`
	Bytes      int `json:"bytes"`
	Flops      int `json:"flops"`
	// Limit is the most chain-gradients per second that the device's memory and
	// arithmetic allow, as measured, see [Limits.Time]; 0 if they were not.
	Limit float64 `json:"limit_chain_gradients_per_second,omitempty"`
}

// seconds is the time of a gradient of all chains.
func (r Result) seconds() float64 { return float64(r.Chains) / r.Gradients }

// device names the device and its engine in a few words.
func (r Result) device() string { return deviceName(r.Device, r.Detail, r.Precision) }

// Options say how to measure.
type Options struct {
	AtLeast  time.Duration // of each measurement of gradients
	Schedule plan.Schedule
	// DrawsUpTo is the most leaves for which draws are measured as well: on large
	// trees trajectories are long.
	DrawsUpTo int
}

// leastDraws and warmup are the transitions of a chain in a measurement of draws.
const (
	warmup     = 200
	leastDraws = 200
)

// Measure measures one case on a device.
func Measure(ctx context.Context, dev device.Device, c Case, o Options) (Result, error) {
	began := time.Now()
	target, err := c.target()
	if err != nil {
		return Result{}, err
	}
	q := make([]float64, target.Dim()*c.Chains)
	r, err := measure(ctx, dev, target, q, c.Chains, o, began)
	r.Tree, r.Traits = c.Tree, c.Traits
	if r.Tree == "" {
		r.Tree = Balanced
	}
	if err != nil || r.Leaves > o.DrawsUpTo {
		return r, err
	}
	run, err := nuts.Sample(ctx, dev, target, nuts.Options{Chains: c.Chains, Warmup: warmup, Draws: leastDraws, Seed: 1, Select: parameters(target)})
	if err != nil {
		return r, err
	}
	r.Draws = float64(c.Chains*leastDraws) / run.DrawsTime.Seconds()
	return r, nil
}

// MeasureLandmarks measures the gradient of a shape model on a device.
func MeasureLandmarks(ctx context.Context, dev device.Device, c LandmarkCase, o Options) (Result, error) {
	began := time.Now()
	target, err := c.target()
	if err != nil {
		return Result{}, err
	}
	r, err := measure(ctx, dev, target, c.position(target.Dim()), c.Chains, o, began)
	r.Tree, r.Landmarks, r.Steps = "ternary", c.Landmarks, c.Steps
	return r, err
}

// parameters are the coordinates of a target that are not noise.
func parameters(target *bffg.Target) []int {
	selected := make([]int, target.ParameterDim())
	for i := range selected {
		selected[i] = i
	}
	return selected
}

// measure times the gradient of a target at q, [coordinate][chain]. Its making began at
// the given time.
func measure(ctx context.Context, dev device.Device, target *bffg.Target, q []float64, chains int, o Options, began time.Time) (_ Result, err error) {
	target.Schedule = o.Schedule
	opened, err := target.Open(dev, chains)
	if err != nil {
		return Result{}, err
	}
	e := opened.(*bffg.Evaluator)
	defer func() { err = errors.Join(err, e.Close()) }()
	info, nodes := dev.Info(), target.Data().Topology.Size()
	r := Result{Device: info.Name, Detail: info.Detail, Precision: precisionName(info.Precision),
		Leaves: target.Data().Topology.LeafCount(), Nodes: nodes, Chains: chains, Schedule: e.Schedule.String(),
		Compile: time.Since(began).Seconds(), Dispatches: e.Cost.Dispatches, Barriers: e.Cost.Barriers, Bytes: e.Cost.Bytes, Flops: e.Cost.Operations}
	took, err := gradientSeconds(ctx, dev, e, q, chains, o.AtLeast)
	if err != nil {
		return r, err
	}
	r.Gradients = float64(chains) / took
	r.PerNode = took * 1e9 / float64(nodes*chains)
	return r, nil
}

// ticks is how many gradients are submitted at once where the sampler would run on the
// device.
const ticks = 16

// gradientSeconds is the median time of a gradient of all chains in seconds, submitted as
// the sampler would.
func gradientSeconds(ctx context.Context, dev device.Device, e *bffg.Evaluator, q []float64, chains int, atLeast time.Duration) (_ float64, err error) {
	slope, density := make([]float64, len(q)), make([]float64, chains)
	once, gradients := func() error { return e.Gradient(ctx, q, density, slope) }, 1
	if err := once(); err != nil {
		return 0, err
	}
	for _, x := range density {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return 0, fmt.Errorf("bench: the log density is %v, so that its time would say nothing", x)
		}
	}
	if dev.Info().Fuses {
		var program device.Program
		program, err = dev.Record(device.Recording{Name: "gradients", Stages: e.Stages(), ChainsIndependent: true, Repeat: ticks})
		if err != nil {
			return 0, err
		}
		defer func() { err = errors.Join(err, program.Close()) }()
		once, gradients = func() error { return program.Run(ctx) }, ticks
	}
	seconds, err := medianTime(once, atLeast)
	return seconds / float64(gradients), err
}

// medianTime is the median time of a call in seconds.
func medianTime(once func() error, atLeast time.Duration) (float64, error) {
	samples, err := timesOf(once, atLeast)
	if err != nil {
		return 0, err
	}
	return median(samples), nil
}

// timesOf are times of a call in seconds, after one that is not counted. Calls are
// timed together until that is long enough for the clock; there are at least three
// samples, and as many as the time asked for allows.
func timesOf(once func() error, atLeast time.Duration) ([]float64, error) {
	const shortest = 200 * time.Microsecond
	calls := 1
	for {
		began := time.Now()
		for range calls {
			if err := once(); err != nil {
				return nil, err
			}
		}
		if took := time.Since(began); took >= shortest || calls >= 1<<20 {
			break
		}
		calls *= 2
	}
	var samples []float64
	for began := time.Now(); len(samples) < 3 || time.Since(began) < atLeast; {
		from := time.Now()
		for range calls {
			if err := once(); err != nil {
				return nil, err
			}
		}
		samples = append(samples, time.Since(from).Seconds()/float64(calls))
	}
	return samples, nil
}

// median sorts numbers and takes the middle one.
func median(x []float64) float64 {
	slices.Sort(x)
	return (x[(len(x)-1)/2] + x[len(x)/2]) / 2
}

func precisionName(p device.Precision) string {
	if p == device.Float32 {
		return "f32"
	}
	return "f64"
}
