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
// and siblings keep the order in which they are written. ParseTrees reads several
// trees, and NEXUS.
//
// A label is kept as it is written: an underscore in an unquoted label stays
// an underscore, so that names match those of a trait table (Match falls back
// on reading underscores as spaces). Labels with spaces or any of ()[]:;,'
// stand in single quotes, a quote within them doubled. Every tip needs a name
// of its own; inner nodes may have any label. Edge lengths may be absent, see
// RequireLengths; nodes may have any number of children. In place of a length may
// stand a stochastic map, {state,length:state,length}, whose sum it is then.
// Comments in square brackets nest and are skipped; the text of a comment [&...] is
// kept: in Marks before the tree, in EdgeAnnotations behind a colon, in Annotations
// elsewhere, several of one node joined by a comma.
func ParseNewick(name string, text []byte) (*Phylogeny, error) {
	plain, err := decode(name, text)
	if err != nil {
		return nil, err
	}
	p := newickParser{file: name, text: plain}
	if err := p.begin(); err != nil {
		return nil, err
	}
	if isNexus(plain[p.at:]) {
		return nil, p.fail(p.at, "this is a NEXUS file: read it by ParseTrees")
	}
	tree, err := p.newTree()
	if err != nil {
		return nil, err
	}
	done, err := p.skip()
	switch {
	case err != nil:
		return nil, err
	case done:
		return tree, nil
	case p.text[p.at] == '(':
		return nil, p.fail(p.at, "the file has more than one tree: keep one of them, or read all by ParseTrees")
	}
	return nil, p.fail(p.at, "text follows the ';' that ends the tree: remove it")
}

// begin goes to the first tree.
func (p *newickParser) begin() error {
	done, err := p.skip()
	if err == nil && done {
		return p.fail(p.at, "the file holds no tree: it should be a tree in Newick format, as in (a:1,b:1); or a NEXUS file")
	}
	return err
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
