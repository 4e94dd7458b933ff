package tree

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// SyntaxError says where a file departs from its format and what to do.
type SyntaxError struct {
	File    string
	Line    int // from 1
	Column  int // from 1, in bytes; 0 where the message is about the whole line
	Message string
}

// Error returns file:line:column: message.
func (e *SyntaxError) Error() string {
	if e.Column == 0 {
		return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Message)
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Message)
}

// ReadNewick reads a tree as ParseNewick does. Text compressed with gzip is
// recognised by its first bytes.
func ReadNewick(r io.Reader) (*Phylogeny, error) {
	name := "newick"
	if named, ok := r.(interface{ Name() string }); ok {
		name = named.Name()
	}
	text, err := ReadText(name, r)
	if err != nil {
		return nil, err
	}
	return ParseNewick(name, text)
}

// ReadNewickFile reads a tree from a Newick file, which may be compressed
// with gzip.
func ReadNewickFile(path string) (*Phylogeny, error) {
	text, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return ParseNewick(path, text)
}

// ParseNewick reads one tree in Newick format; the name stands for the file
// in errors, which are of type *SyntaxError. The nodes are put in level order
// and siblings keep the order in which they are written.
//
// A label is kept as it is written: an underscore in an unquoted label stays
// an underscore, so that names match those of a trait table (Match falls back
// on reading underscores as spaces). Labels with spaces or any of ()[]:;,'
// stand in single quotes, a quote within them doubled. Every tip needs a name
// of its own; inner nodes may have any label. Edge lengths may be absent, see
// RequireLengths; nodes may have any number of children. Comments in square
// brackets nest and are skipped; the text of a comment [&...] that follows a
// node's label, closing parenthesis or edge length is kept in Annotations,
// several joined by a comma.
func ParseNewick(name string, text []byte) (*Phylogeny, error) {
	plain, err := decode(name, text)
	if err != nil {
		return nil, err
	}
	p := newickParser{file: name, text: plain, tips: map[string]int{}}
	if err := p.parse(); err != nil {
		return nil, err
	}
	topology, order, err := FromParents(p.parents)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	n := len(order)
	tree := &Phylogeny{
		Topology:    topology,
		Names:       make([]string, n),
		Lengths:     make([]float64, n),
		HasLength:   make([]bool, n),
		Annotations: make([]string, n),
	}
	for v, old := range order {
		node := &p.nodes[old]
		tree.Names[v], tree.Lengths[v], tree.HasLength[v] = node.name, node.length, node.hasLength
		tree.Annotations[v] = node.annotation
	}
	return tree, nil
}

// newickNode is what the text says about one node.
type newickNode struct {
	name, annotation string
	length           float64
	hasLength        bool
}

// newickState is how much of the current node has been read.
type newickState int

const (
	atStart    newickState = iota // nothing: a label makes it a tip, a parenthesis an inner node
	afterClose                    // its children
	afterLabel                    // its label
	afterColon                    // the colon before its length
	afterLength
)

// newickParser walks the text once, without recursion; nodes are numbered in
// the order of the text.
type newickParser struct {
	file    string
	text    string
	at      int
	parents []int
	nodes   []newickNode
	open    []int          // where the parentheses not yet closed stand
	tips    map[string]int // where each tip's label stands
}

