package main

import (
	"context"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/internal/runstore"
	"github.com/hxgpu/hxgpu/nuts"
)

// nodeStates are the states of all nodes, summarised.
type nodeStates struct {
	values [][]runstore.State // [trait][node]
	draws  int
}

// pick is a draw whose states are wanted, and the row that its position stands in.
type pick struct{ chain, draw, row int }

// thin picks about n of some rows, as many of each chain, evenly over it.
func thin(chains, rows, n int) []pick {
	each := min((n+chains-1)/chains, rows)
	var picks []pick
	for chain := range chains {
		for i := range each {
			row := (2*i + 1) * rows / (2 * each)
			picks = append(picks, pick{chain, row, row})
		}
	}
	return picks
}

// mostStates is the largest number of states that are drawn.
const mostStates = 50_000_000

// picks are the draws whose states are drawn.
func (c *sampleCommand) picks(s *sampled, n int) ([]pick, error) {
	nodes, dim := s.in.data.Topology.Size(), s.model.Dim()
	// The states of all picks are held at once.
	n = max(min(n, mostStates/2/(nodes*dim)), 8*s.drawn.Chains)
	if !s.model.SampleNoise {
		return thin(s.drawn.Chains, s.drawn.Count, n), nil
	}
	kept := s.drawn.positions
	if kept == nil {
		return nil, nil
	}
	have, err := kept.Rows()
	if err != nil {
		return nil, err
	}
	rows := (s.drawn.Count + kept.Stride - 1) / kept.Stride
	for _, r := range have {
		rows = min(rows, r)
	}
	picks := thin(s.drawn.Chains, rows, n)
	for i := range picks {
		picks[i].draw = picks[i].row * kept.Stride
	}
	return picks, nil
}

// position reads the unconstrained position of a draw, with the noise where that is
// sampled.
func (s *sampled) position(p pick) (position []float64, err error) {
	t, row, first := s.drawn.Table, s.drawn.Warmup+p.row, s.drawn.FirstCoordinate()
	if s.model.SampleNoise {
		t, row, first = s.drawn.positions, p.row, 0
	}
	err = t.EachRow(p.chain, row, row+1, func(_ int, values []float64) error {
		position = values[first:] // its own: EachRow makes them anew
		return nil
	})
	return position, err
}

// drawStates draws the nodes' states by the guided sweep, and the root's where it
// was not drawn with every draw.
func (c *sampleCommand) drawStates(ctx context.Context, dev device.Device, s *sampled) error {
	nodes, dim := s.in.data.Topology.Size(), s.model.Dim()
	withRoot := !s.model.Root.Known() && !s.drawn.hasRoot()
	withStates := c.out != "" && c.stateDraws > 0
	if !withRoot && !withStates {
		return nil
	}
	n := rootDraws
	if withStates {
		n = c.stateDraws
	}
	picks, err := c.picks(s, n)
	if err != nil || len(picks) == 0 {
		return err
	}
	sweeper, err := openSweeper(s.target, dev, len(picks))
	if err != nil {
		return err
	}
	defer sweeper.close()
	var states []float64 // [trait][node][pick]
	if withStates {
		states = make([]float64, dim*nodes*len(picks))
	}
	root := make([][][]float64, dim) // [trait][chain][pick of the chain]
	for k := range root {
		root[k] = make([][]float64, s.drawn.Chains)
	}
	at := func(i int) (sweep, error) {
		position, err := s.position(picks[i])
		return sweep{position, s.drawn.origins[picks[i].chain], picks[i].draw}, err
	}
	err = sweeper.each(ctx, len(picks), at, func(i int, state func(k, v int) float64) {
		shape := make([]float64, dim)
		for k := range dim {
			shape[k] = state(k, 0)
			root[k][picks[i].chain] = append(root[k][picks[i].chain], shape[k])
			for v := range nodes {
				if withStates {
					states[(k*nodes+v)*len(picks)+i] = state(k, v)
				}
			}
		}
		if !s.model.Root.Known() && s.in.shapes != nil {
			s.rootShapes = append(s.rootShapes, shape)
		}
	})
	if err != nil {
		return err
	}
	if withRoot {
		s.summary.RootDraws = len(picks)
		for k, column := range rootElements(s.in.traits) {
			if len(root[k][0]) >= 4 {
				s.summary.Parameters = append(s.summary.Parameters, runstore.Parameter{Name: column.Name, Statistics: nuts.Describe(root[k])})
			}
		}
	}
	if withStates {
		s.states = summariseStates(states, dim, nodes, len(picks))
	}
	return nil
}

// summariseStates summarises draws [trait][node][draw].
func summariseStates(states []float64, dim, nodes, draws int) *nodeStates {
	n := &nodeStates{draws: draws, values: make([][]runstore.State, dim)}
	for k := range dim {
		n.values[k] = make([]runstore.State, nodes)
		for v := range nodes {
			at := (k*nodes + v) * draws
			n.values[k][v] = runstore.DescribeState(states[at : at+draws])
		}
	}
	return n
}
