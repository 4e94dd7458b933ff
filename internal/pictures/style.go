package pictures

import (
	"image/color"
	"math"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// The sizes of text.
const (
	smallText  = vg.Length(8)
	normalText = vg.Length(9)
	titleText  = vg.Length(10)
)

var (
	textColor  = color.NRGBA{0x22, 0x22, 0x22, 0xff}
	greyColor  = color.NRGBA{0x66, 0x66, 0x66, 0xff}
	faintColor = color.NRGBA{0xdd, 0xdd, 0xdd, 0xff}
	// posteriorColor and the others are of Okabe & Ito's palette.
	posteriorColor  = okabeIto[0]
	priorColor      = color.NRGBA{0x55, 0x55, 0x55, 0xff}
	exactColor      = okabeIto[1]
	divergenceColor = okabeIto[1]
	dashes          = []vg.Length{4, 2.5}
)

// okabeIto is a palette that the colour-blind can tell apart (Okabe & Ito 2008).
var okabeIto = []color.NRGBA{
	{0x00, 0x72, 0xb2, 0xff}, {0xd5, 0x5e, 0x00, 0xff}, {0x00, 0x9e, 0x73, 0xff}, {0xcc, 0x79, 0xa7, 0xff},
	{0xe6, 0x9f, 0x00, 0xff}, {0x56, 0xb4, 0xe9, 0xff}, {0x80, 0x6a, 0x00, 0xff}, {0x33, 0x33, 0x33, 0xff},
}

// chainColor is the colour of a chain; beyond eight they come again.
func chainColor(chain int) color.NRGBA { return okabeIto[chain%len(okabeIto)] }

// faded is a colour that lets shine through what is behind it.
func faded(c color.NRGBA, alpha float64) color.NRGBA {
	c.A = uint8(math.Round(255 * alpha))
	return c
}

// viridis has every sixteenth colour of the map of that name.
var viridis = [...][3]float64{
	{0x44, 0x01, 0x54}, {0x48, 0x1a, 0x6c}, {0x47, 0x2f, 0x7d}, {0x41, 0x44, 0x87}, {0x39, 0x56, 0x8c}, {0x31, 0x68, 0x8e},
	{0x2a, 0x78, 0x8e}, {0x23, 0x88, 0x8e}, {0x1f, 0x98, 0x8b}, {0x22, 0xa8, 0x84}, {0x35, 0xb7, 0x79}, {0x54, 0xc5, 0x68},
	{0x7a, 0xd1, 0x51}, {0xa5, 0xdb, 0x36}, {0xd2, 0xe2, 0x1b}, {0xfd, 0xe7, 0x25},
}

// stateColor is the colour of a place between 0 and 1; beyond them it is that of the
// nearer end.
func stateColor(t float64) color.NRGBA {
	if math.IsNaN(t) {
		return greyColor
	}
	at := min(max(t, 0), 1) * float64(len(viridis)-1)
	low := min(int(at), len(viridis)-2)
	w := at - float64(low)
	var c [3]uint8
	for i := range c {
		c[i] = uint8(math.Round((1-w)*viridis[low][i] + w*viridis[low+1][i]))
	}
	return color.NRGBA{c[0], c[1], c[2], 0xff}
}

// shade goes from nearly white to the posterior's dark blue.
func shade(t float64) color.NRGBA {
	light, dark := [3]float64{0xe3, 0xee, 0xf6}, [3]float64{0x00, 0x3f, 0x73}
	var c [3]uint8
	for i := range c {
		c[i] = uint8(math.Round((1-t)*light[i] + t*dark[i]))
	}
	return color.NRGBA{c[0], c[1], c[2], 0xff}
}

var sans = font.Font{Typeface: "Liberation", Variant: "Sans"}

func textStyle(size vg.Length, c color.Color) text.Style {
	return text.Style{Color: c, Font: font.From(sans, size), Handler: plot.DefaultTextHandler}
}

// write writes a text whose small letters are centred on a point's height, or for
// turned text on the line through the point; align is draw.XLeft, XCenter or XRight.
func write(c draw.Canvas, style text.Style, at vg.Point, align text.XAlignment, s string) {
	style.XAlign, style.YAlign = align, draw.YCenter
	// A line of text has more room above its small letters than below.
	up := 0.11 * style.Font.Size
	sin, cos := math.Sincos(style.Rotation)
	c.FillText(style, vg.Point{X: at.X - up*vg.Length(sin), Y: at.Y + up*vg.Length(cos)}, s)
}

// newPlot makes a plot in the style of all pictures.
func newPlot(title, xLabel, yLabel string) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil // the picture's shows
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, xLabel, yLabel
	p.Title.TextStyle = textStyle(titleText, textColor)
	p.Title.TextStyle.XAlign, p.Title.TextStyle.YAlign = draw.XCenter, draw.YTop
	p.Title.Padding = 3
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		x, y, rotation := axis.Label.TextStyle.XAlign, axis.Label.TextStyle.YAlign, axis.Label.TextStyle.Rotation
		axis.Label.TextStyle = textStyle(normalText, textColor)
		axis.Label.TextStyle.XAlign, axis.Label.TextStyle.YAlign, axis.Label.TextStyle.Rotation = x, y, rotation
		x, y, rotation = axis.Tick.Label.XAlign, axis.Tick.Label.YAlign, axis.Tick.Label.Rotation
		axis.Tick.Label = textStyle(smallText, textColor)
		axis.Tick.Label.XAlign, axis.Tick.Label.YAlign, axis.Tick.Label.Rotation = x, y, rotation
		axis.LineStyle = draw.LineStyle{Color: greyColor, Width: 0.5}
		axis.Tick.LineStyle, axis.Tick.Length = axis.LineStyle, 3
		axis.Tick.Marker = ticks{5}
		axis.Padding = 3
	}
	return p
}

