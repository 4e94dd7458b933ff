package bffg_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/hxgpu/hxgpu/bffg"
	"github.com/hxgpu/hxgpu/device"
)

// edgeTransition is x_v | x ~ N(phi x + beta, q) of one edge, worked out anew.
type edgeTransition struct{ phi, beta, q *mat.Dense }

// transitionOf makes the transition of the edge above a node.
type transitionOf func(data bffg.Data, values map[string][]float64, v int) edgeTransition

// denseNormal is the log density of the observed values as one multivariate normal,
// whose covariance is carried from the root to all pairs of nodes.
func denseNormal(m *bffg.Model, data bffg.Data, values map[string][]float64, transition transitionOf) float64 {
	d, n := m.Dim(), data.Topology.Size()
	mean, design := make([]*mat.Dense, n), make([]*mat.Dense, n) // of a node, and how it depends on the root
	covariance := make([][]*mat.Dense, n)
	identity := mat.NewDense(d, d, nil)
	for k := range d {
		identity.Set(k, k, 1)
	}
	for v := range n {
		covariance[v] = make([]*mat.Dense, n)
	}
	mean[0], design[0], covariance[0][0] = mat.NewDense(d, 1, nil), identity, mat.NewDense(d, d, nil)
	switch m.Root {
	case bffg.RootPinned, bffg.RootEstimated:
		mean[0].SetCol(0, values[bffg.RootValue])
	case bffg.RootNormal:
		mean[0].SetCol(0, values[bffg.RootMean])
		for k, sd := range values[bffg.RootSD] {
			covariance[0][0].Set(k, k, sd*sd)
		}
	case bffg.RootOptimum, bffg.RootStationary:
		stationary, q, err := m.StationaryAt(values)
		if err != nil {
			return math.NaN()
		}
		mean[0].SetCol(0, stationary)
		if m.Root == bffg.RootStationary {
			covariance[0][0] = mat.NewDense(d, d, q)
		}
	}
	for v := 1; v < n; v++ {
		p, t := data.Topology.Parent(v), transition(data, values, v)
		mean[v], design[v] = mat.NewDense(d, 1, nil), mat.NewDense(d, d, nil)
		mean[v].Mul(t.phi, mean[p])
		mean[v].Add(mean[v], t.beta)
		design[v].Mul(t.phi, design[p])
		for u := range v {
			covariance[v][u], covariance[u][v] = mat.NewDense(d, d, nil), mat.NewDense(d, d, nil)
			covariance[v][u].Mul(t.phi, covariance[p][u])
			covariance[u][v].CloneFrom(covariance[v][u].T())
		}
		covariance[v][v] = mat.NewDense(d, d, nil)
		covariance[v][v].Product(t.phi, covariance[p][p], t.phi.T())
		covariance[v][v].Add(covariance[v][v], t.q)
	}
	type cell struct{ node, trait int }
	var cells []cell
	var observed []float64
	for i, v := range data.Topology.Leaves() {
		for k := range d {
			if y := data.Values[k][i]; !math.IsNaN(y) {
				cells, observed = append(cells, cell{v, k}), append(observed, y-mean[v].At(k, 0))
			}
		}
	}
	full, x := mat.NewSymDense(len(cells), nil), mat.NewDense(len(cells), d, nil)
	for i, a := range cells {
		for k := range d {
			x.Set(i, k, design[a.node].At(a.trait, k))
		}
		for j, b := range cells[:i+1] {
			c := covariance[a.node][b.node].At(a.trait, b.trait)
			if i == j && m.TipNoise {
				c += values[bffg.TipNoise][a.trait]
			}
			full.SetSym(i, j, c)
		}
	}
	var factor mat.Cholesky
	if !factor.Factorize(full) {
		return math.NaN()
	}
	residual, solved := mat.NewVecDense(len(cells), observed), mat.NewVecDense(len(cells), nil)
	_ = factor.SolveVecTo(solved, residual)
	free, log := float64(len(cells)), -0.5*factor.LogDet()-0.5*mat.Dot(residual, solved)
	if m.Root == bffg.RootFlat {
		var weighted, information mat.Dense
		_ = factor.SolveTo(&weighted, x)
		information.Mul(x.T(), &weighted)
		moment, root := mat.NewVecDense(d, nil), mat.NewVecDense(d, nil)
		moment.MulVec(x.T(), solved)
		_ = root.SolveVec(&information, moment)
		det, _ := mat.LogDet(&information)
		log += 0.5*mat.Dot(moment, root) - 0.5*det
		free -= float64(d)
	}
	return log - 0.5*free*math.Log(2*math.Pi)
}

