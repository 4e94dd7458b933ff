package calibration

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/nuts"
)

// uniformRanks are n independent ranks on 0 to most.
func uniformRanks(random *nuts.Stream, n, most int) []int {
	ranks := make([]int, n)
	for i := range ranks {
		ranks[i] = int(random.Uniform() * float64(most+1))
	}
	return ranks
}

// TestECDFProbabilityIsExact compares with all outcomes of three ranks on 0 to 3,
// which are equally likely: the probability of an outcome is the share of outcomes
// that are at least as far out.
func TestECDFProbabilityIsExact(t *testing.T) {
	const n, most = 3, 3
	table := newTails(n, most)
	var farOut, stated []float64
	for outcome := range 4 * 4 * 4 {
		ranks := []int{outcome % 4, outcome / 4 % 4, outcome / 16}
		least := 1.0
		for k, below := range counts(ranks, most) {
			least = math.Min(least, table.twoSided(k, below))
		}
		farOut, stated = append(farOut, least), append(stated, ECDFProbability(ranks, most))
	}
	for i, x := range farOut {
		share := 0.0
		for _, y := range farOut {
			if y <= x*(1+1e-9) {
				share += 1.0 / 64
			}
		}
		require.InDelta(t, share, stated[i], 1e-12)
	}
}

// TestProbabilitiesAreUniform: of 2,000 samples of uniform ranks p-values below 0.1 and
// 0.01 come as often as they should, within 5 standard errors, and those of the
// distribution function, which is discrete, at most so often.
func TestProbabilitiesAreUniform(t *testing.T) {
	const samples, n, most = 2000, 100, 19
	random := nuts.NewStream(1, 0, 0, nuts.ReservedPurposes)
	var ecdf, square []float64
	for range samples {
		ranks := uniformRanks(&random, n, most)
		ecdf, square = append(ecdf, ECDFProbability(ranks, most)), append(square, ChiSquareProbability(ranks, most, 10))
	}
	below := func(p []float64, level float64) float64 {
		share := 0.0
		for _, x := range p {
			if x <= level {
				share += 1.0 / samples
			}
		}
		return share
	}
	for _, level := range []float64{0.1, 0.01} {
		error := math.Sqrt(level * (1 - level) / samples)
		require.InDelta(t, level, below(square, level), 5*error)
		require.Less(t, below(ecdf, level), level+5*error)
		require.Greater(t, below(ecdf, level), 0.8*level-5*error)
	}
}

// TestBand: uniform ranks leave the band as often as its rate says, within 5 standard
// errors, and a sample leaves it exactly if its p-value is at most the rate.
func TestBand(t *testing.T) {
	const samples, n, most, rate = 2000, 200, 39, 0.05
	low, high := Band(n, most, rate)
	random := nuts.NewStream(2, 0, 0, nuts.ReservedPurposes)
	left := 0
	for range samples {
		ranks := uniformRanks(&random, n, most)
		outside := false
		for k, below := range counts(ranks, most) {
			outside = outside || below < low[k] || below > high[k]
		}
		if outside {
			left++
		}
		p := ECDFProbability(ranks, most)
		if math.Abs(p-rate) > 0.01 { // counts are discrete, and so are the rates of bands
			require.Equal(t, p <= rate, outside, "p %v", p)
		}
	}
	error := math.Sqrt(rate * (1 - rate) / samples)
	require.Less(t, float64(left)/samples, rate+5*error)
	require.Greater(t, float64(left)/samples, 0.8*rate-5*error)
}

// TestUnevenRanks: ranks that lean to one side, crowd in the middle or avoid it have
// small p-values.
func TestUnevenRanks(t *testing.T) {
	const n, most = 500, 99
	random := nuts.NewStream(3, 0, 0, nuts.ReservedPurposes)
	even := uniformRanks(&random, n, most)
	require.Greater(t, ECDFProbability(even, most), 0.01)
	for name, bend := range map[string]func(u float64) float64{
		"to one side":   func(u float64) float64 { return math.Pow(u, 1.5) },
		"to the middle": func(u float64) float64 { return 0.5 + 0.5*math.Pow(math.Abs(2*u-1), 2.5)*math.Copysign(1, u-0.5) },
		"to the ends":   func(u float64) float64 { return 0.5 + 0.5*math.Pow(math.Abs(2*u-1), 0.4)*math.Copysign(1, u-0.5) },
	} {
		ranks := make([]int, n)
		for i, r := range even {
			ranks[i] = min(int(bend((float64(r)+0.5)/(most+1))*(most+1)), most)
		}
		require.Less(t, ECDFProbability(ranks, most), 1e-5, name)
		require.Less(t, ChiSquareProbability(ranks, most, 20), 1e-5, name)
	}
	// The bound takes over where probabilities are beyond what the recursion resolves.
	all := slices.Repeat([]int{0}, n)
	require.Less(t, ECDFProbability(all, most), 1e-100)
}
