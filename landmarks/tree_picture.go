package landmarks

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/hxgpu/hxgpu/tree"
)

// TreePicture is a tree with a shape at every node. All shapes are centred and drawn
// to one scale; of three dimensions the first two are drawn.
type TreePicture struct {
	Topology   *tree.Topology
	Lengths    []float64   // of the edge above each node; the root's is not drawn
	Names      []string    // of the nodes; those of tips are written; may be empty
	Shapes     [][]float64 // of each node, such as its posterior mean: x1, y1, [z1,] x2, ...
	Dimensions int         // 2 or 3
	Outline    Outline
	Title      string
}

// check finds pictures whose parts do not go together.
func (t *TreePicture) check() error {
	if t.Topology == nil {
		return fmt.Errorf("landmarks: there is no tree to draw")
	}
	n := t.Topology.Size()
	switch {
	case len(t.Shapes) != n || len(t.Lengths) != n:
		return fmt.Errorf("landmarks: the tree has %d nodes, there are %d shapes and %d edge lengths", n, len(t.Shapes), len(t.Lengths))
	case len(t.Names) != 0 && len(t.Names) != n:
		return fmt.Errorf("landmarks: the tree has %d nodes, there are %d names", n, len(t.Names))
	case t.Dimensions != 2 && t.Dimensions != 3:
		return fmt.Errorf("landmarks: shapes have 2 or 3 dimensions, not %d", t.Dimensions)
	}
	for v, shape := range t.Shapes {
		if err := checkDraws([][]float64{shape}, len(t.Shapes[0]), t.Dimensions); err != nil {
			return fmt.Errorf("landmarks: the shape of node %d: %w", v, err)
		}
		if v > 0 && (!(t.Lengths[v] >= 0) || math.IsInf(t.Lengths[v], 1)) {
			return fmt.Errorf("landmarks: the edge above node %d has the length %v", v, t.Lengths[v])
		}
	}
	return nil
}

// place lays the tree out: x is the distance from the root, y the row of a tip, or
// the mean of the children's y.
func (t *TreePicture) place() (x, y []float64, height float64, rows int) {
	n := t.Topology.Size()
	x, y = make([]float64, n), make([]float64, n)
	for v := 1; v < n; v++ {
		x[v] = x[t.Topology.Parent(v)] + t.Lengths[v]
		height = max(height, x[v])
	}
	if height == 0 {
		height = 1
	}
	return x, y, height, order(t.Topology, y)
}

// DrawTree draws a tree from left to right with a shape at every node and the tips'
// names. The file's ending says its format: .svg, .png or .pdf.
func DrawTree(file string, t TreePicture) error {
	p, width, height, err := t.Plot()
	if err != nil {
		return err
	}
	return p.Save(width, height, file)
}

// Plot makes the picture of [DrawTree], to be drawn elsewhere, and says at which size
// one row of the tree is as wide as it is high.
func (t *TreePicture) Plot() (p *plot.Plot, pageWidth, pageHeight vg.Length, err error) {
	if err := t.check(); err != nil {
		return nil, 0, 0, err
	}
	x, y, height, rows := t.place()
	// One row is one unit, and the tree is about as wide as it is high, less so if it
	// has many rows.
	width := min(1.2*float64(max(rows, 4)), 20+0.25*float64(rows))
	for v := range x {
		x[v] *= width / height
	}
	p = plot.New()
	p.Title.Text = t.Title
	p.Title.TextStyle.Font.Variant = "Sans"
	p.HideAxes()
	for v := 1; v < len(x); v++ {
		parent := t.Topology.Parent(v)
		line, err := plotter.NewLine(plotter.XYs{{X: x[parent], Y: y[parent]}, {X: x[parent], Y: y[v]}, {X: x[v], Y: y[v]}})
		if err != nil {
			return nil, 0, 0, err
		}
		line.Color = lineColor
		p.Add(line)
	}
	half, err := t.addShapes(p, x, y)
	if err != nil {
		return nil, 0, 0, err
	}
	unit := vg.Length(min(1.6, 60/float64(rows))) * vg.Centimeter
	room, err := t.addNames(p, x, y, half+0.1)
	if err != nil {
		return nil, 0, 0, err
	}
	left, right := half+0.3, half+0.6+float64(room/unit)
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = -left, width+right, -0.8, float64(rows)-0.2
	return p, unit * vg.Length(width+left+right), unit*vg.Length(float64(rows)+0.6) + vg.Centimeter, nil
}

// Shapes reach at most so far up and down, and left and right, of their nodes, in
// rows.
const (
	halfHeight = 0.46
	halfWidth  = 0.8
)

// addShapes draws the shapes, and returns how far they reach left and right.
func (t *TreePicture) addShapes(p *plot.Plot, x, y []float64) (half float64, err error) {
	reachX, reachY := 0.0, 0.0
	centred := make([][]float64, len(t.Shapes))
	for v, shape := range t.Shapes {
		centred[v], _ = centre(shape, t.Dimensions)
		for _, point := range project(centred[v], t.Dimensions, 1, 0, 0) {
			reachX, reachY = max(reachX, math.Abs(point.X)), max(reachY, math.Abs(point.Y))
		}
	}
	size := min(halfWidth/reachX, halfHeight/reachY)
	if math.IsInf(size, 1) { // all shapes are points
		size = 1
	}
	for v, shape := range centred {
		points := project(shape, t.Dimensions, size, x[v], y[v])
		if t.Outline == ClosedOutline { // the inside hides the edges behind it
			inside, err := plotter.NewPolygon(points)
			if err != nil {
				return 0, err
			}
			inside.Color, inside.LineStyle.Width = color.White, 0
			p.Add(inside)
		}
		if _, err := t.Outline.add(p, points, draw.LineStyle{Color: shapeColor, Width: vg.Points(1)}); err != nil {
			return 0, err
		}
	}
	return size * reachX, nil
}

// addNames writes the tips' names at a distance from their nodes, and returns the
// room that they need.
func (t *TreePicture) addNames(p *plot.Plot, x, y []float64, distance float64) (vg.Length, error) {
	if len(t.Names) == 0 {
		return 0, nil
	}
	labels := plotter.XYLabels{}
	for _, v := range t.Topology.Leaves() {
		labels.XYs = append(labels.XYs, plotter.XY{X: x[v] + distance, Y: y[v]})
		labels.Labels = append(labels.Labels, t.Names[v])
	}
	names, err := plotter.NewLabels(labels)
	if err != nil {
		return 0, err
	}
	room := vg.Length(0)
	for i := range names.TextStyle {
		style := &names.TextStyle[i]
		style.YAlign = text.YCenter
		style.Font = font.From(font.Font{Typeface: "Liberation", Variant: "Sans"}, vg.Points(10))
		room = max(room, style.Width(labels.Labels[i]))
	}
	p.Add(names)
	return room, nil
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
