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

// statePicks are the draws whose states are drawn and held at once.
func (c *sampleCommand) statePicks(s *sampled) ([]pick, error) {
	nodes, dim := s.in.data.Topology.Size(), s.model.Dim()
	return c.picks(s, max(min(c.stateDraws, mostStates/2/(nodes*dim)), 8*s.drawn.Chains))
}

// picks are about n draws whose states can be drawn.
func (c *sampleCommand) picks(s *sampled, n int) ([]pick, error) {
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
	var picks []pick
	var err error
	if withStates {
		if picks, err = c.statePicks(s); err != nil {
			return err
		}
	}
	rootPicks := picks
	if more := !withStates || len(picks) < rootDraws; withRoot && more { // no more states are held for them
		if rootPicks, err = c.picks(s, rootDraws); err != nil {
			return err
		}
	}
	var states []float64             // [trait][node][pick]
	root := make([][][]float64, dim) // [trait][chain][pick of the chain]
	for k := range root {
		root[k] = make([][]float64, s.drawn.Chains)
	}
	keepRoot := func(pick pick, state func(k, v int) float64) {
		shape := make([]float64, dim)
		for k := range dim {
			shape[k] = state(k, 0)
			root[k][pick.chain] = append(root[k][pick.chain], shape[k])
		}
		if !s.model.Root.Known() && s.in.shapes != nil {
			s.rootShapes = append(s.rootShapes, shape)
		}
	}
	apart := len(rootPicks) != len(picks)
	if withStates {
		states = make([]float64, dim*nodes*len(picks))
		err := s.sweep(ctx, dev, picks, func(i int, state func(k, v int) float64) {
			for k := range dim {
				for v := range nodes {
					states[(k*nodes+v)*len(picks)+i] = state(k, v)
				}
			}
			if !apart {
				keepRoot(picks[i], state)
			}
		})
		if err != nil {
			return err
		}
	}
	if apart {
		err := s.sweep(ctx, dev, rootPicks, func(i int, state func(k, v int) float64) { keepRoot(rootPicks[i], state) })
		if err != nil {
			return err
		}
	}
	if withRoot && len(rootPicks) > 0 {
		s.summary.RootDraws = len(rootPicks)
		for k, column := range rootElements(s.in.traits) {
			if len(root[k][0]) >= 4 {
				s.summary.Parameters = append(s.summary.Parameters, runstore.Parameter{Name: column.Name, Statistics: nuts.Describe(root[k])})
			}
		}
	}
	if withStates && len(picks) > 0 {
		s.states = summariseStates(states, dim, nodes, len(picks))
	}
	return nil
}

// sweep draws the states of all nodes for some draws.
func (s *sampled) sweep(ctx context.Context, dev device.Device, picks []pick, visit func(i int, state func(k, v int) float64)) error {
	if len(picks) == 0 {
		return nil
	}
	sweeper, err := openSweeper(s.target, dev, len(picks))
	if err != nil {
		return err
	}
	defer sweeper.close()
	return sweeper.each(ctx, len(picks), func(i int) (sweep, error) {
		position, err := s.position(picks[i])
		return sweep{position, s.drawn.origins[picks[i].chain], picks[i].draw}, err
	}, visit)
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
