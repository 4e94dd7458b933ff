package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/internal/runstore"
	"github.com/hxgpu/hxgpu/nuts"
)

// store is where the draws of a run go: tables in a folder, or in memory.
type store struct {
	folder     *runstore.Folder // nil without --out
	lock       *runstore.Lock
	record     runstore.Run
	table      *runstore.TableWriter
	positions  *runstore.TableWriter // nil unless whole positions are kept
	checkpoint *nuts.Checkpoint      // to go on from; nil to start
	recorder   *recorder
}

// mostRootNumbers is how many numbers the states of a tree may have for the root's
// to be drawn with every draw. It must not depend on how many draws are asked for,
// which may change.
const mostRootNumbers = 4096

// mostKept is the most numbers of whole positions that are kept of a run without
// --save-noise.
const mostKept = 50_000_000

// metas describe the tables of a run; the second has no columns where no whole
// positions are kept.
func (c *sampleCommand) metas(s *sampled) (table, positions runstore.TableMeta) {
	table = runstore.TableMeta{Chains: c.chains, Stride: 1, Sampler: runstore.SamplerColumns, Coordinates: s.target.ParameterDim()}
	if c.saveWarmup {
		table.Warmup = c.warmup
	}
	for _, e := range s.target.Reported() {
		table.Parameters = append(table.Parameters, runstore.Column{Name: e.Name, Of: e.Parameter, Labels: e.Labels})
	}
	unknownRoot := !s.model.Root.Known()
	rootColumns := unknownRoot && s.model.Continuous == nil && s.in.data.Topology.Size()*s.model.Dim() <= mostRootNumbers
	if rootColumns {
		table.Parameters = append(table.Parameters, rootElements(s.in.traits)...)
	}
	wanted := c.out != "" && c.stateDraws > 0 || unknownRoot && !rootColumns
	if s.model.SampleNoise && (wanted || c.saveNoise) {
		positions = runstore.TableMeta{Chains: c.chains, Stride: s.record.PositionStride, Coordinates: s.target.Dim()}.WithBlock()
	}
	return table.WithBlock(), positions
}

// rootElements are the columns of the root's state.
func rootElements(traits []string) []runstore.Column {
	if len(traits) == 1 {
		return []runstore.Column{{Name: bffg.RootValue, Of: bffg.RootValue}}
	}
	var columns []runstore.Column
	for _, trait := range traits {
		columns = append(columns, runstore.Column{Name: bffg.RootValue + "[" + trait + "]", Of: bffg.RootValue, Labels: []string{trait}})
	}
	return columns
}

// positionStride is how many draws lie between two whose noise is kept.
func (c *sampleCommand) positionStride(s *sampled) int {
	if !s.model.SampleNoise {
		return 0
	}
	if c.saveNoise {
		return 1
	}
	n := c.stateDraws
	if n == 0 || c.out == "" {
		n = rootDraws
	}
	n = min(n, max(mostKept/s.target.Dim(), 1))
	each := (n + c.chains - 1) / c.chains
	return max(1, c.draws/each)
}

// rootDraws is how many draws the root's figures come from where it is not drawn
// with every one.
const rootDraws = 1000

// openStore makes the tables of a new run, or opens those of one to go on with.
func (c *sampleCommand) openStore(ctx context.Context, s *sampled) (err error) {
	s.record.Sessions = append(s.record.Sessions, runstore.Session{Started: s.started.UTC().Format(time.RFC3339), Versions: runstore.ReadVersions(version), Device: c.device.record(s.info)})
	switch {
	case c.resume != "":
		err = c.continueStore(s)
	case c.out != "":
		err = c.createStore(s)
	default:
		s.record.Settings, s.record.PositionStride = c.settings(s), c.positionStride(s)
		table, positions := c.metas(s)
		if s.table, err = runstore.CreateTableInMemory(table); err == nil && positions.Columns() > 0 {
			s.positions, err = runstore.CreateTableInMemory(positions)
		}
	}
	if err != nil {
		return err
	}
	s.recorder, err = newRecorder(context.WithoutCancel(ctx), s.target, s.table, s.positions, s.origins(c))
	return err
}

// origins are those of the chains.
func (s *sampled) origins(c *sampleCommand) []runstore.Origin {
	return runstore.Run{Settings: runstore.Settings{Chains: c.chains, Seed: c.seed}, Origins: s.record.Origins}.ChainOrigins()
}

// createStore fills the folder of a new run: the copies of the inputs, run.json,
// the tables without rows.
func (c *sampleCommand) createStore(s *sampled) (err error) {
	if s.lock, err = s.folder.Lock(); err != nil {
		return err
	}
	if err := s.folder.Sweep(); err != nil {
		return err
	}
	if c.overwrite {
		if err := s.folder.Clear(); err != nil {
			return err
		}
	} else if s.folder.Holds(runstore.RunFile) || s.folder.Holds(runstore.TreesFile) {
		return fmt.Errorf("%s %w, which another process has made just now", c.out, runstore.ErrHasRun)
	}
	if err := c.files.files.copyTo(s.folder); err != nil {
		return err
	}
	s.in.record.Files = c.files.files.records()
	s.record.Phase, s.record.Versions, s.record.Started, s.record.Device = runstore.Running, s.record.Sessions[0].Versions, s.record.Sessions[0].Started, s.record.Sessions[0].Device
	s.record.Flags, s.record.Settings, s.record.Parameters, s.record.Derived, s.record.Data = c.flagValues(s), c.settings(s), parameterRecords(s.model), derivedRecords(s.model), s.in.record
	s.record.PositionStride = c.positionStride(s)
	table, positions := c.metas(s)
	if positions.Columns() == 0 {
		s.record.PositionStride = 0
	}
	if err := c.writeSettings(s); err != nil {
		return err
	}
	if err := s.folder.WriteRun(s.record); err != nil {
		return err
	}
	return c.createTables(s, table, positions)
}

