package tree_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/tree"
)

// requireNexusRoundTrip checks that trees come back from NEXUS and from Newick.
func requireNexusRoundTrip(t *testing.T, trees []*tree.Phylogeny) {
	t.Helper()
	var text bytes.Buffer
	require.NoError(t, tree.WriteNexusTrees(&text, trees))
	again, err := tree.ParseTrees("again", text.Bytes())
	require.NoError(t, err, "%q", text.String())
	require.Len(t, again, len(trees))
	for i, p := range trees {
		want := *p
		if want.Marks == nil {
			want.Marks = []string{"R"}
		}
		if want.Name == "" {
			want.Name = again[i].Name
		}
		require.Equal(t, &want, again[i], "%q", text.String())
	}
	var newick, second bytes.Buffer
	for _, p := range trees {
		require.NoError(t, p.WriteNewick(&newick))
	}
	again, err = tree.ParseTrees("again", newick.Bytes())
	require.NoError(t, err, "%q", newick.String())
	require.Len(t, again, len(trees))
	for _, p := range again {
		require.NoError(t, p.WriteNewick(&second))
	}
	require.Equal(t, newick.String(), second.String())
}

func parseTrees(t *testing.T, text string) []*tree.Phylogeny {
	t.Helper()
	trees, err := tree.ParseTrees("t.nex", []byte(text))
	require.NoError(t, err)
	requireNexusRoundTrip(t, trees)
	return trees
}

// TestParseTrees: each file gives these trees, name=marks Newick, with * for the
// default one.
func TestParseTrees(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"one Newick tree", "(a:1,b:2);", " (a:1,b:2);"},
		{"Newick trees", "[&R](a:1,b:2);\n[x](c,d)e;f;'g h':1;\n", " [&R] (a:1,b:2);| (c,d)e;| f;| 'g h':1;"},
		{"old Macintosh", "(a:1,b:2);\r(c,d);", " (a:1,b:2);| (c,d);"},
		{"plain", "#NEXUS\nBEGIN TREES;\nTREE t = (a:1,b:2);\nEND;\n", "t (a:1,b:2);"},
		{"any case, no spaces", "#nexus begin TreeS;tree*t=[&u](a:1,b:2);utree u=(a,b);eNd;", "*t [&u] (a:1,b:2);|u [&U] (a,b);"},
		{"endblock", "#NEXUS\nbegin trees;\ntree t = (a,b);\nendblock;", "t (a,b);"},
		{"translate", "#NEXUS\nbegin trees;\ntranslate 1 Homo_sapiens, 2 'Pan paniscus', x 'O''B',;\ntree t = (2:1,(1:2,x)2:3,Homo);tree u=(1,Homo_sapiens2);end;", ""},
		{"numbers of taxa", "#NEXUS\nbegin taxa;\ndimensions ntax=2;\ntaxlabels A 'b c';\nend;\nbegin trees;\ntree t = (2,1)2;end;", "t ('b c',A)2;"},
		{"a taxon named as a number", "#NEXUS\nbegin taxa; taxlabels '2' '1' x;\nend;\nbegin trees;\ntree t = (2,1,3);end;", "t (2,1,x);"},
		{"marks", "#NEXUS\nbegin trees;\ntree 'state 0' [&lnP=-1.5][c] = [&R] [&W 1/3] [&x] (a,b);end;", "state 0 [&lnP=-1.5] [&x] [&R] [&W 1/3] (a,b);"},
		{"annotations", "#NEXUS\nbegin trees;\ntree t = (a[&h_95%={.1,.2}]:[&rate=.1]1e-3[&s=\"x\"],b:{0,1:1,2})[&r]:0.5;end;", `t (a[&h_95%={.1,.2}]:0.001[&rate=.1,s="x"],b:{0,1:1,2})[&r]:0.5;`},
		{"other blocks and comments", "[c] #NEXUS [a 'b]\n# a note's\nbegin paup; set x='a; b' Bob's [;] ; q end; end;\nBEGIN NOTES; text \"END;\" ;END;;\nbegin trees; title 'x;y'; link t = z;\ntree t [&c=1] = (a,b);;end;\nbegin trees; tree u = c; end;", "t [&c=1] (a,b);|u c;"},
		{"two blocks of taxa", "#NEXUS\nbegin taxa; taxlabels a b;end; begin taxa; taxlabels c d; end; begin trees; tree t = (1,2); end;", "t (1,2);"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.name == "translate" {
				_, err := tree.ParseTrees("t.nex", []byte(c.text))
				require.EqualError(t, err, `t.nex:4:26: the tip "Homo" does not stand in TRANSLATE: add it there`)
				c.text = strings.Replace(strings.Replace(c.text, "Homo)", "Homo_sapiens)2", 1), "(2:1,(1:2,x)2:3", "(2:1,('x':2,1e2)9:3", 1)
				c.text = strings.Replace(strings.Replace(c.text, "x 'O", "1e2 z,x 'O", 1), "Homo_sapiens2", "2", 1)
				c.want = "t ('Pan paniscus':1,('O''B':2,z)9:3,Homo_sapiens)2;|u (Homo_sapiens,'Pan paniscus');"
			}
			var got []string
			for _, p := range parseTrees(t, c.text) {
				var text bytes.Buffer
				require.NoError(t, p.WriteNewick(&text))
				name := p.Name
				if p.Default {
					name = "*" + name
				}
				got = append(got, name+" "+strings.TrimSpace(text.String()))
			}
			require.Equal(t, c.want, strings.Join(got, "|"))
		})
	}
}

