package progress

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/hxgpu/hxgpu/nuts"
)

// table is the state of a run as lines of text.
type table struct {
	state  nuts.Progress
	rates  *rates
	colour bool
}

// column is a column of the table. Of a chain it has a number, NaN where there is
// none, or a text of its own in its place.
type column struct {
	title  string
	width  int
	number func(c int, chain nuts.ChainProgress) float64
	format func(x float64) string
	text   func(chain nuts.ChainProgress) string // for chains; nil: the number's
	all    string                                // in the row of all chains
	marked bool                                  // numbers above 0 are in colour
}

// columnGap stands between two columns.
const columnGap = 2

// columns are those behind the name of the chain, the most important ones first: a
// narrow terminal goes without the last.
func (t table) columns() []column {
	all := sum(t.state, t.rates)
	most, sampled := 0, 0
	for _, c := range t.state.Chains {
		most = max(most, c.Total-c.Warmup)
		sampled += max(c.Transitions-c.Warmup, 0)
	}
	left := "-"
	if !math.IsNaN(all.left) {
		left = leftText(all.left)
	}
	draws := func(_ int, c nuts.ChainProgress) float64 { return float64(max(c.Transitions-c.Warmup, 0)) }
	return []column{
		{title: "done", width: 4, format: func(x float64) string { return fmt.Sprintf("%.0f%%", math.Floor(x)) },
			number: func(_ int, c nuts.ChainProgress) float64 {
				return 100 * float64(c.Transitions) / float64(max(c.Total, 1))
			},
			all: fmt.Sprintf("%d%%", 100*all.done/max(all.total, 1))},
		{title: "left", width: 6, format: leftText, number: t.rates.left, all: left},
		{title: "divergent", width: 9, format: func(x float64) string { return fmt.Sprintf("%.0f", x) }, marked: true,
			number: func(_ int, c nuts.ChainProgress) float64 { return float64(c.Divergences) }, all: fmt.Sprint(all.divergences)},
		{title: "rate", width: 7, format: rateText, number: func(i int, c nuts.ChainProgress) float64 {
			if r := (*t.rates)[i].perSecond; r > 0 && c.Transitions < c.Total {
				return r
			}
			return math.NaN()
		}, all: rateText(all.perSecond)},
		{title: "step size", width: 9, format: func(x float64) string { return fmt.Sprintf("%.3g", x) },
			number: func(_ int, c nuts.ChainProgress) float64 { return c.StepSize }},
		{title: "leapfrogs", width: 9, format: func(x float64) string { return fmt.Sprintf("%.1f", x) },
			number: func(_ int, c nuts.ChainProgress) float64 {
				return float64(c.Leapfrogs) / float64(max(c.Transitions, 1))
			},
			all: fmt.Sprintf("%.1f", float64(all.leapfrogs)/float64(max(all.done, 1)))},
		{title: "draws", width: max(len("warm-up"), 2*len(fmt.Sprint(most))+1), number: draws,
			format: func(x float64) string { return fmt.Sprintf("%.0f/%d", math.Floor(x), most) },
			text: func(c nuts.ChainProgress) string {
				if c.Transitions < c.Warmup {
					return "warm-up"
				}
				return fmt.Sprintf("%d/%d", c.Transitions-c.Warmup, c.Total-c.Warmup)
			},
			all: shortCount(sampled)},
	}
}

// order is how columns stand beside each other.
var order = []string{"done", "draws", "rate", "step size", "leapfrogs", "divergent", "left"}

// rateText writes transitions per second, minute or hour, a dash where there is none.
func rateText(x float64) string {
	switch {
	case !(x > 0):
		return "-"
	case x >= 99_500:
		return fmt.Sprintf("%.0fk/s", x/1000)
	case x >= 9.95:
		return fmt.Sprintf("%.0f/s", x)
	case x >= 0.095:
		return fmt.Sprintf("%.2g/s", x)
	case x >= 0.95/60:
		return fmt.Sprintf("%.2g/min", 60*x)
	}
	return fmt.Sprintf("%.2g/h", 3600*x)
}

