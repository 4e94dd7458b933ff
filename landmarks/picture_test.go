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

// paths counts the lines of an SVG picture, and checks that it is sound XML.
func paths(t *testing.T, file string) int {
	in, err := os.Open(file)
	require.NoError(t, err)
	defer in.Close()
	decoder, n := xml.NewDecoder(in), 0
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return n
		}
		require.NoError(t, err)
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == "path" {
			n++
		}
	}
}

func TestDrawTree(t *testing.T) {
	topology, err := tree.Symmetric(2, 3)
	require.NoError(t, err)
	picture := landmarks.TreePicture{Topology: topology, Dimensions: 2, Names: make([]string, 13), Lengths: make([]float64, 13)}
	for v := range 13 {
		picture.Lengths[v] = 1
		picture.Names[v] = "a"
		picture.Shapes = append(picture.Shapes, circle(8, 1+float64(v)/20))
	}
	svg, image := filepath.Join(t.TempDir(), "tree.svg"), filepath.Join(t.TempDir(), "tree.png")
	require.NoError(t, landmarks.DrawTree(svg, picture))
	require.GreaterOrEqual(t, paths(t, svg), 12+13) // edges and shapes
	require.NoError(t, landmarks.DrawTree(image, picture))
	in, err := os.Open(image)
	require.NoError(t, err)
	defer in.Close()
	_, err = png.Decode(in)
	require.NoError(t, err)
	picture.Shapes[3] = []float64{math.NaN(), 0, 1, 1, 2, 2}
	require.ErrorContains(t, landmarks.DrawTree(svg, picture), "node 3")
	picture.Shapes = picture.Shapes[:5]
	require.ErrorContains(t, landmarks.DrawTree(svg, picture), "13 nodes, there are 5 shapes")
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
	require.NoError(t, landmarks.DrawFan(file, picture))
	require.GreaterOrEqual(t, paths(t, file), 60+8+2) // draws, ellipses, mean and reference
	require.ErrorContains(t, landmarks.DrawFan(file, landmarks.FanPicture{Dimensions: 2}), "no draws")
	require.Error(t, landmarks.DrawFan(filepath.Join(t.TempDir(), "fan.xyz"), picture))
}
