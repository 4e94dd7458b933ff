package nuts

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestOnDraw: every draw is seen in order with all coordinates, after the warm-up, which is
// kept apart, and an error ends the run.
func TestOnDraw(t *testing.T) {
	next := []int{-30, -30, -30}
	o := Options{Chains: 3, Warmup: 30, Draws: 20, Seed: 4, Groups: 3, Select: []int{1}, KeepWarmup: true}
	plain := sample(t, normalTarget(1, 2), o)
	var seen [3][]float64
	o.OnDraw = func(chain, draw int, q []float64, s Stats) error {
		require.Equal(t, next[chain], draw)
		require.Len(t, q, 2)
		next[chain]++
		if draw >= 0 {
			seen[chain] = append(seen[chain], q[1])
		}
		return nil
	}
	run := sample(t, normalTarget(1, 2), o)
	require.Equal(t, plain.Positions, run.Positions)
	for c := range 3 {
		require.Len(t, run.WarmupPositions[c], 30)
		require.Len(t, run.WarmupStats[c], 30)
		require.Equal(t, run.Coordinate(0)[c], seen[c])
	}
	full := errors.New("the disk is full")
	o.OnDraw = func(chain, draw int, q []float64, s Stats) error { return full }
	_, err := Sample(context.Background(), noDevice{}, normalTarget(1, 2), o)
	require.ErrorIs(t, err, full)
}

// TestImproper: a density that is flat everywhere has no step size.
func TestImproper(t *testing.T) {
	flat := hostTarget{dim: 1, density: func(q, g []float64) float64 { g[0] = 0; return 0 }}
	_, err := Sample(context.Background(), noDevice{}, flat, Options{Chains: 1, Draws: 1})
	require.ErrorContains(t, err, "flat or improper")
}

// TestDiagnosticEdges: R-hat does not depend on the scale; constant draws
// have none.
func TestDiagnosticEdges(t *testing.T) {
	s := NewStream(1, 0, 0, ReservedPurposes)
	wide, tiny := make([][]float64, 4), make([][]float64, 4)
	for c := range wide {
		for range 100 {
			x := s.Normal()
			wide[c], tiny[c] = append(wide[c], x), append(tiny[c], x*0x1p-60)
		}
	}
	require.Equal(t, Rhat(wide), Rhat(tiny))
	require.True(t, math.IsNaN(Rhat([][]float64{{1, 1, 1, 1}, {1, 1, 1, 1}})))
}
