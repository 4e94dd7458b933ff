package landmarks_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/spatial/r3"

	"github.com/hxgpu/hxgpu/landmarks"
)

// moved returns a copy of a shape that is turned, in three dimensions about any
// axis, then scaled and shifted.
func moved(r *rand.Rand, shape []float64, dimensions int, size float64) []float64 {
	axis := r3.Vec{Z: 1}
	if dimensions == 3 {
		axis = r3.Vec{X: r.NormFloat64(), Y: r.NormFloat64(), Z: r.NormFloat64()}
	}
	turn := r3.NewRotation(2*math.Pi*r.Float64(), axis)
	var shift [3]float64
	for d := range shift {
		shift[d] = 10 * r.NormFloat64()
	}
	var out []float64
	for k := 0; k < len(shape); k += dimensions {
		point := r3.Vec{X: shape[k], Y: shape[k+1]}
		if dimensions == 3 {
			point.Z = shape[k+2]
		}
		point = turn.Rotate(point)
		for d, x := range []float64{point.X, point.Y, point.Z}[:dimensions] {
			out = append(out, size*x+shift[d])
		}
	}
	return out
}

// variants are shapes that differ from one by noise.
func variants(r *rand.Rand, taxa, points, dimensions int, noise float64) *landmarks.Set {
	base := make([]float64, points*dimensions)
	for k := range base {
		base[k] = r.NormFloat64()
	}
	set := &landmarks.Set{Points: points, Dimensions: dimensions}
	for i := range taxa {
		shape := make([]float64, len(base))
		for k := range shape {
			shape[k] = base[k] + noise*r.NormFloat64()
		}
		set.Taxa, set.Shapes = append(set.Taxa, fmt.Sprint("t", i)), append(set.Shapes, shape)
	}
	return set
}

// TestAlignCopies: copies of one shape become equal, and mirror images do not.
func TestAlignCopies(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, dimensions := range []int{2, 3} {
		set := variants(r, 5, 7, dimensions, 0)
		sizes := []float64{1, 2, 0.5, 1e3, 1e-3}
		for i, shape := range set.Shapes {
			set.Shapes[i] = moved(r, shape, dimensions, sizes[i])
		}
		aligned, report, err := landmarks.Align(set, landmarks.AlignOptions{})
		require.NoError(t, err)
		require.True(t, report.Converged)
		require.Less(t, report.SumOfSquares, 1e-20)
		kept, _, err := landmarks.Align(set, landmarks.AlignOptions{KeepSize: true})
		require.NoError(t, err)
		for i, shape := range aligned.Shapes {
			require.InDeltaSlice(t, report.Mean, shape, 1e-10)
			require.InEpsilon(t, sizes[i], report.CentroidSizes[i]/report.CentroidSizes[0], 1e-10)
			for k, x := range shape {
				require.InEpsilon(t, x*report.CentroidSizes[i], kept.Shapes[i][k], 1e-10)
			}
		}
		for k := 0; k < len(set.Shapes[3]); k += dimensions {
			set.Shapes[3][k] *= -1
		}
		_, report, err = landmarks.Align(set, landmarks.AlignOptions{})
		require.NoError(t, err)
		require.Greater(t, report.SumOfSquares, 1e-3)
	}
}

// TestAlignInvariance: moving, turning and scaling each shape, and another order of
// the shapes, change neither the sum of squares nor the distances in the mean.
func TestAlignInvariance(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, dimensions := range []int{2, 3} {
		set := variants(r, 6, 9, dimensions, 0.3)
		_, before, err := landmarks.Align(set, landmarks.AlignOptions{})
		require.NoError(t, err)
		for i, shape := range set.Shapes {
			set.Shapes[i] = moved(r, shape, dimensions, 0.1+r.Float64())
		}
		r.Shuffle(len(set.Shapes), func(i, j int) { set.Shapes[i], set.Shapes[j] = set.Shapes[j], set.Shapes[i] })
		aligned, after, err := landmarks.Align(set, landmarks.AlignOptions{})
		require.NoError(t, err)
		require.True(t, after.Converged)
		require.InDelta(t, before.SumOfSquares, after.SumOfSquares, 1e-12)
		require.InDeltaSlice(t, distances(before.Mean, dimensions), distances(after.Mean, dimensions), 1e-9)
		for _, shape := range aligned.Shapes {
			sum, centroid := 0.0, make([]float64, dimensions)
			for k, x := range shape {
				sum += x * x
				centroid[k%dimensions] += x
			}
			require.InDelta(t, 1, sum, 1e-12)
			require.InDeltaSlice(t, make([]float64, dimensions), centroid, 1e-12)
		}
	}
}

// distances are those between all pairs of landmarks.
func distances(shape []float64, dimensions int) []float64 {
	var out []float64
	for i := 0; i < len(shape); i += dimensions {
		for j := 0; j < i; j += dimensions {
			sum := 0.0
			for d := range dimensions {
				sum += (shape[i+d] - shape[j+d]) * (shape[i+d] - shape[j+d])
			}
			out = append(out, math.Sqrt(sum))
		}
	}
	return out
}

