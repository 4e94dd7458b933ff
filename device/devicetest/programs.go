package devicetest

import (
	"context"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/shaders"
)

// testRepeat goes through stages several times in one run, each time seeing what
// the time before stored.
func testRepeat(h *harness) {
	for _, repeat := range []int{0, 1, 2, 7} {
		for _, size := range []struct{ depth, chains int }{{1, 1}, {4, 3}, {6, 64}} {
			stages := sweeps(h, size.depth, size.chains)
			// The root takes from its child what the next time starts from.
			a := assemble("back", size.chains)
			x := a.both("x")
			a.store(x, a.lane(), a.float(shaders.OpMul, a.constant(0.5), a.load(x, a.plus(a.lane(), size.chains))))
			stages = append(stages, []work{{a.k, 0, 1, []*memory{stages[0][0].bindings[0]}}})
			r := h.recording("repeated", stages)
			r.Repeat = repeat
			h.checkRecording(r, 2, stages)
			r.ChainsIndependent = true
			h.checkRecording(r, 1, stages)
			h.close()
		}
	}
}

// testTimed asks for times and finds one for every dispatch and repetition. What
// is computed is the same.
func testTimed(h *harness) {
	stages := append(sweeps(h, 3, 4), []work{})
	other := sweeps(h, 3, 4)
	stages[0] = append(stages[0], other[0]...)
	for _, repeat := range []int{0, 3} {
		r := h.recording("timed", stages)
		r.Repeat, r.Timed = repeat, true
		p := h.record(r)
		timed, ok := p.(device.Timed)
		require.True(h.t, ok, "a program that is recorded with Timed gives its times")
		for range 2 {
			require.NoError(h.t, p.Run(context.Background()))
			h.oracleRepeat(r, stages)
			times, err := timed.Timings()
			require.NoError(h.t, err)
			require.Len(h.t, times, max(repeat, 1))
			for _, repetition := range times {
				require.Len(h.t, repetition, len(stages))
				for s, dispatches := range repetition {
					require.Len(h.t, dispatches, len(stages[s]))
					for _, took := range dispatches {
						require.GreaterOrEqual(h.t, took, time.Duration(0))
						require.Less(h.t, took, time.Minute)
					}
				}
			}
		}
		h.compare(stages)
		require.NoError(h.t, p.Close())
	}
	p := h.record(h.recording("untimed", stages))
	require.NoError(h.t, p.Run(context.Background()))
	h.oracleRun(stages)
	if timed, ok := p.(device.Timed); ok {
		_, err := timed.Timings()
		require.ErrorContains(h.t, err, "untimed")
	}
	require.NoError(h.t, p.Close())
}
