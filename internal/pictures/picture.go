package pictures

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Panel is a part of a picture, or all of it.
type Panel struct {
	Name          string    // what it is of, such as a parameter
	Width, Height vg.Length // at which its text is readable
	Draw          func(draw.Canvas)

	rigid bool              // its text cannot be left out
	plot  func() *plot.Plot // what Draw draws, where that is a plot whose axes are to be in line with its neighbours'
}

// plotPanel is a small panel with one plot.
func plotPanel(name string, of func() *plot.Plot) Panel {
	return Panel{Name: name, Width: panelWidth, Height: panelHeight, Draw: func(c draw.Canvas) { of().Draw(c) }, plot: of}
}

// Entry is a line of a picture's key.
type Entry struct {
	Text  string
	Color color.NRGBA
	Dots  bool // a disc, not a line
	Dash  bool // a dashed line
}

// Picture is one panel or several in a grid, with one key for all.
type Picture struct {
	Panels  []Panel
	Columns int // of the grid; 0 to choose
	Key     []Entry
	Note    string // what is left out or worth knowing, in a sentence
}

const (
	gap     = 0.35 * vg.Centimeter // between panels
	keyLine = 0.55 * vg.Centimeter
	margin  = 0.25 * vg.Centimeter
	// noteLine is the height of a line of the note.
	noteLine = 11
)

func (p *Picture) columns() int {
	switch n := len(p.Panels); {
	case p.Columns > 0:
		return min(p.Columns, max(n, 1))
	case n <= 3:
		return max(n, 1)
	case n == 4:
		return 2
	}
	return 3
}

// Size is the size at which the picture's text is readable.
func (p *Picture) Size() (width, height vg.Length) {
	columns := p.columns()
	rows := (len(p.Panels) + columns - 1) / columns
	for _, panel := range p.Panels {
		width, height = max(width, panel.Width), max(height, panel.Height)
	}
	width = vg.Length(columns)*width + vg.Length(columns-1)*gap + 2*margin
	height = vg.Length(rows)*height + vg.Length(rows-1)*gap + 2*margin
	return width, height + p.keyHeight(width-2*margin)
}

// draw draws the picture, the key on top and the note below.
func (p *Picture) draw(c draw.Canvas) {
	fill(c, color.NRGBA{255, 255, 255, 255})
	if f := p.shrink(c.Max.X-c.Min.X, c.Max.Y-c.Min.Y); f < 1 {
		c.Push()
		defer c.Pop()
		c.Scale(f, f)
		by := vg.Length(f)
		c.Min, c.Max = vg.Point{X: c.Min.X / by, Y: c.Min.Y / by}, vg.Point{X: c.Max.X / by, Y: c.Max.Y / by}
	}
	c = draw.Crop(c, margin, -margin, margin, -margin)
	width := c.Max.X - c.Min.X
	keyHeight, noteHeight := p.keyRows(width), p.noteRows(width)
	p.drawKey(draw.Crop(c, 0, 0, c.Max.Y-c.Min.Y-vg.Length(keyHeight)*keyLine, 0))
	style := textStyle(smallText, greyColor)
	for i, line := range wrap(style, p.Note, width) {
		c.FillText(style, vg.Point{X: c.Min.X, Y: c.Min.Y + vg.Length(noteHeight-i-1)*noteLine + 2}, line)
	}
	c = draw.Crop(c, 0, 0, noteRoom(noteHeight), -vg.Length(keyHeight)*keyLine)
	columns := p.columns()
	rows := (len(p.Panels) + columns - 1) / columns
	w := (c.Max.X - c.Min.X - vg.Length(columns-1)*gap) / vg.Length(columns)
	h := (c.Max.Y - c.Min.Y - vg.Length(rows-1)*gap) / vg.Length(rows)
	if p.drawAligned(c, rows, columns) {
		return
	}
	for i, panel := range p.Panels {
		left := c.Min.X + vg.Length(i%columns)*(w+gap)
		top := c.Max.Y - vg.Length(i/columns)*(h+gap)
		panel.Draw(draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{Min: vg.Point{X: left, Y: top - h}, Max: vg.Point{X: left + w, Y: top}}})
	}
}

// drawAligned draws panels that are all plots with their axes in line.
func (p *Picture) drawAligned(c draw.Canvas, rows, columns int) bool {
	plots := make([][]*plot.Plot, rows)
	for i, panel := range p.Panels {
		if panel.plot == nil {
			return false
		}
		plots[i/columns] = append(plots[i/columns], panel.plot())
	}
	if rows == 0 {
		return false
	}
	for last := rows - 1; len(plots[last]) < columns; {
		plots[last] = append(plots[last], nil)
	}
	tiles := draw.Tiles{Rows: rows, Cols: columns, PadX: gap, PadY: gap}
	for i, row := range plot.Align(plots, tiles, c) {
		for j, place := range row {
			if plots[i][j] != nil {
				plots[i][j].Draw(place)
			}
		}
	}
	return true
}

func (p *Picture) keyHeight(width vg.Length) vg.Length {
	return vg.Length(p.keyRows(width))*keyLine + noteRoom(p.noteRows(width))
}