func (p *newickParser) parse() error {
	if done, err := p.skip(); err != nil {
		return err
	} else if done {
		return p.fail(p.at, "the file holds no tree: it should be one tree in Newick format, as in (a:1,b:1);")
	}
	if rest := p.text[p.at:]; len(rest) >= 6 && strings.EqualFold(rest[:6], "#NEXUS") {
		return p.fail(p.at, "this is a NEXUS file, which is not supported yet: export the tree as Newick")
	}
	current, state := p.add(-1), atStart
	for p.at < len(p.text) {
		c := p.text[p.at]
		if state == atStart || state == afterColon {
			// The common cases first: a tip's label, a number.
			if !newickStop[c] {
				from := p.at
				token := p.token()
				if state == atStart {
					if err := p.tip(current, from, token); err != nil {
						return err
					}
					state = afterLabel
				} else {
					if err := p.number(current, from, token); err != nil {
						return err
					}
					state = afterLength
				}
				continue
			}
		}
		switch c {
		case ' ', '\t', '\n', '\r', '\v', '\f':
			p.at++
		case '[':
			text, err := p.comment()
			if err != nil {
				return err
			}
			if len(text) > 1 && text[0] == '&' && state != atStart {
				node := &p.nodes[current]
				if node.annotation != "" {
					node.annotation += ","
				}
				node.annotation += text[1:]
			}
		case '(':
			if state != atStart {
				return p.fail(p.at, "'(' follows a finished node: a comma is missing before it")
			}
			p.open = append(p.open, p.at)
			p.at++
			current = p.add(current)
		case ',', ')', ';':
			if err := p.end(c, state, len(p.nodes) == 1); err != nil {
				return err
			}
			p.at++
			switch c {
			case ',':
				current, state = p.add(p.parents[current]), atStart
			case ')':
				current, state = p.parents[current], afterClose
				p.open = p.open[:len(p.open)-1]
			default:
				return p.trailing()
			}
		case ':':
			switch state {
			case atStart:
				return p.nameless(p.at)
			case afterColon, afterLength:
				return p.fail(p.at, "a second ':' for one node: an edge has one length, and a comma separates siblings")
			}
			p.at++
			state = afterColon
		case ']':
			return p.fail(p.at, "']' without '[' before it: remove it, or put the label in single quotes")
		case '\'':
			from := p.at
			label, err := p.quoted()
			if err != nil {
				return err
			}
			if err := p.label(current, state, from, label); err != nil {
				return err
			}
			state = afterLabel
		default:
			from := p.at
			if newickStop[c] {
				return p.control(from)
			}
			token := p.token()
			if err := p.label(current, state, from, token); err != nil {
				return err
			}
			state = afterLabel
		}
	}
	if len(p.open) > 0 {
		return p.unclosed()
	}
	return p.fail(len(strings.TrimRight(p.text, " \t\r\n\v\f")), "the tree does not end with ';': add it, or see whether the file was cut off")
}

// add makes a node below the given one.
func (p *newickParser) add(parent int) int {
	p.parents = append(p.parents, parent)
	p.nodes = append(p.nodes, newickNode{})
	return len(p.nodes) - 1
}

// end checks that a node may be followed by c, one of ",);".
func (p *newickParser) end(c byte, state newickState, only bool) error {
	switch {
	case state == atStart && only && c == ';':
		return p.fail(p.at, "the tree is empty: nothing stands before ';'")
	case c == ';' && len(p.open) > 0:
		return p.unclosed()
	case c == ')' && len(p.open) == 0:
		return p.fail(p.at, "')' without '(' before it: the parentheses do not balance")
	case c == ',' && len(p.open) == 0:
		return p.fail(p.at, "',' outside parentheses: a tree has one root, as in (a:1,b:1); is this a Newick file?")
	case state == atStart:
		return p.nameless(p.at)
	case state == afterColon:
		return p.fail(p.at, "an edge length is missing after ':': write the number, or remove the colon")
	}
	return nil
}

// trailing checks that nothing follows the tree.
func (p *newickParser) trailing() error {
	done, err := p.skip()
	switch {
	case err != nil:
		return err
	case done:
		return nil
	case p.text[p.at] == '(':
		return p.fail(p.at, "the file has more than one tree and only one is supported yet: keep one of them")
	}
	return p.fail(p.at, "text follows the ';' that ends the tree: remove it")
}

// skip passes over spaces and comments and reports whether the text ends there.
func (p *newickParser) skip() (bool, error) {
	for p.at < len(p.text) {
		switch p.text[p.at] {
		case ' ', '\t', '\n', '\r', '\v', '\f':
			p.at++
		case '[':
			if _, err := p.comment(); err != nil {
				return false, err
			}
		default:
			return false, nil
		}
	}
	return true, nil
}

// comment returns the text within the brackets that begin here.
func (p *newickParser) comment() (string, error) {
	from, depth := p.at, 0
	for i := from; i < len(p.text); i++ {
		switch p.text[i] {
		case '[':
			depth++
		case ']':
			if depth--; depth == 0 {
				p.at = i + 1
				return p.text[from+1 : i], nil
			}
		}
	}
	return "", p.fail(from, "the comment that begins here is not closed: add ']'")
}

// token returns the text up to the next byte that has a meaning of its own.
func (p *newickParser) token() string {
	from := p.at
	for p.at < len(p.text) && !newickStop[p.text[p.at]] {
		p.at++
	}
	return p.text[from:p.at]
}

