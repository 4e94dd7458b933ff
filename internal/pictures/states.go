package pictures

import (
	"fmt"
	"math"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Layout is how a tree is laid out.
type Layout int

// The layouts.
const (
	AutoLayout  Layout = iota // rectangular for up to 100 tips, a fan for more
	Rectangular               // from left to right
	Fan                       // around the root
)

// ParseLayout reads auto, rectangular or fan.
func ParseLayout(text string) (Layout, error) {
	for l, name := range []string{"auto", "rectangular", "fan"} {
		if text == name {
			return Layout(l), nil
		}
	}
	return 0, fmt.Errorf("%q is no layout of a tree: use auto, rectangular or fan", text)
}

const (
	mostRectangular = 100 // tips, by AutoLayout
	mostIntervals   = 70  // tips of a tree whose nodes show intervals
)

// StatesOnTree shows each trait as colour along the edges of the tree, from the mean at
// an edge's upper end to that at its lower one. In a rectangular tree of not too many
// tips a bar at each inner node shows the central 95 %: its colours are those of the
// interval, its length is the interval's in units of the longest.
func StatesOnTree(t *Tree, traits []Trait, layout Layout) *Picture {
	if layout == AutoLayout {
		layout = Rectangular
		if t.tips() > mostRectangular {
			layout = Fan
		}
	}
	p := &Picture{Columns: min(len(traits), 2)}
	for _, trait := range traits[:min(len(traits), MostPanels)] {
		panel := Panel{Name: trait.Name}
		if layout == Fan {
			side := fanSide(t.tips())
			panel.Width, panel.Height = side, side+legendHeight
			panel.Draw = func(c draw.Canvas) { drawFan(c, t, trait) }
		} else {
			panel.Width = 16 * vg.Centimeter
			panel.Height = vg.Length(min(max(0.42*float64(t.tips()), 5), 34))*vg.Centimeter + legendHeight
			panel.Draw = func(c draw.Canvas) { drawRectangular(c, t, trait) }
		}
		p.Panels = append(p.Panels, panel)
	}
	if n := len(traits); n > MostPanels {
		p.Note = fmt.Sprintf("The first %d of %d traits.", MostPanels, n)
	}
	if layout == Rectangular && t.tips() <= mostIntervals {
		p.Note += " Bars at inner nodes: the central 95 %, in its colours; the wider the interval, the longer the bar."
	}
	for _, trait := range traits {
		if n := missing(trait.Observed); n > 0 && t.tips() <= 300 {
			p.Note += " Rings: tips without a value."
			break
		}
	}
	if t.Topology.Size() > mostUnclipped {
		p.Note += " The colours span all but the outermost hundredth of the states."
	}
	return p
}

func missing(observed []bool) (n int) {
	for _, has := range observed {
		if !has {
			n++
		}
	}
	return n
}

// leastRing is the radius from which a ring is seen as one.
const leastRing = 1.1

// fanSide is the side of a fan's square.
func fanSide(tips int) vg.Length {
	switch {
	case tips <= 60:
		return 16 * vg.Centimeter
	case tips <= 150:
		return 20 * vg.Centimeter
	}
	return 26 * vg.Centimeter
}

const legendHeight = 1.5 * vg.Centimeter

// drawScale draws the colours of a scale with its numbers, at the top of a canvas, and
// returns what is below.
func drawScale(c draw.Canvas, s scale, title string) draw.Canvas {
	width := min(7*vg.Centimeter, 0.6*(c.Max.X-c.Min.X))
	left, top := c.Min.X+8, c.Max.Y-13
	const height, steps = 7, 64
	style := textStyle(normalText, textColor)
	c.FillText(style, vg.Point{X: left, Y: top + 3}, shorten(title, 60))
	for i := range steps {
		from, to := left+width*vg.Length(i)/steps, left+width*(vg.Length(i)+1.2)/steps
		if i == steps-1 {
			to = left + width
		}
		c.FillPolygon(stateColor((float64(i)+0.5)/steps), []vg.Point{{X: from, Y: top}, {X: to, Y: top}, {X: to, Y: top - height}, {X: from, Y: top - height}})
	}
	style = textStyle(smallText, textColor)
	style.XAlign, style.YAlign = draw.XCenter, draw.YTop
	for _, tick := range (ticks{5}).Ticks(s.low, s.high) {
		x := left + width*vg.Length(s.at(tick.Value))
		c.StrokeLine2(draw.LineStyle{Color: greyColor, Width: 0.5}, x, top-height, x, top-height-2.5)
		c.FillText(style, vg.Point{X: x, Y: top - height - 3}, tick.Label)
	}
	return draw.Crop(c, 0, 0, 0, -legendHeight)
}

// edgeWidth is how thick edges are where tips are so far apart.
func edgeWidth(spacing vg.Length) vg.Length { return min(max(spacing*0.35, 0.35), 3.2) }

// labelSize is the size of text that fits rows so far apart, or 0 where none does.
func labelSize(spacing vg.Length) vg.Length {
	size := min(spacing*0.92, normalText)
	if size < 4.5 {
		return 0
	}
	return size
}

// labelRoom is the room that the tips' names take.
func (t *Tree) labelRoom(size, most vg.Length) vg.Length {
	if size == 0 {
		return 0
	}
	style, room := textStyle(size, textColor), vg.Length(0)
	for _, v := range t.Topology.Leaves() {
		room = max(room, style.Width(t.name(v)))
	}
	return min(room, most)
}

// pieces is into how many pieces of one colour an edge is cut.
func pieces(s scale, from, to float64, length vg.Length) int {
	by := math.Abs(s.at(to)-s.at(from)) * 48
	if !finite(by) {
		return 1
	}
	return int(min(max(by, 1), max(float64(length)/1.2, 1), 32))
}

// drawRectangular draws a tree from left to right.
func drawRectangular(c draw.Canvas, t *Tree, trait Trait) {
	s := stateScale(trait.States)
	c = drawScale(c, s, trait.Name)
	depth, height := t.depths()
	row := t.rows()
	c = draw.Crop(c, 4, -2, 0, 0)
	axis := drawDepthAxis(&c, height)
	spacing := (c.Max.Y - c.Min.Y) / vg.Length(t.tips())
	size, thick := labelSize(spacing), edgeWidth(spacing)
	tip := min(max(thick*0.9, 0.5), 3)
	room := t.labelRoom(size, 0.45*(c.Max.X-c.Min.X)) + 2*tip + 4
	reach := min(18, 0.06*(c.Max.X-c.Min.X)) // half of the longest bar
	left, right := c.Min.X+thick, c.Max.X-room
	intervals := t.tips() <= mostIntervals
	if intervals {
		left = c.Min.X + reach + 1
	}
	x := func(v int) vg.Length {
		if height == 0 {
			return left
		}
		return left + (right-left)*vg.Length(depth[v]/height)
	}
	y := func(v int) vg.Length { return c.Max.Y - spacing*(vg.Length(row[v])+0.5) }
	axis(left, right)
	for v := 1; v < t.Topology.Size(); v++ {
		u := t.Topology.Parent(v)
		from := trait.States[u].Mean
		c.StrokeLine2(draw.LineStyle{Color: stateColor(s.at(from)), Width: thick}, x(u), y(u), x(u), y(v))
	}
	for v := 1; v < t.Topology.Size(); v++ {
		u := t.Topology.Parent(v)
		from, to := trait.States[u].Mean, trait.States[v].Mean
		// The edge covers the corner.
		a, b := x(u)-thick/2, x(v)
		n := pieces(s, from, to, b-a)
		for i := range n {
			f0, f1 := vg.Length(i)/vg.Length(n), vg.Length(i+1)/vg.Length(n)
			color := stateColor(s.at(from + (to-from)*(float64(i)+0.5)/float64(n)))
			end := a + (b-a)*f1
			if i < n-1 {
				end += 0.3 // without a gap
			}
			c.StrokeLine2(draw.LineStyle{Color: color, Width: thick}, a+(b-a)*f0, y(v), end, y(v))
		}
	}
	if intervals {
		drawIntervals(c, t, trait, s, x, y, reach, right, min(thick*1.5+2, spacing*0.6))
	}
	drawTips(c, t, trait, s, size, tip, func(v int) (at, name vg.Point, angle float64) {
		at = vg.Point{X: x(v), Y: y(v)}
		return at, at, 0
	})
}

// drawDepthAxis makes room for an axis of distances from the root below a tree, and
// returns what draws it once the tree's place is known.
func drawDepthAxis(c *draw.Canvas, height float64) func(left, right vg.Length) {
	bottom := c.Min.Y
	*c = draw.Crop(*c, 0, 0, 26, 0)
	canvas := *c
	return func(left, right vg.Length) {
		if height == 0 {
			return
		}
		at := bottom + 23
		line := draw.LineStyle{Color: greyColor, Width: 0.5}
		canvas.StrokeLine2(line, left, at, right, at)
		style := textStyle(smallText, textColor)
		style.XAlign, style.YAlign = draw.XCenter, draw.YTop
		for _, tick := range (ticks{6}).Ticks(0, height) {
			x := left + (right-left)*vg.Length(tick.Value/height)
			canvas.StrokeLine2(line, x, at, x, at-2.5)
			canvas.FillText(style, vg.Point{X: x, Y: at - 3}, tick.Label)
		}
		canvas.FillText(style, vg.Point{X: (left + right) / 2, Y: at - 12.5}, depthLabel)
	}
}

const depthLabel = "distance from the root"

// drawIntervals draws a bar at each inner node, none of which reaches further right
// than end, where the names are.
func drawIntervals(c draw.Canvas, t *Tree, trait Trait, s scale, x, y func(int) vg.Length, reach, end, thick vg.Length) {
	longest := 0.0
	for v, state := range trait.States {
		if !t.Topology.IsLeaf(v) && finite(state.High-state.Low) {
			longest = max(longest, state.High-state.Low)
		}
	}
	for v, state := range trait.States {
		if t.Topology.IsLeaf(v) || !(state.High > state.Low) || !finite(state.High-state.Low) {
			continue
		}
		half := reach * vg.Length((state.High-state.Low)/longest)
		middle := min(x(v), end-half)
		const steps = 16
		bottom, top := y(v)-thick/2, y(v)+thick/2
		for i := range steps {
			from := middle - half + 2*half*vg.Length(i)/steps
			to := middle - half + 2*half*(vg.Length(i)+1.1)/steps
			if i == steps-1 {
				to = middle + half
			}
			color := stateColor(s.at(state.Low + (state.High-state.Low)*(float64(i)+0.5)/steps))
			c.FillPolygon(color, []vg.Point{{X: from, Y: bottom}, {X: to, Y: bottom}, {X: to, Y: top}, {X: from, Y: top}})
		}
		drawNumbers(c, t, v, state, x, y, half)
		left, right := middle-half, middle+half
		c.StrokeLines(draw.LineStyle{Color: textColor, Width: 0.5}, []vg.Point{{X: left, Y: bottom}, {X: right, Y: bottom}, {X: right, Y: top}, {X: left, Y: top}, {X: left, Y: bottom}})
	}
}

// drawNumbers writes a node's mean and interval above the edge that leads to it, where
// they fit.
func drawNumbers(c draw.Canvas, t *Tree, v int, state State, x, y func(int) vg.Length, half vg.Length) {
	if v == 0 {
		return
	}
	const size = 6.5
	style := textStyle(size, textColor)
	numbers := intervalText(state)
	end := x(v) - half - 3
	if spaceBelow := (c.Max.Y - c.Min.Y) / vg.Length(t.tips()); end-style.Width(numbers) > x(t.Topology.Parent(v))+4 && spaceBelow >= 1.4*size {
		write(c, style, vg.Point{X: end, Y: y(v) + 6.2}, draw.XRight, numbers)
	}
}

// drawTips draws tips and their names, which start at a place, joined to the tip's by a
// faint line, and go in a direction.
func drawTips(c draw.Canvas, t *Tree, trait Trait, s scale, size, radius vg.Length, place func(v int) (at, name vg.Point, angle float64)) {
	for i, v := range t.Topology.Leaves() {
		at, name, angle := place(v)
		sin, cos := math.Sincos(angle)
		along := func(d vg.Length) vg.Point {
			return vg.Point{X: name.X + d*vg.Length(cos), Y: name.Y + d*vg.Length(sin)}
		}
		if size > 0 && name != at {
			c.StrokeLine2(draw.LineStyle{Color: faintColor, Width: 0.4}, at.X, at.Y, name.X, name.Y)
		}
		color := stateColor(s.at(trait.States[v].Mean))
		if trait.Observed != nil && !trait.Observed[i] && radius >= leastRing {
			ring(c, at, radius, color)
		} else if size > 0 {
			disc(c, at, radius, color)
		}
		if size > 0 {
			drawRotated(c, textStyle(size, textColor), along(radius+3), angle, t.name(v))
		}
	}
}

// drawRotated writes a text that starts at a place and goes in a direction; on the left
// it is turned around, so that no name stands on its head.
func drawRotated(c draw.Canvas, style text.Style, at vg.Point, angle float64, name string) {
	align := draw.XLeft
	style.Rotation = angle
	if math.Cos(angle) < 0 {
		align, style.Rotation = draw.XRight, angle+math.Pi
	}
	write(c, style, at, align, name)
}
