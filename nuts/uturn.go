package nuts

import "math/bits"

// turns is the generalised U-turn criterion: a stretch of trajectory with the
// given sum of momenta and end momenta turns back at one of its ends (Betancourt
// 2017, appendix A.4.2).
func (t *trajectory) turns(sum, p, q []float64) bool {
	atP, atQ := 0.0, 0.0
	if t.covariance != nil {
		t.velocity(t.v, sum)
		for i, v := range t.v {
			atP += v * p[i]
			atQ += v * q[i]
		}
		return atP <= 0 || atQ <= 0
	}
	m := t.inverseMass
	p, q, m = p[:len(sum)], q[:len(sum)], m[:len(sum)]
	for i, s := range sum {
		v := s * m[i]
		atP += v * p[i]
		atQ += v * q[i]
	}
	return atP <= 0 || atQ <= 0
}

// turning checks every complete subtree that ends at the current leaf, and for
// each the two stretches across the seam of its halves, which catch turns that
// the ends alone do not show (Stan 2.21). An even leaf starts subtrees; it leaves
// a checkpoint at the level of the number of set bits of its index. (The order of
// iteration is that of Phan, Pradhan & Jankowiak 2019, arXiv:1912.11554, with the
// seam checks added.)
func (t *trajectory) turning(x *phase) bool {
	n := t.leaf
	top := bits.OnesCount(uint(n >> 1))
	if n%2 == 0 {
		mark := &t.marks[top]
		copy(mark.p, x.p)
		copy(mark.sum, t.subSum)
		copy(mark.previous, t.last)
		return false
	}
	bottom := top - bits.TrailingZeros(^uint(n)) + 1
	for level := top; level >= bottom; level-- {
		start := &t.marks[level]
		// The seam: the last leaf of the first half and the first of the second.
		seamLast, seamFirst, seamSum := start.p, x.p, t.subSum
		if level < top {
			next := &t.marks[level+1]
			seamLast, seamFirst, seamSum = next.previous, next.p, next.sum
		}
		for i := range t.rho {
			before := start.sum[i] - start.p[i]
			// seamSum counts the seam's first leaf in.
			t.rho[i] = seamSum[i] - before                                    // first half and the leaf after it
			t.rho2[i] = t.subSum[i] - seamSum[i] + seamFirst[i] + seamLast[i] // second half and the leaf before it
		}
		if level < top && (t.turns(t.rho, start.p, seamFirst) || t.turns(t.rho2, seamLast, x.p)) {
			return true
		}
		for i := range t.rho {
			t.rho[i] = t.subSum[i] - start.sum[i] + start.p[i]
		}
		if t.turns(t.rho, start.p, x.p) {
			return true
		}
	}
	return false
}
