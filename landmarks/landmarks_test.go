package landmarks_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/landmarks"
	"github.com/hxgpu/hxgpu/tree"
)

func parse(t *testing.T, text string) (*landmarks.Set, []string, error) {
	table, err := tree.ParseTable("t.csv", []byte(text))
	require.NoError(t, err)
	return landmarks.FromTable(table)
}

func TestFromTable(t *testing.T) {
	for _, text := range []string{
		"taxon,x1,y1,x2,y2,x3,y3,size\na,1,2,3,4,5,6,9\nb,NA,NA,7,8,9,10,9\n",
		"name,1.X,1.Y,2.X,2.Y,3.X,3.Y,size\na,1,2,3,4,5,6,9\nb,,,7,8,9,10,9\n",
		"taxon,Y3,X3,size,Y2,X2,x1,y1\na,6,5,9,4,3,1,2\nb,10,9,9,8,7,NA,NA\n",
	} {
		set, others, err := parse(t, text)
		require.NoError(t, err)
		require.Equal(t, []string{"size"}, others)
		require.Equal(t, []string{"a", "b"}, set.Taxa)
		require.Equal(t, []float64{1, 2, 3, 4, 5, 6}, set.Shapes[0])
		require.True(t, math.IsNaN(set.Shapes[1][0]) && math.IsNaN(set.Shapes[1][1]))
		require.Equal(t, []string{"x1", "y1", "x2", "y2", "x3", "y3"}, set.Coordinates())
		require.Equal(t, []float64{1, 2, 5, 6, 7, 8}, set.Mean())
	}
	set, _, err := parse(t, "taxon,x1,y1,z1,x2,y2,z2,x3,y3,z3\na,1,2,3,4,5,6,7,8,9\n")
	require.NoError(t, err)
	require.Equal(t, 3, set.Dimensions)
}

func TestTableErrors(t *testing.T) {
	for text, want := range map[string]string{
		"taxon,size\na,1\n":                                      "no columns of landmarks",
		"taxon,x1,y1,x2,y2\na,1,2,3,4\n":                         "there are 2 landmarks",
		"taxon,x1,y1,x2,y2,x3\na,1,2,3,4,5\n":                    "landmark 3 has no y coordinate",
		"taxon,x1,y1,x2,y2,x4,y4\na,1,2,3,4,5,6\n":               "landmark 3 has no x coordinate",
		"taxon,x1,y1,X1,y2,x3,y3\na,1,2,3,4,5,6\n":               `"x1" and "X1" hold the same coordinate`,
		"taxon,x1,y1,2.X,2.Y,x3,y3\na,1,2,3,4,5,6\n":             "are of two forms",
		"taxon,x1,y1,x2,y2,x3,y3\na,1,NA,3,4,5,6\n":              `landmark 1 of taxon "a" has some of its coordinates`,
		"taxon,x1,y1,x2,y2,x3,y3\na,1,2,3,abc,5,6\n":             "abc",
		"taxon,x1,y1,x2,y2,x3,y3,z3\na,1,2,3,4,5,6,7\n":          "landmark 1 has no z coordinate",
		"taxon,x0,y0,x1,y1,x2,y2\na,1,2,3,4,5,6\n":               "there are 2 landmarks",
		"taxon,x99999,y1,x2,y2,x3,y3\na,1,2,3,4,5,6\n":           "landmark 1 has no x coordinate",
		"taxon,x1,y1,x2,y2,x3,y3\na,1,2,3,4,5,inf\n":             "inf",
		"taxon,x100000,y100000,x2,y2,x3,y3\na,1,2,3,4,5,6\n":     "landmark 1 has no x coordinate",
		"taxon,1.X,1.Y,1.x,2.Y,3.X,3.Y\na,1,2,3,4,5,6\n":         `"1.X" and "1.x" hold the same coordinate`,
		"taxon,1.X,1.Y,2.X,2.Y,3.X,3.Z\na,1,2,3,4,5,6\n":         "landmark 1 has no z coordinate",
		"taxon,x1,y1,x2,y2,x3,y3\na,1,2,3,4,5,6\nb,1,2,,4,5,6\n": `landmark 2 of taxon "b"`,
	} {
		_, _, err := parse(t, text)
		require.ErrorContains(t, err, want, text)
	}
}

const tps = "LM=3\n1.5 2\n3 4\r\n5 6\nID=a\nSCALE=2\n\nlm=3\n7 8\n9 10\n11 12\nIMAGE=b c.jpg\nCURVES=1\nPOINTS=2\n1 1\n2 2\nCOMMENT=none\n"

func TestTPS(t *testing.T) {
	set, err := landmarks.ParseTPS("f.tps", []byte(tps))
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b c"}, set.Taxa)
	require.Equal(t, [][]float64{{3, 4, 6, 8, 10, 12}, {7, 8, 9, 10, 11, 12}}, set.Shapes)
	set, err = landmarks.ParseTPS("f.tps", []byte("LM3=3\n1 2 3\n4 5 6\n7 8 9\nID=a"))
	require.NoError(t, err)
	require.Equal(t, 3, set.Dimensions)
}

func TestTPSErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":                                      "f.tps:1: the file has no shapes",
		"1 2\n":                                 "f.tps:1:1: here should be a line such as LM=16",
		"LM=x\n":                                `f.tps:1:1: "x" is no number of landmarks`,
		"LM=2\n1 2\n3 4\nID=a\n":                "a shape needs at least 3",
		"LM=3\n1 2\n3 4\nID=a\n":                "f.tps:4: the shape that begins on line 1 has fewer rows",
		"LM=3\n1 2\n3 4":                        "f.tps:3: the shape that begins on line 1 has fewer rows",
		"LM=3\n1 2\n3 4 5\n5 6\nID=a\n":         "f.tps:3: the row has 3 numbers",
		"LM=3\n1 2\n3 q\n5 6\nID=a\n":           `f.tps:3:3: "q" is not a finite number`,
		"LM=3\n1 2\n3 inf\n5 6\nID=a\n":         `f.tps:3:3: "inf" is not a finite number`,
		"LM=3\n1 2\n3 4\n5 6\n7 8\nID=a\n":      "f.tps:5:1: the shape that begins on line 1 has 3 landmarks, and here is more",
		"LM=3\n1 2\n3 4\n5 6\n":                 "the shape has no name",
		"LM=3\n1 2\n3 4\n5 6\nID=a\nSCALE=-1\n": "f.tps:6:1: the scale \"-1\" is not a positive number",
		"LM=3\n1 2\n3 4\n5 6\nID=a\nLM=3\n1 2\n3 4\n5 6\nID=a\n":      "f.tps:6:1: the taxon \"a\" has a shape already, on line 1",
		"LM=3\n1 2\n3 4\n5 6\nID=a\nLM=4\n1 2\n3 4\n5 6\n7 8\nID=b\n": "the shape has 4 landmarks in 2 dimensions, those before it 3 in 2",
	} {
		_, err := landmarks.ParseTPS("f.tps", []byte(text))
		require.ErrorContains(t, err, want, text)
		var syntax *tree.SyntaxError
		require.True(t, errors.As(err, &syntax))
	}
}

func TestWriteReadsBack(t *testing.T) {
	set, err := landmarks.ParseTPS("f.tps", []byte(tps))
	require.NoError(t, err)
	folder := t.TempDir()
	for name, write := range map[string]func(*bytes.Buffer) error{
		"a.csv": func(b *bytes.Buffer) error { return landmarks.WriteCSV(b, set) },
		"a.TPS": func(b *bytes.Buffer) error { return landmarks.WriteTPS(b, set) },
	} {
		var text bytes.Buffer
		require.NoError(t, write(&text))
		path := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(path, text.Bytes(), 0o600))
		again, _, err := landmarks.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, set.Taxa, again.Taxa)
		require.Equal(t, set.Shapes, again.Shapes)
	}
	set.Shapes[0][0] = math.NaN()
	require.ErrorContains(t, landmarks.WriteTPS(&bytes.Buffer{}, set), `landmark 1 of taxon "a" is missing`)
}

// TestAlign: copies of a shape that are moved, turned and scaled become equal, in
// two and three dimensions, and mirror images do not.
func TestAlign(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, dimensions := range []int{2, 3} {
		const n = 7
		base := make([]float64, n*dimensions)
		for k := range base {
			base[k] = r.NormFloat64()
		}
		set := &landmarks.Set{Points: n, Dimensions: dimensions}
		for i := range 5 {
			angle, size := r.Float64()*6, 1+r.Float64()
			sin, cos := math.Sincos(angle)
			shape := append([]float64(nil), base...)
			for p := range n {
				x, y := shape[p*dimensions], shape[p*dimensions+1]
				shape[p*dimensions], shape[p*dimensions+1] = cos*x-sin*y, sin*x+cos*y
				for d := range dimensions {
					shape[p*dimensions+d] = size*shape[p*dimensions+d] + float64(i*(d+1))
				}
			}
			set.Taxa, set.Shapes = append(set.Taxa, fmt.Sprint(i)), append(set.Shapes, shape)
		}
		aligned, report, err := landmarks.Align(set, landmarks.AlignOptions{})
		require.NoError(t, err)
		require.Less(t, report.SumOfSquares, 1e-20)
		for _, shape := range aligned.Shapes {
			require.InDeltaSlice(t, report.Mean, shape, 1e-10)
		}
		kept, _, err := landmarks.Align(set, landmarks.AlignOptions{KeepSize: true})
		require.NoError(t, err)
		require.InDelta(t, report.CentroidSizes[2]/report.CentroidSizes[0], kept.Shapes[2][1]/kept.Shapes[0][1], 1e-9)
		for p := range n { // a mirror image
			set.Shapes[3][p*dimensions] *= -1
		}
		_, report, err = landmarks.Align(set, landmarks.AlignOptions{})
		require.NoError(t, err)
		require.Greater(t, report.SumOfSquares, 1e-3)
	}
}

