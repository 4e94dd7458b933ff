package tree

import (
	"fmt"
	"strconv"
	"strings"
)

// nexusMatrix is a matrix of a NEXUS file, or why it cannot be read.
type nexusMatrix struct {
	table *Table
	err   error
	begin int // where its block begins
	about string
}

// MatrixIndexError says that a NEXUS file has not the one matrix that was asked for.
type MatrixIndexError struct {
	Syntax *SyntaxError // what is said, and of which place
	Count  int          // the matrices of the file
}

// Error returns file:line:column: message.
func (e *MatrixIndexError) Error() string { return e.Syntax.Error() }

// Unwrap returns Syntax.
func (e *MatrixIndexError) Unwrap() error { return e.Syntax }

// wrongMatrix makes a MatrixIndexError.
func (s *nexusScanner) wrongMatrix(count, at int, format string, values ...any) error {
	line, column := lineColumn(s.text, at)
	return &MatrixIndexError{&SyntaxError{File: s.file, Line: line, Column: column, Message: fmt.Sprintf(format, values...)}, count}
}

// table reads the matrix that the options choose.
func (s *nexusScanner) table(options TableOptions) (*Table, error) {
	if options.TaxonColumn != "" {
		return nil, s.fail(0, "the file is a NEXUS file, whose matrices begin with the taxa: leave the column of the taxa out")
	}
	taxa := &tipNames{}
	var matrices []nexusMatrix
	end := strings.IndexByte(s.text, '#')
	err := readNexus(s, func(block string, begin int) (bool, error) {
		end = begin
		switch block {
		case "TAXA":
			taxa = &tipNames{}
			return true, taxa.readTaxa(s, begin)
		case "DATA", "CHARACTERS", "CONTINUOUS":
			m, err := s.matrixBlock(block, begin, len(taxa.labels))
			m.begin = begin
			matrices = append(matrices, m)
			return true, err
		}
		return false, nil
	})
	index := max(options.Matrix, 1)
	switch count := len(matrices); {
	case err != nil:
		return nil, err
	case count == 0:
		return nil, s.fail(end, "the NEXUS file has no block DATA or CHARACTERS, this block is its last: name the file that has the traits")
	case index > count || options.Matrix < 0:
		return nil, s.wrongMatrix(count, end, "there is no matrix %d: the file has %d", options.Matrix, count)
	case options.Matrix == 0 && count > 1:
		return nil, s.wrongMatrix(count, matrices[1].begin, "the file has %d matrices, %s: choose one by its number, 1 to %d", count, describeMatrices(matrices), count)
	}
	if m := matrices[index-1]; m.err == nil {
		return m.table, nil
	}
	return nil, matrices[index-1].err
}

