package landmarks_test

import (
	"encoding/xml"
	"errors"
	"image/png"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/landmarks"
	"github.com/hxgpu/hxgpu/tree"
)

// circle is a shape of n points.
func circle(n int, radius float64) []float64 {
	var shape []float64
	for k := range n {
		sin, cos := math.Sincos(2 * math.Pi * float64(k) / float64(n))
		shape = append(shape, radius*cos, radius*sin)
	}
	return shape
}

// drawing is what an SVG picture holds.
type drawing struct {
	paths []string // their data
	texts []string
}

// count is the number of paths with so many straight lines, closed or not.
func (d drawing) count(lines int, closed bool) int {
	n := 0
	for _, path := range d.paths {
		if strings.Count(path, "L") == lines && strings.HasSuffix(path, "Z") == closed && !strings.Contains(path, "A") {
			n++
		}
	}
	return n
}

// dots is the number of circles.
func (d drawing) dots() int {
	n := 0
	for _, path := range d.paths {
		if strings.Contains(path, "A") {
			n++
		}
	}
	return n
}

// readSVG reads a picture, which must be sound XML.
func readSVG(t *testing.T, file string) drawing {
	t.Helper()
	in, err := os.Open(file)
	require.NoError(t, err)
	defer in.Close()
	decoder, d, inText := xml.NewDecoder(in), drawing{}, false
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return d
		}
		require.NoError(t, err)
		switch token := token.(type) {
		case xml.StartElement:
			inText = token.Name.Local == "text"
			for _, attribute := range token.Attr {
				if token.Name.Local == "path" && attribute.Name.Local == "d" {
					d.paths = append(d.paths, strings.TrimSpace(attribute.Value))
				}
			}
		case xml.CharData:
			if inText {
				d.texts = append(d.texts, string(token))
			}
		case xml.EndElement:
			inText = false
		}
	}
}

// shapesTree is a tree of 9 tips with a shape of 8 landmarks at each of its 13
// nodes.
func shapesTree(t *testing.T, dimensions int) landmarks.TreePicture {
	topology, err := tree.Symmetric(2, 3)
	require.NoError(t, err)
	picture := landmarks.TreePicture{Topology: topology, Dimensions: dimensions, Names: make([]string, 13), Lengths: make([]float64, 13), Title: "shapes"}
	for v := range 13 {
		picture.Lengths[v] = 1
		picture.Names[v] = "taxon " + string(rune('a'+v))
		var shape []float64
		for k, x := range circle(8, 1+float64(v)/20) {
			shape = append(shape, x)
			if dimensions == 3 && k%2 == 1 {
				shape = append(shape, 100)
			}
		}
		picture.Shapes = append(picture.Shapes, shape)
	}
	return picture
}

func TestDrawTree(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tree.svg")
	picture := shapesTree(t, 2)
	require.NoError(t, landmarks.DrawTree(file, picture))
	d := readSVG(t, file)
	require.Equal(t, 12, d.count(2, false)) // edges
	require.Equal(t, 13, d.count(8, false)) // outlines
	require.Contains(t, d.texts, "shapes")
	for v, name := range picture.Names {
		if picture.Topology.IsLeaf(v) {
			require.Contains(t, d.texts, name)
		} else {
			require.NotContains(t, d.texts, name)
		}
	}

	solid := filepath.Join(t.TempDir(), "solid.svg")
	require.NoError(t, landmarks.DrawTree(solid, shapesTree(t, 3)))
	require.Equal(t, d, readSVG(t, solid)) // the third dimension is not seen

	picture.Names = nil
	picture.Outline = landmarks.OpenOutline
	require.NoError(t, landmarks.DrawTree(file, picture))
	d = readSVG(t, file)
	require.Equal(t, 13, d.count(7, false))
	require.Equal(t, []string{"shapes"}, d.texts)

	picture.Outline = landmarks.NoOutline
	require.NoError(t, landmarks.DrawTree(file, picture))
	d = readSVG(t, file)
	require.Zero(t, d.count(7, false)+d.count(8, false))
	require.Equal(t, 13*8, d.dots())
}

// TestDrawTreeOfNothing: a tree of one node, without length, whose shape is a point.
func TestDrawTreeOfNothing(t *testing.T) {
	topology, _, err := tree.FromParents([]int{-1})
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "tree.svg")
	require.NoError(t, landmarks.DrawTree(file, landmarks.TreePicture{Topology: topology, Lengths: []float64{0}, Dimensions: 2, Shapes: [][]float64{{1, 1, 1, 1}}}))
	require.Equal(t, 1, readSVG(t, file).count(2, false))
}

func TestPicturesArePNG(t *testing.T) {
	for name, picture := range map[string]func(string) error{
		"tree.png": func(file string) error { return landmarks.DrawTree(file, shapesTree(t, 2)) },
		"fan.png": func(file string) error {
			return landmarks.DrawFan(file, landmarks.FanPicture{Dimensions: 2, Draws: [][]float64{circle(8, 1), circle(8, 1.1)}})
		},
	} {
		file := filepath.Join(t.TempDir(), name)
		require.NoError(t, picture(file))
		in, err := os.Open(file)
		require.NoError(t, err)
		decoded, err := png.Decode(in)
		require.NoError(t, err)
		require.NoError(t, in.Close())
		colors := map[any]bool{}
		for x := range decoded.Bounds().Dx() {
			for y := range decoded.Bounds().Dy() {
				colors[decoded.At(x, y)] = true
			}
		}
		require.Greater(t, len(colors), 10, name) // something is drawn
	}
}

