package pictures

import (
	"cmp"
	"fmt"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// rankBins is the number of bars of a rank plot.
const rankBins = 20

// Ranks shows for each parameter and chain how its draws rank among those of all
// chains: bars of one height where the chains agree.
func Ranks(parameters []Parameter) *Picture {
	p := parameterPicture(parameters, nil, rankPlot)
	p.Key = []Entry{{Text: "draws of a chain in each twentieth of all ranks", Color: chainColor(0)}, {Text: "where all chains agree", Color: priorColor, Dash: true}}
	if len(parameters) > 0 && len(parameters[0].Draws) > mostChains {
		p.Note += fmt.Sprintf(" The first %d of %d chains, ranked among all.", mostChains, len(parameters[0].Draws))
	}
	return p
}

func rankPlot(q Parameter) *plot.Plot {
	shown := min(len(q.Draws), mostChains)
	p := newPlot("", "rank of "+q.Name, "chain")
	total := 0
	for _, chain := range q.Draws {
		total += len(chain)
	}
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, float64(max(total, 1)), 0, float64(max(shown, 1))
	var marks plot.ConstantTicks
	for c := range shown {
		marks = append(marks, plot.Tick{Value: float64(shown-c) - 0.5, Label: fmt.Sprint(c + 1)})
	}
	p.Y.Tick.Marker = marks
	p.X.Tick.Marker = ticks{4}
	if sorted := q.pooled(); constant(sorted) {
		p.Add(says(constantText(sorted)))
		return p
	}
	counts := rankCounts(q.Draws, rankBins)
	p.Add(layer(func(c draw.Canvas, x, y func(float64) vg.Length) {
		most := 0.0
		for _, row := range counts[:shown] {
			most = max(most, slices.Max(row))
		}
		for k, row := range counts[:shown] {
			expected := float64(len(q.Draws[k])) / rankBins
			scale := 0.92 / max(most, 2*expected)
			base := float64(shown - k - 1)
			for b, n := range row {
				left, right := x(float64(b)*float64(total)/rankBins), x(float64(b+1)*float64(total)/rankBins)
				bottom, top := y(base), y(base+n*scale)
				c.FillPolygon(faded(chainColor(k), 0.75), []vg.Point{{X: left + 0.3, Y: bottom}, {X: right - 0.3, Y: bottom}, {X: right - 0.3, Y: top}, {X: left + 0.3, Y: top}})
			}
			at := y(base + expected*scale)
			c.StrokeLine2(draw.LineStyle{Color: priorColor, Width: 0.7, Dashes: dashes}, c.Min.X, at, c.Max.X, at)
		}
	}))
	return p
}

// rankCounts counts each chain's ranks among all draws in bins. Equal draws share the
// bins that their ranks fall into, so that many of them make no false steps.
func rankCounts(draws [][]float64, bins int) [][]float64 {
	type place struct {
		value float64
		chain int
	}
	var all []place
	for c, chain := range draws {
		for _, x := range chain {
			all = append(all, place{x, c})
		}
	}
	slices.SortStableFunc(all, func(a, b place) int { return cmp.Compare(a.value, b.value) })
	counts := make([][]float64, len(draws))
	for c := range counts {
		counts[c] = make([]float64, bins)
	}
	for from := 0; from < len(all); {
		to := from + 1
		for to < len(all) && all[to].value == all[from].value {
			to++
		}
		first, last := from*bins/len(all), (to-1)*bins/len(all)
		share := make([]float64, last-first+1)
		for r := from; r < to; r++ {
			share[r*bins/len(all)-first] += 1 / float64(to-from)
		}
		for _, p := range all[from:to] {
			for b, part := range share {
				counts[p.chain][first+b] += part
			}
		}
		from = to
	}
	return counts
}

// fractionalRanks ranks numbers from 1; equal ones share the mean of their ranks.
func fractionalRanks(xs []float64) []float64 {
	order := make([]int, len(xs))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(xs[a], xs[b]) })
	ranks := make([]float64, len(xs))
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && xs[order[to]] == xs[order[from]] {
			to++
		}
		for _, i := range order[from:to] {
			ranks[i] = float64(from+to+1) / 2
		}
		from = to
	}
	return ranks
}
