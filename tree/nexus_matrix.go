package tree

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// matrixReader reads the rows of a matrix into a table.
type matrixReader struct {
	s          *nexusScanner
	begin      int
	format     nexusFormat
	dimensions nexusDimensions
	table      *Table
	rows       map[string]int
	line, from int // of the last place that was asked for: they come in order
}

// place is where a byte of the text stands; calls come in the order of the text.
func (r *matrixReader) place(at int) place {
	text := r.s.text[r.from:at]
	if n := strings.Count(text, "\n"); n > 0 {
		r.line += n
		r.from += strings.LastIndexByte(text, '\n') + 1
	}
	return place{int32(r.line), int32(at - r.from + 1)}
}

// read reads the matrix up to its semicolon.
func (r *matrixReader) read() error {
	r.line, r.rows = 1, map[string]int{}
	section := 0 // how many taxa the present section has
	for {
		t, err := r.token(&nexusStop)
		if err != nil {
			return err
		}
		if t.is(";") {
			return r.finish(t.at, section)
		}
		if t.text == "" || !t.quoted && strings.Contains(",=", t.text) {
			return r.s.fail(t.at, "here should be the name of a taxon, not %s", quote(t.text))
		}
		row, known := r.rows[t.text]
		switch {
		case known && !r.format.interleave:
			return r.s.fail(t.at, "the taxon %s has a row already, on line %d: keep one row per taxon, or write INTERLEAVE in FORMAT", quote(t.text), r.table.Lines[row])
		case known && row == 0: // the next section begins
			if section < len(r.table.Taxa) {
				return r.s.fail(t.at, "a section of the interleaved matrix ends before the taxon %s: give every taxon in every section", quote(r.table.Taxa[section]))
			}
			section = 0
		}
		if !known {
			row = len(r.table.Taxa)
			r.rows[t.text] = row
			at := r.place(t.at)
			r.table.Taxa, r.table.taxa, r.table.Lines = append(r.table.Taxa, t.text), append(r.table.taxa, at), append(r.table.Lines, int(at.line))
			r.table.Cells, r.table.cells = append(r.table.Cells, nil), append(r.table.cells, nil)
		}
		if row != section {
			return r.s.fail(t.at, "the taxon %s stands out of turn, as number %d of its section: give the taxa of every section in one order", quote(t.text), section+1)
		}
		section++
		if err := r.cells(row, t); err != nil {
			return err
		}
	}
}

// finish checks that the matrix, which ends at a place, is complete.
func (r *matrixReader) finish(at, section int) error {
	n := len(r.table.Taxa)
	switch {
	case n == 0:
		return r.s.fail(at, "the matrix has no rows: add one per taxon")
	case section < n:
		return r.s.fail(at, "the matrix ends before the taxon %s in its last section: give every taxon in every section", quote(r.table.Taxa[section]))
	case r.dimensions.taxa >= 0 && n != r.dimensions.taxa:
		return r.s.fail(at, "the matrix has %d taxa and NTAX is %d: make them equal", n, r.dimensions.taxa)
	}
	for row, cells := range r.table.Cells {
		if len(cells) != r.dimensions.characters {
			p := r.table.taxa[row]
			return &SyntaxError{File: r.s.file, Line: int(p.line), Column: int(p.column),
				Message: r.count(row)}
		}
	}
	return nil
}

// count says how many cells a row has.
func (r *matrixReader) count(row int) string {
	return fmt.Sprintf("the taxon %s has characters 1 to %d and NCHAR is %d: add the missing ones, or correct NCHAR", quote(r.table.Taxa[row]), len(r.table.Cells[row]), r.dimensions.characters)
}

// token reads a token, which may be a semicolon.
func (r *matrixReader) token(stop *[256]bool) (nexusToken, error) { return r.s.token(r.begin, stop) }

// lineEnds reports whether the line, but for comments, ends before the next token.
func (r *matrixReader) lineEnds() (bool, error) {
	from := r.s.at
	done, err := r.s.space()
	return done || strings.Contains(r.s.text[from:r.s.at], "\n"), err
}

