package tree

import (
	"fmt"
	"strings"
)

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

// newickParser walks the text of one tree once, without recursion; nodes are
// numbered in the order of the text.
type newickParser struct {
	file    string
	text    string
	at      int
	names   *tipNames // of a NEXUS file, else nil
	marks   []string
	parents []int
	nodes   []newickNode
	maps    map[int][]Segment // by node, as edges: few trees have them
	edges   map[int]string    // the annotations of edges
	open    []int             // where the parentheses not yet closed stand
	tips    map[string]int    // where each tip's label stands
}

// newTree reads the tree that begins here, up to its semicolon.
func (p *newickParser) newTree() (*Phylogeny, error) {
	p.parents, p.nodes, p.maps, p.edges, p.open, p.tips = p.parents[:0], p.nodes[:0], nil, nil, p.open[:0], map[string]int{}
	if err := p.parse(); err != nil {
		return nil, err
	}
	topology, order, err := FromParents(p.parents)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.file, err)
	}
	sortMarks(p.marks)
	n := len(order)
	tree := &Phylogeny{
		Topology:    topology,
		Marks:       p.marks,
		Names:       make([]string, n),
		Lengths:     make([]float64, n),
		HasLength:   make([]bool, n),
		Annotations: make([]string, n),
	}
	p.marks = nil
	if p.edges != nil {
		tree.EdgeAnnotations = make([]string, n)
	}
	if p.maps != nil {
		tree.Maps = make([][]Segment, n)
	}
	for v, old := range order {
		node := &p.nodes[old]
		tree.Names[v], tree.Lengths[v], tree.HasLength[v] = node.name, node.length, node.hasLength
		tree.Annotations[v] = node.annotation
		if p.edges != nil {
			tree.EdgeAnnotations[v] = p.edges[old]
		}
		if p.maps != nil {
			tree.Maps[v] = p.maps[old]
		}
	}
	return tree, nil
}

// parse reads a tree up to its semicolon.
func (p *newickParser) parse() error {
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
				} else if token[0] == '{' {
					if err := p.stochasticMap(current, from); err != nil {
						return err
					}
					state = afterLength
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
			if len(text) > 1 && text[0] == '&' {
				p.annotate(current, state, text[1:])
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
				return nil
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

// annotate keeps the text of a comment [&...]: before the tree it is a mark of the
// whole, behind a colon it belongs to the edge, elsewhere to the node.
func (p *newickParser) annotate(current int, state newickState, text string) {
	join := func(before string) string {
		if before == "" {
			return text
		}
		return before + "," + text
	}
	switch {
	case state == atStart && current == 0:
		p.marks = append(p.marks, text)
	case state == afterColon || state == afterLength:
		if p.edges == nil {
			p.edges = map[int]string{}
		}
		p.edges[current] = join(p.edges[current])
	default:
		p.nodes[current].annotation = join(p.nodes[current].annotation)
	}
}

// skip passes over spaces and comments, keeps those that mark the next tree, and
// reports whether the text ends there.
func (p *newickParser) skip() (bool, error) {
	for p.at < len(p.text) {
		switch p.text[p.at] {
		case ' ', '\t', '\n', '\r', '\v', '\f':
			p.at++
		case '[':
			text, err := p.comment()
			if err != nil {
				return false, err
			}
			if len(text) > 1 && text[0] == '&' {
				p.marks = append(p.marks, text[1:])
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
	if p.names != nil {
		name, problem := p.names.resolve(label, p.text[from] == '\'')
		if problem != "" {
			return p.fail(from, "the tip %s %s", quote(label), problem)
		}
		label = name
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
	if problem == "" && length < 0 {
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
