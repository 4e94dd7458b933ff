package calibration

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/nuts"
	"github.com/hxgpu/hxgpu/nuts/nutstest"
)

// TestThin: as many draws come back as are asked for, from all chains, and neighbours
// are hardly correlated: by less than 0.3, which 99 independent draws exceed once in 300
// times, in either coordinate. Seeds are fixed.
func TestThin(t *testing.T) {
	k := nutstest.Autoregressive(2, 0.6)
	o := nuts.Options{Algorithm: nuts.RandomWalk, Chains: 3, Groups: 1, Warmup: 500, Seed: 2}
	positions, err := Thin(context.Background(), nil, k.Target, o, 99)
	require.NoError(t, err)
	require.Len(t, positions, 99)
	for i := range 2 {
		product, square := 0.0, 0.0
		for d, q := range positions {
			x := q[i] - 2
			square += x * x
			if d%33 > 0 {
				product += x * (positions[d-1][i] - 2)
			}
		}
		require.Less(t, product/square, 0.3)
	}
}

// TestThinErrors: draws that cannot be shared out, and chains that do not get anywhere.
func TestThinErrors(t *testing.T) {
	o := nuts.Options{Algorithm: nuts.RandomWalk, Chains: 3, Groups: 1, Seed: 2, WalkScale: 1e-4}
	_, err := Thin(context.Background(), nil, nutstest.Normal(1).Target, o, 100)
	require.ErrorContains(t, err, "100 draws do not come from 3 chains equally")
	_, err = Thin(context.Background(), nil, nutstest.Normal(1).Target, o, 99)
	require.ErrorContains(t, err, "198 are needed")
}
