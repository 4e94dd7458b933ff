package nuts

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// priorTarget is a narrow normal far out, whose prior is at -50.
type priorTarget struct{ hostTarget }

func (t priorTarget) DrawPrior(random *Stream, q []float64) {
	for i := range q {
		q[i] = -50 + random.Normal()
	}
}

func farTarget() priorTarget {
	return priorTarget{hostTarget{dim: 3, density: func(q, g []float64) float64 {
		sum := 0.0
		for i, x := range q {
			d := (x - 3) / 0.5
			g[i] = -d / 0.5
			sum -= d * d / 2
		}
		return sum
	}}}
}

// first is where the chains are after one transition that hardly moves.
func first(t *testing.T, o Options) [][]float64 {
	o.Chains, o.Draws, o.Seed, o.MaxTreeDepth = 8, 1, 5, 1
	run := sample(t, farTarget(), o)
	var q [][]float64
	for c := range run.Positions {
		q = append(q, run.Positions[c][0])
	}
	return q
}

// TestStarts: chains begin where they are told to, superchains at one point each.
func TestStarts(t *testing.T) {
	for _, q := range first(t, Options{Start: StartPrior}) {
		require.Less(t, q[0], -10.0)
	}
	for _, q := range first(t, Options{Start: StartAscent}) {
		require.InDelta(t, 3, q[0], 2)
	}
	o := Options{Chains: 6, Superchains: 3, Seed: 2, Draws: 1}
	require.NoError(t, o.check(3))
	s := &sampling{options: &o, dim: 3}
	require.NoError(t, s.starts(context.Background(), noDevice{}, farTarget()))
	require.Equal(t, o.Init[0], o.Init[1])
	require.Equal(t, o.Init[4], o.Init[5])
	require.NotEqual(t, o.Init[1], o.Init[2])

	_, err := Sample(context.Background(), noDevice{}, farTarget().hostTarget, Options{Start: StartPrior, Draws: 4})
	require.ErrorContains(t, err, "cannot draw from its prior")
	_, err = Sample(context.Background(), noDevice{}, farTarget(), Options{Superchains: 3, Draws: 4})
	require.ErrorContains(t, err, "4 chains in 3 superchains")
	for _, name := range startNames {
		s, err := ParseStart(name)
		require.NoError(t, err)
		require.Equal(t, name, s.String())
	}
	_, err = ParseStart("here")
	require.ErrorContains(t, err, "use uniform, prior or ascent")
	nowhere := hostTarget{dim: 1, density: func(q, g []float64) float64 { return math.NaN() }}
	_, err = Sample(context.Background(), noDevice{}, nowhere, Options{Start: StartAscent, Draws: 4})
	require.ErrorContains(t, err, "no starting position with a finite")
}

// TestNestedRhat: figures worked out by hand; near 1 for independent draws, large for
// superchains that disagree, where chains of one superchain agree.
func TestNestedRhat(t *testing.T) {
	// Means 1, 3 | 5, 7, variances 2: centres 2 and 6, between 8; within 2 + 2.
	draws := [][]float64{{0, 2}, {2, 4}, {4, 6}, {6, 8}}
	require.InDelta(t, math.Sqrt(1+8./4), NestedRhat(draws, 2), 1e-12)
	require.InDelta(t, math.Sqrt(1+(20./3)/2), NestedRhat(draws, 4), 1e-12)
	single := [][]float64{{1}, {3}, {5}, {7}}
	require.InDelta(t, math.Sqrt(1+8./2), NestedRhat(single, 2), 1e-12)
	require.True(t, math.IsNaN(NestedRhat(draws, 1)))
	require.True(t, math.IsNaN(NestedRhat(draws, 3)))
	random := NewStream(4, 0, 0, ReservedPurposes)
	many := make([][]float64, 512)
	for c := range many {
		for range 3 {
			many[c] = append(many[c], random.Normal())
		}
	}
	require.InDelta(t, 1, NestedRhat(many, 16), 0.01)
}

// centredTarget is a narrow normal far out that knows of it in its first two
// coordinates.
type centredTarget struct{ hostTarget }

func (centredTarget) Centre() (centre, spread []float64) { return []float64{3, 3}, []float64{0.4, 0.1} }

// TestCentredStarts: chains start around what the target knows, uniformly within five
// of its standard deviations, with masses of these; the others as ever. The bounds
// are sharp and the first moves of no chain leave them: the seed is fixed.
func TestCentredStarts(t *testing.T) {
	o := Options{Chains: 64, Seed: 2, Draws: 1}
	target := centredTarget{farTarget().hostTarget}
	require.NoError(t, o.check(3))
	o.centre, o.spread = target.Centre()
	s := &sampling{options: &o, dim: 3}
	widest := [3]float64{}
	for c := range o.Chains {
		q := make([]float64, 3)
		startPosition(&o, c, 0, q, span{})
		for i, centre := range []float64{3, 3, 0} {
			widest[i] = max(widest[i], math.Abs(q[i]-centre))
		}
	}
	for i, most := range []float64{2, 0.5, 2} {
		require.LessOrEqual(t, widest[i], most)
		require.Greater(t, widest[i], 0.8*most) // false for one seed in a million
	}
	require.InDeltaSlice(t, []float64{0.16, 0.01, 1}, s.startMetric().inverseMass, 1e-12)
	run := sample(t, target, Options{Chains: 4, Draws: 500, Seed: 3})
	for i := range 3 {
		require.InDelta(t, 3, Describe(run.Coordinate(i)).Mean, 0.2)
	}
}
