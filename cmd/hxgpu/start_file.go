package main

import (
	"fmt"
	"math"
	"strings"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/nuts"
	"github.com/hxgpu/hxgpu/tree"
)

// startFile is the file that --start names, if it does.
func (f *algorithmFlags) startFile() (path string, named bool) {
	return strings.CutPrefix(f.start, "file=")
}

// readStarts reads the chains' starting positions: a table with a column chain and
// one for each parameter, on its natural scale, with one row for all chains or one
// for each. Noise is drawn from its prior.
func (c *sampleCommand) readStarts(target *bffg.Target) ([][]float64, error) {
	path, named := c.startFile()
	if !named {
		return nil, nil
	}
	text, err := c.files.files.text("start", path)
	if err != nil {
		return nil, fmt.Errorf("--start: %w", err)
	}
	table, err := tree.ParseTable(path, text)
	if err != nil {
		return nil, fmt.Errorf("--start: %w", err)
	}
	if n := len(table.Taxa); n != 1 && n != c.chains {
		return nil, fmt.Errorf("--start: %s has %s; it needs one for all chains, or one for each of the %d", path, plural(n, "row"), c.chains)
	}
	rows := make([][]float64, len(table.Taxa))
	for _, parameter := range target.Names() {
		values, err := table.Numbers(parameter)
		if err != nil {
			return nil, fmt.Errorf("--start: %w", err)
		}
		for i, x := range values {
			if math.IsNaN(x) {
				return nil, fmt.Errorf("--start: %s:%d: %s has no value", path, table.Lines[i], parameter)
			}
			rows[i] = append(rows[i], x)
		}
	}
	starts := make([][]float64, c.chains)
	for chain := range starts {
		row := 0
		if len(rows) > 1 {
			row = chain
		}
		position, err := target.Unconstrained(rows[row])
		if err != nil {
			return nil, fmt.Errorf("--start: %s:%d: %w", path, table.Lines[row], err)
		}
		starts[chain] = make([]float64, target.Dim())
		random := nuts.NewStream(c.seed, uint32(chain), 0, nuts.PurposeStates)
		target.DrawPrior(&random, starts[chain])
		copy(starts[chain], position)
	}
	return starts, nil
}
