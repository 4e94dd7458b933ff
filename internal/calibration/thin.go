package calibration

import (
	"context"
	"fmt"
	"math"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/nuts"
)

// Chains are thinned where they have twice as many effective draws as are asked for,
// so that what is left is nearly independent: draws of a first-order autoregression
// with that effective size, every fourth of which is kept, are correlated by 0.01.
const (
	firstThinning   = 4
	spareDraws      = 2
	largestThinning = 64
)

// Thin samples a target with the chains of the options and keeps every k-th draw, with
// k as large as it takes for the draws to be nearly independent by the effective sample
// sizes of all coordinates and of the log density. It gives the positions
// [draw][coordinate]; their number is a multiple of that of the chains.
func Thin(ctx context.Context, dev device.Device, target nuts.Target, o nuts.Options, draws int) ([][]float64, error) {
	each := draws / o.Chains
	if each*o.Chains != draws {
		return nil, fmt.Errorf("calibration: %d draws do not come from %d chains equally", draws, o.Chains)
	}
	for thinning := firstThinning; ; thinning *= 2 {
		o.Draws = thinning * each
		run, err := nuts.Sample(ctx, dev, target, o)
		if err != nil {
			return nil, err
		}
		least := leastESS(run)
		if least < float64(spareDraws*draws) {
			if thinning == largestThinning {
				return nil, fmt.Errorf("calibration: %d draws are worth %.0f independent ones; %d are needed: an easier prior or fewer draws would help", thinning*draws, least, spareDraws*draws)
			}
			continue
		}
		var thinned [][]float64
		for _, chain := range run.Positions {
			for i := range each {
				thinned = append(thinned, chain[(i+1)*thinning-1])
			}
		}
		return thinned, nil
	}
}

// leastESS is the smallest effective sample size of the coordinates and of the log
// densities; their means are what thinning can spoil.
func leastESS(run *nuts.Run) float64 {
	densities := make([][]float64, len(run.Stats))
	for c, stats := range run.Stats {
		for _, s := range stats {
			densities[c] = append(densities[c], s.LogDensity)
		}
	}
	least := nuts.ESSMean(densities)
	for i := range run.Positions[0][0] {
		least = math.Min(least, nuts.ESSMean(run.Coordinate(i)))
	}
	return least
}
