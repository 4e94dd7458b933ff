package tree

import (
	"bufio"
	"io"
	"strconv"
	"strings"
)

// WriteNewick writes the tree in Newick format on one line. Reading it again
// gives the same tree, to the last bit of its lengths, but for the tree's own name,
// which NEXUS alone has. Several trees may be written one after the other. It fails
// where Check does.
func (p *Phylogeny) WriteNewick(w io.Writer) error {
	if err := p.Check(); err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	for _, mark := range p.Marks {
		writeComment(out, mark)
		out.WriteByte(' ')
	}
	p.writeTree(out, newickLabel, p.annotation)
	out.WriteByte('\n')
	return out.Flush()
}

// writeTree writes the tree up to its semicolon. The walk goes from sibling to
// sibling and back to parents, so that it needs no stack. Write errors stick
// to out until it is flushed.
func (p *Phylogeny) writeTree(out *bufio.Writer, label func(name string, leaf bool) string, annotation func(v int) string) {
	t := p.Topology
	number := make([]byte, 0, 32)
	node := func(v int) {
		out.WriteString(label(p.Names[v], t.IsLeaf(v)))
		if text := annotation(v); text != "" {
			writeComment(out, text)
		}
		if p.HasLength[v] {
			out.WriteByte(':')
			if p.Maps != nil && p.Maps[v] != nil {
				writeMap(out, p.Maps[v])
			} else {
				out.Write(strconv.AppendFloat(number, p.Lengths[v], 'g', -1, 64))
			}
		}
		if p.EdgeAnnotations != nil && p.EdgeAnnotations[v] != "" {
			writeComment(out, p.EdgeAnnotations[v])
		}
	}
	v := 0
	for {
		for !t.IsLeaf(v) {
			out.WriteByte('(')
			v = int(t.firstChild[v])
		}
		node(v)
		for v > 0 {
			parent := int(t.parents[v])
			if v+1 < int(t.firstChild[parent]+t.childCount[parent]) {
				out.WriteByte(',')
				v++
				break
			}
			out.WriteByte(')')
			v = parent
			node(v)
		}
		if v == 0 {
			break
		}
	}
	out.WriteByte(';')
}

// annotation is the text of a node's annotations, "" where it has none.
func (p *Phylogeny) annotation(v int) string {
	if p.Annotations == nil {
		return ""
	}
	return p.Annotations[v]
}

// writeComment writes a text as [&text].
func writeComment(out *bufio.Writer, text string) {
	out.WriteString("[&")
	out.WriteString(text)
	out.WriteByte(']')
}

// newickLabel returns a label as ParseNewick reads it, in quotes where needed.
func newickLabel(name string, _ bool) string {
	plain := true
	for i := range len(name) {
		if newickStop[name[i]] {
			plain = false
			break
		}
	}
	// What a reader may take for something else at the start of a file.
	for _, prefix := range []string{"#", "\ufeff", "\xff\xfe", "\xfe\xff"} {
		plain = plain && !strings.HasPrefix(name, prefix)
	}
	if plain {
		return name
	}
	return quoteLabel(name)
}

// quoteLabel puts a label in single quotes.
func quoteLabel(name string) string {
	return "'" + strings.ReplaceAll(name, "'", "''") + "'"
}
