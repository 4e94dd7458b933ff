package pictures

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"image/png"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"gonum.org/v1/plot/vg"

	"github.com/hxgpu/hxgpu/tree"
)

// read makes a tree from Newick.
func read(t testing.TB, newick string) *Tree {
	t.Helper()
	p, err := tree.ParseTree("t.nwk", []byte(newick), 0)
	require.NoError(t, err)
	return &Tree{Topology: p.Topology, Lengths: p.Lengths, Names: p.Names}
}

// random is a tree of so many tips: each tip in turn is split, in an order that looks
// random and is not.
func random(t testing.TB, tips int) *Tree {
	t.Helper()
	text := []string{}
	for i := range tips {
		text = append(text, fmt.Sprintf("tip_%d:%d", i+1, 1+i%3))
	}
	for step := 7; len(text) > 1; step += 13 {
		i := step % (len(text) - 1)
		text[i] = fmt.Sprintf("(%s,%s):%d", text[i], text[i+1], 1+step%2)
		text = append(text[:i+1], text[i+2:]...)
	}
	return read(t, text[0]+";")
}

// waves are states that vary along a tree.
func waves(t *Tree, name string, phase float64) Trait {
	trait := Trait{Name: name}
	depth, height := t.depths()
	row := t.rows()
	for v := range depth {
		x := math.Sin(5*row[v]/float64(t.tips())+phase) * depth[v] / height
		trait.States = append(trait.States, State{x, x - 0.2, x + 0.3})
	}
	for range t.Topology.Leaves() {
		trait.Observed = append(trait.Observed, true)
	}
	return trait
}

// TestRows is where the nodes of a small tree stand.
func TestRows(t *testing.T) {
	small := read(t, "((a:1,b:2)ab:1,c:3,(d:1,(e:1,f:0.5)ef:1)def:0.5)r;")
	depth, height := small.depths()
	row := small.rows()
	var listing []string
	for v := range depth {
		listing = append(listing, fmt.Sprintf("%s %g %g", small.Names[v], depth[v], row[v]))
	}
	require.Equal(t, "r 0 2.125, ab 1 0.5, c 3 2, def 0.5 3.75, a 2 0, b 3 1, d 1.5 3, ef 1.5 4.5, e 2.5 4, f 2 5", strings.Join(listing, ", "))
	require.Equal(t, 3.0, height)
	below := small.below()
	require.Equal(t, []int{6, 2, 1, 3, 1, 1, 1, 2, 1, 1}, below)
}

// treePictures are all pictures of traits on a tree.
func treePictures(tr *Tree, traits ...Trait) map[string]*Picture {
	all := map[string]*Picture{"rectangular": StatesOnTree(tr, traits, Rectangular), "fan": StatesOnTree(tr, traits, Fan),
		"auto": StatesOnTree(tr, traits, AutoLayout), "phenogram": Phenograms(tr, traits)}
	if len(traits) > 1 {
		all["space"] = Phylomorphospace(tr, traits[0], traits[1])
	}
	return all
}

// TestTreesOfAllSizes: no text of any picture is cut off or lies on another, names are
// all there where they fit and none where they do not.
func TestTreesOfAllSizes(t *testing.T) {
	for _, tips := range []int{2, 5, 16, 60, 101, 250} {
		tr := random(t, tips)
		first, second := waves(tr, "body mass", 0), waves(tr, "length", 1)
		for name, p := range treePictures(tr, first, second) {
			s := drawn(t, p)
			n := s.has("tip_1") + s.has("tip_2")
			switch {
			case name == "space":
			case name == "phenogram":
				require.Equal(t, map[bool]int{true: 4, false: 0}[tips <= 60], n, "%s of %d tips", name, tips)
			case name == "rectangular" && tips > 101: // too many for its height
				require.Zero(t, n, "%s of %d tips", name, tips)
			default:
				require.Equal(t, 4, n, "%s of %d tips", name, tips)
			}
			require.Equal(t, 2, s.has("body mass")+s.has("length"), name)
		}
	}
}

// TestHugeTree: 10,000 tips are drawn without names, in all formats, in seconds.
func TestHugeTree(t *testing.T) {
	if testing.Short() {
		t.Skip("draws trees of 10,000 tips")
	}
	tr := random(t, 10_000)
	first, second := waves(tr, "mass", 0), waves(tr, "length", 1)
	for name, p := range treePictures(tr, first, second) {
		s := drawn(t, p)
		require.Zero(t, s.has("tip_1"), name)
		require.Greater(t, s.strokes, 19_000, name)
	}
	began := time.Now()
	p := StatesOnTree(tr, []Trait{first}, AutoLayout)
	for _, format := range Formats {
		checkFile(t, p, format)
	}
	t.Logf("a fan of 10,000 tips in %v in %v", Formats, time.Since(began))
}