func (c *sampleCommand) createTables(s *sampled, table, positions runstore.TableMeta) (err error) {
	if s.table, err = runstore.CreateTable(s.folder.Path(runstore.DrawsFile), table); err == nil && positions.Columns() > 0 {
		s.positions, err = runstore.CreateTable(s.folder.Path(runstore.PositionsFile), positions)
	}
	return err
}

// continueStore opens the tables and the last checkpoint of a run. Where one of them
// is not what it should be, the run starts over: its draws will be the same.
func (c *sampleCommand) continueStore(s *sampled) error {
	if err := s.folder.Sweep(); err != nil {
		return err
	}
	table, positions := c.metas(s)
	reason, err := c.continueTables(s, table, positions)
	if err != nil {
		return err
	}
	if reason == nil {
		reason, err = c.readCheckpoint(s)
		if err != nil {
			return err
		}
	}
	if reason != nil {
		s.checkpoint = nil
		if s.folder.Holds(runstore.CheckpointFile) { // or it was killed before the first one
			fmt.Fprintf(c.stderr, "hxgpu: %v; the run starts over, and makes the same draws again\n", reason)
		}
	}
	s.record.Phase, s.record.Interrupted = runstore.Running, false
	s.record.Flags, s.record.Settings = c.flagValues(s), c.settings(s)
	if err := c.writeSettings(s); err != nil {
		return err
	}
	return s.folder.WriteRun(s.record)
}

// continueTables opens the tables, and makes those anew that are damaged or not
// there, for the reason that it returns.
func (c *sampleCommand) continueTables(s *sampled, table, positions runstore.TableMeta) (reason, err error) {
	open := func(name string, m runstore.TableMeta) (*runstore.TableWriter, error) {
		w, err := runstore.ContinueTable(s.folder.Path(name), m)
		var damaged *runstore.DamagedError
		if errors.As(err, &damaged) || errors.Is(err, fs.ErrNotExist) {
			reason = err
			return runstore.CreateTable(s.folder.Path(name), m)
		}
		return w, err
	}
	if s.table, err = open(runstore.DrawsFile, table); err == nil && positions.Columns() > 0 {
		s.positions, err = open(runstore.PositionsFile, positions)
	}
	return reason, err
}

// readCheckpoint reads the last checkpoint, and checks that the tables have the draws
// that it counts.
func (c *sampleCommand) readCheckpoint(s *sampled) (reason, err error) {
	state, err := s.folder.ReadCheckpoint()
	var damaged *runstore.DamagedError
	if errors.As(err, &damaged) || errors.Is(err, fs.ErrNotExist) {
		return err, nil
	} else if err != nil {
		return nil, err
	}
	s.checkpoint = new(nuts.Checkpoint)
	if err := s.checkpoint.UnmarshalBinary(state); err != nil {
		return fmt.Errorf("%s: %w", s.folder.Path(runstore.CheckpointFile), err), nil
	}
	for _, w := range []*runstore.TableWriter{s.table, s.positions} {
		if w == nil {
			continue
		}
		missing, err := c.missing(w, s.checkpoint.Transitions)
		if err != nil || missing != nil {
			return missing, err
		}
	}
	return nil, nil
}

// missing says which row a table lacks of those that a number of transitions give.
func (c *sampleCommand) missing(w *runstore.TableWriter, transitions []int) (reason, err error) {
	t, err := w.Table()
	if err != nil {
		return nil, err
	}
	rows, err := t.Rows()
	if err != nil {
		return nil, err
	}
	for chain, n := range transitions {
		if chain >= len(rows) {
			break // nuts will say what is wrong
		}
		if n -= c.warmup; n < 0 {
			n = max(n+w.Warmup, 0)
		} else {
			n = w.Warmup + (n+w.Stride-1)/w.Stride
		}
		if rows[chain] < n {
			return &runstore.DamagedError{Path: t.Path(), Reason: fmt.Sprintf("row %d of chain %d is damaged or missing", rows[chain]+1, chain+1)}, nil
		}
	}
	return nil, nil
}

// keep writes a checkpoint, after the draws that it counts.
func (s *sampled) keep(checkpoint *nuts.Checkpoint) error {
	if err := s.recorder.sync(); err != nil {
		return err
	}
	state, err := checkpoint.MarshalBinary()
	if err != nil {
		return err
	}
	return s.folder.WriteCheckpoint(state)
}

// close closes the tables and gives the folder free.
func (s *store) close() {
	if s.recorder != nil {
		s.recorder.close() //nolint:errcheck // nothing of it is to be kept
	}
	for _, w := range []*runstore.TableWriter{s.table, s.positions} {
		if w != nil {
			w.Close() //nolint:errcheck // synced where it counts
		}
	}
	if s.lock != nil {
		s.lock.Unlock() //nolint:errcheck // it goes with the process
	}
}
