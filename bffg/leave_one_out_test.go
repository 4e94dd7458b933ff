package bffg_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/tensor"
	"github.com/hxgpu/hxgpu/tree"
)

// naturalValues are the natural fields of a model at a position.
func naturalValues(t *testing.T, target *bffg.Target, q []float64) map[string][]float64 {
	t.Helper()
	natural, err := target.Natural(context.Background(), openCPU(t, device.Float64), [][]float64{q})
	require.NoError(t, err)
	model := target.Model()
	d := model.Dim()
	values := map[string][]float64{bffg.RootMean: model.RootMean, bffg.RootSD: model.RootSD}
	if model.Root == bffg.RootPinned {
		values[bffg.RootValue] = model.RootValue
	}
	r := make([]float64, d*d)
	next := 0
	for _, e := range target.Elements() {
		x := natural[0][next]
		next++
		if e.Parameter == "correlation" {
			i, j := slices.Index(model.Traits, e.Labels[0]), slices.Index(model.Traits, e.Labels[1])
			r[i*d+j], r[j*d+i] = x, x
			continue
		}
		values[e.Parameter] = append(values[e.Parameter], x)
	}
	for i := range d {
		r[i*d+i] = 1
		for j := range d {
			if i != j {
				r[i*d+j] *= math.Sqrt(values["sigma_sq"][i] * values["sigma_sq"][j])
			}
		}
	}
	for i := range d {
		r[i*d+i] = values["sigma_sq"][i]
	}
	values["R"] = r
	return values
}

// TestLeaveOneOutAgainstDense: the density of what is observed of each tip given the
// others is the quotient of two dense likelihoods, with and without it; the moments of a
// cell are those of the quotient as a function of its value. Both models, every root,
// with tip noise, known variances, both and none, one to three traits, on trees with
// polytomies, nodes with one child and missing cells.
func TestLeaveOneOutAgainstDense(t *testing.T) {
	ctx, dev := context.Background(), openCPU(t, device.Float64)
	for traits := 1; traits <= 3; traits++ {
		names := []string{"a", "b", "c"}[:traits]
		plain := raggedData(t, uint64(traits), 25, traits)
		known := plain
		for k := range traits {
			known.Variances = append(known.Variances, nil)
			for i := range plain.Values[k] {
				known.Variances[k] = append(known.Variances[k], 0.05+0.01*float64(i))
			}
		}
		for _, kind := range []string{"bm", "ou"} {
			for root := bffg.RootFlat; root <= bffg.RootStationary; root++ {
				if kind == "bm" && root > bffg.RootEstimated || kind == "ou" && root == bffg.RootFlat {
					continue
				}
				for number, data := range []bffg.Data{plain, known} {
					for _, noise := range []bool{true, false} {
						model := bffg.BrownianMotion(names, data)
						if kind == "ou" {
							model = bffg.OrnsteinUhlenbeck(names, data)
						}
						model.Root, model.TipNoise = root, noise
						model.RootValue, model.RootMean, model.RootSD = []float64{1, 2, 3}[:traits], []float64{0, 1, -1}[:traits], []float64{1, 0.5, 2}[:traits]
						if root == bffg.RootEstimated {
							model.EstimateRoot(data)
						}
						if !noise {
							model.Parameters = slices.DeleteFunc(model.Parameters, func(p bffg.Parameter) bool { return p.Name == bffg.TipNoise })
						}
						target, err := bffg.NewTarget(model, data)
						require.NoError(t, err)
						name := fmt.Sprintf("%s %d traits root %d known %d noise %v", kind, traits, root, number, noise)
						positions := make([][]float64, 3) // more than fit at once
						for s := range positions {
							for i := range target.ParameterDim() {
								positions[s] = append(positions[s], 0.4*math.Sin(float64(3*i+s)))
							}
						}
						l, err := target.OpenLeaveOneOut(dev, 2)
						require.NoError(t, err)
						visited := 0
						require.NoError(t, l.Compute(ctx, positions, func(s int, tips []bffg.Held) error {
							require.Equal(t, visited, s)
							visited++
							checkHeld(t, name, model, data, naturalValues(t, target, positions[s]), tips)
							return nil
						}))
						require.Equal(t, 3, visited)
						require.NoError(t, l.Close())
					}
				}
			}
		}
	}
}

