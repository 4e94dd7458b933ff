package tree

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Table is a table of traits, one row per taxon.
type Table struct {
	File    string     // named in errors
	Taxa    []string   // the taxon of each row
	Columns []string   // without the column of the taxa
	Cells   [][]string // [row][column], without spaces around them
	Lines   []int      // the line of the file on which each row begins
}

// taxonColumns are the names by which the column of the taxa is known, the
// first that a table has.
var taxonColumns = []string{"taxon", "species", "name", "tip"}

// ReadTableFile reads a trait table from a file, which may be compressed with
// gzip.
func ReadTableFile(path string) (*Table, error) {
	text, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return ParseTable(path, text)
}

// ParseTable reads a table of traits; the name stands for the file in errors,
// which are of type *SyntaxError. Cells are separated by commas, or by tabs
// where the header has more of them, and may be quoted as in RFC 4180. The
// first line names the columns. The taxa stand in the column named taxon,
// species, name or tip, whatever its case, or else in the first one; each has
// one row.
func ParseTable(name string, text []byte) (*Table, error) {
	plain, err := decode(name, text)
	if err != nil {
		return nil, err
	}
	if !strings.Contains(plain, "\n") {
		plain = strings.ReplaceAll(plain, "\r", "\n") // the line ends of old Macintoshes
	}
	fail := func(line, column int, format string, values ...any) error {
		return &SyntaxError{File: name, Line: line, Column: column, Message: fmt.Sprintf(format, values...)}
	}
	if at := strings.IndexFunc(plain, func(r rune) bool { return r < ' ' && (r < '\t' || r > '\r') }); at >= 0 {
		line, column := lineColumn(plain, at)
		return nil, fail(line, column, "the byte 0x%02x does not belong in a text file: save the table as CSV", plain[at])
	}
	reader := csv.NewReader(strings.NewReader(plain))
	reader.FieldsPerRecord = -1
	reader.Comma = delimiter(plain)

	read := func() ([]string, error) {
		cells, err := reader.Read()
		var broken *csv.ParseError
		switch {
		case errors.As(err, &broken) && errors.Is(err, csv.ErrBareQuote):
			return nil, fail(broken.Line, broken.Column, "a quote within a cell that is not quoted: put the cell in quotes and double the quote")
		case errors.As(err, &broken):
			return nil, fail(broken.StartLine, 0, "a quoted cell is not closed, or has text behind it, at line %d, column %d: close it, and double a quote within it", broken.Line, broken.Column)
		}
		for i := range cells {
			cells[i] = trimCell(cells[i])
		}
		return cells, err
	}

	header, err := read()
	if err == io.EOF {
		return nil, fail(1, 1, "the file is empty: it should begin with a line of column names, as in taxon,mass")
	} else if err != nil {
		return nil, err
	}
	taxon, err := checkHeader(header, reader, fail)
	if err != nil {
		return nil, err
	}
	headerLine, _ := reader.FieldPos(0)
	t := &Table{File: name, Columns: slices.Delete(slices.Clone(header), taxon, taxon+1)}
	rows := map[string]int{}
	for {
		cells, err := read()
		if err == io.EOF {
			break
		} else if err != nil {
			return nil, err
		}
		line, column := reader.FieldPos(0)
		switch {
		case len(cells) == len(header)+1 && len(t.Taxa) == 0:
			return nil, fail(line, column, "the row has %d cells and the header %d: name the column of the taxa in the header too", len(cells), len(header))
		case len(cells) != len(header):
			return nil, fail(line, column, "the row has %d cells and the header %d: add the missing cells, or quote a cell with a separator in it", len(cells), len(header))
		}
		name := cells[taxon]
		line, column = reader.FieldPos(taxon)
		if name == "" {
			return nil, fail(line, column, "the taxon has no name: name it as in the tree, or remove the row")
		}
		if before, ok := rows[name]; ok {
			return nil, fail(line, column, "the taxon %s has a row already, on line %d: keep one row per taxon, such as its means", quote(name), t.Lines[before])
		}
		rows[name] = len(t.Taxa)
		t.Taxa = append(t.Taxa, name)
		t.Lines = append(t.Lines, line)
		t.Cells = append(t.Cells, slices.Delete(cells, taxon, taxon+1))
	}
	if len(t.Taxa) == 0 {
		return nil, fail(headerLine, 1, "the table has a header and no rows: add one row per taxon")
	}
	return t, nil
}

