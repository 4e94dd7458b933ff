package nuts

import (
	"math"
	"math/cmplx"

	"gonum.org/v1/gonum/dsp/fourier"
)

// split halves every chain, leaving out the middle draw of an odd number, so
// that drift within a chain shows as difference between chains.
func split(draws [][]float64) [][]float64 {
	var halves [][]float64
	for _, x := range draws {
		half := len(x) / 2
		halves = append(halves, x[:half], x[len(x)-half:])
	}
	return halves
}

// valid reports whether draws are numbers, and enough of them.
func valid(draws [][]float64) bool {
	if len(draws) == 0 || len(draws[0]) < 4 {
		return false
	}
	for _, x := range draws {
		if len(x) != len(draws[0]) {
			return false
		}
		for _, v := range x {
			if math.IsNaN(v) {
				return false
			}
		}
	}
	return true
}

func isConstant(draws [][]float64) bool {
	low, high := draws[0][0], draws[0][0]
	for _, x := range draws {
		for _, v := range x {
			low, high = min(low, v), max(high, v)
		}
	}
	return high-low < 1e-15 // the resolution of float64 near 1
}

func meanOf(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

// varianceOf is the unbiased variance.
func varianceOf(x []float64) float64 {
	mean, sum := meanOf(x), 0.0
	for _, v := range x {
		sum += (v - mean) * (v - mean)
	}
	return sum / float64(len(x)-1)
}

// autocovariance is the mean over chains of the biased autocovariance at every
// lag: the inverse Fourier transform of the mean power spectrum of the centred
// chains, padded with zeros to twice their length so that nothing wraps around.
func autocovariance(draws [][]float64, means []float64) []float64 {
	n := len(draws[0])
	length := fastLength(2 * n)
	transform := fourier.NewFFT(length)
	padded := make([]float64, length)
	spectrum := make([]complex128, length/2+1)
	power := make([]complex128, length/2+1)
	for c, x := range draws {
		for i, v := range x {
			padded[i] = v - means[c]
		}
		clear(padded[n:])
		transform.Coefficients(spectrum, padded)
		for i, v := range spectrum {
			power[i] += v * cmplx.Conj(v)
		}
	}
	transform.Sequence(padded, power)
	scale := 1 / (float64(length) * float64(n) * float64(len(draws)))
	for i := range n {
		padded[i] *= scale
	}
	return padded[:n]
}

// fastLength is the least product of 2, 3 and 5 that is even and at least n.
func fastLength(n int) int {
	for n += n % 2; ; n += 2 {
		rest := n
		for _, p := range [...]int{2, 3, 5} {
			for rest%p == 0 {
				rest /= p
			}
		}
		if rest == 1 {
			return n
		}
	}
}

// effectiveSize is the effective sample size of the mean of chains, by Geyer's
// initial monotone sequence (Vehtari, Gelman, Simpson, Carpenter & Bürkner 2021,
// section 3.2; the order of operations is ArviZ's).
func effectiveSize(draws [][]float64) float64 {
	if !valid(draws) {
		return math.NaN()
	}
	chains, n := len(draws), len(draws[0])
	total := float64(chains * n)
	if isConstant(draws) {
		return total
	}
	means := make([]float64, chains)
	for c, x := range draws {
		means[c] = meanOf(x)
	}
	covariance := autocovariance(draws, means)
	within := covariance[0] * float64(n) / float64(n-1)
	pooled := within * float64(n-1) / float64(n)
	if chains > 1 {
		pooled += varianceOf(means)
	}
	correlation := func(lag int) float64 { return 1 - (within-covariance[lag])/pooled }
	rho := make([]float64, n)
	even, odd := 1.0, correlation(1)
	rho[0], rho[1] = even, odd
	t := 1
	for t < n-3 && even+odd > 0 {
		even, odd = correlation(t+1), correlation(t+2)
		if even+odd >= 0 {
			rho[t+1], rho[t+2] = even, odd
		}
		t += 2
	}
	last := t - 2
	if even > 0 {
		rho[last+1] = even
	}
	for t := 1; t <= last-2; t += 2 {
		if rho[t+1]+rho[t+2] > rho[t-1]+rho[t] {
			rho[t+1] = (rho[t-1] + rho[t]) / 2
			rho[t+2] = rho[t+1]
		}
	}
	tau := -1.0
	for _, r := range rho[:max(last+1, 0)] {
		tau += 2 * r
	}
	tau += rho[last+1]
	return total / math.Max(tau, 1/math.Log10(total))
}

// ESSMean is the effective sample size for the mean, draws [chain][draw].
func ESSMean(draws [][]float64) float64 { return effectiveSize(split(draws)) }

// ESSBulk is the effective sample size of the rank-normalised draws, which says
// how well the bulk of the distribution is known.
func ESSBulk(draws [][]float64) float64 {
	if !valid(draws) {
		return math.NaN()
	}
	return newPooled(draws).essBulk()
}

// ESSQuantile is the effective sample size for a quantile.
func ESSQuantile(draws [][]float64, probability float64) float64 {
	if !valid(draws) {
		return math.NaN()
	}
	return newPooled(draws).essQuantile(probability)
}

// ESSMedian is the effective sample size for the median.
func ESSMedian(draws [][]float64) float64 { return ESSQuantile(draws, 0.5) }

// ESSTail is the smaller of the effective sample sizes for the 5 % and the 95 %
// quantile.
func ESSTail(draws [][]float64) float64 {
	if !valid(draws) {
		return math.NaN()
	}
	return newPooled(draws).essTail()
}
