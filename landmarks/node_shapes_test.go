package landmarks_test

import (
	"bytes"
	"encoding/csv"
	"math"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/landmarks"
)

func TestWriteShapes(t *testing.T) {
	var draws [][]float64
	for i := range 5 { // -2 to 2, whose variance is 2.5
		x := float64(i) - 2
		draws = append(draws, []float64{x, 10 * x, 1 - x, 7, 0, 0})
	}
	var out bytes.Buffer
	require.NoError(t, landmarks.WriteShapes(&out, 2, []landmarks.NodeDraws{{Node: 0, Draws: draws}, {Node: 4, Name: "a,b", Draws: draws[:1]}}))
	rows, err := csv.NewReader(&out).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 1+2*6)
	require.Equal(t, []string{"node", "name", "landmark", "dimension", "mean", "sd", "q2.5", "q50", "q97.5"}, rows[0])
	for k, want := range [][]float64{{0, math.Sqrt(2.5), -1.9, 0, 1.9}, {0, math.Sqrt(250), -19, 0, 19}, {1, math.Sqrt(2.5), -0.9, 1, 2.9}, {7, 0, 7, 7, 7}} {
		row := rows[1+k]
		require.Equal(t, []string{"0", "", []string{"1", "1", "2", "2"}[k], []string{"x", "y", "x", "y"}[k]}, row[:4])
		for i, x := range want {
			got, err := strconv.ParseFloat(row[4+i], 64)
			require.NoError(t, err)
			require.InDelta(t, x, got, 1e-12)
		}
	}
	require.Equal(t, []string{"4", "a,b", "1", "y", "-20", "NA", "-20", "-20", "-20"}, rows[8])

	out.Reset()
	require.NoError(t, landmarks.WriteShapes(&out, 3, []landmarks.NodeDraws{{Draws: draws}}))
	rows, err = csv.NewReader(&out).ReadAll()
	require.NoError(t, err)
	require.Equal(t, []string{"1", "z"}, rows[3][2:4])
	require.Equal(t, []string{"2", "x"}, rows[4][2:4])
}

func TestWriteShapesErrors(t *testing.T) {
	good := landmarks.NodeDraws{Draws: [][]float64{{1, 2, 3, 4}}}
	var out bytes.Buffer
	require.ErrorContains(t, landmarks.WriteShapes(&out, 1, []landmarks.NodeDraws{good}), "2 or 3 dimensions, not 1")
	for want, bad := range map[string]landmarks.NodeDraws{
		"node 5 has no draws":                     {Node: 5},
		"node 5: draw 1 has 3 coordinates":        {Node: 5, Draws: [][]float64{{1, 2, 3, 4}, {1, 2, 3}}},
		"node 5: draw 0 has 6 coordinates":        {Node: 5, Draws: [][]float64{{1, 2, 3, 4, 5, 6}}},
		"node 5: landmark 2 of draw 0 has a coor": {Node: 5, Draws: [][]float64{{1, 2, math.NaN(), 4}}},
	} {
		require.ErrorContains(t, landmarks.WriteShapes(&out, 2, []landmarks.NodeDraws{good, bad}), want)
	}
	require.Zero(t, out.Len())
}
