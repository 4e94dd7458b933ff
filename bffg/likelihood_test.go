package bffg_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/device"
	"github.com/hxgpu/hxgpu/tree"
)

// raggedData is a random tree with polytomies, a node with one child, unequal
// tip depths and missing values.
func raggedData(t testing.TB, seed uint64, nodes, traits int) bffg.Data {
	r := rand.New(rand.NewPCG(seed, 7))
	parents := make([]int, nodes)
	for v := 1; v < nodes; v++ {
		parents[v] = r.IntN(v)
	}
	topology, _, err := tree.FromParents(parents)
	require.NoError(t, err)
	data := bffg.Data{Topology: topology, Lengths: make([]float64, nodes)}
	for v := 1; v < nodes; v++ {
		data.Lengths[v] = 0.1 + r.Float64()
	}
	for range traits {
		values := make([]float64, topology.LeafCount())
		for i := range values {
			values[i] = 1 + r.NormFloat64()
			if r.IntN(4) == 0 {
				values[i] = math.NaN()
			}
		}
		data.Values = append(data.Values, values)
	}
	return data
}

// denseLikelihood is the log density of the observed values as one multivariate
// normal, from the covariances between all pairs of tips.
func denseLikelihood(m *bffg.Model, data bffg.Data, values map[string][]float64) float64 {
	d, t := m.Discrete.Dim, data.Topology
	depth := make([]float64, t.Size())
	for v := 1; v < t.Size(); v++ {
		depth[v] = depth[t.Parent(v)] + data.Lengths[v]
	}
	ancestorDepth := func(a, b int) float64 {
		for a != b {
			if a > b {
				a = t.Parent(a)
			} else {
				b = t.Parent(b)
			}
		}
		return depth[a]
	}
	alpha, theta := values["alpha"], values["theta"]
	shrink := func(trait int, time float64) float64 {
		if alpha == nil {
			return 1
		}
		return math.Exp(-alpha[trait] * time)
	}
	type cell struct{ tip, trait int }
	var cells []cell
	for i, v := range t.Leaves() {
		for k := range d {
			if !math.IsNaN(data.Values[k][i]) {
				cells = append(cells, cell{v, k})
			}
		}
	}
	position := map[int]int{}
	for i, v := range t.Leaves() {
		position[v] = i
	}
	n := len(cells)
	v, residual, design := mat.NewSymDense(n, nil), mat.NewVecDense(n, nil), mat.NewDense(n, d, nil)
	for i, a := range cells {
		weight := shrink(a.trait, depth[a.tip])
		offset := 0.0
		if theta != nil {
			offset = theta[a.trait] * (1 - weight)
		}
		switch m.Root {
		case bffg.RootOptimum, bffg.RootStationary:
			offset += weight * theta[a.trait]
		case bffg.RootPinned, bffg.RootEstimated:
			offset += weight * values[bffg.RootValue][a.trait]
		case bffg.RootNormal:
			offset += weight * values[bffg.RootMean][a.trait]
		}
		residual.SetVec(i, data.Values[a.trait][position[a.tip]]-offset)
		design.Set(i, a.trait, weight)
		for j, b := range cells[:i+1] {
			shared := ancestorDepth(a.tip, b.tip)
			rate := values["R"][a.trait*d+b.trait]
			c := rate * shared
			if alpha != nil {
				sum := alpha[a.trait] + alpha[b.trait]
				c = rate / sum * (1 - math.Exp(-sum*shared)) * shrink(a.trait, depth[a.tip]-shared) * shrink(b.trait, depth[b.tip]-shared)
			}
			if a.trait == b.trait && m.Root == bffg.RootNormal {
				sd := values[bffg.RootSD][a.trait]
				c += sd * sd * weight * shrink(b.trait, depth[b.tip])
			}
			if m.Root == bffg.RootStationary {
				c += rate / (alpha[a.trait] + alpha[b.trait]) * weight * shrink(b.trait, depth[b.tip])
			}
			if i == j && m.TipNoise {
				c += values[bffg.TipNoise][a.trait]
			}
			if i == j && data.Variances != nil {
				c += data.Variances[a.trait][position[a.tip]]
			}
			v.SetSym(i, j, c)
		}
	}
	var factor mat.Cholesky
	if !factor.Factorize(v) {
		return math.NaN()
	}
	var solved mat.VecDense
	if factor.SolveVecTo(&solved, residual) != nil {
		return math.NaN()
	}
	free := float64(n)
	log := -0.5*factor.LogDet() - 0.5*mat.Dot(residual, &solved)
	if m.Root == bffg.RootFlat {
		var weighted, information mat.Dense
		_ = factor.SolveTo(&weighted, design)
		information.Mul(design.T(), &weighted)
		var moment mat.VecDense
		moment.MulVec(design.T(), &solved)
		symmetric := mat.NewSymDense(d, nil)
		for i := range d {
			for j := range i + 1 {
				symmetric.SetSym(i, j, information.At(i, j))
			}
		}
		var inner mat.Cholesky
		inner.Factorize(symmetric)
		var root mat.VecDense
		_ = inner.SolveVecTo(&root, &moment)
		log += 0.5*mat.Dot(&moment, &root) - 0.5*inner.LogDet()
		free -= float64(d)
	}
	return log - 0.5*free*math.Log(2*math.Pi)
}

