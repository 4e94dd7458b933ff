package document

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strconv"

	"gonum.org/v1/plot/vg"

	"github.com/hxgpu/hxgpu/internal/pictures"
)

// Page is a report.
type Page struct {
	Title, Lead string
	Sections    []Section
	Foot        string
}

// Section is a part of a page. What is empty is left out; the rest stands in the order
// of the fields.
type Section struct {
	ID, Title string
	Good      string   // a line that all is well
	Warnings  []string // what is wrong
	Text      []string // paragraphs
	Facts     []Fact
	Code      string   // to be copied, or read, as it is
	After     []string // paragraphs
	Tables    []Table
	Figures   []Figure
	Terms     []Fact // words and what they mean
	Parts     []Section
}

// Fact is a name and what there is to say about it.
type Fact struct{ Name, Value string }

// Table is a table. Columns whose cells are all numbers stand to the right.
type Table struct {
	Caption string
	Head    []string
	Rows    [][]string
	// Shown is how many rows are seen at once, the rest on demand; 0 for all.
	Shown int
	Note  string
}

// First are the rows that are seen at once.
func (t Table) First() [][]string {
	if t.Shown <= 0 || len(t.Rows) <= t.Shown+3 {
		return t.Rows
	}
	return t.Rows[:t.Shown]
}

// Rest are the other rows.
func (t Table) Rest() [][]string { return t.Rows[len(t.First()):] }

// Figure is a picture with what it shows. One of many small panels is laid out anew for
// the width of the screen.
type Figure struct {
	Title, About string
	Picture      *pictures.Picture
}

//go:embed page.html
var pageText string

//go:embed page.css
var pageStyle string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"style":  func() template.CSS { return template.CSS(pageStyle) },
	"images": images,
	"wide":   func(shown []image) bool { return len(shown) == 1 || shown[0].Width > mostSmall },
	"color": func(e pictures.Entry) template.CSS {
		return template.CSS(fmt.Sprintf("#%02x%02x%02x", e.Color.R, e.Color.G, e.Color.B))
	},
	"table": func(t Table, rows [][]string) map[string]any {
		classes := make([]string, len(t.Head))
		for column := range classes {
			if classes[column] = "text"; numeric(t.Rows, column) {
				classes[column] = "number"
			}
		}
		return map[string]any{"Head": t.Head, "Rows": rows, "Classes": classes}
	},
}).Parse(pageText))

// Write writes the page.
func (p *Page) Write(w io.Writer) error { return page.Execute(w, p) }

// image is a picture, or a panel of it, ready to be shown.
type image struct {
	Name          string
	Source        template.URL
	Width, Height int // in CSS pixels
}

// The most bytes of an SVG that is embedded; what is larger becomes a PNG.
const mostSVG = 300_000

// mostSmall is the width of a panel that several of stand in a row.
const mostSmall = 400

// images renders a figure: each panel for itself where there are several small ones.
func images(f Figure) ([]image, error) {
	parts := f.Picture.Parts()
	var out []image
	for _, part := range parts {
		width, height := part.Size()
		format, kind := "svg", "image/svg+xml"
		var text bytes.Buffer
		if err := part.Write(&text, format, pictures.Dimensions{}); err != nil {
			return nil, err
		}
		if text.Len() > mostSVG {
			kind = "image/png"
			text.Reset()
			if err := part.Write(&text, "png", pictures.Dimensions{}); err != nil {
				return nil, err
			}
		}
		name := f.Title
		if len(part.Panels) == 1 && len(parts) > 1 {
			name += ": " + part.Panels[0].Name
		}
		out = append(out, image{name, template.URL("data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(text.Bytes())), pixels(width), pixels(height)})
	}
	return out, nil
}

// pixels is a length in CSS pixels, of which an inch has 96.
func pixels(l vg.Length) int { return int(l.Points()*96/72 + 0.5) }

// numeric reports whether the cells of a column are numbers, or nothing.
func numeric(rows [][]string, column int) bool {
	some := false
	for _, row := range rows {
		switch _, err := strconv.ParseFloat(row[column], 64); {
		case err == nil:
			some = true
		case row[column] != "" && row[column] != "-":
			return false
		}
	}
	return some
}
