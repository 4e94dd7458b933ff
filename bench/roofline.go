package bench

import (
	"fmt"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/trace"
)

// Card is a GPU with what its maker has published of it.
type Card struct {
	Name   string
	Memory float64 // bytes per second
	Peak   float64 // float32 operations per second, a fused multiply-add counted as two
	Launch float64 // seconds for a dispatch in a recording that waits for the one before
}

// shortKernel is the time of a short kernel that waits for the one before, launched
// from a recording: 3.4 us on a V100, by A. Gray, Getting Started with CUDA Graphs,
// NVIDIA Technical Blog 2019. assumedLaunch is for cards of which nothing alike is
// published that we know of: an assumption, on the dear side.
const (
	shortKernel   = 3.4e-6
	assumedLaunch = 5e-6
)

// cards are GPUs of several makers and prices.
var cards = []Card{
	// NVIDIA H100 Tensor Core GPU data sheet, SXM5: 3.35 TB/s, FP32 67 teraFLOPS.
	{"NVIDIA H100 SXM", 3.35e12, 67e12, shortKernel},
	// NVIDIA Ada GPU Architecture, white paper, appendix A: 1,008 GB/s, peak FP32 82.6 TFLOPS.
	{"NVIDIA GeForce RTX 4090", 1008e9, 82.6e12, shortKernel},
	// NVIDIA T4 Tensor Core GPU data sheet: 320 GB/s, single precision 8.1 TFLOPS.
	{"NVIDIA T4", 320e9, 8.1e12, shortKernel},
	// AMD's specifications of the Radeon RX 7900 XTX: up to 960 GB/s, peak single
	// precision 61.4 TFLOPS, which counts the issue of two instructions at once.
	{"AMD Radeon RX 7900 XTX", 960e9, 61.4e12, assumedLaunch},
	// Intel ARK, Arc A770 16 GB: 560 GB/s, 512 vector engines of 8 lanes at 2,100 MHz.
	{"Intel Arc A770", 560e9, 512 * 8 * 2 * 2.1e9, assumedLaunch},
}

// EstimateFormula is how the time of a gradient on a card is estimated.
const EstimateFormula = "time = dispatches x launch + max(bytes / bandwidth, flops / (peak / 2))"

// EstimateCaveat says what the formula leaves out.
const EstimateCaveat = `Estimates, not measurements: none of these cards was here. Dispatches, bytes and flops
are what the planner counts for a gradient in float32; bandwidth and peak are the
makers' figures, of which programs reach a part, and the peak is halved because
multiplications and additions are not fused. The launch is 3.4 us on NVIDIA's cards (a
short kernel in a recording, NVIDIA Technical Blog 2019) and assumed to be 5 us on the
others. Barriers within a dispatch, latencies of memory where chains are few, and the
sampler's own work are left out: take them as what cannot be beaten.`

// Estimate is what a card that is not here would do at best.
type Estimate struct {
	Card       string  `json:"card"`
	Leaves     int     `json:"leaves"`
	Chains     int     `json:"chains"`
	Schedule   string  `json:"schedule"`
	Dispatches int     `json:"dispatches"`
	Bytes      int     `json:"bytes"`
	Flops      int     `json:"flops"`
	Seconds    float64 `json:"estimated_seconds"`
	Gradients  float64 `json:"estimated_chain_gradients_per_second"`
	Bound      string  `json:"bound_by"` // "launches", "memory" or "arithmetic"
}

// estimate applies EstimateFormula.
func (c Card) estimate(dispatches, bytes, flops int) (seconds float64, bound string) {
	launches, memory, arithmetic := float64(dispatches)*c.Launch, float64(bytes)/c.Memory, float64(flops)/(c.Peak/2)
	switch {
	case launches >= max(memory, arithmetic):
		bound = "launches"
	case memory >= arithmetic:
		bound = "memory"
	default:
		bound = "arithmetic"
	}
	return launches + max(memory, arithmetic), bound
}

// estimates are those of all cards for some cases, planned as for a GPU with the limits
// that most have.
func estimates(quick bool) ([]Estimate, error) {
	cases := []Case{{Leaves: 16, Chains: 1024}, {Leaves: 16, Chains: 65536}, {Leaves: 1024, Chains: 64}, {Leaves: 1024, Chains: 1024}, {Leaves: 1 << 17, Chains: 1}, {Leaves: 1 << 20, Chains: 1}}
	if quick {
		cases = cases[:4]
	}
	var all []Estimate
	for _, c := range cases {
		c.Traits = 1
		e, err := gpuPlan(c)
		if err != nil {
			return nil, fmt.Errorf("the plan of %d leaves and %d chains for a GPU: %w", c.Leaves, c.Chains, err)
		}
		for _, card := range cards {
			e.Card = card.Name
			e.Seconds, e.Bound = card.estimate(e.Dispatches, e.Bytes, e.Flops)
			e.Gradients = float64(e.Chains) / e.Seconds
			all = append(all, e)
		}
	}
	return all, nil
}

// gpuPlan counts the work of a case on a GPU that is not there.
func gpuPlan(c Case) (Estimate, error) {
	target, err := c.target()
	if err != nil {
		return Estimate{}, err
	}
	dev, err := trace.Open(trace.Options{Info: device.Info{Name: "gpu", Precision: device.Float32, Workers: 1, Fuses: true,
		Limits: device.Limits{GroupLanes: 1024, SharedBytes: 48 << 10, SubgroupLanes: 32}}})
	if err != nil {
		return Estimate{}, err
	}
	defer dev.Close()
	opened, err := target.Open(dev, c.Chains)
	if err != nil {
		return Estimate{}, err
	}
	e := opened.(*bffg.Evaluator)
	return Estimate{Leaves: c.Leaves, Chains: c.Chains, Schedule: e.Schedule.String(), Dispatches: e.Cost.Dispatches, Bytes: e.Cost.Bytes, Flops: e.Cost.Operations}, e.Close()
}
