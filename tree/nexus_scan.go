package tree

import (
	"errors"
	"fmt"
	"strings"
)

// isNexus reports whether a text, from its first character on that is neither a
// space nor in a comment, is a NEXUS file.
func isNexus(text string) bool {
	return len(text) >= 6 && strings.EqualFold(text[:6], "#NEXUS")
}

// nexusToken is a word, a quoted text, or one character of punctuation.
type nexusToken struct {
	text   string
	quoted bool
	at     int
}

// is reports whether a token is that punctuation or, whatever its case, that word.
func (t nexusToken) is(text string) bool { return !t.quoted && strings.EqualFold(t.text, text) }

// nexusScanner reads a NEXUS file token by token.
type nexusScanner struct {
	file, text string
	at         int
	comments   []string // the texts of comments [&...] that were passed over
}

// errStopped ends the reading of a file of which no more is wanted.
var errStopped = errors.New("stopped")

func (s *nexusScanner) fail(at int, format string, values ...any) error {
	line, column := lineColumn(s.text, at)
	return &SyntaxError{File: s.file, Line: line, Column: column, Message: fmt.Sprintf(format, values...)}
}

// space passes over spaces and comments, and reports whether the text ends there.
func (s *nexusScanner) space() (bool, error) {
	p := newickParser{file: s.file, text: s.text, at: s.at, marks: s.comments}
	done, err := p.skip()
	s.at, s.comments = p.at, p.marks
	return done, err
}

// nexusStop marks the bytes that end a word; nexusCellStop those that end a cell of
// a matrix, within which a comma or an equals sign is a mistake to be told.
var nexusStop, nexusCellStop = func() (stop, cell [256]bool) {
	for c := range stop {
		stop[c] = isControl(byte(c)) || strings.IndexByte(" \t\n\r\v\f[],;='", byte(c)) >= 0
		cell[c] = stop[c] && c != ',' && c != '='
	}
	return stop, cell
}()

// next returns the next token of the block that began at begin.
// printable finds a byte that does not belong in a text file.
func (s *nexusScanner) printable(from, to int) error {
	for at := from; at < to; at++ {
		if c := s.text[at]; isControl(c) {
			return s.fail(at, "the byte 0x%02x does not belong in a text file: is this a NEXUS file?", c)
		}
	}
	return nil
}

func (s *nexusScanner) next(begin int) (nexusToken, error) { return s.token(begin, &nexusStop) }

func (s *nexusScanner) token(begin int, stop *[256]bool) (nexusToken, error) {
	done, err := s.space()
	if err != nil {
		return nexusToken{}, err
	} else if done {
		return nexusToken{}, s.fail(begin, "the block that begins here is not closed: add END; or see whether the file was cut off")
	}
	from, c := s.at, s.text[s.at]
	switch {
	case c == '\'':
		p := newickParser{file: s.file, text: s.text, at: s.at}
		text, err := p.quoted()
		s.at = p.at
		return nexusToken{text, true, from}, err
	case c == '"':
		length := strings.IndexAny(s.text[from+1:], "\"\n\r")
		if length < 0 || s.text[from+1+length] != '"' {
			return nexusToken{}, s.fail(from, "the text that begins here has no closing quote on its line: add \"")
		}
		s.at = from + length + 2
		return nexusToken{s.text[from+1 : from+1+length], true, from}, s.printable(from+1, from+1+length)
	case c == ']':
		return nexusToken{}, s.fail(from, "']' without '[' before it: remove it, or put the label in single quotes")
	case isControl(c):
		return nexusToken{}, s.printable(from, from+1)
	case stop[c]:
		s.at++
		return nexusToken{s.text[from : from+1], false, from}, nil
	}
	for s.at < len(s.text) && !stop[s.text[s.at]] {
		s.at++
	}
	if s.at < len(s.text) && s.text[s.at] == '\'' {
		return nexusToken{}, s.fail(s.at, "a quote within the word %s: put a label with quotes in single quotes, and double them", quote(s.text[from:s.at]))
	}
	return nexusToken{s.text[from:s.at], false, from}, nil
}

// expect reads punctuation; what says what stands before it.
func (s *nexusScanner) expect(begin int, text, what string) error {
	t, err := s.next(begin)
	if err == nil && !t.is(text) {
		return s.fail(t.at, "here should be '%s' after %s, not %s", text, what, quote(t.text))
	}
	return err
}

