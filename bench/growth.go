package bench

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Growth says how the time of a gradient grows.
type Growth struct {
	Suite string `json:"suite"`
	What  string `json:"what"` // the device and what stays the same
	By    string `json:"by"`   // what grows
	From  int    `json:"from"`
	To    int    `json:"to"`
	// Exponent is the slope of the logarithm of the time over that of the size, by least
	// squares: 1 where the cost is linear.
	Exponent float64 `json:"exponent"`
	// Ratio is the time per unit at the largest size over that at the smallest.
	Ratio float64 `json:"ratio_per_unit"`
	// Bar is set where the exponent is to be 1 within [LinearWithin].
	Bar bool `json:"bar"`
}

// LinearWithin is how far an exponent may be from 1 to be called linear.
const LinearWithin = 0.25

// Linear says whether the cost grows as it should.
func (g Growth) Linear() bool { return math.Abs(g.Exponent-1) <= LinearWithin }

// growth is that of a report's suites: with leaves from 2^10 on, chains from 64 on, and
// the steps and landmarks of shapes.
func growth(r *Report) []Growth {
	var all []Growth
	add := func(suite, by string, from int, bar bool, size func(Result) int, key func(Result) string) {
		for _, line := range group(r.of(suite), key) {
			points := slices.DeleteFunc(line.results, func(x Result) bool { return size(x) < from })
			if g, ok := fitGrowth(points, size); ok {
				g.Suite, g.What, g.By, g.Bar = suite, line.name, by, bar
				all = append(all, g)
			}
		}
	}
	add("scaling", "leaves", 1<<10, true, func(x Result) int { return x.Leaves }, scalingLine)
	add("chains", "chains", 64, true, func(x Result) int { return x.Chains }, chainsLine)
	add("shapes", "steps", 1, false, func(x Result) int { return x.Steps }, func(x Result) string {
		return fmt.Sprintf("%s, %d landmarks", x.device(), x.Landmarks)
	})
	add("shapes", "landmarks", 1, false, func(x Result) int { return x.Landmarks }, shapesLine)
	return all
}

// scalingLine, chainsLine and shapesLine name what results of a suite belong together.
func scalingLine(x Result) string {
	name := fmt.Sprintf("%s, %s", x.device(), x.Tree)
	if x.Traits > 1 {
		name += fmt.Sprintf(", %d traits", x.Traits)
	}
	return name
}

func chainsLine(x Result) string { return fmt.Sprintf("%s, %d leaves", x.device(), x.Leaves) }

func shapesLine(x Result) string { return fmt.Sprintf("%s, %d steps", x.device(), x.Steps) }

// grouped are results that belong together.
type grouped struct {
	name    string
	results []Result
}

// group puts results together by a name, in the order in which the names come.
func group(results []Result, key func(Result) string) []grouped {
	var all []grouped
	for _, x := range results {
		name := key(x)
		i := slices.IndexFunc(all, func(g grouped) bool { return g.name == name })
		if i < 0 {
			all = append(all, grouped{name: name})
			i = len(all) - 1
		}
		all[i].results = append(all[i].results, x)
	}
	return all
}

// fitGrowth fits the exponent of the time of a gradient of all chains over a size, which
// must take three values at least.
func fitGrowth(results []Result, size func(Result) int) (Growth, bool) {
	slices.SortStableFunc(results, func(a, b Result) int { return cmp.Compare(size(a), size(b)) })
	if len(results) < 3 || size(results[0]) == size(results[len(results)-1]) {
		return Growth{}, false
	}
	var x, y []float64
	for _, r := range results {
		x, y = append(x, math.Log(float64(size(r)))), append(y, math.Log(r.seconds()))
	}
	meanX, meanY, products, squares := 0.0, 0.0, 0.0, 0.0
	for i := range x {
		meanX, meanY = meanX+x[i]/float64(len(x)), meanY+y[i]/float64(len(x))
	}
	for i := range x {
		products, squares = products+(x[i]-meanX)*(y[i]-meanY), squares+(x[i]-meanX)*(x[i]-meanX)
	}
	first, last := results[0], results[len(results)-1]
	perUnit := func(r Result) float64 { return r.seconds() / float64(size(r)) }
	return Growth{From: size(first), To: size(last), Exponent: products / squares, Ratio: perUnit(last) / perUnit(first)}, true
}