// nodeDepth is the distance of a node from the root.
func nodeDepth(data bffg.Data, v int) (depth float64) {
	for ; v > 0; v = data.Topology.Parent(v) {
		depth += data.Lengths[v]
	}
	return depth
}

// spread is a transition that adds a multiple of a covariance, and a shift.
func spread(q []float64, times float64, beta []float64) edgeTransition {
	d := int(math.Sqrt(float64(len(q))))
	t := edgeTransition{mat.NewDense(d, d, nil), mat.NewDense(d, 1, nil), mat.NewDense(d, d, append([]float64(nil), q...))}
	t.q.Scale(times, t.q)
	for k := range d {
		t.phi.Set(k, k, 1)
		if beta != nil {
			t.beta.Set(k, 0, beta[k])
		}
	}
	return t
}

// attractedByExponential is the transition of a multivariate OU process by the
// exponential of a block matrix (Van Loan 1978) of gonum, in pieces of the edge that
// are short enough for the block exp(A t) not to spoil the others.
func attractedByExponential(a, r, theta []float64, t float64) edgeTransition {
	d := len(theta)
	size := 0.0
	for _, x := range a {
		size += math.Abs(x) * t
	}
	pieces := int(math.Ceil(size)) + 1
	block := mat.NewDense(2*d, 2*d, nil)
	h := t / float64(pieces)
	for i := range d {
		for j := range d {
			block.Set(i, j, a[i*d+j]*h)
			block.Set(i, d+j, r[i*d+j]*h)
			block.Set(d+i, d+j, -a[j*d+i]*h)
		}
	}
	var e, q, step, phi mat.Dense
	e.Exp(block)
	step.CloneFrom(e.Slice(d, 2*d, d, 2*d).T())
	q.Mul(&step, e.Slice(0, d, d, 2*d))
	total := mat.NewDense(d, d, nil)
	phi.CloneFrom(mat.NewDiagDense(d, ones(d)))
	for range pieces {
		total.Product(&step, total, step.T())
		total.Add(total, &q)
		phi.Mul(&step, mat.DenseCopyOf(&phi))
	}
	beta, optimum := mat.NewDense(d, 1, nil), mat.NewDense(d, 1, append([]float64(nil), theta...))
	beta.Mul(&phi, optimum)
	beta.Sub(optimum, beta)
	return edgeTransition{&phi, beta, total}
}

func ones(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = 1
	}
	return x
}

var testRates = [][]float64{{0.7}, {0.7, 0.2, 0.2, 0.5}, {0.7, 0.2, -0.1, 0.2, 0.5, 0.3, -0.1, 0.3, 0.9}}

// The regimes of tests are those of nodes by their number.
func withRegimes(data bffg.Data) bffg.Data {
	data.RegimeNames = []string{"dry", "icy", "wet"}
	data.Regimes = make([]int, data.Topology.Size())
	for v := range data.Regimes {
		data.Regimes[v] = (v*v + 1) % 3
	}
	return data
}

