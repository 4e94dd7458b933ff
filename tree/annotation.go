package tree

import (
	"fmt"
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

// Check returns an error where a pair cannot be written.
func (a Annotation) Check() error {
	if a.Key == "" || strings.ContainsAny(a.Key, "=,{}[]\"'&") || strings.ContainsFunc(a.Key, isSpaceOrControl) {
		return fmt.Errorf("the key %s is empty or has a space or one of =,{}[]\"'&: rename it", quote(a.Key))
	}
	if strings.ContainsAny(a.Value, "[]\n\r") {
		return fmt.Errorf("the value %s of %s has a square bracket or a line break: make it with TextAnnotation", quote(a.Value), quote(a.Key))
	}
	return nil
}

// joinAnnotations returns the text between [& and ].
func joinAnnotations(pairs []Annotation) (string, error) {
	var out strings.Builder
	for i, pair := range pairs {
		if err := pair.Check(); err != nil {
			return "", err
		}
		for _, before := range pairs[:i] {
			if before.Key == pair.Key {
				return "", fmt.Errorf("two annotations have the key %s: rename one", quote(pair.Key))
			}
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

// ParseAnnotations takes the text within [& ...] of a node apart, as in
// rate=.1,height_95%_HPD={.1,.2},name="a, b". Values stay as they are written; a
// part without an equals sign is a key without a value.
func ParseAnnotations(text string) ([]Annotation, error) {
	var pairs []Annotation
	for at := 0; at < len(text); {
		end, err := annotationEnd(text, at)
		if err != nil {
			return nil, err
		}
		key, value, _ := strings.Cut(text[at:end], "=")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		if key == "" {
			return nil, fmt.Errorf("tree: the annotations %s have a part without a key at character %d: write key=value", quote(text), at+1)
		}
		pairs = append(pairs, Annotation{key, value})
		at = end + 1
	}
	return pairs, nil
}

// annotationEnd is where the pair that begins at a place of a text ends: before the
// next comma outside braces, brackets and quotes.
func annotationEnd(text string, from int) (int, error) {
	depth := 0
	for i := from; i < len(text); i++ {
		switch c := text[i]; c {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth < 0 {
				return 0, fmt.Errorf("tree: the annotations %s close a brace at character %d that is not open: remove it", quote(text), i+1)
			}
		case '"', '\'':
			// An apostrophe within a word is none of a quoted value.
			if before := strings.TrimSpace(text[from:i]); before != "" && strings.IndexByte("={,", before[len(before)-1]) < 0 {
				continue
			}
			length := strings.IndexByte(text[i+1:], c)
			if length < 0 {
				return 0, fmt.Errorf("tree: the annotations %s have a quote at character %d that is not closed: close it", quote(text), i+1)
			}
			i += length + 1
		case ',':
			if depth == 0 {
				return i, nil
			}
		}
	}
	if depth > 0 {
		return 0, fmt.Errorf("tree: the annotations %s have braces that do not balance: close them", quote(text))
	}
	return len(text), nil
}

// Unquoted returns the value without double or single quotes around it.
func (a Annotation) Unquoted() string {
	if n := len(a.Value); n >= 2 && (a.Value[0] == '"' || a.Value[0] == '\'') && a.Value[n-1] == a.Value[0] {
		return a.Value[1 : n-1]
	}
	return a.Value
}

// NodeValues returns the value that each node has for a key of its annotations, or
// of those of the edge above it, without quotes; "" where it has none. Such values may
// be the regimes of edges, or numbers. It fails where annotations cannot be taken
// apart, and where no node has the key, naming those that there are.
func (p *Phylogeny) NodeValues(key string) ([]string, error) {
	values := make([]string, p.Topology.Size())
	found := false
	var keys []string
	known := map[string]bool{}
	for v := range values {
		text := p.annotation(v)
		if p.EdgeAnnotations != nil && p.EdgeAnnotations[v] != "" {
			text = strings.TrimPrefix(text+","+p.EdgeAnnotations[v], ",")
		}
		pairs, err := ParseAnnotations(text)
		if err != nil {
			return nil, fmt.Errorf("%w (%s)", err, p.Describe(v))
		}
		for _, pair := range pairs {
			if !known[pair.Key] {
				known[pair.Key] = true
				keys = append(keys, pair.Key)
			}
			if pair.Key == key {
				values[v], found = pair.Unquoted(), true
			}
		}
	}
	switch {
	case found:
		return values, nil
	case len(keys) == 0:
		return nil, fmt.Errorf("tree: no node has the annotation %s, and none any other", quote(key))
	}
	return nil, fmt.Errorf("tree: no node has the annotation %s: they have %s", quote(key), quoteList(nearestNames(key, keys), 10))
}
