//go:build slow

package bench

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/nuts"
)

// TestShapeBridges compares the bridges on notebook 07's data at the true parameters:
// mean and spread of the log weights of noise from its prior, for more and more
// steps. The two bridges approach each other as the steps grow. Both spread over
// hundreds, so that neither's weights are of use by themselves: noise has to be
// sampled along with the parameters. What tells the bridges apart is that the
// stepwise one is unbiased and has a largest weight.
func TestShapeBridges(t *testing.T) {
	const draws = 64
	dev := openCPU(t)
	means := map[bffg.Bridge]map[int]float64{}
	for _, bridge := range []bffg.Bridge{bffg.StepwiseBridge, bffg.EulerBridge} {
		means[bridge] = map[int]float64{}
		for _, steps := range []int{12, 25, 50, 100} {
			m, data, err := bffg.KunitaExample(bffg.LandmarkOptions{Bridge: bridge, Steps: steps})
			require.NoError(t, err)
			target, err := bffg.NewTarget(m, data)
			require.NoError(t, err)
			e, err := target.OpenValue(dev, 1)
			require.NoError(t, err)
			q, density := make([]float64, target.Dim()), make([]float64, 1)
			q[0], q[1] = math.Log(0.1), math.Log(0.25)
			mean, square, most := 0.0, 0.0, math.Inf(-1)
			var logs []float64
			for draw := range draws {
				stream := nuts.NewStream(1, 0, uint32(draw), nuts.PurposeSimulation)
				prior := 0.0 // of the noise, which the density includes
				for i := 2; i < len(q); i++ {
					q[i] = stream.Normal()
					prior -= (q[i]*q[i] + math.Log(2*math.Pi)) / 2
				}
				require.NoError(t, e.Value(context.Background(), q, density))
				log := density[0] - prior
				require.False(t, math.IsNaN(log))
				mean += log / draws
				square += log * log / draws
				most = max(most, log)
				logs = append(logs, log)
			}
			require.NoError(t, e.Close())
			means[bridge][steps] = mean
			// Of the draws, were they weighted (Kish 1965): (sum of w)^2 / sum of w^2.
			sum, squares := 0.0, 0.0
			for _, log := range logs {
				w := math.Exp(log - most)
				sum += w
				squares += w * w
			}
			t.Logf("%v, %d steps: mean of the log weights %.1f, spread %.1f, largest %.1f, effective draws of %d: %.2f",
				bridge, steps, mean, math.Sqrt(max(square-mean*mean, 0)), most, draws, sum*sum/squares)
		}
	}
	apart := func(steps int) float64 {
		return math.Abs(means[bffg.StepwiseBridge][steps] - means[bffg.EulerBridge][steps])
	}
	require.Less(t, apart(100), 0.6*apart(25))
}