// modelCases are the models, parameters for as many traits, and their transitions as
// written here.
var modelCases = []struct {
	name       string
	build      func(traits []string, data bffg.Data) *bffg.Model
	values     func(d int) map[string][]float64
	transition transitionOf
}{
	{"trend", bffg.Trend, func(d int) map[string][]float64 {
		return map[string][]float64{"drift": []float64{0.5, -1, 2}[:d]}
	}, func(data bffg.Data, values map[string][]float64, v int) edgeTransition {
		t, shift := data.Lengths[v], make([]float64, len(values["drift"]))
		for k, x := range values["drift"] {
			shift[k] = x * t
		}
		return spread(values["R"], t, shift)
	}},
	{"early burst", bffg.EarlyBurst, func(int) map[string][]float64 { return map[string][]float64{"b": {-0.4}} }, earlyBurst},
	{"acceleration", bffg.EarlyBurst, func(int) map[string][]float64 { return map[string][]float64{"b": {0.3}} }, earlyBurst},
	{"no burst", bffg.EarlyBurst, func(int) map[string][]float64 { return map[string][]float64{"b": {0}} }, earlyBurst},
	{"hardly a burst", bffg.EarlyBurst, func(int) map[string][]float64 { return map[string][]float64{"b": {-1e-7}} }, earlyBurst},
	{"lambda", bffg.PagelLambda, func(int) map[string][]float64 { return map[string][]float64{"lambda": {0.6}} },
		func(data bffg.Data, values map[string][]float64, v int) edgeTransition {
			lambda := values["lambda"][0]
			length := lambda * data.Lengths[v]
			if data.Topology.IsLeaf(v) {
				length += (1 - lambda) * nodeDepth(data, v)
			}
			return spread(values["R"], length, nil)
		}},
	{"white", bffg.WhiteNoise, func(int) map[string][]float64 { return map[string][]float64{} },
		func(data bffg.Data, values map[string][]float64, v int) edgeTransition {
			if data.Topology.IsLeaf(v) {
				return spread(values["R"], 1, nil)
			}
			return spread(values["R"], 0, nil)
		}},
	{"rates", bffg.RateShifts, func(d int) map[string][]float64 {
		return map[string][]float64{"sigma_sq": []float64{0.5, 2, 1, 0.1, 0.3, 0.7, 1.2, 0.2, 0.9}[:3*d],
			"C": [][]float64{{1}, {1, 0.4, 0.4, 1}, {1, 0.4, -0.2, 0.4, 1, 0.3, -0.2, 0.3, 1}}[d-1]}
	}, func(data bffg.Data, values map[string][]float64, v int) edgeTransition {
		d := len(values["sigma_sq"]) / 3
		q := make([]float64, d*d)
		variance := values["sigma_sq"][data.Regimes[v]*d:]
		for i := range d {
			for j := range d {
				q[i*d+j] = values["C"][i*d+j] * math.Sqrt(variance[i]*variance[j])
			}
		}
		return spread(q, data.Lengths[v], nil)
	}},
	{"several optima", bffg.SeveralOptima, func(d int) map[string][]float64 {
		return map[string][]float64{"alpha": []float64{0.3, 0.8, 1.5}[:d], "theta": []float64{1, -1, 0.5, 2, 3, -2, 0, 4, 1}[:3*d]}
	}, func(data bffg.Data, values map[string][]float64, v int) edgeTransition {
		d := len(values["alpha"])
		a := make([]float64, d*d)
		for k, x := range values["alpha"] {
			a[k*d+k] = x
		}
		return attractedByExponential(a, values["R"], values["theta"][data.Regimes[v]*d:][:d], data.Lengths[v])
	}},
	{"multivariate OU", bffg.MultivariateOU, func(d int) map[string][]float64 {
		return map[string][]float64{"A": testAttractions[d-1], "theta": []float64{1, -1, 0.5}[:d]}
	}, func(data bffg.Data, values map[string][]float64, v int) edgeTransition {
		return attractedByExponential(values["A"], values["R"], values["theta"], data.Lengths[v])
	}},
	{"multivariate OU, several optima", bffg.MultivariateOUSeveralOptima, func(d int) map[string][]float64 {
		return map[string][]float64{"A": testAttractions[d-1], "theta": []float64{1, -1, 0.5, 2, 3, -2, 0, 4, 1}[:3*d]}
	}, func(data bffg.Data, values map[string][]float64, v int) edgeTransition {
		d := len(values["theta"]) / 3
		return attractedByExponential(values["A"], values["R"], values["theta"][data.Regimes[v]*d:][:d], data.Lengths[v])
	}},
}

