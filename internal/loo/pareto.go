package loo

import "math"

// fitPareto fits a generalized Pareto distribution to exceedances in ascending order, of
// which the largest is positive: the empirical Bayes estimate of Zhang & Stephens (2009,
// Technometrics 51(3)), with the shape pulled towards 1/2 as if by 10 observations more
// (Vehtari et al. 2024, appendix).
func fitPareto(x []float64) (shape, scale float64) {
	n := len(x)
	grid := 30 + int(math.Sqrt(float64(n)))
	quartile := x[int(float64(n)/4+0.5)-1]
	b, logs := make([]float64, grid), make([]float64, grid)
	for j := range b {
		b[j] = (1-math.Sqrt(float64(grid)/(float64(j)+0.5)))/(3*quartile) + 1/x[n-1]
		k := meanLog(x, b[j])
		logs[j] = float64(n) * (math.Log(-b[j]/k) - k - 1)
	}
	total, posterior := 0.0, 0.0
	for j := range b {
		sum := 0.0
		for _, other := range logs {
			sum += math.Exp(other - logs[j])
		}
		if weight := 1 / sum; weight >= 10*0x1p-52 { // others do not count
			total += weight
			posterior += weight * b[j]
		}
	}
	posterior /= total
	k := meanLog(x, posterior)
	return (float64(n)*k + 5) / (float64(n) + 10), -k / posterior
}

// meanLog is the mean of log(1 - b x).
func meanLog(x []float64, b float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += math.Log1p(-b * v)
	}
	return sum / float64(len(x))
}

// paretoQuantile is the inverse of the distribution function, at 0 < p < 1.
func paretoQuantile(p, shape, scale float64) float64 {
	if math.Abs(shape) < 0x1p-52 {
		return -scale * math.Log1p(-p)
	}
	return scale * math.Expm1(-shape*math.Log1p(-p)) / shape
}