// TestLikelihoodAgainstDense: both models, every root, with and without tip
// noise and known variances, one to three traits, on ragged trees with missing
// values.
func TestLikelihoodAgainstDense(t *testing.T) {
	dev := openCPU(t, device.Float64)
	rates := [][]float64{{0.7}, {0.7, 0.2, 0.2, 0.5}, {0.7, 0.2, -0.1, 0.2, 0.5, 0.3, -0.1, 0.3, 0.9}}
	for traits := 1; traits <= 3; traits++ {
		names := []string{"a", "b", "c"}[:traits]
		for seed := uint64(1); seed <= 3; seed++ {
			data := raggedData(t, seed, 25, traits)
			for _, kind := range []string{"bm", "ou"} {
				for _, root := range []bffg.Root{bffg.RootFlat, bffg.RootPinned, bffg.RootNormal, bffg.RootEstimated, bffg.RootOptimum, bffg.RootStationary} {
					if kind == "bm" && root > bffg.RootEstimated {
						continue // it settles nowhere
					}
					for _, noise := range []bool{true, false} {
						model := bffg.BrownianMotion(names, data)
						values := map[string][]float64{"R": rates[traits-1], bffg.TipNoise: []float64{0.1, 0.2, 0.05}[:traits]}
						if kind == "ou" {
							model = bffg.OrnsteinUhlenbeck(names, data)
							values["alpha"], values["theta"] = []float64{0.3, 0.8, 1.5}[:traits], []float64{1, -1, 0.5}[:traits]
						}
						model.Root, model.TipNoise = root, noise
						model.RootValue, model.RootMean, model.RootSD = []float64{1, 2, 3}[:traits], []float64{0, 1, -1}[:traits], []float64{1, 0.5, 2}[:traits]
						values[bffg.RootValue], values[bffg.RootMean], values[bffg.RootSD] = model.RootValue, model.RootMean, model.RootSD
						name := fmt.Sprintf("%s %d traits seed %d root %d noise %v", kind, traits, seed, root, noise)
						l, err := model.LogLikelihood(context.Background(), dev, data, values, true)
						require.NoError(t, err, name)
						want := denseLikelihood(model, data, values)
						require.InDelta(t, want, l.Value, 1e-9*(1+math.Abs(want)), name)
						checkLikelihoodGradient(t, name, model, data, values, l)
						known := data
						known.Variances = make([][]float64, traits)
						for k := range known.Variances {
							for i := range data.Values[k] {
								known.Variances[k] = append(known.Variances[k], 0.05+0.01*float64(i))
							}
						}
						l, err = model.LogLikelihood(context.Background(), dev, known, values, false)
						require.NoError(t, err, name)
						want = denseLikelihood(model, known, values)
						require.InDelta(t, want, l.Value, 1e-9*(1+math.Abs(want)), "%s, known variances", name)
					}
				}
			}
		}
	}
}

// TestTinyTipNoise: where tips are known nearly exactly the likelihood is that of exact
// tips, in both precisions; y^2/variance, up to 1e37 here, stands nowhere. (A position
// with variances of 1e-36 and 1e7 had a log density of 1e20, and held a chain.)
func TestTinyTipNoise(t *testing.T) {
	for _, precision := range []device.Precision{device.Float64, device.Float32} {
		dev := openCPU(t, precision)
		for _, kind := range []string{"bm", "ou"} {
			for _, rate := range []float64{1, 1e7} {
				data := raggedData(t, 2, 25, 1)
				model := bffg.BrownianMotion([]string{"a"}, data)
				values := map[string][]float64{"R": {rate}}
				if kind == "ou" {
					model = bffg.OrnsteinUhlenbeck([]string{"a"}, data)
					values["alpha"], values["theta"] = []float64{0.3}, []float64{-1}
				}
				model.Root, model.RootMean, model.RootSD = bffg.RootNormal, []float64{1}, []float64{2}
				values[bffg.RootMean], values[bffg.RootSD] = model.RootMean, model.RootSD
				model.TipNoise = false
				exact, err := model.LogLikelihood(context.Background(), dev, data, values, false)
				require.NoError(t, err)
				model.TipNoise = true
				tolerance, variance := 1e-9, 1e-36
				if precision == device.Float32 {
					tolerance, variance = 1e-5, 1e-12
				}
				values[bffg.TipNoise] = []float64{variance}
				noisy, err := model.LogLikelihood(context.Background(), dev, data, values, true)
				require.NoError(t, err)
				require.InDelta(t, exact.Value, noisy.Value, tolerance*(1+math.Abs(exact.Value)), "%s with rate %g", kind, rate)
				require.False(t, math.IsNaN(noisy.Gradient[bffg.TipNoise][0]))
			}
		}
	}
}

// checkLikelihoodGradient compares with central differences of the dense likelihood.
func checkLikelihoodGradient(t *testing.T, name string, model *bffg.Model, data bffg.Data, values map[string][]float64, l bffg.Likelihood) {
	for _, f := range model.NaturalFields() {
		x := values[f.Name]
		for i := range x {
			d := model.Discrete.Dim
			j := i
			if f.Name == "R" { // R stays symmetric: both elements move together
				if i/d > i%d {
					continue
				}
				j = i%d*d + i/d
			}
			shifted := map[string][]float64{}
			for k, v := range values {
				shifted[k] = append([]float64(nil), v...)
			}
			const h = 1e-5
			at := func(step float64) float64 {
				shifted[f.Name][i], shifted[f.Name][j] = x[i]+step, x[j]+step
				return denseLikelihood(model, data, shifted)
			}
			want := (at(h) - at(-h)) / (2 * h)
			got := l.Gradient[f.Name][i]
			if i != j {
				got += l.Gradient[f.Name][j]
			}
			require.InDelta(t, want, got, 1e-5*(1+math.Abs(want)), "%s: gradient of %s[%d]", name, f.Name, i)
		}
	}
}
