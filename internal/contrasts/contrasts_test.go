package contrasts

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/hxgpu/hxgpu/tree"
)

func readTree(t *testing.T, newick string) *tree.Phylogeny {
	t.Helper()
	p, err := tree.ReadNewick(strings.NewReader(newick))
	require.NoError(t, err)
	return p
}

// byName puts values in the order of the leaves.
func byName(p *tree.Phylogeny, values map[string]float64) (x []float64, observed []bool) {
	for _, v := range p.Topology.Leaves() {
		y, ok := values[p.Names[v]]
		if !ok {
			y = math.NaN()
		}
		x, observed = append(x, y), append(observed, ok)
	}
	return x, observed
}

// TestByHand: the example of Felsenstein's method with three tips, worked out by hand.
func TestByHand(t *testing.T) {
	p := readTree(t, "((a:1,b:3):0.5,c:2);")
	values, observed := byName(p, map[string]float64{"a": 2, "b": 6, "c": 1})
	plan, err := New(p.Topology, p.Lengths, nil, observed)
	require.NoError(t, err)
	c := plan.Of(values)
	// a and b: difference -4 over sqrt(1+3); their node is at (2*3 + 6*1)/4 = 3, and its
	// edge is longer by 1*3/4. Then 3 and 1 over sqrt(1.25 + 2), the root at (3*2 + 1*1.25)/3.25.
	require.ElementsMatch(t, []float64{2, math.Abs(2 / math.Sqrt(3.25))}, []float64{math.Abs(c.Values[0]), math.Abs(c.Values[1])})
	require.Equal(t, []float64{2, math.Sqrt(3.25)}, c.SD)
	require.Equal(t, []float64{0.5, 0}, c.Height)
	require.InDeltaSlice(t, []float64{3, 7.25 / 3.25}, c.State, 1e-14)
	require.InDelta(t, 7.25/3.25, c.Root, 1e-14)
	require.InDelta(t, 1.25*2/3.25, plan.rootVariance, 1e-14)

	s := plan.Statistics(values)
	require.Len(t, s, len(Statistics))
	at := func(name string) float64 {
		for i, statistic := range Statistics {
			if statistic.Name == name {
				return s[i]
			}
		}
		t.Fatal(name)
		return 0
	}
	require.InDelta(t, 3, at("mean"), 1e-14)
	require.InDelta(t, 7, at("variance"), 1e-14)
	require.Equal(t, 1.0, at("minimum"))
	require.Equal(t, 6.0, at("maximum"))
	require.InDelta(t, (4+4/3.25)/2, at("M_sig"), 1e-14)
	second := 2 / math.Sqrt(3.25)
	require.InDelta(t, math.Abs(2-second)/math.Sqrt2/((2+second)/2), at("C_var"), 1e-14)
	require.True(t, math.IsNaN(at("S_hgt")), "two contrasts have no slope")
	require.InDelta(t, (math.Pow(-1, 3)+math.Pow(3, 3)+math.Pow(-2, 3))/3/math.Pow(14./3, 1.5), at("skewness"), 1e-14)
}

// TestSlopes: contrasts that are made to lie on a line.
func TestSlopes(t *testing.T) {
	require.InDelta(t, 0.5, slope([]float64{1, 2, 4, 7}, []float64{3.5, 4, 5, 6.5}), 1e-14)
	require.True(t, math.IsNaN(slope([]float64{2, 2, 2}, []float64{1, 2, 3})))
	require.InDelta(t, 0.5, distanceFromNormal([]float64{0, 0, 0, 0, 0, 0}, 1), 1e-14)
	// At -1 the normal distribution has 0.1587 and the sample goes from 0 to 1/2.
	require.InDelta(t, 0.5-0.15865525393145707, distanceFromNormal([]float64{-1, 1}, 1), 1e-14)
}