// shortCount writes a whole number in at most six characters.
func shortCount(n int) string {
	switch {
	case n < 1_000_000:
		return fmt.Sprint(n)
	case n < 1_000_000_000:
		return fmt.Sprintf("%.1fM", float64(n)/1e6)
	}
	return fmt.Sprintf("%.1fG", float64(n)/1e9)
}

// render writes the table for a terminal of so many columns and lines. No line is as
// wide as the terminal, and with the line of the cursor below they are no more than it
// has: nothing wraps or scrolls.
func (t table) render(width, height int) []string {
	width, height = max(width-1, 0), max(height-1, 1)
	n := len(t.state.Chains)
	shown, summary := n, false
	if rows := 1 + n + min(n-1, 1); rows > height {
		const others = 6 // the title, how many more, minimum, median, maximum, all
		shown, summary = max(height-others, 0), true
	}
	names := max(len("chain"), len(fmt.Sprint(shown)))
	median := "median"
	if summary && width >= 40 {
		names = max(names, len(median))
	} else {
		median = "med"
	}
	columns := t.choose(width - names)

	row := func(name string, cell func(c column) (text string, marked bool)) string {
		line := fmt.Sprintf("%*s", names, name)
		for _, c := range columns {
			text, marked := cell(c)
			if len(text) > c.width {
				text = strings.Repeat("#", c.width)
			}
			line += strings.Repeat(" ", columnGap+c.width-len(text))
			if marked && t.colour {
				text = "\x1b[33m" + text + "\x1b[0m"
			}
			line += text
		}
		return line
	}
	lines := []string{row("chain", func(c column) (string, bool) { return c.title, false })}
	for i, chain := range t.state.Chains[:shown] {
		lines = append(lines, row(fmt.Sprint(i+1), func(c column) (string, bool) { return c.of(i, chain) }))
	}
	if summary {
		if shown > 0 {
			lines = append(lines, fmt.Sprintf("%*s", names, fmt.Sprintf("+%d more", n-shown)))
		}
		lines = append(lines, t.summarise(row, columns, median)...)
	}
	if n > 1 {
		lines = append(lines, row("all", func(c column) (string, bool) { return c.all, c.marked && c.all != "0" }))
	}
	if len(columns) == 0 || width < names { // no room for a table
		all := sum(t.state, t.rates)
		lines = []string{fmt.Sprintf("%d%%", 100*all.done/max(all.total, 1))}
	}
	for i, line := range lines {
		if !strings.Contains(line, "\x1b") && len(line) > width {
			lines[i] = line[:width]
		}
	}
	return lines[max(len(lines)-height, 0):]
}

// choose takes the columns that there is room for, in their order.
func (t table) choose(room int) []column {
	var chosen []column
	for _, c := range t.columns() {
		if room -= columnGap + c.width; room < 0 {
			break
		}
		chosen = append(chosen, c)
	}
	slices.SortFunc(chosen, func(a, b column) int { return slices.Index(order, a.title) - slices.Index(order, b.title) })
	return chosen
}

// of is a chain's cell.
func (c column) of(i int, chain nuts.ChainProgress) (text string, marked bool) {
	x := c.number(i, chain)
	switch {
	case c.text != nil:
		text = c.text(chain)
	case math.IsNaN(x):
		text = "-"
	default:
		text = c.format(x)
	}
	return text, c.marked && x > 0
}

// summarise writes the rows with the minimum, the median and the maximum over all
// chains of each column.
func (t table) summarise(row func(string, func(column) (string, bool)) string, columns []column, median string) []string {
	numbers := map[string][]float64{}
	for _, c := range columns {
		var known []float64
		for i, chain := range t.state.Chains {
			if x := c.number(i, chain); !math.IsNaN(x) {
				known = append(known, x)
			}
		}
		slices.Sort(known)
		numbers[c.title] = known
	}
	pick := func(name string, at func(n int) int) string {
		return row(name, func(c column) (string, bool) {
			known := numbers[c.title]
			if len(known) == 0 {
				return "-", false
			}
			x := known[at(len(known))]
			return c.format(x), c.marked && x > 0
		})
	}
	return []string{
		pick("min", func(int) int { return 0 }),
		pick(median, func(n int) int { return n / 2 }),
		pick("max", func(n int) int { return n - 1 }),
	}
}