// testAttractions are not symmetric, and one has complex eigenvalues.
var testAttractions = [][]float64{{0.4}, {0.3, 0.9, -0.7, 0.2}, {0.9, 0.4, -0.3, -0.1, 0.7, 0.5, 0.2, -0.6, 1.1}}

func earlyBurst(data bffg.Data, values map[string][]float64, v int) edgeTransition {
	b, end := values["b"][0], nodeDepth(data, v)
	start := end - data.Lengths[v]
	if math.Abs(b) < 1e-6 { // exp(b s) to second order
		return spread(values["R"], data.Lengths[v]*(1+b*(start+end)/2), nil)
	}
	return spread(values["R"], (math.Exp(b*end)-math.Exp(b*start))/b, nil)
}

// TestModelsAgainstDense: every model, with the roots that it takes, with and without
// tip noise, one to three traits, on ragged trees with missing values; values and
// gradients.
func TestModelsAgainstDense(t *testing.T) {
	dev, single := openCPU(t, device.Float64), openCPU(t, device.Float32)
	for _, c := range modelCases {
		for d := 1; d <= 3; d++ {
			traits := []string{"a", "b", "c"}[:d]
			data := withRegimes(raggedData(t, uint64(d), 22, d))
			for _, root := range []bffg.Root{bffg.RootFlat, bffg.RootPinned, bffg.RootNormal, bffg.RootOptimum, bffg.RootStationary} {
				m := c.build(traits, data)
				if root > bffg.RootEstimated && m.Stationary == nil {
					continue
				}
				m.Root, m.TipNoise = root, root != bffg.RootPinned
				values := c.values(d)
				values["R"], values[bffg.TipNoise] = testRates[d-1], []float64{0.1, 0.2, 0.05}[:d]
				m.RootValue, m.RootMean, m.RootSD = []float64{1, 2, 3}[:d], []float64{0, 1, -1}[:d], []float64{1, 0.5, 2}[:d]
				values[bffg.RootValue], values[bffg.RootMean], values[bffg.RootSD] = m.RootValue, m.RootMean, m.RootSD
				name := fmt.Sprintf("%s, %d traits, root %d", c.name, d, root)
				l, err := m.LogLikelihood(context.Background(), dev, data, values, true)
				require.NoError(t, err, name)
				want := denseNormal(m, data, values, c.transition)
				require.InDelta(t, want, l.Value, 1e-9*(1+math.Abs(want)), name)
				rough, err := m.LogLikelihood(context.Background(), single, data, values, false)
				require.NoError(t, err, name)
				require.InDelta(t, want, rough.Value, 2e-4*(1+math.Abs(want)), "%s, float32", name)
				for _, f := range m.NaturalFields() {
					checkGradient(t, name+", "+f.Name, values, f.Name, f.Name == "R" || f.Name == "C", l.Gradient[f.Name], func(values map[string][]float64) float64 {
						return denseNormal(m, data, values, c.transition)
					})
				}
			}
		}
	}
}

