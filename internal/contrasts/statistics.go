package contrasts

import (
	"math"
	"slices"
)

// Statistic is a figure of a trait's values at the tips.
type Statistic struct {
	Name  string
	About string
	// Low and High say what it means that the data's figure is smaller, or larger, than
	// those of data from the model.
	Low, High string
}

// The statistics of [Plan.Statistics], in their order.
var Statistics = []Statistic{
	{"mean", "mean of the tips", "the tips lie lower than the model makes them", "the tips lie higher than the model makes them"},
	{"variance", "variance of the tips", "the tips differ less than the model makes them", "the tips differ more than the model makes them"},
	{"minimum", "smallest value", "the smallest value is further down than the model puts it", "no value is as far down as the model puts one"},
	{"maximum", "largest value", "no value is as far up as the model puts one", "the largest value is further up than the model puts it"},
	{"skewness", "skewness of the tips", "the tips have a longer tail downwards than the model makes one", "the tips have a longer tail upwards than the model makes one"},
	{"M_sig", "mean of the squared contrasts: the rate of evolution", "the rate of evolution is lower than the model has it", "the rate of evolution is higher than the model has it"},
	{"C_var", "coefficient of variation of the absolute contrasts", "rates vary less over the tree than the model lets them", "rates vary over the tree more than the model lets them"},
	{"S_var", "slope of the absolute contrasts against their standard deviations", "contrasts over short edges are too large: errors of the tips or of edge lengths", "contrasts over long edges are too large"},
	{"S_asr", "slope of the absolute contrasts against the nodes' states", "lineages with small values evolve faster than the model has it", "lineages with large values evolve faster than the model has it; may the logarithm fit better?"},
	{"S_hgt", "slope of the absolute contrasts against the nodes' distances from the root", "evolution slows down with time, as in an early burst", "evolution speeds up with time, or tips have errors that the model does not know"},
	{"D_cdf", "largest distance between the distributions of the contrasts and a normal one", "contrasts are closer to normal than chance makes them", "contrasts are not normal: jumps, or rates that vary"},
	{"K", "Blomberg's K: the variance of the tips beside that of the contrasts, 1 in Brownian motion", "relatives are less alike than the model makes them", "relatives are more alike than the model makes them"},
}

// Statistics computes all [Statistics] of values, one for each tip in the order of
// Topology.Leaves. One that too few values leave undefined is NaN.
func (p *Plan) Statistics(values []float64) []float64 {
	observed := make([]float64, len(p.tips))
	for j, i := range p.tips {
		observed[j] = values[i]
	}
	c := p.Of(values)
	absolute := make([]float64, len(c.Values))
	squares := 0.0
	for i, v := range c.Values {
		absolute[i] = math.Abs(v)
		squares += v * v
	}
	rate := squares / float64(len(c.Values))
	mean, variance, skewness := moments(observed)
	absoluteMean, absoluteVariance, _ := moments(absolute)
	return []float64{mean, variance, slices.Min(observed), slices.Max(observed), skewness,
		rate, math.Sqrt(absoluteVariance) / absoluteMean, slope(c.SD, absolute), slope(c.State, absolute), slope(c.Height, absolute),
		distanceFromNormal(c.Values, math.Sqrt(rate)), p.blomberg(observed, c.Root, rate)}
}

// moments are the mean, the variance (which divides by n-1), and the skewness.
func moments(x []float64) (mean, variance, skewness float64) {
	n := float64(len(x))
	for _, v := range x {
		mean += v / n
	}
	third := 0.0
	for _, v := range x {
		d := v - mean
		variance += d * d
		third += d * d * d
	}
	skewness = (third / n) / math.Pow(variance/n, 1.5)
	return mean, variance / (n - 1), skewness
}

// slope is that of the least-squares line of y on x; NaN where x does not vary, up to
// rounding, or where there are fewer than three points.
func slope(x, y []float64) float64 {
	if len(x) < 3 {
		return math.NaN()
	}
	mx, variance, _ := moments(x)
	my, _, _ := moments(y)
	if variance <= 1e-24*mx*mx {
		return math.NaN()
	}
	sum := 0.0
	for i := range x {
		sum += (x[i] - mx) * (y[i] - my)
	}
	return sum / (variance * float64(len(x)-1))
}

// distanceFromNormal is Kolmogorov's distance from the normal distribution with mean 0.
func distanceFromNormal(x []float64, sd float64) float64 {
	sorted := slices.Clone(x)
	slices.Sort(sorted)
	largest := 0.0
	for i, v := range sorted {
		f := 0.5 * math.Erfc(-v/sd/math.Sqrt2)
		largest = max(largest, f-float64(i)/float64(len(x)), float64(i+1)/float64(len(x))-f)
	}
	return largest
}

// blomberg is Blomberg's K (Blomberg, Garland & Ives 2003, Evolution 57(4)): MSE0/MSE,
// the mean squared distances from the phylogenetic mean without and with the tree, over
// what Brownian motion makes of it, (tr C - n / 1'C^-1 1) / (n - 1).
func (p *Plan) blomberg(observed []float64, mean, rate float64) float64 {
	n := float64(len(observed))
	sum := 0.0
	for _, y := range observed {
		sum += (y - mean) * (y - mean)
	}
	return sum / (n - 1) / rate / (n * (p.meanDepth - p.rootVariance) / (n - 1))
}

// Correlation is the correlation of two traits' contrasts, through the origin: that of
// their evolution.
func (p *Plan) Correlation(a, b []float64) float64 {
	x, y := p.Of(a), p.Of(b)
	xx, yy, xy := 0.0, 0.0, 0.0
	for i := range x.Values {
		xx, yy, xy = xx+x.Values[i]*x.Values[i], yy+y.Values[i]*y.Values[i], xy+x.Values[i]*y.Values[i]
	}
	return xy / math.Sqrt(xx*yy)
}