// checkHeld compares with the dense likelihoods.
func checkHeld(t *testing.T, name string, model *bffg.Model, data bffg.Data, values map[string][]float64, tips []bffg.Held) {
	t.Helper()
	whole := denseLikelihood(model, data, values)
	for i := range tips {
		// with is the density with the tip's cells set anew.
		with := func(cells map[int]float64) float64 {
			changed := data
			changed.Values = nil
			for k, column := range data.Values {
				column = slices.Clone(column)
				column[i] = math.NaN()
				if y, ok := cells[k]; ok {
					column[i] = y
				}
				changed.Values = append(changed.Values, column)
			}
			return denseLikelihood(model, changed, values)
		}
		without := with(nil)
		require.InDelta(t, whole-without, tips[i].LogDensity, 1e-9*(1+math.Abs(whole)), "%s tip %d", name, i)
		for k := range data.Values {
			y := data.Values[k][i]
			if math.IsNaN(y) {
				require.Zero(t, tips[i].Variance[k])
				continue
			}
			low, middle, high := with(map[int]float64{k: y - 1}), with(map[int]float64{k: y}), with(map[int]float64{k: y + 1})
			variance := -1 / (low - 2*middle + high)
			require.InEpsilon(t, variance, tips[i].Variance[k], 1e-8, "%s tip %d", name, i)
			require.InDelta(t, y+variance*(high-low)/2, tips[i].Mean[k], 1e-8, "%s tip %d", name, i)
		}
	}
}

// TestLeaveOneOutShortEdge: a tip on an edge that is short beside all others, where the
// block of the inverse is a difference of large numbers; where that leaves nothing the tip
// is left out in earnest.
func TestLeaveOneOutShortEdge(t *testing.T) {
	nan := math.NaN()
	for _, length := range []string{"1e-3", "1e-6", "1e-9", "1e-12", "1e-15", "0"} {
		for _, traits := range [][]string{{"x"}, {"x", "y"}} {
			p, err := tree.ReadNewick(strings.NewReader("((a:" + length + ",b:1):1,(c:2,d:1):0.5,e:1);"))
			require.NoError(t, err)
			data := bffg.Data{Topology: p.Topology, Lengths: p.Lengths, Names: p.Names}
			for k, values := range []map[string]float64{{"a": 0.3, "b": 1.2, "c": -0.5, "d": 0.9, "e": 0.1}, {"a": 1.3, "b": nan, "c": 0.5, "d": -0.9, "e": 1}}[:len(traits)] {
				data.Values = append(data.Values, nil)
				data.Variances = append(data.Variances, nil)
				for _, v := range p.Topology.Leaves() {
					data.Values[k] = append(data.Values[k], values[p.Names[v]])
					data.Variances[k] = append(data.Variances[k], 1e-14)
				}
			}
			model := bffg.BrownianMotion(traits, data)
			model.TipNoise, model.Parameters = false, model.Parameters[:len(traits)]
			target, err := bffg.NewTarget(model, data)
			require.NoError(t, err)
			l, err := target.OpenLeaveOneOut(openCPU(t, device.Float64), 2)
			require.NoError(t, err)
			positions := [][]float64{{0.2, -0.3, 0.5}, {0, 0.4, -0.4}, {0.1, 0.1, 0}}
			for s := range positions {
				positions[s] = positions[s][:target.ParameterDim()]
			}
			require.NoError(t, l.Compute(context.Background(), positions, func(s int, tips []bffg.Held) error {
				values := naturalValues(t, target, positions[s])
				for i, v := range p.Topology.Leaves() {
					without, cells := data, 0
					without.Values = nil
					for _, column := range data.Values {
						column = slices.Clone(column)
						if !math.IsNaN(column[i]) {
							cells++
						}
						column[i] = nan
						without.Values = append(without.Values, column)
					}
					require.InDelta(t, denseLikelihood(model, data, values)-denseLikelihood(model, without, values), tips[i].LogDensity, 1e-6, "%s on %s of %v", p.Names[v], length, traits)
					if cells == 1 {
						require.InDelta(t, -0.5*(math.Log(2*math.Pi*tips[i].Variance[0])+math.Pow(data.Values[0][i]-tips[i].Mean[0], 2)/tips[i].Variance[0]), tips[i].LogDensity, 1e-6)
					}
				}
				return nil
			}))
			require.NoError(t, l.Close())
		}
	}
}