// quoted returns the label in single quotes that begins here.
func (p *newickParser) quoted() (string, error) {
	from, doubled := p.at, false
	for i := from + 1; i < len(p.text); i++ {
		switch c := p.text[i]; {
		case c == '\'' && i+1 < len(p.text) && p.text[i+1] == '\'':
			doubled = true
			i++
		case c == '\'':
			p.at = i + 1
			label := p.text[from+1 : i]
			if doubled {
				label = strings.ReplaceAll(label, "''", "'")
			}
			return label, nil
		case c == '\n' || c == '\r':
			return "", p.fail(from, "the label that begins here has no closing quote on its line: add ', and double a quote within the label")
		case isControl(c):
			return "", p.control(i)
		}
	}
	return "", p.fail(from, "the label that begins here has no closing quote: add ', and double a quote within the label")
}

// label gives the current node the label that was read at from.
func (p *newickParser) label(current int, state newickState, from int, label string) error {
	switch state {
	case atStart:
		return p.tip(current, from, label)
	case afterClose:
		p.nodes[current].name = label
		return nil
	case afterColon:
		return p.fail(from, "the edge length %s is not a number", quote(label))
	case afterLength:
		return p.fail(from, "unexpected text %s after an edge length: a comma separates siblings", quote(label))
	}
	return p.fail(from, "unexpected text %s after the label %s: put a label with spaces or quotes in single quotes, as in 'Homo sapiens'",
		quote(label), quote(p.nodes[current].name))
}

// tip gives the current node, a tip, its name.
func (p *newickParser) tip(current, from int, label string) error {
	if label == "" {
		return p.nameless(from)
	}
	if before, ok := p.tips[label]; ok {
		line, column := lineColumn(p.text, before)
		return p.fail(from, "two tips are named %s, the other at line %d, column %d: rename or remove one", quote(label), line, column)
	}
	p.tips[label] = from
	p.nodes[current].name = label
	return nil
}

// number gives the current node the edge length that was read at from.
func (p *newickParser) number(current, from int, text string) error {
	length, problem := parseNumber(text)
	switch {
	case problem != "" && text[0] == '{':
		problem = "begins a stochastic map: write the total length of the edge instead"
	case problem == "" && length < 0:
		problem = "is negative: lengths must be 0 or more"
	}
	if problem != "" {
		return p.fail(from, "the edge length %s %s", quote(text), problem)
	}
	node := &p.nodes[current]
	node.length, node.hasLength = length+0, true // -0 + 0 is 0
	return nil
}

func (p *newickParser) nameless(at int) error {
	return p.fail(at, "a tip without a name: name it as in the trait table, or remove an extra comma or parenthesis before it")
}

func (p *newickParser) unclosed() error {
	count := len(p.open)
	if count == 1 {
		return p.fail(p.open[0], "the parenthesis that opens here is not closed: add ')', or see whether the file was cut off")
	}
	return p.fail(p.open[count-1], "%d parentheses are not closed, this one the last: add ')', or see whether the file was cut off", count)
}

func (p *newickParser) control(at int) error {
	return p.fail(at, "the byte 0x%02x does not belong in a text file: is this a Newick file?", p.text[at])
}

func (p *newickParser) fail(at int, format string, values ...any) error {
	line, column := lineColumn(p.text, at)
	return &SyntaxError{File: p.file, Line: line, Column: column, Message: fmt.Sprintf(format, values...)}
}

// newickStop marks the bytes that end an unquoted label or a number.
var newickStop = func() (stop [256]bool) {
	for c := range stop {
		stop[c] = isControl(byte(c)) || strings.IndexByte(" \t\n\r\v\f()[]:;,'", byte(c)) >= 0
	}
	return stop
}()

// isControl reports whether c is a control character other than a space.
func isControl(c byte) bool {
	return c < ' ' && (c < '\t' || c > '\r') || c == 0x7f
}

// lineColumn returns the line and column of a byte, both from 1.
func lineColumn(text string, at int) (line, column int) {
	before := text[:at]
	return 1 + strings.Count(before, "\n"), at - strings.LastIndexByte(before, '\n')
}

// quote returns at most 40 bytes of a text in double quotes.
func quote(text string) string {
	if len(text) > 40 {
		return strconv.Quote(text[:40]) + "..."
	}
	return strconv.Quote(text)
}
