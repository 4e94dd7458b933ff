package pictures

import (
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// fanAngle is how far a fan reaches around its root: not all around, so that the first
// and the last tip are told apart.
const fanAngle = 2 * math.Pi * 0.97

// drawFan draws a tree around its root.
func drawFan(c draw.Canvas, t *Tree, trait Trait) {
	s := stateScale(trait.States)
	c = drawScale(c, s, trait.Name)
	depth, height := t.depths()
	row := t.rows()
	tips := vg.Length(t.tips())
	half := min(c.Max.X-c.Min.X, c.Max.Y-c.Min.Y) / 2
	centre := c.Center()
	// The names take room of the radius, and the radius decides whether they fit.
	radius := half - 4
	size := vg.Length(0)
	for fit := labelSize(fanAngle * half * 0.8 / tips); fit >= 4.5; fit -= 0.25 {
		inner := half - t.labelRoom(fit, 0.4*half) - 10
		if labelSize(fanAngle*inner/tips) >= fit {
			radius, size = inner, fit
			break
		}
	}
	thick := edgeWidth(fanAngle * radius * vg.Length(t.nearTips(depth, height)) / tips)
	below := t.below()
	width := func(v int) vg.Length { // thin edges are thicker where many tips are below
		if thick > 1 {
			return thick
		}
		return min(thick*vg.Length(1+0.7*math.Log10(float64(below[v]))), 1.5)
	}
	angle := func(v int) float64 { return math.Pi/2 - fanAngle*(row[v]+0.5)/float64(t.tips()) }
	distance := func(v int) vg.Length {
		if height == 0 {
			return 0
		}
		return radius * vg.Length(depth[v]/height)
	}
	polar := func(r vg.Length, a float64) vg.Point {
		sin, cos := math.Sincos(a)
		return vg.Point{X: centre.X + r*vg.Length(cos), Y: centre.Y + r*vg.Length(sin)}
	}
	drawRings(c, centre, radius, height)
	for v := 1; v < t.Topology.Size(); v++ {
		u := t.Topology.Parent(v)
		if u == 0 && depth[u] == 0 {
			continue // the root's arc has no length
		}
		arc := arcPoints(angle(u), angle(v), distance(u), polar)
		c.StrokeLines(draw.LineStyle{Color: stateColor(s.at(trait.States[u].Mean)), Width: width(v)}, arc)
	}
	for v := 1; v < t.Topology.Size(); v++ {
		u := t.Topology.Parent(v)
		from, to := trait.States[u].Mean, trait.States[v].Mean
		a, b := distance(u), distance(v)
		n := pieces(s, from, to, b-a)
		if thick < 1 {
			n = min(n, 6) // thin edges are short, or seen as one
		}
		for i := range n {
			f0, f1 := vg.Length(i)/vg.Length(n), vg.Length(i+1)/vg.Length(n)
			color := stateColor(s.at(from + (to-from)*(float64(i)+0.5)/float64(n)))
			c.StrokeLines(draw.LineStyle{Color: color, Width: width(v)}, []vg.Point{polar(a+(b-a)*f0, angle(v)), polar(a+(b-a)*f1, angle(v))})
		}
	}
	drawTips(c, t, trait, s, size, min(max(thick*0.8, 0.4), 3), func(v int) (at, name vg.Point, a float64) {
		return polar(distance(v), angle(v)), polar(radius, angle(v)), angle(v)
	})
}

// nearTips is how far the tips that are near the root reach, as a share of the height:
// where they stand edges are closest. A tenth of the tips may be nearer.
func (t *Tree) nearTips(depth []float64, height float64) float64 {
	if height == 0 {
		return 1
	}
	var share []float64
	for _, v := range t.Topology.Leaves() {
		share = append(share, depth[v]/height)
	}
	slices.Sort(share)
	return quantile(share, 0.1)
}

// drawRings draws circles at round distances from the root.
func drawRings(c draw.Canvas, centre vg.Point, radius vg.Length, height float64) {
	if height == 0 {
		return
	}
	style := textStyle(6.5, greyColor)
	style.XAlign, style.YAlign = draw.XCenter, draw.YCenter
	for _, tick := range (ticks{4}).Ticks(0, height) {
		if tick.Value == 0 {
			continue
		}
		r := radius * vg.Length(tick.Value/height)
		circle := arcPoints(0, 2*math.Pi, r, func(r vg.Length, a float64) vg.Point {
			sin, cos := math.Sincos(a)
			return vg.Point{X: centre.X + r*vg.Length(cos), Y: centre.Y + r*vg.Length(sin)}
		})
		c.StrokeLines(draw.LineStyle{Color: faintColor, Width: 0.5}, circle)
		// In the gap between the last tip and the first.
		gap := math.Pi/2 + (2*math.Pi-fanAngle)/2
		sin, cos := math.Sincos(gap)
		c.FillText(style, vg.Point{X: centre.X + r*vg.Length(cos), Y: centre.Y + r*vg.Length(sin)}, tick.Label)
	}
}

// arcPoints are points along an arc, close enough to look round.
func arcPoints(from, to float64, r vg.Length, polar func(vg.Length, float64) vg.Point) []vg.Point {
	n := 1 + int(math.Abs(to-from)*math.Max(float64(r), 1)/2.5)
	n = min(n, 180)
	out := make([]vg.Point, n+1)
	for i := range out {
		out[i] = polar(r, from+(to-from)*float64(i)/float64(n))
	}
	return out
}
