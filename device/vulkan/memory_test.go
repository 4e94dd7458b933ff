//go:build cgo

package vulkan

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/shaders"
)

// TestFreeList takes and gives back parts at random, with a map of bytes beside.
func TestFreeList(t *testing.T) {
	const size = 200
	random := rand.New(rand.NewPCG(1, 2))
	list := freeList{{0, size}}
	var taken []span
	used := make([]bool, size)
	set := func(s span, to bool) {
		for i := s.low; i < s.high; i++ {
			require.Equal(t, !to, used[i])
			used[i] = to
		}
	}
	for range 5000 {
		if random.IntN(2) == 0 {
			if s, ok := list.take(1 + random.Uint64N(30)); ok {
				set(s, true)
				taken = append(taken, s)
			}
		} else if n := len(taken); n > 0 {
			i := random.IntN(n)
			list.put(taken[i])
			set(taken[i], false)
			taken[i] = taken[n-1]
			taken = taken[:n-1]
		}
		free := make([]bool, size)
		for i, s := range list {
			require.Less(t, s.low, s.high)
			if i > 0 {
				require.Less(t, list[i-1].high, s.low, "in order, and no two touch")
			}
			for b := s.low; b < s.high; b++ {
				free[b] = true
			}
		}
		for i := range used {
			require.NotEqual(t, used[i], free[i])
		}
	}
	for _, s := range taken {
		list.put(s)
	}
	require.Equal(t, freeList{{0, size}}, list)
	_, ok := list.take(size + 1)
	require.False(t, ok)
}

func TestBlocks(t *testing.T) {
	g := openTest(t, device.Float32)
	require.Empty(t, g.heap.blocks)
	var all []device.Buffer
	for range 100 {
		all = append(all, floats(t, g, 7, 8, 9))
	}
	require.Len(t, g.heap.blocks, 1, "small buffers share a block")
	large := floats(t, g, ascending(1<<20)...)
	require.Len(t, g.heap.blocks, 2)
	require.Equal(t, ascending(1<<20), read(t, large), "more than the staging memory holds")
	part := make([]float64, 600_000)
	require.NoError(t, large.ReadFloats(300_001, part))
	require.Equal(t, 300_001.0, part[0])
	require.Equal(t, 900_000.0, part[599_999])
	require.NoError(t, large.Close())
	require.Len(t, g.heap.blocks, 1, "an empty block goes back")
	require.NoError(t, all[50].Close())
	again, err := g.NewBuffer(shaders.Float, 3)
	require.NoError(t, err)
	require.Equal(t, all[50].(*buffer).part, again.(*buffer).part, "a free part is used again")
	require.Equal(t, []float64{0, 0, 0}, read(t, again), "and is zero")
	for i, b := range append(all, again) {
		if i != 50 && b != again {
			require.Equal(t, []float64{7, 8, 9}, read(t, b))
		}
		require.NoError(t, b.Close())
	}
	require.Empty(t, g.heap.blocks)
	require.Zero(t, g.heap.used)
}
