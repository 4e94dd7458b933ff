package nuts

import (
	"math"
	"slices"
	"sort"

	"gonum.org/v1/gonum/stat/distuv"
)

func pool(draws [][]float64) []float64 {
	var all []float64
	for _, x := range draws {
		all = append(all, x...)
	}
	return all
}

// quantile interpolates linearly between order statistics (type 7).
func quantile(x []float64, probability float64) float64 {
	sorted := slices.Clone(x)
	slices.Sort(sorted)
	return sortedQuantile(sorted, probability)
}

func sortedQuantile(sorted []float64, probability float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	if len(sorted) == 1 {
		return sorted[0]
	}
	// The order of operations is SciPy's mquantiles, which ArviZ uses: the tail
	// diagnostics count draws up to a quantile, so its last bit matters.
	n := float64(len(sorted))
	at := n*probability + (1 - probability) // counted from 1
	low := math.Floor(min(max(at, 1), n-1))
	share := min(max(at-low, 0), 1)
	return (1-share)*sorted[int(low)-1] + share*sorted[int(low)]
}

// rankNormalize replaces draws by the normal quantiles of their pooled ranks;
// ties share their mean rank (Vehtari et al. 2021, equation 14).
func rankNormalize(draws [][]float64) [][]float64 {
	all := pool(draws)
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	sort.Slice(order, func(i, j int) bool { return all[order[i]] < all[order[j]] })
	z := make([]float64, len(all))
	size := float64(len(all))
	for start := 0; start < len(order); {
		end := start + 1
		for end < len(order) && all[order[end]] == all[order[start]] {
			end++
		}
		rank := float64(start+end+1) / 2
		score := distuv.UnitNormal.Quantile((rank - 0.375) / (size + 0.25))
		for _, i := range order[start:end] {
			z[i] = score
		}
		start = end
	}
	result := make([][]float64, len(draws))
	for c, x := range draws {
		result[c], z = z[:len(x)], z[len(x):]
	}
	return result
}
