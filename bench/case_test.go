package bench

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/device/cpu"
)

func TestTreesOfCases(t *testing.T) {
	for kind, deepest := range map[string]func(leaves, depth int) bool{
		Balanced:    func(leaves, depth int) bool { return 1<<depth == leaves },
		Caterpillar: func(leaves, depth int) bool { return depth == leaves-1 },
		// A Yule tree's depth is about 4.3 log(leaves), and hardly ever far from it.
		Random: func(leaves, depth int) bool { return leaves < 1024 || depth > 14 && depth < 60 },
	} {
		for _, leaves := range []int{2, 16, 1024} {
			a, err := grow(kind, leaves)
			require.NoError(t, err)
			require.Equal(t, leaves, a.LeafCount(), kind)
			require.Equal(t, 2*leaves-1, a.Size(), kind)
			require.True(t, deepest(leaves, a.Depth()), "%s, %d leaves: depth %d", kind, leaves, a.Depth())
			b, err := grow(kind, leaves)
			require.NoError(t, err)
			require.Equal(t, a.Parents(), b.Parents(), "the same tree every time")
		}
	}
	for _, bad := range []struct {
		c    Case
		want string
	}{
		{Case{Tree: "star", Leaves: 4, Traits: 1, Chains: 1}, `no tree "star"; use balanced, random or caterpillar`},
		{Case{Leaves: 12, Traits: 1, Chains: 1}, "must be a power of two"},
		{Case{Leaves: 1, Traits: 1, Chains: 1}, "it must have 2 to"},
		{Case{Leaves: 2, Traits: 0, Chains: 1}, "at least one of each"},
	} {
		_, err := bad.c.target()
		require.ErrorContains(t, err, bad.want)
	}
	_, err := LandmarkCase{Landmarks: 1, Steps: 1, Chains: 1}.target()
	require.ErrorContains(t, err, "at least two landmarks")
}

// TestMeasure: what is counted belongs to the case, and rates to their times.
func TestMeasure(t *testing.T) {
	dev, err := cpu.Open(cpu.Options{})
	require.NoError(t, err)
	defer dev.Close()
	ctx := context.Background()
	for _, kind := range []string{Balanced, Random, Caterpillar} {
		r, err := Measure(ctx, dev, Case{Tree: kind, Leaves: 16, Traits: 2, Chains: 3}, Options{})
		require.NoError(t, err)
		require.Equal(t, []int{16, 31, 2, 3}, []int{r.Leaves, r.Nodes, r.Traits, r.Chains})
		require.Equal(t, kind, r.Tree)
		require.InEpsilon(t, 1e9/r.Gradients, r.PerNode*31, 1e-9)
		require.Positive(t, r.Compile)
		require.Positive(t, r.Bytes)
		require.Positive(t, r.Flops)
	}
	for _, c := range []LandmarkCase{{2, 3, 2}, {8, 3, 1}, {64, 2, 1}} {
		r, err := MeasureLandmarks(ctx, dev, c, Options{})
		require.NoError(t, err, "%+v", c)
		require.Equal(t, []int{13, c.Landmarks, c.Steps}, []int{r.Nodes, r.Landmarks, r.Steps})
		require.Positive(t, r.Gradients)
	}
}