// checkGradient compares with central differences of a function; the two elements of
// a pair of a symmetric matrix move together.
func checkGradient(t *testing.T, name string, values map[string][]float64, field string, symmetric bool, gradient []float64, f func(map[string][]float64) float64) {
	t.Helper()
	x, shifted := values[field], map[string][]float64{}
	for k, v := range values {
		shifted[k] = append([]float64(nil), v...)
	}
	d := int(math.Sqrt(float64(len(x))))
	for i := range x {
		j := i
		if symmetric {
			if i/d > i%d {
				continue
			}
			j = i%d*d + i/d
		}
		h := 1e-5 * (1 + math.Abs(x[i]))
		at := func(step float64) float64 {
			shifted[field][i], shifted[field][j] = x[i]+step, x[j]+step
			value := f(shifted)
			shifted[field][i], shifted[field][j] = x[i], x[j]
			return value
		}
		want, got := (at(h)-at(-h))/(2*h), gradient[i]
		if i != j {
			got += gradient[j]
		}
		require.InDelta(t, want, got, 1e-5*(1+math.Abs(want)), "%s: derivative by element %d", name, i)
	}
}

// TestLambdaScalesCovariances: off the diagonal V is multiplied by lambda, on it V
// stays, as the definition has it.
func TestLambdaScalesCovariances(t *testing.T) {
	data := raggedData(t, 5, 20, 1)
	m := bffg.PagelLambda([]string{"a"}, data)
	m.Root, m.RootValue = bffg.RootPinned, []float64{0.5}
	for _, lambda := range []float64{0, 0.3, 1} {
		var cells []int
		var y []float64
		for i, v := range data.Topology.Leaves() {
			if !math.IsNaN(data.Values[0][i]) {
				cells, y = append(cells, v), append(y, data.Values[0][i]-0.5)
			}
		}
		v := mat.NewSymDense(len(cells), nil)
		for i, a := range cells {
			for j, b := range cells[:i+1] {
				if i == j {
					v.SetSym(i, i, 0.8*nodeDepth(data, a))
					continue
				}
				shared, other := a, b
				for shared != other {
					if shared > other {
						shared = data.Topology.Parent(shared)
					} else {
						other = data.Topology.Parent(other)
					}
				}
				v.SetSym(i, j, 0.8*lambda*nodeDepth(data, shared))
			}
		}
		var factor mat.Cholesky
		require.True(t, factor.Factorize(v))
		residual := mat.NewVecDense(len(y), y)
		var solved mat.VecDense
		require.NoError(t, factor.SolveVecTo(&solved, residual))
		want := -0.5*factor.LogDet() - 0.5*mat.Dot(residual, &solved) - 0.5*float64(len(y))*math.Log(2*math.Pi)
		l, err := m.LogLikelihood(context.Background(), openCPU(t, device.Float64), data, map[string][]float64{"R": {0.8}, "lambda": {lambda}, bffg.RootValue: {0.5}}, false)
		require.NoError(t, err)
		require.InDelta(t, want, l.Value, 1e-10*math.Abs(want), "lambda %v", lambda)
	}
}

// TestRegimesThatDoNotFit: data without regimes, or with more than a model was made for,
// are refused in words.
func TestRegimesThatDoNotFit(t *testing.T) {
	plain := raggedData(t, 3, 15, 1)
	data := withRegimes(plain)
	_, err := bffg.NewTarget(bffg.RateShifts([]string{"a"}, data), plain)
	require.ErrorContains(t, err, "the tree has 15 nodes, there are regimes for 0")
	_, err = bffg.NewTarget(bffg.RateShifts([]string{"a"}, plain), plain)
	require.Error(t, err)
	model := bffg.SeveralOptima([]string{"a"}, data)
	data.RegimeNames = append(data.RegimeNames, "windy")
	data.Regimes[4] = 3
	_, err = bffg.NewTarget(model, data)
	require.ErrorContains(t, err, `the edges' field "regime" needs 3 numbers for each of 15 nodes, has 0 in all`)
	data.Regimes[4] = 4
	_, err = bffg.NewTarget(model, data)
	require.ErrorContains(t, err, "has regime 4; there are 4")
}
