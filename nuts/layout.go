package nuts

import "slices"

// together is how many chains are best moved between their own vectors and the layout
// [dimension][chain] at once: their coordinates of one dimension fill a cache line.
const together = 8

// scatter puts the vectors of neighbouring chains, from the k-th of n on, into the
// layout [dimension][chain]. A nil vector leaves what is there.
func scatter(all []float64, k, n int, some ...[]float64) {
	if n == 1 {
		copy(all, some[0])
		return
	}
	if full(some) {
		a, b, c, d, e, f, g, h := eight(some)
		for i := range a {
			row := all[i*n+k:][:together]
			row[0], row[1], row[2], row[3] = a[i], b[i], c[i], d[i]
			row[4], row[5], row[6], row[7] = e[i], f[i], g[i], h[i]
		}
		return
	}
	for j, one := range some {
		for i, x := range one {
			all[i*n+k+j] = x
		}
	}
}

// gather is the way back.
func gather(all []float64, k, n int, some ...[]float64) {
	if n == 1 {
		copy(some[0], all)
		return
	}
	if full(some) {
		a, b, c, d, e, f, g, h := eight(some)
		for i := range a {
			row := all[i*n+k:][:together]
			a[i], b[i], c[i], d[i] = row[0], row[1], row[2], row[3]
			e[i], f[i], g[i], h[i] = row[4], row[5], row[6], row[7]
		}
		return
	}
	for j, one := range some {
		for i := range one {
			one[i] = all[i*n+k+j]
		}
	}
}

// full reports whether there are as many vectors as are moved at once.
func full(some [][]float64) bool {
	return len(some) == together && !slices.ContainsFunc(some, func(one []float64) bool { return one == nil })
}

// eight gives the vectors by themselves, of one length.
func eight(some [][]float64) (a, b, c, d, e, f, g, h []float64) {
	n := len(some[0])
	return some[0], some[1][:n], some[2][:n], some[3][:n], some[4][:n], some[5][:n], some[6][:n], some[7][:n]
}
