package tree_test

import (
	"bytes"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/tree"
)

func TestWriteNexus(t *testing.T) {
	p := parse(t, "((Homo_sapiens:1,'a-b c':1)95:2,12:3[&old=1]):0.5;")
	var out bytes.Buffer
	require.NoError(t, p.WriteNexus(&out, func(v int) []tree.Annotation {
		return []tree.Annotation{
			tree.NumberAnnotation("rate", float64(v)),
			tree.IntervalAnnotation("rate_95%_HPD", 0.5, 1e300),
			tree.NumberAnnotation("absent", math.NaN()),
			tree.IntervalAnnotation("half", 0, math.Inf(1)),
			tree.TextAnnotation("state", `wings "[short]"`),
		}
	}))
	const pairs = `,rate_95%_HPD={0.5,1e+300},state="wings '(short)'"]`
	assert.Equal(t, "#NEXUS\n\nBEGIN TAXA;\n\tDIMENSIONS NTAX=3;\n\tTAXLABELS\n\t\t'12'\n\t\tHomo_sapiens\n\t\t'a-b c'\n\t;\nEND;\n\n"+
		"BEGIN TREES;\n\tTREE tree1 = [&R] ((Homo_sapiens[&rate=3.0"+pairs+":1,'a-b c'[&rate=4.0"+pairs+":1)95[&rate=1.0"+pairs+":2,'12'[&rate=2.0"+pairs+":3[&old=1])[&rate=0.0"+pairs+":0.5;\nEND;\n", out.String())

	out.Reset()
	require.NoError(t, p.WriteNexus(&out, nil))
	assert.Contains(t, out.String(), " ((Homo_sapiens:1,'a-b c':1)95:2,'12':3[&old=1]):0.5;\n")

	// The tree within is Newick.
	_, text, _ := strings.Cut(out.String(), "tree1 = ")
	text, _, _ = strings.Cut(text, "\nEND;")
	p.Marks = []string{"R"}
	assert.Equal(t, p, parse(t, text))
}

func TestWriteNexusErrors(t *testing.T) {
	number := tree.NumberAnnotation
	for _, c := range []struct {
		name  string
		pairs []tree.Annotation
		want  string
	}{
		{"no key", []tree.Annotation{number("", 1)}, `the key "" is empty or has a space or one of =,{}[]"'&: rename it`},
		{"space", []tree.Annotation{number("a b", 1)}, `the key "a b" is empty or has a space or one of =,{}[]"'&: rename it`},
		{"bracket", []tree.Annotation{number("a[1]", 1)}, `the key "a[1]" is empty or has a space or one of =,{}[]"'&: rename it`},
		{"twice", []tree.Annotation{number("a", 1), number("a", 2)}, `two annotations have the key "a": rename one`},
		{"raw value", []tree.Annotation{{Key: "a", Value: "x]"}}, `the value "x]" of "a" has a square bracket or a line break: make it with TextAnnotation`},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := parse(t, "(a,b);").WriteNexus(io.Discard, func(v int) []tree.Annotation {
				if v == 1 {
					return c.pairs
				}
				return nil
			})
			assert.EqualError(t, err, `tree: annotations of tip "a": `+c.want)
		})
	}
}
