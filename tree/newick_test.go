package tree_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/tree"
)

func parse(t testing.TB, text string) *tree.Phylogeny {
	t.Helper()
	p, err := tree.ParseNewick("t.nwk", []byte(text))
	require.NoError(t, err)
	return p
}

// TestParseNewickGood parses and lists, node by node in level order,
// parent|name|length|annotation with - for a length that is absent, then annotations of
// edges and marks where there are any.
func TestParseNewickGood(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"single node", "a;", "-1|a|-|"},
		{"single node with a root edge", " a : 1.5 ; ", "-1|a|1.5|"},
		{"two tips", "(a:1,b:2);", "-1||-| 0|a|1| 0|b|2|"},
		{"no lengths", "(a,b);", "-1||-| 0|a|-| 0|b|-|"},
		{"some lengths", "(a:1,b)c:3;", "-1|c|3| 0|a|1| 0|b|-|"},
		{"zero length", "(a:0,b:-0)r:0.0;", "-1|r|0| 0|a|0| 0|b|0|"},
		{"level order", "((a,b)x,(c,(d,e)z)y)r;", "-1|r|-| 0|x|-| 0|y|-| 1|a|-| 1|b|-| 2|c|-| 2|z|-| 6|d|-| 6|e|-|"},
		{"multifurcation", "(a,b,c,d,e);", "-1||-| 0|a|-| 0|b|-| 0|c|-| 0|d|-| 0|e|-|"},
		{"single child", "((a:1):2):3;", "-1||3| 0||2| 1|a|1|"},
		{"exponents", "(a:1e-3,b:1E+2,c:.5,d:5.,e:+7);", "-1||-| 0|a|0.001| 0|b|100| 0|c|0.5| 0|d|5| 0|e|7|"},
		{"underflow is 0", "(a:1e-400,b:1);", "-1||-| 0|a|0| 0|b|1|"},
		{"quoted", "('Homo sapiens':1,'O''Brien':2,'(x),[y]:;''':3)'''';", "-1|'|-| 0|Homo sapiens|1| 0|O'Brien|2| 0|(x),[y]:;'|3|"},
		{"empty quotes on an inner node", "(a,b)'';", "-1||-| 0|a|-| 0|b|-|"},
		{"underscores stay", "(Homo_sapiens,'Pan_paniscus');", "-1||-| 0|Homo_sapiens|-| 0|Pan_paniscus|-|"},
		{"other bytes in labels", "(a-b.c/d#e{f}\"g\",Ångström=1&2,\xe9);", "-1||-| 0|a-b.c/d#e{f}\"g\"|-| 0|Ångström=1&2|-| 0|\xe9|-|"},
		{"support values may repeat", "((a,b)100,(c,d)100);", "-1||-| 0|100|-| 0|100|-| 1|a|-| 1|b|-| 2|c|-| 2|d|-|"},
		{"an inner node may share a tip's name", "(a,b)a;", "-1|a|-| 0|a|-| 0|b|-|"},
		{"white space", "\n(\ta : 1 ,\r\nb\n:\n2 )\v c\f: 3\n;\n\n", "-1|c|3| 0|a|1| 0|b|2|"},
		{"comments", "[c](a[c [nested [twice]] c]:[c]1[c],[c]b[]:2)[c];[c] [c]", "-1||-| 0|a|1| 0|b|2|"},
		{"rooted mark", "[&R] [x] [&W 1/3](a,b);", "-1||-| 0|a|-| 0|b|-| marks [R W 1/3]"},
		{"annotations", "(a[&x=1]:1,b:2[&y={1,2}])[&z=\"q\"]:0.5;", "-1||0.5|z=\"q\" 0|a|1|x=1 0|b|2| edges [  y={1,2}]"},
		{"annotations join", "(a[&x=1]:[&y=2]1[&z=3],b[&][c]);", "-1||-| 0|a|1|x=1 0|b|-| edges [ y=2,z=3 ]"},
		{"annotations before a node", "([&x=1]a[&y=2],[&z=3](b,c));", "-1||-| 0|a|-|x=1,y=2 0||-|z=3 2|b|-| 2|c|-|"},
		{"stochastic maps", "(a:{0,0.5:forest, .25 },(b:{1,0},c:1):{A1,1e-1}[&m]);", "-1||-| 0|a|0.75| 0||0.1| 2|b|0| 2|c|1| edges [  m  ] maps [[] [{0 0.5} {forest 0.25}] [{A1 0.1}] [{1 0}] []]"},
		{"annotation keeps nested brackets", "(a[&n=[1,2]],b)c[&&NHX:S=h];", "-1|c|-|&NHX:S=h 0|a|-|n=[1,2] 0|b|-|"},
		{"byte-order mark", "\ufeff(a,b);", "-1||-| 0|a|-| 0|b|-|"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := parse(t, c.text)
			var got []string
			for v := range p.Topology.Size() {
				length := "-"
				if p.HasLength[v] {
					length = strconv.FormatFloat(p.Lengths[v], 'g', -1, 64)
				}
				got = append(got, fmt.Sprintf("%d|%s|%s|%s", p.Topology.Parent(v), p.Names[v], length, p.Annotations[v]))
			}
			if p.EdgeAnnotations != nil {
				got = append(got, fmt.Sprintf("edges %v", p.EdgeAnnotations))
			}
			if p.Maps != nil {
				got = append(got, fmt.Sprintf("maps %v", p.Maps))
			}
			if p.Marks != nil {
				got = append(got, fmt.Sprintf("marks %v", p.Marks))
			}
			assert.Equal(t, c.want, strings.Join(got, " "))
			requireLevelOrder(t, p.Topology)
			requireRoundTrip(t, p)
		})
	}
}

