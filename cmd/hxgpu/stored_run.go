package main

import (
	"fmt"

	"github.com/hxgpu/hxgpu/internal/runstore"
)

// storedRun is a run read back from its folder: its settings, its data and model made
// anew of them and of the copies of its inputs, and its draws. What is known of a run
// while it samples stands in the same places: in, model, target, record, drawn.
type storedRun struct {
	*sampled
	command *sampleCommand // with the run's settings
}

// rebuildRun makes the data, the model and the target of a stored run from its record
// and the copies of its inputs, which must be what the run read.
func rebuildRun(folder *runstore.Folder, record runstore.Run) (*storedRun, error) {
	r := &storedRun{sampled: &sampled{store: store{folder: folder, record: record}}}
	var err error
	if r.command, err = restoredCommand(folder, record); err != nil {
		return nil, err
	}
	return r, r.command.prepare(r.sampled)
}

// openStoredRun reads the run in a folder, with as many draws as every chain has. It may
// be finished, interrupted, killed, under way or merged.
func openStoredRun(path string) (*storedRun, error) {
	folder, err := runstore.ExistingFolder(path)
	if err != nil {
		return nil, err
	}
	record, err := folder.ReadRun()
	if err != nil {
		return nil, err
	}
	d, err := openDrawn(folder, record)
	if err != nil {
		return nil, err
	}
	if d.Count == 0 {
		d.close()
		return nil, fmt.Errorf("%s: not every chain has a draw yet; there is nothing to work on", path)
	}
	r, err := rebuildRun(folder, record)
	if err != nil {
		d.close()
		return nil, err
	}
	r.drawn = d
	if n := r.target.ParameterDim(); n != d.Coordinates || len(d.origins) != d.Chains {
		d.close()
		return nil, &runstore.DamagedError{Path: folder.Path(runstore.RunFile), Reason: fmt.Sprintf("its model has %d coordinates and it has %d chains, %s has %d and %d", n, len(d.origins), runstore.DrawsFile, d.Coordinates, d.Chains)}
	}
	return r, nil
}

// close closes the tables of the draws.
func (r *storedRun) close() { r.drawn.close() }

// coordinates reads the parameters' unconstrained coordinates of some draws.
func (d *drawn) coordinates(picks []pick) ([][]float64, error) {
	positions := make([][]float64, len(picks))
	first := d.FirstCoordinate()
	for i, p := range picks {
		err := d.EachRow(p.chain, d.Warmup+p.draw, d.Warmup+p.draw+1, func(_ int, values []float64) error {
			positions[i] = append([]float64(nil), values[first:]...)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return positions, nil
}