// checkHeader finds the column of the taxa.
func checkHeader(header []string, reader *csv.Reader, fail func(int, int, string, ...any) error) (int, error) {
	line, column := reader.FieldPos(0)
	if len(header) == 1 && strings.Contains(header[0], ";") {
		return 0, fail(line, column, "the cells are separated by semicolons: save the table with commas or tabs, and numbers with a decimal point")
	}
	if len(header) == 1 {
		return 0, fail(line, column, "the table has one column, %s: it needs one of taxa and one or more of traits, separated by commas or tabs", quote(header[0]))
	}
	taxon := 0
	for _, known := range slices.Backward(taxonColumns) {
		if i := slices.IndexFunc(header, func(name string) bool { return strings.EqualFold(name, known) }); i >= 0 {
			taxon = i
		}
	}
	seen := map[string]int{}
	for i, name := range header {
		line, column := reader.FieldPos(i)
		if name == "" && i != taxon {
			return 0, fail(line, column, "column %d has no name: name it, or remove it from every row", i+1)
		}
		if before, ok := seen[name]; ok {
			return 0, fail(line, column, "columns %d and %d are both named %s: rename one", before+1, i+1, quote(name))
		}
		seen[name] = i
	}
	return taxon, nil
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

// Numbers returns a column as numbers, one per row. A cell that is empty, NA,
// NaN (whatever their case), ? or - is missing and becomes NaN.
func (t *Table) Numbers(column string) ([]float64, error) {
	at := slices.Index(t.Columns, column)
	if at < 0 {
		return nil, fmt.Errorf("%s: no column %s: the columns are %s", t.File, quote(column), quoteList(nearestNames(column, t.Columns), 10))
	}
	numbers := make([]float64, len(t.Cells))
	for row, cells := range t.Cells {
		cell := cells[at]
		if isMissing(cell) {
			numbers[row] = math.NaN()
			continue
		}
		number, problem := parseNumber(cell)
		if problem != "" {
			return nil, &SyntaxError{File: t.File, Line: t.line(row),
				Message: fmt.Sprintf("taxon %s, column %s: %s %s; a missing value is empty, NA or ?", quote(t.Taxa[row]), quote(column), quote(cell), problem)}
		}
		numbers[row] = number
	}
	return numbers, nil
}

// line returns the line of a row; that of a table made by hand is guessed.
func (t *Table) line(row int) int {
	if row < len(t.Lines) {
		return t.Lines[row]
	}
	return row + 2
}

// isMissing reports whether a cell stands for a value that is not known.
func isMissing(cell string) bool {
	return cell == "" || cell == "?" || cell == "-" || strings.EqualFold(cell, "NA") || strings.EqualFold(cell, "NaN")
}

// quoteList returns at most so many names in quotes, and how many more there are.
func quoteList(names []string, most int) string {
	words := make([]string, 0, most)
	for _, name := range names[:min(most, len(names))] {
		words = append(words, quote(name))
	}
	text := strings.Join(words, ", ")
	if more := len(names) - len(words); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// nearestNames returns the names sorted by their likeness to the wanted one.
func nearestNames(wanted string, names []string) []string {
	wanted = strings.ToLower(wanted)
	distances := make(map[string]int, len(names))
	for _, name := range names {
		distances[name] = editDistance(wanted, strings.ToLower(name))
	}
	sorted := slices.Clone(names)
	slices.SortStableFunc(sorted, func(a, b string) int { return cmp.Compare(distances[a], distances[b]) })
	return sorted
}

// editDistance is Levenshtein's: the number of characters to insert, remove or
// replace to get from a to b.
func editDistance(a, b string) int {
	from, to := []rune(a), []rune(b)
	row := make([]int, len(to)+1)
	for j := range row {
		row[j] = j
	}
	for i, r := range from {
		diagonal := row[0]
		row[0] = i + 1
		for j, s := range to {
			change := diagonal
			if r != s {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, diagonal+1)
		}
	}
	return row[len(to)]
}

// parseNumber reads a finite decimal number; the problem says what it is instead.
func parseNumber(text string) (value float64, problem string) {
	value, err := strconv.ParseFloat(text, 64)
	switch strings.ToLower(strings.TrimLeft(text, "+-")) {
	case "inf", "infinity", "nan":
		return 0, "is not finite: write a finite decimal number"
	}
	if errors.Is(err, strconv.ErrRange) {
		return 0, "is too large for a float64: write a finite decimal number"
	}
	if err != nil || strings.ContainsAny(text, "xXpP_") {
		return 0, "is not a number: write a decimal number such as 0.5 or 1e-3"
	}
	return value, ""
}

// decode returns the text without a byte-order mark, or an error when it is
// not in UTF-8 or a superset of ASCII of one byte a character.
func decode(name string, text []byte) (string, error) {
	if bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff")) {
		return "", &SyntaxError{File: name, Line: 1, Column: 1, Message: "the file is in UTF-16: save it as UTF-8"}
	}
	return string(bytes.TrimPrefix(text, []byte("\ufeff"))), nil
}

// readFile reads a file, compressed with gzip or not.
func readFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return ReadText(path, file)
}

// ReadText reads everything, and unpacks it where it is compressed with gzip; the name
// stands for the file in errors.
func ReadText(name string, r io.Reader) ([]byte, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if !bytes.HasPrefix(text, []byte("\x1f\x8b")) {
		return text, nil
	}
	unzip, err := gzip.NewReader(bytes.NewReader(text))
	if err == nil {
		text, err = io.ReadAll(unzip)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: cannot unpack the gzip file, make or fetch it anew: %w", name, err)
	}
	return text, nil
}
