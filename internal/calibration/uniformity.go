package calibration

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// counts are the numbers of ranks below k, for k = 1 to most: ranks on 0 to most that
// are uniform have Binomial(len(ranks), k/(most+1)) of them.
func counts(ranks []int, most int) []int {
	below := make([]int, most)
	for _, rank := range ranks {
		for k := rank; k < most; k++ {
			below[k]++
		}
	}
	return below
}

// ECDFProbability is the probability with which n ranks that are independent and
// uniform on 0 to most have an empirical distribution function at least as far out as
// that of the given ones. How far out one is, is the smallest of the two-sided
// binomial tail probabilities of its values (Säilynoja, Bürkner & Vehtari 2022,
// "Graphical test for discrete uniformity and its applications in goodness-of-fit
// evaluation and multiple sample comparison", arXiv:2103.10522); the probability is
// exact, by their recursion over the values from left to right.
func ECDFProbability(ranks []int, most int) float64 {
	n := len(ranks)
	tails, pointwise := newTails(n, most), 1.0
	for k, below := range counts(ranks, most) {
		pointwise = math.Min(pointwise, tails.twoSided(k, below))
	}
	if bound := pointwise * float64(most); bound < 1e-10 {
		return bound // Bonferroni's bound, where the recursion would lose its digits
	}
	return math.Max(1-tails.inside(pointwise), 0)
}

// Band is the region, low[k] to high[k] for k = 1 to most at index k-1, in which the
// numbers of ranks below k stay with a probability of at least 1-rate, all of them
// together, if n ranks are independent and uniform on 0 to most.
func Band(n, most int, rate float64) (low, high []int) {
	tails := newTails(n, most)
	// A smaller pointwise rate makes a wider band; rate/most is small enough.
	wide, narrow := math.Log(rate/float64(most)), math.Log(rate)
	for range 40 {
		middle := (wide + narrow) / 2
		if 1-tails.inside(math.Exp(middle)) <= rate {
			wide = middle
		} else {
			narrow = middle
		}
	}
	for k := range most {
		from, to := tails.interval(k, math.Exp(wide))
		low, high = append(low, from), append(high, to)
	}
	return low, high
}

// tails are the binomial distributions of the counts.
type tails struct {
	n, most      int
	logFactorial []float64
	below, above [][]float64 // [k-1][count]: P(at most count) and P(at least count)
}

func newTails(n, most int) *tails {
	t := &tails{n: n, most: most, logFactorial: make([]float64, n+1)}
	for i := 2; i <= n; i++ {
		t.logFactorial[i] = t.logFactorial[i-1] + math.Log(float64(i))
	}
	for k := range most {
		p := float64(k+1) / float64(most+1)
		below, above := make([]float64, n+1), make([]float64, n+1)
		sum := 0.0
		for c := 0; c <= n; c++ {
			sum += t.binomial(n, c, p)
			below[c] = sum
		}
		sum = 0
		for c := n; c >= 0; c-- {
			sum += t.binomial(n, c, p)
			above[c] = sum
		}
		t.below, t.above = append(t.below, below), append(t.above, above)
	}
	return t
}

// binomial is the probability of c successes in n trials.
func (t *tails) binomial(n, c int, p float64) float64 {
	if p >= 1 {
		if c == n {
			return 1
		}
		return 0
	}
	return math.Exp(t.logFactorial[n] - t.logFactorial[c] - t.logFactorial[n-c] + float64(c)*math.Log(p) + float64(n-c)*math.Log1p(-p))
}

// twoSided is the tail probability of a count at point k+1.
func (t *tails) twoSided(k, count int) float64 {
	return 2 * math.Min(t.below[k][count], t.above[k][count])
}

// interval are the counts at point k+1 whose two-sided tail probability is above
// pointwise, ties that rounding hides left out.
func (t *tails) interval(k int, pointwise float64) (from, to int) {
	pointwise *= 1 + 1e-9
	from, to = 0, t.n
	for from <= t.n && t.twoSided(k, from) <= pointwise {
		from++
	}
	for to >= from && t.twoSided(k, to) <= pointwise {
		to--
	}
	return from, to
}

// inside is the probability that all counts lie in their intervals. Given c ranks
// below k, each of the others is k with probability 1/(most+1-k).
func (t *tails) inside(pointwise float64) float64 {
	probability := []float64{1} // of counts from start on
	start := 0
	for k := range t.most {
		from, to := t.interval(k, pointwise)
		next := make([]float64, max(to-from+1, 0))
		step := 1 / float64(t.most+1-k)
		for i, p := range probability {
			c := start + i
			for d := max(c, from); d <= to; d++ {
				next[d-from] += p * t.binomial(t.n-c, d-c, step)
			}
		}
		probability, start = next, from
	}
	sum := 0.0
	for _, p := range probability {
		sum += p
	}
	return sum
}

// ChiSquareProbability is the p-value of Pearson's test of ranks being uniform on 0 to
// most, in bins of equal size; most+1 must be a multiple of their number. It is good
// from five expected ranks a bin on.
func ChiSquareProbability(ranks []int, most, bins int) float64 {
	if (most+1)%bins != 0 {
		panic("calibration: ranks do not fall into equal bins")
	}
	expected, statistic := float64(len(ranks))/float64(bins), 0.0
	for _, n := range Histogram(ranks, most, bins) {
		statistic += (float64(n) - expected) * (float64(n) - expected) / expected
	}
	return distuv.ChiSquared{K: float64(bins - 1)}.Survival(statistic)
}

// Histogram counts ranks in bins of equal size.
func Histogram(ranks []int, most, bins int) []int {
	histogram := make([]int, bins)
	for _, rank := range ranks {
		histogram[rank*bins/(most+1)]++
	}
	return histogram
}
