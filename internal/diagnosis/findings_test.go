package diagnosis

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/nuts"
)

// noise is what a perfect sampler would give: independent normal draws.
func noise(chains, draws int, shift func(chain, draw int) float64) [][]float64 {
	values := make([][]float64, chains)
	for c := range values {
		random := nuts.NewStream(1, uint32(c), 0, nuts.ReservedPurposes)
		for d := range draws {
			values[c] = append(values[c], random.Normal()+shift(c, d))
		}
	}
	return values
}

func none(int, int) float64 { return 0 }

// columnsOf makes the statistics of a chain that is in order.
func columnsOf(draws []float64) Columns {
	n := len(draws)
	flat := func(x float64) []float64 {
		values := make([]float64, n)
		for i := range values {
			values[i] = x
		}
		return values
	}
	return Columns{draws, flat(0.8), flat(0.5), flat(3), flat(7), flat(0), draws}
}

func sampledOf(draws [][]float64) Sampled {
	s := Sampled{MaxTreeDepth: 10, Momentum: true, Parameters: []Parameter{DescribeParameter("a", draws, 0)}}
	for _, chain := range draws {
		s.Chains = append(s.Chains, DescribeChain(columnsOf(chain), 10))
	}
	return s
}

func codes(found []Finding) string {
	var all []string
	for _, f := range found {
		all = append(all, f.Code)
	}
	return strings.Join(all, " ")
}

func textOf(found []Finding, code string) string {
	for _, f := range found {
		if f.Code == code {
			return f.Text
		}
	}
	return ""
}

// TestFindings: draws with one fault each are found to have that fault.
func TestFindings(t *testing.T) {
	require.Empty(t, sampledOf(noise(4, 1000, none)).Findings())

	// One chain of four elsewhere.
	found := sampledOf(noise(4, 1000, func(c, _ int) float64 { return map[bool]float64{true: 3}[c == 2] })).Findings()
	require.Equal(t, "rhat ess_bulk ess_tail", codes(found))
	require.Contains(t, textOf(found, Rhat), "a (")
	require.Contains(t, textOf(found, Rhat), "without chain 3 the others agree")
	// All chains elsewhere, which no single one explains.
	found = sampledOf(noise(4, 1000, func(c, _ int) float64 { return float64(3 * c) })).Findings()
	require.NotContains(t, textOf(found, Rhat), "without chain")

	found = sampledOf(noise(2, 100, none)).Findings()
	require.Equal(t, "ess_bulk ess_tail", codes(found))
	require.Contains(t, textOf(found, BulkESS), "run longer with --draws")

	s := sampledOf(noise(4, 1000, none))
	bad := columnsOf(noise(4, 1000, none)[1])
	bad.Divergent[3], bad.TreeDepth[5], bad.TreeDepth[6] = 1, 10, 11
	s.Chains[1] = DescribeChain(bad, 10)
	found = s.Findings()
	require.Equal(t, "divergences treedepth", codes(found))
	require.Contains(t, textOf(found, Divergences), "1 of 4000 transitions diverged")
	require.Contains(t, textOf(found, Divergences), "--target-accept")
	require.Contains(t, textOf(found, Depth), "2 of 4000 transitions stopped at the largest tree depth 10")
	s.Momentum = false // a random walk has no trees
	require.Equal(t, "divergences", codes(s.Findings()))

	// A chain that does not move for a tenth of its draws.
	stuck := columnsOf(noise(4, 1000, none)[0])
	for i := range 100 {
		stuck.LogDensity[500+i] = 1
	}
	s = sampledOf(noise(4, 1000, none))
	s.Chains[3] = DescribeChain(stuck, 10)
	require.Equal(t, 100, s.Chains[3].Still)
	require.Equal(t, "stuck", codes(s.Findings()))
	require.Contains(t, textOf(s.Findings(), Stuck), "chain 4 (100 of 1000 draws)")

	// Energies that wander.
	walk := columnsOf(noise(4, 1000, none)[0])
	walk.Energy = make([]float64, 1000)
	for i := range walk.Energy {
		walk.Energy[i] = 30 * math.Sin(float64(i)/100)
	}
	s = sampledOf(noise(4, 1000, none))
	s.Chains[0] = DescribeChain(walk, 10)
	require.Equal(t, "ebfmi", codes(s.Findings()))
	require.Contains(t, textOf(s.Findings(), Energy), "chain 1 (0.00)")
	s.Momentum = false
	require.Empty(t, s.Findings())
}

// TestEdges: no draws, one draw, constant draws and long lists.
func TestEdges(t *testing.T) {
	require.Empty(t, Sampled{}.Findings())
	require.Zero(t, DescribeChain(Columns{}, 10).Draws)
	p := DescribeParameter("a", [][]float64{{1, 1, 1, 1}, {1, 1, 1, 1}}, 0)
	require.True(t, p.Constant)
	require.Equal(t, "constant", codes(Sampled{Parameters: []Parameter{p}}.Findings()))
	require.False(t, DescribeParameter("a", [][]float64{{1}}, 0).Constant)
	require.False(t, DescribeParameter("a", [][]float64{{}, {}}, 0).Constant)
	var s Sampled
	for range 12 {
		s.Parameters = append(s.Parameters, Parameter{Name: "p", Statistics: nuts.Statistics{Rhat: 1.5, ESSBulk: 1000, ESSTail: math.NaN()}})
	}
	require.Equal(t, "rhat", codes(s.Findings()))
	require.Contains(t, s.Findings()[0].Text, "and 2 more")
}
