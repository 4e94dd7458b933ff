package pictures

import (
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Densities shows the posterior density of each parameter: of all chains as an area,
// of each chain as a line, the mean and the central 95 % below, and the prior's and the
// exact posterior's density where they are known.
func Densities(parameters []Parameter) *Picture {
	key := []Entry{{Text: "posterior (thin: each chain)", Color: posteriorColor}}
	var hasPrior, hasExact bool
	for _, p := range parameters {
		hasPrior, hasExact = hasPrior || p.Prior != nil, hasExact || p.Exact != nil
	}
	if hasPrior {
		key = append(key, Entry{Text: "prior", Color: priorColor, Dash: true})
	}
	if hasExact {
		key = append(key, Entry{Text: "exact posterior", Color: exactColor, Dash: true})
	}
	key = append(key, Entry{Text: "mean and central 95 %", Color: textColor, Dots: true})
	return parameterPicture(parameters, key, densityPlot)
}

const densityPoints = 240

func densityPlot(q Parameter) *plot.Plot {
	p := newPlot("", q.Name, "density")
	p.Y.Tick.Marker = plot.ConstantTicks(nil) // what a density is at a point says little
	p.Y.Min, p.Y.Max, p.X.Min, p.X.Max = 0, 1, 0, 1
	sorted := q.pooled()
	if constant(sorted) {
		p.X.Tick.Marker = plot.ConstantTicks(nil)
		p.Add(says(constantText(sorted)))
		return p
	}
	logarithmic := q.skewed(sorted) && quantile(sorted, 0.99) > 40*quantile(sorted, 0.5)
	low, high := quantile(sorted, 0.002), quantile(sorted, 0.995)
	scaleAxis(&p.X, logarithmic, 5)
	switch positive := q.Low == 0 && math.IsInf(q.High, 1); {
	case logarithmic:
		p.X.Label.Text += " (logarithmic)"
		low, high = span(quantile(sorted, 0.001), quantile(sorted, 0.999), true)
	case positive && low < 0.25*high:
		low = 0
	default:
		low, high = span(low, high, false)
		if q.Low != 0 || q.High != 0 {
			low, high = max(low, q.Low), min(high, q.High)
		}
	}
	p.X.Min, p.X.Max = low, high
	xs := make([]float64, densityPoints)
	for i := range xs {
		t := (float64(i) + 0.5) / densityPoints
		if xs[i] = low + t*(high-low); logarithmic {
			xs[i] = low * math.Pow(high/low, t)
		}
	}
	// per unit of the axis
	known := func(f func(float64) float64) []float64 {
		ys := values(f, xs)
		for i := range ys {
			if logarithmic {
				ys[i] *= xs[i]
			}
		}
		return ys
	}
	all := q.density(sorted, logarithmic)
	ys := values(all, xs)
	top := maxOf(ys)
	p.Add(area(xs, ys, faded(posteriorColor, 0.18)))
	if len(q.Draws) > 1 && len(q.Draws) <= 16 {
		for _, chain := range q.Draws {
			one := Parameter{Draws: [][]float64{chain}, Low: q.Low, High: q.High}
			if s := one.pooled(); !constant(s) {
				p.Add(curve(xs, values(one.density(s, logarithmic), xs), draw.LineStyle{Color: faded(posteriorColor, 0.45), Width: 0.5}))
			}
		}
	}
	p.Add(curve(xs, ys, draw.LineStyle{Color: posteriorColor, Width: 1.4}))
	if q.Prior != nil {
		p.Add(curve(xs, known(q.Prior), draw.LineStyle{Color: priorColor, Width: 1, Dashes: dashes}))
	}
	if q.Exact != nil {
		exact := known(q.Exact)
		top = max(top, maxOf(exact))
		p.Add(curve(xs, exact, draw.LineStyle{Color: exactColor, Width: 1.2, Dashes: dashes}))
	}
	if !(top > 0) || !finite(top) {
		top = 1
	}
	p.Y.Min, p.Y.Max = -0.09*top, 1.06*top
	mean, from, to := stat.Mean(sorted, nil), quantile(sorted, 0.025), quantile(sorted, 0.975)
	p.Add(layer(func(c draw.Canvas, x, y func(float64) vg.Length) {
		at := y(-0.045 * top)
		c.StrokeLine2(draw.LineStyle{Color: textColor, Width: 1.2}, max(x(from), c.Min.X), at, min(x(to), c.Max.X), at)
		disc(c, vg.Point{X: min(max(x(mean), c.Min.X), c.Max.X), Y: at}, 2.2, textColor)
	}))
	return p
}

func values(f func(float64) float64, xs []float64) []float64 {
	ys := make([]float64, len(xs))
	for i, x := range xs {
		ys[i] = f(x)
	}
	return ys
}

func maxOf(ys []float64) float64 {
	top := 0.0
	for _, y := range ys {
		if finite(y) {
			top = max(top, y)
		}
	}
	return top
}

// density estimates a density by normal kernels with Silverman's bandwidth (1986,
// Density Estimation for Statistics and Data Analysis, eq. 3.31), reflected at the
// bounds of the parameter. The draws are sorted. With logarithmic it is the density of
// the logarithm, as a function of the value itself.
func (p Parameter) density(sorted []float64, logarithmic bool) func(x float64) float64 {
	us, bottom, top := sorted, math.Inf(-1), math.Inf(1)
	switch {
	case logarithmic:
		us = make([]float64, len(sorted))
		for i, x := range sorted {
			us[i] = math.Log(x)
		}
	case p.Low != 0 || p.High != 0:
		bottom, top = p.Low, p.High
	}
	if len(us) < 2 || constant(us) {
		return func(float64) float64 { return 0 }
	}
	spread := stat.StdDev(us, nil)
	if iqr := (quantile(us, 0.75) - quantile(us, 0.25)) / 1.349; iqr > 0 {
		spread = min(spread, iqr)
	}
	width := 0.9 * spread * math.Pow(float64(len(us)), -0.2)
	// Counts in cells that are small beside the bandwidth, smoothed once.
	low, high := us[0]-4*width, us[len(us)-1]+4*width
	cells := int(min(max((high-low)/width*8, 64), 16384))
	size := (high - low) / float64(cells)
	counts := make([]float64, cells)
	for _, u := range us {
		counts[min(int((u-low)/size), cells-1)]++
	}
	reach := int(4*width/size) + 1
	kernel := make([]float64, reach+1)
	for k := range kernel {
		z := float64(k) * size / width
		kernel[k] = math.Exp(-z*z/2) / (math.Sqrt(2*math.Pi) * width * float64(len(us)))
	}
	smooth := make([]float64, cells)
	for i, n := range counts {
		if n == 0 {
			continue
		}
		for j := max(0, i-reach); j <= min(cells-1, i+reach); j++ {
			smooth[j] += n * kernel[max(i-j, j-i)]
		}
	}
	at := func(u float64) float64 {
		place := (u-low)/size - 0.5
		if !(place > 0 && place < float64(cells-1)) {
			return 0
		}
		i := int(place)
		w := place - float64(i)
		return (1-w)*smooth[i] + w*smooth[i+1]
	}
	return func(x float64) float64 {
		if logarithmic {
			return at(math.Log(x))
		}
		if x < bottom || x > top {
			return 0
		}
		return at(x) + at(2*bottom-x) + at(2*top-x)
	}
}