// TestLeaveOneOutRefused: models and data of which the density is not known.
func TestLeaveOneOutRefused(t *testing.T) {
	data := bffg.SeedData()
	target, err := bffg.NewTarget(bffg.Seed(), data)
	require.NoError(t, err)
	require.NoError(t, target.CheckLeaveOneOut(), "its noise is sampled, but it is linear and Gaussian")

	model := bffg.Seed()
	model.Discrete.Mean = func(x tensor.Value, e bffg.Edge) tensor.Value { return x.Add(x.Sin().Scale(0.1)) }
	target, err = bffg.NewTarget(model, data)
	require.NoError(t, err)
	require.ErrorContains(t, target.CheckLeaveOneOut(), "is not linear and Gaussian")

	data.Values = append(data.Values, make([]float64, len(data.Values[0])))
	for i := range data.Values[1] {
		data.Values[1][i] = math.NaN()
	}
	data.Values[1][3] = 1
	target, err = bffg.NewTarget(bffg.BrownianMotion([]string{"x", "y"}, data), data)
	require.NoError(t, err)
	require.ErrorContains(t, target.CheckLeaveOneOut(), `trait "y" has a value at one tip alone: with a flat root`)
}

// TestLeaveOneOutModels: every linear-Gaussian model, the quotient of its likelihoods with
// and without a tip.
func TestLeaveOneOutModels(t *testing.T) {
	ctx, dev := context.Background(), openCPU(t, device.Float64)
	traits := []string{"a", "b"}
	data := withRegimes(raggedData(t, 5, 30, 2))
	value := func(model *bffg.Model, data bffg.Data, q []float64) float64 {
		target, err := bffg.NewLikelihood(model, data)
		require.NoError(t, err)
		e, err := target.OpenValue(dev, 1)
		require.NoError(t, err)
		defer e.Close()
		logp := make([]float64, 1)
		require.NoError(t, e.Value(ctx, q, logp))
		return logp[0]
	}
	for name, build := range map[string]func([]string, bffg.Data) *bffg.Model{"trend": bffg.Trend, "eb": bffg.EarlyBurst, "lambda": bffg.PagelLambda, "white": bffg.WhiteNoise,
		"optima": bffg.SeveralOptima, "rates": bffg.RateShifts, "mvou": bffg.MultivariateOU, "mvou optima": bffg.MultivariateOUSeveralOptima} {
		model := build(traits, data)
		target, err := bffg.NewTarget(model, data)
		require.NoError(t, err)
		var q []float64
		for i := range target.ParameterDim() {
			q = append(q, 0.5*math.Sin(float64(3*i+1)))
		}
		whole := value(model, data, q)
		l, err := target.OpenLeaveOneOut(dev, 1)
		require.NoError(t, err, name)
		require.NoError(t, l.Compute(ctx, [][]float64{q}, func(_ int, tips []bffg.Held) error {
			for i := 0; i < len(tips); i += 3 {
				without := data
				without.Values = nil
				for _, column := range data.Values {
					column = slices.Clone(column)
					column[i] = math.NaN()
					without.Values = append(without.Values, column)
				}
				require.InDelta(t, whole-value(model, without, q), tips[i].LogDensity, 1e-9*(1+math.Abs(whole)), "%s tip %d", name, i)
			}
			return nil
		}))
		require.NoError(t, l.Close())
		require.NoError(t, target.CheckReplicates())
	}
}
