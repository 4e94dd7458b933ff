package nuts

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDiagnosticsGolden compares with ArviZ 0.23.4 on fixed draws.
func TestDiagnosticsGolden(t *testing.T) {
	text, err := os.ReadFile("testdata/diagnostics.json")
	require.NoError(t, err)
	var golden struct {
		Cases []map[string]json.RawMessage
		BFMI  struct {
			Energy [][]float64
			BFMI   []float64
		}
	}
	require.NoError(t, json.Unmarshal(text, &golden))
	require.NotEmpty(t, golden.Cases)
	quantities := map[string]func([][]float64) float64{
		"rhat_rank": Rhat, "rhat_split": RhatSplit, "ess_bulk": ESSBulk, "ess_tail": ESSTail, "ess_mean": ESSMean,
		"ess_median": func(x [][]float64) float64 { return ESSQuantile(x, 0.5) }, "mcse_mean": MCSEMean, "mcse_sd": MCSESD}
	for _, c := range golden.Cases {
		var name string
		var draws [][]float64
		require.NoError(t, json.Unmarshal(c["name"], &name))
		require.NoError(t, json.Unmarshal(c["draws"], &draws))
		for key, compute := range quantities {
			var want *float64
			require.NoError(t, json.Unmarshal(c[key], &want))
			got := compute(draws)
			if want == nil {
				require.True(t, math.IsNaN(got), "%s %s: %v, want NaN", name, key, got)
				continue
			}
			require.InDelta(t, *want, got, 1e-9*max(1, math.Abs(*want)), "%s %s", name, key)
		}
		var interval []float64
		require.NoError(t, json.Unmarshal(c["hdi94"], &interval))
		low, high := HDI(draws, 0.94)
		require.Equal(t, interval, []float64{low, high}, name)
	}
	for i, energies := range golden.BFMI.Energy {
		require.InDelta(t, golden.BFMI.BFMI[i], EBFMI(energies), 1e-9)
	}
}

// TestRanking: rank, its halves and its distances from a number are what a stable
// sort of the same numbers gives, with ties, zeros of both signs and infinities.
func TestRanking(t *testing.T) {
	random := NewStream(6, 0, 0, ReservedPurposes)
	kinds := map[string]func() float64{
		"normal":   random.Normal,
		"ties":     func() float64 { return math.Round(3 * random.Normal()) },
		"zeros":    func() float64 { return []float64{0, math.Copysign(0, -1), 1, -1}[random.Uint64()%4] },
		"infinite": func() float64 { return 1 / math.Round(2*random.Normal()) },
		"tiny":     func() float64 { return 1e-310 * random.Normal() },
	}
	for name, kind := range kinds {
		for n := 2; n < 12; n++ {
			draws := make([][]float64, 3)
			for c := range draws {
				for range n {
					draws[c] = append(draws[c], kind())
				}
			}
			check := func(r ranking, draws [][]float64, of func(float64) float64) {
				want := pool(draws)
				for i := range want {
					want[i] = of(want[i])
				}
				require.Len(t, r.places, len(want), name)
				seen := map[uint32]bool{}
				for i, place := range r.places {
					seen[place] = true
					require.Equal(t, want[place], r.values[i], name)
				}
				require.Len(t, seen, len(want), name)
				require.True(t, slices.IsSorted(r.values), name)
			}
			same := func(x float64) float64 { return x }
			r := rank(draws)
			check(r, draws, same)
			check(r.inHalves(n), split(draws), same)
			check(r.folded(0.5), draws, func(x float64) float64 { return math.Abs(x - 0.5) })
		}
	}
	// Ties share their mean rank.
	z := rank([][]float64{{5, 1}, {1, 1}}).normalized(normalScores(4), 2)
	require.Equal(t, [][]float64{{normalScore(4, 4), normalScore(2, 4)}, {normalScore(2, 4), normalScore(2, 4)}}, z)
}
