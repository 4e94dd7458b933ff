package pictures

import (
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Phylomorphospace shows one trait against another, with the tree's edges between the
// nodes' means.
func Phylomorphospace(t *Tree, first, second Trait) *Picture {
	return &Picture{
		Key: []Entry{{Text: "tips", Color: posteriorColor, Dots: true}, {Text: "inner nodes", Color: ancestorColor, Dots: true},
			{Text: "root", Color: exactColor, Dots: true}, {Text: "edges", Color: edgeColor}},
		Panels: []Panel{{Name: first.Name + " and " + second.Name, Width: 16 * vg.Centimeter, Height: 14 * vg.Centimeter, Draw: func(c draw.Canvas) { drawSpace(c, t, first, second) }}},
	}
}

var ancestorColor = okabeIto[5]

func drawSpace(c draw.Canvas, t *Tree, first, second Trait) {
	p := newPlot("", first.Name, second.Name)
	low, high := [2]float64{math.Inf(1), math.Inf(1)}, [2]float64{math.Inf(-1), math.Inf(-1)}
	for v := range first.States {
		for k, x := range []float64{first.States[v].Mean, second.States[v].Mean} {
			if finite(x) {
				low[k], high[k] = min(low[k], x), max(high[k], x)
			}
		}
	}
	for k := range low {
		if !finite(low[k]) {
			low[k], high[k] = 0, 0
		}
		if low[k] == high[k] {
			low[k], high[k] = low[k]-0.5, high[k]+0.5
		}
	}
	p.X.Min, p.X.Max = span(low[0], high[0], false)
	p.Y.Min, p.Y.Max = span(low[1], high[1], false)
	p.X.Tick.Marker, p.Y.Tick.Marker = ticks{6}, ticks{6}
	p.Add(layer(func(c draw.Canvas, x, y func(float64) vg.Length) {
		at := make([]vg.Point, len(first.States))
		for v := range at {
			at[v] = vg.Point{X: x(first.States[v].Mean), Y: y(second.States[v].Mean)}
		}
		good := func(v int) bool { return finite(first.States[v].Mean) && finite(second.States[v].Mean) }
		line := lineOf(t.tips())
		for v := 1; v < len(at); v++ {
			if u := t.Topology.Parent(v); good(u) && good(v) {
				c.StrokeLine2(line, at[u].X, at[u].Y, at[v].X, at[v].Y)
			}
		}
		radius := vg.Length(max(0.6, 2.8-0.7*math.Log10(float64(max(t.tips(), 10))/10)))
		for v := 1; v < len(at); v++ {
			if good(v) && !t.Topology.IsLeaf(v) {
				disc(c, at[v], 0.6*radius, ancestorColor)
			}
		}
		var tips []int
		for _, v := range t.Topology.Leaves() {
			if good(v) {
				disc(c, at[v], radius, posteriorColor)
				tips = append(tips, v)
			}
		}
		if good(0) {
			disc(c, at[0], radius+1, exactColor)
		}
		if len(tips) > 300 {
			return
		}
		drawNames(c, t, at, tips, radius)
	}))
	p.Draw(c)
}

// drawNames writes each tip's name on one of its sides where nothing else stands, and
// leaves out those that have no room.
func drawNames(c draw.Canvas, t *Tree, at []vg.Point, tips []int, radius vg.Length) {
	var taken []vg.Rectangle
	for v := range at {
		r := radius
		if !t.Topology.IsLeaf(v) {
			r = 0.6 * radius
		}
		taken = append(taken, vg.Rectangle{Min: vg.Point{X: at[v].X - r, Y: at[v].Y - r}, Max: vg.Point{X: at[v].X + r, Y: at[v].Y + r}})
	}
	const size = 7
	style := textStyle(size, textColor)
	for _, v := range tips {
		name := t.name(v)
		w, h, d := style.Width(name), vg.Length(size)*0.95, radius+2
		for _, offset := range []vg.Point{{X: d}, {X: -d - w}, {X: -w / 2, Y: d + h/2}, {X: -w / 2, Y: -d - h/2},
			{X: d, Y: d}, {X: d, Y: -d}, {X: -d - w, Y: d}, {X: -d - w, Y: -d}} {
			corner := at[v].Add(offset)
			box := vg.Rectangle{Min: vg.Point{X: corner.X, Y: corner.Y - h/2}, Max: vg.Point{X: corner.X + w, Y: corner.Y + h/2}}
			if box.Min.X < c.Min.X || box.Max.X > c.Max.X || box.Min.Y < c.Min.Y || box.Max.Y > c.Max.Y || overlaps(taken, box) {
				continue
			}
			taken = append(taken, box)
			write(c, style, corner, draw.XLeft, name)
			break
		}
	}
}

func overlaps(taken []vg.Rectangle, box vg.Rectangle) bool {
	for _, r := range taken {
		if box.Min.X < r.Max.X && r.Min.X < box.Max.X && box.Min.Y < r.Max.Y && r.Min.Y < box.Max.Y {
			return true
		}
	}
	return false
}