// checkFile writes a picture and reads it as what it says it is.
func checkFile(t *testing.T, p *Picture, format string) []byte {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, p.Write(&out, format, Dimensions{}))
	text := out.Bytes()
	switch width, height := p.Size(); format {
	case "png":
		image, err := png.Decode(bytes.NewReader(text))
		require.NoError(t, err)
		require.InDelta(t, float64(width)/72*dotsPerInch, float64(image.Bounds().Dx()), 1)
		require.InDelta(t, float64(height)/72*dotsPerInch, float64(image.Bounds().Dy()), 1)
	case "svg":
		decoder := xml.NewDecoder(bytes.NewReader(text))
		for {
			if _, err := decoder.Token(); err == io.EOF {
				break
			} else {
				require.NoError(t, err)
			}
		}
		require.Contains(t, string(text), "<svg ")
		require.Contains(t, string(text), "Arial")
	case "pdf":
		require.True(t, bytes.HasPrefix(text, []byte("%PDF-")))
		require.True(t, bytes.Contains(text[len(text)-20:], []byte("%%EOF")))
	}
	return text
}

// TestOddTrees: states that are all one, or not known, edges without length, long and
// foreign names, tips without a value.
func TestOddTrees(t *testing.T) {
	tr := read(t, "((a:0,'a name that is far too long for any picture of a tree to show it all':0):0,('β < ü & \"q\"':0,d:0):0);")
	flat := Trait{Name: "x < y & z", States: make([]State, 7), Observed: []bool{true, false, true, true}}
	unknown := Trait{Name: "unknown", States: make([]State, 7)}
	for v := range unknown.States {
		unknown.States[v] = State{math.NaN(), math.NaN(), math.NaN()}
	}
	for name, p := range treePictures(tr, flat, unknown) {
		drawn(t, p)
		for _, format := range Formats {
			checkFile(t, p, format)
		}
		if name == "auto" {
			require.Contains(t, p.Note, "Rings: tips without a value.")
		}
	}
	single := read(t, "(a:1);")
	drawn(t, StatesOnTree(single, []Trait{{Name: "x", States: []State{{1, 0, 2}, {1, 0, 2}}}}, AutoLayout))
	many := make([]Trait, MostPanels+1)
	for k := range many {
		many[k] = waves(tr, fmt.Sprint("trait ", k), 0)
	}
	require.Contains(t, StatesOnTree(tr, many, AutoLayout).Note, "The first 24 of 25 traits.")
}

// TestStateScale: in a large tree a few extremes do not take all colours.
func TestStateScale(t *testing.T) {
	states := make([]State, 1000)
	for i := range states {
		states[i].Mean = float64(i%100) / 100
	}
	states[5].Mean = 1e6
	s := stateScale(states)
	require.InDelta(t, 0, s.low, 0.01)
	require.InDelta(t, 0.99, s.high, 0.01)
	require.Equal(t, stateColor(1), stateColor(s.at(1e6)))
	s = stateScale(states[:100])
	require.Equal(t, 1e6, s.high)
}

// TestSpread: names keep their order and distance, and do not move without need.
func TestSpread(t *testing.T) {
	require.Equal(t, []vg.Length{10, 30, 50}, spread([]vg.Length{10, 30, 50}, 8, 0, 100))
	require.Equal(t, []vg.Length{26, 34, 70}, spread([]vg.Length{30, 30, 70}, 8, 0, 100))
	require.Equal(t, []vg.Length{4, 12, 20}, spread([]vg.Length{1, 1, 1}, 8, 0, 100))
	require.Equal(t, []vg.Length{80, 88, 96}, spread([]vg.Length{99, 99, 99}, 8, 0, 100))
	var places []vg.Length
	for i := range 50 {
		places = append(places, vg.Length(i*i)/25)
	}
	out := spread(places, 2, 0, 100)
	for i, y := range out {
		require.True(t, y >= 0.999 && y <= 99.001)
		require.True(t, i == 0 || y-out[i-1] >= 1.999)
	}
}

// TestPDFNames: names that are not ASCII are not taken for other ones; ASCII stays text.
func TestPDFNames(t *testing.T) {
	plain := read(t, "(aaa:1,bbb:1);")
	foreign := read(t, "('\u00e4\u00df\u03b1':1,bbb:1);")
	states := []State{{1, 0, 2}, {1, 0, 2}, {2, 1, 3}}
	size := func(tr *Tree) int {
		return len(checkFile(t, StatesOnTree(tr, []Trait{{Name: "x", States: states}}, Rectangular), "pdf"))
	}
	require.NotEqual(t, size(plain), size(foreign))
	face := textStyle(10, textColor)
	lookup := face.Handler.Cache().Lookup(face.Font, 10)
	var buffer sfnt.Buffer
	glyph, err := lookup.Face.GlyphIndex(&buffer, '\u03b1')
	require.NoError(t, err)
	outline, err := lookup.Face.LoadGlyph(&buffer, glyph, fixed.I(2048), nil)
	require.NoError(t, err)
	low, high := vg.Point{X: 1e9, Y: 1e9}, vg.Point{X: -1e9, Y: -1e9}
	for _, part := range outlinePath(outline, vg.Point{X: 100, Y: 50}, 10.0/2048) {
		if part.Type != vg.CloseComp {
			low, high = vg.Point{X: min(low.X, part.Pos.X), Y: min(low.Y, part.Pos.Y)}, vg.Point{X: max(high.X, part.Pos.X), Y: max(high.Y, part.Pos.Y)}
		}
	}
	// A small letter of 10 points stands on the line, about half as high and wide.
	require.InDelta(t, 50, float64(low.Y), 0.3)
	require.InDelta(t, 55.4, float64(high.Y), 0.6)
	require.InDelta(t, 100, float64(low.X), 1)
	require.InDelta(t, 105.5, float64(high.X), 1)
}
