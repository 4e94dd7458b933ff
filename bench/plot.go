package bench

import (
	"cmp"
	"fmt"
	"image/color"
	"math"
	"path/filepath"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
)

// line is points to be joined, and the limit of each.
type line struct {
	name          string
	points, limit plotter.XYs
}

// Plot draws chain-gradients per second against the number of chains, a line for
// each device, tree and number of traits, both axes logarithmic. The file's ending
// says its format: .svg, .png or .pdf.
func Plot(results []Result, file string) error {
	lines := linesOf(results, func(r Result) string {
		name := fmt.Sprintf("%s %s, %d leaves", r.Device, r.Precision, r.Leaves)
		if r.Traits > 1 {
			name += fmt.Sprintf(", %d traits", r.Traits)
		}
		return name
	}, func(r Result) float64 { return float64(r.Chains) }, func(r Result) (float64, float64) { return r.Gradients, r.Limit })
	if len(lines) == 0 {
		return fmt.Errorf("bench: nothing was measured; there is nothing to plot")
	}
	p, err := chart("Gradients of the log posterior", "chains", "chain-gradients per second", lines)
	if err != nil {
		return err
	}
	return save(p, file)
}

// Plots draws a picture of each suite into a folder, and a roofline of all results, and
// returns the names of the files.
func (r *Report) Plots(folder string) ([]string, error) {
	var files []string
	keep := func(name string, p *plot.Plot, err error) error {
		if err != nil || p == nil {
			return err
		}
		files = append(files, name+".svg")
		return save(p, filepath.Join(folder, name+".svg"))
	}
	for _, suite := range Suites() {
		p, err := r.chart(suite.Name)
		if err := keep(suite.Name, p, err); err != nil {
			return nil, fmt.Errorf("the picture of %s: %w", suite.Name, err)
		}
	}
	p, err := r.roofline()
	err = keep("roofline", p, err)
	return files, err
}

func save(p *plot.Plot, file string) error { return p.Save(20*vg.Centimeter, 13*vg.Centimeter, file) }

// chart is the picture of a suite; nil if there are no results.
func (r *Report) chart(suite string) (*plot.Plot, error) {
	chains := func(x Result) float64 { return float64(x.Chains) }
	gradients := func(x Result) (float64, float64) { return x.Gradients, x.Limit }
	switch suite {
	case "seed":
		var lines []line
		for _, x := range r.Sampling {
			name := fmt.Sprintf("%s, %s", x.device(), x.Algorithm)
			i := slices.IndexFunc(lines, func(l line) bool { return l.name == name })
			if i < 0 {
				lines = append(lines, line{name: name})
				i = len(lines) - 1
			}
			lines[i].add(float64(x.Chains), x.Effective, x.Limit)
		}
		return chart("seed: sampling the built-in example, warm-up counted", "chains", "effective draws per second", lines)
	case "scaling":
		return chart("scaling: a gradient of one chain", "leaves", "ns per node",
			linesOf(r.of(suite), scalingLine, func(x Result) float64 { return float64(x.Leaves) },
				func(x Result) (float64, float64) { return x.PerNode, x.PerNode * x.Gradients / x.Limit }))
	case "chains":
		return chart("chains: gradients of the built-in example's model", "chains", "chain-gradients per second", linesOf(r.of(suite), chainsLine, chains, gradients))
	case "shapes":
		return chart("shapes: a gradient of landmark models", "landmarks", "ms per gradient",
			linesOf(r.of(suite), shapesLine, func(x Result) float64 { return float64(x.Landmarks) },
				func(x Result) (float64, float64) { return 1e3 * x.seconds(), 1e3 * x.seconds() * x.Gradients / x.Limit }))
	case "devices":
		small := slices.DeleteFunc(r.of(suite), func(x Result) bool { return x.Leaves != 16 })
		return chart("devices: the built-in example, by engine and schedule", "chains", "chain-gradients per second",
			linesOf(small, func(x Result) string { return fmt.Sprintf("%s, %s", x.device(), x.Schedule) }, chains, gradients))
	case "startup":
		return r.startupChart()
	}
	return nil, nil
}

