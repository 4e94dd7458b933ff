package bffg

import (
	"context"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/plan"
)

// States draws the states of all nodes given parameters, by the guided sweep.
type States struct {
	run      *plan.Executable
	chains   int
	nodes    int
	dim      int
	noise    int  // per node
	sampled  bool // the noise is part of the position
	position int
}

// OpenStates compiles the guided sweep for a device, for a number of draws at a
// time.
func (t *Target) OpenStates(dev device.Device, draws int) (*States, error) {
	p, err := t.model.Posterior(t.data.Variances != nil, true)
	if err != nil {
		return nil, err
	}
	inputs := []string{FieldNoise}
	if t.model.coordinates() > 0 {
		inputs = []string{FieldPosition, FieldNoise}
	}
	run, err := t.compile(dev, p, plan.Options{Chains: draws, Outputs: []string{FieldState}, PackInputs: inputs})
	if err != nil {
		return nil, err
	}
	return &States{run: run, chains: draws, nodes: t.data.Topology.Size(), dim: t.model.Dim(),
		noise: t.model.edges().noiseSize(), sampled: t.model.SampleNoise, position: t.model.coordinates()}, nil
}

// Noise is the number of standard-normal numbers that one draw needs.
func (s *States) Noise() int { return s.noise * s.nodes }

// Draw computes x[component][node][draw] from the unconstrained parameters
// followed by the noise, q[coordinate][draw].
func (s *States) Draw(ctx context.Context, q, x []float64) error {
	if err := s.run.SetPacked(q); err != nil {
		return err
	}
	if err := s.run.Run(ctx); err != nil {
		return err
	}
	return s.run.Get(FieldState, x)
}

// Close frees what is held on the device.
func (s *States) Close() error { return s.run.Close() }
