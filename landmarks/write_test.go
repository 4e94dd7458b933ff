package landmarks_test

import (
	"bytes"
	"compress/gzip"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/landmarks"
)

// TestWriteReadsBack: what is written is read the same, and the reader knows the
// format by the content or by the file's name.
func TestWriteReadsBack(t *testing.T) {
	for _, text := range []string{tps, "LM3=3\n1 2 3\n4 5 6e-300\n7 8 -0.1\nID=a,\"b\"\n"} {
		set, err := landmarks.ParseTPS("f.tps", []byte(text))
		require.NoError(t, err)
		var table, points, packed bytes.Buffer
		require.NoError(t, landmarks.WriteCSV(&table, set))
		require.NoError(t, landmarks.WriteTPS(&points, set))
		zip := gzip.NewWriter(&packed)
		_, err = zip.Write(points.Bytes())
		require.NoError(t, err)
		require.NoError(t, zip.Close())
		for name, content := range map[string][]byte{"a.csv": table.Bytes(), "a.TPS": points.Bytes(), "a.txt": points.Bytes(), "a.tps.gz": packed.Bytes()} {
			path := filepath.Join(t.TempDir(), name)
			require.NoError(t, os.WriteFile(path, content, 0o600))
			again, others, err := landmarks.ReadFile(path)
			require.NoError(t, err, name)
			require.Empty(t, others)
			require.Equal(t, path, again.File)
			require.Equal(t, set.Taxa, again.Taxa)
			require.Equal(t, set.Shapes, again.Shapes)
		}
	}
}

func TestReadFileErrors(t *testing.T) {
	_, _, err := landmarks.ReadFile(filepath.Join(t.TempDir(), "none.csv"))
	require.ErrorIs(t, err, os.ErrNotExist)
	for name, content := range map[string]string{
		"a.tps":    "taxon,x1\n",      // a table by another name
		"b.csv.gz": "\x1f\x8b\x08",    // cut off
		"c.csv":    "taxon,mass\na,1", // no shapes
	} {
		path := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		_, _, err := landmarks.ReadFile(path)
		require.ErrorContains(t, err, path, name)
	}
}

func TestWriteErrors(t *testing.T) {
	triangle := func() *landmarks.Set {
		return &landmarks.Set{Points: 3, Dimensions: 2, Taxa: []string{"a", "b"}, Shapes: [][]float64{{0, 0, 1, 0, 0, 1}, {0, 0, 2, 0, 0, 1}}}
	}
	var out bytes.Buffer
	for want, spoil := range map[string]func(*landmarks.Set){
		"2 or 3 dimensions, not 4":                 func(s *landmarks.Set) { s.Dimensions = 4 },
		"there are 2 landmarks":                    func(s *landmarks.Set) { s.Points = 2 },
		"there are no shapes":                      func(s *landmarks.Set) { s.Shapes = nil },
		"there are 1 taxa and 2 shapes":            func(s *landmarks.Set) { s.Taxa = s.Taxa[:1] },
		`the taxon " b" has no name, or spaces`:    func(s *landmarks.Set) { s.Taxa[1] = " b" },
		`the taxon "a" has two shapes`:             func(s *landmarks.Set) { s.Taxa[1] = "a" },
		`the shape of taxon "b" has 5 coordinates`: func(s *landmarks.Set) { s.Shapes[1] = s.Shapes[1][:5] },
		`landmark 2 of taxon "b" is infinite`:      func(s *landmarks.Set) { s.Shapes[1][3] = math.Inf(-1) },
	} {
		set := triangle()
		spoil(set)
		require.ErrorContains(t, landmarks.WriteCSV(&out, set), want)
		require.ErrorContains(t, landmarks.WriteTPS(&out, set), want)
		_, _, err := landmarks.Align(set, landmarks.AlignOptions{})
		require.ErrorContains(t, err, want)
	}
	set := triangle()
	set.Taxa[0] = "a\nb"
	require.ErrorContains(t, landmarks.WriteTPS(&out, set), "more than one line")
	set = triangle()
	set.File, set.Lines = "f.csv", []int{2, 9}
	set.Shapes[1][2], set.Shapes[1][3] = math.NaN(), math.NaN()
	require.EqualError(t, landmarks.WriteTPS(&out, set), `f.csv:9: landmark 2 of taxon "b" is missing: the TPS format cannot say so; write a table`)
	require.Zero(t, out.Len())
	require.NoError(t, landmarks.WriteCSV(&out, set))
	require.Equal(t, "taxon,x1,y1,x2,y2,x3,y3\na,0,0,1,0,0,1\nb,0,0,NA,NA,0,1\n", out.String())
}
