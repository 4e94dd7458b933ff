package nuts

import (
	"math"
	"slices"
)

// Pooled describes the draws of one quantity on several trees, all with equal weight.
// What judges chains stays within trees: chains on different trees have different
// targets, and are not to agree.
type Pooled struct {
	Mean, SD float64
	// MCSEMean is the Monte Carlo standard error of the mean as an estimate of what
	// all trees of the distribution would give, of which these are a sample:
	// sqrt(variance of the trees' means / Trees), in which the chains' own error is
	// contained. MCSEWithin is the chains' part.
	MCSEMean, MCSEWithin float64
	// Trees is the effective number of trees: the effective sample size of their means
	// in the order of the trees, which are those of a chain that wandered, or all of
	// them where they are fewer than can tell.
	Trees               float64
	Q2_5, Median, Q97_5 float64
	// Between is the share of the variance that lies between trees: the variance of
	// the trees' means, less what the chains' error adds to it, against that and the
	// mean variance within trees.
	Between float64
	// Rhat is the largest of the trees, ESSBulk and ESSTail are the smallest.
	Rhat             float64
	ESSBulk, ESSTail float64
}

// DescribePooled summarises draws [tree][chain][draw], as many of each tree.
func DescribePooled(draws [][][]float64) Pooled {
	p := Pooled{Rhat: math.Inf(-1), ESSBulk: math.Inf(1), ESSTail: math.Inf(1)}
	n := float64(len(draws))
	var all []float64
	means := make([]float64, len(draws))
	within, errors := 0.0, 0.0 // mean variance within a tree, and of a tree's mean
	for i, chains := range draws {
		s := Describe(chains)
		means[i] = s.Mean
		p.Mean += s.Mean / n
		within += s.SD * s.SD / n
		errors += s.MCSEMean * s.MCSEMean / n
		p.Rhat, p.ESSBulk, p.ESSTail = worst(math.Max, p.Rhat, s.Rhat), worst(math.Min, p.ESSBulk, s.ESSBulk), worst(math.Min, p.ESSTail, s.ESSTail)
		for _, x := range chains {
			all = append(all, x...)
		}
	}
	slices.Sort(all)
	quantile := func(q float64) float64 {
		at := q * float64(len(all)-1)
		low := int(at)
		return all[low] + (at-float64(low))*(all[min(low+1, len(all)-1)]-all[low])
	}
	p.Q2_5, p.Median, p.Q97_5 = quantile(0.025), quantile(0.5), quantile(0.975)
	for _, x := range all {
		p.SD += (x - p.Mean) * (x - p.Mean)
	}
	p.SD = math.Sqrt(p.SD / float64(len(all)-1))
	spread := 0.0
	for _, m := range means {
		spread += (m - p.Mean) * (m - p.Mean) / (n - 1)
	}
	p.MCSEWithin = math.Sqrt(errors / n)
	p.Trees = n
	if size := ESSMean([][]float64{means}); len(means) >= fewestTrees && size < n {
		p.Trees = max(size, 1)
	}
	p.MCSEMean = math.Sqrt(max(spread/p.Trees, errors/n))
	between := max(spread-errors, 0)
	p.Between = between / (between + within)
	return p
}

// fewestTrees are enough to estimate how the trees' means are correlated.
const fewestTrees = 20

// worst leaves out what is not a number, as of draws that are all equal.
func worst(of func(a, b float64) float64, a, b float64) float64 {
	if math.IsNaN(b) {
		return a
	}
	return of(a, b)
}
