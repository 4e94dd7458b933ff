package tree

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// Annotation is one key=value pair of a node, as FigTree and its kin read
// them from [&key=value,...]. NumberAnnotation, IntervalAnnotation and
// TextAnnotation make one.
type Annotation struct {
	Key   string
	Value string // as it is written; "" leaves the pair out
}

// NumberAnnotation annotates a node with a number. One that is not finite is
// left out, since readers would take every value of its key for text.
func NumberAnnotation(key string, value float64) Annotation {
	return Annotation{Key: key, Value: annotationNumber(value)}
}

// IntervalAnnotation annotates a node with a pair of numbers such as a credible
// interval, written {low,high}. It is left out unless both are finite.
func IntervalAnnotation(key string, low, high float64) Annotation {
	l, h := annotationNumber(low), annotationNumber(high)
	if l == "" || h == "" {
		return Annotation{Key: key}
	}
	return Annotation{Key: key, Value: "{" + l + "," + h + "}"}
}

// TextAnnotation annotates a node with text, written in double quotes. Double quotes
// and square brackets within it, which readers do not take, become single
// quotes and parentheses.
func TextAnnotation(key, value string) Annotation {
	return Annotation{Key: key, Value: `"` + strings.NewReplacer(`"`, "'", "[", "(", "]", ")", "\n", " ", "\r", " ").Replace(value) + `"`}
}

func annotationNumber(value float64) string {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return ""
	}
	text := strconv.FormatFloat(value, 'g', -1, 64)
	if !strings.ContainsAny(text, ".e") {
		text += ".0" // else a reader takes a column that begins so for integers
	}
	return text
}

// WriteNexus writes the tree as a NEXUS file with a TAXA and a TREES block,
// each node with the annotations that annotate returns for it, in FigTree's
// style: [&rate=1.0,rate_95%_HPD={0.5,1.5}]. With a nil annotate it writes the
// phylogeny's own Annotations. It fails where Check does, and on an annotation
// that would not read back.
func (p *Phylogeny) WriteNexus(w io.Writer, annotate func(node int) []Annotation) error {
	if err := p.Check(); err != nil {
		return err
	}
	var failed error
	annotation := func(v int) string {
		if p.Annotations == nil {
			return ""
		}
		return p.Annotations[v]
	}
	if annotate != nil {
		annotation = func(v int) string {
			text, err := joinAnnotations(annotate(v))
			if err != nil && failed == nil {
				failed = fmt.Errorf("tree: annotations of %s: %w", p.Describe(v), err)
			}
			return text
		}
	}
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "#NEXUS\n\nBEGIN TAXA;\n\tDIMENSIONS NTAX=%d;\n\tTAXLABELS\n", p.Topology.LeafCount())
	for _, name := range p.Tips() {
		fmt.Fprintf(out, "\t\t%s\n", nexusLabel(name, true))
	}
	out.WriteString("\t;\nEND;\n\nBEGIN TREES;\n\tTREE tree1 = [&R] ")
	p.writeTree(out, nexusLabel, annotation)
	out.WriteString("\nEND;\n")
	if failed != nil {
		return failed
	}
	return out.Flush()
}

// joinAnnotations returns the text between [& and ].
func joinAnnotations(pairs []Annotation) (string, error) {
	var out strings.Builder
	for i, pair := range pairs {
		if pair.Key == "" || strings.ContainsAny(pair.Key, "=,{}[]\"'&") || strings.ContainsFunc(pair.Key, isSpaceOrControl) {
			return "", fmt.Errorf("the key %s is empty or has a space or one of =,{}[]\"'&: rename it", quote(pair.Key))
		}
		for _, before := range pairs[:i] {
			if before.Key == pair.Key {
				return "", fmt.Errorf("two annotations have the key %s: rename one", quote(pair.Key))
			}
		}
		if strings.ContainsAny(pair.Value, "[]\n\r") {
			return "", fmt.Errorf("the value %s of %s has a square bracket or a line break: make it with TextAnnotation", quote(pair.Value), quote(pair.Key))
		}
		if pair.Value == "" {
			continue
		}
		if out.Len() > 0 {
			out.WriteByte(',')
		}
		out.WriteString(pair.Key)
		out.WriteByte('=')
		out.WriteString(pair.Value)
	}
	return out.String(), nil
}

func isSpaceOrControl(r rune) bool { return r <= ' ' || r == 0x7f }

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