// cells reads the cells of a row: all that the matrix has, or in an interleaved one
// those on the line.
func (r *matrixReader) cells(row int, taxon nexusToken) error {
	for {
		have := len(r.table.Cells[row])
		ends, err := r.lineEnds()
		switch {
		case err != nil:
			return err
		case ends && r.format.interleave:
			return nil
		case have == r.dimensions.characters && (ends || r.s.at < len(r.s.text) && r.s.text[r.s.at] == ';'):
			return nil
		case r.s.at < len(r.s.text) && r.s.text[r.s.at] == ';':
			if r.format.interleave {
				return nil
			}
			return r.s.fail(r.s.at, "%s", r.count(row))
		}
		if have == r.dimensions.characters {
			return r.s.fail(r.s.at, "the taxon %s has more characters than NCHAR, %d: correct one of them", quote(taxon.text), have)
		}
		if r.format.datatype == "CONTINUOUS" || r.format.tokens {
			err = r.cell(row)
		} else {
			err = r.states(row)
		}
		if err != nil {
			return err
		}
	}
}

// cell reads a number, or the name of a state.
func (r *matrixReader) cell(row int) error {
	t, err := r.token(&nexusCellStop)
	if err != nil {
		return err
	}
	cell := t.text
	switch {
	case cell == r.format.missing:
		cell = "?"
	case r.format.gap != "" && cell == r.format.gap:
		cell = "-"
	case r.format.datatype == "CONTINUOUS" && !isMissing(cell):
		if _, problem := parseNumber(cell); problem != "" {
			return r.s.fail(t.at, "taxon %s, character %d: %s %s; a missing value is %s", quote(r.table.Taxa[row]), len(r.table.Cells[row])+1, quote(cell), problem, r.format.missing)
		}
	}
	r.add(row, cell, t.at)
	return nil
}

// states reads a run of symbols, each a cell.
func (r *matrixReader) states(row int) error {
	t, err := r.token(&nexusStop)
	if err != nil {
		return err
	}
	if t.quoted || strings.Contains(",;=", t.text) {
		return r.s.fail(t.at, "taxon %s: here should be symbols of states, not %s", quote(r.table.Taxa[row]), quote(t.text))
	}
	if strings.ContainsAny(t.text, "({") { // several states may have spaces or commas between
		return r.severalStates(row, t)
	}
	for i, symbol := range t.text {
		if err := r.symbol(row, string(symbol), t.at+i); err != nil {
			return err
		}
	}
	return nil
}

// severalStates reads a run of symbols that has sets of them, as in 01{0 1}1.
func (r *matrixReader) severalStates(row int, t nexusToken) error {
	for at := t.at; at < len(r.s.text); {
		c := r.s.text[at]
		_, size := utf8.DecodeRuneInString(r.s.text[at:])
		end, closed := at+size, byte(0)
		switch c {
		case '(':
			closed = ')'
		case '{':
			closed = '}'
		}
		if closed != 0 {
			length := strings.IndexAny(r.s.text[at:], ")}\n;")
			if length < 0 || r.s.text[at+length] != closed {
				return r.s.fail(at, "taxon %s: the set of states that begins here is not closed: add '%c'", quote(r.table.Taxa[row]), closed)
			}
			end = at + length + 1
			if err := r.s.printable(at, end); err != nil {
				return err
			}
			if err := r.symbol(row, strings.NewReplacer(" ", "", ",", "", "\t", "").Replace(r.s.text[at:end]), at); err != nil {
				return err
			}
		} else if nexusStop[c] {
			break
		} else if err := r.symbol(row, r.s.text[at:end], at); err != nil {
			return err
		}
		at, r.s.at = end, end
	}
	return nil
}

// symbol adds a cell of states.
func (r *matrixReader) symbol(row int, symbol string, at int) error {
	if len(r.table.Cells[row]) == r.dimensions.characters {
		return r.s.fail(at, "the taxon %s has more characters than NCHAR, %d: correct one of them", quote(r.table.Taxa[row]), r.dimensions.characters)
	}
	switch {
	case symbol == r.format.missing:
		symbol = "?"
	case r.format.gap != "" && symbol == r.format.gap:
		symbol = "-"
	case len(symbol) == 1 && r.format.symbols != "" && !isMissing(symbol) && !strings.Contains(strings.ToLower(r.format.symbols), strings.ToLower(symbol)) && !strings.Contains(r.format.symbols, "~"):
		return r.s.fail(at, "taxon %s, character %d: the symbol %s is not in SYMBOLS=%s", quote(r.table.Taxa[row]), len(r.table.Cells[row])+1, quote(symbol), quote(r.format.symbols))
	}
	r.add(row, symbol, at)
	return nil
}

func (r *matrixReader) add(row int, cell string, at int) {
	r.table.Cells[row], r.table.cells[row] = append(r.table.Cells[row], cell), append(r.table.cells[row], r.place(at))
}
