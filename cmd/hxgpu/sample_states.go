package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/internal/runstore"
	"github.com/hxgpu/hxgpu/nuts"
)

// nodeStates are the states of all nodes, summarised.
type nodeStates struct {
	values [][]runstore.State // [trait][node]
	draws  int
}

// pick is one kept draw.
type pick struct{ chain, draw int }

// thin picks about n draws, as many of each chain, evenly over it.
func thin(chains, draws, n int) []pick {
	each := min((n+chains-1)/chains, draws)
	var picks []pick
	for chain := range chains {
		for i := range each {
			picks = append(picks, pick{chain, (2*i + 1) * draws / (2 * each)})
		}
	}
	return picks
}

// drawStates draws the nodes' states by the guided sweep: those of all nodes for
// the thinned draws, and the root's for every draw where that is affordable.
func (c *sampleCommand) drawStates(ctx context.Context, dev device.Device, s *sampled) error {
	if s.kept != nil {
		return c.keptStates(ctx, dev, s)
	}
	nodes, dim := s.in.data.Topology.Size(), s.model.Dim()
	withRoot := s.model.Root != bffg.RootPinned
	withStates := c.out != "" && c.stateDraws > 0
	if s.model.SampleNoise && s.run.Options.Select != nil {
		if withStates {
			fmt.Fprintf(c.stderr, "warning: no ancestral states are written: keeping the noise of %d draws of %d nodes takes too much memory; use fewer --draws, or --model bm, which needs no noise\n", c.chains*c.draws, nodes)
		}
		withRoot, withStates = false, false // the noise was not kept
	}
	if !withRoot && !withStates {
		return nil
	}
	draws := s.summary.Draws
	n := c.stateDraws
	if !withStates {
		n = 1000
	}
	// The states of the thinned draws are held all at once.
	n = max(min(n, mostStates/2/(nodes*dim)), 8*c.chains)
	thinned := thin(c.chains, draws, n)
	picks := thinned
	everyDraw := withRoot && c.chains*draws <= mostStates/(nodes*dim)
	if everyDraw {
		picks = thin(c.chains, draws, c.chains*draws)
	}

	kept := map[pick]int{}
	var states []float64 // [trait][node][kept draw]
	if withStates {
		for i, p := range thinned {
			kept[p] = i
		}
		states = make([]float64, dim*nodes*len(thinned))
	}
	root := make([][][]float64, dim) // [trait][chain][draw]
	for k := range root {
		root[k] = make([][]float64, c.chains)
	}
	err := c.eachStates(ctx, dev, s, picks, func(p pick, state func(k, v int) float64) {
		for k := range dim {
			root[k][p.chain] = append(root[k][p.chain], state(k, 0))
		}
		if i, ok := kept[p]; ok {
			for k := range dim {
				for v := range nodes {
					states[(k*nodes+v)*len(thinned)+i] = state(k, v)
				}
			}
		}
	})
	if err != nil {
		return err
	}
	if withRoot {
		for k, trait := range s.in.traits {
			name := "root"
			if dim > 1 {
				name = "root[" + trait + "]"
			}
			s.summary.Parameters = append(s.summary.Parameters, runstore.Parameter{Name: name, Statistics: nuts.Describe(root[k])})
			if everyDraw {
				s.names = append(s.names, name)
				for chain := range s.values {
					for i := range s.values[chain] {
						s.values[chain][i] = append(s.values[chain][i], root[k][chain][i])
					}
				}
			}
		}
		if !everyDraw {
			s.summary.RootDraws = len(picks)
		}
	}
	if withStates {
		s.states = &nodeStates{draws: len(thinned), values: make([][]runstore.State, dim)}
		for k := range dim {
			s.states.values[k] = make([]runstore.State, nodes)
			for v := range nodes {
				at := (k*nodes + v) * len(thinned)
				s.states.values[k][v] = runstore.DescribeState(states[at : at+len(thinned)])
			}
		}
	}
	return nil
}

// keptStates draws the states of the nodes for the draws whose noise was kept, and
// the root's shape with them.
func (c *sampleCommand) keptStates(ctx context.Context, dev device.Device, s *sampled) error {
	nodes, dim := s.in.data.Topology.Size(), s.model.Dim()
	var picks []pick
	for p := range s.kept {
		if p.draw < s.summary.Draws {
			picks = append(picks, p)
		}
	}
	if len(picks) == 0 || c.out == "" && s.model.Root == bffg.RootPinned {
		return nil
	}
	slices.SortFunc(picks, func(a, b pick) int { return cmp.Or(cmp.Compare(a.chain, b.chain), cmp.Compare(a.draw, b.draw)) })
	draws := make([]float64, dim*nodes*len(picks)) // [trait][node][draw]
	root := make([][][]float64, dim)
	for k := range root {
		root[k] = make([][]float64, c.chains)
	}
	next := 0
	err := c.eachStates(ctx, dev, s, picks, func(p pick, state func(k, v int) float64) {
		shape := make([]float64, dim)
		for k := range dim {
			shape[k] = state(k, 0)
			root[k][p.chain] = append(root[k][p.chain], shape[k])
			for v := range nodes {
				draws[(k*nodes+v)*len(picks)+next] = state(k, v)
			}
		}
		if s.model.Root != bffg.RootPinned {
			s.rootShapes = append(s.rootShapes, shape)
		}
		next++
	})
	if err != nil {
		return err
	}
	if s.model.Root != bffg.RootPinned {
		s.summary.RootDraws = len(picks)
		for k, trait := range s.in.traits {
			if each := len(root[k][0]); each >= 4 {
				s.summary.Parameters = append(s.summary.Parameters, runstore.Parameter{Name: "root[" + trait + "]", Statistics: nuts.Describe(root[k])})
			}
		}
	}
	s.states = &nodeStates{draws: len(picks), values: make([][]runstore.State, dim)}
	for k := range dim {
		s.states.values[k] = make([]runstore.State, nodes)
		for v := range nodes {
			at := (k*nodes + v) * len(picks)
			s.states.values[k][v] = runstore.DescribeState(draws[at : at+len(picks)])
		}
	}
	return nil
}

// eachStates draws the states of many draws and visits them in order.
func (c *sampleCommand) eachStates(ctx context.Context, dev device.Device, s *sampled, picks []pick, visit func(p pick, state func(trait, node int) float64)) error {
	nodes, dim := s.in.data.Topology.Size(), s.model.Dim()
	batch := min(max(4_000_000/(nodes*dim*(dim+2)), 1), 256, len(picks))
	sweep, err := s.target.OpenStates(dev, batch)
	if err != nil {
		return err
	}
	defer sweep.Close()
	parameters := s.target.ParameterDim()
	q := make([]float64, (parameters+sweep.Noise())*batch)
	x := make([]float64, dim*nodes*batch)
	for start := 0; start < len(picks); start += batch {
		for b := range batch {
			p := picks[min(start+b, len(picks)-1)]
			position := s.run.Positions[p.chain][p.draw]
			if s.kept != nil {
				position = s.kept[p]
			}
			for i, u := range position {
				q[i*batch+b] = u
			}
			if s.model.SampleNoise {
				continue
			}
			stream := nuts.NewStream(c.seed, uint32(p.chain), uint32(p.draw), nuts.PurposeStates)
			for i := range sweep.Noise() {
				q[(parameters+i)*batch+b] = stream.Normal()
			}
		}
		if err := sweep.Draw(ctx, q, x); err != nil {
			return err
		}
		for b := range min(batch, len(picks)-start) {
			visit(picks[start+b], func(k, v int) float64 { return x[(k*nodes+v)*batch+b] })
		}
	}
	return nil
}
