package bench

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// Table is figures of a report.
type Table struct {
	Suite  string // or "limits", "growth", "estimates"
	Title  string
	Note   string // what the columns mean where that is not plain; may be empty
	Header []string
	Rows   [][]string
	// Command is set where the last column is a command, which stands to the left.
	Command bool
}

// Tables are all tables of a report: the limits first, then each suite's.
func (r *Report) Tables() []Table {
	all := []Table{r.limitsTable(), r.seedTable(), r.scalingTable(), r.chainsTable(), r.shapesTable(), r.devicesTable(), r.startupTable(), r.growthTable(), r.estimatesTable()}
	return slices.DeleteFunc(all, func(t Table) bool { return len(t.Rows) == 0 })
}

func (t *Table) add(cells ...string) { t.Rows = append(t.Rows, cells) }

const limitNote = `"of limit" is the share of what the device's memory (bandwidth of a large copy) or its
arithmetic allows, as measured by the suite. More than 100 % means that the data stay in caches.`

func (r *Report) limitsTable() Table {
	t := Table{Suite: "limits", Title: "What the devices could do at best, as measured", Header: []string{"device", "copy in memory, GB/s", "in caches, GB/s", "Gflop/s", "dispatch, us"},
		Note: "GB read and written. Flops are multiplications and additions that are not fused."}
	for _, l := range r.Limits {
		cache := "-"
		if l.Cache > 0 {
			cache = figure(l.Cache / 1e9)
		}
		t.add(deviceName(l.Device, l.Detail, l.Precision), figure(l.Memory/1e9), cache, figure(l.Flops/1e9), figure(l.Dispatch*1e6))
	}
	return t
}

func (r *Report) seedTable() Table {
	t := Table{Suite: "seed", Title: "seed: sampling the built-in example (16 leaves)", Note: limitNote,
		Header: []string{"device", "algorithm", "chains", "warm-up + draws", "compile, s", "sampling, s", "gradients/s", "transitions/s", "effective draws/s", "per gradient", "R-hat", "of limit"}}
	for _, x := range r.Sampling {
		t.add(x.device(), x.Algorithm, figure(float64(x.Chains)), fmt.Sprintf("%d + %d", x.Warmup, x.Draws), figure(x.Compile), figure(x.Seconds), figure(x.Gradients), figure(x.Transitions),
			figure(x.Effective), figure(x.PerGradient), fmt.Sprintf("%.4f", x.Rhat), percent(x.Effective, x.Limit))
	}
	return t
}

func (r *Report) scalingTable() Table {
	t := Table{Suite: "scaling", Title: "scaling: a gradient of one chain", Note: limitNote,
		Header: []string{"device", "tree", "leaves", "traits", "gradient, us", "ns/node", "compile, s", "dispatches", "MB", "Mflop", "of limit"}}
	for _, x := range r.of("scaling") {
		t.add(x.device(), x.Tree, size(x.Leaves), strconv.Itoa(x.Traits), figure(x.seconds()*1e6), figure(x.PerNode), figure(x.Compile), figure(float64(x.Dispatches)),
			figure(float64(x.Bytes)/1e6), figure(float64(x.Flops)/1e6), percent(x.Gradients, x.Limit))
	}
	return t
}

func (r *Report) chainsTable() Table {
	t := Table{Suite: "chains", Title: "chains: gradients and draws for many chains", Note: limitNote,
		Header: []string{"device", "leaves", "chains", "schedule", "chain-gradients/s", "ns/node and chain", "draws/s", "of limit"}}
	for _, x := range r.of("chains") {
		draws := "-"
		if x.Draws > 0 {
			draws = figure(x.Draws)
		}
		t.add(x.device(), size(x.Leaves), figure(float64(x.Chains)), x.Schedule, figure(x.Gradients), figure(x.PerNode), draws, percent(x.Gradients, x.Limit))
	}
	return t
}

func (r *Report) shapesTable() Table {
	t := Table{Suite: "shapes", Title: "shapes: a gradient of landmark models in the plane, 13 nodes, one chain",
		Header: []string{"device", "landmarks", "steps", "gradient, ms", "compile, s", "MB", "Mflop", "Gflop/s", "of limit"},
		Note:   "Matrices stay in a lane's own memory, so that the limit is the arithmetic's, which products of matrices may exceed: they are fused."}
	for _, x := range r.of("shapes") {
		t.add(x.device(), strconv.Itoa(x.Landmarks), strconv.Itoa(x.Steps), figure(x.seconds()*1e3), figure(x.Compile), figure(float64(x.Bytes)/1e6), figure(float64(x.Flops)/1e6),
			figure(float64(x.Flops)/x.seconds()/1e9), percent(x.Gradients, x.Limit))
	}
	return t
}

