package main

import (
	"context"
	"errors"
	"io/fs"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/internal/diagnosis"
	"github.com/hxgpu/hxgpu/internal/runstore"
	"github.com/hxgpu/hxgpu/nuts"
)

// drawn are the draws of a run, read from its tables.
type drawn struct {
	*runstore.Draws
	positions *runstore.Table // nil where no whole positions are kept
	origins   []runstore.Origin
	found     diagnosis.Sampled
}

// drawn reads the tables that have been written.
func (s *store) drawn(origins []runstore.Origin) (*drawn, error) {
	t, err := s.table.Table()
	if err != nil {
		return nil, err
	}
	draws, err := runstore.CountDraws(t)
	if err != nil {
		return nil, err
	}
	d := &drawn{Draws: draws, origins: origins}
	if s.positions != nil {
		d.positions, err = s.positions.Table()
	}
	return d, err
}

// openDrawn opens the tables of a stored run.
func openDrawn(folder *runstore.Folder, record runstore.Run) (*drawn, error) {
	draws, err := runstore.OpenDraws(folder.Path(runstore.DrawsFile))
	if err != nil {
		return nil, err
	}
	d := &drawn{Draws: draws, origins: record.ChainOrigins()}
	d.positions, err = runstore.OpenTable(folder.Path(runstore.PositionsFile))
	var damaged *runstore.DamagedError
	if errors.Is(err, fs.ErrNotExist) || errors.As(err, &damaged) {
		d.positions, err = nil, nil // it serves the states of the nodes alone
	}
	if err != nil {
		return nil, errors.Join(err, draws.Close())
	}
	return d, nil
}

func (d *drawn) close() {
	d.Close() //nolint:errcheck // only read
	if d.positions != nil {
		d.positions.Close() //nolint:errcheck // likewise
	}
}

// columnNumbers is about how many numbers are read at a time, unless one column has
// more.
const columnNumbers = 1 << 24

// eachParameter visits the parameters' draws [chain][draw], several at once.
func (d *drawn) eachParameter(visit func(i int, draws [][]float64)) error {
	n := max(1, columnNumbers/max(1, d.Chains*d.Count))
	for start := 0; start < len(d.Parameters); start += n {
		var columns []int
		for i := start; i < min(start+n, len(d.Parameters)); i++ {
			columns = append(columns, d.FirstParameter()+i)
		}
		values, err := d.Columns(columns...)
		if err != nil {
			return err
		}
		var wait sync.WaitGroup
		next := atomic.Int64{}
		for range min(len(values), runtime.GOMAXPROCS(0)) {
			wait.Go(func() {
				for k := int(next.Add(1)) - 1; k < len(values); k = int(next.Add(1)) - 1 {
					visit(start+k, values[k])
				}
			})
		}
		wait.Wait()
	}
	return nil
}

// describe fills in what is found of the parameters and the chains.
func (d *drawn) describe(settings runstore.Settings) error {
	d.found = diagnosis.Sampled{MaxTreeDepth: settings.MaxTreeDepth, Momentum: settings.Algorithm != nuts.RandomWalk.String()}
	depth := settings.MaxTreeDepth
	if settings.Algorithm != nuts.NUTS.String() {
		depth = 1 << 30 // no trees
	}
	d.found.Parameters = make([]diagnosis.Parameter, len(d.Parameters))
	err := d.eachParameter(func(i int, draws [][]float64) {
		d.found.Parameters[i] = diagnosis.DescribeParameter(d.Parameters[i].Name, draws, settings.Superchains)
	})
	if err != nil {
		return err
	}
	columns := make([]int, len(d.Sampler))
	for i := range columns {
		columns[i] = i
	}
	for chain := range d.Chains {
		x, err := d.ReadChains(columns, chain, chain+1, d.Warmup, d.Warmup+d.Count)
		if err != nil {
			return err
		}
		d.found.Chains = append(d.found.Chains, diagnosis.DescribeChain(diagnosis.Columns{LogDensity: x[0][0], Accept: x[1][0], StepSize: x[2][0],
			TreeDepth: x[3][0], Leapfrogs: x[4][0], Divergent: x[5][0], Energy: x[6][0]}, depth))
	}
	return nil
}

// summarise describes the draws and draws the states of the nodes.
func (c *sampleCommand) summarise(ctx context.Context, dev device.Device, s *sampled) error {
	if err := s.drawn.describe(s.record.Settings); err != nil {
		return err
	}
	s.summary = runstore.Summary{Chains: s.drawn.Chains, Draws: s.drawn.Count}
	for _, p := range s.drawn.found.Parameters {
		s.summary.Parameters = append(s.summary.Parameters, runstore.Parameter{Name: p.Name, Statistics: p.Statistics, NestedRhat: p.NestedRhat})
	}
	for _, chain := range s.drawn.found.Chains {
		s.summary.Divergences += chain.Divergent
	}
	return c.drawStates(ctx, dev, s)
}

// hasRoot reports whether the root's state is drawn with every draw.
func (d *drawn) hasRoot() bool {
	n := len(d.Parameters)
	return n > 0 && d.Parameters[n-1].Of == bffg.RootValue
}
