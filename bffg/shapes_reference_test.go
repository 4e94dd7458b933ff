package bffg_test

import (
	"context"
	"math"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/tensor"
)

// TestPhyllostomidLikelihood compares the likelihood of 36 landmarks of 49 bats,
// Brownian motion with a kernel covariance around the mean shape, with a dense
// computation in R: as n x n messages of points and as 72 traits.
func TestPhyllostomidLikelihood(t *testing.T) {
	const points = 36
	var columns []string
	for p := range points {
		for _, axis := range []string{"x", "y"} {
			columns = append(columns, axis+strconv.Itoa(p+1))
		}
	}
	data := realData(t, "phyllostomid_landmarks", columns...)
	height := data.Height()
	for v := range data.Lengths {
		data.Lengths[v] /= height
	}
	mean, vbar := make([]float64, 2*points), 0.0
	for k := range mean {
		variance := 0.0
		mean[k], variance, _ = data.Moments(k)
		vbar += variance / float64(len(mean))
	}
	distance := func(i, j int) float64 { return math.Hypot(mean[2*i]-mean[2*j], mean[2*i+1]-mean[2*j+1]) }
	meanDistance := 0.0
	for i := range points {
		for j := range i {
			meanDistance += distance(i, j) / (points * (points - 1) / 2)
		}
	}
	require.InDelta(t, 0.20424618461, meanDistance, 1e-10)
	require.InDelta(t, 0.000189261418759, vbar, 1e-12)
	kernel := make([][]float64, points)
	dense := make([]float64, 4*points*points)
	for i := range points {
		kernel[i] = make([]float64, points)
		for j := range points {
			r := distance(i, j) / (0.25 * meanDistance)
			kernel[i][j] = vbar * math.Exp(-r*r/2)
			for axis := range 2 {
				dense[(2*i+axis)*2*points+2*j+axis] = kernel[i][j]
			}
		}
	}
	noise := func(n int) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = 0.05 * vbar
		}
		return x
	}
	check := func(name string, m *bffg.Model, values map[string][]float64) {
		t.Run(name, func(t *testing.T) {
			m.Root, m.RootValue, values[bffg.RootValue] = bffg.RootPinned, mean, mean
			l, err := m.LogLikelihood(context.Background(), openCPU(t, device.Float64), data, values, false)
			require.NoError(t, err)
			require.InEpsilon(t, 13553.0199927, l.Value, 1e-8)
		})
	}
	check("points", &bffg.Model{Name: "points", Traits: columns, TipNoise: true, Continuous: &bffg.Continuous{Points: points, Dimensions: 2, Steps: 1,
		Diffusion: func(_, _ tensor.Value, _ bffg.Edge) tensor.Value { return tensor.ConstantMatrix(kernel).Cholesky() }}},
		map[string][]float64{bffg.TipNoise: noise(1)})
	check("dense", bffg.BrownianMotion(columns, data), map[string][]float64{bffg.RateMatrix: dense, bffg.TipNoise: noise(2 * points)})
}
