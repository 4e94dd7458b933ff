package runstore

import (
	"errors"
	"io/fs"
	"os"
	"slices"
)

// The tables of a run.
const (
	DrawsFile     = "draws.bin"     // a row for each draw: sampler, parameters, unconstrained coordinates
	PositionsFile = "positions.bin" // whole positions, noise and all, of some draws or all
	// AdaptationFile has a row for each chain: its step size, and the inverse masses
	// of the parameters' coordinates.
	AdaptationFile = "adaptation.bin"
)

// The columns of a table about the sampler, named as CmdStan does.
const (
	LogDensityColumn = "lp__"
	AcceptColumn     = "accept_stat__"
	StepSizeColumn   = "stepsize__"
	TreeDepthColumn  = "treedepth__"
	LeapfrogsColumn  = "n_leapfrog__"
	DivergentColumn  = "divergent__"
	EnergyColumn     = "energy__"
)

// SamplerColumns are all of them in the order of the table.
var SamplerColumns = []string{LogDensityColumn, AcceptColumn, StepSizeColumn, TreeDepthColumn, LeapfrogsColumn, DivergentColumn, EnergyColumn}

// Draws are the rows of a table that all chains have.
type Draws struct {
	*Table
	Count int // draws of each chain, after the warm-up
	// Each is the number of draws that each chain has.
	Each []int
}

// OpenDraws opens a table and counts its draws.
func OpenDraws(path string) (*Draws, error) {
	t, err := OpenTable(path)
	if err != nil {
		return nil, err
	}
	d, err := CountDraws(t)
	if err != nil {
		t.Close()
		return nil, err
	}
	return d, nil
}

// CountDraws counts the draws of a table, which must have the sampler's columns.
func CountDraws(t *Table) (*Draws, error) {
	if !slices.Equal(t.Sampler, SamplerColumns) {
		return nil, &DamagedError{t.path, "it is no table of draws: it lacks the sampler's columns"}
	}
	rows, err := t.Rows()
	if err != nil {
		return nil, err
	}
	d := &Draws{Table: t, Each: rows}
	for c := range rows {
		rows[c] = max(0, rows[c]-t.Warmup)
		if c == 0 || rows[c] < d.Count {
			d.Count = rows[c]
		}
	}
	return d, nil
}

// Columns reads columns of all chains without the warm-up: [column][chain][draw].
func (d *Draws) Columns(columns ...int) ([][][]float64, error) {
	return d.Read(columns, d.Warmup, d.Warmup+d.Count)
}

// Adaptation is what a chain's warm-up found.
type Adaptation struct {
	StepSize    float64
	InverseMass []float64 // of the parameters' coordinates
}

// WriteAdaptation writes what the chains' warm-ups found.
func (f *Folder) WriteAdaptation(chains []Adaptation) error {
	m := TableMeta{Chains: len(chains), Stride: 1, Block: 1, Sampler: []string{StepSizeColumn}, Coordinates: len(chains[0].InverseMass)}
	w, err := CreateTable(f.Path(AdaptationFile), m)
	if err != nil {
		return err
	}
	defer w.Close()
	for c, a := range chains {
		if err := w.Put(c, 0, append([]float64{a.StepSize}, a.InverseMass...)); err != nil {
			return err
		}
	}
	return w.Sync()
}

// ReadAdaptation reads what the chains' warm-ups found, or nothing where a run has
// not come to that.
func (f *Folder) ReadAdaptation() ([]Adaptation, error) {
	t, err := OpenTable(f.Path(AdaptationFile))
	var damaged *DamagedError
	if errors.Is(err, fs.ErrNotExist) || errors.As(err, &damaged) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	defer t.Close()
	chains := make([]Adaptation, t.Chains)
	for c := range chains {
		err := t.EachRow(c, 0, 1, func(_ int, values []float64) error {
			chains[c] = Adaptation{values[0], append([]float64(nil), values[1:]...)}
			return nil
		})
		if errors.As(err, &damaged) {
			return nil, nil
		} else if err != nil {
			return nil, err
		}
	}
	return chains, nil
}

// RemoveAdaptation removes what an earlier session found.
func (f *Folder) RemoveAdaptation() error {
	if err := os.Remove(f.Path(AdaptationFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
