package main

import (
	"context"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/internal/runstore"
	"github.com/hxgpu/hxgpu/nuts"
)

// sweeper draws the states of all nodes for draws of the parameters, some at a time.
type sweeper struct {
	states             *bffg.States
	parameters         int // coordinates
	nodes, dim, batch  int
	sampled            bool // the noise is part of the positions
	positions, reached []float64
}

// sweep is a draw whose states are wanted.
type sweep struct {
	position []float64 // with the noise where that is sampled
	origin   runstore.Origin
	draw     int
}

// openSweeper compiles the guided sweep, for at most some draws at a time.
func openSweeper(target *bffg.Target, dev device.Device, most int) (*sweeper, error) {
	w := &sweeper{parameters: target.ParameterDim(), nodes: target.Data().Topology.Size(), dim: target.Model().Dim(), sampled: target.Model().SampleNoise}
	w.batch = max(min(4_000_000/(w.nodes*w.dim*(w.dim+2)), 256, most), 1)
	var err error
	if w.states, err = target.OpenStates(dev, w.batch); err != nil {
		return nil, err
	}
	w.positions = make([]float64, (w.parameters+w.states.Noise())*w.batch)
	w.reached = make([]float64, w.dim*w.nodes*w.batch)
	return w, nil
}

// each visits the states of n draws in order. Where the noise is not sampled, it is
// that of the draw's own stream.
func (w *sweeper) each(ctx context.Context, n int, at func(i int) (sweep, error), visit func(i int, state func(trait, node int) float64)) error {
	for start := 0; start < n; start += w.batch {
		for b := range w.batch {
			s, err := at(min(start+b, n-1))
			if err != nil {
				return err
			}
			for i, u := range s.position {
				w.positions[i*w.batch+b] = u
			}
			if w.sampled {
				continue
			}
			stream := nuts.NewStream(s.origin.Seed, uint32(s.origin.Number-1), uint32(s.draw), nuts.PurposeStates)
			for i := range w.states.Noise() {
				w.positions[(w.parameters+i)*w.batch+b] = stream.Normal()
			}
		}
		if err := w.states.Draw(ctx, w.positions, w.reached); err != nil {
			return err
		}
		for b := range min(w.batch, n-start) {
			visit(start+b, func(k, v int) float64 { return w.reached[(k*w.nodes+v)*w.batch+b] })
		}
	}
	return nil
}

func (w *sweeper) close() error { return w.states.Close() }
