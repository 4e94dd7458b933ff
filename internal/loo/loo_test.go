package loo

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// golden are figures of ArviZ (testdata/make_psis.py).
type golden struct {
	Smooth []struct {
		Name            string
		Ratios, Weights []float64
		Efficiency      float64
		K               *float64
	}
	Fits []struct {
		Sample       []float64
		Shape, Scale float64
	}
	Stack struct {
		ELPD    [][]float64
		Weights []float64
	}
	LOO struct {
		LogLikelihood      [][]float64 `json:"log_likelihood"`
		ELPD, K            []float64
		Efficiency, Sum    float64
		StandardError      float64 `json:"se"`
		EffectiveParameter float64 `json:"p_loo"`
		Good               float64 `json:"good_k"`
	}
}

func readGolden(t *testing.T) golden {
	text, err := os.ReadFile("testdata/psis.json")
	require.NoError(t, err)
	var g golden
	require.NoError(t, json.Unmarshal(text, &g))
	require.Len(t, g.Smooth, 8)
	require.Len(t, g.Fits, 4)
	return g
}

func TestSmoothGolden(t *testing.T) {
	for _, c := range readGolden(t).Smooth {
		given := append([]float64(nil), c.Ratios...)
		weights, k := Smooth(c.Ratios, c.Efficiency)
		require.Equal(t, given, c.Ratios, "the ratios are the caller's")
		if c.Name == "ties" { // which of equal ratios takes which place is open
			slices.Sort(c.Weights)
			slices.Sort(weights)
		}
		require.InDeltaSlice(t, c.Weights, weights, 1e-9, c.Name)
		if c.K == nil {
			require.True(t, math.IsInf(k, 1), c.Name)
			continue
		}
		require.InDelta(t, *c.K, k, 1e-9, c.Name)
	}
}

func TestFitParetoGolden(t *testing.T) {
	for _, c := range readGolden(t).Fits {
		shape, scale := fitPareto(c.Sample)
		require.InDelta(t, c.Shape, shape, 1e-9)
		require.InEpsilon(t, c.Scale, scale, 1e-9)
	}
}

// TestFitParetoKnown: the exact quantiles of known distributions are fitted well.
func TestFitParetoKnown(t *testing.T) {
	const n = 2000
	for _, shape := range []float64{-0.5, 0, 0.3, 0.7, 1.5} {
		x := make([]float64, n)
		for i := range x {
			x[i] = paretoQuantile((float64(i)+0.5)/n, shape, 3)
		}
		got, scale := fitPareto(x)
		require.InDelta(t, shape, got, 0.03, shape)
		require.InEpsilon(t, 3, scale, 0.03, shape)
	}
}

func TestLeaveGolden(t *testing.T) {
	want := readGolden(t).LOO
	var elpd []float64
	effective := 0.0
	for i, l := range want.LogLikelihood {
		p := Leave(l, want.Efficiency)
		require.InDelta(t, want.ELPD[i], p.ELPD, 1e-9)
		require.InDelta(t, want.K[i], p.Shape, 1e-9)
		require.InDelta(t, 0, logSumExp(p.LogWeights), 1e-12)
		elpd = append(elpd, p.ELPD)
		effective += p.LPD - p.ELPD
	}
	sum, se := Sum(elpd)
	require.InDelta(t, want.Sum, sum, 1e-9)
	require.InDelta(t, want.StandardError, se, 1e-9)
	require.InDelta(t, want.EffectiveParameter, effective, 1e-9)
	require.InDelta(t, want.Good, Good(400), 1e-12)
}

// TestEqualRatios: an observation that says nothing of the parameters leaves the weights
// as they are.
func TestEqualRatios(t *testing.T) {
	weights, k := Smooth(make([]float64, 100), 1)
	require.Zero(t, k)
	for _, w := range weights {
		require.InDelta(t, -math.Log(100), w, 1e-12)
	}
	p := Leave([]float64{-2, -2, -2, -2, -2, -2}, 1)
	require.InDelta(t, -2, p.ELPD, 1e-12)
	require.InDelta(t, -2, p.LPD, 1e-12)
}

func TestStack(t *testing.T) {
	want := readGolden(t).Stack
	got := Stack(want.ELPD)
	require.InDeltaSlice(t, want.Weights, got, 5e-3, "ArviZ optimises to some 1e-3")

	// At the maximum no model that is in use would gain from more weight, and no other
	// would gain at all.
	sum := 0.0
	for k, w := range got {
		sum += w
		slope := 0.0
		for i := range want.ELPD[k] {
			mixture := 0.0
			for j := range got {
				mixture += got[j] * math.Exp(want.ELPD[j][i]-want.ELPD[k][i])
			}
			slope += 1 / mixture / float64(len(want.ELPD[k]))
		}
		require.Less(t, slope, 1+1e-6)
		require.True(t, slope > 1-1e-4 || w < 1e-4, "model %d: %v %v", k, w, slope)
	}
	require.InDelta(t, 1, sum, 1e-12)
	require.InDeltaSlice(t, []float64{1, 0}, Stack([][]float64{{-1, -2, -3}, {-2, -3, -4}}), 1e-5)
	require.Equal(t, []float64{0.5, 0.5}, Stack([][]float64{{-1, -1000}, {-1, -1000}}))
}
