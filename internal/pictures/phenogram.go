package pictures

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Phenograms shows each trait against the distance from the root: the tree's edges join
// the nodes' means, and in trees of not too many tips bars at inner nodes are the
// central 95 %.
func Phenograms(t *Tree, traits []Trait) *Picture {
	p := &Picture{Columns: min(len(traits), 2), Key: []Entry{{Text: "edges, between posterior means", Color: edgeColor}}}
	if t.tips() <= mostBars {
		p.Key = append(p.Key, Entry{Text: "central 95 % at inner nodes", Color: barColor})
	}
	p.Key = append(p.Key, Entry{Text: "tips", Color: posteriorColor, Dots: true})
	for _, trait := range traits[:min(len(traits), MostPanels)] {
		height := vg.Length(min(max(0.22*float64(t.tips()), 10), 16)) * vg.Centimeter
		p.Panels = append(p.Panels, Panel{Name: trait.Name, Width: 16 * vg.Centimeter, Height: height, Draw: func(c draw.Canvas) { drawPhenogram(c, t, trait) }})
	}
	return p
}

// mostBars is the most tips of a tree whose nodes show intervals here.
const mostBars = 150

var (
	edgeColor = faded(okabeIto[7], 0.75)
	barColor  = faded(okabeIto[5], 0.45)
)

// lineOf is how edges of a tree of so many tips are drawn: the more, the fainter.
func lineOf(tips int) draw.LineStyle {
	crowd := math.Log10(max(float64(tips), 10) / 10) // 0 to 3 for 10 to 10,000
	return draw.LineStyle{Color: faded(okabeIto[7], max(0.12, 0.75-0.2*crowd)), Width: vg.Length(max(0.3, 1.1-0.27*crowd))}
}

func drawPhenogram(c draw.Canvas, t *Tree, trait Trait) {
	depth, height := t.depths()
	p := newPlot("", depthLabel, trait.Name)
	if height == 0 {
		height = 1
	}
	low, high := math.Inf(1), math.Inf(-1)
	bars := t.tips() <= mostBars
	for v, s := range trait.States {
		ends := []float64{s.Mean}
		if bars && !t.Topology.IsLeaf(v) {
			ends = append(ends, s.Low, s.High)
		}
		for _, x := range ends {
			if finite(x) {
				low, high = min(low, x), max(high, x)
			}
		}
	}
	if !(low < high) {
		low, high = low-0.5, low+0.5
	}
	if !finite(low) {
		low, high = 0, 1
	}
	p.Y.Min, p.Y.Max = span(low, high, false)
	p.X.Min, p.X.Max = -0.015*height, height
	p.X.Tick.Marker, p.Y.Tick.Marker = ticks{6}, ticks{6}
	leaves := slices.DeleteFunc(slices.Clone(t.Topology.Leaves()), func(v int) bool { return !finite(trait.States[v].Mean) })
	slices.SortStableFunc(leaves, func(a, b int) int { return cmp.Compare(trait.States[a].Mean, trait.States[b].Mean) })
	// As much room on the right as the names need, if they fit.
	size := labelSize(0.93 * (c.Max.Y - c.Min.Y - 1.3*vg.Centimeter) / vg.Length(max(len(leaves), 1)))
	size = min(size, smallText)
	room := t.labelRoom(size, 0.4*(c.Max.X-c.Min.X))
	if room > 0 {
		room += leader + 8
	}
	p.Add(layer(func(c draw.Canvas, x, y func(float64) vg.Length) {
		if bars {
			for v, s := range trait.States {
				if !t.Topology.IsLeaf(v) && s.High > s.Low {
					c.StrokeLine2(draw.LineStyle{Color: barColor, Width: 4}, x(depth[v]), y(s.Low), x(depth[v]), y(s.High))
				}
			}
		}
		line := lineOf(t.tips())
		for v := 1; v < t.Topology.Size(); v++ {
			u := t.Topology.Parent(v)
			if a, b := trait.States[u].Mean, trait.States[v].Mean; finite(a) && finite(b) {
				c.StrokeLine2(line, x(depth[u]), y(a), x(depth[v]), y(b))
			}
		}
		radius := vg.Length(max(0.5, 2.6-0.7*math.Log10(float64(max(t.tips(), 10))/10)))
		ys := make([]vg.Length, len(leaves))
		for i, v := range leaves {
			ys[i] = y(trait.States[v].Mean)
			disc(c, vg.Point{X: x(depth[v]), Y: ys[i]}, radius, posteriorColor)
		}
		if room == 0 {
			return
		}
		style := textStyle(size, textColor)
		for i, at := range spread(ys, size*1.06, c.Min.Y, c.Max.Y) {
			start := x(depth[leaves[i]]) + radius + 1
			end := c.Max.X + leader
			c.StrokeLines(draw.LineStyle{Color: faintColor, Width: 0.5}, []vg.Point{{X: start, Y: ys[i]}, {X: max(start, c.Max.X+2), Y: ys[i]}, {X: end, Y: at}})
			write(c, style, vg.Point{X: end + 2, Y: at}, draw.XLeft, t.name(leaves[i]))
		}
	}))
	p.Draw(draw.Crop(c, 0, -room, 0, 0))
}

// leader is the length of the lines between tips and their names.
const leader = 14

// spread moves sorted places apart so that neighbours are at least a gap from each
// other, moving none further than it must, and keeps them between two ends: groups that
// would overlap are centred on the mean of their places (the pool of adjacent violators
// of isotonic regression).
func spread(places []vg.Length, gap, low, high vg.Length) []vg.Length {
	type group struct {
		sum   vg.Length // of the places, each less its offset within the group
		count int
	}
	var groups []group
	for _, y := range places {
		groups = append(groups, group{y, 1})
		for len(groups) > 1 {
			a, b := groups[len(groups)-2], groups[len(groups)-1]
			if a.sum/vg.Length(a.count)+vg.Length(a.count)*gap <= b.sum/vg.Length(b.count) {
				break
			}
			groups = groups[:len(groups)-1]
			groups[len(groups)-1] = group{a.sum + b.sum - vg.Length(b.count)*vg.Length(a.count)*gap, a.count + b.count}
		}
	}
	var out []vg.Length
	for _, g := range groups {
		for i := range g.count {
			out = append(out, g.sum/vg.Length(g.count)+vg.Length(i)*gap)
		}
	}
	// Within the ends, first from below and then from above.
	for i := range out {
		if least := low + gap/2 + vg.Length(i)*gap; out[i] < least {
			out[i] = least
		}
	}
	for i := range out {
		if most := high - gap/2 - vg.Length(len(out)-1-i)*gap; out[i] > most {
			out[i] = most
		}
	}
	return out
}
