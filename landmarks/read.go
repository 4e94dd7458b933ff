package landmarks

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
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
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	if bytes.HasPrefix(text, []byte("\x1f\x8b")) {
		if text, err = unzip(text); err != nil {
			return nil, nil, fmt.Errorf("%s: cannot unpack the gzip file, make or fetch it anew: %w", path, err)
		}
	}
	if name := strings.TrimSuffix(strings.ToLower(path), ".gz"); strings.HasSuffix(name, ".tps") || tpsStart.Match(text) {
		set, err := ParseTPS(path, text)
		return set, nil, err
	}
	table, err := tree.ParseTable(path, text)
	if err != nil {
		return nil, nil, err
	}
	return FromTable(table)
}

func unzip(text []byte) ([]byte, error) {
	reader, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(reader)
}
