package main

import (
	"context"
	"errors"
	"time"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/device/cpu"
	"github.com/hxgpu/hxgpu/internal/runstore"
	"github.com/hxgpu/hxgpu/nuts"
)

// recorder puts draws into the tables of a run as they come. It maps them to their
// natural scale on a CPU device of its own in double precision, so that the tables
// do not depend on how draws were gathered, nor on the device beyond the draws.
type recorder struct {
	ctx       context.Context
	device    device.Device
	naturals  *bffg.Naturals
	roots     *sweeper // where the root's state is among the parameters
	table     *runstore.TableWriter
	positions *runstore.TableWriter // nil unless whole positions are kept
	origins   []runstore.Origin

	pending     []pendingDraw
	coordinates []float64 // of the pending draws, one after another
	width       int       // coordinates of a draw that are needed
	values      []float64 // a row
	flushed     time.Time
}

type pendingDraw struct {
	chain, draw int
	stats       nuts.Stats
}

// Draws are mapped so many at a time, or fewer when their coordinates take more
// memory than recordNumbers numbers or when it is time to write.
const (
	recordBatch   = 256
	recordNumbers = 1 << 20
	flushEvery    = time.Second
)

// newRecorder opens what maps draws. The context is not the sampler's, whose end
// does not keep what was drawn from being written.
func newRecorder(ctx context.Context, target *bffg.Target, table, positions *runstore.TableWriter, origins []runstore.Origin) (*recorder, error) {
	r := &recorder{ctx: ctx, table: table, positions: positions, origins: origins, width: target.ParameterDim(),
		values: make([]float64, table.Columns()), flushed: time.Now()}
	var err error
	if r.device, err = cpu.Open(cpu.Options{}); err != nil {
		return nil, err
	}
	if r.naturals, err = target.OpenReported(r.device, recordBatch); err != nil {
		return nil, errors.Join(err, r.close())
	}
	if len(table.Parameters) > len(target.Reported()) {
		if r.roots, err = openSweeper(target, r.device, recordBatch); err != nil {
			return nil, errors.Join(err, r.close())
		}
		if target.Model().SampleNoise {
			r.width = target.Dim()
		}
	}
	return r, nil
}

// draw takes a draw, or with a negative number a transition of the warm-up.
func (r *recorder) draw(chain, draw int, q []float64, s nuts.Stats) error {
	if r.positions != nil && draw >= 0 && draw%r.positions.Stride == 0 {
		if err := r.positions.Put(chain, draw/r.positions.Stride, q); err != nil {
			return err
		}
	}
	r.pending = append(r.pending, pendingDraw{chain, draw, s})
	r.coordinates = append(r.coordinates, q[:r.width]...)
	if len(r.pending) == recordBatch || len(r.coordinates) > recordNumbers {
		if err := r.write(); err != nil {
			return err
		}
	}
	if time.Since(r.flushed) > flushEvery {
		return r.flush()
	}
	return nil
}

// write maps the pending draws and puts them into the table.
func (r *recorder) write() error {
	if len(r.pending) == 0 {
		return nil
	}
	position := func(i int) []float64 { return r.coordinates[i*r.width : (i+1)*r.width] }
	positions := make([][]float64, len(r.pending))
	for i := range positions {
		positions[i] = position(i)
	}
	natural, err := r.naturals.Map(r.ctx, positions)
	if err != nil {
		return err
	}
	if r.roots != nil {
		at := func(i int) (sweep, error) {
			return sweep{position(i), r.origins[r.pending[i].chain], r.pending[i].draw}, nil
		}
		err := r.roots.each(r.ctx, len(r.pending), at, func(i int, state func(trait, node int) float64) {
			for k := range r.roots.dim {
				natural[i] = append(natural[i], state(k, 0))
			}
		})
		if err != nil {
			return err
		}
	}
	for i, p := range r.pending {
		row := append(samplerRow(r.values[:0], p.stats), natural[i]...)
		row = append(row, position(i)[:r.table.Coordinates]...)
		if err := r.table.Put(p.chain, p.draw+r.table.Warmup, row); err != nil {
			return err
		}
	}
	r.pending, r.coordinates = r.pending[:0], r.coordinates[:0]
	return nil
}

// samplerRow appends the statistics of a transition in the order of
// runstore.SamplerColumns.
func samplerRow(row []float64, s nuts.Stats) []float64 {
	divergent := 0.0
	if s.Divergent {
		divergent = 1
	}
	return append(row, s.LogDensity, s.AcceptProb, s.StepSize, float64(s.TreeDepth), float64(s.Leapfrogs), divergent, s.Energy)
}

// flush writes all that has been drawn.
func (r *recorder) flush() error {
	err := r.write()
	for _, w := range r.writers() {
		if err == nil {
			err = w.Flush()
		}
	}
	r.flushed = time.Now()
	return err
}

// sync flushes, and waits until the disk has everything.
func (r *recorder) sync() error {
	err := r.write()
	for _, w := range r.writers() {
		if err == nil {
			err = w.Sync()
		}
	}
	r.flushed = time.Now()
	return err
}

func (r *recorder) writers() []*runstore.TableWriter {
	if r.positions == nil {
		return []*runstore.TableWriter{r.table}
	}
	return []*runstore.TableWriter{r.positions, r.table}
}

// close frees what maps draws; the tables stay open.
func (r *recorder) close() error {
	var errs []error
	if r.naturals != nil {
		errs = append(errs, r.naturals.Close())
	}
	if r.roots != nil {
		errs = append(errs, r.roots.close())
	}
	return errors.Join(append(errs, r.device.Close())...)
}