// TestAgainstDense: the rate, the root and its variance, K, and the restricted likelihood
// of Brownian motion are those of generalised least squares with the dense covariance, on
// trees with polytomies, nodes with one child, missing tips and errors.
func TestAgainstDense(t *testing.T) {
	for seed := uint64(1); seed <= 6; seed++ {
		r := rand.New(rand.NewPCG(seed, 1))
		parents := make([]int, 40)
		for v := 1; v < len(parents); v++ {
			parents[v] = r.IntN(v)
		}
		topology, _, err := tree.FromParents(parents)
		require.NoError(t, err)
		n := topology.LeafCount()
		lengths, errors, values, observed := make([]float64, 40), make([]float64, n), make([]float64, n), make([]bool, n)
		for v := range lengths {
			lengths[v] = 0.1 + r.Float64()
		}
		lengths[0] = 7 // of nobody
		for i := range values {
			values[i], errors[i], observed[i] = 3+r.NormFloat64(), 0.2*r.Float64(), r.IntN(4) > 0
			if !observed[i] {
				values[i] = math.NaN()
			}
		}
		plan, err := New(topology, lengths, errors, observed)
		require.NoError(t, err)
		c := plan.Of(values)

		var y []float64
		var nodes []int
		var own []float64
		for i, v := range topology.Leaves() {
			if observed[i] {
				y, nodes, own = append(y, values[i]), append(nodes, v), append(own, errors[i])
			}
		}
		m := len(y)
		require.Len(t, c.Values, m-1)
		covariance, trace := mat.NewSymDense(m, nil), 0.0
		for i := range m {
			for j := range i + 1 {
				shared := sharedDepth(topology, lengths, nodes[i], nodes[j])
				if i == j {
					shared += own[i]
					trace += shared
				}
				covariance.SetSym(i, j, shared)
			}
		}
		var factor mat.Cholesky
		require.True(t, factor.Factorize(covariance))
		ones, data := mat.NewVecDense(m, nil), mat.NewVecDense(m, y)
		for i := range m {
			ones.SetVec(i, 1)
		}
		var solvedOnes, solvedResidual mat.VecDense
		require.NoError(t, factor.SolveVecTo(&solvedOnes, ones))
		information := mat.Dot(ones, &solvedOnes)
		root := mat.Dot(data, &solvedOnes) / information
		residual := mat.NewVecDense(m, nil)
		plain := 0.0
		for i := range m {
			residual.SetVec(i, y[i]-root)
			plain += (y[i] - root) * (y[i] - root)
		}
		require.NoError(t, factor.SolveVecTo(&solvedResidual, residual))
		rate := mat.Dot(residual, &solvedResidual) / float64(m-1)
		require.InEpsilon(t, root, c.Root, 1e-10)
		require.InEpsilon(t, 1/information, plan.rootVariance, 1e-10)
		s := plan.Statistics(values)
		require.InEpsilon(t, rate, s[5], 1e-10)
		expected := (trace - float64(m)/information) / float64(m-1)
		require.InEpsilon(t, plain/float64(m-1)/rate/expected, s[11], 1e-10)

		// The restricted likelihood is the product of the contrasts' normal densities.
		const sigmaSq = 0.7
		restricted, dense := 0.0, 0.0
		for i, z := range c.Values {
			restricted += -0.5*(math.Log(2*math.Pi*sigmaSq)+z*z/sigmaSq) - math.Log(c.SD[i])
		}
		dense = -0.5*(float64(m-1)*(math.Log(2*math.Pi*sigmaSq)+rate/sigmaSq)+factor.LogDet()) - 0.5*math.Log(information)
		require.InEpsilon(t, dense, restricted, 1e-10)
	}
}

// sharedDepth is the distance from the root of the last ancestor of two nodes.
func sharedDepth(t *tree.Topology, lengths []float64, a, b int) float64 {
	for a != b {
		if a > b {
			a = t.Parent(a)
		} else {
			b = t.Parent(b)
		}
	}
	depth := 0.0
	for ; a > 0; a = t.Parent(a) {
		depth += lengths[a]
	}
	return depth
}

// TestNoLength: lineages with nothing between them have no contrast, and what cannot be
// computed is NaN, never a wrong number.
func TestNoLength(t *testing.T) {
	p := readTree(t, "((a:0,b:0):1,c:1,d:2);")
	values, observed := byName(p, map[string]float64{"a": 1, "b": 3, "c": 4, "d": -1})
	plan, err := New(p.Topology, p.Lengths, nil, observed)
	require.NoError(t, err)
	c := plan.Of(values)
	require.Len(t, c.Values, 2)
	for _, x := range append(append([]float64{c.Root}, c.Values...), c.State...) {
		require.False(t, math.IsNaN(x) || math.IsInf(x, 0))
	}
	none, err := New(p.Topology, make([]float64, p.Topology.Size()), nil, observed)
	require.NoError(t, err)
	s := none.Statistics(values)
	require.InDelta(t, 1.75, s[0], 1e-14)
	for _, i := range []int{5, 6, 7, 8, 9, 11} {
		require.True(t, math.IsNaN(s[i]), Statistics[i].Name)
	}
	_, err = New(p.Topology, p.Lengths, nil, []bool{true, false, false, false})
	require.ErrorContains(t, err, "two tips at least, there are 1")
}

// TestCorrelation: traits that are a multiple of each other, up to the root.
func TestCorrelation(t *testing.T) {
	p := readTree(t, "((a:1,b:2):0.5,(c:2,d:1,e:0.3):1);")
	plan, err := New(p.Topology, p.Lengths, nil, []bool{true, true, true, true, true})
	require.NoError(t, err)
	x := []float64{1, 5, 2, 4, 3}
	y := make([]float64, 5)
	for i := range y {
		y[i] = 7 - 2*x[i]
	}
	require.InDelta(t, -1, plan.Correlation(x, y), 1e-12)
	require.InDelta(t, 1, plan.Correlation(x, x), 1e-12)
}
