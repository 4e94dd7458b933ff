package calibration

import (
	"fmt"
	"math"
	"strings"
)

// Bins of the rank histograms that are tested and drawn.
const Bins = 20

// Verdict is what the ranks of one quantity say.
type Verdict struct {
	Quantity string
	// ECDF and ChiSquare are p-values of the ranks being uniform.
	ECDF, ChiSquare float64
	// Difference is the largest difference of the empirical distribution function from
	// the uniform one.
	Difference float64
}

// Verdicts tests the ranks of every quantity.
func (r *Result) Verdicts() []Verdict {
	var verdicts []Verdict
	for q, name := range r.Quantities {
		v := Verdict{Quantity: name, ECDF: ECDFProbability(r.Ranks[q], r.Draws), ChiSquare: ChiSquareProbability(r.Ranks[q], r.Draws, Bins)}
		for k, below := range counts(r.Ranks[q], r.Draws) {
			difference := float64(below)/float64(len(r.Ranks[q])) - float64(k+1)/float64(r.Draws+1)
			v.Difference = max(v.Difference, math.Abs(difference))
		}
		verdicts = append(verdicts, v)
	}
	return verdicts
}

// Check holds the ranks of all quantities to a false-alarm rate: a study of something
// that is right fails with at most this probability. The rate is shared by the
// quantities and their two tests equally, so that it holds however dependent they
// are. (That of Pearson's test is approximate.) The error lists what failed.
func (r *Result) Check(rate float64) error {
	share := r.share(rate)
	var failed []string
	for _, v := range r.Verdicts() {
		if v.ECDF < share || v.ChiSquare < share {
			failed = append(failed, v.String())
		}
	}
	if failed == nil {
		return nil
	}
	return fmt.Errorf("calibration: these ranks are not uniform, at a p-value of %.2g each:\n  %s", share, strings.Join(failed, "\n  "))
}

// share is the false-alarm rate of one test.
func (r *Result) share(rate float64) float64 { return rate / float64(2*len(r.Quantities)) }

func (v Verdict) String() string {
	return fmt.Sprintf("%s: p %.3g by the distribution function, %.3g by chi square; largest difference %.4f", v.Quantity, v.ECDF, v.ChiSquare, v.Difference)
}
