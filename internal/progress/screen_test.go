package progress

import (
	"regexp"
	"strconv"
	"strings"
)

// screen is as much of a terminal as the table needs: lines, a cursor, and lines that
// wrap where they are too long.
type screen struct {
	width, height int
	lines         []string
	row, column   int
	wrapped       int // how often a line was too long
}

var sequence = regexp.MustCompile(`^\x1b\[(\d*)([A-Za-z])`)

func (s *screen) write(text string) {
	for text != "" {
		if m := sequence.FindStringSubmatch(text); m != nil {
			n, _ := strconv.Atoi(m[1])
			switch m[2] {
			case "A":
				s.row = max(s.row-n, max(len(s.lines)-s.height, 0))
			case "K":
				s.put(s.row, "")
			case "J":
				s.put(s.row, s.line(s.row)[:min(s.column, len(s.line(s.row)))])
				s.lines = s.lines[:s.row+1]
			}
			text = text[len(m[0]):]
			continue
		}
		switch c := text[0]; c {
		case '\r':
			s.column = 0
		case '\n':
			s.row++
			s.put(s.row, s.line(s.row))
		default:
			if s.column == s.width {
				s.wrapped++
				s.row, s.column = s.row+1, 0
			}
			line := s.line(s.row)
			line += strings.Repeat(" ", max(s.column+1-len(line), 0))
			s.put(s.row, line[:s.column]+string(c)+line[s.column+1:])
			s.column++
		}
		text = text[1:]
	}
}

func (s *screen) line(row int) string {
	if row < len(s.lines) {
		return s.lines[row]
	}
	return ""
}

func (s *screen) put(row int, line string) {
	for len(s.lines) <= row {
		s.lines = append(s.lines, "")
	}
	s.lines[row] = line
}

// text is what stands on the screen, colours and the cursor's empty line apart.
func (s *screen) text() string { return strings.TrimRight(strings.Join(s.lines, "\n"), "\n") }
