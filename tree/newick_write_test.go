package tree_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/tree"
)

// requireRoundTrip checks that a phylogeny is sound and comes back from its text.
func requireRoundTrip(t *testing.T, p *tree.Phylogeny) {
	t.Helper()
	require.NoError(t, p.Check())
	var text bytes.Buffer
	require.NoError(t, p.WriteNewick(&text))
	again, err := tree.ParseNewick("again", text.Bytes())
	require.NoError(t, err, "%q", text.String())
	require.Equal(t, p, again, "%q", text.String())
	var second bytes.Buffer
	require.NoError(t, again.WriteNewick(&second))
	require.Equal(t, text.String(), second.String())
}

// randomPhylogeny has names, lengths and annotations that are hard to write.
func randomPhylogeny(r *rand.Rand, n int) *tree.Phylogeny {
	top, _, err := tree.FromParents(randomParents(r, n, 1+r.IntN(n)))
	if err != nil {
		panic(err)
	}
	const letters = "ab_ ',;:()[]{}#&=é\"-"
	p := &tree.Phylogeny{
		Topology: top, Names: make([]string, n), Lengths: make([]float64, n),
		HasLength: make([]bool, n), Annotations: make([]string, n),
	}
	runes := []rune(letters)
	for v := range n {
		name := ""
		for range r.IntN(6) {
			name += string(runes[r.IntN(len(runes))])
		}
		if top.IsLeaf(v) {
			name += fmt.Sprint(v)
		}
		p.Names[v] = name
		if r.IntN(3) > 0 {
			p.HasLength[v] = true
			p.Lengths[v] = []float64{0, 1, r.Float64(), math.Exp(200 * r.NormFloat64()), math.SmallestNonzeroFloat64, math.MaxFloat64}[r.IntN(6)]
			if math.IsInf(p.Lengths[v], 1) {
				p.Lengths[v] = 1
			}
		}
		if r.IntN(4) == 0 {
			p.Annotations[v] = []string{"x=1", "y={1,2},z=\"(q);\"", "a=[b[c]]", "&NHX:'"}[r.IntN(4)]
		}
	}
	return p
}

func TestWriteNewickRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		requireRoundTrip(t, randomPhylogeny(r, 1+r.IntN(60)))
	}
}

func TestWriteNewickText(t *testing.T) {
	for in, want := range map[string]string{
		"( 'a' :1.0, 'b c'[&k=1]:1e3 )r[x] : 5 ;": "(a:1,'b c'[&k=1]:1000)r:5;\n",
		"(a:0.1,(b,c):1e-30);":                    "(a:0.1,(b,c):1e-30);\n",
		"'#nexus';":                               "'#nexus';\n",
	} {
		var out bytes.Buffer
		require.NoError(t, parse(t, in).WriteNewick(&out))
		assert.Equal(t, want, out.String())
	}
	p := parse(t, "(a,b);")
	p.Annotations = nil
	var out bytes.Buffer
	require.NoError(t, p.WriteNewick(&out))
	assert.Equal(t, "(a,b);\n", out.String())
}

func TestCheckErrors(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(p *tree.Phylogeny)
		want   string
	}{
		{"no topology", func(p *tree.Phylogeny) { p.Topology = nil }, "tree: the phylogeny has no topology: set Topology"},
		{"short names", func(p *tree.Phylogeny) { p.Names = p.Names[:2] }, "tree: 2 names, 5 lengths, 5 length marks and 5 annotations for 5 nodes: give one of each per node (annotations may be nil)"},
		{"short annotations", func(p *tree.Phylogeny) { p.Annotations = p.Annotations[:1] }, "tree: 5 names, 5 lengths, 5 length marks and 1 annotations for 5 nodes: give one of each per node (annotations may be nil)"},
		{"negative length", func(p *tree.Phylogeny) { p.Lengths[1] = -1 }, `tree: the edge above an ancestor of "a" and "b" has the length -1: lengths must be finite and 0 or more`},
		{"NaN", func(p *tree.Phylogeny) { p.Lengths[0] = math.NaN() }, "tree: the edge above the root has the length NaN: lengths must be finite and 0 or more"},
		{"Inf", func(p *tree.Phylogeny) { p.Lengths[2] = math.Inf(1) }, `tree: the edge above tip "c" has the length +Inf: lengths must be finite and 0 or more`},
		{"line break", func(p *tree.Phylogeny) { p.Names[0] = "r\n" }, `tree: the name "r\n" of node 0 has a control character: remove it`},
		{"nameless tip", func(p *tree.Phylogeny) { p.Names[3] = "" }, "tree: node 3 is a tip without a name"},
		{"same name", func(p *tree.Phylogeny) { p.Names[3] = "c" }, `tree: nodes 2 and 3 are both tips named "c": rename one`},
		{"annotation closes", func(p *tree.Phylogeny) { p.Annotations[0] = "x]" }, `tree: the annotation "x]" of the root has unbalanced brackets`},
		{"annotation opens", func(p *tree.Phylogeny) { p.Annotations[2] = "x[" }, `tree: the annotation "x[" of tip "c" has unbalanced brackets`},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := parse(t, "((a:1,b:1):1,c:2);")
			require.NoError(t, p.Check())
			c.damage(p)
			assert.EqualError(t, p.Check(), c.want)
			assert.EqualError(t, p.WriteNewick(&bytes.Buffer{}), c.want)
			assert.EqualError(t, p.WriteNexus(&bytes.Buffer{}, nil), c.want)
		})
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestWriteErrors(t *testing.T) {
	assert.EqualError(t, parse(t, "(a,b);").WriteNewick(brokenWriter{}), "disk full")
	assert.EqualError(t, parse(t, "(a,b);").WriteNexus(brokenWriter{}, nil), "disk full")
}