func TestParseNewickErrors(t *testing.T) {
	const nameless = "a tip without a name: name it as in the trait table, or remove an extra comma or parenthesis before it"
	const empty = "the file holds no tree: it should be a tree in Newick format, as in (a:1,b:1); or a NEXUS file"
	const quotes = "put a label with spaces or quotes in single quotes, as in 'Homo sapiens'"
	const decimal = "is not a number: write a decimal number such as 0.5 or 1e-3"
	const finite = "is not finite: write a finite decimal number"
	const cutOff = "or see whether the file was cut off"
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", "1:1: " + empty},
		{"only spaces", " \n\n ", "3:2: " + empty},
		{"only a comment", "[nothing]", "1:10: " + empty},
		{"only a byte-order mark", "\ufeff", "1:1: " + empty},
		{"only a semicolon", ";", "1:1: the tree is empty: nothing stands before ';'"},
		{"nexus", "#NEXUS\nbegin trees;", "1:1: this is a NEXUS file: read it by ParseTrees"},
		{"nexus in lower case after a blank line", "\n #nexus\n", "2:2: this is a NEXUS file: read it by ParseTrees"},
		{"utf-16", "\xff\xfe(\x00", "1:1: the file is in UTF-16: save it as UTF-8"},
		{"utf-16, big-endian", "\xfe\xff\x00(", "1:1: the file is in UTF-16: save it as UTF-8"},
		{"binary", "(a,\x00b);", "1:4: the byte 0x00 does not belong in a text file: is this a Newick file?"},
		{"binary in quotes", "(a,'b\x01');", "1:6: the byte 0x01 does not belong in a text file: is this a Newick file?"},
		{"gzip", "\x1f\x8b\x08", "1:1: the byte 0x1f does not belong in a text file: is this a Newick file?"},
		{"no semicolon", "(a:1,b:1)", "1:10: the tree does not end with ';': add it, " + cutOff},
		{"no semicolon before a line end", "(a:1,\nb:1)\n\n", "2:5: the tree does not end with ';': add it, " + cutOff},
		{"two trees", "(a,b);\n(c,d);\n", "2:1: the file has more than one tree: keep one of them, or read all by ParseTrees"},
		{"two trees and a comment", "(a,b);[next](c,d);", "1:13: the file has more than one tree: keep one of them, or read all by ParseTrees"},
		{"trailing text", "(a,b); the end", "1:8: text follows the ';' that ends the tree: remove it"},
		{"two semicolons", "(a,b);;", "1:7: text follows the ';' that ends the tree: remove it"},
		{"open comment after the tree", "(a,b); [x", "1:8: the comment that begins here is not closed: add ']'"},
		{"unclosed", "(a,b;", "1:1: the parenthesis that opens here is not closed: add ')', " + cutOff},
		{"unclosed at the end", "(a,(b,c)", "1:1: the parenthesis that opens here is not closed: add ')', " + cutOff},
		{"several unclosed", "((a,\n(b,c;", "2:1: 3 parentheses are not closed, this one the last: add ')', " + cutOff},
		{"too many closed", "(a,b));", "1:6: ')' without '(' before it: the parentheses do not balance"},
		{"closed and never open", "a);", "1:2: ')' without '(' before it: the parentheses do not balance"},
		{"comma at the root", "a,b;", "1:2: ',' outside parentheses: a tree has one root, as in (a:1,b:1); is this a Newick file?"},
		{"a table", "taxon,mass\n", "1:6: ',' outside parentheses: a tree has one root, as in (a:1,b:1); is this a Newick file?"},
		{"comma missing before a group", "(a(b,c));", "1:3: '(' follows a finished node: a comma is missing before it"},
		{"comma missing between groups", "((a,b)(c,d));", "1:7: '(' follows a finished node: a comma is missing before it"},
		{"comma missing after a length", "(a:1(b,c));", "1:5: '(' follows a finished node: a comma is missing before it"},
		{"length is a word", "(a:x,b:1);", `1:4: the edge length "x" ` + decimal},
		{"length with rubbish", "(a:1.5abc,b:1);", `1:4: the edge length "1.5abc" ` + decimal},
		{"length with two points", "(a:1.2.3,b:1);", `1:4: the edge length "1.2.3" ` + decimal},
		{"length in hexadecimal", "(a:0x1p-2,b:1);", `1:4: the edge length "0x1p-2" ` + decimal},
		{"length with an underscore", "(a:0x_1,b:1);", `1:4: the edge length "0x_1" ` + decimal},
		{"length is a sign", "(a:-,b:1);", `1:4: the edge length "-" ` + decimal},
		{"length is quoted", "(a:'1',b:1);", `1:4: the edge length "1" is not a number`},
		{"length is long rubbish", "(a:" + strings.Repeat("x", 50) + ");", `1:4: the edge length "` + strings.Repeat("x", 40) + `"... ` + decimal},
		{"negative length", "(a:1,\n b:-0.5);", `2:4: the edge length "-0.5" is negative: lengths must be 0 or more`},
		{"negative root edge", "(a:1,b:1):-1;", `1:11: the edge length "-1" is negative: lengths must be 0 or more`},
		{"NaN", "(a:NaN,b:1);", `1:4: the edge length "NaN" ` + finite},
		{"Inf", "(a:Inf,b:1);", `1:4: the edge length "Inf" ` + finite},
		{"-infinity", "(a:-infinity,b:1);", `1:4: the edge length "-infinity" ` + finite},
		{"too large", "(a:1e400,b:1);", `1:4: the edge length "1e400" is too large for a float64: write a finite decimal number`},
		{"open stochastic map", "(a:{0,0.5:1,0.5,b:1);", "1:4: the stochastic map that begins here is not closed: write {state,length:state,length}"},
		{"empty stochastic map", "(a:{},b:1);", `1:5: the segment "" of a stochastic map is not a state and a length: write {state,length:state,length}`},
		{"stochastic map without a state", "(a:{,1},b:1);", `1:5: the segment ",1" of a stochastic map is not a state and a length: write {state,length:state,length}`},
		{"stochastic map with a bad length", "(a:{0,0.5:1,x},b:1);", `1:13: the length "x" of state "1" ` + decimal},
		{"stochastic map with a negative length", "(a:{0,-0.5:1,1},b:1);", `1:7: the length "-0.5" of state "0" is negative: lengths must be 0 or more`},
		{"stochastic map of a spaced state", "(a:{two words,1},b:1);", `1:5: the state "two words" of a stochastic map has a space: name it with an underscore`},
		{"stochastic map that is too long", "(a:{0,1e308:1,1e308},b:1);", "1:4: the lengths of this stochastic map add up to more than a float64 holds: write smaller ones"},
		{"two stochastic maps", "(a:{0,1}{1,1},b:1);", `1:9: unexpected text "{1" after an edge length: a comma separates siblings`},
		{"annotation of an edge without a length", "(a:[&x=1],b:1);", "1:10: an edge length is missing after ':': write the number, or remove the colon"},
		{"missing length", "(a:,b:1);", "1:4: an edge length is missing after ':': write the number, or remove the colon"},
		{"missing length at the root", "(a:1,b:1):;", "1:11: an edge length is missing after ':': write the number, or remove the colon"},
		{"two colons", "(a::1,b:1);", "1:4: a second ':' for one node: an edge has one length, and a comma separates siblings"},
		{"two lengths", "(a:1:2,b:1);", "1:5: a second ':' for one node: an edge has one length, and a comma separates siblings"},
		{"text after a length", "(a:1 b:1);", `1:6: unexpected text "b" after an edge length: a comma separates siblings`},
		{"duplicate tips", "((a,b),\n(c,a));", `2:4: two tips are named "a", the other at line 1, column 3: rename or remove one`},
		{"duplicate tips, one quoted", "('a b',x,'a b');", `1:10: two tips are named "a b", the other at line 1, column 2: rename or remove one`},
		{"nameless tip", "(a,,b);", "1:4: " + nameless},
		{"nameless first tip", "(,a);", "1:2: " + nameless},
		{"nameless last tip", "(a,b,);", "1:6: " + nameless},
		{"nameless tip with a length", "(a,:1);", "1:4: " + nameless},
		{"no tip", "();", "1:2: " + nameless},
		{"nameless quoted tip", "(a,'');", "1:4: " + nameless},
		{"nameless tip before the end", "(a,b,;", "1:1: the parenthesis that opens here is not closed: add ')', " + cutOff},
		{"nameless root", ":1;", "1:1: " + nameless},
		{"space in a label", "(Homo sapiens,b);", `1:7: unexpected text "sapiens" after the label "Homo": ` + quotes},
		{"space in an inner label", "(a,b)x y;", `1:8: unexpected text "y" after the label "x": ` + quotes},
		{"quote within a label", "(O'Brien',b);", `1:3: unexpected text "Brien" after the label "O": ` + quotes},
		{"text after a quoted label", "('O'Brien,b);", `1:5: unexpected text "Brien" after the label "O": ` + quotes},
		{"open quote", "(a,'b);", "1:4: the label that begins here has no closing quote: add ', and double a quote within the label"},
		{"open quote on its line", "(a,'b\n,c');", "1:4: the label that begins here has no closing quote on its line: add ', and double a quote within the label"},
		{"open comment", "(a,[b);", "1:4: the comment that begins here is not closed: add ']'"},
		{"open nested comment", "(a,[b[c]);", "1:4: the comment that begins here is not closed: add ']'"},
		{"open first comment", "[a", "1:1: the comment that begins here is not closed: add ']'"},
		{"closing bracket", "(a],b);", "1:3: ']' without '[' before it: remove it, or put the label in single quotes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := tree.ParseNewick("t.nwk", []byte(c.text))
			require.EqualError(t, err, "t.nwk:"+c.want)
			assert.Nil(t, p)
			var syntax *tree.SyntaxError
			require.True(t, errors.As(err, &syntax))
			assert.Equal(t, "t.nwk", syntax.File)
		})
	}
}

