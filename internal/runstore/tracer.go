package runstore

import (
	"fmt"
	"io"
	"strings"
)

// TraceFile is the name of a chain's file for Tracer.
func TraceFile(number int) string { return fmt.Sprintf("chain_%d.log", number) }

// ExportTracer writes a file for each chain as BEAST and RevBayes do and Tracer
// reads: a line of column names, a line per draw, tabs between. The warm-up is not
// in it: no burn-in needs to be taken away. The log density lp is that of the
// unconstrained coordinates.
func (f *Folder) ExportTracer(d *Draws, about string) error {
	for chain := range d.Chains {
		err := f.Write(TraceFile(chain+1), func(w io.Writer) error { return EncodeTrace(w, d, chain, about) })
		if err != nil {
			return err
		}
	}
	return nil
}

// EncodeTrace writes the text of a chain's file for Tracer.
func EncodeTrace(w io.Writer, d *Draws, chain int, about string) error {
	names := append([]string{"state", "lp"}, ColumnNames(d.ParameterNames())...)
	if _, err := fmt.Fprintf(w, "# %s; chain %d; the warm-up is left out, burn-in 0 will do\n%s\n", oneLine(about), chain+1, strings.Join(names, "\t")); err != nil {
		return err
	}
	density, first := d.SamplerColumn(LogDensityColumn), d.FirstParameter()
	var line []byte
	return d.EachRow(chain, d.Warmup, d.Warmup+d.Count, func(row int, values []float64) error {
		line = fmt.Appendf(line[:0], "%d\t", (row-d.Warmup)*d.Stride)
		line = appendNumber(line, values[density])
		for _, x := range values[first:][:len(d.Parameters)] {
			line = appendNumber(append(line, '\t'), x)
		}
		_, err := w.Write(append(line, '\n'))
		return err
	})
}
