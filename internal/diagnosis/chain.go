package diagnosis

import (
	"github.com/hxgpu/hxgpu/nuts"
)

// Chain is what the sampler says of one chain's draws.
type Chain struct {
	Draws     int
	Divergent int
	Deep      int // transitions that stopped at the largest tree depth
	// Accept, StepSize and Leapfrogs are means over the draws.
	Accept, StepSize, Leapfrogs float64
	// EBFMI is the energy Bayesian fraction of missing information.
	EBFMI float64
	// Still is the longest run of draws in a row at one point.
	Still int
}

// Columns are the statistics of one chain's draws, a number for each draw.
type Columns struct{ LogDensity, Accept, StepSize, TreeDepth, Leapfrogs, Divergent, Energy []float64 }

// DescribeChain summarises one chain's draws.
func DescribeChain(c Columns, maxTreeDepth int) Chain {
	r := Chain{Draws: len(c.LogDensity), EBFMI: nuts.EBFMI(c.Energy)}
	n := float64(max(r.Draws, 1))
	still := 0
	for i := range c.LogDensity {
		if c.Divergent[i] != 0 {
			r.Divergent++
		}
		if c.TreeDepth[i] >= float64(maxTreeDepth) {
			r.Deep++
		}
		r.Accept += c.Accept[i] / n
		r.StepSize += c.StepSize[i] / n
		r.Leapfrogs += c.Leapfrogs[i] / n
		// Equal densities of draws that differ do not happen in a row.
		if still++; i > 0 && c.LogDensity[i] != c.LogDensity[i-1] {
			still = 1
		}
		r.Still = max(r.Still, still)
	}
	return r
}