// ticks are about so many round numbers.
type ticks struct{ most int }

// Ticks implements plot.Ticker.
func (t ticks) Ticks(low, high float64) []plot.Tick {
	if !(high > low) || !finite(low) || !finite(high) || t.most < 1 {
		return nil
	}
	step := math.Pow(10, math.Floor(math.Log10((high-low)/float64(t.most))))
	for _, by := range []float64{2, 2.5, 2} { // 1, 2, 5, 10 times the power of ten
		if (high-low)/step <= float64(t.most) {
			break
		}
		step *= by
	}
	var out []plot.Tick
	for i := math.Ceil(low/step - 1e-9); i*step <= high+1e-9*step && len(out) < 50; i++ {
		out = append(out, plot.Tick{Value: i * step, Label: tickLabel(i*step, step)})
	}
	return out
}

// tickLabel writes a multiple of a step with the digits that the step needs.
func tickLabel(x, step float64) string {
	if math.Abs(x) < step/2 {
		return "0"
	}
	digits := int(math.Max(0, math.Ceil(-math.Log10(step)-1e-9)))
	if math.Abs(x) >= 1e5 || digits > 4 {
		return shortNumber(x)
	}
	return decimals(x, digits)
}

// logTicks are 1, 2 and 5 times powers of ten, or powers alone where that is enough.
type logTicks struct{ most int }

// Ticks implements plot.Ticker.
func (t logTicks) Ticks(low, high float64) []plot.Tick {
	if !(low > 0) || !(high > low) || !finite(high) {
		return nil
	}
	first, last := int(math.Floor(math.Log10(low))), int(math.Ceil(math.Log10(high)))
	factors := []float64{1, 2, 5}
	if float64(t.most) < 3*math.Log10(high/low) {
		factors = factors[:1]
	}
	every := max(1, (last-first)/max(t.most, 1))
	var out []plot.Tick
	for e := first; e <= last; e += every {
		for _, f := range factors {
			if x := f * math.Pow(10, float64(e)); x >= low*0.999999 && x <= high*1.000001 {
				out = append(out, plot.Tick{Value: x, Label: shortNumber(x)})
			}
		}
	}
	if len(out) < 2 { // between two powers
		return ticks{t.most}.Ticks(low, high)
	}
	return out
}

// wrap breaks a text into lines no wider than width.
func wrap(style text.Style, s string, width vg.Length) []string {
	var lines []string
	for word := range strings.FieldsSeq(s) {
		if n := len(lines); n > 0 && style.Width(lines[n-1]+" "+word) <= width {
			lines[n-1] += " " + word
		} else {
			lines = append(lines, word)
		}
	}
	return lines
}

// says writes a text in the middle of a plot that has nothing else to show.
func says(s string) layer {
	return func(c draw.Canvas, _, _ func(float64) vg.Length) {
		style := textStyle(normalText, greyColor)
		style.XAlign, style.YAlign = draw.XCenter, draw.YCenter
		lines := wrap(style, s, c.Max.X-c.Min.X-8)
		c.FillText(style, c.Center(), strings.Join(lines, "\n"))
	}
}
