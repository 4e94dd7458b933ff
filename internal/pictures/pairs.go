package pictures

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// MostPairs is the most parameters that a picture of pairs shows.
const MostPairs = 6

// mostPoints is the most draws that are drawn one by one; more are counted in hexagons.
const mostPoints = 1500

// Pairs shows the draws of every two parameters against each other, their densities
// on the diagonal and their rank correlations above it. Divergent [chain][draw] marks
// draws whose transition diverged; it may be nil.
func Pairs(parameters []Parameter, divergent [][]bool) *Picture {
	n := min(len(parameters), MostPairs)
	size := vg.Length(max(n, 2))*3.9*vg.Centimeter + 1.2*vg.Centimeter
	p := &Picture{}
	count := 0
	for _, chain := range divergent {
		for _, d := range chain {
			if d {
				count++
			}
		}
	}
	if count > 0 {
		p.Key = append(p.Key, Entry{Text: fmt.Sprintf("divergent transitions (%d)", count), Color: divergenceColor, Dots: true})
	}
	if len(parameters) > 0 && len(pooledInOrder(parameters[0])) > mostPoints {
		p.Key = append(p.Key, Entry{Text: "hexagons: the darker, the more draws", Color: shade(1), Dots: true})
	}
	if len(parameters) > n {
		p.Note = fmt.Sprintf("The first %d of %d parameters.", n, len(parameters))
	}
	p.Panels = []Panel{{rigid: true, Name: "pairs", Width: size, Height: size, Draw: func(c draw.Canvas) { drawPairs(c, parameters[:n], divergent) }}}
	return p
}

// pooledInOrder are the draws of all chains, chain after chain.
func pooledInOrder(p Parameter) (all []float64) {
	for _, chain := range p.Draws {
		all = append(all, chain...)
	}
	return all
}

// drawPairs draws the grid: what it needs of each parameter is worked out once.
func drawPairs(c draw.Canvas, parameters []Parameter, divergent [][]bool) {
	n := len(parameters)
	if n == 0 {
		return
	}
	all, sorted, ranks := make([][]float64, n), make([][]float64, n), make([][]float64, n)
	for i, q := range parameters {
		all[i], sorted[i] = pooledInOrder(q), q.pooled()
		ranks[i] = fractionalRanks(all[i])
	}
	var marked []bool
	for _, chain := range divergent {
		marked = append(marked, chain...)
	}
	plots := make([][]*plot.Plot, n)
	for i := range n {
		plots[i] = make([]*plot.Plot, n)
		for j := range n {
			p := newPlot("", "", "")
			p.X.Padding, p.Y.Padding = 0, 0
			p.X.Label.TextStyle.Font.Size, p.Y.Label.TextStyle.Font.Size = smallText, smallText
			p.X.Tick.Label.Font.Size, p.Y.Tick.Label.Font.Size = 7, 7
			setRange(&p.X, parameters[j], sorted[j])
			setRange(&p.Y, parameters[i], sorted[i])
			if j != 0 || i == 0 {
				p.Y.Tick.Marker = plot.ConstantTicks(nil)
			}
			if i != n-1 {
				p.X.Tick.Marker = plot.ConstantTicks(nil)
			} else {
				p.X.Label.Text = shorten(parameters[j].Name, 24)
			}
			if j == 0 {
				p.Y.Label.Text = shorten(parameters[i].Name, 24)
			}
			switch {
			case i == j:
				addMargin(p, parameters[i], sorted[i])
			case j < i:
				p.Add(cloud(all[j], all[i], marked))
			default:
				p.X.LineStyle.Width, p.Y.LineStyle.Width = 0, 0
				p.Add(correlationText(stat.Correlation(ranks[j], ranks[i], nil)))
			}
			plots[i][j] = p
		}
	}
	tiles := draw.Tiles{Rows: n, Cols: n, PadX: 7, PadY: 7}
	for i, row := range plot.Align(plots, tiles, c) {
		for j, place := range row {
			plots[i][j].Draw(place)
		}
	}
}

// setRange gives an axis the range of draws.
func setRange(a *plot.Axis, q Parameter, sorted []float64) {
	if constant(sorted) {
		a.Min, a.Max = 0, 1
		if len(sorted) > 0 {
			a.Min, a.Max = sorted[0]-1, sorted[0]+1
		}
		a.Tick.Marker = ticks{3}
		return
	}
	logarithmic := q.skewed(sorted)
	low, high := quantile(sorted, 0.001), quantile(sorted, 0.999)
	if low == high {
		low, high = sorted[0], sorted[len(sorted)-1]
	}
	a.Min, a.Max = span(low, high, logarithmic)
	scaleAxis(a, logarithmic, 3)
}

