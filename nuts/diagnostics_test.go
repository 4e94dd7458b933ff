package nuts

import (
	"encoding/json"
	"math"
	"os"
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