func (r *Report) devicesTable() Table {
	t := Table{Suite: "devices", Title: "devices: every engine and device, by each schedule",
		Header: []string{"device", "schedule", "leaves", "chains", "chain-gradients/s", "dispatches", "barriers", "of limit", "formula, us", "measured, us"},
		Note:   `"formula" is that of the estimates below with the device's own measured limits: dispatches x dispatch + max(bytes / bandwidth, flops / peak).`}
	for _, x := range r.of("devices") {
		formula := "-"
		if l := r.limits(x.Detail); l != nil {
			formula = figure(1e6 * (float64(x.Dispatches)*l.Dispatch + l.Time(x.Bytes, x.Flops)))
		}
		t.add(x.device(), x.Schedule, size(x.Leaves), figure(float64(x.Chains)), figure(x.Gradients), figure(float64(x.Dispatches)), figure(float64(x.Barriers)),
			percent(x.Gradients, x.Limit), formula, figure(x.seconds()*1e6))
	}
	return t
}

func (r *Report) startupTable() Table {
	t := Table{Suite: "startup", Title: "startup: whole processes, median of some runs", Header: []string{"what", "s", "fastest, s", "runs", "command"}, Command: true}
	for _, x := range r.Startups {
		t.add(x.What, figure(x.Seconds), figure(x.Fastest), strconv.Itoa(x.Runs), x.Command)
	}
	return t
}

func (r *Report) growthTable() Table {
	t := Table{Suite: "growth", Title: "growth: the time of a gradient as a power of the size", Header: []string{"what", "by", "from", "to", "exponent", "per unit, last/first", "linear within 25 %"},
		Note: `The exponent is a fit by least squares to logarithms; 1 is linear. What fits in caches costs less
per unit than what does not, which the ratio of the time per unit at the last and the first size shows.`}
	for _, g := range r.Growth {
		linear := "-"
		if g.Bar {
			linear = map[bool]string{true: "yes", false: "NO"}[g.Linear()]
		}
		t.add(g.What, g.By, size(g.From), size(g.To), fmt.Sprintf("%.3f", g.Exponent), figure(g.Ratio), linear)
	}
	return t
}

func (r *Report) estimatesTable() Table {
	t := Table{Suite: "estimates", Title: "ESTIMATES for GPUs that are not here: " + EstimateFormula, Note: EstimateCaveat,
		Header: []string{"card", "leaves", "chains", "dispatches", "MB", "Mflop", "estimated gradient, us", "estimated chain-gradients/s", "bound by"}}
	for _, e := range r.Estimates {
		t.add(e.Card, size(e.Leaves), figure(float64(e.Chains)), figure(float64(e.Dispatches)), figure(float64(e.Bytes)/1e6), figure(float64(e.Flops)/1e6),
			figure(e.Seconds*1e6), figure(e.Gradients), e.Bound)
	}
	return t
}

// Text writes a table for a terminal, its first column to the left.
func (t Table) Text(w io.Writer) error {
	fmt.Fprintf(w, "%s\n", t.Title)
	first := 0
	for _, row := range append([][]string{t.Header}, t.Rows...) {
		first = max(first, len(row[0]))
	}
	columns := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, row := range append([][]string{t.Header}, t.Rows...) {
		cells, rest := row[1:], ""
		if t.Command {
			cells, rest = row[1:len(row)-1], "  "+row[len(row)-1]
		}
		fmt.Fprintf(columns, "%-*s\t%s\t%s\n", first, row[0], strings.Join(cells, "\t"), rest)
	}
	if err := columns.Flush(); err != nil {
		return err
	}
	note := t.Note
	if note != "" {
		note = "(" + note + ")\n"
	}
	_, err := io.WriteString(w, note)
	return err
}

// Markdown is the table without its title and note.
func (t Table) Markdown() string {
	var b strings.Builder
	line := func(cells []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	line(t.Header)
	rule := make([]string, len(t.Header))
	for i := range rule {
		rule[i] = "---:"
	}
	rule[0] = "---"
	line(rule)
	for _, row := range t.Rows {
		line(row)
	}
	return b.String()
}

// figure writes a number to three digits, with commas between thousands.
func figure(x float64) string {
	if x == 0 || math.IsNaN(x) || math.IsInf(x, 0) {
		return strconv.FormatFloat(x, 'g', -1, 64)
	}
	decimals := 2 - int(math.Floor(math.Log10(math.Abs(x))))
	if x == math.Trunc(x) && math.Abs(x) < 1e5 { // counts as they are
		decimals = 0
	}
	if decimals < 0 {
		unit := math.Pow10(-decimals)
		x, decimals = math.Round(x/unit)*unit, 0
	}
	text := strconv.FormatFloat(x, 'f', decimals, 64)
	whole, fraction, _ := strings.Cut(text, ".")
	sign := ""
	if whole[0] == '-' {
		sign, whole = "-", whole[1:]
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if fraction != "" {
		whole += "." + fraction
	}
	return sign + whole
}

// size writes a count, large powers of two as such.
func size(n int) string {
	if n >= 1<<13 && n&(n-1) == 0 {
		return fmt.Sprintf("2^%d", int(math.Log2(float64(n))))
	}
	return figure(float64(n))
}

// percent is the share of a limit, or "-" without one.
func percent(x, limit float64) string {
	if !(limit > 0) {
		return "-"
	}
	return figure(math.Round(1000*x/limit)/10) + " %"
}
