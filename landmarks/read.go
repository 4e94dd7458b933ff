package landmarks

import (
	"os"
	"regexp"
	"strings"

	"github.com/hxgpu/hxgpu/tree"
)

// tpsStart is how a TPS file begins.
var tpsStart = regexp.MustCompile(`^\x{FEFF}?\s*(?i:LM3?)[ \t]*=`)

// ReadFile reads shapes from a file, which may be compressed with gzip: in the TPS
// format if it begins with a line LM= or its name ends in .tps (see [ParseTPS]), or
// else as a table (see [FromTable]). The second result lists the columns of a table
// that hold no coordinates.
func ReadFile(path string) (*Set, []string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	text, err := tree.ReadText(path, file)
	if err != nil {
		return nil, nil, err
	}
	return Parse(path, text)
}

// Parse reads shapes from the unpacked text of a file as ReadFile does; the name
// stands for the file.
func Parse(name string, text []byte) (*Set, []string, error) {
	return ParseWith(name, text, tree.TableOptions{})
}

// ParseWith does the same, with options for a table.
func ParseWith(name string, text []byte, options tree.TableOptions) (*Set, []string, error) {
	if plain := strings.TrimSuffix(strings.ToLower(name), ".gz"); strings.HasSuffix(plain, ".tps") || tpsStart.Match(text) {
		set, err := ParseTPS(name, text)
		return set, nil, err
	}
	table, err := tree.ParseTableWith(name, text, options)
	if err != nil {
		return nil, nil, err
	}
	return FromTable(table)
}