// TestAlignKnown: two triangles in closed form. The best turn of one shape onto
// another in the plane leaves the squared distance 2 - 2 |sum z conj(w)| between
// shapes of size 1.
func TestAlignKnown(t *testing.T) {
	set := &landmarks.Set{Points: 3, Dimensions: 2, Taxa: []string{"a", "b"}, Shapes: [][]float64{{0, 0, 1, 0, 0, 1}, {0, 0, 2, 0, 1, 1.5}}}
	_, report, err := landmarks.Align(set, landmarks.AlignOptions{})
	require.NoError(t, err)
	complexOf := func(shape []float64) (z [3]complex128) {
		var mean complex128
		for p := range 3 {
			z[p] = complex(shape[2*p], shape[2*p+1])
			mean += z[p] / 3
		}
		size := 0.0
		for p := range z {
			z[p] -= mean
			size += real(z[p])*real(z[p]) + imag(z[p])*imag(z[p])
		}
		for p := range z {
			z[p] /= complex(math.Sqrt(size), 0)
		}
		return z
	}
	z, w := complexOf(set.Shapes[0]), complexOf(set.Shapes[1])
	var product complex128
	for p := range z {
		product += z[p] * complex(real(w[p]), -imag(w[p]))
	}
	distance := 2 - 2*math.Hypot(real(product), imag(product))
	require.InDelta(t, distance/2, report.SumOfSquares, 1e-12) // each is half the way from the mean
}

func TestAlignErrors(t *testing.T) {
	_, _, err := landmarks.Align(&landmarks.Set{Points: 3, Dimensions: 2}, landmarks.AlignOptions{})
	require.ErrorContains(t, err, "no shapes")
	set := &landmarks.Set{Points: 3, Dimensions: 2, Taxa: []string{"a"}, Shapes: [][]float64{{1, 1, 1, 1, 1, 1}}}
	_, _, err = landmarks.Align(set, landmarks.AlignOptions{})
	require.ErrorContains(t, err, `all landmarks of taxon "a" are one point`)
	set.Shapes[0][2], set.Shapes[0][3] = math.NaN(), math.NaN()
	_, _, err = landmarks.Align(set, landmarks.AlignOptions{})
	require.ErrorContains(t, err, `landmark 2 of taxon "a" is missing`)
}

// TestRealLandmarks reads the landmark data that are kept beside the project.
func TestRealLandmarks(t *testing.T) {
	folder := filepath.Join("..", "..", "shared", "data")
	if _, err := os.Stat(folder); err != nil {
		t.Skipf("no real data: %v", err)
	}
	for name, points := range map[string]int{"plethodon_landmarks": 11, "phyllostomid_landmarks": 36} {
		set, _, err := landmarks.ReadFile(filepath.Join(folder, name, "traits.csv"))
		require.NoError(t, err)
		require.Equal(t, points, set.Points)
		_, report, err := landmarks.Align(set, landmarks.AlignOptions{})
		require.NoError(t, err)
		require.Less(t, report.Rounds, 50)
	}
}

func ExampleAlign() {
	square := []float64{0, 0, 1, 0, 1, 1, 0, 1}
	turned := []float64{5, 5, 5, 7, 3, 7, 3, 5} // moved, turned and twice as large
	set := &landmarks.Set{Taxa: []string{"a", "b"}, Points: 4, Dimensions: 2, Shapes: [][]float64{square, turned}}
	_, report, err := landmarks.Align(set, landmarks.AlignOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("centroid sizes %.3f, sum of squares %.3f\n", report.CentroidSizes, report.SumOfSquares)
	// Output: centroid sizes [1.414 2.828], sum of squares 0.000
}

func FuzzParseTPS(f *testing.F) {
	for _, seed := range []string{tps, "", "LM=3", "LM=3\n1 2\n3 4\n5 6\nID=a", "LM3=3\n1 2 3\n4 5 6\n7 8 9\nIMAGE=b.png\nSCALE=0.1", "LM=3\n1 2\n3 4\n5 6\nID=a\nPOINTS=1\n1 2\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		set, err := landmarks.ParseTPS("f", text)
		if err != nil {
			var syntax *tree.SyntaxError
			require.True(t, errors.As(err, &syntax))
			require.Positive(t, syntax.Line)
			return
		}
		var written bytes.Buffer
		require.NoError(t, landmarks.WriteTPS(&written, set))
		again, err := landmarks.ParseTPS("f", written.Bytes())
		require.NoError(t, err, "%q", written.String())
		require.Equal(t, set.Taxa, again.Taxa)
		require.Equal(t, set.Shapes, again.Shapes)
	})
}
