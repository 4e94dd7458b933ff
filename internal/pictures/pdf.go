package pictures

import (
	"image/color"

	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgpdf"
)

// pdfCanvas is vgpdf's without two of its faults: it passes colours on that are
// multiplied by their opacity, where PDF multiplies them itself, and it takes the bytes
// of UTF-8 for characters.
type pdfCanvas struct{ *vgpdf.Canvas }

func (s pdfCanvas) SetColor(c color.Color) {
	if c != nil {
		c = straight(color.NRGBAModel.Convert(c).(color.NRGBA))
	}
	s.Canvas.SetColor(c)
}

type straight color.NRGBA

// RGBA gives the components as they are, unlike those of other colours.
func (s straight) RGBA() (r, g, b, a uint32) {
	return uint32(s.R) * 0x101, uint32(s.G) * 0x101, uint32(s.B) * 0x101, uint32(s.A) * 0x101
}

// FillString writes ASCII as text, and all else as the outlines of its letters.
func (s pdfCanvas) FillString(face font.Face, at vg.Point, text string) {
	for i := range len(text) {
		if text[i] >= 0x80 {
			s.fillOutlines(face, at, text)
			return
		}
	}
	s.Canvas.FillString(face, at, text)
}

func (s pdfCanvas) fillOutlines(face font.Face, at vg.Point, text string) {
	var buffer sfnt.Buffer
	const em = 2048 // units
	unit := face.Font.Size / em
	for _, r := range text {
		// What cannot be looked up leaves a gap, as in the other formats.
		if glyph, err := face.Face.GlyphIndex(&buffer, r); err == nil && glyph != 0 {
			if outline, err := face.Face.LoadGlyph(&buffer, glyph, fixed.I(em), nil); err == nil {
				s.Fill(outlinePath(outline, at, unit))
			}
		}
		at.X += face.Width(string(r))
	}
}

// outlinePath is the outline of a letter, whose units are so long.
func outlinePath(outline sfnt.Segments, at vg.Point, unit vg.Length) vg.Path {
	point := func(p fixed.Point26_6) vg.Point { // y goes down there
		return vg.Point{X: at.X + vg.Length(p.X)/64*unit, Y: at.Y - vg.Length(p.Y)/64*unit}
	}
	var path vg.Path
	for i, segment := range outline {
		switch segment.Op {
		case sfnt.SegmentOpMoveTo:
			if i > 0 {
				path.Close()
			}
			path.Move(point(segment.Args[0]))
		case sfnt.SegmentOpLineTo:
			path.Line(point(segment.Args[0]))
		case sfnt.SegmentOpQuadTo:
			path.QuadTo(point(segment.Args[0]), point(segment.Args[1]))
		case sfnt.SegmentOpCubeTo:
			path.CubeTo(point(segment.Args[0]), point(segment.Args[1]), point(segment.Args[2]))
		}
	}
	if len(outline) > 0 {
		path.Close()
	}
	return path
}
