//go:build slow

package bench

import (
	"context"
	"flag"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/nuts"
)

var (
	calibrations = flag.Int("calibrations", 100, "data sets of each model in TestCalibration")
	pictures     = flag.String("calibration-pictures", "", "`folder` for pictures of the ranks")
)

// falseAlarms is the probability with which a study of a model that is right fails.
const falseAlarms = 1e-4

// unspoilt is a target as it is.
func unspoilt(target *bffg.Target) nuts.Target { return target }

// TestCalibration is simulation-based calibration of every model with both samplers.
// Each of the 22 studies fails by chance with a probability of 1e-4, if its ranks are
// right; the seeds are fixed.
func TestCalibration(t *testing.T) {
	for name, c := range calibratedModels() {
		dataSets, algorithms := *calibrations, []nuts.Algorithm{nuts.HMC, nuts.NUTS}
		if c.slow > 0 {
			dataSets, algorithms = max(dataSets/c.slow, 20), algorithms[:1]
		}
		for _, algorithm := range algorithms {
			t.Run(name+"/"+algorithm.String(), func(t *testing.T) {
				began := time.Now()
				result, err := c.study(algorithm, unspoilt).Run(context.Background(), dataSets, runtime.GOMAXPROCS(0))
				require.NoError(t, err)
				for _, v := range result.Verdicts() {
					t.Logf("%s/%v %v", name, algorithm, v)
				}
				t.Logf("%s/%v: %d data sets in %.0f s", name, algorithm, dataSets, time.Since(began).Seconds())
				if *pictures != "" {
					require.NoError(t, result.Picture(filepath.Join(*pictures, name+"-"+algorithm.String()+".svg"), falseAlarms))
				}
				require.NoError(t, result.Check(falseAlarms))
			})
		}
	}
}

// spoilt is a target whose log density has a multiple of the first coordinate added:
// with -1 the log Jacobian of its log scale is left out, with 1 it counts twice.
type spoilt struct {
	*bffg.Target
	times float64
}

func (s spoilt) Open(dev device.Device, chains int) (nuts.Evaluator, error) {
	e, err := s.Target.Open(dev, chains)
	return spoiltEvaluator{e, s.times}, err
}

type spoiltEvaluator struct {
	nuts.Evaluator
	times float64
}

func (e spoiltEvaluator) Gradient(ctx context.Context, q, logp, grad []float64) error {
	err := e.Evaluator.Gradient(ctx, q, logp, grad)
	for c := range logp {
		logp[c] += e.times * q[c]
		grad[c] += e.times
	}
	return err
}

// TestCalibrationCatchesJacobians: with as few data sets as the continuous integration
// takes, the study of a model whose rate lacks its log Jacobian, or has it twice, fails.
// (It is the same study, with the same seeds, that passes as it is.)
func TestCalibrationCatchesJacobians(t *testing.T) {
	for name, times := range map[string]float64{"left out": -1, "twice": 1, "as it is": 0} {
		t.Run(name, func(t *testing.T) {
			c := calibratedModels()["bm"]
			spoil := func(target *bffg.Target) nuts.Target { return spoilt{target, times} }
			result, err := c.study(nuts.HMC, spoil).Run(context.Background(), 100, runtime.GOMAXPROCS(0))
			require.NoError(t, err)
			for _, v := range result.Verdicts() {
				t.Logf("%s: %v", name, v)
			}
			if times == 0 {
				require.NoError(t, result.Check(falseAlarms))
				return
			}
			require.ErrorContains(t, result.Check(falseAlarms), "sigma_sq: p")
		})
	}
}
