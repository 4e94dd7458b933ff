package tree

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// cellRow is a row of a table as it is written.
type cellRow struct {
	cells  []string
	places []place
}

// cellReader reads the rows of a table of cells with separators.
type cellReader struct {
	file, text string
	csv        *csv.Reader
}

// parseCells reads a table of cells with separators.
func parseCells(name, text string, options TableOptions) (*Table, error) {
	r := &cellReader{file: name, text: text, csv: csv.NewReader(strings.NewReader(text))}
	if at := strings.IndexFunc(text, func(r rune) bool { return r < ' ' && (r < '\t' || r > '\r') }); at >= 0 {
		line, column := lineColumn(text, at)
		return nil, r.fail(place{int32(line), int32(column)}, "the byte 0x%02x does not belong in a text file: save the table as CSV", text[at])
	}
	r.csv.FieldsPerRecord = -1
	r.csv.Comma = delimiter(text)

	header, err := r.read()
	if err == io.EOF {
		return nil, r.fail(place{1, 1}, "the file is empty: it should begin with a line of column names, as in taxon,mass")
	} else if err != nil {
		return nil, err
	}
	if len(header.cells) == 1 {
		return nil, r.fail(header.places[0], "%s", oneColumn(header.cells[0]))
	}
	var rows []cellRow
	for {
		row, err := r.read()
		if err == io.EOF {
			break
		} else if err != nil {
			return nil, err
		}
		switch given, want := len(row.cells), len(header.cells); {
		case given == want+1 && len(rows) == 0:
			return nil, r.fail(row.places[0], "the row has %d cells and the header %d: name the column of the taxa in the header too", given, want)
		case given != want:
			return nil, r.fail(row.places[0], "the row has %d cells and the header %d: add the missing cells, or quote a cell with a separator in it", given, want)
		}
		rows = append(rows, row)
	}
	return r.table(header, rows, options)
}

// table makes a table of the rows.
func (r *cellReader) table(header cellRow, rows []cellRow, options TableOptions) (*Table, error) {
	taxon, err := r.taxonColumn(header, rows, options)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, r.fail(header.places[0], "the table has a header and no rows: add one row per taxon")
	}
	left := -1 // R's row names, where they are not the taxa
	if header.cells[0] == "" && taxon != 0 && len(header.cells) > 2 {
		left = 0
	}
	seen := map[string]int{}
	for i, name := range header.cells {
		if name == "" && i != taxon && i != left {
			return nil, r.fail(header.places[i], "column %d has no name: name it, or remove it from every row", i+1)
		}
		if before, ok := seen[name]; ok {
			return nil, r.fail(header.places[i], "columns %d and %d are both named %s: rename one", before+1, i+1, quote(name))
		}
		seen[name] = i
	}
	kept := func(row cellRow) (cells []string, places []place) {
		for i := range row.cells {
			if i != taxon && i != left {
				cells, places = append(cells, row.cells[i]), append(places, row.places[i])
			}
		}
		return cells, places
	}
	t := &Table{File: r.file, TaxonColumn: header.cells[taxon]}
	t.Columns, t.header = kept(header)
	before := make(map[string]int, len(rows))
	for i, row := range rows {
		name := row.cells[taxon]
		if name == "" {
			return nil, r.fail(row.places[taxon], "the taxon has no name: name it as in the tree, or remove the row")
		}
		if other, ok := before[name]; ok {
			return nil, r.fail(row.places[taxon], "the taxon %s has a row already, on line %d: keep one row per taxon, such as its means", quote(name), t.Lines[other])
		}
		before[name] = i
		cells, places := kept(row)
		t.Taxa, t.taxa, t.Lines = append(t.Taxa, name), append(t.taxa, row.places[taxon]), append(t.Lines, int(row.places[taxon].line))
		t.Cells, t.cells = append(t.Cells, cells), append(t.cells, places)
	}
	return t, nil
}

func (r *cellReader) fail(at place, format string, values ...any) error {
	return &SyntaxError{File: r.file, Line: int(at.line), Column: int(at.column), Message: fmt.Sprintf(format, values...)}
}

// read reads a row.
func (r *cellReader) read() (cellRow, error) {
	cells, err := r.csv.Read()
	var broken *csv.ParseError
	switch {
	case errors.As(err, &broken) && errors.Is(err, csv.ErrBareQuote):
		return cellRow{}, r.fail(place{int32(broken.Line), int32(broken.Column)}, "a quote within a cell that is not quoted: put the cell in quotes and double the quote")
	case errors.As(err, &broken):
		return cellRow{}, r.brokenQuote(broken)
	case err != nil:
		return cellRow{}, err
	}
	places := make([]place, len(cells))
	for i := range cells {
		line, column := r.csv.FieldPos(i)
		cells[i], places[i] = trimCell(cells[i]), place{int32(line), int32(column)}
	}
	return cellRow{cells, places}, nil
}

// brokenQuote says where the quoted cell begins that is wrong, in a row that begins on
// a line; encoding/csv says only where it noticed.
func (r *cellReader) brokenQuote(broken *csv.ParseError) error {
	at := 0
	for range broken.StartLine - 1 {
		at += strings.IndexByte(r.text[at:], '\n') + 1
	}
	for start := true; at < len(r.text); at++ { // of a cell
		c := r.text[at]
		if c != '"' || !start {
			start = rune(c) == r.csv.Comma || c == '\n'
			continue
		}
		from := at
		for at++; at < len(r.text); at++ {
			if r.text[at] == '"' {
				if at+1 == len(r.text) || r.text[at+1] != '"' {
					break
				}
				at++
			}
		}
		line, column := lineColumn(r.text, from)
		if at == len(r.text) {
			return r.fail(place{int32(line), int32(column)}, "the quoted cell that begins here is not closed: close it, and double a quote within it")
		}
		if rest := strings.TrimPrefix(r.text[at+1:], "\r"); rest != "" && rest[0] != '\n' && rune(rest[0]) != r.csv.Comma {
			line, column = lineColumn(r.text, at+1)
			return r.fail(place{int32(line), int32(column)}, "text follows the quote that closes the cell: double a quote within a quoted cell")
		}
		start = false
	}
	return r.fail(place{int32(broken.Line), int32(broken.Column)}, "a quoted cell is not closed, or has text behind it: close it, and double a quote within it")
}

// oneColumn says what is wrong with a table of a single column.
func oneColumn(head string) string {
	switch {
	case strings.Contains(head, ";"):
		return "the cells are separated by semicolons: save the table with commas or tabs, and numbers with a decimal point"
	case len(strings.Fields(head)) > 1:
		return fmt.Sprintf("the table has one column, %s: if its cells are separated by spaces, save it with commas or tabs", quote(head))
	}
	return fmt.Sprintf("the table has one column, %s: it needs one of taxa and one or more of traits, separated by commas or tabs", quote(head))
}

// delimiter guesses the separator from the first line that is not empty.
func delimiter(text string) rune {
	line, _, _ := strings.Cut(strings.TrimLeft(text, "\r\n"), "\n")
	if strings.Count(line, "\t") > strings.Count(line, ",") {
		return '\t'
	}
	return ','
}

// lineBreaks sees to what encoding/csv leaves of mixed line ends.
var lineBreaks = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// trimCell removes spaces and byte-order marks around a cell, and makes every
// line break within it a line feed, as it is in a text of one kind of breaks.
func trimCell(cell string) string {
	cell = lineBreaks.Replace(cell)
	return strings.TrimFunc(cell, func(r rune) bool { return unicode.IsSpace(r) || r == '\ufeff' })
}
