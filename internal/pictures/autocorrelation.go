package pictures

import (
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Autocorrelations shows how much of a draw is left in the draws after it, for each
// parameter and chain.
func Autocorrelations(parameters []Parameter) *Picture {
	key := append(chainsKey(parameters), Entry{Text: "95 % of independent draws", Color: faintColor})
	return parameterPicture(parameters, key, autocorrelationPlot)
}

const mostLag = 50

func autocorrelationPlot(q Parameter) *plot.Plot {
	p := newPlot(q.Name, "lag", "autocorrelation")
	lags, draws := 1, 0
	if len(q.Draws) > 0 {
		draws = len(q.Draws[0])
		lags = max(1, min(mostLag, draws/2))
	}
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, float64(lags), -0.3, 1
	if sorted := q.pooled(); constant(sorted) {
		p.Add(says(constantText(sorted)))
		return p
	}
	half := 1.96 / math.Sqrt(float64(draws))
	p.Add(layer(func(c draw.Canvas, x, y func(float64) vg.Length) {
		low, high := max(y(-half), c.Min.Y), min(y(half), c.Max.Y)
		c.FillPolygon(faintColor, []vg.Point{{X: c.Min.X, Y: low}, {X: c.Max.X, Y: low}, {X: c.Max.X, Y: high}, {X: c.Min.X, Y: high}})
	}))
	p.Y.Min = -max(0.1, 1.5*half)
	for k, chain := range q.Draws[:min(len(q.Draws), mostLines)] {
		xs, ys := autocorrelation(chain, lags)
		for _, r := range ys {
			p.Y.Min = min(p.Y.Min, r-0.03)
		}
		p.Add(curve(xs, ys, draw.LineStyle{Color: faded(chainColor(k), 0.85), Width: 1}))
	}
	return p
}

// autocorrelation at the lags from 0.
func autocorrelation(chain []float64, lags int) (xs, ys []float64) {
	mean := stat.Mean(chain, nil)
	variance := 0.0
	for _, x := range chain {
		variance += (x - mean) * (x - mean)
	}
	for lag := 0; lag <= min(lags, len(chain)-1) && variance > 0; lag++ {
		sum := 0.0
		for i := range len(chain) - lag {
			sum += (chain[i] - mean) * (chain[i+lag] - mean)
		}
		xs, ys = append(xs, float64(lag)), append(ys, sum/variance)
	}
	return xs, ys
}