// describeMatrices says what the first matrices are.
func describeMatrices(matrices []nexusMatrix) string {
	var words []string
	for i, m := range matrices[:min(3, len(matrices))] {
		words = append(words, fmt.Sprintf("%d: %s", i+1, m.about))
	}
	if more := len(matrices) - len(words); more > 0 {
		words = append(words, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(words, "; ")
}

// characterNames are the labels of the columns of a matrix.
type characterNames struct {
	names []string // "" where not given
	at    []int
}

func (c *characterNames) set(i int, t nexusToken) {
	for len(c.names) <= i {
		c.names, c.at = append(c.names, ""), append(c.at, 0)
	}
	c.names[i], c.at[i] = t.text, t.at
}

// matrixBlock reads a block that holds a matrix. Of a data type that hxgpu has no use
// for, it passes over the rest.
func (s *nexusScanner) matrixBlock(block string, begin, taxa int) (nexusMatrix, error) {
	m := nexusMatrix{about: block}
	dimensions := nexusDimensions{taxa, -1}
	if taxa == 0 {
		dimensions.taxa = -1
	}
	format := newNexusFormat(block)
	names := &characterNames{}
	title := ""
	formatAt := begin
	for {
		command, err := s.command(block, begin)
		if err == nil && command == "" {
			if m.table == nil && m.err == nil {
				err = s.fail(begin, "the block %s has no MATRIX: add it, or see whether the file was cut off", block)
			}
			return m, err
		} else if err != nil {
			return m, err
		}
		from := s.at - len(command)
		switch command {
		case "DIMENSIONS":
			given, e := s.dimensions(begin)
			if err = e; given.taxa > 0 {
				dimensions.taxa = given.taxa
			}
			if given.characters > 0 {
				dimensions.characters = given.characters
			}
		case "FORMAT":
			formatAt = from
			err = s.format(begin, &format)
		case "TITLE":
			t, e := s.next(begin)
			if err = e; err == nil {
				title = t.text
				err = s.skipCommand(begin)
			}
		case "CHARLABELS":
			err = s.charLabels(begin, dimensions.characters, names)
		case "CHARSTATELABELS":
			err = s.charStateLabels(begin, dimensions.characters, names)
		case "MATRIX":
			m.about = fmt.Sprintf("%s of %d characters", format.datatype, dimensions.characters)
			if title != "" {
				m.about = title + ", " + m.about
			}
			switch {
			case m.table != nil || m.err != nil:
				err = s.fail(from, "the block %s has a second MATRIX: keep one", block)
			case format.datatype != "CONTINUOUS" && format.datatype != "STANDARD":
				m.err = s.fail(formatAt, "the matrix is of data type %s; hxgpu reads CONTINUOUS and STANDARD", format.datatype)
				err = s.skipCommand(begin)
			case dimensions.characters < 0:
				err = s.fail(from, "the block %s has no DIMENSIONS NCHAR=n before its MATRIX: add it", block)
			default:
				r := matrixReader{s: s, begin: begin, format: format, dimensions: dimensions, table: &Table{File: s.file, Title: title, symbols: format.datatype == "STANDARD"}}
				if err = r.read(); err == nil {
					m.table = r.table
					err = s.nameColumns(m.table, names, dimensions.characters, from)
				}
			}
		default:
			err = s.skipUnlike(begin, block, command, "DIMENSIONS", "FORMAT", "MATRIX", "CHARLABELS", "CHARSTATELABELS")
		}
		if err != nil {
			return m, err
		}
	}
}

// nameColumns names the columns of a matrix that begins at a place.
func (s *nexusScanner) nameColumns(t *Table, names *characterNames, characters, at int) error {
	seen := map[string]int{}
	line, column := lineColumn(s.text, at)
	for i := range characters {
		name, place := fmt.Sprint(i+1), place{int32(line), int32(column)}
		if i < len(names.names) && names.names[i] != "" {
			name = names.names[i]
			l, c := lineColumn(s.text, names.at[i])
			place.line, place.column = int32(l), int32(c)
		}
		if before, ok := seen[name]; ok {
			return &SyntaxError{File: s.file, Line: int(place.line), Column: int(place.column),
				Message: fmt.Sprintf("characters %d and %d are both named %s: rename one", before+1, i+1, quote(name))}
		}
		seen[name] = i
		t.Columns, t.header = append(t.Columns, name), append(t.header, place)
	}
	return nil
}

// charLabels reads the names of the characters in order.
func (s *nexusScanner) charLabels(begin, characters int, names *characterNames) error {
	for i := 0; ; i++ {
		t, err := s.next(begin)
		if err != nil || t.is(";") {
			return err
		}
		if err := s.checkCharacter(t, i+1, characters); err != nil {
			return err
		}
		if t.text != "_" || t.quoted {
			names.set(i, t)
		}
	}
}

// checkCharacter finds names that are none, and characters that there are not.
func (s *nexusScanner) checkCharacter(t nexusToken, number, characters int) error {
	switch {
	case t.text == "" || !t.quoted && strings.Contains(",;=", t.text):
		return s.fail(t.at, "here should be the name of a character, not %s", quote(t.text))
	case characters < 0:
		return s.fail(t.at, "names of characters before DIMENSIONS NCHAR=n: move that to the front")
	case number > characters:
		return s.fail(t.at, "%s names character %d and NCHAR is %d: make them agree", quote(t.text), number, characters)
	}
	return nil
}

// charStateLabels reads names such as 1 mass / states, 2 'wing length'. The names of
// states are passed over.
func (s *nexusScanner) charStateLabels(begin, characters int, names *characterNames) error {
	for {
		t, err := s.next(begin)
		if err != nil || t.is(";") {
			return err
		} else if t.is(",") {
			continue
		}
		number, err := strconv.Atoi(t.text)
		if err != nil || number < 1 {
			return s.fail(t.at, "%s is no number of a character: write 1 name, 2 name", quote(t.text))
		}
		name, err := s.next(begin)
		if err != nil {
			return err
		}
		switch {
		case name.is(";"):
			return nil
		case name.is(","):
			continue
		}
		states := false
		if !name.quoted {
			name.text, _, states = strings.Cut(name.text, "/")
		}
		if !states || name.text != "" {
			if err := s.checkCharacter(name, number, characters); err != nil {
				return err
			}
			names.set(number-1, name)
		}
		for {
			t, err := s.next(begin)
			if err != nil || t.is(";") {
				return err
			} else if t.is(",") {
				break
			}
			if !states && (t.quoted || !strings.HasPrefix(t.text, "/")) {
				return s.fail(t.at, "here should be ',' or '/' after the name %s, not %s: put a name with spaces in single quotes", quote(name.text), quote(t.text))
			}
			states = true
		}
	}
}
