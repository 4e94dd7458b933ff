package bffg_test

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/nuts"
)

// naturalFields works out the natural fields from reported parameters anew: R from
// variances and correlations, A from its symmetric and skew parts, C from correlations.
func naturalFields(m *bffg.Model, names []string, x []float64) map[string][]float64 {
	d := m.Dim()
	values := map[string][]float64{}
	for i, name := range names {
		parameter, _, _ := strings.Cut(name, "[")
		values[parameter] = append(values[parameter], x[i])
	}
	matrix := func(diagonal, correlations []float64) []float64 {
		a := make([]float64, d*d)
		next := 0
		for i := range d {
			a[i*d+i] = diagonal[i]
			for j := range i {
				if correlations == nil {
					continue
				}
				a[i*d+j] = correlations[next] * math.Sqrt(diagonal[i]*diagonal[j])
				a[j*d+i] = a[i*d+j]
				next++
			}
		}
		return a
	}
	values["C"] = matrix(ones(d), values["correlation"])
	if len(values["sigma_sq"]) == d {
		values["R"] = matrix(values["sigma_sq"], values["correlation"])
	}
	if len(values["alpha"]) == d {
		a, next := matrix(values["alpha"], values["pull_correlation"]), 0
		for i := range d {
			for j := range i {
				if k := values["rotation"]; k != nil {
					a[j*d+i] += k[next]
					a[i*d+j] -= k[next]
					next++
				}
			}
		}
		values["A"] = a
	}
	return values
}

// TestPositionsOfModels: at random positions the likelihood of a target is the one at
// the natural fields that its reported parameters stand for, its gradient is that of the
// position, by differences.
func TestPositionsOfModels(t *testing.T) {
	dev := openCPU(t, device.Float64)
	for _, c := range modelCases {
		for d := 1; d <= 3; d++ {
			data := withRegimes(raggedData(t, uint64(d), 22, d))
			m := c.build([]string{"a", "b", "c"}[:d], data)
			m.EstimateRoot(data)
			target, err := bffg.NewLikelihood(m, data)
			require.NoError(t, err, c.name)
			run, err := target.Open(dev, 1)
			require.NoError(t, err, c.name)
			random := nuts.NewStream(uint64(d), 0, 0, nuts.ReservedPurposes)
			q, gradient, unused, value := make([]float64, target.Dim()), make([]float64, target.Dim()), make([]float64, target.Dim()), make([]float64, 1)
			for i := range q {
				q[i] = 0.5 * random.Normal()
			}
			at := func(q, gradient []float64) float64 {
				require.NoError(t, run.Gradient(context.Background(), q, value, gradient))
				return value[0]
			}
			got := at(q, gradient)
			natural, err := target.Natural(context.Background(), dev, [][]float64{q})
			require.NoError(t, err, c.name)
			values := naturalFields(m, target.Names(), natural[0])
			want := denseNormal(m, data, values, c.transition)
			require.InDelta(t, want, got, 1e-8*(1+math.Abs(want)), "%s, %d traits", c.name, d)
			for i := range q {
				moved, h := append([]float64(nil), q...), 1e-5
				moved[i] = q[i] + h
				up := at(moved, unused)
				moved[i] = q[i] - h
				require.InDelta(t, (up-at(moved, unused))/(2*h), gradient[i], 1e-4*(1+math.Abs(gradient[i])), "%s, %d traits: coordinate %d", c.name, d, i)
			}
			require.NoError(t, run.Close())
		}
	}
}
