package tree

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// WriteNexus writes the tree as a NEXUS file with a TAXA and a TREES block,
// each node with the annotations that annotate returns for it, in FigTree's
// style: [&rate=1.0,rate_95%_HPD={0.5,1.5}]. With a nil annotate it writes the
// phylogeny's own Annotations. Those of edges, stochastic maps and marks are
// written as they are; a tree without marks is marked as rooted, one without a
// name is called tree1. It fails where Check does, and on an annotation that would
// not read back.
func (p *Phylogeny) WriteNexus(w io.Writer, annotate func(node int) []Annotation) error {
	if annotate == nil {
		return WriteNexusTrees(w, []*Phylogeny{p})
	}
	var failed error
	annotation := func(v int) string {
		text, err := joinAnnotations(annotate(v))
		if err != nil && failed == nil {
			failed = fmt.Errorf("tree: annotations of %s: %w", p.Describe(v), err)
		}
		return text
	}
	return writeNexus(w, []*Phylogeny{p}, annotation, &failed)
}

// WriteNexusTrees writes several trees as WriteNexus does with a nil annotate;
// those without a name are called tree1, tree2 and so on. ParseTrees reads them
// back, to the last bit of their lengths.
func WriteNexusTrees(w io.Writer, trees []*Phylogeny) error {
	var none error
	return writeNexus(w, trees, nil, &none)
}

// writeNexus writes trees, each node with the annotation of a function if there is
// one. What that finds wrong stands in failed.
func writeNexus(w io.Writer, trees []*Phylogeny, annotation func(v int) string, failed *error) error {
	var tips []string
	known := map[string]bool{}
	for i, p := range trees {
		if err := p.Check(); err != nil {
			return err
		}
		if p.Name != "" && (p.Name[0] == '*' || strings.ContainsFunc(p.Name, isControlOrBreak)) {
			return fmt.Errorf("tree: the name %s of tree %d begins with an asterisk or has a control character: rename it", quote(p.Name), i+1)
		}
		for _, name := range p.Tips() {
			if !known[name] {
				known[name] = true
				tips = append(tips, name)
			}
		}
	}
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "#NEXUS\n\nBEGIN TAXA;\n\tDIMENSIONS NTAX=%d;\n\tTAXLABELS\n", len(tips))
	for _, name := range tips {
		fmt.Fprintf(out, "\t\t%s\n", nexusLabel(name, true))
	}
	out.WriteString("\t;\nEND;\n\nBEGIN TREES;\n")
	for i, p := range trees {
		p.writeNexusTree(out, fmt.Sprintf("tree%d", i+1), annotation)
	}
	out.WriteString("END;\n")
	if *failed != nil {
		return *failed
	}
	return out.Flush()
}

// writeNexusTree writes a command TREE.
func (p *Phylogeny) writeNexusTree(out *bufio.Writer, name string, annotation func(v int) string) {
	out.WriteString("\tTREE ")
	if p.Default {
		out.WriteString("* ")
	}
	if p.Name != "" {
		name = nexusLabel(p.Name, false)
	}
	out.WriteString(name)
	before := []string{"R"}
	if len(p.Marks) > 0 {
		before = nil
	}
	for _, mark := range p.Marks {
		if isTreeMark(mark) {
			before = append(before, mark)
			continue
		}
		out.WriteByte(' ')
		writeComment(out, mark)
	}
	out.WriteString(" = ")
	for _, mark := range before {
		writeComment(out, mark)
		out.WriteByte(' ')
	}
	if annotation == nil {
		annotation = p.annotation
	}
	p.writeTree(out, nexusLabel, annotation)
	out.WriteByte('\n')
}

func isControlOrBreak(r rune) bool { return r < ' ' || r == 0x7f }

// nexusLabel returns a label as a NEXUS token. All punctuation of the format
// needs quotes, and so does a tip named by a number, which would be taken for
// the number of a taxon. Underscores stay as they are, as in trait tables.
func nexusLabel(name string, leaf bool) string {
	if name == "" {
		return ""
	}
	if strings.ContainsAny(name, "()[]{}/\\,;:=*'\"`+-<>!#$%&^~@|?") || strings.ContainsFunc(name, isSpaceOrControl) {
		return quoteLabel(name)
	}
	if _, err := strconv.ParseFloat(name, 64); err == nil && leaf {
		return quoteLabel(name)
	}
	return name
}
