package landmarks

import "gonum.org/v1/plot/plotter"

// Ellipse is the ellipse of a landmark in a fan.
func Ellipse(f FanPicture, landmark int) plotter.XYs {
	mean := (&Set{Points: len(f.Draws[0]) / f.Dimensions, Dimensions: f.Dimensions, Shapes: f.Draws}).Mean()
	return f.ellipse(mean, landmark*f.Dimensions)
}
