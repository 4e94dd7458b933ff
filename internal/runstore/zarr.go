package runstore

import (
	"os"
	"path/filepath"
)

// ZarrFolder is the Zarr store that ArviZ reads.
const ZarrFolder = "arviz.zarr"

// Observed are the data of a run.
type Observed struct {
	Traits []string
	Taxa   []string
	Values [][]float64 // [trait][taxon]; NaN where missing
}

// ExportZarr writes the draws as a Zarr store of version 2 with the groups of ArviZ's
// InferenceData: posterior, sample_stats, observed_data, and warmup_posterior and
// warmup_sample_stats where the warm-up was kept. It takes the place of one that is
// there when it is complete.
func (f *Folder) ExportZarr(d *Draws, observed Observed, version string) error {
	temporary, err := os.MkdirTemp(f.path, ".hxgpu-*")
	if err != nil {
		return &WriteError{f.Path(ZarrFolder), cause(err)}
	}
	defer os.RemoveAll(temporary)
	if err := writeZarr(temporary, d, observed, version); err != nil {
		return err
	}
	if err := os.Chmod(temporary, 0o755); err != nil {
		return &WriteError{f.Path(ZarrFolder), cause(err)}
	}
	if err := f.removeZarr(); err != nil {
		return err
	}
	if err := os.Rename(temporary, f.Path(ZarrFolder)); err != nil {
		return &WriteError{f.Path(ZarrFolder), cause(err)}
	}
	return nil
}

// removeZarr removes a store that is there; a folder that is none it leaves.
func (f *Folder) removeZarr() error {
	path := f.Path(ZarrFolder)
	if _, err := os.Stat(filepath.Join(path, ".zgroup")); err != nil {
		return nil
	}
	if err := os.RemoveAll(path); err != nil {
		return &WriteError{path, cause(err)}
	}
	return nil
}

func writeZarr(root string, d *Draws, observed Observed, version string) error {
	s, err := newZarrStore(root)
	if err != nil {
		return err
	}
	about := map[string]any{"inference_library": "hxgpu", "inference_library_version": version}
	parameters, stats := parameterVariables(d.TableMeta, observed.Traits), statVariables(d.TableMeta)
	groups := []struct {
		name       string
		variables  []zarrVariable
		first, end int
	}{
		{"posterior", parameters, d.Warmup, d.Warmup + d.Count}, {"sample_stats", stats, d.Warmup, d.Warmup + d.Count},
		{"warmup_posterior", parameters, 0, d.Warmup}, {"warmup_sample_stats", stats, 0, d.Warmup},
	}
	for _, g := range groups {
		if g.end == g.first {
			continue
		}
		if err := s.group(g.name, about); err != nil {
			return err
		}
		if err := s.variables(g.name, d.Table, g.variables, g.first, g.end); err != nil {
			return err
		}
	}
	if err := s.observed(observed, about); err != nil {
		return err
	}
	return s.consolidate()
}

// variables writes the arrays of a group and those that number and name their
// dimensions.
func (s *zarrStore) variables(group string, t *Table, variables []zarrVariable, first, end int) error {
	if err := s.count(group, "chain", t.Chains); err != nil {
		return err
	}
	if err := s.count(group, "draw", end-first); err != nil {
		return err
	}
	named := map[string]bool{}
	for _, v := range variables {
		for i, dimension := range v.dimensions {
			if named[dimension] {
				continue
			}
			named[dimension] = true
			if err := s.labels(group, dimension, v.labels[i]); err != nil {
				return err
			}
		}
		if err := s.variable(group, t, v, first, end); err != nil {
			return err
		}
	}
	return nil
}

// observed writes the data, [taxon][trait].
func (s *zarrStore) observed(o Observed, about map[string]any) error {
	if len(o.Traits) == 0 || len(o.Taxa) == 0 {
		return nil
	}
	const group = "observed_data"
	if err := s.group(group, about); err != nil {
		return err
	}
	if err := s.labels(group, "taxon", o.Taxa); err != nil {
		return err
	}
	if err := s.labels(group, "trait", o.Traits); err != nil {
		return err
	}
	values := make([]float64, 0, len(o.Taxa)*len(o.Traits))
	for i := range o.Taxa {
		for k := range o.Traits {
			values = append(values, o.Values[k][i])
		}
	}
	return s.numbers(group+"/traits", []int{len(o.Taxa), len(o.Traits)}, []string{"taxon", "trait"}, values)
}
