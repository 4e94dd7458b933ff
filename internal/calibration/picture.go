package calibration

import (
	"fmt"
	"image/color"
	"math"
	"os"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// band is the colour of what uniform ranks stay in.
var band = color.RGBA{R: 200, G: 215, B: 235, A: 255}

// Picture writes an SVG with a row for every quantity: the histogram of its ranks, with
// the range that a single bar keeps to in 99 of 100 studies, and the difference of
// their empirical distribution function from the uniform one, with the region that it
// keeps to as a whole where [Result.Check] passes.
func (r *Result) Picture(file string, rate float64) error {
	rate = r.share(rate)
	const width, height = 9 * vg.Centimeter, 5 * vg.Centimeter
	plots := make([][]*plot.Plot, len(r.Quantities))
	for q := range r.Quantities {
		histogram, err := r.histogramPlot(q)
		if err != nil {
			return err
		}
		difference, err := r.differencePlot(q, rate)
		if err != nil {
			return err
		}
		plots[q] = []*plot.Plot{histogram, difference}
	}
	canvas := vgsvg.New(2*width, vg.Length(len(plots))*height)
	tiles := draw.Tiles{Rows: len(plots), Cols: 2, PadX: vg.Centimeter / 2, PadY: vg.Centimeter / 2}
	for i, row := range plot.Align(plots, tiles, draw.New(canvas)) {
		for j, place := range row {
			plots[i][j].Draw(place)
		}
	}
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	if _, err := canvas.WriteTo(out); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}

// histogramPlot shows ranks in bins.
func (r *Result) histogramPlot(q int) (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = r.Quantities[q], "rank", "data sets"
	n := float64(len(r.Ranks[q]))
	spread := 2.576 * math.Sqrt(n/Bins*(1-1.0/Bins)) // of a binomial count
	size := float64(r.Draws+1) / Bins
	expected, err := plotter.NewPolygon(plotter.XYs{{X: 0, Y: n/Bins - spread}, {X: size * Bins, Y: n/Bins - spread}, {X: size * Bins, Y: n/Bins + spread}, {X: 0, Y: n/Bins + spread}})
	if err != nil {
		return nil, err
	}
	expected.Color, expected.LineStyle.Width = band, 0
	p.Add(expected)
	var steps plotter.XYs
	for i, count := range Histogram(r.Ranks[q], r.Draws, Bins) {
		steps = append(steps, plotter.XY{X: float64(i) * size, Y: float64(count)}, plotter.XY{X: float64(i+1) * size, Y: float64(count)})
	}
	line, err := plotter.NewLine(steps)
	if err != nil {
		return nil, err
	}
	p.Add(line)
	p.Y.Min, p.Y.Max = 0, 1.05*p.Y.Max
	return p, nil
}

// differencePlot shows the empirical distribution function minus the uniform one.
func (r *Result) differencePlot(q int, rate float64) (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text = fmt.Sprintf("p = %.2g", ECDFProbability(r.Ranks[q], r.Draws))
	p.X.Label.Text, p.Y.Label.Text = "rank / draws", "difference of ECDF"
	n := float64(len(r.Ranks[q]))
	low, high := Band(len(r.Ranks[q]), r.Draws, rate)
	line, above, below := plotter.XYs{{}}, plotter.XYs{{}}, plotter.XYs{{}}
	for k, count := range counts(r.Ranks[q], r.Draws) {
		z := float64(k+1) / float64(r.Draws+1)
		line = append(line, plotter.XY{X: z, Y: float64(count)/n - z})
		above = append(above, plotter.XY{X: z, Y: float64(high[k])/n - z})
		below = append(below, plotter.XY{X: z, Y: float64(low[k])/n - z})
	}
	outline := append(above, plotter.XY{X: 1})
	for i := len(below) - 1; i >= 0; i-- {
		outline = append(outline, below[i])
	}
	region, err := plotter.NewPolygon(outline)
	if err != nil {
		return nil, err
	}
	region.Color, region.LineStyle.Width = band, 0
	observed, err := plotter.NewLine(append(line, plotter.XY{X: 1}))
	if err != nil {
		return nil, err
	}
	p.Add(region, observed)
	return p, nil
}