// addMargin draws a parameter's density in a plot of which the y axis is its own. On
// a logarithmic axis it is the density of the logarithm.
func addMargin(p *plot.Plot, q Parameter, sorted []float64) {
	if constant(sorted) {
		p.Add(says(constantText(sorted)))
		return
	}
	logarithmic := q.skewed(sorted)
	density := q.density(sorted, logarithmic)
	p.Add(layer(func(c draw.Canvas, x, _ func(float64) vg.Length) {
		const n = 120
		xs, ys := make([]float64, n), make([]float64, n)
		for i := range n {
			t := (float64(i) + 0.5) / n
			if logarithmic {
				xs[i] = p.X.Min * math.Pow(p.X.Max/p.X.Min, t)
				ys[i] = density(xs[i])
			} else {
				xs[i] = p.X.Min + t*(p.X.Max-p.X.Min)
				ys[i] = density(xs[i])
			}
		}
		top := max(maxOf(ys), 1e-300)
		y := func(v float64) vg.Length { return c.Min.Y + vg.Length(v/top*0.92)*(c.Max.Y-c.Min.Y) }
		area(xs, ys, faded(posteriorColor, 0.2))(c, x, y)
		curve(xs, ys, draw.LineStyle{Color: posteriorColor, Width: 1})(c, x, y)
	}))
}

// cloud draws points, or hexagons where there are many, and marked points on top.
func cloud(xs, ys []float64, marked []bool) layer {
	return func(c draw.Canvas, x, y func(float64) vg.Length) {
		at := make([]vg.Point, len(xs))
		for i := range xs {
			at[i] = vg.Point{X: x(xs[i]), Y: y(ys[i])}
		}
		if len(at) > mostPoints {
			hexagons(c, at)
		} else {
			for _, p := range at {
				if c.Contains(p) {
					disc(c, p, 0.9, faded(posteriorColor, 0.4))
				}
			}
		}
		for i, p := range at {
			if i < len(marked) && marked[i] && c.Contains(p) {
				disc(c, p, 1.3, divergenceColor)
			}
		}
	}
}

// hexagons counts points in hexagons and draws those that have some.
func hexagons(c draw.Canvas, at []vg.Point) {
	const across = 28
	w := float64(c.Max.X-c.Min.X) / across // between the centres of neighbours in a row
	h := w * math.Sqrt(3) / 2              // between rows
	type cell struct{ column, row int }
	counts := map[cell]int{}
	var order []cell // of the first point in each, so that equal draws give equal files
	most := 0
	for _, p := range at {
		if !c.Contains(p) {
			continue
		}
		px, py := float64(p.X-c.Min.X), float64(p.Y-c.Min.Y)
		best, nearest := cell{}, math.Inf(1)
		for r := int(math.Floor(py / h)); r <= int(math.Floor(py/h))+1; r++ {
			shift := w / 2 * float64(r&1)
			k := int(math.Round((px - shift) / w))
			dx, dy := px-float64(k)*w-shift, py-float64(r)*h
			if d := dx*dx + dy*dy; d < nearest {
				best, nearest = cell{k, r}, d
			}
		}
		if counts[best] == 0 {
			order = append(order, best)
		}
		counts[best]++
		most = max(most, counts[best])
	}
	radius := w / math.Sqrt(3) * 1.02
	for _, k := range order {
		cx := float64(c.Min.X) + float64(k.column)*w + w/2*float64(k.row&1)
		cy := float64(c.Min.Y) + float64(k.row)*h
		corners := make([]vg.Point, 6)
		for i := range corners {
			sin, cos := math.Sincos(math.Pi/3*float64(i) + math.Pi/6)
			corners[i] = vg.Point{X: vg.Length(cx + radius*cos), Y: vg.Length(cy + radius*sin)}
		}
		c.FillPolygon(shade(math.Sqrt(float64(counts[k])/float64(most))), c.ClipPolygonXY(corners))
	}
}

// correlationText writes a rank correlation, the larger the stronger.
func correlationText(r float64) layer {
	return func(c draw.Canvas, _, _ func(float64) vg.Length) {
		text := "-"
		if finite(r) {
			text = decimals(r, 2)
		}
		style := textStyle(8+6*vg.Length(math.Abs(max(min(r, 1), -1))), textColor)
		if !finite(r) {
			style = textStyle(8, greyColor)
		}
		write(c, style, c.Center(), draw.XCenter, text)
	}
}
