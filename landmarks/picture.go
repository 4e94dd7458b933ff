package landmarks

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"

	"github.com/hxgpu/hxgpu/tree"
)

// TreePicture is a tree with a shape at every node. Shapes in three dimensions are
// drawn by their first two.
type TreePicture struct {
	Topology   *tree.Topology
	Lengths    []float64 // the edge above each node
	Names      []string  // of nodes; tips' are written
	Shapes     [][]float64
	Dimensions int
	Open       bool // outlines are not closed
	Title      string
}

var (
	lineColor  = color.NRGBA{R: 0x60, G: 0x60, B: 0x60, A: 0xff}
	shapeColor = color.NRGBA{R: 0x1f, G: 0x5f, B: 0x9f, A: 0xff}
	faintColor = color.NRGBA{R: 0x1f, G: 0x5f, B: 0x9f, A: 0x28}
	otherColor = color.NRGBA{R: 0xc0, G: 0x50, B: 0x20, A: 0xff}
)

// outline is a shape as a line, moved and scaled.
func outline(shape []float64, dimensions int, open bool, size, x, y float64) plotter.XYs {
	var points plotter.XYs
	for k := 0; k+1 < len(shape); k += dimensions {
		points = append(points, plotter.XY{X: x + size*shape[k], Y: y + size*shape[k+1]})
	}
	if !open && len(points) > 0 {
		points = append(points, points[0])
	}
	return points
}

// DrawTree draws a tree from left to right with a shape at every node. The file's
// ending says its format: .svg, .png or .pdf.
func DrawTree(file string, t TreePicture) error {
	n := t.Topology.Size()
	if len(t.Shapes) != n || len(t.Lengths) != n {
		return fmt.Errorf("the tree has %d nodes, there are %d shapes and %d edge lengths", n, len(t.Shapes), len(t.Lengths))
	}
	x, y := make([]float64, n), make([]float64, n)
	height := 0.0
	for v := 1; v < n; v++ {
		x[v] = x[t.Topology.Parent(v)] + t.Lengths[v]
		height = max(height, x[v])
	}
	rows := order(t.Topology, y)
	if height == 0 {
		height = 1
	}
	// One row is one unit; a shape fills most of it, and the tree is about as wide as
	// it is high.
	width := 1.2 * float64(max(rows, 4))
	size := 0.0
	centred := make([][]float64, n)
	for v, shape := range t.Shapes {
		for _, z := range shape {
			if math.IsNaN(z) || math.IsInf(z, 0) {
				return fmt.Errorf("the shape of node %d has a coordinate %v", v, z)
			}
		}
		centred[v], _ = centre(shape, t.Dimensions)
		for k, z := range centred[v] {
			if k%t.Dimensions < 2 {
				size = max(size, math.Abs(z))
			}
		}
	}
	if size == 0 {
		size = 1
	}
	p := plot.New()
	p.Title.Text = t.Title
	p.HideAxes()
	for v := 1; v < n; v++ {
		parent := t.Topology.Parent(v)
		from, to := width*x[parent]/height, width*x[v]/height
		line, err := plotter.NewLine(plotter.XYs{{X: from, Y: y[parent]}, {X: from, Y: y[v]}, {X: to, Y: y[v]}})
		if err != nil {
			return err
		}
		line.Color = lineColor
		p.Add(line)
	}
	labels := plotter.XYLabels{}
	for v := range n {
		points := outline(centred[v], t.Dimensions, t.Open, 0.46/size, width*x[v]/height, y[v])
		if !t.Open { // the inside hides the edges behind it
			inside, err := plotter.NewPolygon(points)
			if err != nil {
				return err
			}
			inside.Color, inside.LineStyle.Width = color.White, 0
			p.Add(inside)
		}
		line, err := plotter.NewLine(points)
		if err != nil {
			return err
		}
		line.Color, line.Width = shapeColor, vg.Points(1)
		p.Add(line)
		if t.Topology.IsLeaf(v) && v < len(t.Names) {
			labels.XYs = append(labels.XYs, plotter.XY{X: width*x[v]/height + 0.55, Y: y[v]})
			labels.Labels = append(labels.Labels, t.Names[v])
		}
	}
	if len(labels.Labels) > 0 {
		names, err := plotter.NewLabels(labels)
		if err != nil {
			return err
		}
		for i := range names.TextStyle {
			names.TextStyle[i].YAlign = text.YCenter
		}
		p.Add(names)
	}
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = -0.8, width+4, -0.8, float64(rows)-0.2
	unit := vg.Length(min(1.6, 60/float64(max(rows, 1)))) * vg.Centimeter
	return p.Save(unit*vg.Length(width+4.8), unit*vg.Length(float64(rows)+0.6)+vg.Centimeter, file)
}

