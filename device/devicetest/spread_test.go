package devicetest

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/shaders"
)

// TestSpread: array kernels written as group kernels do the same by the oracle's
// plain definition of both, for groups of every size, in one dispatch and in many.
// The oracle runs a group's lanes one after the other, so that a barrier that is
// missing shows.
func TestSpread(t *testing.T) {
	const items, chains = 2, 3
	for _, c := range arrayCases {
		for _, lanes := range []int{1, 4, 64} {
			for _, limits := range []shaders.SpreadLimits{{}, {Rounds: 1 << 17}, {Rounds: 20_000}, {Instructions: 300}, {Rounds: 20_000, Instructions: 200}} {
				if lanes == 1 && (c.inputs[0].Size() > 300 || limits.Rounds == 20_000) || c.inputs[0].Size() > 300 && limits.Rounds > 0 {
					continue // the oracle is slow, and one instruction may take all rounds
				}
				t.Run(fmt.Sprint(c.name, " ", lanes, " ", limits), func(t *testing.T) {
					h := newHarness(t, nil, nil, device.Float64)
					k, sizes := c.kernel(h, items, chains)
					spread, err := shaders.SpreadArrays(k, lanes, limits)
					require.NoError(t, err)
					for _, part := range spread.Kernels {
						require.NoError(t, shaders.Verify(part.Kernel))
					}
					if limits == (shaders.SpreadLimits{}) {
						require.Len(t, spread.Calls, 1)
					}
					var plain, grouped []Argument
					for n, size := range sizes {
						values := marked(size)
						if n < len(c.inputs) {
							values = h.numbers(size)
						}
						plain, grouped = append(plain, Argument{Array: h.oracle.Floats(values)}), append(grouped, Argument{Array: h.oracle.Floats(values)})
					}
					require.NoError(t, h.oracle.Run(k, plain, 0, items))
					runSpread(t, h.oracle, spread, grouped, items*chains)
					for n := range plain {
						for e, want := range plain[n].Array.floats {
							got := grouped[n].Array.floats[e]
							require.InDelta(t, want.x, got.x, 8*(want.bound+got.bound)+1e-300, "buffer %d, element %d", n, e)
							require.False(t, math.IsInf(want.bound, 1))
						}
					}
				})
			}
		}
	}
}

// TestSpreadLengths: whatever the length of a kernel may be, a limit of it alone cuts
// loops into calls of whole steps or of parts of steps.
func TestSpreadLengths(t *testing.T) {
	h := newHarness(t, nil, nil, device.Float64)
	for _, c := range arrayCases {
		if c.name != "loops" && c.name != "loops in loops" {
			continue
		}
		k, _ := c.kernel(h, 1, 1)
		for instructions := 1; instructions < 700; instructions++ {
			spread, err := shaders.SpreadArrays(k, 64, shaders.SpreadLimits{Instructions: instructions})
			require.NoError(t, err)
			require.Less(t, len(spread.Calls), 1000, "%d instructions", instructions)
		}
	}
}

// runSpread makes the calls for all groups, in two batches.
func runSpread(t *testing.T, o *Oracle, spread *shaders.Spread, own []Argument, groups int) {
	half := (groups + 1) / 2
	nothing := make([]float64, half*spread.Size)
	for i := range nothing {
		nothing[i] = math.NaN()
	}
	scratch := Argument{Array: o.Floats(nothing)}
	constants, tables := Argument{Array: o.Floats(spread.Constants)}, Argument{Array: o.Ints(spread.Tables)}
	for first := 0; first < groups; first += half {
		for _, call := range spread.Calls {
			settings := append([]int32(nil), call.Settings...)
			settings[shaders.SettingBase] = int32(first)
			arguments := []Argument{scratch, constants, tables, {Array: o.Ints(settings)}}
			for _, n := range spread.Kernels[call.Kernel].Own {
				arguments = append(arguments, own[n])
			}
			require.NoError(t, o.Run(spread.Kernels[call.Kernel].Kernel, arguments, first, min(half, groups-first)))
		}
	}
}
