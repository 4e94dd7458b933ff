package calibration

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/nuts"
)

// conjugate is y ~ N(theta, 1) with theta ~ N(0, 1), whose posterior N(y/2, 1/2) is
// drawn from directly, with a spread that may be wrong. The second quantity depends on
// the data: it is the log likelihood.
func conjugate(spread float64, ignoreData bool) Study {
	return Study{Quantities: []string{"theta", "log likelihood"}, Draws: 19, Fit: func(_ context.Context, _ device.Device, dataSet int) ([]float64, [][]float64, error) {
		random := nuts.NewStream(uint64(dataSet), 0, 0, nuts.ReservedPurposes)
		theta := random.Normal()
		y := theta + random.Normal()
		likelihood := func(theta float64) float64 { return -(y - theta) * (y - theta) / 2 }
		draws := make([][]float64, 2)
		for range 19 {
			x := y/2 + spread*0.7071067811865476*random.Normal()
			if ignoreData {
				x = random.Normal()
			}
			draws[0], draws[1] = append(draws[0], x), append(draws[1], likelihood(x))
		}
		return []float64{theta, likelihood(theta)}, draws, nil
	}}
}

// TestStudy: a right posterior passes at a false-alarm rate of 0.001, one that is too
// narrow does not, and neither does one that ignores its data, of which the parameter
// alone says nothing. Ranks do not depend on the workers.
func TestStudy(t *testing.T) {
	ctx := context.Background()
	right, err := conjugate(1, false).Run(ctx, 1000, 2)
	require.NoError(t, err)
	require.NoError(t, right.Check(0.001))
	again, err := conjugate(1, false).Run(ctx, 1000, 1)
	require.NoError(t, err)
	require.Equal(t, right.Ranks, again.Ranks)

	narrow, err := conjugate(0.8, false).Run(ctx, 1000, 2)
	require.NoError(t, err)
	require.ErrorContains(t, narrow.Check(0.001), "theta: p")

	prior, err := conjugate(1, true).Run(ctx, 1000, 2)
	require.NoError(t, err)
	err = prior.Check(0.001)
	require.ErrorContains(t, err, "log likelihood: p")
	require.NotContains(t, err.Error(), "theta")
}

// TestStudyErrors: what goes wrong in a fit is told with its data set.
func TestStudyErrors(t *testing.T) {
	s := conjugate(1, false)
	fit := s.Fit
	s.Fit = func(ctx context.Context, dev device.Device, dataSet int) ([]float64, [][]float64, error) {
		if dataSet == 7 {
			return nil, nil, errors.New("no start")
		}
		return fit(ctx, dev, dataSet)
	}
	_, err := s.Run(context.Background(), 20, 2)
	require.ErrorContains(t, err, "data set 7: no start")
	s.Draws = 20
	s.Fit = fit
	_, err = s.Run(context.Background(), 20, 2)
	require.ErrorContains(t, err, "19 draws of theta, not 20")
}
