//go:build slow

package bench

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"flag"
	"math"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/bffg"
)

// peerJSON is where TestPeerKunita writes its timings for bench/peers/run.
var peerJSON = flag.String("peer-json", "", "file that TestPeerKunita writes its timings to")

// peerTiming is one thing that was timed, in seconds, in the form that the scripts of
// bench/peers print.
type peerTiming struct {
	What    string  `json:"what"`
	Bridge  string  `json:"bridge"`
	Workers int     `json:"workers"`
	Compile float64 `json:"compile_s"`
	Min     float64 `json:"min_s"`
	Median  float64 `json:"median_s"`
}

// TestPeerKunita times the forward map and the gradient of hyperiax's notebook 07 at
// the point of bffg/testdata/kunita.json: with hyperiax's bridge and its order of
// sweeps, whose likelihood is checked to be the file's, so that the same thing is
// timed as in bench/peers/kunita.py; and with the default bridge, whose likelihood is
// another and whose filter runs once more.
func TestPeerKunita(t *testing.T) {
	text, err := os.ReadFile("../bffg/testdata/kunita.json")
	require.NoError(t, err)
	var golden struct {
		Points []struct {
			LogTheta      []float64 `json:"log_theta"`
			LogLikelihood float64   `json:"log_likelihood"`
		}
	}
	require.NoError(t, json.Unmarshal(text, &golden))
	raw, err := os.ReadFile("../bffg/testdata/kunita_z.f32")
	require.NoError(t, err)
	var timings []peerTiming
	for _, bridge := range []bffg.Bridge{bffg.EulerBridge, bffg.StepwiseBridge} {
		m, data, err := bffg.KunitaExample(bffg.LandmarkOptions{Bridge: bridge})
		require.NoError(t, err)
		m.Continuous.StaleMessages = bridge == bffg.EulerBridge
		target, err := bffg.NewTarget(m, data)
		require.NoError(t, err)
		q := make([]float64, target.Dim())
		copy(q, golden.Points[0].LogTheta)
		nodes := data.Topology.Size()
		width := len(raw) / 4 / nodes
		require.Equal(t, target.Dim(), 2+width*nodes)
		for i := range width * nodes { // from [node][component] to [component][node]
			q[2+i%width*nodes+i/width] = float64(math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:])))
		}
		timings = append(timings, timePeer(t, target, bridge, q, golden.Points[0].LogLikelihood)...)
	}
	for _, timing := range timings {
		t.Logf("%+v", timing)
	}
	if *peerJSON != "" {
		text, err := json.MarshalIndent(timings, "", "  ")
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(*peerJSON, text, 0o644))
	}
}

// timePeer times one target with as many workers as there are processors to run on.
func timePeer(t *testing.T, target *bffg.Target, bridge bffg.Bridge, q []float64, want float64) []peerTiming {
	const calls = 20
	dev := openCPU(t)
	forward := peerTiming{What: "forward", Bridge: bridge.String(), Workers: dev.Info().Workers}
	gradient := peerTiming{What: "gradient", Bridge: bridge.String(), Workers: dev.Info().Workers}
	density, slope := make([]float64, 1), make([]float64, len(q))

	began := time.Now()
	values, err := target.OpenValue(dev, 1)
	require.NoError(t, err)
	forward.Compile = time.Since(began).Seconds()
	forward.Min, forward.Median = callTimes(calls, func() { require.NoError(t, values.Value(context.Background(), q, density)) })
	require.NoError(t, values.Close())
	if bridge == bffg.EulerBridge {
		// The density has the priors in it: inverse gamma (2, 0.5) and (3, 2) on the log
		// scale, and the noise's.
		prior := 2*math.Log(0.5) - 2*q[0] - 0.5*math.Exp(-q[0]) + 3*math.Log(2) - math.Log(2) - 3*q[1] - 2*math.Exp(-q[1])
		for _, z := range q[2:] {
			prior -= z*z/2 + math.Log(2*math.Pi)/2
		}
		require.InEpsilon(t, want, density[0]-prior, 1e-8, "not the likelihood of kunita.json: not the same thing would be timed")
	}

	began = time.Now()
	e, err := target.Open(dev, 1)
	require.NoError(t, err)
	gradient.Compile = time.Since(began).Seconds()
	gradient.Min, gradient.Median = callTimes(calls, func() { require.NoError(t, e.Gradient(context.Background(), q, density, slope)) })
	require.NoError(t, e.Close())
	return []peerTiming{forward, gradient}
}

// callTimes are the smallest and the median time of some calls, in seconds, after one
// that is not counted.
func callTimes(calls int, f func()) (smallest, median float64) {
	f()
	seconds := make([]float64, calls)
	for i := range seconds {
		began := time.Now()
		f()
		seconds[i] = time.Since(began).Seconds()
	}
	slices.Sort(seconds)
	return seconds[0], (seconds[(calls-1)/2] + seconds[calls/2]) / 2
}
