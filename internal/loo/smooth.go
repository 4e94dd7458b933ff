package loo

import (
	"cmp"
	"math"
	"slices"
)

// smallestTail is the fewest ratios that a Pareto distribution is fitted to.
const smallestTail = 5

// Smooth makes normalised log weights of the logarithms of importance ratios, which must
// be finite, by Pareto-smoothed importance sampling; efficiency is the number of
// independent draws for each draw. The shape is +Inf where there are too few ratios in
// the tail to fit one, and 0 where all ratios are equal.
func Smooth(logRatios []float64, efficiency float64) (logWeights []float64, shape float64) {
	n := len(logRatios)
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(logRatios[a], logRatios[b]) })
	largest := logRatios[order[n-1]]
	w := make([]float64, n)
	if logRatios[order[0]] == largest { // equal weights, without any tail
		normalise(w)
		return w, 0
	}
	for i, r := range logRatios {
		w[i] = r - largest
	}
	defer normalise(w)
	size := int(math.Ceil(min(float64(n)/5, 3*math.Sqrt(float64(n)/efficiency))))
	if size+1 > n {
		return w, math.Inf(1)
	}
	cutoff := max(w[order[n-size-1]], math.Log(0x1p-1022))
	first := n - size
	for first < n && w[order[first]] <= cutoff { // ties with the cutoff are no exceedances
		first++
	}
	tail := order[first:]
	if len(tail) < smallestTail {
		return w, math.Inf(1)
	}
	exceedances := make([]float64, len(tail))
	for i, at := range tail {
		exceedances[i] = math.Exp(w[at]) - math.Exp(cutoff)
	}
	shape, scale := fitPareto(exceedances)
	if math.IsInf(shape, 0) || math.IsNaN(shape) || !(scale > 0) {
		return w, math.Inf(1) // the ratios are left as they are
	}
	for i, at := range tail {
		q := paretoQuantile((float64(i)+0.5)/float64(len(tail)), shape, scale)
		w[at] = min(math.Log(q+math.Exp(cutoff)), 0) // no more than the largest ratio
	}
	return w, shape
}

// normalise makes the weights add up to 1.
func normalise(logWeights []float64) {
	total := logSumExp(logWeights)
	for i := range logWeights {
		logWeights[i] -= total
	}
}

func logSumExp(x []float64) float64 {
	largest := slices.Max(x)
	if math.IsInf(largest, -1) {
		return largest
	}
	sum := 0.0
	for _, v := range x {
		sum += math.Exp(v - largest)
	}
	return largest + math.Log(sum)
}
