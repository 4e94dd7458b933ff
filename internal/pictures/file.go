package pictures

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgpdf"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Formats are the formats that pictures are written in, called as files end.
var Formats = []string{"png", "svg", "pdf"}

// PNG pictures have so many dots per inch, fewer where that would be more than
// mostPixels across.
const (
	dotsPerInch = 200
	mostPixels  = 12_000
)

// Dimensions are the width and height of a picture. The zero Dimensions are the
// picture's own.
type Dimensions struct{ Width, Height vg.Length }

// units in which sizes are written.
var units = map[string]vg.Length{"cm": vg.Centimeter, "mm": vg.Millimeter, "in": vg.Inch, "pt": 1}

// ParseDimensions reads a size such as 16x10cm; units are cm, mm, in and pt.
func ParseDimensions(text string) (Dimensions, error) {
	wrong := fmt.Errorf("%q is no size: write width x height and a unit (cm, mm, in, pt), such as 16x10cm", text)
	s := strings.ToLower(strings.ReplaceAll(strings.TrimSpace(text), " ", ""))
	if len(s) < 2 {
		return Dimensions{}, wrong
	}
	unit, ok := units[s[len(s)-2:]]
	first, second, cut := strings.Cut(s[:len(s)-2], "x")
	if !ok || !cut {
		return Dimensions{}, wrong
	}
	for name := range units {
		first = strings.TrimSuffix(first, name) // 16cmx10cm
	}
	var d [2]float64
	for i, number := range []string{first, second} {
		x, err := strconv.ParseFloat(number, 64)
		if err != nil || !finite(x) {
			return Dimensions{}, wrong
		}
		d[i] = x
	}
	least, most := 2*vg.Centimeter, 400*vg.Centimeter
	size := Dimensions{vg.Length(d[0]) * unit, vg.Length(d[1]) * unit}
	if size.Width < least || size.Height < least || size.Width > most || size.Height > most {
		return Dimensions{}, fmt.Errorf("%q: pictures are 2 to 400 cm wide and high", text)
	}
	return size, nil
}

// Write writes the picture in one of the [Formats], in a size or its own.
func (p *Picture) Write(w io.Writer, format string, size Dimensions) error {
	if size == (Dimensions{}) {
		size.Width, size.Height = p.Size()
	}
	var canvas vg.CanvasSizer
	var out io.WriterTo
	switch format {
	case "png":
		dpi := min(dotsPerInch, int(mostPixels/math.Max(size.Width.Dots(1), size.Height.Dots(1))))
		image := vgimg.NewWith(vgimg.UseWH(size.Width, size.Height), vgimg.UseDPI(max(dpi, 1)))
		canvas, out = &shrunk{image, vg.Length(p.shrink(size.Width, size.Height))}, vgimg.PngCanvas{Canvas: image}
	case "svg":
		c := vgsvg.New(size.Width, size.Height)
		canvas, out = c, svgFonts{c}
	case "pdf":
		c := vgpdf.New(size.Width, size.Height)
		c.EmbedFonts(true)
		canvas, out = pdfCanvas{c}, c
	default:
		return fmt.Errorf("there is no format %q; use %s", format, strings.Join(Formats, ", "))
	}
	p.draw(draw.New(canvas))
	_, err := out.WriteTo(w)
	return err
}

// shrunk makes lines thinner where a picture shrinks: vgimg scales what is drawn, and
// not the lines that it is drawn with.
type shrunk struct {
	*vgimg.Canvas
	by vg.Length
}

func (s *shrunk) SetLineWidth(w vg.Length) { s.Canvas.SetLineWidth(w * s.by) }

func (s *shrunk) SetLineDash(pattern []vg.Length, offset vg.Length) {
	scaled := make([]vg.Length, len(pattern))
	for i, d := range pattern {
		scaled[i] = d * s.by
	}
	s.Canvas.SetLineDash(scaled, offset*s.by)
}

// svgFonts names fonts of the same widths beside Liberation Sans, which few systems
// other than Linux have.
type svgFonts struct{ *vgsvg.Canvas }

// WriteTo implements io.WriterTo.
func (s svgFonts) WriteTo(w io.Writer) (int64, error) {
	var text bytes.Buffer
	if _, err := s.Canvas.WriteTo(&text); err != nil {
		return 0, err
	}
	n, err := w.Write(bytes.ReplaceAll(text.Bytes(), []byte("font-family:Liberation Sans;"), []byte("font-family:Liberation Sans,Arial,Helvetica,sans-serif;")))
	return int64(n), err
}
