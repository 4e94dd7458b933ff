package nuts

import "math"

// pooled are draws [chain][draw], numbers and as many of each chain, with what several
// diagnostics need of them.
type pooled struct {
	draws, halves [][]float64
	ranking               // of all draws
	inHalf        ranking // of the halves
	scores        []float64
	z             [][]float64 // rank-normalised halves
}

func newPooled(draws [][]float64) *pooled {
	p := &pooled{draws: draws, halves: split(draws), ranking: rank(draws)}
	p.inHalf = p.inHalves(len(draws[0]))
	p.scores = normalScores(len(p.inHalf.values))
	p.z = p.inHalf.normalized(p.scores, len(p.halves[0]))
	return p
}

func (p *pooled) essBulk() float64 {
	if !valid(p.halves) {
		return math.NaN()
	}
	return effectiveSize(p.z)
}

func (p *pooled) essQuantile(probability float64) float64 {
	q := sortedQuantile(p.values, probability)
	below := make([][]float64, len(p.draws))
	for c, x := range p.draws {
		below[c] = make([]float64, len(x))
		for i, v := range x {
			if v <= q {
				below[c][i] = 1
			}
		}
	}
	return effectiveSize(split(below))
}

func (p *pooled) essTail() float64 { return math.Min(p.essQuantile(0.05), p.essQuantile(0.95)) }

func (p *pooled) rhat() float64 {
	if len(p.draws) < 2 {
		return math.NaN()
	}
	folded := p.inHalf.folded(sortedQuantile(p.inHalf.values, 0.5))
	return math.Max(potentialScaleReduction(p.z), potentialScaleReduction(folded.normalized(p.scores, len(p.halves[0]))))
}