// skipCommand passes over the rest of a command that is not read, of any program's
// making: a quote counts where a label may begin and if it closes on its line.
func (s *nexusScanner) skipCommand(begin int) error {
	for before := byte(' '); s.at < len(s.text); {
		c := s.text[s.at]
		switch {
		case c == '[':
			if _, err := s.space(); err != nil {
				return err
			}
			before = ' '
			continue
		case c == ';':
			s.at++
			return nil
		case (c == '\'' || c == '"') && strings.IndexByte(" \t\r\n,=(", before) >= 0:
			if length := strings.IndexAny(s.text[s.at+1:], string(c)+"\n\r"); length >= 0 && s.text[s.at+1+length] == c {
				s.at += length + 1
			}
		}
		before = c
		s.at++
	}
	return s.fail(begin, "the block that begins here is not closed: add END; or see whether the file was cut off")
}

// skipWord passes over the word that begins a command, and returns it.
func (s *nexusScanner) skipWord() string {
	from := s.at
	for s.at < len(s.text) && !nexusStop[s.text[s.at]] && s.text[s.at] != '*' {
		s.at++
	}
	return s.text[from:s.at]
}

// skipUnlike passes over a command that is not read, unless its name looks like a
// slip in one that is.
func (s *nexusScanner) skipUnlike(begin int, block, command string, read ...string) error {
	for _, name := range read {
		if editDistance(command, name) <= 2 && len(command) > 2 {
			return s.fail(s.at-len(command), "the block %s has no command %s: is it %s?", block, quote(command), name)
		}
	}
	return s.skipCommand(begin)
}

// command goes to the next command of a block and returns its name in upper case,
// "" where the block ends.
func (s *nexusScanner) command(block string, begin int) (string, error) {
	for {
		done, err := s.space()
		switch {
		case err != nil:
			return "", err
		case done:
			return "", s.fail(begin, "the block %s that begins here is not closed: add END; or see whether the file was cut off", block)
		case s.text[s.at] == ';':
			s.at++
			continue
		}
		from := s.at
		switch word := strings.ToUpper(s.skipWord()); word {
		case "END", "ENDBLOCK":
			return "", s.expect(begin, ";", word)
		case "BEGIN":
			line, _ := lineColumn(s.text, begin)
			return "", s.fail(from, "a block begins within the block %s, which began on line %d: END; is missing before it", block, line)
		case "":
			s.at = from
			t, err := s.next(begin)
			if err != nil {
				return "", err
			}
			return "", s.fail(from, "here should be a command of the block %s, or END; not %s", block, quote(t.text))
		default:
			return word, nil
		}
	}
}

// readNexus visits the blocks of a NEXUS file. What visit leaves of a block, by
// returning false, is passed over.
func readNexus(s *nexusScanner, visit func(block string, begin int) (bool, error)) error {
	if _, err := s.space(); err != nil {
		return err
	}
	s.at += len("#NEXUS")
	for {
		done, err := s.space()
		if err != nil || done {
			return err
		}
		from := s.at
		switch c := s.text[from]; {
		case c == ';':
			s.at++
			continue
		case c == '#': // not of the format, but some write notes so
			if end := strings.IndexAny(s.text[from:], "\r\n"); end >= 0 {
				s.at += end
			} else {
				s.at = len(s.text)
			}
			continue
		}
		if word := s.skipWord(); !strings.EqualFold(word, "BEGIN") {
			if word == "" {
				word = s.text[from : from+1]
			}
			return s.fail(from, "here should be BEGIN and the name of a block, not %s", quote(word))
		}
		name, err := s.next(from)
		if err != nil {
			return err
		} else if name.is(";") {
			return s.fail(name.at, "BEGIN has no name of a block: write it, as in BEGIN TREES;")
		}
		block := strings.ToUpper(name.text)
		if err := s.expect(from, ";", "BEGIN "+block); err != nil {
			return err
		}
		read, err := visit(block, from)
		if err != nil {
			return err
		}
		for !read {
			command, err := s.command(block, from)
			if err != nil {
				return err
			} else if command == "" {
				break
			} else if err := s.skipCommand(from); err != nil {
				return err
			}
		}
	}
}
