package bench

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/plan"
	"github.com/hxgpu/hxgpu/nuts"
	"github.com/hxgpu/hxgpu/tree"
)

// Case is one thing to measure: a model on a balanced binary tree.
type Case struct {
	Depth  int // of the tree, which has 2^Depth leaves
	Traits int // 1: the built-in example's model; more: Brownian motion with a full rate matrix
	Chains int
}

// Result is what was measured of a case on a device, and what the planner counted.
type Result struct {
	Device    string `json:"device"`
	Detail    string `json:"detail"`
	Precision string `json:"precision"`
	Leaves    int    `json:"leaves"`
	Traits    int    `json:"traits"`
	Chains    int    `json:"chains"`
	Schedule  string `json:"schedule"`
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
}

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
	target, err := c.target()
	if err != nil {
		return Result{}, err
	}
	target.Schedule = o.Schedule
	e, err := target.Open(dev, c.Chains)
	if err != nil {
		return Result{}, err
	}
	evaluator := e.(*bffg.Evaluator)
	info, nodes := dev.Info(), target.Data().Topology.Size()
	r := Result{Device: info.Name, Detail: info.Detail, Precision: "f64", Leaves: 1 << c.Depth, Traits: c.Traits, Chains: c.Chains,
		Schedule: evaluator.Schedule.String(), Dispatches: evaluator.Cost.Dispatches, Barriers: evaluator.Cost.Barriers,
		Bytes: evaluator.Cost.Bytes, Flops: evaluator.Cost.Operations}
	if info.Precision == device.Float32 {
		r.Precision = "f32"
	}
	if err := e.Close(); err != nil {
		return r, err
	}
	took, err := nuts.Trial(ctx, dev, target, c.Chains, o.AtLeast)
	if err != nil {
		return r, err
	}
	r.Gradients = float64(c.Chains) / took.Seconds()
	r.PerNode = float64(took.Nanoseconds()) / float64(nodes*c.Chains)
	if r.Leaves > o.DrawsUpTo {
		return r, nil
	}
	selected := make([]int, target.ParameterDim())
	for i := range selected {
		selected[i] = i
	}
	run, err := nuts.Sample(ctx, dev, target, nuts.Options{Chains: c.Chains, Warmup: warmup, Draws: leastDraws, Seed: 1, Select: selected})
	if err != nil {
		return r, err
	}
	r.Draws = float64(c.Chains*leastDraws) / run.DrawsTime.Seconds()
	return r, nil
}

// target is the model of a case with made-up data.
func (c Case) target() (*bffg.Target, error) {
	if c.Depth < 1 || c.Depth > 24 || c.Traits < 1 || c.Chains < 1 {
		return nil, fmt.Errorf("bench: a tree of 2^%d leaves with %d traits and %d chains; depths are 1 to 24, traits and chains at least 1", c.Depth, c.Traits, c.Chains)
	}
	topology, err := tree.Symmetric(c.Depth, 2)
	if err != nil {
		return nil, err
	}
	data := bffg.Data{Topology: topology, Lengths: make([]float64, topology.Size())}
	for v := 1; v < len(data.Lengths); v++ {
		data.Lengths[v] = 1
	}
	traits := make([]string, c.Traits)
	for k := range traits {
		traits[k] = fmt.Sprintf("x%d", k+1)
		values := make([]float64, topology.LeafCount())
		for i := range values {
			values[i] = math.Sin(float64(i + 7*k*i))
		}
		data.Values = append(data.Values, values)
	}
	if c.Traits == 1 {
		return bffg.NewTarget(bffg.Seed(), data)
	}
	return bffg.NewTarget(bffg.BrownianMotion(traits, data), data)
}
