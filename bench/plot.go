package bench

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
)

// Plot draws chain-gradients per second against the number of chains, a line for
// each device, tree and number of traits, both axes logarithmic. The file's ending
// says its format: .svg, .png or .pdf.
func Plot(results []Result, file string) error {
	p := plot.New()
	p.Title.Text = "Gradients of the log posterior"
	p.X.Label.Text, p.Y.Label.Text = "chains", "chain-gradients per second"
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker, p.Y.Tick.Marker = plot.LogTicks{Prec: -1}, plot.LogTicks{Prec: -1}
	p.Legend.Top, p.Legend.Left = true, true
	lines := map[string]plotter.XYs{}
	var names []string
	low, high := math.Inf(1), 0.0
	for _, r := range results {
		if !(r.Gradients > 0) {
			continue
		}
		name := fmt.Sprintf("%s %s, %d leaves", r.Device, r.Precision, r.Leaves)
		if r.Traits > 1 {
			name += fmt.Sprintf(", %d traits", r.Traits)
		}
		if lines[name] == nil {
			names = append(names, name)
		}
		lines[name] = append(lines[name], plotter.XY{X: float64(r.Chains), Y: r.Gradients})
		low, high = min(low, r.Gradients), max(high, r.Gradients)
	}
	if len(names) == 0 {
		return fmt.Errorf("bench: nothing was measured; there is nothing to plot")
	}
	for i, name := range names {
		points := lines[name]
		slices.SortFunc(points, func(a, b plotter.XY) int { return int(a.X) - int(b.X) })
		line, dots, err := plotter.NewLinePoints(points)
		if err != nil {
			return err
		}
		line.Color, dots.Color, dots.Shape = plotutil.Color(i), plotutil.Color(i), plotutil.Shape(i)
		p.Add(line, dots)
		p.Legend.Add(name, line, dots)
	}
	p.Y.Min, p.Y.Max = low/2, high*math.Pow(2, 1+float64(len(names))/2) // room for the legend
	return p.Save(18*vg.Centimeter, 12*vg.Centimeter, file)
}
