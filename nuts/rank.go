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
	at := probability * float64(len(sorted)-1)
	low := int(math.Floor(at))
	if low+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[low] + (at-float64(low))*(sorted[low+1]-sorted[low])
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
