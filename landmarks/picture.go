package landmarks

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Outline is how the landmarks of a shape are joined in pictures.
type Outline int

// Landmarks are joined in their order.
const (
	ClosedOutline Outline = iota // and the last one with the first
	OpenOutline                  // and the last one not with the first
	NoOutline                    // not at all: they are drawn as points
)

var (
	lineColor  = color.NRGBA{R: 0x60, G: 0x60, B: 0x60, A: 0xff}
	shapeColor = color.NRGBA{R: 0x1f, G: 0x5f, B: 0x9f, A: 0xff}
	faintColor = color.NRGBA{R: 0x1f, G: 0x5f, B: 0x9f, A: 0x28}
	otherColor = color.NRGBA{R: 0xc0, G: 0x50, B: 0x20, A: 0xff}
)

// project takes a shape's first two dimensions to the plane of the picture.
func project(shape []float64, dimensions int, size, x, y float64) plotter.XYs {
	var points plotter.XYs
	for k := 0; k+1 < len(shape); k += dimensions {
		points = append(points, plotter.XY{X: x + size*shape[k], Y: y + size*shape[k+1]})
	}
	return points
}

// drawn is a shape in a plot, which a legend can show.
type drawn interface {
	plot.Plotter
	plot.Thumbnailer
}

// add draws points in the way of the outline.
func (o Outline) add(p *plot.Plot, points plotter.XYs, style draw.LineStyle) (drawn, error) {
	if o == NoOutline {
		dots, err := plotter.NewScatter(points)
		if err != nil {
			return nil, err
		}
		dots.GlyphStyle = draw.GlyphStyle{Color: style.Color, Radius: style.Width + vg.Points(0.8), Shape: draw.CircleGlyph{}}
		p.Add(dots)
		return dots, nil
	}
	if o == ClosedOutline {
		points = append(points, points[0])
	}
	line, err := plotter.NewLine(points)
	if err != nil {
		return nil, err
	}
	line.LineStyle = style
	p.Add(line)
	return line, nil
}

// equalScales gives both axes one scale, in a square picture.
func equalScales(p *plot.Plot) {
	half := math.Max(p.X.Max-p.X.Min, p.Y.Max-p.Y.Min) * 0.55
	x, y := (p.X.Min+p.X.Max)/2, (p.Y.Min+p.Y.Max)/2
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = x-half, x+half, y-half, y+half
}
