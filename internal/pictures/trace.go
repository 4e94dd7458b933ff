package pictures

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg/draw"
)

// traceColumns is how many places a trace has from left to right; of more draws each
// place shows the smallest and the largest.
const traceColumns = 400

// mostLines is the most chains that lines are drawn of, on top of each other.
const mostLines = 64

// mostChains is how many chains are drawn one by one.
const mostChains = 12

// Traces shows each parameter's draws in their order, a line for each chain.
func Traces(parameters []Parameter) *Picture {
	return parameterPicture(parameters, chainsKey(parameters), tracePlot)
}

func tracePlot(q Parameter) *plot.Plot {
	p := newPlot("", "draw", q.Name)
	sorted := q.pooled()
	draws := 0
	for _, chain := range q.Draws {
		draws = max(draws, len(chain))
	}
	p.X.Min, p.X.Max = 1, float64(max(draws, 2))
	if constant(sorted) {
		p.Y.Min, p.Y.Max = 0, 1
		p.Y.Tick.Marker = plot.ConstantTicks(nil)
		p.Add(says(constantText(sorted)))
		return p
	}
	logarithmic := q.skewed(sorted)
	scaleAxis(&p.Y, logarithmic, 5)
	p.Y.Min, p.Y.Max = span(sorted[0], sorted[len(sorted)-1], logarithmic)
	for c, chain := range q.Draws[:min(len(q.Draws), mostLines)] {
		xs, ys := envelope(chain, traceColumns)
		p.Add(curve(xs, ys, draw.LineStyle{Color: faded(chainColor(c), 0.7), Width: 0.5}))
	}
	return p
}

// envelope takes of a long row of draws the smallest and the largest in each of some
// columns, in their order.
func envelope(chain []float64, columns int) (xs, ys []float64) {
	n := len(chain)
	if n <= 2*columns {
		for i, x := range chain {
			xs, ys = append(xs, float64(i+1)), append(ys, x)
		}
		return xs, ys
	}
	for k := range columns {
		from, to := k*n/columns, (k+1)*n/columns
		low, high := from, from
		for i := from; i < to; i++ {
			if chain[i] < chain[low] {
				low = i
			}
			if chain[i] > chain[high] {
				high = i
			}
		}
		for _, i := range []int{min(low, high), max(low, high)} {
			xs, ys = append(xs, float64(i+1)), append(ys, chain[i])
		}
	}
	return xs, ys
}
