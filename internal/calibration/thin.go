package calibration

import (
	"context"
	"fmt"
	"math"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/nuts"
)

// A chain is thinned where it has twice as many effective draws as are asked for, so
// that what is left is nearly independent: draws of a first-order autoregression with
// that effective size, every fourth of which is kept, are correlated by 0.01.
const (
	firstThinning   = 4
	spareDraws      = 2
	largestThinning = 64
)

// Thin samples a target with one chain and keeps every k-th draw, with k as large as
// it takes for the draws to be nearly independent by the effective sample sizes of all
// coordinates and of the log density. It gives the positions [draw][coordinate].
func Thin(ctx context.Context, dev device.Device, target nuts.Target, o nuts.Options, draws int) ([][]float64, error) {
	o.Chains, o.Groups = 1, 1
	for thinning := firstThinning; ; thinning *= 2 {
		o.Draws = thinning * draws
		run, err := nuts.Sample(ctx, dev, target, o)
		if err != nil {
			return nil, err
		}
		if least := leastESS(run); least >= float64(spareDraws*draws) {
			thinned := make([][]float64, draws)
			for i := range thinned {
				thinned[i] = run.Positions[0][(i+1)*thinning-1]
			}
			return thinned, nil
		} else if thinning == largestThinning {
			return nil, fmt.Errorf("calibration: %d draws are worth %.0f independent ones; %d are needed: an easier prior or fewer draws would help", o.Draws, least, spareDraws*draws)
		}
	}
}

// leastESS is the smallest effective sample size of a chain's coordinates and log
// densities; their means are what thinning can spoil.
func leastESS(run *nuts.Run) float64 {
	densities := [][]float64{nil}
	for _, s := range run.Stats[0] {
		densities[0] = append(densities[0], s.LogDensity)
	}
	least := nuts.ESSMean(densities)
	for i := range run.Positions[0][0] {
		least = math.Min(least, nuts.ESSMean(run.Coordinate(i)))
	}
	return least
}
