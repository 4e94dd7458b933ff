package nuts

// variances estimates the variance of every coordinate while draws come in
// (Welford 1962).
type variances struct {
	count      int
	mean, sums []float64
}

func newVariances(dim int) variances {
	return variances{mean: make([]float64, dim), sums: make([]float64, dim)}
}

func (v *variances) add(q []float64) {
	v.count++
	for i, x := range q {
		delta := x - v.mean[i]
		v.mean[i] += delta / float64(v.count)
		v.sums[i] += delta * (x - v.mean[i])
	}
}

// into writes the variances, shrunk towards 1e-3 as Stan does, and starts anew.
func (v *variances) into(inverseMass []float64) {
	n := float64(v.count)
	for i := range inverseMass {
		variance := v.sums[i] / max(n-1, 1)
		inverseMass[i] = n/(n+5)*variance + 1e-3*5/(n+5)
	}
	v.count = 0
	clear(v.mean)
	clear(v.sums)
}
