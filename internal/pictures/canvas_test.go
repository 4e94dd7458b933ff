package pictures

import (
	"image"
	"image/color"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// sheet is a canvas that keeps the texts that are written on it, with the corners of
// the box around each, and counts lines and areas.
type sheet struct {
	texts          []written
	strokes, fills int
	now            [6]float64 // the transformation: x' = a x + c y + e, y' = b x + d y + f
	stack          [][6]float64
	color          color.Color
}

type written struct {
	text    string
	corners [4]vg.Point
}

func newSheet() *sheet { return &sheet{now: [6]float64{1, 0, 0, 1, 0, 0}} }

func (s *sheet) SetLineWidth(vg.Length)              {}
func (s *sheet) SetLineDash([]vg.Length, vg.Length)  {}
func (s *sheet) SetColor(c color.Color)              { s.color = c }
func (s *sheet) Push()                               { s.stack = append(s.stack, s.now) }
func (s *sheet) Pop()                                { s.now, s.stack = s.stack[len(s.stack)-1], s.stack[:len(s.stack)-1] }
func (s *sheet) Stroke(vg.Path)                      { s.strokes++ }
func (s *sheet) Fill(vg.Path)                        { s.fills++ }
func (s *sheet) DrawImage(vg.Rectangle, image.Image) {}
func (s *sheet) Scale(x, y float64)                  { panic("no picture scales") }
func (s *sheet) Rotate(angle float64) {
	sin, cos := math.Sincos(angle)
	m := s.now
	s.now = [6]float64{m[0]*cos + m[2]*sin, m[1]*cos + m[3]*sin, m[2]*cos - m[0]*sin, m[3]*cos - m[1]*sin, m[4], m[5]}
}

func (s *sheet) Translate(p vg.Point) {
	at := s.at(p)
	s.now[4], s.now[5] = float64(at.X), float64(at.Y)
}

func (s *sheet) at(p vg.Point) vg.Point {
	x, y, m := float64(p.X), float64(p.Y), s.now
	return vg.Point{X: vg.Length(m[0]*x + m[2]*y + m[4]), Y: vg.Length(m[1]*x + m[3]*y + m[5])}
}

func (s *sheet) FillString(f font.Face, p vg.Point, text string) {
	w, h := f.Width(text), 0.7*f.Font.Size // of capitals
	s.texts = append(s.texts, written{text, [4]vg.Point{s.at(p), s.at(p.Add(vg.Point{X: w})), s.at(p.Add(vg.Point{X: w, Y: h})), s.at(p.Add(vg.Point{Y: h}))}})
}

// drawn draws a picture at its own size and checks that no text is cut off and that
// none lies on another.
func drawn(t *testing.T, p *Picture) *sheet {
	t.Helper()
	width, height := p.Size()
	s := newSheet()
	p.draw(draw.NewCanvas(s, width, height))
	for i, a := range s.texts {
		for _, c := range a.corners {
			require.True(t, c.X >= -0.5 && c.X <= width+0.5 && c.Y >= -0.5 && c.Y <= height+0.5, "%q is cut off: %v of %v x %v", a.text, c, width, height)
		}
		if len(s.texts) > 2000 {
			continue
		}
		for _, b := range s.texts[:i] {
			require.True(t, apart(a.corners, b.corners), "%q lies on %q: %v %v", a.text, b.text, a.corners, b.corners)
		}
	}
	return s
}

// apart reports whether two rectangles have a line between them, allowing for half a
// point.
func apart(a, b [4]vg.Point) bool {
	for _, box := range [][4]vg.Point{a, b} {
		for i := range 4 {
			u, v := box[i], box[(i+1)%4]
			nx, ny := float64(v.Y-u.Y), float64(u.X-v.X)
			length := math.Hypot(nx, ny)
			if length == 0 {
				return true // an empty text
			}
			reach := func(p [4]vg.Point) (low, high float64) {
				low, high = math.Inf(1), math.Inf(-1)
				for _, c := range p {
					d := (float64(c.X)*nx + float64(c.Y)*ny) / length
					low, high = math.Min(low, d), math.Max(high, d)
				}
				return low, high
			}
			lowA, highA := reach(a)
			lowB, highB := reach(b)
			if highA <= lowB+0.5 || highB <= lowA+0.5 {
				return true
			}
		}
	}
	return false
}

// has counts how often a text is written.
func (s *sheet) has(text string) (n int) {
	for _, w := range s.texts {
		if w.text == text {
			n++
		}
	}
	return n
}