// linesOf are the lines of results: those of one name belong together.
func linesOf(results []Result, name func(Result) string, x func(Result) float64, y func(Result) (value, limit float64)) []line {
	var lines []line
	for _, g := range group(results, name) {
		l := line{name: g.name}
		for _, r := range g.results {
			value, limit := y(r)
			l.add(x(r), value, limit)
		}
		if len(l.points) > 0 {
			lines = append(lines, l)
		}
	}
	return lines
}

// add adds a point that logarithmic axes can show, and its limit if there is one.
func (l *line) add(x, y, limit float64) {
	if !(x > 0 && y > 0) || math.IsInf(y, 0) {
		return
	}
	l.points = append(l.points, plotter.XY{X: x, Y: y})
	if limit > 0 && !math.IsInf(limit, 0) {
		l.limit = append(l.limit, plotter.XY{X: x, Y: limit})
	}
}

// logarithmic is a plot with logarithmic axes.
func logarithmic(title, x, y string) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = color.White
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker, p.Y.Tick.Marker = plot.LogTicks{Prec: -1}, plot.LogTicks{Prec: -1}
	p.Legend.Top, p.Legend.Left = true, true
	p.Legend.TextStyle.Font.Size = vg.Points(8)
	return p
}

// chart draws lines, and their limits dashed in the same colours; nil without lines.
func chart(title, x, y string, lines []line) (*plot.Plot, error) {
	if len(lines) == 0 {
		return nil, nil
	}
	p := logarithmic(title, x, y)
	low, high, limited := math.Inf(1), 0.0, false
	var places []float64
	for i, l := range lines {
		byX := func(a, b plotter.XY) int { return cmp.Compare(a.X, b.X) }
		slices.SortFunc(l.points, byX)
		slices.SortFunc(l.limit, byX)
		joined, dots, err := plotter.NewLinePoints(l.points)
		if err != nil {
			return nil, err
		}
		joined.Color, dots.Color, dots.Shape = plotutil.Color(i), plotutil.Color(i), plotutil.Shape(i)
		p.Add(joined, dots)
		p.Legend.Add(l.name, joined, dots)
		if len(l.limit) > 0 {
			dashed, err := plotter.NewLine(l.limit)
			if err != nil {
				return nil, err
			}
			dashed.Color, dashed.Dashes, dashed.Width = plotutil.Color(i), plotutil.Dashes(1), vg.Points(0.6)
			p.Add(dashed)
			limited = true
		}
		for _, at := range slices.Concat(l.points, l.limit) {
			low, high = min(low, at.Y), max(high, at.Y)
			places = append(places, at.X)
		}
	}
	entries := len(lines)
	if limited {
		sample, err := plotter.NewLine(plotter.XYs{{X: 1, Y: 1}, {X: 2, Y: 1}})
		if err != nil {
			return nil, err
		}
		sample.Dashes, sample.Width = plotutil.Dashes(1), vg.Points(0.6)
		p.Legend.Add("what memory or arithmetic allow, as measured", sample)
		entries++
	}
	slices.Sort(places)
	places = slices.Compact(places)
	p.X.Tick.Marker = sizeTicks(places)
	// A margin, which a single size needs to be on a logarithmic axis at all.
	p.X.Min, p.X.Max = places[0]/1.3, places[len(places)-1]*1.3
	// Whole decades, so that there are labels, and room above for the legend.
	p.Y.Min = math.Pow(10, math.Floor(math.Log10(low)))
	decades := math.Ceil(math.Log10(high)) - math.Log10(p.Y.Min)
	share := min(0.7, 0.03*float64(entries)+0.03)
	p.Y.Max = p.Y.Min * math.Pow(10, max(1, decades)/(1-share))
	return p, nil
}

// sizeTicks marks the sizes that were measured.
func sizeTicks(places []float64) plot.ConstantTicks {
	var ticks plot.ConstantTicks
	for _, x := range places {
		ticks = append(ticks, plot.Tick{Value: x, Label: size(int(x))})
	}
	return ticks
}

