package runstore

import (
	"strconv"
	"strings"
	"unicode"
)

// ColumnNames writes the names of parameters as readers of CmdStan's files take
// them: sigma_sq[mass] as sigma_sq_mass and correlation[a,b] as correlation_a_b.
// (CmdStan's own sigma_sq.1 stands for an element by its number; readers refuse
// sigma_sq.mass.) Characters other than letters, digits, - and _ become _; a name
// that this makes equal to another one gets a number, and none ends in __, by which
// readers tell the sampler's columns.
func ColumnNames(parameters []string) []string {
	names := make([]string, len(parameters))
	seen := map[string]bool{}
	for i, parameter := range parameters {
		base, labels, _ := strings.Cut(strings.TrimSuffix(parameter, "]"), "[")
		name := plainName(base)
		if labels != "" {
			for label := range strings.SplitSeq(labels, ",") {
				name += "_" + plainName(label)
			}
		}
		if strings.HasSuffix(name, "__") {
			name = strings.TrimRight(name, "_")
		}
		unique := name
		for n := 2; seen[unique]; n++ {
			unique = name + "_" + strconv.Itoa(n)
		}
		seen[unique] = true
		names[i] = unique
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

// oneLine keeps a text within its line.
func oneLine(text string) string { return strings.NewReplacer("\n", " ", "\r", " ").Replace(text) }

// appendNumber writes a number with all its digits, and what is not finite as
// CmdStan does.
func appendNumber(line []byte, x float64) []byte {
	switch {
	case x != x:
		return append(line, "nan"...)
	case x > maxFinite:
		return append(line, "inf"...)
	case x < -maxFinite:
		return append(line, "-inf"...)
	}
	return strconv.AppendFloat(line, x, 'g', -1, 64)
}

const maxFinite = 0x1.fffffffffffffp1023
