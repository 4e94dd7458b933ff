package tree

import (
	"bytes"
	"fmt"
	"strings"
)

// Table is a table of traits, one row per taxon.
type Table struct {
	File        string     // named in errors
	Title       string     // of a NEXUS matrix that has one
	Taxa        []string   // the taxon of each row
	TaxonColumn string     // the name of the column that they stand in, "" in NEXUS
	Columns     []string   // without the column of the taxa
	Cells       [][]string // [row][column], without spaces around them
	Lines       []int      // the line of the file on which each row begins

	header, taxa []place   // of the columns and the taxa
	cells        [][]place // [row][column]
	symbols      bool      // cells are symbols of states, {01} several of them
}

// place is where a cell begins, line and column from 1.
type place struct{ line, column int32 }

// TableOptions say how a table is to be read. The zero value leaves all to what is
// found.
type TableOptions struct {
	// TaxonColumn names the column of the taxa. Without it that is the column named
	// taxon, species, name or tip, whatever its case, unless none of its cells is a
	// tip and those of another column are, then that one, or else the first column.
	TaxonColumn string
	// Tips are the names of the tree's tips, by which the column of the taxa may be
	// found.
	Tips []string
	// Matrix is the number of the matrix in a NEXUS file that has several, from 1.
	Matrix int
}

// ReadTableFile reads a trait table from a file, which may be compressed with
// gzip.
func ReadTableFile(path string) (*Table, error) {
	text, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return ParseTable(path, text)
}

// ParseTable reads a table of traits as ParseTableWith does without options.
func ParseTable(name string, text []byte) (*Table, error) {
	return ParseTableWith(name, text, TableOptions{})
}

// ParseTableWith reads a table of traits; the name stands for the file in errors,
// which are of type *SyntaxError. A file that begins with #NEXUS is read as a matrix
// of a block DATA or CHARACTERS: CONTINUOUS, whose cells are numbers, or STANDARD,
// whose cells are symbols of states; in one piece or interleaved. Its columns are
// called as CHARSTATELABELS or CHARLABELS say, or else by their numbers from 1; a
// missing cell is ? and a gap -, whatever the file calls them.
//
// Otherwise cells are separated by commas, or by tabs where the header has more of
// them, and may be quoted as in RFC 4180. The first line names the columns; a first
// column without a name, as R writes row names, may hold the taxa and is else left
// out. Each taxon has one row.
func ParseTableWith(name string, text []byte, options TableOptions) (*Table, error) {
	plain, err := decode(name, text)
	if err != nil {
		return nil, err
	}
	plain = nexusLines(plain)
	if nexus := bytes.TrimLeft([]byte(plain[:min(len(plain), 1000)]), " \t\r\n\v\f"); isNexus(string(nexus)) || strings.HasPrefix(string(nexus), "[") {
		s := &nexusScanner{file: name, text: plain}
		if done, err := s.space(); err == nil && !done && isNexus(plain[s.at:]) {
			return s.table(options)
		}
	}
	if options.Matrix > 1 {
		return nil, &SyntaxError{File: name, Line: 1, Column: 1, Message: fmt.Sprintf("there is no matrix %d: the file is no NEXUS file, and holds one table", options.Matrix)}
	}
	return parseCells(name, plain, options)
}

// ErrorAt is an error about a cell, counted from 0; row -1 is the header, column -1
// the taxa. It is of type *SyntaxError.
func (t *Table) ErrorAt(row, column int, format string, values ...any) error {
	e := &SyntaxError{File: t.File, Line: 1, Column: 1, Message: fmt.Sprintf(format, values...)}
	places := t.header
	switch {
	case row >= 0 && column < 0:
		places, column = t.taxa, row
	case row >= 0:
		places = nil
		if row < len(t.cells) {
			places = t.cells[row]
		}
	}
	if column >= 0 && column < len(places) {
		e.Line, e.Column = int(places[column].line), int(places[column].column)
	} else if row >= 0 {
		e.Line, e.Column = t.line(row), 0 // of a table made by hand
	}
	return e
}

// line returns the line of a row; that of a table made by hand is guessed.
func (t *Table) line(row int) int {
	if row < len(t.Lines) {
		return t.Lines[row]
	}
	return row + 2
}