// TestAlignOptimum: no shape can be turned so that the sum of squares around the
// mean falls.
func TestAlignOptimum(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, dimensions := range []int{2, 3} {
		aligned, report, err := landmarks.Align(variants(r, 4, 8, dimensions, 0.5), landmarks.AlignOptions{})
		require.NoError(t, err)
		for range 200 {
			i := r.IntN(len(aligned.Shapes))
			before := aligned.Shapes[i]
			axis := r3.Vec{Z: 1}
			if dimensions == 3 {
				axis = r3.Vec{X: r.NormFloat64(), Y: r.NormFloat64(), Z: r.NormFloat64()}
			}
			turn := r3.NewRotation((r.Float64()-0.5)*math.Pow(10, -3*r.Float64()), axis)
			turned := make([]float64, 0, len(before))
			for k := 0; k < len(before); k += dimensions {
				v := r3.Vec{X: before[k], Y: before[k+1]}
				if dimensions == 3 {
					v.Z = before[k+2]
				}
				v = turn.Rotate(v)
				turned = append(turned, []float64{v.X, v.Y, v.Z}[:dimensions]...)
			}
			aligned.Shapes[i] = turned
			sum, mean := 0.0, aligned.Mean()
			for _, shape := range aligned.Shapes {
				for k, x := range shape {
					sum += (x - mean[k]) * (x - mean[k])
				}
			}
			require.Greater(t, sum, report.SumOfSquares)
			aligned.Shapes[i] = before
		}
	}
}

// TestAlignPlaneInSpace: shapes in a plane give the same in three dimensions, where
// the rotation comes from a singular value decomposition of rank 2.
func TestAlignPlaneInSpace(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	flat := variants(r, 5, 10, 2, 0.2)
	for i, shape := range flat.Shapes {
		flat.Shapes[i] = moved(r, shape, 2, 1+r.Float64())
	}
	solid := &landmarks.Set{Points: flat.Points, Dimensions: 3, Taxa: flat.Taxa}
	for _, shape := range flat.Shapes {
		var raised []float64
		for k := 0; k < len(shape); k += 2 {
			raised = append(raised, shape[k], shape[k+1], 0)
		}
		solid.Shapes = append(solid.Shapes, moved(r, raised, 3, 1))
	}
	_, plane, err := landmarks.Align(flat, landmarks.AlignOptions{})
	require.NoError(t, err)
	_, space, err := landmarks.Align(solid, landmarks.AlignOptions{})
	require.NoError(t, err)
	require.InDelta(t, plane.SumOfSquares, space.SumOfSquares, 1e-12)
	require.InDeltaSlice(t, plane.CentroidSizes, space.CentroidSizes, 1e-9)
	require.InDeltaSlice(t, distances(plane.Mean, 2), distances(space.Mean, 3), 1e-9)
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
	for _, at := range []float64{0, 1, 0.1, 1e9 + 0.1} { // whose mean is not always exact
		set := &landmarks.Set{Points: 3, Dimensions: 2, Taxa: []string{"a"}, Shapes: [][]float64{{at, at, at, at, at, at}}}
		_, _, err := landmarks.Align(set, landmarks.AlignOptions{})
		require.ErrorContains(t, err, `all landmarks of taxon "a" are one point`)
	}
	set := &landmarks.Set{File: "f.csv", Lines: []int{7}, Points: 3, Dimensions: 2, Taxa: []string{"a"}, Shapes: [][]float64{{1, 1, math.NaN(), math.NaN(), 1, 2}}}
	_, _, err := landmarks.Align(set, landmarks.AlignOptions{})
	require.ErrorContains(t, err, `f.csv:7: landmark 2 of taxon "a" is missing: shapes with missing landmarks cannot be aligned`)
	set.Shapes[0] = []float64{1e308, 0, -1e308, 0, 0, 1.7e308}
	_, _, err = landmarks.Align(set, landmarks.AlignOptions{})
	require.ErrorContains(t, err, "too large")
}

// TestRealLandmarks reads and aligns the landmark data that are kept beside the
// project. They were aligned before: the alignment changes little.
func TestRealLandmarks(t *testing.T) {
	for name, points := range map[string]int{"plethodon_landmarks": 11, "phyllostomid_landmarks": 36} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join("..", "..", "shared", "data", name, "traits.csv")
			if _, err := os.Stat(file); err != nil {
				t.Skipf("the real data, ../shared/data/%s beside the checkout, are missing", name)
			}
			set, others, err := landmarks.ReadFile(file)
			require.NoError(t, err)
			require.Equal(t, points, set.Points)
			if name == "phyllostomid_landmarks" {
				require.Equal(t, []string{"log(BSL)", "grp1", "grp2", "grp3", "grp4"}, others)
			}
			_, report, err := landmarks.Align(set, landmarks.AlignOptions{KeepSize: true})
			require.NoError(t, err)
			require.True(t, report.Converged)
			before, mean := 0.0, set.Mean()
			for i, shape := range set.Shapes {
				require.InDelta(t, 1, report.CentroidSizes[i], 0.05)
				for k, x := range shape {
					before += (x - mean[k]) * (x - mean[k])
				}
			}
			t.Logf("%d rounds, sum of squares %.8g, %.8g in the file", report.Rounds, report.SumOfSquares, before)
			require.InEpsilon(t, before, report.SumOfSquares, 1e-4)
		})
	}
}