// noteRoom is the room that the lines of a note take.
func noteRoom(lines int) vg.Length {
	if lines == 0 {
		return 0
	}
	return vg.Length(lines)*noteLine + 5
}

// shrink is by how much text and all must shrink for a picture of axes to be drawn in
// a size that is much smaller than its own. Trees do without: they leave names out.
func (p *Picture) shrink(width, height vg.Length) float64 {
	for _, panel := range p.Panels {
		if panel.plot == nil && !panel.rigid {
			return 1
		}
	}
	w, h := p.Size()
	const least = 0.62 // of the own size
	return min(1, float64(width/(least*w)), float64(height/(least*h)))
}

func (p *Picture) noteRows(width vg.Length) int {
	return len(wrap(textStyle(smallText, greyColor), p.Note, width))
}

const swatch = 0.7 * vg.Centimeter

// eachEntry gives the place of every entry of the key, and returns the rows.
func (p *Picture) eachEntry(width vg.Length, visit func(e Entry, x vg.Length, row int)) int {
	if len(p.Key) == 0 {
		return 0
	}
	x, row := vg.Length(0), 0
	style := textStyle(smallText, textColor)
	for _, e := range p.Key {
		w := swatch + 4 + style.Width(e.Text) + 12
		if x > 0 && x+w > width {
			x, row = 0, row+1
		}
		visit(e, x, row)
		x += w
	}
	return row + 1
}

func (p *Picture) keyRows(width vg.Length) int {
	return p.eachEntry(width, func(Entry, vg.Length, int) {})
}

func (p *Picture) drawKey(c draw.Canvas) {
	style := textStyle(smallText, textColor)
	p.eachEntry(c.Max.X-c.Min.X, func(e Entry, x vg.Length, row int) {
		y := c.Max.Y - (vg.Length(row)+0.5)*keyLine
		x += c.Min.X
		switch {
		case e.Dots:
			disc(c, vg.Point{X: x + swatch/2, Y: y}, 2.8, e.Color)
		default:
			s := draw.LineStyle{Color: e.Color, Width: 2}
			if e.Dash {
				s.Dashes = dashes
			}
			c.StrokeLine2(s, x, y, x+swatch, y)
		}
		write(c, style, vg.Point{X: x + swatch + 4, Y: y}, draw.XLeft, e.Text)
	})
}

// layer draws something in the coordinates of a plot's axes.
type layer func(c draw.Canvas, x, y func(float64) vg.Length)

// Plot implements plot.Plotter.
func (l layer) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	l(c, x, y)
}

// points transforms points and leaves out those that are not finite.
func points(xs, ys []float64, x, y func(float64) vg.Length) []vg.Point {
	out := make([]vg.Point, 0, len(xs))
	for i := range xs {
		if finite(xs[i]) && finite(ys[i]) {
			out = append(out, vg.Point{X: x(xs[i]), Y: y(ys[i])})
		}
	}
	return out
}

// curve is a line through points, cut off at the axes.
func curve(xs, ys []float64, style draw.LineStyle) layer {
	return func(c draw.Canvas, x, y func(float64) vg.Length) {
		if line := points(xs, ys, x, y); len(line) > 1 {
			c.StrokeLines(style, c.ClipLinesXY(line)...)
		}
	}
}

// area fills what is between a curve and 0.
func area(xs, ys []float64, fill color.Color) layer {
	return func(c draw.Canvas, x, y func(float64) vg.Length) {
		line := points(xs, ys, x, y)
		if len(line) < 2 {
			return
		}
		line = append([]vg.Point{{X: line[0].X, Y: y(0)}}, line...)
		line = append(line, vg.Point{X: line[len(line)-1].X, Y: y(0)})
		c.FillPolygon(fill, c.ClipPolygonXY(line))
	}
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

func fill(c draw.Canvas, with color.Color) {
	c.FillPolygon(with, []vg.Point{c.Min, {X: c.Max.X, Y: c.Min.Y}, c.Max, {X: c.Min.X, Y: c.Max.Y}})
}

// disc draws a filled circle.
func disc(c draw.Canvas, at vg.Point, radius vg.Length, with color.Color) {
	c.DrawGlyphNoClip(draw.GlyphStyle{Color: with, Radius: radius, Shape: draw.CircleGlyph{}}, at)
}

// ring draws a white circle with a rim.
func ring(c draw.Canvas, at vg.Point, radius vg.Length, with color.Color) {
	disc(c, at, radius, color.White)
	c.SetLineStyle(draw.LineStyle{Color: with, Width: 0.8})
	var p vg.Path
	p.Move(vg.Point{X: at.X + radius, Y: at.Y})
	p.Arc(at, radius, 0, 2*math.Pi)
	p.Close()
	c.Stroke(p)
}

// Parts are the picture's panels as pictures of their own, without the key, where it
// has several; or else the picture itself.
func (p *Picture) Parts() []*Picture {
	if len(p.Panels) < 2 {
		return []*Picture{{Panels: p.Panels, Columns: p.Columns, Key: p.Key}}
	}
	var parts []*Picture
	for _, panel := range p.Panels {
		parts = append(parts, &Picture{Panels: []Panel{panel}})
	}
	return parts
}