func TestRequireLengths(t *testing.T) {
	assert.NoError(t, parse(t, "(a:1,b:2);").RequireLengths())
	assert.NoError(t, parse(t, "a;").RequireLengths())
	assert.EqualError(t, parse(t, "((a:1,b):1,c:1);").RequireLengths(),
		`tree: 1 of 4 edges have no length, above tip "b": write a length behind every node, as in (a:1,b:1);`)
	assert.EqualError(t, parse(t, "((a,b),((c)),(d,e)x);").RequireLengths(),
		`tree: 9 of 9 edges have no length, above an ancestor of "a" and "b", an ancestor of "c", node "x" and 6 more: write a length behind every node, as in (a:1,b:1);`)
}

func TestDescribe(t *testing.T) {
	p := parse(t, "(a,b)r;")
	assert.Equal(t, "the root", p.Describe(0))
	assert.Equal(t, `tip "b"`, p.Describe(2))
}

func TestNodeDepths(t *testing.T) {
	p := parse(t, "((a:1,b:2.5):3,c:4,d):100;")
	assert.Equal(t, []float64{0, 3, 4, 0, 4, 5.5}, p.NodeDepths())
	assert.Equal(t, 5.5, p.Height())
	assert.Equal(t, []string{"c", "d", "a", "b"}, p.Tips())
	assert.Zero(t, parse(t, "a:9;").Height())
}

