package runstore

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"

	"github.com/hxgpu/hxgpu/nuts"
)

// Chain is one chain's draws.
type Chain struct {
	Number     int // from 1
	Settings   [][2]string
	Parameters []string    // as they are reported, for example sigma_sq[mass]
	Values     [][]float64 // [draw][parameter], natural scale
	Stats      []nuts.Stats
}

// ChainFile is the name of a chain's file.
func ChainFile(number int) string { return fmt.Sprintf("chain_%d.csv", number) }

// sampler are CmdStan's columns about the sampler.
var sampler = []string{"lp__", "accept_stat__", "stepsize__", "treedepth__", "n_leapfrog__", "divergent__", "energy__"}

// WriteChain writes a chain's draws as CmdStan does: settings in lines that
// begin with #, a line of column names, a line per draw.
func (f *Folder) WriteChain(c Chain) error {
	return f.Write(ChainFile(c.Number), func(w io.Writer) error { return EncodeChain(w, c) })
}

// EncodeChain writes the text of a chain's file.
func EncodeChain(w io.Writer, c Chain) error {
	for _, setting := range append(c.Settings, [2]string{"id", strconv.Itoa(c.Number)}) {
		if _, err := fmt.Fprintf(w, "# %s = %s\n", oneLine(setting[0]), oneLine(setting[1])); err != nil {
			return err
		}
	}
	header := append(append([]string(nil), sampler...), ColumnNames(c.Parameters)...)
	if _, err := fmt.Fprintln(w, strings.Join(header, ",")); err != nil {
		return err
	}
	if len(c.Stats) > 0 {
		if _, err := fmt.Fprintf(w, "# Adaptation terminated\n# Step size = %g\n", c.Stats[0].StepSize); err != nil {
			return err
		}
	}
	var line []byte
	number := func(x float64) {
		if len(line) > 0 {
			line = append(line, ',')
		}
		line = strconv.AppendFloat(line, x, 'g', -1, 64)
	}
	for draw, s := range c.Stats {
		line = line[:0]
		divergent := 0.0
		if s.Divergent {
			divergent = 1
		}
		for _, x := range []float64{s.LogDensity, s.AcceptProb, s.StepSize, float64(s.TreeDepth), float64(s.Leapfrogs), divergent, s.Energy} {
			number(x)
		}
		for _, x := range c.Values[draw] {
			number(x)
		}
		if _, err := w.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	return nil
}

// oneLine keeps a text within its line.
func oneLine(text string) string { return strings.NewReplacer("\n", " ", "\r", " ").Replace(text) }

// ColumnNames writes the names of parameters as CmdStan does, sigma_sq[mass] as
// sigma_sq.mass and correlation[a,b] as correlation.a.b. Characters within a
// label other than letters, digits, - and _ become _; a name that this makes
// equal to another one gets a number.
func ColumnNames(parameters []string) []string {
	names := make([]string, len(parameters))
	seen := map[string]int{}
	for i, parameter := range parameters {
		base, labels, _ := strings.Cut(strings.TrimSuffix(parameter, "]"), "[")
		name := plainName(base)
		if labels != "" {
			for label := range strings.SplitSeq(labels, ",") {
				name += "." + plainName(label)
			}
		}
		seen[name]++
		if n := seen[name]; n > 1 {
			name += "_" + strconv.Itoa(n)
		}
		names[i] = name
	}
	return names
}

func plainName(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_' {
			return r
		}
		return '_'
	}, text)
}