// startupChart is a bar for each process, and a line where the fastest possible is.
func (r *Report) startupChart() (*plot.Plot, error) {
	if len(r.Startups) == 0 {
		return nil, nil
	}
	p := plot.New()
	p.BackgroundColor = color.White
	p.Title.Text, p.X.Label.Text = "startup: whole processes", "ms"
	var values plotter.Values
	var names []string
	none := 0.0
	for i := len(r.Startups) - 1; i >= 0; i-- {
		x := r.Startups[i]
		values, names = append(values, 1e3*x.Seconds), append(names, x.What)
		if x.What == floor {
			none = 1e3 * x.Seconds
		}
	}
	bars, err := plotter.NewBarChart(values, vg.Points(16))
	if err != nil {
		return nil, err
	}
	bars.Horizontal, bars.Color, bars.LineStyle.Width = true, plotutil.Color(2), 0
	p.Add(bars)
	p.NominalY(names...)
	p.X.Min = 0
	if none > 0 {
		limit, err := plotter.NewLine(plotter.XYs{{X: none, Y: -0.5}, {X: none, Y: float64(len(values)) - 0.5}})
		if err != nil {
			return nil, err
		}
		limit.Dashes = plotutil.Dashes(1)
		p.Add(limit)
	}
	return p, nil
}

// roofline draws operations per second over operations per byte, with the roofs of the
// devices as lines: memory and caches on the left, arithmetic on the right.
func (r *Report) roofline() (*plot.Plot, error) {
	p := logarithmic("Roofline: gradients of all suites, and what the devices could do", "flops per byte", "Gflop/s")
	low, high, left, right := math.Inf(1), 0.0, math.Inf(1), 0.0
	var devices []Limits
	var colours []color.Color
	for i, l := range r.Limits {
		var points plotter.XYs
		for _, x := range r.Results {
			if x.Detail != l.Detail || x.Bytes == 0 || x.Flops == 0 {
				continue
			}
			points = append(points, plotter.XY{X: float64(x.Flops) / float64(x.Bytes), Y: float64(x.Flops) / x.seconds() / 1e9})
		}
		if len(points) == 0 {
			continue
		}
		for _, at := range points {
			low, high, left, right = min(low, at.Y), max(high, at.Y), min(left, at.X), max(right, at.X)
		}
		high, right = max(high, l.Flops/1e9), max(right, 2*l.Flops/l.Memory)
		dots, err := plotter.NewScatter(points)
		if err != nil {
			return nil, err
		}
		dots.Color, dots.Shape, dots.Radius = plotutil.Color(i), plotutil.Shape(i), vg.Points(2)
		p.Add(dots)
		devices = append(devices, l)
		colours = append(colours, plotutil.Color(i))
	}
	if math.IsInf(low, 0) {
		return nil, nil
	}
	left, right = math.Pow(10, math.Floor(math.Log10(left))), math.Pow(10, math.Ceil(math.Log10(right)))
	for i, l := range devices {
		for k, bandwidth := range []float64{l.Memory, l.Cache} {
			if bandwidth == 0 {
				continue
			}
			knee := l.Flops / bandwidth
			roof, err := plotter.NewLine(plotter.XYs{{X: min(left, knee), Y: min(left, knee) * bandwidth / 1e9}, {X: knee, Y: l.Flops / 1e9}, {X: max(right, knee), Y: l.Flops / 1e9}})
			if err != nil {
				return nil, err
			}
			roof.Color, roof.Width = colours[i], vg.Points(0.8)
			name := deviceName(l.Device, l.Detail, l.Precision) + ": memory and arithmetic"
			if k == 1 {
				roof.Dashes, name = plotutil.Dashes(1), "from its caches"
			}
			p.Add(roof)
			p.Legend.Add(name, roof)
		}
		low = min(low, left*l.Memory/1e9)
	}
	p.X.Min, p.X.Max = left, right
	p.Y.Min, p.Y.Max = math.Pow(10, math.Floor(math.Log10(low))), 30*math.Pow(10, math.Ceil(math.Log10(high)))
	return p, nil
}