// order gives every tip a row and every other node the mean of its children's, and
// returns the number of rows.
func order(t *tree.Topology, y []float64) int {
	rows := 0
	type visit struct{ node, child int }
	stack := []visit{{0, 0}}
	for len(stack) > 0 {
		top := &stack[len(stack)-1]
		v := top.node
		count := int(t.ChildCount()[v])
		switch {
		case count == 0:
			y[v] = float64(rows)
			rows++
			stack = stack[:len(stack)-1]
		case top.child < count:
			top.child++
			stack = append(stack, visit{int(t.FirstChild()[v]) + top.child - 1, 0})
		default:
			for k := range count {
				y[v] += y[int(t.FirstChild()[v])+k] / float64(count)
			}
			stack = stack[:len(stack)-1]
		}
	}
	return rows
}

// FanPicture is the draws of one shape on top of each other, with their mean, an
// ellipse for each landmark that holds 95 % of a normal distribution with the
// draws' covariance, and another shape to compare with, if there is one.
type FanPicture struct {
	Draws      [][]float64
	Reference  []float64
	Dimensions int
	Open       bool
	Title      string
	Most       int // draws that are drawn; default 200
}

// DrawFan draws a fan of shapes. The file's ending says its format.
func DrawFan(file string, f FanPicture) error {
	if len(f.Draws) == 0 {
		return fmt.Errorf("there are no draws to draw")
	}
	most := f.Most
	if most == 0 {
		most = 200
	}
	p := plot.New()
	p.Title.Text = f.Title
	p.X.Label.Text, p.Y.Label.Text = "x", "y"
	add := func(shape []float64, c color.Color, width vg.Length) (*plotter.Line, error) {
		line, err := plotter.NewLine(outline(shape, f.Dimensions, f.Open, 1, 0, 0))
		if err != nil {
			return nil, err
		}
		line.Color, line.Width = c, width
		p.Add(line)
		return line, nil
	}
	each := (len(f.Draws) + most - 1) / most
	for i := 0; i < len(f.Draws); i += each {
		if _, err := add(f.Draws[i], faintColor, vg.Points(0.5)); err != nil {
			return err
		}
	}
	mean := (&Set{Points: len(f.Draws[0]) / f.Dimensions, Dimensions: f.Dimensions, Shapes: f.Draws}).Mean()
	for k := 0; k+1 < len(mean); k += f.Dimensions {
		ellipse, err := plotter.NewLine(f.ellipse(mean, k))
		if err != nil {
			return err
		}
		ellipse.Color, ellipse.Width = lineColor, vg.Points(0.7)
		p.Add(ellipse)
	}
	line, err := add(mean, shapeColor, vg.Points(1.5))
	if err != nil {
		return err
	}
	p.Legend.Add("mean", line)
	if f.Reference != nil {
		if line, err = add(f.Reference, otherColor, vg.Points(1)); err != nil {
			return err
		}
		line.Dashes = []vg.Length{vg.Points(4), vg.Points(3)}
		p.Legend.Add("reference", line)
	}
	p.Legend.Top = true
	square(p)
	return p.Save(14*vg.Centimeter, 14*vg.Centimeter, file)
}

// square gives both axes one scale.
func square(p *plot.Plot) {
	half := max(p.X.Max-p.X.Min, p.Y.Max-p.Y.Min) * 0.55
	x, y := (p.X.Min+p.X.Max)/2, (p.Y.Min+p.Y.Max)/2
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = x-half, x+half, y-half, y+half
}

// ellipse is the 95 % ellipse of the landmark whose first coordinate is k.
func (f FanPicture) ellipse(mean []float64, k int) plotter.XYs {
	var xx, xy, yy float64
	for _, shape := range f.Draws {
		dx, dy := shape[k]-mean[k], shape[k+1]-mean[k+1]
		xx, xy, yy = xx+dx*dx, xy+dx*dy, yy+dy*dy
	}
	n := float64(len(f.Draws))
	// The Cholesky factor of the covariance takes a circle to the ellipse.
	a := math.Sqrt(xx / n)
	b := 0.0
	if a > 0 {
		b = xy / n / a
	}
	c := math.Sqrt(max(yy/n-b*b, 0))
	radius := math.Sqrt(-2 * math.Log(0.05))
	var points plotter.XYs
	for i := range 49 {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / 48)
		points = append(points, plotter.XY{X: mean[k] + radius*a*cos, Y: mean[k+1] + radius*(b*cos+c*sin)})
	}
	return points
}
