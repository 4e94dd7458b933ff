package pictures

import (
	"fmt"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Energies shows the density of the sampler's energies [chain][draw] about their mean,
// and that of the changes from one transition to the next; where the second is much
// narrower, the chains explore the energies slowly. ebfmi is of each chain.
func Energies(energies [][]float64, ebfmi []float64) *Picture {
	var level, change Parameter
	for _, chain := range energies {
		mean := stat.Mean(chain, nil)
		about, steps := make([]float64, len(chain)), []float64(nil)
		for i, e := range chain {
			about[i] = e - mean
			if i > 0 {
				steps = append(steps, e-chain[i-1])
			}
		}
		level.Draws, change.Draws = append(level.Draws, about), append(change.Draws, steps)
	}
	p := &Picture{Key: []Entry{{Text: "energy, about its mean", Color: okabeIto[0]}, {Text: "change between transitions", Color: okabeIto[1]}}}
	p.Panels = []Panel{{rigid: true, Name: "energy", Width: 12 * vg.Centimeter, Height: 8 * vg.Centimeter, Draw: func(c draw.Canvas) {
		plot := newPlot("", "energy", "density")
		plot.X.Min, plot.X.Max, plot.Y.Min, plot.Y.Max = 0, 1, 0, 1
		plot.Y.Tick.Marker = ticks{0}
		levels, changes := level.pooled(), change.pooled()
		if constant(levels) || constant(changes) {
			plot.Add(says("the energy does not change"))
			plot.Draw(c)
			return
		}
		low := min(quantile(levels, 0.001), quantile(changes, 0.001))
		high := max(quantile(levels, 0.999), quantile(changes, 0.999))
		plot.X.Min, plot.X.Max = span(low, high, false)
		xs := make([]float64, densityPoints)
		for i := range xs {
			xs[i] = plot.X.Min + float64(i)/(densityPoints-1)*(plot.X.Max-plot.X.Min)
		}
		for k, of := range []Parameter{level, change} {
			ys := values(of.density([][]float64{levels, changes}[k], false), xs)
			plot.Y.Max = max(map[bool]float64{true: plot.Y.Max}[k > 0], 1.06*maxOf(ys))
			plot.Add(area(xs, ys, faded(okabeIto[k], 0.2)), curve(xs, ys, draw.LineStyle{Color: okabeIto[k], Width: 1.4}))
		}
		plot.Add(layer(func(c draw.Canvas, _, _ func(float64) vg.Length) {
			style := textStyle(smallText, textColor)
			style.XAlign, style.YAlign = draw.XRight, draw.YTop
			at := vg.Point{X: c.Max.X - 2, Y: c.Max.Y - 2}
			c.FillText(style, at, "E-BFMI")
			for i, x := range ebfmi[:min(len(ebfmi), mostChains)] {
				c.FillText(style, vg.Point{X: at.X, Y: at.Y - vg.Length(i+1)*11}, fmt.Sprintf("chain %d: %.2f", i+1, x))
			}
		}))
		plot.Draw(c)
	}}}
	return p
}
