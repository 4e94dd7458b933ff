package runstore

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// ChainFile is the name of a chain's file of draws in CmdStan's format.
func ChainFile(number int) string { return fmt.Sprintf("chain_%d.csv", number) }

// ExportCmdStan writes a file for each chain as CmdStan does: settings in lines
// that begin with #, a line of column names, a line per draw, and what the warm-up
// found between its rows and the draws. Instead of times it says where they are.
func (f *Folder) ExportCmdStan(d *Draws, settings [][2]string, origins []Origin, adaptation []Adaptation) error {
	for chain := range d.Chains {
		var found *Adaptation
		if chain < len(adaptation) {
			found = &adaptation[chain]
		}
		own := settings
		if chain < len(origins) {
			own = append(slices.Clone(settings), [2]string{"seed", strconv.FormatUint(origins[chain].Seed, 10)}, [2]string{"chain_of_seed", strconv.Itoa(origins[chain].Number)})
		}
		err := f.Write(ChainFile(chain+1), func(w io.Writer) error { return EncodeChain(w, d, chain, own, found) })
		if err != nil {
			return err
		}
	}
	return nil
}

// EncodeChain writes the text of a chain's file.
func EncodeChain(w io.Writer, d *Draws, chain int, settings [][2]string, found *Adaptation) error {
	metric := "diag_e"
	if found == nil || len(found.InverseMass) == 0 {
		metric, found = "unit_e", nil // not known; readers ask for the numbers of others
	}
	own := [][2]string{{"num_samples", strconv.Itoa(d.Count)}, {"save_warmup", strconv.FormatBool(d.Warmup > 0)}, {"thin", "1"}, {"metric", metric}, {"id", strconv.Itoa(chain + 1)}}
	for _, setting := range slices.Concat(settings, own) {
		if _, err := fmt.Fprintf(w, "# %s = %s\n", oneLine(setting[0]), oneLine(setting[1])); err != nil {
			return err
		}
	}
	header := append(append([]string(nil), d.Sampler...), ColumnNames(d.ParameterNames())...)
	if _, err := fmt.Fprintln(w, strings.Join(header, ",")); err != nil {
		return err
	}
	var line []byte
	row := func(_ int, values []float64) error {
		line = line[:0]
		for i, x := range values[:len(header)] {
			if i > 0 {
				line = append(line, ',')
			}
			line = appendNumber(line, x)
		}
		_, err := w.Write(append(line, '\n'))
		return err
	}
	if err := d.EachRow(chain, 0, d.Warmup, row); err != nil {
		return err
	}
	if err := encodeAdaptation(w, d, chain, found); err != nil {
		return err
	}
	if err := d.EachRow(chain, d.Warmup, d.Warmup+d.Count, row); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "# \n#  Elapsed Time: in %s\n# \n", RunFile)
	return err
}

// encodeAdaptation writes what a warm-up found; without the masses, the step size
// that the draws have.
func encodeAdaptation(w io.Writer, d *Draws, chain int, found *Adaptation) error {
	step := 1.0
	if column := d.SamplerColumn(StepSizeColumn); found != nil {
		step = found.StepSize
	} else if column >= 0 && d.Count > 0 {
		err := d.EachRow(chain, d.Warmup, d.Warmup+1, func(_ int, values []float64) error { step = values[column]; return nil })
		if err != nil {
			return err
		}
	}
	if _, err := fmt.Fprintf(w, "# Adaptation terminated\n# Step size = %s\n", appendNumber(nil, step)); err != nil || found == nil {
		return err
	}
	line := []byte("# ")
	for i, x := range found.InverseMass {
		if i > 0 {
			line = append(line, ", "...)
		}
		line = appendNumber(line, x)
	}
	_, err := fmt.Fprintf(w, "# Diagonal elements of inverse mass matrix:\n%s\n", line)
	return err
}