func TestParseTree(t *testing.T) {
	const newick, nexus = "(a,b);\n(c,d);\n(e,f)", "#NEXUS\nbegin trees;\ntree t = (a,b);\n tree u = (c,d);\nend;"
	p, err := tree.ParseTree("t", []byte(newick), 2)
	require.NoError(t, err)
	require.Equal(t, []string{"c", "d"}, p.Tips())
	_, err = tree.ParseTree("t", []byte(newick), 3)
	require.EqualError(t, err, "t:3:6: the tree does not end with ';': add it, or see whether the file was cut off")
	_, err = tree.ParseTree("t", []byte(newick[:14]), 0)
	require.EqualError(t, err, "t:2:1: the file has more than one tree: choose one by its number, 1 to 2")
	_, err = tree.ParseTree("t", []byte(newick[:14]), 3)
	require.EqualError(t, err, "t:2:1: there is no tree 3: the file has 2, this one the last")
	_, err = tree.ParseTree("t", []byte(newick[:14]), -1)
	require.EqualError(t, err, "t:2:1: there is no tree -1: the file has 2, this one the last")
	_, err = tree.ParseTree("t", []byte(nexus), 0)
	var index *tree.TreeIndexError
	require.True(t, errors.As(err, &index))
	require.EqualError(t, err, `t:4:2: the file has 2 trees, "t", "u": choose one by its number, 1 to 2`)

	// A tree is yielded before what follows it is read.
	n := 0
	for p, err := range tree.Trees("t", []byte(newick)) {
		if n++; n == 3 {
			require.Error(t, err)
			require.Nil(t, p)
			continue
		}
		require.NoError(t, err)
	}
	require.Equal(t, 3, n)
	for range tree.Trees("t", []byte(newick)) {
		break
	}

	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	_, err = zip.Write([]byte(nexus))
	require.NoError(t, err)
	require.NoError(t, zip.Close())
	path := filepath.Join(t.TempDir(), "trees")
	require.NoError(t, os.WriteFile(path, packed.Bytes(), 0o600))
	trees, err := tree.ReadTreesFile(path)
	require.NoError(t, err)
	require.Len(t, trees, 2)
	p, err = tree.ReadTreeFile(path, 2)
	require.NoError(t, err)
	require.Equal(t, "u", p.Name)
	_, err = tree.ReadTreeFile(path+"none", 1)
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = tree.ReadTreesFile(path + "none")
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestNodeValues(t *testing.T) {
	p := parse(t, `(a[&r=1,state="x, y"]:1[&rate={.1,.2}],b[&r=2]:2[&rate=3],c)[&note=[x,y],flag, q='p']:1;`)
	for key, want := range map[string][]string{
		"r": {"", "1", "2", ""}, "state": {"", "x, y", "", ""}, "rate": {"", "{.1,.2}", "3", ""}, "note": {"[x,y]", "", "", ""}, "flag": {"", "", "", ""}, "q": {"p", "", "", ""},
	} {
		got, err := p.NodeValues(key)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	_, err := p.NodeValues("rates")
	require.EqualError(t, err, `tree: no node has the annotation "rates": they have "rate", "note", "state", "r", "flag", "q"`)
	_, err = parse(t, "(a,b);").NodeValues("x")
	require.EqualError(t, err, `tree: no node has the annotation "x", and none any other`)
	_, err = parse(t, "(a[&x={1],b);").NodeValues("x")
	require.EqualError(t, err, `tree: the annotations "x={1" have braces that do not balance: close them (tip "a")`)
	_, err = tree.ParseAnnotations(`a="1`)
	require.EqualError(t, err, `tree: the annotations "a=\"1" have a quote at character 3 that is not closed: close it`)
	_, err = tree.ParseAnnotations("a},b={1,") // once taken for two parts
	require.EqualError(t, err, `tree: the annotations "a},b={1," close a brace at character 2 that is not open: remove it`)
	_, err = tree.ParseAnnotations("\v\"") // once taken for a key
	require.ErrorContains(t, err, "have a quote at character 2 that is not closed")
	_, err = tree.ParseAnnotations(`a=1,,b`)
	require.EqualError(t, err, `tree: the annotations "a=1,,b" have a part without a key at character 5: write key=value`)
}

func TestRescale(t *testing.T) {
	p := parse(t, "(a:{0,1:1,2},b:4):1;")
	p.Rescale(2)
	require.NoError(t, p.Check())
	var text bytes.Buffer
	require.NoError(t, p.WriteNewick(&text))
	require.Equal(t, "(a:{0,0.5:1,1},b:2):0.5;\n", text.String())
}

// TestCheckParts: what a caller puts together wrongly is told before it is written.
func TestCheckParts(t *testing.T) {
	for _, c := range []struct {
		want string
		to   func(p *tree.Phylogeny)
	}{
		{"tree: 1 annotations of edges and 0 stochastic maps for 3 nodes: give one per node, or nil", func(p *tree.Phylogeny) { p.EdgeAnnotations = []string{""} }},
		{`tree: the mark "]" of the tree is empty or has unbalanced brackets`, func(p *tree.Phylogeny) { p.Marks = []string{"]"} }},
		{`tree: the annotation "[" of the edge above tip "b" has unbalanced brackets, or the edge no length`, func(p *tree.Phylogeny) { p.EdgeAnnotations = []string{"", "", "["} }},
		{`tree: the edge above tip "b" has the length 2, and the segments of its stochastic map add up to 1: make them equal`,
			func(p *tree.Phylogeny) { p.Maps = [][]tree.Segment{nil, nil, {{State: "x", Length: 1}}} }},
		{`tree: the edge above tip "b" has the state "x:", which is empty or has a space or one of {}()[],:;': rename it`,
			func(p *tree.Phylogeny) { p.Maps = [][]tree.Segment{nil, nil, {{State: "x:", Length: 2}}} }},
		{`tree: the edge above tip "b" has a segment of length -1: lengths must be finite and 0 or more`,
			func(p *tree.Phylogeny) { p.Maps = [][]tree.Segment{nil, nil, {{State: "x", Length: -1}}} }},
		{`tree: the edge above tip "b" has a stochastic map without segments or without a length: give both, or a nil map`,
			func(p *tree.Phylogeny) { p.Maps = [][]tree.Segment{nil, nil, {}} }},
	} {
		p := parse(t, "(a:1,b:2);")
		c.to(p)
		require.EqualError(t, p.Check(), c.want)
	}
	p := parse(t, "(a:1,b:2);")
	p.Name = "*x"
	require.EqualError(t, tree.WriteNexusTrees(&bytes.Buffer{}, []*tree.Phylogeny{p}), `tree: the name "*x" of tree 1 begins with an asterisk or has a control character: rename it`)
}

func FuzzParseTrees(f *testing.F) {
	for _, seed := range []string{
		"(a:1,b:2);(c,d);", "#NEXUS\nbegin taxa;dimensions ntax=2;taxlabels a 'b c';end;begin trees;translate 1 a, 2 'b c';tree * t [&lnP=1] = [&R](1[&x={1,2}]:1[&y],2:{0,1:1,2});end;",
		"#nexus begin trees;utree u=(1,2);endblock;", "#NEXUS\n# x\nbegin x;'a;' ;end;begin trees;tree 't''s'=a;;end;", "#NEXUS begin trees; tree t=(a", "#NEXUS begin trees; tree '*'=[&U][&w 1]b;tree \"a\"=c;end;",
		"#NEXUS begin taxa;taxlabels 3 x;end; begin trees; tree t=(1,2);end;", "#NEXUS\rbegin trees;\rtree t=(a,b);end;",
		"#NEXUS begin trees;tree '\v'=(a,b);end;", "[&U][&0]0;",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		trees, err := tree.ParseTrees("f", text)
		if err != nil {
			var syntax *tree.SyntaxError
			require.True(t, errors.As(err, &syntax), "every error is a syntax error: %v", err)
			require.Positive(t, syntax.Line)
			require.Positive(t, syntax.Column)
			return
		}
		for _, p := range trees {
			requireLevelOrder(t, p.Topology)
			if strings.HasPrefix(p.Name, "*") || strings.ContainsFunc(p.Name, func(r rune) bool { return r < ' ' || r == 0x7f }) {
				require.ErrorContains(t, tree.WriteNexusTrees(&bytes.Buffer{}, trees), "rename it")
				return
			}
		}
		requireNexusRoundTrip(t, trees)
	})
}

func FuzzParseAnnotations(f *testing.F) {
	for _, seed := range []string{"rate=.1,h_95%={.1,.2}", `x="a,b",y='c,d',flag`, "&NHX:S=h", "a={[}", "a=1,,", "it's=1", `a={"x}",2}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		pairs, err := tree.ParseAnnotations(text)
		if err != nil {
			return
		}
		// Written again they read the same.
		var parts []string
		for _, pair := range pairs {
			require.NotEmpty(t, pair.Key)
			if pair.Value != "" {
				parts = append(parts, pair.Key+"="+pair.Value)
			} else {
				parts = append(parts, pair.Key)
			}
			_ = pair.Unquoted()
		}
		again, err := tree.ParseAnnotations(strings.Join(parts, ","))
		require.NoError(t, err, "%q", text)
		require.Equal(t, pairs, again)
	})
}