func TestDrawTreeErrors(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tree.svg")
	for want, spoil := range map[string]func(*landmarks.TreePicture){
		"there is no tree":                       func(p *landmarks.TreePicture) { p.Topology = nil },
		"13 nodes, there are 5 shapes":           func(p *landmarks.TreePicture) { p.Shapes = p.Shapes[:5] },
		"13 shapes and 12 edge lengths":          func(p *landmarks.TreePicture) { p.Lengths = p.Lengths[1:] },
		"13 nodes, there are 9 names":            func(p *landmarks.TreePicture) { p.Names = p.Names[:9] },
		"2 or 3 dimensions, not 0":               func(p *landmarks.TreePicture) { p.Dimensions = 0 },
		"shape of node 3: landmark 2 of draw 0":  func(p *landmarks.TreePicture) { p.Shapes[3][2] = math.NaN() },
		"shape of node 4: draw 0 has 14":         func(p *landmarks.TreePicture) { p.Shapes[4] = p.Shapes[4][2:] },
		"shape of node 0: draw 0 has 16":         func(p *landmarks.TreePicture) { p.Dimensions = 3 },
		"edge above node 2 has the length -1":    func(p *landmarks.TreePicture) { p.Lengths[2] = -1 },
		"edge above node 12 has the length +Inf": func(p *landmarks.TreePicture) { p.Lengths[12] = math.Inf(1) },
	} {
		picture := shapesTree(t, 2)
		spoil(&picture)
		require.ErrorContains(t, landmarks.DrawTree(file, picture), want)
	}
	require.NoFileExists(t, file)
	require.Error(t, landmarks.DrawTree(filepath.Join(t.TempDir(), "tree.xyz"), shapesTree(t, 2)))
}

func TestDrawFan(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	picture := landmarks.FanPicture{Dimensions: 2, Reference: circle(8, 1), Title: "root"}
	for range 60 {
		shape := circle(8, 1)
		for k := range shape {
			shape[k] += 0.05 * r.NormFloat64()
		}
		picture.Draws = append(picture.Draws, shape)
	}
	file := filepath.Join(t.TempDir(), "fan.svg")
	for most, draws := range map[int]int{0: 60, -1: 60, 60: 60, 59: 30, 20: 20, 1: 1} {
		picture.Most = most
		require.NoError(t, landmarks.DrawFan(file, picture))
		d := readSVG(t, file)
		require.Equal(t, draws+2, d.count(8, false)) // and the mean and the reference
		require.Equal(t, 8, d.count(48, false))      // ellipses
		require.Subset(t, d.texts, []string{"root", "mean", "reference"})
	}
	picture.Reference, picture.Outline = nil, landmarks.NoOutline
	picture.Draws = picture.Draws[:1]
	require.NoError(t, landmarks.DrawFan(file, picture))
	d := readSVG(t, file)
	require.Zero(t, d.count(48, false)) // one draw has no spread
	require.NotContains(t, d.texts, "reference")
	require.Equal(t, 8+8+1, d.dots()) // the draw, the mean, and the legend's
}

func TestDrawFanErrors(t *testing.T) {
	file := filepath.Join(t.TempDir(), "fan.svg")
	for want, picture := range map[string]landmarks.FanPicture{
		"no draws":                        {Dimensions: 2},
		"2 or 3 dimensions, not 1":        {Dimensions: 1, Draws: [][]float64{circle(8, 1)}},
		"draw 1 has 14 coordinates":       {Dimensions: 2, Draws: [][]float64{circle(8, 1), circle(7, 1)}},
		"draw 0 has 0 coordinates":        {Dimensions: 2, Draws: [][]float64{{}}},
		"landmark 1 of draw 0":            {Dimensions: 2, Draws: [][]float64{{0, math.Inf(1), 1, 1}}},
		"the reference: draw 0 has 14 co": {Dimensions: 2, Draws: [][]float64{circle(8, 1)}, Reference: circle(7, 1)},
	} {
		require.ErrorContains(t, landmarks.DrawFan(file, picture), want)
	}
	require.Error(t, landmarks.DrawFan(filepath.Join(t.TempDir(), "fan.xyz"), landmarks.FanPicture{Dimensions: 2, Draws: [][]float64{circle(8, 1)}}))
}

// TestEllipse: the ellipse of a landmark holds 95 % of normal draws, and its
// extents are those of the covariance.
func TestEllipse(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	var draws [][]float64
	for range 4000 {
		a, b := r.NormFloat64(), r.NormFloat64()
		draws = append(draws, []float64{a, 0.8*a + 0.6*b, 20, 20, 20 + b, 0})
	}
	ellipse := landmarks.Ellipse(landmarks.FanPicture{Draws: draws, Dimensions: 2}, 0)
	inside := 0
	for _, draw := range draws {
		within := true // of a convex polygon, on the left of all sides
		for i := 1; i < len(ellipse); i++ {
			p, q := ellipse[i-1], ellipse[i]
			within = within && (q.X-p.X)*(draw[1]-p.Y)-(q.Y-p.Y)*(draw[0]-p.X) >= 0
		}
		if within {
			inside++
		}
	}
	require.InDelta(t, 0.95, float64(inside)/4000, 0.015) // more than four standard errors, and the polygon's loss
}
