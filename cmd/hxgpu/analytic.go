package main

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/hxgpu/hxgpu/bffg"
)

// exact is a parameter's posterior without Monte Carlo error.
type exact struct {
	Mean, SD, Q2_5, Median, Q97_5 float64
	density                       func(x float64) float64 // of the parameter itself
}

// analyticSeed is the exact posterior of sigma_sq and tau_sq in the seed model,
// or nil where the model has been changed so that it does not apply. With a root
// pinned at r the observations are N(r, sigma_sq M + tau_sq I), where M holds the
// distances between the root and the last common ancestors of the tips. Both have
// the eigenvectors of M, so the likelihood on a grid of (log sigma_sq, log tau_sq)
// takes one product per eigenvalue, and the posterior is summed over the grid of
// points x points, which spans 7 standard deviations of the prior on each side.
func analyticSeed(m *bffg.Model, data bffg.Data, points int) map[string]exact {
	names := [2]string{"sigma_sq", bffg.TipNoise}
	var mean, sd [2]float64
	for i, name := range names {
		p, err := m.Parameter(name)
		if err != nil || p.Fixed != nil || p.Prior.Family != "lognormal" {
			return nil
		}
		mean[i], sd[i] = p.Prior.Parameters[0], p.Prior.Parameters[1]
		if 14*sd[i]/float64(points-1) > 0.2 {
			return nil // the grid would be too coarse for the likelihood
		}
	}
	if m.Root != bffg.RootPinned {
		return nil
	}
	y := append([]float64(nil), data.Values[0]...)
	for i := range y {
		y[i] -= m.RootValue[0]
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(mat.NewSymDense(len(y), ancestorDepths(data)), true) {
		return nil
	}
	values := eigen.Values(nil)
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)
	squares := make([]float64, len(y)) // of the observations along the eigenvectors
	for j := range squares {
		along := mat.Dot(vectors.ColView(j), mat.NewVecDense(len(y), y))
		squares[j] = along * along
	}

	at := func(parameter, i int) float64 {
		return mean[parameter] + 7*sd[parameter]*(2*float64(i)/float64(points-1)-1)
	}
	logs := make([]float64, points*points)
	top := math.Inf(-1)
	for i := range points {
		s := math.Exp(at(0, i))
		for j := range points {
			t := math.Exp(at(1, j))
			logDeterminant, determinant, quadratic := 0.0, 1.0, 0.0
			for k, lambda := range values {
				variance := s*max(lambda, 0) + t
				determinant *= variance
				if determinant < 1e-200 || determinant > 1e200 {
					logDeterminant += math.Log(determinant)
					determinant = 1
				}
				quadratic += squares[k] / variance
			}
			a, b := (at(0, i)-mean[0])/sd[0], (at(1, j)-mean[1])/sd[1]
			log := -0.5 * (logDeterminant + math.Log(determinant) + quadratic + a*a + b*b)
			logs[i*points+j] = log
			top = max(top, log)
		}
	}
	var marginal [2][]float64
	for i := range marginal {
		marginal[i] = make([]float64, points)
	}
	for i := range points {
		for j := range points {
			w := math.Exp(logs[i*points+j] - top)
			marginal[0][i] += w
			marginal[1][j] += w
		}
	}
	result := map[string]exact{}
	for i, name := range names {
		result[name] = gridSummary(marginal[i], func(k int) float64 { return at(i, k) })
	}
	return result
}

// gridSummary summarises exp(u) for the density of u at the points of an even
// grid. Sums over the whole grid converge faster than any power of its step; the
// distribution function at a point is a trapezoid sum with the first correction
// of Euler and Maclaurin, and between points a cubic.
func gridSummary(density []float64, at func(i int) float64) exact {
	total, first, second := 0.0, 0.0, 0.0
	below := make([]float64, len(density))
	for i, w := range density {
		x := math.Exp(at(i))
		below[i] = total + w/2
		if i > 0 && i+1 < len(density) {
			below[i] -= (density[i+1] - density[i-1]) / 24
		}
		total, first, second = total+w, first+w*x, second+w*x*x
	}
	mean := first / total
	quantile := func(p float64) float64 {
		i := 0
		for i+2 < len(below) && below[i+1] < p*total {
			i++
		}
		low, high := 0.0, 1.0 // where between the points i and i+1
		for range 60 {
			t := (low + high) / 2
			value := below[i]*(1+2*t)*(1-t)*(1-t) + below[i+1]*t*t*(3-2*t) + density[i]*t*(1-t)*(1-t) - density[i+1]*t*t*(1-t)
			if value < p*total {
				low = t
			} else {
				high = t
			}
		}
		return math.Exp(at(i) + (at(1)-at(0))*low)
	}
	step := at(1) - at(0)
	of := func(x float64) float64 {
		i := (math.Log(x) - at(0)) / step
		if !(i >= 0 && i < float64(len(density)-1)) {
			return 0
		}
		t := i - math.Floor(i)
		return ((1-t)*density[int(i)] + t*density[int(i)+1]) / (total * step * x)
	}
	return exact{mean, math.Sqrt(second/total - mean*mean), quantile(0.025), quantile(0.5), quantile(0.975), of}
}

// ancestorDepths is the matrix of the distances between the root and the last
// common ancestor of every two tips.
func ancestorDepths(data bffg.Data) []float64 {
	t := data.Topology
	depth := data.Depths()
	leaves := t.Leaves()
	m := make([]float64, len(leaves)*len(leaves))
	for i, a := range leaves {
		for j, b := range leaves {
			u, v := a, b
			for u != v { // parents stand before their children
				if u > v {
					u = t.Parent(u)
				} else {
					v = t.Parent(v)
				}
			}
			m[i*len(leaves)+j] = depth[u]
		}
	}
	return m
}
