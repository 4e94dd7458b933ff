package pictures

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
)

// Parameter is what is drawn of a parameter.
type Parameter struct {
	Name  string
	Draws [][]float64 // [chain][draw], as many of each chain
	// Low and High bound its values; both 0 where nothing does.
	Low, High float64
	// Prior is the prior's density, nil where there is none.
	Prior func(x float64) float64
	// Exact is the density of the exact posterior, nil where it is not known.
	Exact func(x float64) float64
}

// panelWidth and panelHeight are the size of a small panel.
const (
	panelWidth  = 8 * vg.Centimeter
	panelHeight = 5.6 * vg.Centimeter
)

// MostPanels is the most parameters that one picture shows.
const MostPanels = 24

// parameterPicture makes a panel of each parameter.
func parameterPicture(parameters []Parameter, key []Entry, plotOf func(Parameter) *plot.Plot) *Picture {
	p := &Picture{Key: key}
	for _, parameter := range parameters[:min(len(parameters), MostPanels)] {
		p.Panels = append(p.Panels, plotPanel(parameter.Name, func() *plot.Plot { return plotOf(parameter) }))
	}
	if n := len(parameters); n > MostPanels {
		p.Note = fmt.Sprintf("The first %d of %d parameters.", MostPanels, n)
	}
	return p
}

// chainsKey names the colours of the chains.
func chainsKey(parameters []Parameter) (key []Entry) {
	if len(parameters) == 0 {
		return nil
	}
	chains := len(parameters[0].Draws)
	if chains > len(okabeIto) {
		return []Entry{{Text: fmt.Sprintf("a colour for each of the first %d of %d chains, which then come again", len(okabeIto), chains), Color: chainColor(0)}}
	}
	for c := range chains {
		key = append(key, Entry{Text: fmt.Sprintf("chain %d", c+1), Color: chainColor(c)})
	}
	return key
}

// pooled are the draws of all chains, sorted and without those that are not finite.
func (p Parameter) pooled() []float64 {
	var all []float64
	for _, chain := range p.Draws {
		for _, x := range chain {
			if finite(x) {
				all = append(all, x)
			}
		}
	}
	slices.Sort(all)
	return all
}

// constant reports whether sorted draws are one number, or none.
func constant(sorted []float64) bool {
	return len(sorted) == 0 || sorted[0] == sorted[len(sorted)-1]
}

func constantText(sorted []float64) string {
	if len(sorted) == 0 {
		return "no draws"
	}
	return "every draw is " + shortNumber(sorted[0])
}

// quantile of sorted numbers, linear between them.
func quantile(sorted []float64, probability float64) float64 {
	at := probability * float64(len(sorted)-1)
	low := int(at)
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}

// skewed reports whether sorted draws are best seen on a logarithmic axis.
func (p Parameter) skewed(sorted []float64) bool {
	return len(sorted) > 0 && p.Low == 0 && p.High > 0 && math.IsInf(p.High, 1) && sorted[0] > 0 &&
		quantile(sorted, 0.99) > 30*quantile(sorted, 0.01)
}

// scaleAxis makes an axis logarithmic.
func scaleAxis(a *plot.Axis, logarithmic bool, most int) {
	a.Tick.Marker = ticks{most}
	if logarithmic {
		a.Scale, a.Tick.Marker = plot.LogScale{}, logTicks{most}
	}
}

// span is the range of an axis that shows low to high with some room.
func span(low, high float64, logarithmic bool) (float64, float64) {
	if logarithmic {
		room := math.Pow(high/low, 0.04)
		return low / room, high * room
	}
	room := 0.04 * (high - low)
	return low - room, high + room
}
