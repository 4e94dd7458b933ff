package landmarks

import (
	"fmt"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// drawnDraws is the number of draws in a fan unless it is set.
const drawnDraws = 200

// FanPicture is the draws of one shape on top of each other, with their mean, an
// ellipse for each landmark that holds 95 % of a normal distribution with the mean
// and the covariance of its draws, and another shape to compare with, if there is
// one. Of three dimensions the first two are drawn.
type FanPicture struct {
	Draws      [][]float64 // each x1, y1, [z1,] x2, ...
	Reference  []float64   // like a draw; may be nil
	Dimensions int         // 2 or 3
	Outline    Outline
	Title      string
	Most       int // draws that are drawn, evenly taken; 200 if not positive
}

// check finds pictures whose parts do not go together.
func (f *FanPicture) check() error {
	switch {
	case len(f.Draws) == 0:
		return fmt.Errorf("landmarks: there are no draws to draw")
	case f.Dimensions != 2 && f.Dimensions != 3:
		return fmt.Errorf("landmarks: shapes have 2 or 3 dimensions, not %d", f.Dimensions)
	}
	if err := checkDraws(f.Draws, len(f.Draws[0]), f.Dimensions); err != nil {
		return fmt.Errorf("landmarks: %w", err)
	}
	if f.Reference != nil {
		if err := checkDraws([][]float64{f.Reference}, len(f.Draws[0]), f.Dimensions); err != nil {
			return fmt.Errorf("landmarks: the reference: %w", err)
		}
	}
	return nil
}

// DrawFan draws a fan of shapes. The file's ending says its format: .svg, .png or
// .pdf.
func DrawFan(file string, f FanPicture) error {
	if err := f.check(); err != nil {
		return err
	}
	most := f.Most
	if most <= 0 {
		most = drawnDraws
	}
	p := plot.New()
	p.Title.Text = f.Title
	p.X.Label.Text, p.Y.Label.Text = "x", "y"
	add := func(shape []float64, style draw.LineStyle) (drawn, error) {
		return f.Outline.add(p, project(shape, f.Dimensions, 1, 0, 0), style)
	}
	each := (len(f.Draws) + most - 1) / most
	for i := 0; i < len(f.Draws); i += each {
		if _, err := add(f.Draws[i], draw.LineStyle{Color: faintColor, Width: vg.Points(0.5)}); err != nil {
			return err
		}
	}
	mean := (&Set{Points: len(f.Draws[0]) / f.Dimensions, Dimensions: f.Dimensions, Shapes: f.Draws}).Mean()
	for k := 0; k < len(mean) && len(f.Draws) > 1; k += f.Dimensions {
		ellipse, err := plotter.NewLine(f.ellipse(mean, k))
		if err != nil {
			return err
		}
		ellipse.Color, ellipse.Width = lineColor, vg.Points(0.7)
		p.Add(ellipse)
	}
	outline, err := add(mean, draw.LineStyle{Color: shapeColor, Width: vg.Points(1.5)})
	if err != nil {
		return err
	}
	p.Legend.Add("mean", outline)
	if f.Reference != nil {
		if outline, err = add(f.Reference, draw.LineStyle{Color: otherColor, Width: vg.Points(1), Dashes: []vg.Length{vg.Points(4), vg.Points(3)}}); err != nil {
			return err
		}
		p.Legend.Add("reference", outline)
	}
	p.Legend.Top = true
	equalScales(p)
	return p.Save(14*vg.Centimeter, 14*vg.Centimeter, file)
}

// ellipse is the 95 % ellipse of the landmark whose first coordinate is k.
func (f *FanPicture) ellipse(mean []float64, k int) plotter.XYs {
	var xx, xy, yy float64
	for _, shape := range f.Draws {
		dx, dy := shape[k]-mean[k], shape[k+1]-mean[k+1]
		xx, xy, yy = xx+dx*dx, xy+dx*dy, yy+dy*dy
	}
	n := float64(len(f.Draws) - 1)
	// The Cholesky factor of the covariance takes a circle to the ellipse.
	a, b := math.Sqrt(xx/n), 0.0
	if a > 0 {
		b = xy / n / a
	}
	c := math.Sqrt(max(yy/n-b*b, 0))
	radius := math.Sqrt(-2 * math.Log(0.05)) // the 95 % point of a chi distribution with 2 degrees of freedom
	var points plotter.XYs
	for i := range 49 {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / 48)
		points = append(points, plotter.XY{X: mean[k] + radius*a*cos, Y: mean[k+1] + radius*(b*cos+c*sin)})
	}
	return points
}