func TestReadNewick(t *testing.T) {
	const text = "(a:1,b:2);"
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	_, err := zip.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, zip.Close())

	p, err := tree.ReadNewick(strings.NewReader(text))
	require.NoError(t, err)
	assert.Equal(t, parse(t, text), p)
	p, err = tree.ReadNewick(bytes.NewReader(packed.Bytes()))
	require.NoError(t, err)
	assert.Equal(t, parse(t, text), p)

	_, err = tree.ReadNewick(strings.NewReader("("))
	assert.EqualError(t, err, "newick:1:1: the parenthesis that opens here is not closed: add ')', or see whether the file was cut off")

	folder := t.TempDir()
	path := filepath.Join(folder, "tree") // no ending says that it is packed
	require.NoError(t, os.WriteFile(path, packed.Bytes(), 0o600))
	p, err = tree.ReadNewickFile(path)
	require.NoError(t, err)
	assert.Equal(t, parse(t, text), p)
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	_, err = tree.ReadNewick(file)
	require.NoError(t, err)

	require.NoError(t, os.WriteFile(path, packed.Bytes()[:packed.Len()-9], 0o600))
	_, err = tree.ReadNewickFile(path)
	assert.EqualError(t, err, path+": cannot unpack the gzip file, make or fetch it anew: unexpected EOF")
	require.NoError(t, os.WriteFile(path, []byte("(a"), 0o600))
	_, err = tree.ReadNewickFile(path)
	assert.ErrorContains(t, err, path+":1:1: ")
	_, err = tree.ReadNewickFile(filepath.Join(folder, "none.nwk"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}

// caterpillar returns the Newick text of a tree of n tips and depth n-1.
func caterpillar(n int) []byte {
	var text bytes.Buffer
	text.WriteString(strings.Repeat("(", n-1))
	text.WriteString("t0:1")
	for i := 1; i < n; i++ {
		fmt.Fprintf(&text, ",t%d:%d):1", i, i)
	}
	text.WriteString(";")
	return text.Bytes()
}

// balancedText returns the Newick text of a balanced binary tree of 2^depth tips.
func balancedText(depth int) []byte {
	var text bytes.Buffer
	var next int
	var write func(depth int)
	write = func(depth int) {
		if depth == 0 {
			fmt.Fprintf(&text, "Genus_species%d", next)
			next++
		} else {
			text.WriteByte('(')
			write(depth - 1)
			text.WriteByte(',')
			write(depth - 1)
			text.WriteByte(')')
		}
		text.WriteString(":0.123456789")
	}
	write(depth)
	text.WriteByte(';')
	return text.Bytes()
}

func TestCaterpillar(t *testing.T) {
	const n = 200_000
	text := caterpillar(n)
	start := time.Now()
	p, err := tree.ParseNewick("caterpillar", text)
	require.NoError(t, err)
	t.Logf("parsed a caterpillar of %d tips in %v", n, time.Since(start))
	assert.Equal(t, n, p.Topology.LeafCount())
	assert.Equal(t, n-1, p.Topology.Depth())
	assert.Equal(t, float64(n-1), p.Height())
	var out bytes.Buffer
	require.NoError(t, p.WriteNewick(&out))
	assert.True(t, bytes.Equal(append(text, '\n'), out.Bytes()), "the text comes back byte for byte")
	assert.NoError(t, p.RequireLengths())
}

func BenchmarkParseNewick(b *testing.B) {
	for _, c := range []struct {
		name string
		text []byte
	}{
		{"balanced8192", balancedText(13)},
		{"balanced131072", balancedText(17)},
		{"caterpillar100000", caterpillar(100_000)},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.text)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := tree.ParseNewick("b", c.text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func FuzzParseNewick(f *testing.F) {
	for _, seed := range []string{
		"(a:1,b:2);", "((a,b)x:1[&y=1],'c ''d''':1e-3)r:0.5;", "a;", "[c](a[&x={1,2}],[d]b);", "((a));", "(a,b,c,d)'';",
		"", ";", "(", ")", "#NEXUS", "(a,b)", "(a,b);(c,d);", "(a:-1,b);", "(a,a);", "(a,'b);", "(a,[b);", "\ufeff(a,b);", "'#nexus';",
		"(a:1e999);", "(a:inf);", "(a],b);", "(a b);", "\xff\xfe", "'\ufeffa';", "(a[&x[1]],b[&&NHX:a=b]:1[&][&z]);",
		"[&R](a:{0,1:x, 2e-1},b:[&r]{1,0})[&y]:{q,1};", "(a:{0,1:,2},b:{});", "(a:{0,1,b:1);",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := tree.ParseNewick("f", text)
		if err != nil {
			var syntax *tree.SyntaxError
			require.True(t, errors.As(err, &syntax), "every error is a syntax error: %v", err)
			require.Positive(t, syntax.Line)
			require.Positive(t, syntax.Column)
			return
		}
		requireLevelOrder(t, p.Topology)
		requireRoundTrip(t, p)
	})
}
