package bffg_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/device/cpu"
	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

func TestParseSpacing(t *testing.T) {
	for _, s := range []bffg.Spacing{bffg.EvenSteps, bffg.ShorteningSteps} {
		parsed, err := bffg.ParseSpacing(s.String())
		require.NoError(t, err)
		require.Equal(t, s, parsed)
	}
	_, err := bffg.ParseSpacing("random")
	require.ErrorContains(t, err, `there is no spacing "random"; use even or shortening`)
	require.Equal(t, "Spacing(7)", bffg.Spacing(7).String())
}

// TestSpacing follows dX = dt, which is where the time is, along an edge of length 2, and one
// that takes fewer steps.
func TestSpacing(t *testing.T) {
	topology, _, err := tree.FromParents([]int{0, 0, 0})
	require.NoError(t, err)
	dev, err := cpu.Open(cpu.Options{})
	require.NoError(t, err)
	defer dev.Close()
	for _, spacing := range []bffg.Spacing{bffg.EvenSteps, bffg.ShorteningSteps} {
		// Where the drift is 2t the state after Euler steps tells how they lie: even ones
		// of 1/2 give 3, shortening ones begin at 0, 7/8, 12/8 and 15/8.
		m := &bffg.Model{Name: "time", Traits: []string{"x"}, Root: bffg.RootPinned, RootValue: []float64{0},
			Continuous: &bffg.Continuous{Points: 1, Steps: 4, StepLength: 0.5, Spacing: spacing,
				Drift:     func(time, x tensor.Value, _ bffg.Edge) tensor.Value { return time.Scale(2).Reshape(1) },
				Diffusion: func(_, _ tensor.Value, _ bffg.Edge) tensor.Value { return tensor.Constant(0).Reshape(1, 1) }}}
		x, err := m.Simulate(context.Background(), dev, bffg.Data{Topology: topology, Lengths: []float64{0, 2, 1}}, nil, []float64{0}, make([]float64, 12))
		require.NoError(t, err)
		long, short := 3.0, 0.5 // short: 2 steps of 1/2
		if spacing == bffg.ShorteningSteps {
			long, short = 2*(7./8*5/8+12./8*3/8+15./8*1/8), 2*(3./4*1/4)
		}
		require.InDelta(t, long, x[1], 1e-12, spacing)
		require.InDelta(t, short, x[2], 1e-12, spacing)
	}
}
